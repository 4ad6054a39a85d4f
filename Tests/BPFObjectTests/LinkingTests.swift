import BPFInstructions
import BPFObject
import BPFTypeFormat
import Testing

@Suite struct LinkingTests {
  private static let call: UInt8 = 0x85

  /// A call's or callback's target: the function of the program that begins where it points.
  private func targets(_ program: Program) -> [String] {
    program.instructions.indices.compactMap { index in
      let instruction = program.instructions[index]
      let isCall = instruction.opcode == Self.call && instruction.source == 1
      let isCallback = instruction.isWideLoad && instruction.source == 4
      guard isCall || isCallback else { return nil }
      let start = index + 1 + Int(instruction.immediate)
      return program.functions.first { $0.start == start }?.name ?? "nothing at \(start)"
    }
  }

  @Test(
    "a program has the functions that it reaches, once each, in the order of a walk that goes into calls first",
    .enabled(if: Clang.isPresent))
  func order() throws {
    for target in Clang.Target.all {
      let object = try ObjectFile(parsing: Clang.compile(Sources.linking, target))
      #expect(Array(object.programs.keys) == ["first", "second", "third"], "\(target)")
      let first = try #require(object.programs["first"])
      let names = ["first", "callback", "global_function", "static_function", "hidden_function"]
      #expect(first.functions.map(\.name) == names, "\(target)")
      #expect(
        targets(first)
          == ["callback", "global_function", "global_function", "static_function", "hidden_function"], "\(target)")
      let third = try #require(object.programs["third"])
      #expect(third.functions.map(\.name) == ["third", "global_function", "static_function", "hidden_function"])
      #expect(targets(third) == ["global_function", "global_function", "static_function", "hidden_function"])
    }
  }

  @Test("functions lie side by side, with their types and their linkage", .enabled(if: Clang.isPresent))
  func functions() throws {
    let object = try ObjectFile(parsing: Clang.compile(Sources.linking))
    let types = try #require(object.types)
    for program in object.programs.values {
      var end = 0
      for function in program.functions {
        #expect(function.start == end && function.count > 0)
        end += function.count
        let id = try #require(function.type)
        let type = try types.type(id)
        #expect(type.name == function.name)
        guard case .function(_, let linkage) = type.kind else {
          Issue.record("\(function.name) has type \(type)")
          continue
        }
        let isStatic = ["static_function", "callback", "hidden_function"].contains(function.name)
        #expect(function.isStatic == isStatic, "\(function.name)")
        // A hidden function is global in C, and static for the verifier.
        #expect((linkage == .static) == isStatic, "\(function.name)")
      }
      #expect(end == program.instructions.count)
    }
  }

  @Test("references name maps, offsets in data and callbacks", .enabled(if: Clang.isPresent))
  func references() throws {
    for target in Clang.Target.all {
      let object = try ObjectFile(parsing: Clang.compile(Sources.linking, target))
      let first = try #require(object.programs["first"])
      let callback = try #require(first.functions.first { $0.name == "callback" })
      let found = first.references.sorted { $0.key < $1.key }.map(\.value)
      // static_value, the callback, counter, global_value, then static_value and counter in hidden_function.
      #expect(
        found == [
          .mapValue(map: ".data", offset: 4), .function(start: callback.start), .mapValue(map: ".bss", offset: 0),
          .mapValue(map: ".data", offset: 0), .mapValue(map: ".data", offset: 4), .mapValue(map: ".bss", offset: 0),
        ], "\(target)")
      for (index, reference) in first.references {
        guard case .mapValue(_, let offset) = reference else { continue }
        #expect(first.instructions[index].source == 2 && first.instructions[index].immediate == 0)
        #expect(first.instructions[index + 1].immediate == Int32(offset))
      }
    }
  }

  @Test("source lines move with their instructions", .enabled(if: Clang.isPresent))
  func lines() throws {
    let object = try ObjectFile(parsing: Clang.compile(Sources.linking))
    let first = try #require(object.programs["first"])
    #expect(zip(first.lines, first.lines.dropFirst()).allSatisfy { $0.instruction < $1.instruction })
    for function in first.functions {
      // The first instruction of each function has a line, whose text is from that function.
      let line = try #require(first.lines.first { $0.instruction == function.start }, "\(function.name)")
      #expect(line.file.hasSuffix("object.bpf.c") && line.line > 0)
      let texts = first.lines.filter {
        $0.instruction >= function.start && $0.instruction < function.start + function.count
      }
      .map(\.text)
      let sample = [
        "first": "bpf_loop(3, callback, 0, 0);", "callback": "static long callback",
        "hidden_function": "hidden_function(int x)",
        "static_function": "static_function(int x)", "global_function": "counter++",
      ]
      #expect(texts.contains { $0.contains(sample[function.name] ?? "?") }, "\(function.name): \(texts)")
    }
  }

  @Test("CO-RE relocations move with their instructions", .enabled(if: Clang.isPresent))
  func typeRelocations() throws {
    let object = try ObjectFile(parsing: Clang.compile(Sources.fields))
    let program = try #require(object.programs["program"])
    let start = try #require(program.functions.first { $0.name == "read_last" }).start
    let own = program.typeRelocations.filter { $0.instruction >= start }
    #expect(own.map(\.access) == ["0:0:2:3", "0:2"])
    #expect(own.map { program.instructions[$0.instruction].offset } == [40, 56])
    #expect(
      program.typeRelocations.map(\.kind) == [
        .fieldByteOffset, .fieldByteOffset, .fieldExists, .typeExists, .typeSize, .enumeratorValue, .fieldByteOffset,
        .fieldByteOffset,
      ])
  }

  @Test("declaration tags and the mark of optional programs are kept", .enabled(if: Clang.isPresent))
  func marks() throws {
    let object = try ObjectFile(parsing: Clang.compile(Sources.linking))
    #expect(object.programs["first"]?.declarationTags == ["comment:first"])
    #expect(object.programs["second"]?.declarationTags == [])
    #expect(object.programs.values.map(\.loadsByDefault) == [true, true, false])
    #expect(object.programs["third"]?.section == "?tracepoint/syscalls/sys_enter_read")
    #expect(object.programs["third"]?.kind.target == "syscalls/sys_enter_read")
    #expect(object.license == "GPL")
  }

  @Test("without types functions and references are the same", .enabled(if: Clang.isPresent))
  func withoutTypes() throws {
    let plain = try ObjectFile(parsing: Clang.compile(Sources.linking, .init(options: [])))
    let typed = try ObjectFile(parsing: Clang.compile(Sources.linking))
    #expect(plain.types == nil && plain.programs.keys == typed.programs.keys)
    for (name, program) in plain.programs {
      let other = try #require(typed.programs[name])
      #expect(program.instructions == other.instructions && program.references == other.references)
      #expect(program.functions.map(\.name) == other.functions.map(\.name))
      #expect(program.functions.map(\.isStatic) == other.functions.map(\.isStatic))
      #expect(program.lines.isEmpty)
    }
    #expect(Set(plain.globals.keys) == Set(typed.globals.keys))
    for (name, global) in plain.globals {
      let other = try #require(typed.globals[name])
      #expect(global.type == nil && global.offset == other.offset && global.byteCount == other.byteCount, "\(name)")
    }
  }

  @Test("what a callee calls comes before what its caller calls next", .enabled(if: Clang.isPresent))
  func depthFirst() throws {
    let source = """
      __noinline int inner(int x) { asm volatile(""); return x; }
      __noinline int late(int x) { asm volatile(""); return inner(x) - 1; }
      __noinline int early(int x) { asm volatile(""); return inner(x) + 1; }
      SEC("socket") int program(void *ctx) { return early(4) + late(5); }
      """
    let program = try #require(try ObjectFile(parsing: Clang.compile(source)).programs["program"])
    #expect(program.functions.map(\.name) == ["program", "early", "inner", "late"])
    #expect(targets(program) == ["early", "late", "inner", "inner"])
  }

  @Test("functions that call each other in a circle are linked once", .enabled(if: Clang.isPresent))
  func recursion() throws {
    let source = """
      int odd(int x);
      __noinline int even(int x) { asm volatile(""); return x ? odd(x - 1) + 1 : 1; }
      __noinline int odd(int x) { asm volatile(""); return x ? even(x - 1) - 1 : 0; }
      SEC("socket") int program(void *ctx) { return even(4); }
      """
    let object = try ObjectFile(parsing: Clang.compile(source))
    let program = try #require(object.programs["program"])
    #expect(program.functions.map(\.name) == ["program", "even", "odd"])
    #expect(targets(program) == ["even", "odd", "even"])
  }

  @Test("a program can call another program and a static function of its section", .enabled(if: Clang.isPresent))
  func callsWithinSections() throws {
    let source = """
      SEC("tc") static __noinline int helper(int x) { asm volatile(""); return x + 1; }
      SEC("tc") __noinline int callee(void *ctx) { asm volatile(""); return helper(1); }
      SEC("tc") int caller(void *ctx) { return callee(ctx) + helper(2); }
      """
    for target in Clang.Target.all {
      let object = try ObjectFile(parsing: Clang.compile(source, target))
      #expect(Set(object.programs.keys) == ["callee", "caller"])
      let caller = try #require(object.programs["caller"])
      #expect(caller.functions.map(\.name) == ["caller", "callee", "helper"], "\(target)")
      #expect(targets(caller) == ["callee", "helper", "helper"], "\(target)")
    }
  }

  @Test("the function for exceptions is linked in, though nothing calls it", .enabled(if: Clang.isPresent))
  func exceptionCallback() throws {
    let source = """
      __noinline int on_exception(u64 cookie) { return 7; }
      SEC("tc") __tag("exception_callback:on_exception") int program(void *ctx) { return 0; }
      """
    let object = try ObjectFile(parsing: Clang.compile(source))
    #expect(object.programs["program"]?.functions.map(\.name) == ["program", "on_exception"])
    let wrong = source.replacing("exception_callback:on_exception", with: "exception_callback:nothing")
    let error = #expect(throws: ObjectError.self) { try ObjectFile(parsing: Clang.compile(wrong)) }
    #expect(error?.problem.contains("'nothing'") == true)
  }
}
