/// One case: what a person does, and what comes of it, written down so that two engines can be compared.
struct ParityCase: Sendable {
  /// The number in section 13 of the specification of task work, or the section.
  var number: String
  var name: String
  /// The programs and maps that it needs.
  var programs: ParityPrograms
  /// What the specification says, as the case writes it down.
  var expected: [String]
  var run: @Sendable (any ParityEngine) throws -> [String]
  /// Whether others on the machine can come between, so that the case is carried out again: one that is about the last
  /// handle of a map, which somebody who lists all maps may hold for a moment, or about a call that ends by itself, which
  /// may be over before a busy machine has looked at it.
  var canBeDisturbed: Bool

  init(
    _ number: String, _ name: String, of programs: ParityPrograms = .requests, _ expected: [String],
    canBeDisturbed: Bool = false, _ run: @escaping @Sendable (any ParityEngine) throws -> [String]
  ) {
    (self.number, self.name, self.programs) = (number, name, programs)
    (self.expected, self.canBeDisturbed, self.run) = (expected, canBeDisturbed, run)
  }

  /// The table, by topic.
  static let topics: [(name: String, cases: [ParityCase])] = [
    ("requests", requests), ("targets", targets), ("lifetimes", lifetimes), ("delivery", delivery),
    ("processes", processes), ("system calls", systemCalls), ("map operations", operations),
    ("updates under a lock", lockedUpdates), ("layouts", layouts), ("creation of maps", creations),
    ("refusals", refusals),
  ]
}
