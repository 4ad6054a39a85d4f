import BPFInstructions
import BPFObject
import ELF
import Testing

@Suite struct ELFFileTests {
  @Test("what is not a BPF object is refused with what it is")
  func notAnObject() {
    var machine = ELFBuilder.program()
    machine.machine = 62
    var executable = ELFBuilder.program()
    executable.type = 2
    var narrow = ELFBuilder.program().build()
    narrow[4] = 1
    var order = ELFBuilder.program().build()
    order[5] = 3
    let rows: [([UInt8], String)] = [
      ([], "no bytes"),
      (Array("hello".utf8), "not an ELF file"),
      ([0x42, 0x43, 0xc0, 0xde, 0], "bitcode"),
      (Array("!<arch>\nx".utf8), "archive"),
      ([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1], "has 7 bytes"),
      (machine.build(), "x86-64"),
      (executable.build(), "relocatable"),
      (narrow, "64-bit"),
      (order, "byte order"),
    ]
    for (bytes, text) in rows {
      do {
        _ = try ObjectFile(parsing: bytes)
        Issue.record("accepted: \(text)")
      } catch {
        #expect("\(error)".contains(text), "\(error)")
        #expect(!error.advice.isEmpty, "\(error)")
      }
    }
  }

  @Test("a file cut short anywhere is an error or the whole object, never a trap")
  func truncation() throws {
    let bytes = ELFBuilder.program().build()
    _ = try ObjectFile(parsing: bytes)
    for count in bytes.indices {
      #expect(throws: ObjectError.self, "\(count)") { try ObjectFile(parsing: Array(bytes[..<count])) }
    }
  }

  @Test("counts and section numbers that do not fit 16 bits are found in their extensions")
  func wideNumbers() throws {
    for byteOrder in ByteOrder.allCases {
      var builder = ELFBuilder.program(byteOrder: byteOrder)
      builder.usesWideCounts = true
      builder.usesWideSymbolSections = true
      let file = try ELFFile(parsing: builder.build())
      #expect(file.byteOrder == byteOrder)
      #expect(file.sections.count == 6)
      #expect(file.symbols[1].location == .section(1))
      let object = try ObjectFile(parsing: builder.build())
      #expect(object.programs["program"]?.instructions == [ELFBuilder.exit])
    }
  }

  @Test("a symbol's extended section number is missed when its table is")
  func missingWideNumbers() {
    var builder = ELFBuilder.program()
    builder.symbols[0].section = 0xffff
    let error = #expect(throws: ObjectError.self) { try ELFFile(parsing: builder.build()) }
    #expect(error?.section == ".symtab" && error?.offset == 24)
  }

  @Test("tables that point outside say where")
  func outside() {
    func edited(_ edit: (inout ELFBuilder) -> Void) -> [UInt8] {
      var builder = ELFBuilder.program()
      edit(&builder)
      return builder.build()
    }
    let rows: [(String, [UInt8])] = [
      ("section 9", edited { $0.symbols[0].section = 9 }),
      ("whole instructions", edited { $0.symbols[0].value = 4 }),
      ("whole instructions", edited { $0.symbols[0].byteCount = 16 }),
      ("whole instructions", edited { $0.symbols[0].value = .max }),
      ("no instructions", edited { $0.symbols[0].byteCount = 0 }),
      ("whole number of instructions", edited { $0.sections[0].contents.append(0) }),
      ("the file has", edited { $0.sections[0].byteCount = 1 << 40 }),
      ("the file has", edited { $0.sections[0].byteCount = .max }),
      ("against symbol 7", edited { $0.add([.init(offset: 0, type: 1, symbol: 7)], for: 1) }),
      ("no instruction begins", edited { $0.add([.init(offset: 4, type: 1, symbol: 1)], for: 1) }),
      ("no instruction begins", edited { $0.add([.init(offset: .max, type: 1, symbol: 1)], for: 1) }),
      ("holds no address", edited { $0.add([.init(offset: 0, type: 1, symbol: 1)], for: 1) }),
      (
        "another relocation",
        edited { $0.add([.init(offset: 0, type: 1, symbol: 1), .init(offset: 0, type: 1, symbol: 1)], for: 1) }
      ),
      ("compressed", edited { $0.sections[0].flags |= 1 << 11 }),
      (
        "second table",
        edited {
          $0.add([.init(offset: 0, type: 0, symbol: 1)], for: 1)
          $0.add([.init(offset: 0, type: 0, symbol: 1)], for: 1)
        }
      ),
      (
        "not a table of relocations",
        edited {
          $0.add([.init(offset: 0, type: 0, symbol: 1)], for: 1)
          $0.sections[1].entrySize = 8
        }
      ),
      ("second symbol table", edited { _ = $0.add(.init(name: ".symtab2", type: 2, entrySize: 24)) }),
      ("no symbol of a function", edited { $0.symbols[0].type = 0 }),
    ]
    for (text, bytes) in rows {
      do {
        _ = try ObjectFile(parsing: bytes)
        Issue.record("accepted: \(text)")
      } catch {
        #expect("\(error)".contains(text), "\(error)")
        #expect(error.section != nil || error.offset != nil, "\(error)")
      }
    }
  }

  @Test("names that all share one long text are refused before they take memory")
  func overlappingNames() {
    var builder = ELFBuilder.program()
    let name = String(repeating: "n", count: 4000)
    builder.symbols[0].name = name
    for _ in 0..<400 { _ = builder.add(.init(name: "", section: 1, byteCount: 8)) }
    var bytes = builder.build()
    // The name of every symbol but the empty first one is the long text.
    let table = 64 + 8
    for index in 1...401 { bytes.replaceSubrange(table + 24 * index..<table + 24 * index + 4, with: [1, 0, 0, 0]) }
    let error = #expect(throws: ObjectError.self) { try ELFFile(parsing: bytes) }
    #expect(error?.category == .limit)
  }

  @Test("sections of code that share their bytes are refused")
  func overlappingCode() {
    var builder = ELFBuilder.program(Array(repeating: ELFBuilder.exit, count: 64))
    for index in 0..<64 {
      let section = builder.add(.init(name: "socket", flags: ELFBuilder.code, byteCount: 512))
      _ = builder.add(.init(name: "p\(index)", section: section, byteCount: 512))
    }
    var bytes = builder.build()
    // Sections 2 to 65 begin where section 1 does.
    let headers = bytes.count - 64 * (64 + 5)
    for index in 2...65 {
      bytes.replaceSubrange(headers + 64 * index + 24..<headers + 64 * index + 32, with: [64, 0, 0, 0, 0, 0, 0, 0])
    }
    let error = #expect(throws: ObjectError.self) { try ObjectFile(parsing: bytes) }
    #expect(error?.problem.contains("overlap") == true, "\(String(describing: error))")
  }

  @Test("a stripped object says so")
  func stripped() {
    var bytes = ELFBuilder.program().build()
    let headers = bytes.count - 64 * 5
    bytes[headers + 64 * 2 + 4] = 1
    let error = #expect(throws: ObjectError.self) { try ObjectFile(parsing: bytes) }
    #expect(error?.problem.contains("symbol table") == true, "\(String(describing: error))")
  }
}
