import BPFObject
import Testing

@Suite(.enabled(if: Clang.isPresent)) struct GlobalTests {
  private func data() throws -> ObjectFile { try ObjectFile(parsing: Clang.compile(Sources.data)) }

  @Test("integers are set where they fit, in either byte order")
  func integers() throws {
    for architecture in ["bpfel", "bpfeb"] {
      var object = try ObjectFile(parsing: Clang.compile(Sources.data, .init(architecture: architecture)))
      func check(_ path: String, _ little: [UInt8]) throws {
        let found = try object.bytes(of: path)
        #expect(found == (architecture == "bpfel" ? little : little.reversed()), "\(path) \(architecture)")
      }
      try object.set("number", to: -2)
      try check("number", [0xfe, 0xff, 0xff, 0xff])
      try object.set("number", to: Int8.min)
      try check("number", [0x80, 0xff, 0xff, 0xff])
      try object.set("small", to: 255)
      try check("small", [255])
      try object.set("large", to: UInt64.max)
      try check("large", [UInt8](repeating: 255, count: 8))
      try object.set("flag", to: true)
      try check("flag", [1])
      try object.set("pointer", to: 0x1234_5678_9abc_def0 as UInt64)
      try check("pointer", [0xf0, 0xde, 0xbc, 0x9a, 0x78, 0x56, 0x34, 0x12])
      try object.set("color", to: 2)
      try check("color", [2, 0, 0, 0])
      try object.set("constant", to: 0x0102_0304)
      try check("constant", [4, 3, 2, 1])
      try object.set("custom_zero", to: 1)
      try check("custom_zero", [1, 0, 0, 0])
      try object.set("zeros[63]", to: 7)
      try check("zeros[63]", [7, 0, 0, 0])
      try object.set("settings.parts[1].table[2]", to: 0x0102)
      try check("settings.parts[1].table[2]", [2, 1])
      #expect(try object.bytes(of: "settings.level") == (architecture == "bpfel" ? [3, 0, 0, 0] : [0, 0, 0, 3]))
      #expect(object.maps[".bss"]?.initialValue?.count == Int(object.maps[".bss"]?.valueSize ?? 0))
    }
  }

  @Test("what does not fit is refused with the type and what it takes")
  func ranges() throws {
    let object = try data()
    func failure(_ edit: (inout ObjectFile) throws -> Void) -> String {
      var copy = object
      do {
        try edit(&copy)
        return "accepted"
      } catch {
        return "\(error)"
      }
    }
    let rows: [(String, String)] = [
      (failure { try $0.set("number", to: 1 << 31 as Int64) }, "-2147483648 to 2147483647, not 2147483648"),
      (failure { try $0.set("small", to: 256) }, "type u8 and takes 0 to 255"),
      (failure { try $0.set("small", to: -1) }, "0 to 255, not -1"),
      (failure { try $0.set("large", to: -1) }, "0 to 18446744073709551615"),
      (failure { try $0.set("flag", to: 2) }, "type bool and takes 0 or 1"),
      (failure { try $0.set("color", to: UInt64.max) }, "RED, GREEN, BLUE"),
      (failure { try $0.set("pointer", to: -1) }, "an address of 64 bits"),
      (failure { try $0.set("text", to: 5) }, "char[16] and cannot be set to the integer 5"),
      (failure { try $0.set("settings", to: 5) }, "struct settings"),
      (failure { try $0.set("number", to: "five") }, "type int and cannot be set to a text"),
      (failure { try $0.set("zeros", to: "five") }, "type u32[64] and cannot be set to a text"),
      (failure { try $0.set("settings.name", to: "12345678") }, "texts of up to 7 bytes, and this one has 8"),
      (failure { try $0.set("text", to: "a\0b") }, "zero bytes"),
      (failure { try $0.setGlobal("number", bytes: [1]) }, "has 4 bytes, and 1 are given"),
      (failure { try $0.set("numbre", to: 1) }, "did you mean 'number'?"),
      (failure { try $0.set("nothing_like_it", to: 1) }, "no variable 'nothing_like_it'"),
      (failure { try $0.set("settings.levle", to: 1) }, "has no member 'levle'; did you mean 'level'?"),
      (failure { try $0.set("settings.parts[2].low", to: 1) }, "has 2 elements, and the index is 2"),
      (failure { try $0.set("settings.parts[-1].low", to: 1) }, "index is -1"),
      (failure { try $0.set("settings.parts[x].low", to: 1) }, "an index is a number"),
      (failure { try $0.set("settings.parts[1", to: 1) }, "an index is a number"),
      (failure { try $0.set("number.member", to: 1) }, "it has no members"),
      (failure { try $0.set("number[0]", to: 1) }, "it is not an array"),
      (failure { try $0.set("settings.bits", to: 1) }, "bit field"),
    ]
    for (found, expected) in rows { #expect(found.contains(expected), "\(found)") }
    // A failure changes nothing.
    #expect(try object.bytes(of: "number") == [0xfb, 0xff, 0xff, 0xff])
  }

  @Test("texts fill arrays of characters, with zeros behind them")
  func texts() throws {
    var object = try data()
    try object.set("text", to: "äöü")
    #expect(try object.bytes(of: "text") == Array("äöü".utf8) + [UInt8](repeating: 0, count: 10))
    try object.set("greeting", to: "")
    #expect(try object.bytes(of: "greeting") == [UInt8](repeating: 0, count: 8))
    try object.set("settings.name", to: "1234567")
    #expect(try object.bytes(of: "settings.name") == Array("1234567".utf8) + [0])
  }

  @Test("a command line's text is read as the variable's type asks")
  func parsing() throws {
    var object = try data()
    let rows: [(String, String, [UInt8])] = [
      ("number", "-7", [0xf9, 0xff, 0xff, 0xff]), ("number", "0x10", [16, 0, 0, 0]), ("number", "0b11", [3, 0, 0, 0]),
      ("small", "'a'", [97]), ("flag", "true", [1]), ("flag", "n", [0]), ("flag", "1", [1]),
      ("color", "BLUE", [8, 0, 0, 0]), ("color", "3", [3, 0, 0, 0]),
      ("wide", "HUGE_VALUE", [0, 0, 0, 0, 1, 0, 0, 0]),
      ("large", "18446744073709551615", [UInt8](repeating: 255, count: 8)),
      ("pointer", "0x7f0000001000", [0, 0x10, 0, 0, 0, 0x7f, 0, 0]),
      ("settings.name", "0x10", Array("0x10".utf8) + [0, 0, 0, 0]),
    ]
    for (path, text, expected) in rows {
      try object.set(path, parsing: text)
      #expect(try object.bytes(of: path) == expected, "\(path)=\(text)")
    }
    for (path, text) in [
      ("number", "five"), ("number", ""), ("number", "1 "), ("number", "--1"), ("number", "0x"), ("number", "''"),
      ("number", "99999999999"), ("flag", "2"), ("color", "PINK"), ("settings", "1"), ("large", "18446744073709551616"),
      ("zeros", "1"),
    ] {
      #expect(throws: EditError.self, "\(path)=\(text)") { try object.set(path, parsing: text) }
    }
  }

  @Test("without types a variable takes integers of its size and bytes")
  func untyped() throws {
    var object = try ObjectFile(parsing: Clang.compile(Sources.data, .init(options: [])))
    try object.set("number", to: UInt32.max)
    #expect(try object.bytes(of: "number") == [255, 255, 255, 255])
    try object.set("number", to: -3)
    #expect(try object.bytes(of: "number") == [253, 255, 255, 255])
    try object.set("number", parsing: "7")
    #expect(try object.bytes(of: "number") == [7, 0, 0, 0])
    #expect(throws: EditError.self) { try object.set("number", to: UInt64.max) }
    #expect(throws: EditError.self) { try object.set("text", to: "hello") }
    try object.setGlobal("text", bytes: Array("0123456789abcdef".utf8))
    #expect(try object.bytes(of: "text") == Array("0123456789abcdef".utf8))
  }
}
