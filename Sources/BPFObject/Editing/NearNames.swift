/// The names that look most like one that was not found, best first, for an error's advice.
package struct NearNames {
  /// How many names are worth showing.
  static let limit = 4
  /// Longer names are compared by this many bytes, which bounds the work.
  static let comparedLength = 64

  package let names: [String]

  package init(to name: String, among candidates: some Sequence<String>) {
    let wanted = Array(name.lowercased().utf8.prefix(Self.comparedLength))
    // A third of the letters may be wrong; a name that contains or continues the other one is near as well.
    let tolerance = max(1, wanted.count / 3)
    var found: [(distance: Int, name: String)] = []
    for candidate in candidates {
      let bytes = Array(candidate.lowercased().utf8.prefix(Self.comparedLength))
      var distance = Self.distance(wanted, bytes)
      if distance > tolerance, min(wanted.count, bytes.count) >= 3, Self.isPart(wanted, bytes) {
        distance = tolerance + 1
      } else if distance > tolerance {
        continue
      }
      found.append((distance, candidate))
    }
    found.sort { ($0.distance, $0.name) < ($1.distance, $1.name) }
    names = found.prefix(Self.limit).map(\.name)
  }

  /// Words for an error, such as `did you mean 'xdp' or 'tc'?`, or the given text when no name is near.
  package func advice(otherwise: String = "") -> String {
    guard let last = names.last else { return otherwise }
    let quoted = names.dropLast().map { "'\($0)'" }.joined(separator: ", ")
    return "did you mean \(quoted)\(quoted.isEmpty ? "" : " or ")'\(last)'?"
  }

  private static func isPart(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    let (short, long) = left.count <= right.count ? (left, right) : (right, left)
    return long.starts(with: short) || long.reversed().starts(with: short.reversed())
  }

  /// The number of letters to insert, remove, replace or swap with their neighbour (Damerau and Levenshtein).
  private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    if left.isEmpty || right.isEmpty { return max(left.count, right.count) }
    var beforePrevious = [Int](repeating: 0, count: right.count + 1)
    var previous = Array(0...right.count)
    for row in 1...left.count {
      var current = [row]
      current.reserveCapacity(right.count + 1)
      for column in 1...right.count {
        let isSame = left[row - 1] == right[column - 1]
        var best = min(previous[column] + 1, current[column - 1] + 1, previous[column - 1] + (isSame ? 0 : 1))
        if row > 1, column > 1, left[row - 1] == right[column - 2], left[row - 2] == right[column - 1] {
          best = min(best, beforePrevious[column - 2] + 1)
        }
        current.append(best)
      }
      beforePrevious = previous
      previous = current
    }
    return previous[right.count]
  }
}
