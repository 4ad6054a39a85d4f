import BPFMaps
import BPFObject
import BPFSimulator
import Testing

/// Dynptrs, in both kernels.
@Suite struct DynptrTests {
  /// Kernel functions that return an `int` leave the upper half of r0 open.
  private static let narrow = "r0 <<= 32\nr0 s>>= 32\n"

  /// A dynptr at r10 - 16 to the first 16 bytes of the map's value, with flags from word 1 of the context, narrowed to what
  /// words 2 and 3 say.
  private static func make(at place: Int = 16, of byteCount: Int = 16) -> String {
    """
    r1 = value(data) ll
    r2 = \(byteCount)
    r3 = *(u64 *)(r9 + 8)
    r4 = r10
    r4 += -\(place)
    call bpf_dynptr_from_mem
    *(u64 *)(r9 + 72) = r0
    r1 = r10
    r1 += -\(place)
    r2 = *(u64 *)(r9 + 16)
    r3 = *(u64 *)(r9 + 24)
    call kfunc(bpf_dynptr_adjust)
    \(narrow)*(u64 *)(r9 + 64) = r0

    """
  }

  private static let first = "r1 = r10\nr1 += -16\n"

  private func pair() throws -> KernelPair {
    var object = AssembledObject()
    try object.map("data", .array, value: 32, entries: 1)
    try object.map("events", .ringBuffer, key: 0, value: 0, entries: 4096)
    let keep = "*(u64 *)(r9 + 56) = r0\n"
    try object.call(
      "ask",
      Self.make() + "\(Self.first)call kfunc(bpf_dynptr_is_null)\nr0 &= 255\n*(u64 *)(r9 + 32) = r0\n"
        + "\(Self.first)call kfunc(bpf_dynptr_is_rdonly)\nr0 &= 255\n*(u64 *)(r9 + 40) = r0\n"
        + "\(Self.first)call kfunc(bpf_dynptr_size)\n\(Self.narrow)")
    // Words 4 and 5 are the offset and the flags.
    try object.call(
      "read",
      Self.make() + "r1 = -1\n*(u64 *)(r10 - 24) = r1\nr1 = r10\nr1 += -24\nr2 = 8\nr3 = r10\nr3 += -16\n"
        + "r4 = *(u64 *)(r9 + 32)\nr5 = *(u64 *)(r9 + 40)\ncall bpf_dynptr_read\nr1 = *(u64 *)(r10 - 24)\n"
        + "*(u64 *)(r9 + 56) = r1")
    try object.call(
      "write",
      Self.make()
        + "r1 = 0x1122334455667788 ll\n*(u64 *)(r10 - 24) = r1\n\(Self.first)r2 = *(u64 *)(r9 + 32)\nr3 = r10\n"
        + "r3 += -24\nr4 = 8\nr5 = *(u64 *)(r9 + 40)\ncall bpf_dynptr_write")
    for (name, call) in [
      ("data", "r3 = 8\ncall bpf_dynptr_data"),
      ("slice", "r3 = r10\nr3 += -24\nr4 = 8\ncall kfunc(bpf_dynptr_slice)"),
    ] {
      let offset = name == "data" ? "r2 = 4\n" : "r2 = *(u64 *)(r9 + 32)\n"
      try object.call(
        name,
        Self.make() + "\(Self.first)\(offset)\(call)\nif r0 == 0 goto none\nr0 = *(u64 *)(r0 + 0)\n\(keep)r0 = 1\nnone:"
      )
    }
    // Word 4 is the offset, word 5 the size, word 6 the byte.
    try object.call(
      "fill",
      Self.make() + "\(Self.first)r2 = *(u64 *)(r9 + 32)\nr3 = *(u64 *)(r9 + 40)\nr4 = *(u64 *)(r9 + 48)\n"
        + "call kfunc(bpf_dynptr_memset)\n\(Self.narrow)")
    // From the narrowed one (word 5 is the offset) to a second one of 32 bytes (word 4 is the offset), by so many bytes.
    let second =
      "r1 = value(data) ll\nr2 = 32\nr3 = 0\nr4 = r10\nr4 += -32\ncall bpf_dynptr_from_mem\n"
    try object.call(
      "copy",
      Self.make() + second
        + "r1 = r10\nr1 += -32\nr2 = *(u64 *)(r9 + 32)\nr3 = r10\nr3 += -16\nr4 = *(u64 *)(r9 + 40)\n"
        + "r5 = *(u64 *)(r9 + 48)\ncall kfunc(bpf_dynptr_copy)\n\(Self.narrow)")
    try object.call(
      "copy_back",
      Self.make() + second + "\(Self.first)r2 = *(u64 *)(r9 + 32)\nr3 = r10\nr3 += -32\nr4 = *(u64 *)(r9 + 40)\n"
        + "r5 = *(u64 *)(r9 + 48)\ncall kfunc(bpf_dynptr_copy)\n\(Self.narrow)")
    // The clone stays what it was when the first is narrowed.
    try object.call(
      "clone",
      Self.make()
        + "\(Self.first)r2 = r10\nr2 += -32\ncall kfunc(bpf_dynptr_clone)\n\(Self.narrow)*(u64 *)(r9 + 32) = r0\n"
        + "\(Self.first)r2 = 1\nr3 = 2\ncall kfunc(bpf_dynptr_adjust)\nr1 = r10\nr1 += -32\ncall kfunc(bpf_dynptr_size)\n\(Self.narrow)"
    )
    // Word 4 is the offset, word 5 the size, word 6 the address.
    for name in Self.copies {
      try object.call(
        name,
        Self.make() + "\(Self.first)r2 = *(u64 *)(r9 + 32)\nr3 = *(u64 *)(r9 + 40)\nr4 = *(u64 *)(r9 + 48)\n"
          + "call kfunc(bpf_\(name)_dynptr)\n\(Self.narrow)")
    }
    for end in ["submit", "discard"] {
      // Word 1 is the size, word 2 the flags.
      try object.call(
        "record_\(end)",
        "r2 = *(u64 *)(r9 + 8)\nr1 = map(events) ll\nr3 = *(u64 *)(r9 + 16)\nr4 = r10\nr4 += -16\n"
          + "call bpf_ringbuf_reserve_dynptr\n*(u64 *)(r9 + 24) = r0\nr1 = 0x1234\n*(u64 *)(r10 - 24) = r1\n"
          + "\(Self.first)r2 = 0\nr3 = r10\nr3 += -24\nr4 = 8\nr5 = 0\ncall bpf_dynptr_write\n*(u64 *)(r9 + 32) = r0\n"
          + "\(Self.first)r2 = 0\ncall bpf_ringbuf_\(end)_dynptr\nr0 = 0")
    }
    let pair = try KernelPair(object.file)
    #expect(pair.simulated.isVerified)
    return pair
  }

