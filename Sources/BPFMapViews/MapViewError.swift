/// Why a map cannot be seen as asked.
public struct MapViewError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong.
  public enum Problem: Hashable, Sendable {
    /// There is no such map; these there are.
    case noSuchMap(existing: [String])
    /// The map is of a type that the view is not for.
    case wrongMapType(String, view: String)
    /// A type of Swift is not laid out like the map's: the layouts as text, a line for each member.
    case layout(part: Part, reason: String, map: [String], swift: [String])
  }

  /// What of an element.
  public enum Part: String, Hashable, Sendable {
    /// The key.
    case key
    /// The value.
    case value
  }

  /// The name of the map.
  public var map: String
  /// What is wrong.
  public var problem: Problem

  /// An error about a map.
  public init(map: String, _ problem: Problem) {
    self.map = map
    self.problem = problem
  }

  /// The map and what is wrong; both layouts on lines of their own.
  public var description: String {
    switch problem {
    case .noSuchMap(let existing):
      return "map '\(map)': the object has no such map; it has \(existing.joined(separator: ", "))"
    case .wrongMapType(let type, let view): return "map '\(map)': it is of type \(type), and \(view) is not for it"
    case .layout(let part, let reason, let ours, let theirs):
      return
        (["map '\(map)': the \(part.rawValue) does not fit: \(reason)", "  in the map:"]
        + ours.map { "    " + $0 } + ["  in Swift:"] + theirs.map { "    " + $0 }).joined(separator: "\n")
    }
  }
}
