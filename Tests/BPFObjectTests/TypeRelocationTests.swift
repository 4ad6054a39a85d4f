import BPFInstructions
import BPFObject
import BPFTypeFormat
import Testing

@Suite(.enabled(if: Clang.isPresent)) struct TypeRelocationTests {
  /// The types of an engine: the same names as in the fixture, laid out in another way.
  private func target(_ source: String) throws -> BTF {
    let object = try ObjectFile(parsing: Clang.compile(source + "\nSEC(\"socket\") int use(void *ctx) { return 0; }"))
    return try #require(object.types)
  }

  private static let moved = """
    struct point { u64 before; long long x; int y; unsigned long long wide : 6; u64 last; };
    struct outer { u32 head; struct point points[3]; u64 tail; };
    enum choice { CHOICE_B = 77, CHOICE_A = 1 };
    struct outer outer_variable; enum choice choice_variable;
    """

  @Test("offsets, widths, sizes and values follow the target's types, in subprograms too")
  func moved() throws {
    for target in Clang.Target.all {
      var object = try ObjectFile(parsing: Clang.compile(Sources.fields, target))
      let before = try #require(object.programs["program"])
      try object.applyTypeRelocations(target: self.target(Self.moved))
      let program = try #require(object.programs["program"])
      #expect(program.typeRelocations.isEmpty && program.poisonedInstructions.count == 3)
      var changes: [String: Instruction] = [:]
      for relocation in before.typeRelocations {
        changes["\(relocation.kind) \(relocation.access)"] = program.instructions[relocation.instruction]
      }
      // A point has 32 bytes, and the points begin at 8.
      // x, y and tail are wider now and were signed, so that no other width of a load or store can be right.
      for access in ["0:0:1:0", "0:0:0:1", "0:2"] {
        #expect(changes["fieldByteOffset \(access)"] == Instruction(opcode: 0x85, immediate: 195_896_080), "\(target)")
      }
      let last = try #require(changes["fieldByteOffset 0:0:2:3"])
      #expect(last.offset == 8 + 2 * 32 + 24 && last.opcode == 0x79)
      let exists = try #require(changes["fieldExists 0:0:1:1"])
      #expect(exists.immediate == 1)
      #expect(changes["typeExists 0"]?.immediate == 1)
      #expect(changes["typeSize 0"]?.immediate == 32)
      #expect(changes["enumeratorValue 1"]?.immediate == 77)
    }
  }

  @Test("what the target does not have is 0 where that is asked, and must not be reached elsewhere")
  func missing() throws {
    var object = try ObjectFile(parsing: Clang.compile(Sources.fields))
    let before = try #require(object.programs["program"])
    try object.applyTypeRelocations(target: target("struct other { int x; } other_variable;"))
    let program = try #require(object.programs["program"])
    let poison = Instruction(opcode: 0x85, immediate: 195_896_080)
    for relocation in before.typeRelocations {
      let instruction = program.instructions[relocation.instruction]
      switch relocation.kind {
      case .fieldExists, .typeExists, .typeSize:
        #expect(instruction.immediate == 0 && instruction.opcode != 0x85)
        #expect(program.poisonedInstructions[relocation.instruction] == nil)
      case .enumeratorValue:
        // Both halves of the load, so that the verifier complains of the right thing.
        #expect(instruction == poison && program.instructions[relocation.instruction + 1] == poison)
      default:
        #expect(instruction == poison)
        #expect(program.poisonedInstructions[relocation.instruction] == relocation)
      }
    }
  }

  @Test("an object fits its own types without a change")
  func own() throws {
    for target in Clang.Target.all {
      var object = try ObjectFile(parsing: Clang.compile(Sources.fields, target))
      let before = try #require(object.programs["program"])
      let types = try #require(object.types)
      try object.applyTypeRelocations(target: types)
      #expect(object.programs["program"]?.instructions == before.instructions)
      #expect(object.programs["program"]?.poisonedInstructions.isEmpty == true)
      #expect(object.programs["program"]?.typeRelocations.isEmpty == true)
    }
  }

  @Test("an instruction that does not hold what the compiler should have put there is left alone")
  func unexpected() throws {
    let object = try ObjectFile(parsing: Clang.compile(Sources.fields))
    let types = try #require(object.types)
    let original = try #require(object.programs["program"])
    func failure(_ edit: (inout Program) -> Void) -> TypeRelocationError? {
      var program = original
      edit(&program)
      let before = program.instructions
      do throws(TypeRelocationError) {
        try program.applyTypeRelocations(local: types, target: types)
        return nil
      } catch {
        #expect(program.instructions == before)
        return error
      }
    }
    #expect(failure { _ in } == nil)
    let store = original.typeRelocations[0].instruction
    let size = try #require(original.typeRelocations.first { $0.kind == .typeSize }).instruction
    let wide = try #require(original.typeRelocations.first { $0.kind == .enumeratorValue }).instruction
    let rows: [(TypeRelocationError?, TypeRelocationError.Problem)] = [
      (failure { $0.instructions[store].offset = 3 }, .unexpectedValue(3, expected: 16)),
      (failure { $0.instructions[size].immediate = 3 }, .unexpectedValue(3, expected: 16)),
      (failure { $0.instructions[wide].immediate = 3 }, .unexpectedValue(3, expected: 2)),
      (failure { $0.instructions[wide + 1].opcode = 5 }, .unexpectedInstruction(opcode: 5)),
      (failure { $0.instructions[store].opcode = 0x95 }, .unexpectedInstruction(opcode: 0x95)),
      (failure { $0.instructions[size].opcode = 0xd4 }, .unexpectedInstruction(opcode: 0xd4)),
      (failure { $0.instructions.removeSubrange(store...) }, .noInstruction),
    ]
    for (found, expected) in rows {
      #expect(found?.problem == expected && found?.program == "program", "\(String(describing: found))")
    }
  }

  @Test("an offset that does not fit an instruction is an error that says so")
  func farField() throws {
    var object = try ObjectFile(parsing: Clang.compile(Sources.fields))
    let source = """
      struct point { char before[40000]; int x; short y; unsigned int wide : 5; u64 last; };
      struct outer { struct point points[3]; struct point *next; char tail; };
      struct outer outer_variable;
      """
    let types = try target(source)
    let error = #expect(throws: TypeRelocationError.self) { try object.applyTypeRelocations(target: types) }
    guard case .outOfRange(_, bits: 16) = error?.problem else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(error?.typeName == "outer" && "\(error as Any)".contains("program 'program', instruction"))
    #expect(object.programs["program"]?.typeRelocations.isEmpty == false)
  }

  @Test("a wider unsigned field is loaded and stored wider")
  func widths() throws {
    let source = """
      struct unit { u8 a; u16 b; u32 c; u64 d; } __attribute__((preserve_access_index));
      SEC("raw_tp/x") int program(struct unit *unit) {
        unit->d = 1;
        return unit->a + unit->b + unit->c;
      }
      """
    let changed = "struct unit { u64 d0; u16 a; u64 b; u8 c; u32 d; }; struct unit unit_variable;"
    for target in Clang.Target.all {
      var object = try ObjectFile(parsing: Clang.compile(source, target))
      let before = try #require(object.programs["program"])
      try object.applyTypeRelocations(target: self.target(changed))
      let program = try #require(object.programs["program"])
      let found = before.typeRelocations.map { relocation in
        let instruction = program.instructions[relocation.instruction]
        return "\(relocation.access) \(instruction.opcode & 0x18) \(instruction.offset)"
      }
      // Sizes by the opcode's bits: 0 is 4 bytes, 8 is 2, 16 is 1, 24 is 8.
      #expect(Set(found) == ["0:0 8 8", "0:1 24 16", "0:2 16 24", "0:3 0 28"], "\(target)")
    }
  }
}
