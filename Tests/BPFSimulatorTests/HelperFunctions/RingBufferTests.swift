import BPFMaps
import BPFObject
import BPFSimulator
import Testing

@Suite struct RingBufferTests {
  private func object() throws -> ObjectFile {
    var object = AssembledObject()
    try object.map("events", .ringBuffer, key: 0, value: 0, entries: 4096)
    try object.map("array", .array)
    // The context of each is: what goes in, the result.
    try object.program(
      "output",
      """
      r6 = r1
      r1 = map(events) ll
      r0 = 0
      r3 = *(u64 *)(r6 + 0)
      *(u64 *)(r10 - 8) = r3
      r2 = r10
      r2 += -8
      if r3 > 8 goto out
      r4 = *(u64 *)(r6 + 8)
      call bpf_ringbuf_output
      out:
      exit
      """)
    for finish in ["submit", "discard"] {
      try object.program(
        finish,
        """
        r6 = r1
        r1 = map(events) ll
        r2 = 8
        r3 = *(u64 *)(r6 + 8)
        call bpf_ringbuf_reserve
        if r0 == 0 goto out
        r1 = *(u64 *)(r6 + 0)
        *(u64 *)(r0 + 0) = r1
        r1 = r0
        r2 = 0
        call bpf_ringbuf_\(finish)
        r0 = 1
        out:
        exit
        """)
    }
    try object.program(
      "query", "r2 = *(u64 *)(r1 + 0)\nr1 = map(events) ll\ncall bpf_ringbuf_query\nexit")
    let reserve = "r1 = map(events) ll\nr2 = 8\nr3 = 0\ncall bpf_ringbuf_reserve\n"
    try object.program("leak", reserve + "r0 = 0\nexit")
    try object.program("overrun", reserve + "r1 = 1\n*(u64 *)(r0 + 8) = r1\nr0 = 0\nexit")
    try object.program(
      "late", reserve + "r6 = r0\nr1 = r6\nr2 = 0\ncall bpf_ringbuf_submit\nr1 = 1\n*(u64 *)(r6 + 0) = r1\nr0 = 0\nexit"
    )
    try object.program(
      "twice",
      reserve + "r6 = r0\nr1 = r6\nr2 = 0\ncall bpf_ringbuf_submit\nr1 = r6\nr2 = 0\ncall bpf_ringbuf_discard\nexit")
    try object.program("wrong_type", "r1 = map(array) ll\nr2 = 8\nr3 = 0\ncall bpf_ringbuf_reserve\nr0 = 0\nexit")
    try object.program(
      "lookup", "r1 = map(events) ll\nr2 = r10\nr2 += -8\ncall bpf_map_lookup_elem\nr0 = 0\nexit")
    return object.file
  }

  private func loaded(
    _ verification: ProgramVerification = .standard
  ) throws -> (Machine, LoadedObject, RingBufferMap) {
    let machine = try Machine()
    let object = try machine.load(
      object(), verification, misuses: ["leak", "overrun", "late", "twice", "wrong_type", "lookup"])
    return (machine, object, try object.ringBuffer("events"))
  }

  private func result(_ object: LoadedObject, _ program: String, _ words: UInt64...) throws -> Int64 {
    Int64(bitPattern: try object.run(program, context: words.flatMap(\.memoryBytes)).result)
  }

  @Test("records come out in the order in which they were reserved, discarded ones not")
  func records() throws {
    let (_, object, buffer) = try loaded()
    #expect(try result(object, "output", 8, 0) == 0)
    #expect(try result(object, "submit", 7, 0) == 1)
    #expect(try result(object, "discard", 9, 0) == 1)
    #expect(try result(object, "submit", 10, 0) == 1)
    #expect(try buffer.takeRecords().map(\.memoryWords) == [[8], [7], [10]])
    #expect(try buffer.takeRecords().isEmpty)
  }

  @Test("flags and a full buffer give the errors of Linux")
  func errors() throws {
    let (_, object, buffer) = try loaded()
    #expect(try result(object, "output", 8, 4) == -22)
    #expect(try result(object, "submit", 1, 1) == 0)
    // A record of 8 bytes takes 16 with its header; one byte of the buffer always stays free.
    for _ in 0..<255 { #expect(try result(object, "output", 8, 0) == 0) }
    #expect(try result(object, "output", 8, 0) == -11)
    #expect(try result(object, "submit", 1, 0) == 0)
    #expect(try result(object, "query", 0) == 4080)
    #expect(try result(object, "query", 1) == 4096)
    #expect(try buffer.takeRecords(limit: 1).count == 1)
    #expect(try result(object, "query", 2) == 16)
    #expect(try result(object, "query", 3) == 4080)
    #expect(try result(object, "query", 4) == 0)
    #expect(try result(object, "output", 8, 1) == 0)
  }

  @Test(
    "what the verifier refuses ends the run",
    arguments: [
      ("leak", "1 record(s) of a ring buffer neither submitted nor discarded"),
      ("overrun", "the end of a record of ring buffer 'events'"),
      ("late", "invalid write"),
      ("twice", "bpf_ringbuf_discard: argument 1"),
      ("wrong_type", "map 'array' is of type array: it takes maps of type ringbuf"),
      ("lookup", "maps of type ringbuf are only for"),
    ])
  func refusals(program: String, message: String) throws {
    let (machine, object, buffer) = try loaded(.none)
    #expect(throws: MachineError.self) { try object.run(program) }
    #expect(machine.faults.last?.message.contains(message) == true, "\(machine.faults.last?.message ?? "")")
    // What the program has left open is discarded, so that the buffer goes on.
    #expect(try result(object, "submit", 5, 0) == 1)
    #expect(try buffer.takeRecords().last?.memoryWords == [5])
  }

  @Test("a map that is no ring buffer is not given out as one")
  func wrongMap() throws {
    let (_, object, _) = try loaded()
    #expect(throws: MachineError.self) { try object.ringBuffer("array") }
  }
}
