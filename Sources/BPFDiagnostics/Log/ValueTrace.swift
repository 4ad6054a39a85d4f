/// The way of a value along a path: the visits that made it what it is, and the places that held it.
struct ValueTrace {
  /// The visits that wrote what the value is made of.
  var visits: Set<Int> = []
  /// The registers and stack bytes that held it.
  var places: Set<ValuePlace> = []

  private static let maximumVisits = 64

  /// Follows a value backwards from a place that holds it before a visit.
  mutating func follow(_ place: ValuePlace, before end: Int, along path: LoggedPath) {
    var waiting = [(place: place, end: end)]
    // The latest first, so that those are kept that are next to the end.
    while let next = waiting.indices.max(by: { waiting[$0].end < waiting[$1].end }), visits.count < Self.maximumVisits {
      let (place, end) = waiting.remove(at: next)
      places.insert(place)
      guard let writing = path.writing(of: place, before: end) else { continue }
      places.insert(writing.place)
      guard visits.insert(writing.visit).inserted else { continue }
      waiting += writing.sources.map { ($0, writing.visit) }
    }
  }
}

/// What can hold a value.
enum ValuePlace: Hashable {
  case register(Int, frame: Int)
  case stack(LoggedPath.StackBytes)
}

extension LoggedPath {
  /// A visit that wrote a value.
  struct Writing {
    var visit: Int
    /// The place that it wrote: another than was asked for where the value was passed to a function or returned by one.
    var place: ValuePlace
    /// What it made the value of.
    var sources: [ValuePlace] = []
    /// Whether the value is that of its source, unchanged.
    var isCopy = false
  }

  /// The visit that made a value which is copied, spilled, passed or returned until it is in a place before another.
  func origin(of place: ValuePlace, before end: Int) -> Int? {
    var place = place
    var end = end
    while let writing = writing(of: place, before: end) {
      guard writing.isCopy, let source = writing.sources.first else { return writing.visit }
      place = source
      end = writing.visit
    }
    return nil
  }

  /// The visit that wrote a place last before another.
  func writing(of place: ValuePlace, before end: Int) -> Writing? {
    switch place {
    case .register(let register, let frame): writing(ofRegister: register, in: frame, before: end)
    case .stack(let bytes): writing(of: bytes, before: end)
    }
  }

  private func writing(ofRegister register: Int, in frame: Int, before end: Int) -> Writing? {
    var register = register
    var frame = frame
    var index = end
    while true {
      index -= 1
      guard index >= frames[frame].start else {
        guard let (call, caller) = call(of: frame), (1...5).contains(register) else { return nil }
        guard let passed = passed(register, by: call) else {
          return Writing(visit: call, place: .register(register, frame: frame))
        }
        (register, frame, index) = (passed, caller, call)
        continue
      }
      guard frameOf[index] == frame, instructions[index].writes.contains(register) else { continue }
      guard isStaticCall(index), let callee = entered[index] else { break }
      guard register == 0, let exit = frames[callee].exit else { return nil }
      (frame, index) = (callee, exit)
    }
    let instruction = instructions[index]
    var writing = Writing(visit: index, place: .register(register, frame: frame))
    if instruction.isCall { return writing }
    if let bytes = loadedBytes(at: index) {
      writing.sources = [.stack(bytes)]
      writing.isCopy = bytes.size == 8
    } else {
      writing.sources = instruction.reads.filter { $0 != 10 }.map { .register($0, frame: frame) }
      writing.isCopy = instruction.isMove && !writing.sources.isEmpty
    }
    return writing
  }

  private func call(of frame: Int) -> (call: Int, caller: Int)? {
    guard let call = frames[frame].call, let caller = frames[frame].caller else { return nil }
    return (call, caller)
  }

  /// The register of the caller whose value a function finds in one of its own, `nil` where the kernel makes it.
  func passed(_ register: Int, by call: Int) -> Int? {
    if isStaticCall(call) { return register }
    return switch (calledName(call), register) {
    case ("bpf_loop", 2), ("bpf_user_ringbuf_drain", 2), ("bpf_for_each_map_elem", 4): 3
    case ("bpf_for_each_map_elem", 1): 1
    case ("bpf_task_work_schedule_resume_impl", 1), ("bpf_task_work_schedule_signal_impl", 1): 3
    case ("bpf_find_vma", 3): 4
    default: nil
    }
  }

  private func writing(of bytes: StackBytes, before end: Int) -> Writing? {
    for index in stride(from: end - 1, through: frames[bytes.frame].start, by: -1) {
      if let stored = stores[index], stored.overlaps(bytes) {
        let sources = instructions[index].reads.filter { $0 != instructions[index].store?.base }
        return Writing(
          visit: index, place: .stack(bytes), sources: sources.map { .register($0, frame: frameOf[index]) },
          isCopy: stored == bytes && stored.size == 8 && instructions[index].isMove && !sources.isEmpty)
      }
      if instructions[index].isCall, entered[index] == nil, writes(index, to: bytes) {
        return Writing(visit: index, place: .stack(bytes))
      }
    }
    return nil
  }

  /// Whether a function of the kernel that a visit calls writes to bytes of a stack: the log says so of the innermost frame,
  /// and of others what the function is says it.
  private func writes(_ index: Int, to bytes: StackBytes) -> Bool {
    let frame = frameOf[index]
    if frame == bytes.frame, let after = visits[index].after {
      for entry in LoggedState(after).entries where entry.subject.hasPrefix("fp-") {
        guard let offset = Int16(entry.subject.dropFirst(2)).map(Int.init) else { continue }
        if StackBytes(frame: frame, offset: offset, size: 8).overlaps(bytes) { return true }
      }
    }
    let name = calledName(index)
    guard let row = Self.writers.first(where: { name.hasPrefix($0.function) }),
      let pointer = holding(of: row.pointer, in: frame, before: index),
      let start = stackPlace(pointer, seenFrom: frame)
    else { return false }
    let size =
      holding(of: row.pointer + 1, in: frame, before: index).flatMap { UInt16($0) }.map(Int.init) ?? -start.offset
    return StackBytes(frame: start.frame, offset: start.offset, size: size).overlaps(bytes)
  }

  /// Functions that fill memory which they are given, by the beginning of their names, and the register that points to it;
  /// the next one has its size.
  private static let writers: [(function: String, pointer: Int)] = [
    ("bpf_probe_read", 1), ("bpf_copy_from_user", 1), ("bpf_get_current_comm", 1), ("bpf_dynptr_read", 1),
    ("bpf_snprintf", 1), ("bpf_get_stack", 2), ("bpf_get_task_stack", 2), ("bpf_d_path", 2), ("bpf_fib_lookup", 2),
    ("bpf_skb_load_bytes", 3), ("bpf_xdp_load_bytes", 3), ("bpf_perf_event_read_value", 3),
    ("bpf_get_ns_current_pid_tgid", 3),
  ]
}
