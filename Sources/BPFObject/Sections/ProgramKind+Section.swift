/// A section of code whose name is no program type's.
public struct UnknownSectionError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The name as written.
  public var name: String
  /// Names that look like it, the likeliest first.
  public var nearNames: [String]
  /// What to do.
  public var advice: String

  /// The name and what to do about it.
  public var description: String { "no program type has sections named '\(name)'; \(advice)" }
}

extension ProgramKind {
  /// The names and prefixes of program sections, in alphabetical order.
  public static var sectionNames: [String] { SectionRule.names }

  /// What a section's name says, by libbpf's rules: a name of the table, or a prefix of it with `/` and a target.
  ///
  /// A leading `?` (the program is not to be loaded unless it is asked for) is passed over.
  ///
  /// - Throws: ``UnknownSectionError`` with the names that look like it.
  public init(section: String) throws(UnknownSectionError) {
    let name = section.hasPrefix("?") ? String(section.dropFirst()) : section
    if let rule = SectionRule.byName[name] {
      self.init(rule, target: "")
      return
    }
    let slash = name.firstIndex(of: "/") ?? name.endIndex
    let prefix = String(name[..<slash])
    if slash != name.endIndex, let rule = SectionRule.byName[prefix], rule.takesTarget {
      self.init(rule, target: String(name[name.index(after: slash)...]))
      return
    }
    throw Self.unknown(name, prefix: prefix)
  }

  private init(_ rule: SectionRule, target: String) {
    self.init(
      type: rule.type, attachType: rule.attachType?.rawValue ?? 0, target: target, isSleepable: rule.isSleepable,
      hasFragments: rule.hasFragments)
    prefix = rule.name
  }

  private static func unknown(_ name: String, prefix: String) -> UnknownSectionError {
    // `tc/mine` was allowed once; now such a section is called `tc`.
    if SectionRule.byName[prefix] != nil, prefix != name {
      let family = SectionRule.names.filter { $0.hasPrefix(prefix + "/") }
      let near = NearNames(to: name, among: family.isEmpty ? [prefix] : family + [prefix])
      return UnknownSectionError(
        name: name, nearNames: near.names.isEmpty ? [prefix] : near.names,
        advice: near.advice(otherwise: "name the section '\(prefix)': nothing may follow it"))
    }
    let whole = NearNames(to: name, among: SectionRule.names)
    let near = whole.names.isEmpty ? NearNames(to: prefix, among: SectionRule.names) : whole
    return UnknownSectionError(
      name: name, nearNames: near.names,
      advice: near.advice(otherwise: "the program types and their sections are listed in libbpf's documentation"))
  }
}
