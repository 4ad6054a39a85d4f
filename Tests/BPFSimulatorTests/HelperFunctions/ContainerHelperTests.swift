import BPFMaps
import BPFObject
import BPFSimulator
import Testing

/// Queues, stacks and bloom filters as programs use them, in both kernels.
@Suite struct ContainerHelperTests {
  private func pair(_ type: MapType) throws -> KernelPair {
    var object = AssembledObject()
    try object.map("container", type, key: 0, value: 8, entries: 2)
    try object.map("answer", .array, value: 16, entries: 1)
    // The context is the value and the flags, the answer the result and the value. Programs that sleep may not use them all.
    let call =
      "r6 = *(u64 *)(r1 + 0)\n*(u64 *)(r10 - 8) = r6\nr3 = *(u64 *)(r1 + 8)\nr1 = map(container) ll\nr2 = r10\nr2 += -8\n"
    let end =
      "r7 = value(answer) ll\n*(u64 *)(r7 + 0) = r0\nr1 = *(u64 *)(r10 - 8)\n*(u64 *)(r7 + 8) = r1\nr0 = 0\nexit"
    for name in type == .bloomFilter ? ["push", "peek"] : ["push", "pop", "peek"] {
      try object.program(name, "\(call)call bpf_map_\(name)_elem\n\(end)", kind: ProgramKind(type: .rawTracepoint))
    }
    return try KernelPair(object.file)
  }

  private struct Step {
    var program: String
    var value: UInt64 = 0
    var flags: UInt64 = 0
    var result: Int64 = 0
    /// The value afterwards.
    var after: Int64 = 0

    static func push(_ value: UInt64, flags: UInt64 = 0, _ result: Int64 = 0) -> Step {
      Step(program: "push", value: value, flags: flags, result: result, after: Int64(value))
    }
    static func pop(_ after: Int64, _ result: Int64 = 0) -> Step {
      Step(program: "pop", value: 77, result: result, after: after)
    }
    static func peek(_ after: Int64, _ result: Int64 = 0) -> Step {
      Step(program: "peek", value: 77, result: result, after: after)
    }
  }

  /// What fails leaves zeros. With `BPF_EXIST` a full container loses its oldest element.
  private static let steps: [MapType: [Step]] = [
    .queue: [
      .pop(0, -2), .peek(0, -2), .push(1), .peek(1), .push(2), .push(3, -7), .peek(1), .push(3, flags: 2), .pop(2),
      .pop(3), .pop(0, -2), .push(4, flags: 1, -22), .push(4, flags: 4, -22), .push(4, flags: 3, -22), .peek(0, -2),
    ],
    .stack: [
      .pop(0, -2), .push(1), .push(2), .peek(2), .push(3, -7), .push(3, flags: 2), .pop(3), .pop(2), .pop(0, -2),
      .push(4, flags: 1, -22), .push(4, flags: 1 << 32, -22),
    ],
    .bloomFilter: [
      Step(program: "peek", value: 5, result: -2, after: 5), .push(5), Step(program: "peek", value: 5, after: 5),
      .push(6, flags: 1, -22), .push(6, flags: 2, -22), Step(program: "peek", value: 6, result: -2, after: 6),
    ],
  ]

  @Test("elements come in and out as in Linux, with the same errors")
  func containers() throws {
    for (type, steps) in Self.steps {
      let pair = try pair(type)
      for (index, step) in steps.enumerated() {
        try pair.trace(step.program, [step.value, step.flags])
        let answer = try pair.element(of: "answer").memoryWords.map(Int64.init(bitPattern:))
        #expect(answer == [step.result, step.after], "\(type), step \(index)")
      }
    }
  }

