import BPFObject
import BPFSimulator
import Testing

/// Tail calls and the trace log, in both kernels.
@Suite struct TailCallTests {
  @Test("a tail call goes on in the other program, at most 33 times, and fails where there is none")
  func tailCalls() throws {
    var object = AssembledObject()
    // Words of the answer: entries, the result of a call that failed, entries of the other program.
    try object.map("answer", .array, value: 24, entries: 1)
    try object.map("programs", .programArray, value: 4, entries: 4)
    object.fillSlots(of: "programs", with: [0: "enter", 2: "other"])
    let kind = ProgramKind(type: .rawTracepoint)
    func count(_ offset: Int) -> String {
      "r7 = value(answer) ll\nr1 = *(u64 *)(r7 + \(offset))\nr1 += 1\n*(u64 *)(r7 + \(offset)) = r1\n"
    }
    try object.program(
      "enter",
      "r6 = r1\n\(count(0))r1 = r6\nr2 = map(programs) ll\nr3 = *(u64 *)(r6 + 0)\ncall bpf_tail_call\n"
        + "r7 = value(answer) ll\nr1 = 1\n*(u64 *)(r7 + 8) = r1\nr0 = 0\nexit", kind: kind)
    try object.program("other", "\(count(16))r0 = 0\nexit", kind: kind)
    let pair = try KernelPair(object.file)
    let rows: [(index: UInt64, answer: [UInt64])] = [
      (0, [34, 1, 0]), (1, [1, 1, 0]), (2, [1, 0, 1]), (3, [1, 1, 0]), (4, [1, 1, 0]), (0xffff_ffff, [1, 1, 0]),
      (1 << 32 | 2, [1, 0, 1]),
    ]
    for row in rows {
      try pair.update("answer", to: [UInt8](repeating: 0, count: 24))
      try pair.trace("enter", [row.index])
      #expect(try pair.element(of: "answer").memoryWords == row.answer, "\(row.index)")
    }
  }

  @Test("a tail call to a program of another type fails, and none leaves anything open")
  func otherType() throws {
    var object = AssembledObject()
    try object.map("programs", .programArray, value: 4, entries: 2)
    object.fillSlots(of: "programs", with: [0: "traced"])
    try object.program("traced", "r0 = 7\nexit", kind: ProgramKind(type: .rawTracepoint))
    let jump = "r2 = map(programs) ll\nr3 = 0\ncall bpf_tail_call\n"
    try object.call("cross", "r1 = r9\n" + jump)
    try object.call("open", "call kfunc(bpf_rcu_read_lock)\nr1 = r9\n" + jump)
    let pair = try KernelPair(object.file, isSimulatedOnly: true)
    #expect(try pair.call("cross") == [-22])
    let error = #expect(throws: MachineError.self) { try pair.call("open") }
    #expect(error?.message.contains("the called program cannot close what is open") == true, "\(error?.message ?? "")")
  }

  @Test("lines of the trace log have up to three values, or an array of them; wrong formats print nothing")
  func traceLog() throws {
    var object = AssembledObject()
    try object.map("format", .array, value: 64, entries: 1)
    // The context is: result, the size of the format, three values, the size of the values.
    let size = "r2 = *(u64 *)(r9 + 8)\nr0 = 0\nif r2 s< 1 goto done\nif r2 s> 64 goto done\nr1 = value(format) ll\n"
    try object.call(
      "print",
      "\(size)r3 = *(u64 *)(r9 + 16)\nr4 = *(u64 *)(r9 + 24)\nr5 = *(u64 *)(r9 + 32)\ncall bpf_trace_printk\ndone:")
    var stores = ""
    for slot in 0..<3 { stores += "r3 = *(u64 *)(r9 + \(16 + 8 * slot))\n*(u64 *)(r10 - \(24 - 8 * slot)) = r3\n" }
    try object.call(
      "print_array",
      "\(stores)\(size)r4 = *(u64 *)(r9 + 40)\nif r4 s< 0 goto done\nif r4 s> 24 goto done\nr3 = r10\nr3 += -24\n"
        + "call bpf_trace_vprintk\ndone:")
    let pair = try KernelPair(object.file)
    let rows: [(format: String, size: UInt64, result: Int64, text: String?)] = [
      ("merops test", 12, 11, "merops test"), ("merops %d %x", 13, 11, "merops 1 ff"),
      ("merops %d\n", 11, 9, "merops 1"),
      ("%d %d %llu", 11, 26, "1 255 18446744073709551615"), ("\n", 2, 1, ""), ("", 1, 0, ""), ("unended", 7, -22, nil),
      ("%d %d %d %d", 12, -22, nil), ("%q", 3, -22, nil), ("%", 2, -22, nil), ("shorter\0 %q", 12, 7, "shorter"),
    ]
    for row in rows {
      let bytes = Array(row.format.utf8)
      try pair.update("format", to: bytes + [UInt8](repeating: 0, count: 64 - bytes.count))
      for (program, size) in [("print", 0), ("print_array", 24)] as [(String, UInt64)] {
        let before = pair.machine.traceLog.count
        let result = try pair.call(program, [0, row.size, 1, 255, .max, size])[0]
        let text = row.text.map { [$0] } ?? []
        #expect(Array(pair.machine.traceLog.dropFirst(before)) == text, "\(program) \(row)")
        if row.text != nil {
          #expect(result >= 0, "\(program) \(row)")
        } else {
          #expect(result == -22, "\(program) \(row)")
        }
        #expect(result == row.result, "\(program) \(row)")
      }
    }
    // The size of an array is a multiple of a value's, and enough for the format.
    try pair.update("format", to: Array("%d".utf8) + [UInt8](repeating: 0, count: 62))
    for (size, result) in [(0, -22), (8, 1), (12, -22), (7, -22), (16, 1)] as [(UInt64, Int64)] {
      #expect(try pair.call("print_array", [0, 3, 5, 6, 7, size])[0] == result, "\(size)")
    }
  }
}
