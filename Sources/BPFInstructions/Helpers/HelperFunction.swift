/// A helper function of Linux 6.18: what `call` with a number calls.
///
/// Numbers and names are those of `enum bpf_func_id`, prototypes those of bpf-helpers(7) in the types that BPF C uses.
/// The list is closed: the kernel takes no new helper functions, only kernel functions.
public struct HelperFunction: Hashable, Sendable {
  /// The number, from 1 to 211, which is the immediate of the call.
  public let identifier: Int32
  /// The name with its prefix, such as `bpf_map_lookup_elem`.
  public let name: String
  /// The C type of the result, such as `void *`.
  public let result: String
  /// The C declarations of the parameters in order: at most five, the last may be `...`; empty where there are none.
  public let parameters: [String]
  /// What the verifier has to know about a call besides its types.
  public let traits: Traits

  /// Properties of a helper function in Linux 6.18.
  public struct Traits: OptionSet, Hashable, Sendable {
    /// The bits of the set.
    public let rawValue: UInt8
    /// A set with the given bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Only a program with a licence compatible with the GPL may call it.
    public static let gplOnly = Traits(rawValue: 1)
    /// Only a program that may sleep may call it.
    public static let mightSleep = Traits(rawValue: 2)
    /// Declared `bpf_fastcall`: it keeps the argument registers that it does not use.
    public static let preservesRegisters = Traits(rawValue: 4)
  }

  /// Every helper function, in the order of their numbers.
  public static let all: [HelperFunction] = rows1To106 + rows107To211

  /// The function with a number; nil where there is none.
  public init?(identifier: Int32) {
    guard identifier >= 1, identifier <= Self.all.count else { return nil }
    self = Self.all[Int(identifier) - 1]
  }

  /// The function with a name, such as `bpf_map_lookup_elem`; nil where there is none.
  public init?(name: String) {
    guard let function = Self.byName[name] else { return nil }
    self = function
  }

  /// The prototype in C, without a semicolon: `long bpf_map_delete_elem(void *map, const void *key)`.
  public var prototype: String {
    "\(result)\(result.hasSuffix("*") ? "" : " ")\(name)(\(parameters.isEmpty ? "void" : parameters.joined(separator: ", ")))"
  }

  /// The definition that a BPF C program needs to call the function: a constant pointer whose value is the number.
  public var definition: String {
    let pointer = "\(result)\(result.hasSuffix("*") ? "" : " ")(* const \(name))"
    let list = parameters.isEmpty ? "void" : parameters.joined(separator: ", ")
    let attribute = traits.contains(.preservesRegisters) ? "__bpf_fastcall " : ""
    return "static \(attribute)\(pointer)(\(list)) = (void *) \(identifier);"
  }

  /// The names of the structures that prototypes point to, sorted, which a header has to declare first.
  public static let structures: [String] = {
    var names: Set<String> = []
    for text in all.flatMap({ $0.parameters + [$0.result] }) {
      let words = text.split { !($0.isLetter || $0.isNumber || $0 == "_") }
      for (word, name) in zip(words, words.dropFirst()) where word == "struct" { names.insert(String(name)) }
    }
    return names.sorted()
  }()

  private static let byName: [String: HelperFunction] =
    Dictionary(all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })

  /// A row of the table from its number and its prototype.
  static func row(_ identifier: Int32, _ prototype: String, _ traits: Traits = []) -> HelperFunction {
    let (head, list) = prototype.split(at: "(")
    let nameStart = head.lastIndex { $0 == " " || $0 == "*" }.map(head.index(after:)) ?? head.startIndex
    var result = head[..<nameStart]
    while result.last == " " { result.removeLast() }
    let parameters = list.dropLast().split(separator: ",").map { String($0.drop { $0 == " " }) }
    return HelperFunction(
      identifier: identifier, name: String(head[nameStart...]), result: String(result),
      parameters: parameters == ["void"] ? [] : parameters, traits: traits)
  }

  private init(identifier: Int32, name: String, result: String, parameters: [String], traits: Traits) {
    self.identifier = identifier
    self.name = name
    self.result = result
    self.parameters = parameters
    self.traits = traits
  }
}

extension String {
  /// What comes before and after the first of a character; all and nothing where it is absent.
  fileprivate func split(at separator: Character) -> (head: Substring, tail: Substring) {
    guard let index = firstIndex(of: separator) else { return (self[...], "") }
    return (self[..<index], self[self.index(after: index)...])
  }
}