  private static let copies = ["probe_read_user", "probe_read_user_str", "copy_from_user"]
  private static let bytes = (1...32).map { UInt8($0) }

  /// Runs a program on arguments, with the bytes 1 to 32 in the map; the words and the bytes that it leaves.
  private func call(
    _ pair: KernelPair, _ program: String, _ arguments: UInt64..., sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> (words: [Int64], bytes: [UInt8]) {
    try pair.update("data", to: Self.bytes)
    let words = [0] + arguments + [UInt64](repeating: 0, count: 9 - arguments.count)
    let after = try pair.call(program, words, sourceLocation: sourceLocation)
    return (after, try pair.element(of: "data", sourceLocation: sourceLocation))
  }

  @Test("a dynptr is made with no flags, is narrowed to what lies within, and tells its size")
  func shape() throws {
    let pair = try pair()
    #expect(try call(pair, "ask", 0, 0, 16).words == [16, 0, 0, 16, 0, 0, 0, 0, 0, 0])
    #expect(try call(pair, "ask", 0, 3, 8).words[0] == 5)
    #expect(try call(pair, "ask", 0, 16, 16).words[0] == 0)
    for (start, end, error) in [(0, 17, -34), (17, 17, -34), (9, 8, -22)] as [(UInt64, UInt64, Int64)] {
      let words = try call(pair, "ask", 0, start, end).words
      #expect(words[8] == error && words[0] == 16, "\(start) \(end)")
    }
    // With flags it is null.
    #expect(try call(pair, "ask", 1, 0, 1).words == [-22, 1, 0, 1, 1, 0, 0, 0, -22, -22])
  }

  @Test("bytes are read and written within the bounds alone, and without flags")
  func bounds() throws {
    let pair = try pair()
    #expect(try call(pair, "read", 0, 2, 16, 1).words[7] == 0x0b0a_0908_0706_0504)
    #expect(try call(pair, "read", 0, 2, 16, 7).words[0] == -7)
    #expect(try call(pair, "read", 0, 2, 16, 1 << 32 | 1).words[0] == 0)
    #expect(try call(pair, "read", 0, 0, 16, 0, 1).words[0] == -22)
    #expect(try call(pair, "read", 1, 0, 16, 0).words[0] == -22)
    let written = try call(pair, "write", 0, 2, 16, 6)
    #expect(written.words[0] == 0)
    #expect(
      Array(written.bytes[8..<16]) == [0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11] && written.bytes[16] == 17)
    for (start, offset, flags, error) in [(2, 7, 0, -7), (0, 0, 1, -22), (9, 0, 0, -7)]
      as [(UInt64, UInt64, UInt64, Int64)]
    {
      let outcome = try call(pair, "write", 0, start, 16, offset, flags)
      #expect(outcome.words[0] == error && outcome.bytes == Self.bytes, "\(start) \(offset) \(flags)")
    }
    #expect(try call(pair, "write", 1, 0, 16, 0).words[0] == -22)
  }

  @Test("memory of a dynptr is had where all of it lies within")
  func memory() throws {
    let pair = try pair()
    #expect(try call(pair, "data", 0, 1, 16).words[7] == 0x0d0c_0b0a_0908_0706)
    #expect(try call(pair, "data", 0, 5, 16).words[0] == 0)
    #expect(try call(pair, "slice", 0, 1, 16, 7).words[7] == 0x100f_0e0d_0c0b_0a09)
    #expect(try call(pair, "slice", 0, 1, 16, 8).words[0] == 0)
    #expect(try call(pair, "slice", 1, 0, 16, 0).words[0] == 0)
  }

