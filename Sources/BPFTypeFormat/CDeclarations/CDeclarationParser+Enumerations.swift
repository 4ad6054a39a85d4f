extension CDeclarationParser {
  /// Reads an enumeration after its tag: a body, or only the name of one.
  mutating func parseEnumeration(
    _ name: String, _ leading: CAttributes, at start: CToken
  ) throws(CDeclarationError) -> BTFTypeID {
    var underlying: BTFType.Integer?
    // Before anything else, a colon begins the width of a bit field.
    if isPunctuator(":"), beginsSpecifiers(at: 1) {
      advance()
      let place = peek()
      let specifiers = try parseSpecifiers()
      guard case .integer(let integer)? = table.resolved(specifiers.type.base)?.kind, integer.byteCount <= 8 else {
        throw error(.invalidSpecifiers("the type of an enumeration must be an integer"), at: place)
      }
      underlying = integer
    }
    guard isPunctuator("{") else {
      guard !name.isEmpty else { throw unexpected("a tag or '{'") }
      return try reference(.enumeration, name, at: start)
    }
    let type = try define(.enumeration, name, at: start)
    let values = try parseEnumerators()
    var attributes = leading
    try parseDeclarationAttributes(into: &attributes)
    let numbers = values.map(\.value)
    let lowest = numbers.min() ?? 0
    let highest = numbers.max() ?? 0
    let isSigned = underlying?.isSigned ?? (lowest < 0)
    let byteCount =
      underlying?.byteCount ?? attributes.enumerationByteCount
      ?? Self.byteCount(from: lowest, to: highest, isPacked: attributes.isPacked)
    let limit: Int128 = 1 << Int128(byteCount * 8)
    let range = isSigned ? -(limit / 2)...(limit / 2 - 1) : 0...(limit - 1)
    guard range.contains(lowest), range.contains(highest) else {
      throw error(.tooLarge("a value of an enumeration of \(byteCount) bytes"), at: start)
    }
    let body = BTFType.Enumeration(
      byteCount: byteCount, isSigned: isSigned, is64Bit: byteCount > 4,
      values: values.map { .init(name: $0.name, value: UInt64(truncatingIfNeeded: $0.value)) })
    table.replace(type, with: BTFType(name: name, kind: .enumeration(body)))
    if !name.isEmpty { table.tags[.init(kind: .enumeration, name: name)] = .init(type: type, isDefined: true) }
    table.tag(type, with: attributes.declarationTags)
    return type
  }

  private mutating func parseEnumerators() throws(CDeclarationError) -> [(name: String, value: Int128)] {
    try expect("{")
    var values: [(name: String, value: Int128)] = []
    var next: Int128 = 0
    while !isPunctuator("}") {
      let place = peek()
      guard let name = takeIdentifier() else { throw unexpected("the name of an enumerator") }
      if take("=") { next = try parseConditional().value }
      guard (Int128(Int64.min)...Int128(UInt64.max)).contains(next) else {
        throw error(.tooLarge("the value of '\(name)'"), at: place)
      }
      guard table.enumerators.updateValue(next, forKey: name) == nil else {
        throw error(.redefinition(name), at: place)
      }
      values.append((name, next))
      guard values.count <= 0xffff else { throw error(.tooLarge("more than 65535 enumerators")) }
      next += 1
      guard take(",") else { break }
    }
    try expect("}")
    return values
  }

  /// The size that GCC and clang choose: four bytes if that is enough, or the least for a packed enumeration.
  private static func byteCount(from lowest: Int128, to highest: Int128, isPacked: Bool) -> UInt32 {
    for byteCount: UInt32 in isPacked ? [1, 2, 4] : [4] {
      let limit: Int128 = 1 << Int128(byteCount * 8)
      if lowest < 0 ? lowest >= -(limit / 2) && highest < limit / 2 : highest < limit { return byteCount }
    }
    return 8
  }
}
