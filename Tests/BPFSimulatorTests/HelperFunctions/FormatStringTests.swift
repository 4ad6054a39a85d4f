import BPFLinux
import BPFObject
import BPFSimulator
import SystemPackage
import Testing

/// Formats with values, and the text that comes of them; what the running kernel makes of them has to be the same.
@Suite struct FormatStringTests {
  private enum Value {
    case word(UInt64)
    /// A string or other bytes in the kernel's memory.
    case bytes([UInt8])
    /// A string in the caller's memory.
    case user(String)

    static func text(_ text: String) -> Value { .bytes(Array(text.utf8)) }
  }

  private struct Row {
    var format: String
    var values: [Value]
    /// The text, or `nil` where the format is refused.
    var text: String?
    /// The length that is returned, when it is not the text's with its zero byte.
    var result: Int64?
    var size = 96

    init(_ format: String, _ values: [Value], _ text: String?, result: Int64? = nil, size: Int = 96) {
      (self.format, self.values, self.text, self.result, self.size) = (format, values, text, result, size)
    }
  }

  private static let minusOne = Value.word(.max)
  private static let big = Value.word(0x1234_5678_9abc_def0)
  private static let long = String(repeating: "x", count: 300)

  private static let rows: [Row] = [
    // Text.
    Row("", [], ""), Row("plain", [], "plain"), Row("100%%", [], "100%"), Row("%%d", [], "%d"),
    Row("a\tb\nc\r\u{b}\u{c}", [], "a\tb\nc\r\u{b}\u{c}"), Row("caf\u{e9}", [], "caf\u{fffd}"),
    Row("\u{80}\u{9f}\u{a0}\u{ff}", [], "\u{fffd}\u{fffd}\u{fffd}\u{fffd}"), Row("%\u{e9}", [.word(0)], nil),
    Row("%s\u{e9}", [.text("x")], nil), Row("%s\u{a0}", [.text("x")], "x\u{fffd}"),
    Row("%s\u{b7}", [.text("x")], "x\u{fffd}"),
    Row("%p\u{e9}", [.word(0)], nil), Row("%p\u{a0}", [.word(0)], "0000000000000000\u{fffd}"),
    Row("%s\u{85}", [.text("x")], nil),
    Row("%px\u{e9}", [.word(0)], "0000000000000000"), Row("%px\u{85}", [.word(0)], "0000000000000000\u{fffd}"),
    Row("a\u{1}", [], nil),
    Row("a\u{7f}", [], nil), Row("\u{1b}[0m", [], nil), Row("~!", [], "~!"),
    // Numbers.
    Row("%d", [.word(42)], "42"), Row("%d", [minusOne], "-1"), Row("%d", [.word(0x8000_0000)], "-2147483648"),
    Row("%d", [big], "-1698898192"), Row("%i", [.word(7)], "7"), Row("%u", [minusOne], "4294967295"),
    Row("%x", [big], "9abcdef0"), Row("%X", [big], "9ABCDEF0"), Row("%ld", [minusOne], "-1"),
    Row("%ld", [.word(1 << 63)], "-9223372036854775808"), Row("%lld", [big], "1311768467463790320"),
    Row("%lu", [minusOne], "18446744073709551615"), Row("%llu", [.word(0)], "0"),
    Row("%lx", [big], "123456789abcdef0"), Row("%llX", [big], "123456789ABCDEF0"), Row("%li", [.word(5)], "5"),
    // Widths and flags.
    Row("[%5d]", [.word(42)], "[   42]"), Row("[%-5d]", [.word(42)], "[42   ]"), Row("[%05d]", [.word(42)], "[00042]"),
    Row("[%05d]", [minusOne], "[-0001]"), Row("[%5d]", [minusOne], "[   -1]"), Row("[%+d]", [.word(42)], "[+42]"),
    Row("[% d]", [.word(42)], "[ 42]"), Row("[%+ d]", [.word(42)], "[+42]"), Row("[%+5d]", [.word(42)], "[  +42]"),
    Row("[%+05d]", [.word(42)], "[+0042]"), Row("[% 05d]", [.word(42)], "[ 0042]"),
    Row("[%-05d]", [.word(42)], "[42   ]"),
    Row("[%0-5d]", [.word(42)], "[42   ]"), Row("[%+u]", [.word(42)], "[42]"), Row("[% x]", [.word(42)], "[2a]"),
    Row("[%2d]", [.word(12345)], "[12345]"), Row("[%010lx]", [.word(0xbeef)], "[000000beef]"),
    Row("[%00005u]", [.word(1)], "[00001]"), Row("[%-8X]", [.word(0xab)], "[AB      ]"),
    Row("[%0d]", [.word(3)], "[3]"),
    Row("[%-d]", [.word(3)], "[3]"), Row("[%200d]", [.word(3)], "[" + String(repeating: " ", count: 94), result: 203),
    // Characters.
    Row("%c", [.word(0x41)], "A"), Row("[%3c]", [.word(0x4142)], "[  B]"), Row("[%-3c]", [.word(0x41)], "[A  ]"),
    Row("[%03c]", [.word(0x41)], "[  A]"), Row("%cd", [.word(0x41)], "Ad"), Row("a%cb", [.word(0)], "a", result: 4),
    // Strings of the kernel.
    Row("%s", [.text("hello")], "hello"), Row("[%8s]", [.text("hello")], "[   hello]"),
    Row("[%-8s]", [.text("hello")], "[hello   ]"), Row("[%08s]", [.text("hello")], "[   hello]"),
    Row("[%2s]", [.text("hello")], "[hello]"), Row("%s, %s!", [.text("good"), .text("day")], "good, day!"),
    Row("%pks", [.text("hello")], "hello"), Row("[%8pks]", [.text("hello")], "[hello]"), Row("[%s]", [.text("")], "[]"),
    Row("[%s]", [.word(0)], "[]"), Row("[%s]", [.word(0x10)], "[]"), Row("[%s]", [.word(0xffff_ff00_0000_0000)], "[]"),
    Row("[%pks]", [.word(0)], "[]"), Row("%sa", [.text("x")], nil), Row("%s1", [.text("x")], nil),
    Row("%s.", [.text("x")], "x."), Row("%s%s", [.text("x"), .text("y")], "xy"), Row("%pksx", [.text("x")], nil),
    Row("%s", [.text(long)], String(repeating: "x", count: 95), result: 301),
    // Strings of the user.
    Row("%pus", [.user("from below")], "from below"), Row("%s", [.user("from below")], "from below"),
    Row("[%12s]", [.user("from below")], "[  from below]"), Row("[%12pus]", [.user("from below")], "[from below]"),
    Row("[%pks]", [.user("from below")], "[]"), Row("[%pus]", [.text("from above")], "[]"),
    Row("%pusx", [.user("x")], nil),
    // Addresses.
    Row("%px", [big], "123456789abcdef0"), Row("%px", [.word(0xabc)], "0000000000000abc"),
    Row("[%20px]", [.word(0xabc)], "[                 abc]"), Row("[%-8px]", [.word(0xabc)], "[abc     ]"),
    Row("[%08px]", [.word(0xabc)], "[00000abc]"), Row("[%0px]", [.word(0xabc)], "[0000000000000abc]"),
    Row("%p", [.word(0)], "0000000000000000"), Row("%pK", [.word(0)], "0000000000000000"),
    Row("%p!", [.word(0)], "0000000000000000!"), Row("%ps", [.word(0x10)], "0x10"), Row("%pS", [.word(0x10)], "0x10"),
    Row("[%8ps]", [.word(0x10)], "[    0x10]"), Row("[%-8pS]", [.word(0x10)], "[0x10    ]"),
    Row("%pxyz", [.word(1)], "0000000000000001"), Row("%pa", [.word(0)], nil), Row("%p1", [.word(0)], nil),
    Row("%pi", [.word(0)], nil), Row("%pI5", [.word(0)], nil), Row("%pu", [.word(0)], nil), Row("%pk", [.word(0)], nil),
    // Internet addresses.
    Row("%pI4", [.bytes([192, 0, 2, 1])], "192.0.2.1"), Row("%pi4", [.bytes([192, 0, 2, 1])], "192.000.002.001"),
    Row("%pI6", [.bytes(Array(0x20...0x2f))], "2021:2223:2425:2627:2829:2a2b:2c2d:2e2f"),
    Row("%pi6", [.bytes(Array(0...15))], "000102030405060708090a0b0c0d0e0f"),
    Row("[%20pI4]", [.bytes([1, 2, 3, 4])], "[1.2.3.4]"), Row("%pI4x", [.bytes([1, 2, 3, 4])], "1.2.3.4"),
    Row("%pI4,%d", [.bytes([1, 2, 3, 4]), .word(9)], "1.2.3.4,9"), Row("%pI4", [.word(0)], "0.0.0.0"),
    // Not taken.
    Row("%", [.word(0)], nil), Row("%5", [.word(0)], nil), Row("%-", [.word(0)], nil), Row("%o", [.word(8)], nil),
    Row("%#x", [.word(8)], nil), Row("%5.2d", [.word(8)], nil), Row("%.3s", [.text("hello")], nil),
    Row("%*d", [.word(3), .word(8)], nil), Row("%hd", [.word(8)], nil), Row("%lc", [.word(8)], nil),
    Row("%ls", [.text("x")], nil), Row("%llld", [.word(8)], nil), Row("%l", [.word(8)], nil),
    Row("%5%", [.word(8)], nil),
    Row("%f", [.word(8)], nil), Row("%n", [.word(8)], nil), Row("%zu", [.word(8)], nil), Row("%-%", [.word(8)], nil),
    // Too few and too many arguments, up to twelve.
    Row("%d", [], nil), Row("%d %d", [.word(1)], nil), Row("%d", [.word(1), .word(2)], "1"), Row("", [.word(1)], ""),
    Row("%d%d%d%d%d%d%d%d%d%d%d%d", (0..<12).map { .word($0) }, "01234567891011"),
    // Room.
    Row("hello", [], "hell", result: 6, size: 5), Row("hello", [], "hello", size: 6),
    Row("hello", [], "", result: 6, size: 1),
    Row("%d-%d", [.word(123), .word(456)], "123-", result: 8, size: 5),
    Row("hello%s", [.text("!")], "hell", result: 7, size: 5),
    Row("hello%pks", [.text("!")], "hell", result: 6, size: 5),
    Row("hell%pks", [.text("o!")], "hell", result: 7, size: 5),
    Row("hel%pI4", [.bytes([1, 2, 3, 4])], "hel1", result: 11, size: 5),
  ]

