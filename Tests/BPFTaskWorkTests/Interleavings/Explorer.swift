import BPFTaskWork

/// Tries every order in which the accesses of several actors can follow each other.
struct Explorer {
  /// Each actor does its operations one after another.
  let actors: [[Operation]]
  /// What must hold when all actors are done and nothing has been settled.
  var atRest: (Model) -> String? = { _ in nil }
  /// What must hold after deferred steps and the thread's passes, but before the slots are released.
  var settled: (Model) -> String? = { _ in nil }

  struct Result {
    /// Distinct configurations.
    var configurations = 0
    /// Ways in which everything can end.
    var endings = 0
    /// The ways in which requests ended: how many callbacks ran.
    var callbackCounts: Set<Int> = []
    /// The first broken rule with the accesses that led to it.
    var failure: String?
  }

  private struct Actor: Hashable {
    var operation = 0
    var log: [UInt64] = []
  }

  private struct Configuration: Hashable {
    var state: Model.State
    var actors: [Actor]
  }

  /// Two hashes of a configuration; that two configurations of some hundred thousand share both is not to be feared.
  private struct Fingerprint: Hashable {
    let first: Int
    let second: Int

    init(_ configuration: Configuration) {
      var one = Hasher()
      one.combine(configuration)
      first = one.finalize()
      var two = Hasher()
      two.combine(0x5bd1_e995)
      two.combine(configuration)
      second = two.finalize()
    }
  }

  /// Explores from the model's present state.
  func explore(_ model: Model) -> Result {
    let start = Configuration(state: model.state, actors: actors.map { _ in Actor() })
    var result = Result()
    var seen: Set<Fingerprint> = []
    var path: [Int] = []
    visit(start, model, &seen, &path, &result)
    result.configurations = seen.count
    if result.failure != nil { result.failure = describe(start, path, model, result) }
    return result
  }

  private func visit(
    _ configuration: Configuration, _ model: Model, _ seen: inout Set<Fingerprint>, _ path: inout [Int],
    _ result: inout Result
  ) {
    guard seen.insert(Fingerprint(configuration)).inserted else { return }
    var isEnd = true
    for index in configuration.actors.indices {
      var next = configuration
      guard advance(&next, index, model) else { continue }
      isEnd = false
      path.append(index)
      if let failure = model.failure {
        result.failure = failure
        return
      }
      visit(next, model, &seen, &path, &result)
      if result.failure != nil { return }
      path.removeLast()
    }
    if isEnd { finish(configuration, model, &result) }
  }

  /// Makes one access of an actor; false if it has none to make.
  private func advance(_ configuration: inout Configuration, _ index: Int, _ model: Model) -> Bool {
    let operations = actors[index]
    while configuration.actors[index].operation < operations.count {
      let operation = operations[configuration.actors[index].operation]
      if configuration.actors[index].log.isEmpty {
        if !operation.isEnabled(configuration.state) { return false }
        if operation.isIdle(configuration.state) {
          configuration.actors[index].operation += 1
          continue
        }
      }
      model.state = configuration.state
      let progress = model.advance(&configuration.actors[index].log, operation.body)
      if progress == .blocked { return false }
      configuration.state = model.state
      if progress == .completed {
        configuration.actors[index].operation += 1
        configuration.actors[index].log = []
      }
      return true
    }
    return false
  }

  private func finish(_ configuration: Configuration, _ model: Model, _ result: inout Result) {
    result.endings += 1
    if configuration.actors.contains(where: { !$0.log.isEmpty }) {
      result.failure = "an actor waits for ever"
      return
    }
    model.state = configuration.state
    var failure = atRest(model)
    model.settle(releasing: false)
    result.callbackCounts.insert(model.state.callbacks.reduce(0, +))
    failure = failure ?? model.stuckSlot ?? settled(model)
    model.settle(releasing: true)
    result.failure = failure ?? model.failure ?? model.imbalance
  }

  private func describe(_ start: Configuration, _ path: [Int], _ model: Model, _ result: Result) -> String {
    var configuration = start
    model.isTracing = true
    var lines: [String] = []
    for index in path {
      model.trace = []
      _ = advance(&configuration, index, model)
      lines.append("actor \(index): \(model.trace.joined(separator: "; "))")
    }
    return (result.failure ?? "") + "\n" + lines.joined(separator: "\n")
  }
}