  @Test("a helper that is not for the type of the map ends the program, and so does a wrong pointer")
  func refusals() throws {
    let lock = "r1 = value(array) ll\ncall bpf_spin_lock\n"
    let array = "r1 = map(array) ll\n", queue = "r1 = map(queue) ll\n", stack = "r2 = r10\nr2 += -8\n"
    let rows: [(name: String, text: String, message: String)] = [
      ("push", array + stack + "r3 = 0\ncall bpf_map_push_elem", "it takes maps of type queue, stack, bloom_filter"),
      ("pop", array + stack + "call bpf_map_pop_elem", "it takes maps of type queue, stack"),
      ("peek", array + stack + "call bpf_map_peek_elem", "it takes maps of type queue, stack, bloom_filter"),
      ("lookup", queue + stack + "call bpf_map_lookup_elem", "are only for"),
      ("percpu", array + stack + "r3 = 0\ncall bpf_map_lookup_percpu_elem", "it takes maps of type"),
      ("each", queue + "r2 = function(each) ll\nr3 = 0\nr4 = 0\ncall bpf_for_each_map_elem", "are only for"),
      ("each_number", array + "r2 = 8\nr3 = 0\nr4 = 0\ncall bpf_for_each_map_elem", "a function of the program"),
      ("each_result", array + "r2 = function(two) ll\nr3 = 0\nr4 = 0\ncall bpf_for_each_map_elem", "neither 0 nor 1"),
      ("loop_result", "r1 = 3\nr2 = function(two) ll\nr3 = 0\nr4 = 0\ncall bpf_loop", "neither 0 nor 1"),
      ("loop_number", "r1 = 3\nr2 = 8\nr3 = 0\nr4 = 0\ncall bpf_loop", "a function of the program"),
      ("no_map", "r1 = r10\n" + stack + "call bpf_map_lookup_elem", "a map"),
      ("no_key", array + "r2 = 8\ncall bpf_map_lookup_elem", "a key of 4 bytes"),
      ("short_key", array + "r2 = r10\nr2 += -3\ncall bpf_map_lookup_elem", "a key of 4 bytes"),
      ("no_value", array + stack + "r3 = 8\nr4 = 0\ncall bpf_map_update_elem", "a value of 8 bytes"),
      ("no_room", queue + "r2 = 8\ncall bpf_map_pop_elem", "room for a value of 8 bytes"),
      ("no_source", queue + "r2 = 8\nr3 = 0\ncall bpf_map_push_elem", "a value of 8 bytes"),
      ("frozen", "r1 = map(frozen) ll\n" + stack + "r3 = r2\nr4 = 0\ncall bpf_map_update_elem", "may not write"),
      ("frozen_delete", "r1 = map(frozen) ll\n" + stack + "call bpf_map_delete_elem", "may not write"),
      ("unlock", "r1 = value(array) ll\ncall bpf_spin_unlock", "this lock is not held"),
      ("unlock_other", lock + "r1 = value(array) ll\nr1 += 8\ncall bpf_spin_unlock", "this lock is not held"),
      ("lock_twice", lock + lock, "a lock is held already"),
      ("lock_nothing", "r1 = 8\ncall bpf_spin_lock", "4 writable"),
      ("long", "r1 = value(array) ll\nr2 = 17\nr3 = 0\ncall bpf_probe_read_kernel", "17 writable bytes"),
      ("negative", "r1 = value(array) ll\nr2 = -1\nr3 = 0\ncall bpf_probe_read_kernel", "which is no size"),
      ("long_text", "r1 = value(array) ll\nr2 = 17\nr3 = r1\ncall bpf_strncmp", "17 readable bytes"),
      ("no_format", "r1 = value(array) ll\nr2 = 8\nr3 = 8\nr4 = 0\nr5 = 0\ncall bpf_snprintf", "a format string"),
      ("no_task", "r1 = value(array) ll\nr2 = 8\nr3 = 0\nr4 = r1\nr5 = 0\ncall bpf_copy_from_user_task", "a task"),
      ("tail", "r1 = r9\nr2 = map(array) ll\nr3 = 0\ncall bpf_tail_call", "it takes maps of type prog_array"),
      ("no_tail", "r1 = r10\nr2 = map(programs) ll\nr3 = 0\ncall bpf_tail_call", "the program's context"),
    ]
    var object = AssembledObject()
    try object.map("array", .array, value: 8, entries: 2)
    try object.map("queue", .queue, key: 0, value: 8, entries: 2)
    try object.map("programs", .programArray, value: 4, entries: 2)
    try object.map("frozen", .hash, value: 8, entries: 2, flags: .readOnlyForPrograms)
    for row in rows {
      try object.call(
        row.name, "r1 = 0\n*(u64 *)(r10 - 8) = r1\n" + row.text,
        functions: [("each", "r0 = 0\nexit"), ("two", "r0 = 2\nexit")])
    }
    let pair = try KernelPair(object.file, isSimulatedOnly: true)
    for row in rows {
      let error = #expect(throws: MachineError.self, "\(row.name)") { try pair.call(row.name) }
      #expect(error?.message.contains(row.message) == true, "\(row.name): \(error?.message ?? "")")
    }
  }
}
