/// What is said where a program is asked for that is not there: which are, or which of many have a name like it.
package struct AbsentProgram: CustomStringConvertible {
  private let name: String
  private let available: [String]
  private let holder: String

  private static let listedCount = 10
  private static let suggestedCount = 3

  /// A name that is none of those that are there.
  ///
  /// - Parameter holder: who has them, with the verb: `the object has`.
  package init(_ name: String, among available: [String], holder: String = "the object has") {
    self.name = name
    self.available = available
    self.holder = holder
  }

  package var description: String {
    let start = "there is no program '\(name)'"
    if available.isEmpty { return "\(start): \(holder) none" }
    if available.count <= Self.listedCount { return "\(start); \(holder) \(available.joined(separator: ", "))" }
    let nearest = available.enumerated().map { (distance: distance(to: $1), place: $0, name: $1) }
      .sorted { ($0.distance, $0.place) < ($1.distance, $1.place) }.prefix(Self.suggestedCount)
    return
      "\(start); \(holder) \(available.count), of which \(nearest.map(\.name).joined(separator: ", ")) are most like it; "
      + "'merops inspect' lists them"
  }

  /// How many letters have to be put in, taken out or changed to make one name of the other.
  private func distance(to other: String) -> Int {
    let own = Array(name.utf8.prefix(256))
    var row = Array(0...own.count)
    for (index, letter) in other.utf8.prefix(256).enumerated() {
      var diagonal = row[0]
      row[0] = index + 1
      for place in own.indices {
        let changed = diagonal + (own[place] == letter ? 0 : 1)
        diagonal = row[place + 1]
        row[place + 1] = min(changed, diagonal + 1, row[place] + 1)
      }
    }
    return row[own.count]
  }
}