  /// A program that formats the values of a row into `out`, and one that prints them to the trace log.
  private func object(_ row: Row) throws -> AssembledObject {
    var object = AssembledObject()
    var strings: [UInt8] = []
    var stores = ""
    for (index, value) in row.values.enumerated() {
      let slot = -8 * (row.values.count - index)
      switch value {
      case .word(let word): stores += "r1 = \(word) ll\n"
      case .bytes(let bytes):
        stores += "r1 = value(strings) ll\nr1 += \(strings.count)\n"
        strings += bytes + [0]
      case .user: stores += "r1 = *(u64 *)(r9 + 8)\n"
      }
      stores += "*(u64 *)(r10 \(slot < 0 ? "- \(-slot)" : "+ 0")) = r1\n"
    }
    try object.map("strings", .array, value: 512, entries: 1)
    object.fill("strings", with: strings)
    try object.map("out", .array, value: 96, entries: 1)
    let format = Array(row.format.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }) + [0]
    try object.map(".rodata", .array, value: UInt32(format.count), entries: 1, flags: .readOnlyForPrograms)
    object.fill(".rodata", with: format, isReadOnly: true)
    let count = row.values.count
    let arguments = count == 0 ? "r4 = 0\n" : "r4 = r10\nr4 += -\(8 * count)\n"
    try object.call(
      "format",
      "\(stores)r1 = value(out) ll\nr2 = \(row.size)\nr3 = value(.rodata) ll\n\(arguments)r5 = \(8 * count)\ncall bpf_snprintf"
    )
    return object
  }

  @Test("a format and its values give the text, length or refusal that Linux gives")
  func formatting() throws {
    for row in Self.rows {
      let file = try object(row).file
      let label: Comment = "\(row.format.debugDescription) of \(row.values.count) into \(row.size)"
      let pair: KernelPair
      if row.text == nil, KernelPair.hasRunningKernel {
        // The verifier reads formats that are constant, and refuses what is wrong with them.
        let error = #expect(throws: BPFError.self, label) { try LinuxKernel().load(file) }
        #expect(error?.errno?.rawValue == 22, label)
        pair = try KernelPair(file, isSimulatedOnly: true)
      } else {
        pair = try KernelPair(file)
      }
      var addresses: [UInt64] = [0, 0]
      for case .user(let text) in row.values { addresses[0] = try #require(pair.task.memory).map(string: text) }
      let user = UserText(row.values.compactMap { if case .user(let text) = $0 { text } else { nil } }.first ?? "")
      let result = try pair.call("format", [0, addresses[0]], running: [0, user.address])[0]
      let text = String(decoding: try pair.element(of: "out").prefix { $0 != 0 }, as: UTF8.self)
      guard let expected = row.text else {
        #expect(result == -22, label)
        #expect(text == "", label)
        continue
      }
      #expect(text == expected, label)
      #expect(result == row.result ?? Int64(expected.unicodeScalars.count + 1), label)
    }
  }
}
