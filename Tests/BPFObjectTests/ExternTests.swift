import BPFInstructions
import BPFObject
import BPFTypeFormat
import Testing

@Suite(.enabled(if: Clang.isPresent)) struct ExternTests {
  private func externs(_ target: Clang.Target = .standard) throws -> ObjectFile {
    try ObjectFile(parsing: Clang.compile(Sources.externs, target))
  }

  @Test("externs are listed with kind, strength and type")
  func kinds() throws {
    let object = try externs()
    let types = try #require(object.types)
    let rows: [(String, Extern.Kind, Bool)] = [
      ("kernel_function", .kernelFunction, false), ("weak_function", .kernelFunction, true),
      ("typed_variable", .kernelVariable, false), ("bare_variable", .kernelVariable, true),
      ("CONFIG_BOOL", .configuration, true), ("CONFIG_WIDE", .configuration, false),
      ("LINUX_KERNEL_VERSION", .configuration, false),
    ]
    for (name, kind, isWeak) in rows {
      let extern = try #require(object.externs[name])
      #expect(extern.kind == kind && extern.isWeak == isWeak, "\(name)")
      if kind == .kernelFunction {
        let id = try #require(extern.type)
        #expect(try types.kind(of: id) == .functionPrototype)
      }
    }
    #expect(object.externs["bare_variable"]?.type == nil)
    #expect(object.externs["typed_variable"]?.type != nil)
    #expect(object.externs.count == 9)
  }

  @Test("calls and loads of kernel symbols are references, and their slots say so")
  func references() throws {
    for target in Clang.Target.all {
      let program = try #require(try externs(target).programs["program"])
      let found = Set(program.references.values)
      let expected: [Program.Reference] = [
        .kernelFunction("kernel_function", isWeak: false), .kernelFunction("weak_function", isWeak: true),
        .kernelSymbol("weak_function", isWeak: true), .kernelSymbol("bare_variable", isWeak: true),
        .kernelSymbol("typed_variable", isWeak: false),
      ]
      for reference in expected { #expect(found.contains(reference), "\(reference) \(target)") }
      for (index, reference) in program.references {
        let instruction = program.instructions[index]
        switch reference {
        case .kernelFunction: #expect(instruction == Instruction(opcode: 0x85, source: 2))
        case .kernelSymbol: #expect(instruction.isWideLoad && instruction.source == 0 && instruction.immediate == 0)
        default: #expect(instruction.source == 2)
        }
      }
    }
  }

  @Test("configuration values are laid out by alignment, size and name, and read through the program's offsets")
  func configuration() throws {
    let object = try externs()
    let map = try #require(object.maps[".kconfig"])
    #expect(
      map.valueSize == 24 && map.origin == .configuration && map.flags == [.readOnlyForPrograms, .memoryMappable])
    let offsets = object.globals.mapValues(\.offset)
    #expect(
      offsets == [
        "CONFIG_WIDE": 0, "CONFIG_TRISTATE": 8, "LINUX_KERNEL_VERSION": 12, "CONFIG_BOOL": 16, "CONFIG_TEXT": 17,
      ])
    let loads = try #require(object.programs["program"]).references.values.compactMap { reference -> Int? in
      if case .mapValue(".kconfig", let offset) = reference { offset } else { nil }
    }
    #expect(Set(loads) == [0, 8, 12, 16, 17])
  }

  @Test("the engine's configuration is filled in by type")
  func values() throws {
    var object = try externs()
    let values = [
      "CONFIG_WIDE": "0x1122334455", "CONFIG_TRISTATE": "m", "LINUX_KERNEL_VERSION": "397824", "CONFIG_BOOL": "y",
      "CONFIG_TEXT": "\"(none) at all\"",
    ]
    try object.setConfiguration { values[$0] }
    #expect(try object.bytes(of: "CONFIG_WIDE") == [0x55, 0x44, 0x33, 0x22, 0x11, 0, 0, 0])
    #expect(try object.bytes(of: "CONFIG_TRISTATE") == [2, 0, 0, 0])
    #expect(try object.bytes(of: "LINUX_KERNEL_VERSION") == [0, 0x12, 6, 0])
    #expect(try object.bytes(of: "CONFIG_BOOL") == [1])
    #expect(try object.bytes(of: "CONFIG_TEXT") == Array("(none)".utf8) + [0])
  }

  @Test("a missing value is an error for a strong extern and zero for a weak one; a wrong one names what is expected")
  func wrongValues() throws {
    let object = try externs()
    func failure(_ values: [String: String]) -> EditError? {
      var copy = object
      do throws(EditError) {
        try copy.setConfiguration { values[$0] }
        return nil
      } catch {
        return error
      }
    }
    var values = ["CONFIG_WIDE": "1", "LINUX_KERNEL_VERSION": "1"]
    #expect(failure(values) == nil)
    #expect(failure([:]) != nil)
    values["CONFIG_WIDE"] = nil
    #expect(failure(values) == .missingConfiguration("CONFIG_WIDE"))
    values["CONFIG_WIDE"] = "1"
    for (name, text) in [
      ("CONFIG_BOOL", "m"), ("CONFIG_BOOL", "2"), ("CONFIG_TRISTATE", "1"), ("CONFIG_TEXT", "none"),
      ("CONFIG_WIDE", "y"), ("CONFIG_WIDE", "-1"), ("LINUX_KERNEL_VERSION", "0x80000000"),
    ] {
      var wrong = values
      wrong[name] = text
      #expect(failure(wrong)?.description.contains(name) == true, "\(name)=\(text)")
    }
  }

  @Test("a symbol that is not declared for the kernel is refused with what it may be")
  func undeclared() throws {
    let rows: [(source: String, target: Clang.Target, symbol: String, advice: String)] = [
      ("extern int f(int); SEC(\"socket\") int p(void *c) { return f(1); }", .standard, "f", "__ksym"),
      (
        "extern int f(int) __ksym; SEC(\"socket\") int p(void *c) { return f(1); }", Clang.Target(options: []), "f",
        "compile with -g"
      ),
      ("extern u32 v; SEC(\"socket\") int p(void *c) { return v; }", .standard, "v", "__ksym"),
      (
        "extern float CONFIG_F __kconfig; SEC(\"socket\") int p(void *c) { return *(int *)&CONFIG_F; }", .standard,
        "CONFIG_F", "bool"
      ),
      ("extern int f(int) __kconfig; SEC(\"socket\") int p(void *c) { return f(1); }", .standard, "f", "__ksym"),
    ]
    for row in rows {
      let bytes = try Clang.compile(row.source, row.target)
      let error = #expect(throws: ObjectError.self, "\(row.source)") { try ObjectFile(parsing: bytes) }
      #expect(error?.category == .extern && error?.subject == "extern '\(row.symbol)'", "\(String(describing: error))")
      #expect(error?.advice.contains(row.advice) == true, "\(String(describing: error))")
    }
  }
}
