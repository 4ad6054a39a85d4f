/// One thing that is measured, with a unit in which less is better unless it says otherwise.
struct Benchmark {
  /// Topic and case, such as `interpreter: copy loop`.
  var name: String
  /// The unit of the result, such as `ns/instruction`.
  var unit: String
  /// Whether a greater result is the better one.
  var moreIsBetter: Bool
  /// Carries the work out once and returns the result in the unit.
  var measure: () throws -> Double

  init(_ name: String, unit: String, moreIsBetter: Bool = false, measure: @escaping () throws -> Double) {
    self.name = name
    self.unit = unit
    self.moreIsBetter = moreIsBetter
    self.measure = measure
  }

  /// A benchmark of work that is repeated inside: the result is nanoseconds for each repetition.
  init(_ name: String, nanosecondsPer unit: String, count: Int, work: @escaping () throws -> Void) {
    self.init(name, unit: "ns/" + unit) {
      let start = ThreadClock.now
      try work()
      return Double(ThreadClock.now - start) / Double(count)
    }
  }
}
