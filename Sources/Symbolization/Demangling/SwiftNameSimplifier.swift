/// Long names of Swift, as the runtime tells them, without what a reader of a profile does not look for.
///
/// `generic specialization <Swift.Int> of Swift.Array.append(__owned A) -> ()` becomes `Array.append(_:)`.
enum SwiftNameSimplifier {
  /// What the compiler says about a function before its name.
  private static let specializations = [
    "generic specialization", "function signature specialization", "generic partial specialization",
    "generic not re-abstracted specialization", "generic pre-specialization",
    "generic partial specialization of signature",
  ]

  static func simplify(_ name: String) -> String {
    var rest = Substring(name)
    stripSpecializations(&rest)
    if rest.hasPrefix("merged ") { rest = rest.dropFirst(7) }
    // A closure is in a function, which may be in another: each is simplified by itself. What follows a conformance is the
    // module that it is in.
    var parts: [String] = []
    for part in split(rest, at: " in ") {
      if let previous = parts.last, previous.hasPrefix("conformance ") { continue }
      parts.append(simplifyOne(part))
    }
    return parts.joined(separator: " in ")
  }

  private static func stripSpecializations(_ rest: inout Substring) {
    while let kind = specializations.first(where: { rest.hasPrefix($0) }) {
      var tail = rest.dropFirst(kind.count)
      if tail.hasPrefix(" <"), let end = closing(tail.dropFirst()) { tail = tail[tail.index(after: end)...] }
      guard tail.hasPrefix(" of ") else { return }
      rest = tail.dropFirst(4)
    }
  }

  private static func simplifyOne(_ part: Substring) -> String {
    var result = ""
    var index = part.startIndex
    while index < part.endIndex {
      let character = part[index]
      switch character {
      case "(":
        guard let end = closing(part[index...]) else { return result + removingModules(part[index...]) }
        let inside = part[part.index(after: index)..<end]
        let after = part.index(after: end)
        if inside.hasPrefix("extension in "), part[after...].hasPrefix(":") {
          index = part.index(after: after)
          continue
        }
        if let discriminator = privateName(inside) {
          result += discriminator
          index = after
          continue
        }
        // The parts of asynchronous functions have numbers.
        if inside.allSatisfy(\.isNumber), !inside.isEmpty {
          result += part[index..<after]
          index = after
          continue
        }
        // The parameters end the name; a getter or the like may follow it behind a dot. Those of closures say nothing.
        if result.hasSuffix(" "), result.utf8.contains(UInt8(ascii: "#")) {
          return removingModules(Substring(result.dropLast()))
        }
        result += "(" + labels(inside) + ")"
        let tail = part[after...]
        if let accessor = accessors.first(where: { tail.hasSuffix($0) }) { result += accessor }
        return removingModules(Substring(result))
      case "<":
        if !isOperator(result.last), let end = closing(part[index...]) {
          index = part.index(after: end)
          continue
        }
        result.append(character)
      case ":":
        // The type of a variable follows its name, and behind it what accesses it does not.
        return removingModules(Substring(result))
      case " ":
        if part[index...].hasPrefix(" : ") || part[index...].hasPrefix(" -> ") || part[index...].hasPrefix(" where ") {
          return removingModules(Substring(result))
        }
        result.append(character)
      default: result.append(character)
      }
      index = part.index(after: index)
    }
    return removingModules(Substring(result))
  }

  private static let accessors = [".getter", ".setter", ".modify", ".read", ".unsafeAddressor"]

  /// Whether a character before an angle bracket makes that a letter of an operator's name, as in `Int.<< infix`.
  private static func isOperator(_ previous: Character?) -> Bool {
    guard let previous else { return false }
    return "=+-*/%!&|^~<>?.".contains(previous)
  }

  /// The name in `(name in _1234ABCD)`, which tells private names of files apart.
  private static func privateName(_ inside: Substring) -> String? {
    let parts = split(inside, at: " in ")
    guard parts.count == 2, parts[1].hasPrefix("_"), parts[1].dropFirst().allSatisfy(\.isHexDigit) else { return nil }
    return String(parts[0])
  }

  private static func labels(_ parameters: Substring) -> String {
    guard !parameters.isEmpty else { return "" }
    return split(parameters, at: ", ").map { (parameter) -> String in
      // A label is a word before a colon.
      guard let colon = parameter.firstIndex(of: ":"),
        parameter[..<colon].allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" })
      else { return "_:" }
      return String(parameter[...colon])
    }.joined()
  }

  /// The text without the module that each path in it begins with: `static App.Parser.parse` becomes `static Parser.parse`.
  private static func removingModules(_ text: Substring) -> String {
    text.split(separator: " ", omittingEmptySubsequences: false).map { word -> Substring in
      guard let first = word.first, first.isLetter || first == "_",
        let dot = word.firstIndex(where: { !($0.isLetter || $0.isNumber || $0 == "_") }), word[dot] == ".",
        let next = word[word.index(after: dot)...].first, next != "(", next != "."
      else { return word }
      return word[word.index(after: dot)...]
    }.joined(separator: " ")
  }

  /// The index of the bracket that closes the one at the beginning.
  private static func closing(_ text: Substring) -> Substring.Index? {
    var depth = 0
    var previous: Character?
    for index in text.indices {
      count(text[index], after: previous, &depth)
      if depth == 0 { return index }
      previous = text[index]
    }
    return nil
  }

  /// The parts between separators that stand in no bracket.
  private static func split(_ text: Substring, at separator: String) -> [Substring] {
    var parts: [Substring] = []
    var depth = 0
    var start = text.startIndex
    var previous: Character?
    var index = text.startIndex
    while index < text.endIndex {
      count(text[index], after: previous, &depth)
      previous = text[index]
      if depth == 0, text[index...].hasPrefix(separator) {
        parts.append(text[start..<index])
        index = text.index(index, offsetBy: separator.count)
        start = index
      } else {
        index = text.index(after: index)
      }
    }
    parts.append(text[start...])
    return parts
  }

  /// Counts a bracket; those of operators and arrows are none.
  private static func count(_ character: Character, after previous: Character?, _ depth: inout Int) {
    switch character {
    case "(", "[": depth += 1
    case "<": depth += isOperator(previous) ? 0 : 1
    case ")", "]": depth = max(0, depth - 1)
    case ">": depth = previous == "-" ? depth : max(0, depth - 1)
    default: break
    }
  }
}
