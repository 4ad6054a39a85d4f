import BPFInstructions
import BPFObject
import BPFTypeFormat
import Testing

@Suite(.enabled(if: Clang.isPresent)) struct DataTests {
  private func data(_ target: Clang.Target = .standard) throws -> ObjectFile {
    try ObjectFile(parsing: Clang.compile(Sources.data, target))
  }

  @Test("each section of data is a map of one element with the section's bytes and type")
  func sections() throws {
    for target in Clang.Target.all {
      let object = try data(target)
      let types = try #require(object.types)
      #expect(
        Set(object.maps.keys) == [
          ".data", ".bss", ".rodata", ".data.custom", ".bss.custom", ".rodata.custom", ".rodata.str1.1",
        ])
      for (name, map) in object.maps {
        #expect(map.type == .array && map.keySize == 4 && map.maxEntries == 1 && map.name == name)
        #expect(map.initialValue?.count == Int(map.valueSize), "\(name)")
        let isReadOnly = name.hasPrefix(".rodata")
        #expect(map.flags.contains(.readOnlyForPrograms) == isReadOnly, "\(name)")
        #expect(map.origin == (isReadOnly ? .readOnlyData(section: name) : .data(section: name)))
        // User space may map the memory of a section with a variable that others may see.
        #expect(map.flags.contains(.memoryMappable) == (name != ".rodata.str1.1"), "\(name)")
        guard name != ".rodata.str1.1" else { continue }
        let type = try types.type(map.valueType)
        guard case .dataSection(let section) = type.kind else {
          Issue.record("\(name) has type \(type)")
          continue
        }
        #expect(type.name == name && section.byteCount == map.valueSize)
        let offsets = section.variables.map(\.offset)
        #expect(offsets == offsets.sorted() && Set(offsets).count == offsets.count, "\(name) \(offsets)")
      }
      #expect(object.maps[".bss"]?.initialContents == [])
      #expect(object.maps[".rodata.str1.1"]?.initialContents == Array("value %d\0".utf8))
    }
  }

  @Test("a section of hidden and static variables only is not for user space to map")
  func hiddenSection() throws {
    let source = """
      __hidden u32 a SEC(".data.private"); static u32 b SEC(".data.private");
      SEC("socket") int program(void *ctx) { return a++ + b++; }
      """
    let object = try ObjectFile(parsing: Clang.compile(source))
    let map = try #require(object.maps[".data.private"])
    #expect(!map.flags.contains(.memoryMappable))
    let types = try #require(object.types)
    let id = try #require(types.first(named: "a", kind: .variable))
    guard case .variable(_, .static) = try types.type(id).kind else {
      Issue.record("hidden variable is \(try types.type(id))")
      return
    }
  }

  @Test("variables are found with their offsets, sizes and initial bytes")
  func variables() throws {
    for target in Clang.Target.all {
      let object = try data(target)
      func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: object.byteOrder == .little ? value.littleEndian : value.bigEndian, Array.init)
      }
      let rows: [(String, String, [UInt8])] = [
        ("number", ".data", bytes(-5 as Int32)),
        ("small", ".data", [1]),
        ("large", ".data", bytes(1 as UInt64)),
        ("flag", ".bss", [0]),
        ("text", ".data", Array("hello".utf8) + [UInt8](repeating: 0, count: 11)),
        ("color", ".data", bytes(7 as UInt32)),
        ("wide", ".data", bytes(1 as UInt64)),
        ("settings.level", ".data", bytes(3 as UInt32)),
        ("settings.name", ".data", Array("abc".utf8) + [0, 0, 0, 0, 0]),
        ("zeros", ".bss", [UInt8](repeating: 0, count: 256)),
        ("shared_hidden", ".data", bytes(4 as UInt32)),
        ("constant", ".rodata", bytes(9 as UInt32)),
        ("greeting", ".rodata", Array("hi".utf8) + [0, 0, 0, 0, 0, 0]),
        ("custom", ".data.custom", bytes(11 as UInt32)),
        ("custom_zero", ".bss.custom", bytes(0 as UInt32)),
        ("custom_constant", ".rodata.custom", bytes(12 as UInt32)),
        ("count.calls", ".bss", bytes(0 as UInt32)),
      ]
      for (name, map, expected) in rows {
        #expect(try object.bytes(of: name) == expected, "\(name) \(target)")
        if let global = object.globals[name] { #expect(global.map == map, "\(name)") }
      }
      let settings = try #require(object.globals["settings"]?.type)
      #expect(try object.types?.name(of: settings) == "settings")
    }
  }

  @Test("data that holds an address is refused with the variable's and the target's name")
  func addresses() throws {
    let rows: [(source: String, variable: String, target: String, section: String)] = [
      ("u32 a = 1; u32 *b SEC(\".data.pointers\") = &a;", "b", "a", ".data.pointers"),
      ("int f(int x) { return x; } int (*g)(int) = f;", "g", "f", ".data"),
      ("const char *const names[2] = { \"one\", \"two\" };", "names", ".rodata.str1.1", ".rodata"),
    ]
    for row in rows {
      let bytes = try Clang.compile(row.source)
      let error = #expect(throws: ObjectError.self) { try ObjectFile(parsing: bytes) }
      #expect(error?.category == .unsupported && error?.section == row.section, "\(String(describing: error))")
      #expect(error?.subject == "variable '\(row.variable)'", "\(String(describing: error))")
      #expect(error?.problem.contains("'\(row.target)'") == true, "\(String(describing: error))")
    }
  }

  @Test("variables in an arena belong to the arena's map")
  func arena() throws {
    let source = """
      struct { __uint(type, 33); __uint(map_flags, 1024); __uint(max_entries, 10); } arena SEC(".maps");
      u32 in_arena SEC(".addr_space.1") = 5;
      SEC("syscall") int program(void *ctx) { return in_arena; }
      """
    let object = try ObjectFile(parsing: Clang.compile(source))
    #expect(Array(object.maps.keys) == ["arena"])
    #expect(object.maps["arena"]?.initialContents == [5, 0, 0, 0])
    #expect(object.globals["in_arena"]?.map == "arena")
    #expect(object.programs["program"]?.references.values.first == .mapValue(map: "arena", offset: 0))
    let without = try Clang.compile("u32 in_arena SEC(\".addr_space.1\") = 5;")
    #expect(throws: ObjectError.self) { try ObjectFile(parsing: without) }
  }

  @Test("the licence ends at its first zero byte, and a version has four bytes")
  func marks() throws {
    let source = "u32 _version SEC(\"version\") = 0x61200;"
    let object = try ObjectFile(parsing: Clang.compile(source), name: "sample")
    #expect(object.license == "GPL" && object.kernelVersion == 0x61200 && object.name == "sample")
    let wrong = try Clang.compile("u16 _version SEC(\"version\") = 1;")
    #expect(throws: ObjectError.self) { try ObjectFile(parsing: wrong) }
  }
}
