import BPFObject
import BPFSimulator
import Testing

/// Strings compared, and numbers read from text, by both kernels.
@Suite struct StringHelperTests {
  @Test("strings are compared up to the first zero byte or the size")
  func comparison() throws {
    let rows: [(first: [UInt8], size: Int, second: String, result: Int64)] = [
      (Array("abc\0".utf8), 4, "abc", 0), (Array("abc\0".utf8), 4, "abd", -1), (Array("abd\0".utf8), 4, "abc", 1),
      (Array("abc\0".utf8), 4, "ab", 1), (Array("ab\0x".utf8), 4, "abc", -1), (Array("abcx".utf8), 3, "abcy", 0),
      (Array("abcx".utf8), 3, "abc", 0), (Array("\0zzz".utf8), 4, "", 0), (Array("a".utf8), 1, "abc", 0),
      ([0xff, 0], 2, "a", 1), ([0x80], 1, "\u{7f}", 1), (Array("a".utf8), 1, "", 1), ([0], 1, "a", -1),
    ]
    var object = AssembledObject()
    var (firsts, seconds): ([UInt8], [UInt8]) = ([], [])
    for (index, row) in rows.enumerated() {
      try object.call(
        "compare_\(index)",
        """
        r1 = value(first) ll
        r1 += \(firsts.count)
        r2 = \(row.size)
        r3 = value(.rodata) ll
        r3 += \(seconds.count)
        call bpf_strncmp
        r0 <<= 32
        r0 s>>= 32
        """)
      firsts += row.first
      seconds += Array(row.second.utf8) + [0]
    }
    try object.map("first", .array, value: UInt32(firsts.count), entries: 1)
    object.fill("first", with: firsts)
    try object.map(".rodata", .array, value: UInt32(seconds.count), entries: 1, flags: .readOnlyForPrograms)
    object.fill(".rodata", with: seconds, isReadOnly: true)
    let pair = try KernelPair(object.file)
    for (index, row) in rows.enumerated() {
      #expect(try pair.call("compare_\(index)")[0] == row.result, "\(row)")
    }
  }

  private struct Row {
    var text: [UInt8]
    var flags: UInt64
    /// What `bpf_strtol` and `bpf_strtoul` return, and the numbers.
    var signed: (result: Int64, value: Int64)
    var unsigned: (result: Int64, value: UInt64)

    init(_ text: String, base flags: UInt64 = 0, _ count: Int64, _ value: UInt64) {
      self.init(text, flags, signed: (count, Int64(bitPattern: value)), unsigned: (count, value))
    }

    init(_ text: String, _ flags: UInt64 = 0, signed: (Int64, Int64), unsigned: (Int64, UInt64)) {
      self.text = text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
      (self.flags, self.signed, self.unsigned) = (flags, signed, unsigned)
    }

    static func refused(_ text: String, _ flags: UInt64 = 0, errno: Int64) -> Row {
      Row(text, flags, signed: (-errno, 0), unsigned: (-errno, 0))
    }
  }

  private static let numbers: [Row] = [
    Row("0", 1, 0), Row("7", 1, 7), Row("123", 3, 123), Row("123abc", 3, 123), Row("12 34", 2, 12), Row("  42", 4, 42),
    Row(" \t\n\u{b}\u{c}\r42", 8, 42), Row("\u{a0}5", 2, 5), Row("12\0" + "34", 2, 12),
    // Bases.
    Row("0x1f", 4, 31), Row("0X1F", 4, 31), Row("017", 3, 15), Row("08", 1, 0), Row("0x", 1, 0), Row("0xg", 1, 0),
    Row("11", base: 8, 2, 9), Row("18", base: 8, 1, 1), Row("0x10", base: 8, 1, 0), Row("010", base: 10, 3, 10),
    Row("0x10", base: 10, 1, 0),
    Row("ff", base: 16, 2, 255), Row("0xff", base: 16, 4, 255), Row("0XfF", base: 16, 4, 255), Row("0", base: 16, 1, 0),
    .refused("0x", 16, errno: 22), .refused("0xg", 16, errno: 22), .refused("8", 8, errno: 22),
    .refused("g", 16, errno: 22), .refused("1", 2, errno: 22), .refused("1", 1, errno: 22),
    .refused("1", 31, errno: 22),
    .refused("1", 32, errno: 22), .refused("1", 42, errno: 22), .refused("1", 1 << 32, errno: 22),
    // Signs.
    Row("-5", signed: (2, -5), unsigned: (-22, 0)), Row("-0", signed: (2, 0), unsigned: (-22, 0)),
    Row(" -0x10", signed: (6, -16), unsigned: (-22, 0)), Row("-7", 8, signed: (2, -7), unsigned: (-22, 0)),
    .refused("+5", errno: 22), .refused("--5", errno: 22), .refused("- 5", errno: 22), .refused("-", errno: 22),
    .refused("", errno: 22), .refused("abc", errno: 22), .refused("   ", errno: 22), .refused("x1", errno: 22),
    // Limits.
    Row("9223372036854775807", 19, UInt64(Int64.max)),
    Row("9223372036854775808", signed: (-34, 0), unsigned: (19, 1 << 63)),
    Row("-9223372036854775808", signed: (20, .min), unsigned: (-22, 0)),
    Row("-9223372036854775809", signed: (-34, 0), unsigned: (-22, 0)),
    Row("18446744073709551615", signed: (-34, 0), unsigned: (20, .max)),
    .refused("18446744073709551616", errno: 34), .refused("0x10000000000000000", errno: 34),
    Row("0xffffffffffffffff", signed: (-34, 0), unsigned: (18, .max)),
    Row(String(repeating: "0", count: 70) + "5", base: 10, 63, 0),
  ]

  @Test("text becomes the same number, takes the same number of characters, or ends in the same error")
  func numbers() throws {
    var object = AssembledObject()
    try object.map("text", .array, value: 128, entries: 1)
    for name in ["bpf_strtol", "bpf_strtoul"] {
      // The context is: result, number, size, flags.
      try object.call(
        name,
        """
        r2 = *(u64 *)(r9 + 16)
        r0 = 0
        if r2 s< 1 goto done
        if r2 s> 128 goto done
        r4 = 77
        *(u64 *)(r10 - 8) = r4
        r1 = value(text) ll
        r3 = *(u64 *)(r9 + 24)
        r4 = r10
        r4 += -8
        call \(name)
        r1 = *(u64 *)(r10 - 8)
        *(u64 *)(r9 + 8) = r1
        done:
        """)
    }
    let pair = try KernelPair(object.file)
    for row in Self.numbers {
      try pair.update("text", to: row.text + [UInt8](repeating: 0, count: 128 - row.text.count))
      let label: Comment = "\(String(decoding: row.text, as: UTF8.self).debugDescription), \(row.flags)"
      let words: [UInt64] = [0, 0, UInt64(max(row.text.count, 1)), row.flags]
      #expect(try Array(pair.call("bpf_strtol", words).prefix(2)) == [row.signed.result, row.signed.value], label)
      let unsigned = try pair.call("bpf_strtoul", words)
      #expect(unsigned[0] == row.unsigned.result && UInt64(bitPattern: unsigned[1]) == row.unsigned.value, label)
    }
  }
}
