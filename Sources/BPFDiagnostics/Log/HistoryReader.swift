import BPFObject

/// Finds in a path where the value of a register comes from, and which decisions had to do with it.
struct HistoryReader {
  let path: [KernelLog.Visit]
  let program: Program?
  /// The function that is verified on its own, for any arguments.
  let validatedFunction: String?
  let logged: LoggedPath

  private static let maximumSteps = 8
  private static let maximumDecisions = 6

  init(path: [KernelLog.Visit], program: Program?, validatedFunction: String? = nil) {
    self.path = path
    self.validatedFunction = validatedFunction
    self.program = program
    logged = LoggedPath(path)
  }

  func place(at index: Int) -> SourcePlace? {
    guard path.indices.contains(index) else { return nil }
    let logged = path[index].place
    guard let known = program?.place(of: path[index].instruction) else { return logged?.file == "" ? nil : logged }
    return known
  }

  /// Fills in what the registers of the message hold, where the first of them comes from, and the path.
  func describe(_ diagnostic: inout Diagnostic) {
    guard !path.isEmpty else { return }
    let end = path.count - 1
    let frame = logged.frameOf[end]
    func holding(of register: Int) -> Substring? { logged.holding(of: register, in: frame, before: end) }
    let message = diagnostic.kernelMessage
    if message.hasPrefix("BPF program is too large") { return profile(&diagnostic) }
    if let opening = opening(message) { return tell(of: opening, &diagnostic) }
    let mentioned = MessagePhrase.registers(in: message)
    let isAboutValue = diagnostic.category == .memory || diagnostic.category == .registerType
    // Of a store only the pointer can be at fault.
    let used = logged.instructions[end].store.map { [$0.base] } ?? logged.instructions[end].reads
    var registers = mentioned.isEmpty && isAboutValue ? used : mentioned
    if message.hasPrefix("cannot pass map_type ") {
      registers = (1...5).filter { holding(of: $0)?.hasPrefix("map_ptr") == true }
    }
    for register in registers.prefix(4) where register != 10 {
      guard let found = holding(of: register) else { continue }
      let origin = logged.origin(of: .register(register, frame: frame), before: end)
      diagnostic.holdings.append(
        Diagnostic.Holding(
          "R\(register)", HoldingText.words(for: found), origin: origin.flatMap { place(at: $0) },
          instruction: origin.map { path[$0].instruction }))
      if let origin { explain(register, holding: found, origin: origin, &diagnostic) }
    }
    var trace = ValueTrace()
    for register in registers where register != 10 {
      trace.follow(.register(register, frame: frame), before: end, along: logged)
    }
    var latest: [Int: Int] = [:]
    for index in trace.visits { latest[path[index].instruction] = max(latest[path[index].instruction] ?? 0, index) }
    diagnostic.history = latest.values.sorted().suffix(Self.maximumSteps).map(step)
    decide(since: trace.visits.min() ?? 0, &diagnostic) {
      trace.places.contains($0) && $1.map(trace.visits.contains) ?? true
    }
    nameParameter(of: registers.first, &diagnostic)
    nameCall(at: end, &diagnostic)
    remarkOnSigns(&diagnostic)
    nameMap(&diagnostic)
    nameConstant(&diagnostic)
  }

  func step(_ index: Int) -> Diagnostic.Step {
    Diagnostic.Step(
      instruction: path[index].instruction, place: place(at: index), action: action(of: index),
      effect: effect(of: index))
  }

  /// The instruction; an address of this run of the kernel is replaced by what lies there.
  func action(of index: Int) -> String {
    var text = path[index].text
    if text.hasPrefix("call "), let number = text.lastIndex(of: "#") { text = text[..<number] }
    guard let equals = text.firstRange(of: " = 0xffff"),
      let entry = path[index].after.flatMap({ LoggedState($0).entries.first }),
      let start = entry.contents.firstRange(of: "map=")?.upperBound
    else { return String(text) }
    return "\(text[..<equals.lowerBound]) = &\(entry.contents[start...].prefix { $0 != "," && $0 != ")" })"
  }

  // MARK: The path

  private func effect(of index: Int) -> String {
    let visit = path[index]
    let instruction = logged.instructions[index]
    guard let after = visit.after else { return "" }
    let state = LoggedState(after)
    let subject = instruction.isCall ? "R0" : instruction.writes.first.map { "R\($0)" } ?? ""
    guard let entry = state.entries.first(where: { $0.subject == subject }) ?? state.entries.last else { return "" }
    return "\(entry.subject) = \(HoldingText.words(for: entry.contents))"
  }

  /// The decisions since a visit that looked at what matters; the others are counted.
  ///
  /// - Parameter matters: whether a register does that was last written by a visit, `nil` for one that its function was given.
  func decide(
    since start: Int, _ diagnostic: inout Diagnostic, _ matters: (ValuePlace, _ writtenBy: Int?) -> Bool
  ) {
    var relevant: [Diagnostic.Decision] = []
    var total = 0
    var written: [ValuePlace: Int] = [:]
    for (index, visit) in path.enumerated().dropLast() {
      let instruction = logged.instructions[index]
      let frame = logged.frameOf[index]
      for register in instruction.writes { written[.register(register, frame: frame)] = index }
      guard let condition = instruction.condition, let isTaken = visit.isTaken else { continue }
      total += 1
      guard index >= start,
        instruction.reads.contains(where: { register in
          let place = ValuePlace.register(register, frame: frame)
          return matters(place, written[place])
        })
      else { continue }
      relevant.append(
        Diagnostic.Decision(
          instruction: visit.instruction, place: place(at: index), condition: String(condition), isTaken: isTaken))
    }
    diagnostic.path = relevant.suffix(Self.maximumDecisions)
    diagnostic.omittedDecisionCount = total - diagnostic.path.count
  }
}
