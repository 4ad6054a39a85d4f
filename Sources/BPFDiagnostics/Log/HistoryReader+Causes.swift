import BPFObject

// What a message means beyond its words, by the path that led to it.
extension HistoryReader {
  /// The map that a field has to be passed with.
  func nameMap(_ diagnostic: inout Diagnostic) {
    guard diagnostic.kernelMessage.contains("doesn't match map pointer in R"),
      let value = diagnostic.holdings.first?.contents, let match = value.firstMatch(of: /a value of map '([^']+)'/)
    else { return }
    diagnostic.suggestion = "pass &\(match.1), the map that the value was looked up in"
  }

  /// A constant of the program is in a map that is read-only.
  func nameConstant(_ diagnostic: inout Diagnostic) {
    guard diagnostic.kernelMessage.hasPrefix("write into map forbidden"),
      diagnostic.holdings.first?.contents.hasPrefix("a value of map '.rodata'") == true
    else { return }
    diagnostic.headline = "a constant is written to: it is in .rodata, which is read-only for programs"
  }

  /// A map whose values the program may not use is at fault where the program first names it, if it is the only one.
  func nameOnlyMap(_ diagnostic: inout Diagnostic) {
    guard diagnostic.category == .policy, diagnostic.headline.contains(" map "), let program else { return }
    var uses: [(index: Int, name: String)] = []
    for (index, reference) in program.references {
      if case .map(let name) = reference { uses.append((index, name)) }
    }
    guard let first = uses.min(by: { $0.index < $1.index }), uses.allSatisfy({ $0.name == uses[0].name }) else {
      return
    }
    diagnostic.instruction = first.index
    diagnostic.place = program.place(of: first.index)
    diagnostic.remarks.append("it is map '\(first.name)'")
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

  /// A program that takes too long: which line most of the walk was in, as far as the log shows it.
  func profile(_ diagnostic: inout Diagnostic) {
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
  func opening(_ message: String) -> Int? {
    let earlier = path.dropLast()
    func last(_ functions: [String]) -> Int? {
      earlier.indices.last { index in functions.contains { path[index].text.hasPrefix("call \($0)#") } }
    }
    for line in message.split(separator: "\n") {
      if let gaps = MessagePattern("Unreleased reference id={} alloc_insn={}").match(line), let number = Int(gaps[1]) {
        return path.lastIndex { $0.instruction == number }
      }
      if let region = MessagePattern("{} cannot be used inside {}-ed region").match(line)?[1] { return last([region]) }
      if line.contains("calls are not allowed while holding a lock") {
        return last(["bpf_spin_lock", "bpf_res_spin_lock", "bpf_res_spin_lock_irqsave"])
      }
      guard line.hasPrefix("sleepable helper ") || line.contains(" is sleepable within ") else { continue }
      if line.contains("rcu_read_lock region") { return last(["bpf_rcu_read_lock"]) }
      if line.contains("non-preemptible region") { return last(["bpf_preempt_disable"]) }
      if line.contains("IRQ-disabled region") { return last(["bpf_local_irq_save"]) }
    }
    return nil
  }

  func tell(of opening: Int, _ diagnostic: inout Diagnostic) {
    diagnostic.history = [step(opening)]
    let origin = place(at: opening).map { $0.line > 0 ? " at line \($0.line)" : "" } ?? ""
    let isReference = diagnostic.kernelMessage.hasPrefix("Unreleased reference")
    diagnostic.remarks.append(
      "it \(isReference ? "was acquired" : "begins")\(origin), instruction \(path[opening].instruction): "
        + "\(action(of: opening))")
    if isReference { nameReference(of: opening, &diagnostic) }
    nameCall(at: path.count - 1, &diagnostic)
    if diagnostic.headline == "a lock is held during the call", path.last?.text.hasPrefix("call bpf_spin_lock#") == true
    {
      diagnostic.headline = "a second lock is taken while one is held"
      diagnostic.suggestion = "give up the first before the second is taken: a program holds one lock at a time"
    }
    decide(since: opening, &diagnostic) { _, _ in true }
  }

  /// What was acquired, and what gives it back, by the function that acquired it.
  private func nameReference(of opening: Int, _ diagnostic: inout Diagnostic) {
    let name = logged.calledName(opening)
    if name.hasPrefix("bpf_iter_"), name.hasSuffix("_new") {
      diagnostic.headline = "an iterator is not destroyed before the end"
      diagnostic.suggestion =
        "call \(name.dropLast("new".count))destroy() on every path, also where the loop is left early"
      return
    }
    guard let row = Self.references.first(where: { name.hasPrefix($0.function) }) else { return }
    diagnostic.headline = "\(row.noun) is not given back before the end"
    diagnostic.suggestion = "call \(row.release)\(row.paths ?? " on every path, those of errors as well")"
  }

  /// Functions that acquire, by the beginning of their names.
  private static let references: [(function: String, noun: String, release: String, paths: String?)] = [
    (
      "bpf_ringbuf_reserve_dynptr", "a record of a ring buffer",
      "bpf_ringbuf_submit_dynptr() or bpf_ringbuf_discard_dynptr()",
      " on every path, also where reserving it has failed"
    ),
    (
      "bpf_ringbuf_reserve", "a record of a ring buffer", "bpf_ringbuf_submit() or bpf_ringbuf_discard()",
      nil
    ),
    ("bpf_sk_lookup", "a socket", "bpf_sk_release()", nil),
    ("bpf_skc_lookup", "a socket", "bpf_sk_release()", nil),
    ("bpf_task_", "a task", "bpf_task_release()", nil),
    ("bpf_cgroup_", "a control group", "bpf_cgroup_release()", nil),
    ("bpf_cpumask_", "a set of processors", "bpf_cpumask_release()", nil),
    ("bpf_obj_new", "an object of the program", "bpf_obj_drop()", nil),
    ("bpf_refcount_acquire", "an object of the program", "bpf_obj_drop()", nil),
    (
      "bpf_kptr_xchg", "what was in the field before",
      "the function that releases it, such as bpf_task_release() or bpf_obj_drop()",
      ", where the result is not null"
    ),
  ]

  /// What the origin of a register at fault says about the mistake.
  func explain(_ register: Int, holding: Substring, origin: Int, _ diagnostic: inout Diagnostic) {
    explainLoss(of: register, holding: holding, since: origin, &diagnostic)
    guard path[origin].text.hasPrefix("call "), diagnostic.holdings.count == 1 else { return }
    let name = logged.calledName(origin)
    let first = diagnostic.kernelMessage.split(separator: "\n").first ?? ""
    if name == "bpf_get_current_task", first.contains("scalar") {
      diagnostic.headline = "bpf_get_current_task() gives a number, which is used as a pointer"
      diagnostic.suggestion =
        diagnostic.category == .call
        ? "take the task from bpf_get_current_task_btf(), which gives a typed pointer"
        : "take the task from bpf_get_current_task_btf(), or read it with BPF_CORE_READ() or bpf_probe_read_kernel()"
    } else if holding.contains("_or_null"), !holding.hasPrefix("map_value"), logged.entered[origin] == nil {
      if first.contains("invalid mem access") {
        diagnostic.headline = "R\(register) may be null: the result of \(name)() is used without a test"
      } else if first.hasPrefix("Possibly NULL pointer passed") {
        diagnostic.headline = "R\(register) may be null: the result of \(name)() is passed on without a test"
      }
    }
  }

  /// A pointer that a global function is given may be anything that its type allows.
  func nameParameter(of register: Int?, _ diagnostic: inout Diagnostic) {
    guard let validatedFunction, let register, let holding = diagnostic.holdings.first, holding.instruction == nil,
      holding.contents.hasSuffix(", or null"), diagnostic.kernelMessage.contains("_or_null'")
    else { return }
    diagnostic.headline =
      "R\(register) may be null: the global function \(validatedFunction)() is verified for any argument that it can get"
    diagnostic.suggestion =
      "test the pointer first: if (!pointer) return 0; or say that it never is null, with __arg_nonnull behind the parameter"
  }

  /// The name of the function that a call at fault calls, in place of "the function".
  func nameCall(at index: Int, _ diagnostic: inout Diagnostic) {
    let text = path[index].text
    guard text.hasPrefix("call "), text.contains("#"), diagnostic.category != .structure else { return }
    diagnostic.headline = diagnostic.headline.replacing("the function ", with: "\(logged.calledName(index))() ")
  }

  /// A register that held a pointer and is a number now has lost it in a call.
  private func explainLoss(of register: Int, holding: Substring, since origin: Int, _ diagnostic: inout Diagnostic) {
    let first = diagnostic.kernelMessage.split(separator: "\n").first ?? ""
    let isLost =
      MessagePattern("R\(register) invalid mem access 'scalar'").match(first) != nil
      || MessagePattern("R\(register) type=scalar expected={}").match(first) != nil
    guard isLost, !holding.hasPrefix("scalar"), Int64(holding) == nil, !holding.hasPrefix("0x") else { return }
    let calls = path.indices.filter { $0 > origin && path[$0].text.hasPrefix("call ") }
    let isPacket = holding.hasPrefix("pkt")
    guard let index = isPacket ? lastMove(among: calls) : lastRelease(of: holding, among: calls) else { return }
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

  /// The last call that may have moved the packet, one of a global function where there is no other.
  private func lastMove(among calls: [Int]) -> Int? {
    let functions = [
      "bpf_skb_pull_data", "bpf_skb_store_bytes", "bpf_skb_change_", "bpf_skb_vlan_", "bpf_skb_adjust_room",
      "bpf_clone_redirect", "bpf_l3_csum_replace", "bpf_l4_csum_replace", "bpf_xdp_adjust_", "bpf_xdp_pull_data",
      "bpf_msg_pull_data", "bpf_msg_push_data", "bpf_msg_pop_data", "bpf_lwt_", "bpf_store_hdr_opt",
    ]
    return calls.last { call in functions.contains { logged.calledName(call).hasPrefix($0) } }
      ?? calls.last { logged.calledName($0).hasPrefix("pc") && logged.entered[$0] == nil }
  }

  /// The last call that gave something up: where the log tells references apart, what the pointer belonged to.
  private func lastRelease(of holding: Substring, among calls: [Int]) -> Int? {
    let endings = ["submit", "discard", "release", "put", "drop", "drop_impl", "delete", "unlock", "free", "destroy"]
    let releases = calls.filter { call in endings.contains { logged.calledName(call).hasSuffix("_\($0)") } }
    guard let mark = holding.firstRange(of: "ref_obj_id=") else { return releases.last }
    let reference = holding[mark.lowerBound...].prefix { $0 != "," && $0 != ")" }
    return releases.last { call in
      (1...5).contains { register in
        logged.holding(of: register, in: logged.frameOf[call], before: call)?.contains(reference) ?? false
      }
    } ?? releases.last
  }

  /// A comparison of signed numbers lets negative ones pass, which are large as unsigned ones.
  func remarkOnSigns(_ diagnostic: inout Diagnostic) {
    guard diagnostic.headline.contains("bound") || diagnostic.headline.contains("negative"),
      let decision = diagnostic.path.last(where: {
        $0.condition.contains(" s> ") && !$0.isTaken || $0.condition.contains(" s< ") && $0.isTaken
      })
    else { return }
    let line = decision.place.map { "line \($0.line)" } ?? "instruction \(decision.instruction)"
    diagnostic.remarks.append("the comparison in \(line) is of signed numbers: a negative number passes it")
    diagnostic.suggestion = "declare the variable unsigned, or compare it with 0 as well"
  }
}
