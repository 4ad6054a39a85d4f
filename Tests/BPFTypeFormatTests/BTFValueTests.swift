import BPFTypeFormat
import Testing

@Suite struct BTFValueTests {
  static let source = """
    typedef unsigned char u8; typedef unsigned long long u64;
    enum colour { RED, GREEN = 5, NEGATIVE = -3 };
    struct bpf_task_work { u64 opaque; };
    struct inner { short a; enum colour c; };
    struct elem {
      char data[16]; struct bpf_task_work work; int count; unsigned char flag; _Bool on; struct inner inner;
      union { unsigned whole; u8 parts[4]; }; int matrix[2][2]; void *next; u8 raw[6];
      unsigned low : 3; int middle : 5; enum colour shade : 4; u64 high : 40;
    } value;

    """

  /// Values for the members of `elem`, put where the types say they are.
  func bytes(_ btf: BTF, _ id: BTFTypeID) throws -> [UInt8] {
    guard case .structure(let composite) = try btf[id].kind else { return [] }
    var bytes = [UInt8](repeating: 0, count: Int(composite.byteCount))
    func put(_ name: String, _ values: [UInt64], _ size: Int) {
      guard let member = composite.members.first(where: { $0.name == name }) else { return }
      for (index, value) in values.enumerated() {
        for byte in 0..<size {
          let shift = btf.byteOrder == .little ? 8 * byte : 8 * (size - 1 - byte)
          bytes[Int(member.bitOffset / 8) + index * size + byte] = UInt8(truncatingIfNeeded: value >> UInt64(shift))
        }
      }
    }
    put("data", "hello world".utf8.map { UInt64($0) }, 1)
    put("count", [UInt64(bitPattern: -7)], 4)
    put("flag", [200], 1)
    put("on", [1], 1)
    put("matrix", [1, 2, 3, 4], 4)
    put("next", [0xffff_8880_0000_1000], 8)
    put("raw", [0xde, 0xad], 1)
    for (member, value) in zip(
      composite.members.filter { $0.bitFieldWidth > 0 }, [5, 31, 13, 0xab_cdef_0123] as [UInt64])
    {
      for bit in 0..<Int(member.bitFieldWidth) {
        // Bits count from the least significant one in little endian, and from the most significant in big endian.
        let significance = btf.byteOrder == .little ? bit : Int(member.bitFieldWidth) - 1 - bit
        guard value >> UInt64(significance) & 1 == 1 else { continue }
        let position = Int(member.bitOffset) + bit
        bytes[position / 8] |= btf.byteOrder == .little ? 1 << UInt8(position % 8) : 0x80 >> UInt8(position % 8)
      }
    }
    return bytes
  }

