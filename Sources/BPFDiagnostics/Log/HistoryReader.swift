import BPFObject

/// Finds in a path where the value of a register comes from, and which decisions had to do with it.
struct HistoryReader {
  let path: [KernelLog.Visit]
  let program: Program?
  private let logged: LoggedPath

  private static let maximumSteps = 8
  private static let maximumDecisions = 6

  init(path: [KernelLog.Visit], program: Program?) {
    self.path = path
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
    var registers = mentioned.isEmpty && isAboutValue ? logged.instructions[end].reads : mentioned
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
      if let origin { explainLoss(of: register, holding: found, since: origin, &diagnostic) }
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
    remarkOnSigns(&diagnostic)
    nameMap(&diagnostic)
  }

  /// The map that a field has to be passed with.
  private func nameMap(_ diagnostic: inout Diagnostic) {
    guard diagnostic.kernelMessage.contains("doesn't match map pointer in R"),
      let value = diagnostic.holdings.first?.contents, let match = value.firstMatch(of: /a value of map '([^']+)'/)
    else { return }
    diagnostic.suggestion = "pass &\(match.1), the map that the value was looked up in"
  }

  /// A chain of calls that takes too much of the stack: which function takes how much, and the call that goes too far.
  func tellOfStack(_ diagnostic: inout Diagnostic) {
    let first = diagnostic.kernelMessage.split(separator: "\n").first ?? ""
    guard let program, let gaps = MessagePattern("combined stack size of {} calls is {}. Too large").match(first),
      let functions = Int(gaps[0]), let bytes = Int(gaps[1]),
      let chain = StackChain(in: program, functions: functions, bytes: bytes)
    else { return }
    let parts = chain.links.enumerated().map { index, link in
      "\(link.name) takes \(link.bytes)\(index == 0 ? " bytes" : "")"
    }
    diagnostic.remarks.append(parts.joined(separator: ", "))
    guard let call = chain.links.dropLast().last?.call else { return }
    diagnostic.instruction = call
    diagnostic.instructionText = nil
    diagnostic.place = program.place(of: call)
  }

  private func step(_ index: Int) -> Diagnostic.Step {
    Diagnostic.Step(
      instruction: path[index].instruction, place: place(at: index), action: action(of: index),
      effect: effect(of: index))
  }

  /// The instruction; an address of this run of the kernel is replaced by what lies there.
  private func action(of index: Int) -> String {
    var text = path[index].text
    if text.hasPrefix("call "), let number = text.lastIndex(of: "#") { text = text[..<number] }
    guard let equals = text.firstRange(of: " = 0xffff"),
      let entry = path[index].after.flatMap({ LoggedState($0).entries.first }),
      let start = entry.contents.firstRange(of: "map=")?.upperBound
    else { return String(text) }
    return "\(text[..<equals.lowerBound]) = &\(entry.contents[start...].prefix { $0 != "," && $0 != ")" })"
  }

  // MARK: Special causes

  /// A program that takes too long: which line most of the walk was in, as far as the log shows it.
  private func profile(_ diagnostic: inout Diagnostic) {
    var counts: [String: Int] = [:]
    for index in path.indices {
      guard let place = place(at: index), place.line > 0 else { continue }
      counts["line \(place.line)", default: 0] += 1
    }
    guard let most = counts.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }) else { return }
    let share = most.value * 100 / path.count
    diagnostic.remarks.append(
      "at the end of the walk \(share) of 100 instructions are in \(most.key): no round of the loop was like one before"
    )
  }

  /// The visit that acquired, locked or opened what the end, or a call, finds open.
  private func opening(_ message: String) -> Int? {
    for line in message.split(separator: "\n") {
      if let gaps = MessagePattern("Unreleased reference id={} alloc_insn={}").match(line), let number = Int(gaps[1]) {
        return path.lastIndex { $0.instruction == number }
      }
      if let region = MessagePattern("{} cannot be used inside {}-ed region").match(line)?[1] {
        return path.lastIndex { $0.text.hasPrefix("call \(region)#") }
      }
      if line.contains("calls are not allowed while holding a lock") {
        return path.lastIndex {
          $0.text.hasPrefix("call bpf_spin_lock#") || $0.text.hasPrefix("call bpf_res_spin_lock")
        }
      }
    }
    return nil
  }

  private func tell(of opening: Int, _ diagnostic: inout Diagnostic) {
    diagnostic.history = [step(opening)]
    let origin = place(at: opening).map { $0.line > 0 ? " at line \($0.line)" : "" } ?? ""
    let isReference = diagnostic.kernelMessage.hasPrefix("Unreleased reference")
    diagnostic.remarks.append(
      "it \(isReference ? "was acquired" : "begins")\(origin), instruction \(path[opening].instruction): "
        + "\(action(of: opening))")
    if isReference { nameReference(of: opening, &diagnostic) }
    decide(since: opening, &diagnostic) { _, _ in true }
  }

  /// What was acquired, and what gives it back, by the function that acquired it.
  private func nameReference(of opening: Int, _ diagnostic: inout Diagnostic) {
    let name = logged.calledName(opening)
    guard let row = Self.references.first(where: { name.hasPrefix($0.function) }) else { return }
    diagnostic.headline = "\(row.noun) is not given back before the end"
    diagnostic.suggestion = "call \(row.release) on every path, those of errors as well"
  }

  /// Functions that acquire, by the beginning of their names.
  private static let references: [(function: String, noun: String, release: String)] = [
    (
      "bpf_ringbuf_reserve_dynptr", "a record of a ring buffer",
      "bpf_ringbuf_submit_dynptr() or bpf_ringbuf_discard_dynptr()"
    ),
    ("bpf_ringbuf_reserve", "a record of a ring buffer", "bpf_ringbuf_submit() or bpf_ringbuf_discard()"),
    ("bpf_sk_lookup", "a socket", "bpf_sk_release()"), ("bpf_skc_lookup", "a socket", "bpf_sk_release()"),
    ("bpf_task_", "a task", "bpf_task_release()"), ("bpf_cgroup_", "a control group", "bpf_cgroup_release()"),
    ("bpf_cpumask_", "a set of processors", "bpf_cpumask_release()"),
    ("bpf_obj_new", "an object of the program", "bpf_obj_drop()"),
    ("bpf_refcount_acquire", "an object of the program", "bpf_obj_drop()"),
  ]

  /// A register that held a pointer and is a number now has lost it in a call.
  private func explainLoss(of register: Int, holding: Substring, since origin: Int, _ diagnostic: inout Diagnostic) {
    let first = diagnostic.kernelMessage.split(separator: "\n").first ?? ""
    let isLost =
      MessagePattern("R\(register) invalid mem access 'scalar'").match(first) != nil
      || MessagePattern("R\(register) type=scalar expected={}").match(first) != nil
    guard isLost, !holding.hasPrefix("scalar"), Int64(holding) == nil, !holding.hasPrefix("0x") else { return }
    let calls = path.indices.filter { $0 > origin && path[$0].text.hasPrefix("call ") }
    let isPacket = holding.hasPrefix("pkt")
    let endings = ["submit", "discard", "release", "put", "drop", "drop_impl", "delete", "unlock", "free", "destroy"]
    guard
      let index = calls.last(where: { call in
        let name = logged.calledName(call)
        return isPacket || endings.contains { name.hasSuffix("_\($0)") }
      })
    else { return }
    // What the log shows is what it was when it was last used.
    let last = diagnostic.holdings.count - 1
    diagnostic.holdings[last].contents = "no longer \(diagnostic.holdings[last].contents)"
    let name = logged.calledName(index)
    let line = place(at: index).map { $0.line > 0 ? " at line \($0.line)" : "" } ?? ""
    if isPacket {
      diagnostic.headline = "R\(register) pointed into the packet until \(name)\(line), which may move the packet"
      diagnostic.suggestion = "after the call, read the pointers to the packet and to its end again, and compare again"
      diagnostic.category = .lifetime
    } else {
      diagnostic.headline = "what R\(register) points to was given up by \(name)\(line)"
      diagnostic.suggestion = "use it before it is given up"
      diagnostic.category = .lifetime
    }
  }

  /// A comparison of signed numbers lets negative ones pass, which are large as unsigned ones.
  private func remarkOnSigns(_ diagnostic: inout Diagnostic) {
    guard diagnostic.headline.contains("bound") || diagnostic.headline.contains("negative"),
      let decision = diagnostic.path.last(where: {
        $0.condition.contains(" s> ") && !$0.isTaken || $0.condition.contains(" s< ") && $0.isTaken
      })
    else { return }
    let line = decision.place.map { "line \($0.line)" } ?? "instruction \(decision.instruction)"
    diagnostic.remarks.append("the comparison in \(line) is of signed numbers: a negative number passes it")
    diagnostic.suggestion = "declare the variable unsigned, or compare it with 0 as well"
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
  private func decide(
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
