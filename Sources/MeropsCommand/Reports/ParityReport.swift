import BPFParity

/// The document of `merops parity --json`.
package struct ParityReport: Encodable {
  /// How many cases there are.
  var cases: Int
  /// In how many both kernels had the same outcome.
  var equal: Int
  /// In how many that was also the one of the specification.
  var expected: Int
  var results: [Case]

  package struct Case: Encodable {
    var topic: String
    var number: String
    var name: String
    var specification: [String]
    var simulated: [String]
    var running: [String]
    var isEqual: Bool
  }

  package init(_ results: [ParityResult]) {
    cases = results.count
    equal = results.count(where: \.isEqual)
    expected = results.count(where: \.isExpected)
    self.results = results.map {
      Case(
        topic: $0.topic, number: $0.number, name: $0.name, specification: $0.expected, simulated: $0.simulated,
        running: $0.running, isEqual: $0.isEqual)
    }
  }
}