  @Test("bytes read as their type, in both byte orders", .enabled(if: CompiledC.isAvailable, "needs clang"))
  func read() throws {
    for order in [BTF.ByteOrder.little, .big] {
      let btf = try CompiledC(Self.source, byteOrder: order).types()
      let id = try #require(btf.first(named: "elem", kind: .structure))
      let value = try BTFValue(reading: bytes(btf, id), as: id, in: btf)
      #expect(
        value.description == """
          {data: "hello world", work: <bpf_task_work>, count: -7, flag: 200, on: true, inner: {a: 0, c: RED}, \
          {whole: 0 | parts: [0, 0, 0, 0]}, matrix: [[1, 2], [3, 4]], next: 0xffff888000001000, \
          raw: [222, 173, 0, 0, 0, 0], low: 5, middle: -1, shade: NEGATIVE, high: 737894400291}
          """, "\(order)")
      #expect(value["data"] == .text("hello world"))
      #expect(value["shade"] == .enumerator("NEGATIVE", -3))
      #expect(throws: BTFValueError.truncated(needed: 8, available: 7)) {
        let inner = try #require(btf.first(named: "inner", kind: .structure))
        _ = try BTFValue(reading: [0, 0, 0, 0, 0, 0, 0], as: inner, in: btf)
      }
    }
  }

  @Test("values are printed in several lines, with long runs and odd texts kept short and unmistakable")
  func text() {
    let value = BTFValue.structure([
      .init(name: "list", value: .array([.signed(1)] + Array(repeating: .signed(0), count: 9) + [.signed(2)])),
      .init(name: "name", value: .text("a\"\\\n\u{1b}é")),
      .init(
        name: "inner",
        value: .structure([.init(name: "p", value: .pointer(0)), .init(name: "e", value: .enumerator(nil, 9))])),
      .init(name: "raw", value: .bytes([0xff, 0, 0x10, 0, 0, 0])), .init(name: "none", value: .array([])),
    ])
    #expect(
      value.lines() == """
        {
          list: [1, 0 × 9, 2],
          name: "a\\"\\\\\\n\\x1bé",
          inner: {
            p: NULL,
            e: 9
          },
          raw: <ff 00 10 00 × 3>,
          none: []
        }
        """)
  }

  @Test("a text becomes the bytes of a value when it fits the type")
  func encode() throws {
    var sample = Sample()
    let byte = sample.builder.add(BTFType(name: "unsigned char", kind: .integer(.init(byteCount: 1, bitCount: 8))))
    let wide = sample.builder.add(
      BTFType(name: "unsigned __int128", kind: .integer(.init(byteCount: 16, bitCount: 128))))
    for order in [BTF.ByteOrder.little, .big] {
      let btf = try BTF(parsing: sample.builder.encode(byteOrder: order))
      let boolean = try #require(btf.first(named: "_Bool", kind: .integer))
      let colour = try #require(btf.first(named: "colour", kind: .enumeration))
      let huge = try #require(btf.first(named: "wide", kind: .enumeration64))
      let rows: [(String, BTFTypeID, [UInt8])] = [
        ("1", sample.int, [1, 0, 0, 0]), ("-2147483648", sample.int, [0, 0, 0, 0x80]),
        ("0x7f", sample.int, [0x7f, 0, 0, 0]),
        ("-0x10", sample.int, [0xf0, 0xff, 0xff, 0xff]), ("0b101", sample.int, [5, 0, 0, 0]),
        ("0o17", sample.int, [15, 0, 0, 0]),
        ("18446744073709551615", sample.unsigned64, [UInt8](repeating: 0xff, count: 8)), ("'a'", byte, [97]),
        ("255", byte, [255]),
        ("true", boolean, [1]), ("0", boolean, [0]), ("NONE", colour, [0xff, 0xff, 0xff, 0xff]),
        ("7", colour, [7, 0, 0, 0]),
        ("HUGE", huge, [0xf0, 0xde, 0xbc, 0x9a, 0x78, 0x56, 0x34, 0x12]),
        ("0x1000", sample.pointer, [0, 0x10, 0, 0, 0, 0, 0, 0]),
        ("NULL", sample.pointer, [UInt8](repeating: 0, count: 8)), ("1", wide, [1] + [UInt8](repeating: 0, count: 15)),
      ]
      for (text, id, bytes) in rows {
        let expected = order == .little ? bytes : bytes.reversed()
        #expect(try btf.encode(text, as: id) == expected, "\(text)")
        let value = try BTFValue(reading: btf.encode(text, as: id), as: id, in: btf)
        #expect(try btf.encode(value.description, as: id) == expected, "\(value)")
      }
      let padded = { (text: String) in Array(text.utf8) + [UInt8](repeating: 0, count: 16 - text.utf8.count) }
      #expect(try btf.encode("hello world", as: sample.array) == padded("hello world"))
      #expect(try btf.encode("\"a\\n\\x41\\\"\"", as: sample.array) == padded("a\nA\""))
      #expect(try btf.encode("", as: sample.array) == padded(""))
      #expect(try btf.encode("fifteen letters", as: sample.array) == padded("fifteen letters"))
      #expect(try btf.encode(-1, as: sample.int) == [0xff, 0xff, 0xff, 0xff])
    }
  }

  @Test("a text that does not fit the type is refused, with what would fit")
  func refused() throws {
    let sample = Sample()
    let btf = try BTF(sample.builder)
    let boolean = try #require(btf.first(named: "_Bool", kind: .integer))
    let colour = try #require(btf.first(named: "colour", kind: .enumeration))
    let double = try #require(btf.first(named: "double", kind: .float))
    let rows: [(String, BTFTypeID, BTFValueError)] = [
      (
        "2147483648", sample.int,
        .outOfRange("2147483648", type: "int", lowest: -2_147_483_648, highest: 2_147_483_647)
      ),
      (
        "-1", sample.unsigned64,
        .outOfRange("-1", type: "unsigned long long", lowest: 0, highest: 18_446_744_073_709_551_615)
      ),
      ("", sample.int, .notNumber("", type: "int")), ("--1", sample.int, .notNumber("--1", type: "int")),
      ("0x", sample.int, .notNumber("0x", type: "int")), ("0x-1", sample.int, .notNumber("0x-1", type: "int")),
      ("1.5", sample.int, .notNumber("1.5", type: "int")), ("eins", sample.int, .notNumber("eins", type: "int")),
      ("2", boolean, .notBoolean("2")), ("yes", boolean, .notBoolean("yes")),
      ("BLUE", colour, .notEnumerator("BLUE", type: "enum colour", names: ["RED", "NONE"])),
      ("sixteen letters!", sample.array, .textTooLong(byteCount: 16, limit: 15, type: "char [16]")),
      ("\"open", sample.array, .badQuoting("\"open")), ("\"a\"b", sample.array, .badQuoting("\"a\"b")),
      ("\"\\q\"", sample.array, .badQuoting("\"\\q\"")), ("\"\\x4", sample.array, .badQuoting("\"\\x4")),
      ("1.0", double, .notWritable(type: "double", reason: "BPF programs have no floating-point numbers")),
      (
        "1", sample.typedef,
        .notWritable(type: "point_t", reason: "set its bytes, or make the members variables")
      ),
      ("1", .void, .notWritable(type: "void", reason: "it has no bytes")),
    ]
    for (text, id, expected) in rows {
      #expect(throws: expected, "\(text)") { try btf.encode(text, as: id) }
    }
  }

  @Test("nested unions and large arrays cannot make a value grow without bound")
  func bounded() throws {
    var builder = BTFBuilder()
    var last = builder.add(BTFType(name: "char", kind: .integer(.init(byteCount: 1, bitCount: 8))))
    for _ in 0..<40 {
      last = builder.add(
        BTFType(
          kind: .union(
            .init(
              byteCount: 1,
              members: [.init(name: "a", type: last, bitOffset: 0), .init(name: "b", type: last, bitOffset: 0)]))))
    }
    let empty = builder.add(BTFType(name: "e", kind: .structure(.init(byteCount: 0, members: []))))
    let endless = builder.add(BTFType(kind: .array(.init(element: empty, index: .void, count: .max))))
    let large = builder.add(BTFType(name: "l", kind: .structure(.init(byteCount: .max, members: []))))
    let overflowing = builder.add(BTFType(kind: .array(.init(element: large, index: .void, count: .max))))
    let btf = try BTF(builder)
    #expect(throws: BTFValueError.types(BTFError(.query, .sizeOverflow(large)))) {
      try BTFValue(reading: [0], as: overflowing, in: btf)
    }
    #expect(throws: BTFValueError.tooLarge) { try BTFValue(reading: [0], as: last, in: btf) }
    #expect(try BTFValue(reading: [], as: endless, in: btf) == .array([]))
  }
}
