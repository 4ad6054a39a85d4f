/// What a value of a JSON document has to be.
package indirect enum JSONShape: Sendable {
  case boolean
  case number
  case string
  /// One of some words.
  case word(Set<String>)
  /// A whole number within bounds, such as a place in a list.
  case integer(Range<Int>)
  case nullable(JSONShape)
  case list(JSONShape)
  /// An object with these members, and perhaps others of these. What else it has is not looked at.
  case object([String: JSONShape], optional: [String: JSONShape] = [:])
  /// A table: its `length`, and columns of as many values.
  case table([String: JSONShape], optional: [String: JSONShape] = [:])

  /// What is wrong with a value, each with the path to it.
  package func problems(of value: JSONValue?, at path: String) -> [String] {
    guard let value else { return ["\(path) is missing"] }
    switch (self, value) {
    case (.boolean, .boolean), (.number, .number), (.string, .string), (.nullable, .null): return []
    case (.nullable(let shape), _): return shape.problems(of: value, at: path)
    case (.word(let words), .string(let text)):
      return words.contains(text) ? [] : ["\(path) is '\(text)'"]
    case (.integer(let range), .number(let number)):
      guard let whole = Int(exactly: number), range.contains(whole) else { return ["\(path) is \(number)"] }
      return []
    case (.list(let shape), .list(let values)):
      return values.enumerated().flatMap { shape.problems(of: $0.element, at: "\(path).\($0.offset)") }
    case (.object(let members, let optional), .object(let values)):
      return Self.problems(of: values, members, optional, at: path)
    case (.table(let columns, let optional), .object(let values)):
      let length = JSONShape.integer(0..<Int.max).problems(of: values["length"], at: "\(path).length")
      guard length.isEmpty else { return length }
      let wrong = (Array(columns.keys) + optional.keys).sorted().filter { name in
        guard let column = values[name]?.list else { return false }
        return Double(column.count) != values["length"]?.number
      }
      return wrong.map { "\(path).\($0) is not as long as the table" }
        + Self.problems(
          of: values, columns.mapValues { .list($0) }, optional.mapValues { .list($0) }, at: path)
    default: return ["\(path) is of another kind"]
    }
  }

  private static func problems(
    of values: [String: JSONValue], _ members: [String: JSONShape], _ optional: [String: JSONShape], at path: String
  ) -> [String] {
    let present = optional.filter { values[$0.key] != nil }
    return (members.map { $0 } + present.map { $0 }).sorted { $0.key < $1.key }.flatMap {
      $0.value.problems(of: values[$0.key], at: "\(path).\($0.key)")
    }
  }
}