  @Test("bytes are filled and copied, a clone goes its own way")
  func copies() throws {
    let pair = try pair()
    let filled = try call(pair, "fill", 0, 2, 8, 1, 3, 0xabc)
    #expect(filled.words[0] == 0 && Array(filled.bytes.prefix(8)) == [1, 2, 3, 0xbc, 0xbc, 0xbc, 7, 8])
    for (offset, size, result) in [(0, 6, 0), (6, 0, 0), (0, 7, -7), (7, 0, -7), (1, 6, -7)]
      as [(UInt64, UInt64, Int64)]
    {
      #expect(try call(pair, "fill", 0, 2, 8, offset, size, 1).words[0] == result, "\(offset) \(size)")
    }
    _ = try call(pair, "fill", 1, 0, 8, 0, 1, 1)
    let copied = try call(pair, "copy", 0, 2, 8, 16, 1, 5)
    #expect(copied.words[0] == 0 && Array(copied.bytes[16..<22]) == [4, 5, 6, 7, 8, 22])
    for (target, source, size, result) in [
      (28, 0, 5, -7), (0, 2, 5, -7), (27, 1, 5, 0), (33, 0, 0, -7), (32, 0, 0, 0),
    ] as [(UInt64, UInt64, UInt64, Int64)] {
      #expect(try call(pair, "copy", 0, 2, 8, target, source, size).words[0] == result, "\(target) \(source) \(size)")
    }
    // Null ones, with places within and not.
    for program in ["copy", "copy_back"] {
      for (target, source, size) in [(0, 0, 4), (0, 40, 4), (40, 0, 4), (0, 0, 0)] as [(UInt64, UInt64, UInt64)] {
        _ = try call(pair, program, 1, 0, 16, target, source, size)
      }
    }
    #expect(try call(pair, "clone", 0, 2, 8).words[0] == 6)
    #expect(try call(pair, "clone", 1, 0, 8).words[4] == -22)
  }

  @Test("memory of user space is read into a dynptr, up to its bounds")
  func userMemory() throws {
    let pair = try pair()
    let text = "merops"
    let place = try #require(pair.task.memory).map(string: text)
    let other = UserText(text)
    func read(_ program: String, _ flags: UInt64, _ offset: UInt64, _ size: UInt64, at address: UInt64? = nil) throws
      -> (Int64, [UInt8])
    {
      try pair.update("data", to: Self.bytes)
      func words(_ place: UInt64) -> [UInt64] { [0, flags, 2, 12, offset, size, address ?? place, 0, 0, 0] }
      let result = try pair.call(program, words(place), running: words(other.address))[0]
      return (result, try pair.element(of: "data"))
    }
    for program in Self.copies {
      let isString = program.hasSuffix("str")
      let whole = try read(program, 0, 1, 7)
      #expect(whole.0 == (isString ? 7 : 0), "\(program)")
      #expect(Array(whole.1[2..<11]) == [3] + Array(text.utf8) + [0, 11], "\(program)")
      let cut = try read(program, 0, 0, 3)
      #expect(cut.0 == (isString ? 3 : 0) && Array(cut.1[2..<6]) == Array((isString ? "me\0" : "mer").utf8) + [6])
      for (offset, size) in [(4, 7), (0, 11), (11, 0)] as [(UInt64, UInt64)] {
        let outcome = try read(program, 0, offset, size)
        #expect(outcome.0 == -7 && outcome.1 == Self.bytes, "\(program) \(offset) \(size)")
      }
      #expect(try read(program, 0, 10, 0).0 == 0, "\(program)")
      #expect(try read(program, 1, 0, 1).0 == -7, "\(program): a null dynptr has no bytes")
      #expect(try read(program, 0, 0, 4, at: 8).0 == -14, "\(program)")
    }
  }

  @Test("a record of a ring buffer is written through a dynptr, whose size need not be known before")
  func records() throws {
    let pair = try pair()
    let buffer = try pair.simulated.ringBuffer("events")
    func call(_ program: String, _ size: UInt64, _ flags: UInt64 = 0) throws -> [Int64] {
      Array(try pair.call(program, [0, size, flags, 0, 0])[3...4])
    }
    #expect(try call("record_submit", 12) == [0, 0])
    #expect(try call("record_discard", 8) == [0, 0])
    #expect(try call("record_submit", 4) == [0, -7])
    #expect(try buffer.takeRecords() == [[0x34, 0x12] + [UInt8](repeating: 0, count: 10), [0, 0, 0, 0]])
    #expect(try call("record_submit", 8, 1) == [-22, -22])
    #expect(try call("record_submit", 1 << 24) == [-7, -22])
    #expect(try call("record_submit", 1 << 20) == [-22, -22])
    #expect(try buffer.takeRecords().isEmpty)
  }
}
