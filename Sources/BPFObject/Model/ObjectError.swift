/// Why bytes are not a BPF object that can be used: where, what, and what to do about it.
public struct ObjectError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kind of trouble, for code that acts on it.
  public enum Category: Hashable, Sendable {
    /// The bytes are not a relocatable ELF64 file for BPF.
    case notAnObject
    /// A header, table or section reaches past the end of what holds it.
    case truncated
    /// A field contradicts the format.
    case malformed
    /// The object asks for something that is valid and not supported.
    case unsupported
    /// A section of code has a name that is no program type's.
    case unknownProgramSection
    /// A relocation cannot be resolved.
    case relocation
    /// A map's definition is wrong.
    case map
    /// A function or a program is wrong.
    case program
    /// An external symbol is wrong.
    case extern
    /// The types in `.BTF` or the records in `.BTF.ext` are damaged or missing.
    case types
    /// A limit that bounds memory is exceeded.
    case limit
  }

  /// The kind of trouble.
  public var category: Category
  /// The ELF section that the error is about, if it is about one.
  public var section: String?
  /// The offset in bytes within the section, or within the file where there is no section.
  public var offset: Int?
  /// The symbol, map, program or variable that the error is about, such as `map 'counts'`.
  public var subject: String?
  /// What is wrong.
  public var problem: String
  /// What to do about it, empty where nothing more can be said.
  public var advice: String

  /// An error at a place.
  public init(
    _ category: Category, section: String? = nil, offset: Int? = nil, subject: String? = nil, _ problem: String,
    advice: String = ""
  ) {
    self.category = category
    self.section = section
    self.offset = offset
    self.subject = subject
    self.problem = problem
    self.advice = advice
  }

  /// One sentence: the place, the subject, what is wrong, and after a semicolon what to do.
  public var description: String {
    var place: [String] = []
    if let section { place.append("section '\(section)'") }
    if let offset { place.append("offset 0x\(String(offset, radix: 16))") }
    var text = place.joined(separator: ", ")
    if let subject { text += text.isEmpty ? subject : ": \(subject)" }
    if !text.isEmpty { text += ": " }
    text += problem
    return advice.isEmpty ? text : "\(text); \(advice)"
  }
}
