import BPFMaps
import BPFObject
import BPFSimulator
import Testing

/// Records that user space sends to programs.
@Suite struct UserRingBufferTests {
  private func loaded() throws -> (Machine, LoadedObject, UserRingBufferMap) {
    var object = AssembledObject()
    try object.map("requests", .userRingBuffer, key: 0, value: 0, entries: 4096)
    try object.map("seen", .array, value: 24, entries: 1)
    // The callback keeps the size and the first word of the record, counts, and ends the drain at the word 99.
    let callback = """
      r6 = r1
      r7 = r2
      call kfunc(bpf_dynptr_size)
      r8 = value(seen) ll
      r0 <<= 32
      r0 >>= 32
      *(u64 *)(r8 + 0) = r0
      r1 = *(u64 *)(r8 + 16)
      r1 += 1
      *(u64 *)(r8 + 16) = r1
      r1 = r8
      r1 += 8
      r2 = 8
      r3 = r6
      r4 = 0
      r5 = 0
      call bpf_dynptr_read
      r1 = *(u64 *)(r8 + 8)
      *(u64 *)(r7 + 0) = r1
      r0 = 0
      if r1 != 99 goto on
      r0 = 1
      on:
      exit
      """
    try object.call(
      "drain",
      "r1 = 0\n*(u64 *)(r10 - 8) = r1\nr1 = map(requests) ll\nr2 = function(callback) ll\nr3 = r10\nr3 += -8\n"
        + "r4 = *(u64 *)(r9 + 8)\ncall bpf_user_ringbuf_drain\nr1 = *(u64 *)(r10 - 8)\n*(u64 *)(r9 + 16) = r1",
      functions: [("callback", callback)])
    // A drain within a drain.
    try object.call(
      "nested", "r1 = map(requests) ll\nr2 = function(outer) ll\nr3 = 0\nr4 = 0\ncall bpf_user_ringbuf_drain",
      functions: [
        (
          "outer",
          "r1 = map(requests) ll\nr2 = function(inner) ll\nr3 = 0\nr4 = 0\ncall bpf_user_ringbuf_drain\n"
            + "r1 = value(seen) ll\n*(u64 *)(r1 + 0) = r0\nr0 = 0\nexit"
        ), ("inner", "r0 = 0\nexit"),
      ])
    // The record lies in memory that the program may look at and write.
    try object.call(
      "look", "r1 = map(requests) ll\nr2 = function(callback) ll\nr3 = 0\nr4 = 0\ncall bpf_user_ringbuf_drain",
      functions: [
        (
          "callback",
          "r2 = 1\nr3 = 2\ncall bpf_dynptr_data\nif r0 == 0 goto none\nr1 = *(u16 *)(r0 + 0)\nr2 = value(seen) ll\n"
            + "*(u64 *)(r2 + 8) = r1\nnone:\nr0 = 0\nexit"
        )
      ])
    let machine = try Machine()
    let loaded = try machine.load(object.file)
    #expect(loaded.isVerified)
    return (machine, loaded, try loaded.userRingBuffer("requests"))
  }

  private func drain(_ object: LoadedObject, flags: UInt64 = 0) throws -> Int64 {
    Int64(bitPattern: try object.run("drain", context: [0, flags, 0].flatMap(\.memoryBytes)).context.memoryWords[0])
  }

  private func seen(_ object: LoadedObject) throws -> [UInt64] {
    try object.map("seen").lookupElement([0, 0, 0, 0]).memoryWords
  }

  @Test("a drain gives the program each finished record in order, and says how many there were")
  func records() throws {
    let (_, object, buffer) = try loaded()
    #expect(try drain(object) == 0)
    for word: UInt64 in 1...3 { try buffer.send(word.memoryBytes) }
    #expect(try drain(object) == 3)
    #expect(try seen(object) == [8, 3, 3])
    // A record that is not finished holds up those behind it, one that was discarded does not and does not count.
    let open = try buffer.reserve(byteCount: 16)
    try buffer.send([7, 0, 0, 0, 0, 0, 0, 0, 1])
    #expect(try drain(object) == 0)
    buffer.discard(at: open)
    #expect(try drain(object) == 1)
    #expect(try seen(object) == [9, 7, 4])
    #expect(try drain(object) == 0)
  }

  @Test("a callback that wants no more leaves the rest for the next drain")
  func ending() throws {
    let (_, object, buffer) = try loaded()
    for word: UInt64 in [5, 99, 6] { try buffer.send(word.memoryBytes) }
    #expect(try drain(object) == 2)
    #expect(try drain(object) == 1)
    #expect(try seen(object) == [8, 6, 3])
  }

  @Test("a record that a program can look at is its own memory meanwhile")
  func memory() throws {
    let (_, object, buffer) = try loaded()
    try buffer.send([1, 2, 3])
    try object.run("look", context: [UInt8](repeating: 0, count: 8))
    #expect(try seen(object)[1] == 0x0302)
    try buffer.send([1, 2])
    try object.run("look", context: [UInt8](repeating: 0, count: 8))
    #expect(try seen(object)[1] == 0x0302, "two bytes from the second on are too many")
  }

  @Test("room is given back as records are drained, and records that are too long are refused")
  func room() throws {
    let (_, object, buffer) = try loaded()
    #expect(throws: MapError.self) { try buffer.send([UInt8](repeating: 0, count: 4089)) }
    for round in 0..<3 {
      for _ in 0..<256 { try buffer.send([UInt8](repeating: 1, count: 8)) }
      let error = #expect(throws: MapError.self) { try buffer.send([]) }
      #expect(error?.errno == .noSpace)
      #expect(try drain(object) == 256, "round \(round)")
    }
    // Around the end: a record stays in one piece.
    try buffer.send([UInt8](repeating: 3, count: 4000))
    #expect(try drain(object) == 1)
    try buffer.send([UInt8](repeating: 4, count: 400))
    #expect(try drain(object) == 1)
    #expect(try seen(object).prefix(2) == [400, 0x0404_0404_0404_0404])
  }

  @Test("flags say whether user space is told of the room")
  func wakeups() throws {
    let (_, object, buffer) = try loaded()
    #expect(try drain(object, flags: 4) == -22)
    #expect(try drain(object) == 0 && buffer.wakeupCount == 0)
    #expect(try drain(object, flags: 2) == 0 && buffer.wakeupCount == 1)
    for (flags, count) in [(1, 1), (0, 2), (2, 3)] as [(UInt64, Int)] {
      try buffer.send([1])
      #expect(try drain(object, flags: flags) == 1 && buffer.wakeupCount == count, "\(flags)")
    }
  }

  @Test("one drain at a time")
  func nesting() throws {
    let (_, object, buffer) = try loaded()
    try buffer.send([1])
    let words = try object.run("nested", context: [UInt8](repeating: 0, count: 8)).context.memoryWords
    #expect(words[0] == 1)
    #expect(try seen(object)[0] == UInt64(bitPattern: -16))
  }

  @Test("a map that is no such buffer is not given out as one, and takes no elements")
  func wrongMap() throws {
    let (_, object, buffer) = try loaded()
    #expect(throws: MachineError.self) { try object.userRingBuffer("seen") }
    #expect(throws: MapError.self) { try buffer.updateElement([], to: []) }
    #expect(throws: MapError.self) { try buffer.lookupElement([]) }
  }
}
