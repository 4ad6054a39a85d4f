import Foundation

/// A JSON document, with numbers and truth values told apart.
package enum JSONValue: Hashable, Sendable, Decodable {
  case null
  case boolean(Bool)
  case number(Double)
  case string(String)
  case list([JSONValue])
  case object([String: JSONValue])

  /// Reads a document.
  package init(parsing bytes: [UInt8]) throws { self = try JSONDecoder().decode(JSONValue.self, from: Data(bytes)) }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let number = try? container.decode(Double.self) {
      self = .number(number)
    } else if let text = try? container.decode(String.self) {
      self = .string(text)
    } else if let list = try? container.decode([JSONValue].self) {
      self = .list(list)
    } else if let object = try? container.decode([String: JSONValue].self) {
      self = .object(object)
    } else {
      self = .boolean(try container.decode(Bool.self))
    }
  }

  package var number: Double? { if case .number(let number) = self { number } else { nil } }
  package var string: String? { if case .string(let text) = self { text } else { nil } }
  package var list: [JSONValue]? { if case .list(let list) = self { list } else { nil } }

  /// The value at a path of names and places, such as `threads.0.samples.length`; setting `nil` removes it.
  package subscript(_ path: String) -> JSONValue? {
    get { self[path.split(separator: ".").map(String.init)] }
    set { self[path.split(separator: ".").map(String.init)] = newValue }
  }

  private subscript(_ path: [String]) -> JSONValue? {
    get {
      guard let first = path.first else { return self }
      let rest = Array(path.dropFirst())
      switch self {
      case .object(let members): return members[first]?[rest]
      case .list(let list):
        guard let index = Int(first), list.indices.contains(index) else { return nil }
        return list[index][rest]
      default: return nil
      }
    }
    set {
      guard let first = path.first else {
        self = newValue ?? .null
        return
      }
      let rest = Array(path.dropFirst())
      switch self {
      case .object(var members):
        if rest.isEmpty { members[first] = newValue } else { members[first]?[rest] = newValue }
        self = .object(members)
      case .list(var list):
        guard let index = Int(first), index <= list.count else { return }
        if rest.isEmpty {
          switch newValue {
          case let value? where index == list.count: list.append(value)
          case let value?: list[index] = value
          case nil: list.remove(at: index)
          }
        } else if index < list.count {
          list[index][rest] = newValue
        }
        self = .list(list)
      default: break
      }
    }
  }
}
