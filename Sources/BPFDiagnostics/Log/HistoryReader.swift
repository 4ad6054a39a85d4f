import BPFObject

/// Finds in a path where the value of a register comes from, and which decisions had to do with it.
struct HistoryReader {
  let path: [KernelLog.Visit]
  let program: Program?

  private static let maximumSteps = 8
  private static let maximumDecisions = 6

  init(path: [KernelLog.Visit], program: Program?) {
    self.path = path
    self.program = program
  }

  func place(at index: Int) -> SourcePlace? {
    guard path.indices.contains(index) else { return nil }
    let logged = path[index].place
    guard let known = program?.place(of: path[index].instruction) else { return logged?.file == "" ? nil : logged }
    return known
  }

  /// Fills in what the registers of the message hold, where the first of them comes from, and the path.
  func describe(_ diagnostic: inout Diagnostic) {
    guard let last = path.last else { return }
    let end = path.count - 1
    let message = diagnostic.kernelMessage
    if message.hasPrefix("BPF program is too large") { return profile(&diagnostic) }
    if let opening = opening(message) { return tell(of: opening, &diagnostic) }
    let mentioned = MessagePhrase.registers(in: message)
    let isAboutValue = diagnostic.category == .memory || diagnostic.category == .registerType
    var registers = mentioned.isEmpty && isAboutValue ? LoggedInstruction(last.text).reads : mentioned
    if message.hasPrefix("cannot pass map_type ") {
      registers = (1...5).filter { holding(of: $0, before: end)?.hasPrefix("map_ptr") == true }
    }
    for register in registers.prefix(4) where register != 10 {
      guard let found = holding(of: register, before: end) else { continue }
      let origin = origin(of: register, before: end)
      diagnostic.holdings.append(
        Diagnostic.Holding(
          "R\(register)", HoldingText.words(for: found), origin: origin.flatMap { place(at: $0) },
          instruction: origin.map { path[$0].instruction }))
      if let origin { explainLoss(of: register, holding: found, since: origin, &diagnostic) }
    }
    var trace = Trace()
    for register in registers where register != 10 { follow(register, before: end, into: &trace) }
    var latest: [Int: Int] = [:]
    for index in trace.visits { latest[path[index].instruction] = max(latest[path[index].instruction] ?? 0, index) }
    diagnostic.history = latest.values.sorted().suffix(Self.maximumSteps).map(step)
    decide(trace, &diagnostic)
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
    var trace = Trace()
    trace.visits = [opening]
    trace.registers = Set(0...10)
    decide(trace, &diagnostic)
  }

  /// What was acquired, and what gives it back, by the function that acquired it.
  private func nameReference(of opening: Int, _ diagnostic: inout Diagnostic) {
    let name = path[opening].text.dropFirst("call ".count).prefix { $0 != "#" }
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
        let name = path[call].text.dropFirst(5).prefix { $0 != "#" }
        return isPacket || endings.contains { name.hasSuffix("_\($0)") }
      })
    else { return }
    let name = path[index].text.dropFirst(5).prefix { $0 != "#" }
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

  // MARK: What registers hold

  /// The kernel's words for what a register holds before a visit.
  private func holding(of register: Int, before end: Int) -> Substring? {
    let subject = "R\(register)"
    var depth = 0
    for index in stride(from: end, through: 0, by: -1) {
      if index < end {
        // A function that has been left had registers of its own.
        if path[index].text == "exit" { depth += 1 }
        if depth > 0 {
          if path[index].text.hasPrefix("call pc") { depth -= 1 }
          continue
        }
        if let after = path[index].after, let entry = LoggedState(after).entries.first(where: { $0.subject == subject })
        {
          return entry.contents
        }
        if LoggedInstruction(path[index].text).writes.contains(register) { return nil }
      }
      if let before = path[index].before {
        return LoggedState(before).entries.first { $0.subject == subject }?.contents
      }
    }
    return nil
  }

  /// The visit that wrote a register last.
  private func origin(of register: Int, before end: Int) -> Int? {
    var index = end - 1
    var register = register
    while index >= 0 {
      let instruction = LoggedInstruction(path[index].text)
      if instruction.writes.contains(register) {
        guard !instruction.isCall, instruction.reads.count == 1, instruction.reads != [10],
          let source = instruction.reads.first,
          path[index].text.contains(" = r"), !path[index].text.contains(" += ")
        else { return index }
        // A copy: what was copied comes from further back.
        register = source
      }
      index -= 1
    }
    return nil
  }

  // MARK: Where a value comes from

  private struct Trace {
    var visits: Set<Int> = []
    var registers: Set<Int> = []
  }

  private func follow(_ register: Int, before end: Int, into trace: inout Trace) {
    var wanted: Set<Int> = [register]
    var slots: Set<Int> = []
    trace.registers.insert(register)
    var index = end - 1
    while index >= 0, !(wanted.isEmpty && slots.isEmpty), trace.visits.count < 64 {
      let instruction = LoggedInstruction(path[index].text)
      let written = instruction.writes.filter(wanted.contains)
      if !written.isEmpty {
        trace.visits.insert(index)
        wanted.subtract(written)
        if !instruction.isCall {
          let sources = instruction.reads.filter { $0 != 10 }
          wanted.formUnion(sources)
          trace.registers.formUnion(sources)
          if let slot = instruction.loadsFrom { slots.insert(slot) }
        }
      } else if let slot = instruction.storesTo, slots.contains(slot) {
        trace.visits.insert(index)
        slots.remove(slot)
        let sources = instruction.reads.filter { $0 != 10 }
        wanted.formUnion(sources)
        trace.registers.formUnion(sources)
      }
      index -= 1
    }
  }

  private func effect(of index: Int) -> String {
    let visit = path[index]
    let instruction = LoggedInstruction(visit.text)
    guard let after = visit.after else { return "" }
    let state = LoggedState(after)
    let subject = instruction.isCall ? "R0" : instruction.writes.first.map { "R\($0)" } ?? ""
    guard let entry = state.entries.first(where: { $0.subject == subject }) ?? state.entries.last else { return "" }
    return "\(entry.subject) = \(HoldingText.words(for: entry.contents))"
  }

  /// The decisions that looked at a register of the trace since its value was made; the others are counted.
  private func decide(_ trace: Trace, _ diagnostic: inout Diagnostic) {
    let start = trace.visits.min() ?? 0
    var relevant: [Diagnostic.Decision] = []
    var total = 0
    for (index, visit) in path.enumerated().dropLast() {
      let instruction = LoggedInstruction(visit.text)
      guard let condition = instruction.condition, let isTaken = visit.isTaken else { continue }
      total += 1
      guard index >= start, !trace.registers.isDisjoint(with: instruction.reads) else { continue }
      relevant.append(
        Diagnostic.Decision(
          instruction: visit.instruction, place: place(at: index), condition: String(condition), isTaken: isTaken))
    }
    diagnostic.path = relevant.suffix(Self.maximumDecisions)
    diagnostic.omittedDecisionCount = total - diagnostic.path.count
  }
}
