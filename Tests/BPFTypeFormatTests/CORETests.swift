import BPFTypeFormat
import Testing

@Suite(.enabled(if: CompiledC.isAvailable, "needs clang with the BPF target")) struct CORETests {
  /// A program that asks each kind of question of types that its layout defines. Its relocations are in the order of
  /// the questions, and clang's own answers for the layout are the immediates of its instructions.
  static let program = """
    enum { byte_offset, byte_size, exists, is_signed, left_shift, right_shift };
    #define field(expression, kind) (int)__builtin_preserve_field_info(expression, kind)
    #define relocatable __attribute__((preserve_access_index))
    typedef unsigned long long u64;
    LAYOUT
    volatile u64 out;
    __attribute__((section("questions"))) int ask(struct outer *o, struct outer *array) {
      out = field(o->first, byte_offset); out = field(o->first, byte_size); out = field(o->first, is_signed);
      out = field(o->second, byte_offset); out = field(o->second, byte_size); out = field(o->second, is_signed);
      out = field(o->nested.deep, byte_offset); out = field(o->inside, byte_offset);
      out = field(o->numbers[2], byte_offset); out = field(o->numbers, byte_size);
      out = field(o->items[1].deep, byte_offset); out = field(o->ring[2].deep, byte_offset); out = field(o->tail[3], byte_offset);
      out = field(array[2].second, byte_offset); out = field(o->pointer, byte_size);
      out = field(o->flags, byte_offset); out = field(o->flags, byte_size); out = field(o->flags, left_shift);
      out = field(o->flags, right_shift); out = field(o->flags, is_signed);
      out = field(o->wide, byte_offset); out = field(o->wide, left_shift); out = field(o->wide, right_shift);
      out = field(o->first, exists);
      out = __builtin_preserve_type_info(*(struct outer *)0, 1);
      out = __builtin_preserve_type_info(*(alias *)0, 1);
      out = __builtin_preserve_enum_value(*(enum choice *)SECOND, 1);
      out = __builtin_preserve_enum_value(*(enum choice *)SECOND, 0);
      out = __builtin_preserve_enum_value(*(enum large *)BIG, 1);
      out = __builtin_preserve_type_info(*(struct outer *)0, 0);
      out = __builtin_preserve_type_info(*(struct outer *)0, 2);
      return 0;
    }

    """

  static let oldLayout = """
    enum choice { FIRST, SECOND }; enum large { BIG = 0x100000001ull };
    struct inner { int deep; };
    struct outer {
      int first; unsigned short second; struct inner nested; union { int inside; long other; struct { struct inner ring[3]; }; };
      int numbers[4];
      struct inner items[2]; void *pointer; unsigned flags : 3; int wide : 20; long tail[];
    } relocatable;
    typedef struct outer alias;
    """

  static let newLayout = """
    enum choice { ZERO, FIRST, MORE = 40, SECOND, LAST }; enum large { BIG = 0x200000003ull, BIGGER };
    struct inner { char before[3]; long deep; };
    struct outer {
      char added; long second; struct { struct { int first; long inside; } in_two; };
      struct inner nested; struct { long inside; struct inner ring[4]; }; short spacer; unsigned first; int numbers[6]; int more : 5;
      int unrelated : 9; unsigned long flags : 7; long wide : 40; struct inner items[5]; int *pointer; long last;
      unsigned char tail[];
    } relocatable;
    typedef struct outer alias;
    """

  struct Asked {
    var types: BTF
    var records: [BTFExtension.RelocationRecord]
    /// The value that clang wrote into each relocated instruction.
    var immediates: [UInt64]
  }

  func compile(_ layout: String, _ order: BTF.ByteOrder = .little, program: String = program) throws -> Asked {
    let compiled = try CompiledC(program.replacing("LAYOUT", with: layout), byteOrder: order)
    let types = try compiled.types()
    let sections = try BTFExtension(parsing: compiled.section(".BTF.ext"), types: types).relocations
    let code = compiled.section("questions")
    let records = try #require(sections.first { $0.name == "questions" }).records
    let immediates = records.map { record in
      func word(_ offset: Int) -> UInt64 {
        let bytes = Array(code[offset..<offset + 4])
        return (order == .little ? bytes.reversed() : bytes).reduce(0) { $0 << 8 | UInt64($1) }
      }
      let offset = Int(record.offset)
      // `lddw` has the upper half in its second slot; `mov` extends the sign of its immediate.
      if code[offset] == 0x18 { return word(offset + 4) | word(offset + 12) << 32 }
      return UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: word(offset + 4))))
    }
    return Asked(types: types, records: records, immediates: immediates)
  }

  @Test("relocating to a layout gives what clang computes for that layout, in both byte orders")
  func againstClang() throws {
    for order in [BTF.ByteOrder.little, .big] {
      let old = try compile(Self.oldLayout, order)
      let new = try compile(Self.newLayout, order)
      #expect(old.records.count == 31 && new.records.count == 31)
      for (from, to) in [(old, new), (new, old), (old, old)] {
        let relocator = CORERelocator(local: from.types, target: to.types)
        for (index, record) in from.records.enumerated() {
          let result = try relocator.relocate(type: record.type, access: record.access, kind: record.kind)
          let other = to.records[index]
          let place = "\(order) question \(index): \(record)"
          #expect(record.kind == other.kind, "\(place)")
          #expect(!result.isPoisoned, "\(place)")
          if result.checksLocalValue { #expect(result.localValue == from.immediates[index], "\(place)") }
          switch record.kind {
          case .targetTypeID: #expect(result.value == UInt64(other.type.rawValue), "\(place)")
          case .localTypeID: #expect(result.value == UInt64(record.type.rawValue), "\(place)")
          case .typeMatches:
            // The layouts have members that the other one has not.
            #expect(result.value == (from.types.encoded == to.types.encoded ? 1 : 0), "\(place)")
          default:
            let itself = try CORERelocator(local: to.types, target: to.types)
              .relocate(type: other.type, access: other.access, kind: other.kind)
            #expect(result.value == itself.value, "\(place)")
            if itself.checksLocalValue { #expect(result.value == to.immediates[index], "\(place)") }
          }
        }
      }
    }
  }

  @Test("shifts and word of a bit field leave its value, whatever compiler wrote the layout")
  func bitFields() throws {
    for order in [BTF.ByteOrder.little, .big] {
      let asked = try compile(Self.newLayout, order)
      let relocator = CORERelocator(local: asked.types, target: asked.types)
      let outer = try #require(asked.types.first(named: "outer", kind: .structure))
      guard case .structure(let body) = try asked.types[outer].kind else { return }
      for (index, member) in body.members.enumerated() where member.bitFieldWidth > 0 {
        func value(_ kind: CORERelocationKind) throws -> Int {
          Int(try relocator.relocate(type: outer, access: "0:\(index)", kind: kind).value)
        }
        let (offset, size) = (try value(.fieldByteOffset), try value(.fieldByteSize))
        let (left, right) = (try value(.fieldLeftShift), try value(.fieldRightShift))
        // Set all bits of the field, read the word as a load does, and shift.
        var word: UInt64 = 0
        for bit in 0..<Int(member.bitFieldWidth) {
          let position = Int(member.bitOffset) + bit - 8 * offset
          #expect(position >= 0 && position < 8 * size)
          word |= 1 << UInt64(order == .little ? position : 8 * size - 1 - position)
        }
        let value = (word << UInt64(left)) >> UInt64(right)
        #expect(value == (1 << UInt64(member.bitFieldWidth)) - 1, "\(member.name)")
        #expect(right == 64 - Int(member.bitFieldWidth))
      }
    }
  }

  /// Answers a question of one type against another source's types.
  func answer(
    _ localSource: String, _ targetSource: String, _ access: String, _ kind: CORERelocationKind,
    name: String = "s", as typeKind: BTFKind = .structure
  ) throws -> CORERelocationResult {
    let local = try CompiledC(localSource).types()
    let target = try CompiledC(targetSource).types()
    let id = try #require(local.first(named: name, kind: typeKind))
    return try CORERelocator(local: local, target: target).relocate(type: id, access: access, kind: kind)
  }

  @Test("what the target lacks does not exist, and using it is poisoned")
  func missing() throws {
    let local = "struct s { int a; struct { int b; } n; } v; enum e { A, B } w;"
    let rows: [(String, String, CORERelocationKind, String, BTFKind)] = [
      ("no type", "int x;", .fieldByteOffset, "0:0", .structure),
      ("no member", "struct s { int b; } v;", .fieldByteOffset, "0:0", .structure),
      ("member of another kind", "struct s { int *a; } v;", .fieldByteSize, "0:0", .structure),
      ("no member of a member", "struct s { int a; struct { int c; } n; } v;", .fieldByteOffset, "0:1:0", .structure),
      ("a union", "union s { int a; } v;", .fieldByteOffset, "0:0", .structure),
      ("no enumerator", "enum e { A } w;", .enumeratorValue, "1", .enumeration),
    ]
    for (label, target, kind, access, typeKind) in rows {
      let name = typeKind == .structure ? "s" : "e"
      let result = try answer(local, target, access, kind, name: name, as: typeKind)
      #expect(result.isPoisoned && result.targetType == nil, "\(label)")
      let question: CORERelocationKind = kind == .enumeratorValue ? .enumeratorExists : .fieldExists
      let existence = try answer(local, target, access, question, name: name, as: typeKind)
      #expect(!existence.isPoisoned && existence.value == 0, "\(label)")
    }
    for kind in [CORERelocationKind.typeExists, .typeSize, .targetTypeID, .typeMatches] {
      let result = try answer(local, "int x;", "0", kind)
      #expect(!result.isPoisoned && result.value == 0)
    }
  }

  @Test("a flavour is no part of a name, on either side")
  func flavours() throws {
    for name in ["s", "s___old", "s___a___b"] {
      let result = try answer(
        "struct \(name) { int a; } v;", "struct s { long x; int a; } v;", "0:0", .fieldByteOffset, name: name)
      // Of `s___a___b` the last flavour counts, so that it means `s___a`.
      #expect(result.isPoisoned == (name == "s___a___b"), "\(name)")
      if !result.isPoisoned { #expect(result.value == 8, "\(name)") }
    }
    #expect(
      try answer("struct s { int a; } v;", "struct s___2 { long x; int a; } v;", "0:0", .fieldByteOffset).value == 8)
    for (name, essential) in [
      ("a___b", "a"), ("a____b", "a____b"), ("___b", "___b"), ("a___", "a___"), ("a__b", "a__b"), ("", ""),
      ("x___y___z", "x___y"),
    ] {
      #expect(BTF.essentialName(of: name) == essential, "\(name)")
    }
  }

  @Test("types of the target that match have to agree")
  func ambiguity() throws {
    let local = "struct s { int a; } v;"
    let two = "struct s { int a; } v; struct s___2 { long x; int a; } w;"
    #expect(throws: CORERelocationError.self) { try answer(local, two, "0:0", .fieldByteOffset) }
    // Also the mere question whether the field exists, as in libbpf.
    #expect(throws: CORERelocationError.self) { try answer(local, two, "0:0", .fieldExists) }
    let agreeing = "struct s { int a; } v; struct s___2 { int a; int b; } w;"
    #expect(try answer(local, agreeing, "0:0", .fieldByteOffset).value == 0)
    let other = "struct s { char *b; long q; } v; struct s___2 { long x; int a; } w;"
    #expect(try answer(local, other, "0:0", .fieldByteOffset).value == 8)
  }

  @Test("the width of a load follows a pointer or unsigned number, and not a signed one")
  func memoryAccess() throws {
    let rows: [(String, String, CORERelocationResult.MemoryAccess)] = [
      ("unsigned", "unsigned", .unchanged), ("unsigned", "unsigned long", .resized(from: 4, to: 8)),
      ("unsigned long", "unsigned char", .resized(from: 8, to: 1)), ("int", "long", .notResizable(from: 4, to: 8)),
      ("unsigned", "long", .notResizable(from: 4, to: 8)), ("char *", "int *", .unchanged),
    ]
    for (from, to, expected) in rows {
      let result = try answer("struct s { \(from) a; } v;", "struct s { \(to) a; } v;", "0:0", .fieldByteOffset)
      #expect(result.memoryAccess == expected, "\(from) to \(to)")
    }
  }

  @Test("a field is found when its type may be read as the local one")
  func fieldTypes() throws {
    let rows: [(String, String, Bool)] = [
      ("int a;", "unsigned long a;", true), ("int a;", "_Bool a;", true), ("int a;", "float a;", false),
      ("int a;", "int a[2];", false), ("int a[1];", "long a[7];", true), ("int a[1];", "int *a[7];", false),
      ("int *a;", "struct t *a;", true), ("struct t { int x; } a;", "union u { int y; } a;", true),
      ("enum e { P } a;", "enum e { Q } a;", true), ("enum e { P } a;", "enum f { P } a;", false),
      ("enum { P } a;", "enum f { P } a;", true), ("enum e { P } a;", "int a;", false),
      ("enum e { P } a;", "enum e { P = 1l << 40 } a;", true), ("int a;", "const volatile int a;", true),
      ("int a;", "struct { int b; union { long z; int a; }; };", true), ("int a;", "struct { int a; } b;", false),
    ]
    for (local, target, expected) in rows {
      let result = try answer("struct s { \(local) } v;", "struct s { \(target) } v;", "0:0", .fieldExists)
      #expect(result.value == (expected ? 1 : 0), "\(local) against \(target)")
    }
  }

  @Test("types match when the target has all members, with the same kinds of types")
  func matching() throws {
    let rows: [(String, String, UInt64)] = [
      ("int a;", "int a;", 1), ("int a;", "long z; int a;", 1), ("int a; int b;", "int a;", 0),
      ("int a;", "long a;", 0),
      ("int a;", "unsigned a;", 0), ("int a;", "int b;", 0), ("struct t *p;", "struct t { int x; } *p;", 1),
      ("struct t { int y; } *p;", "struct t { int x; } *p;", 1),
      ("struct t { int y; } p;", "struct t { int x; } p;", 0),
      ("int a[2];", "int a[3];", 0), ("int a[2];", "int a[2];", 1), ("int (*f)(int);", "int (*f)(int, int);", 0),
      ("int (*f)(int);", "int (*f)(int);", 1), ("enum { P } e;", "enum { P, Q } e;", 1),
      ("enum { P, Q } e;", "enum { P } e;", 0),
      ("struct t *p;", "union t { int x; } *p;", 0), ("typeof(int) a;", "volatile int a;", 1),
      ("struct { int a; }; struct { int b; };", "struct { int a; int b; };", 0),
    ]
    for (local, target, expected) in rows {
      let result = try answer("struct s { \(local) } v;", "struct s { \(target) } v;", "0", .typeMatches)
      #expect(result.value == expected, "\(local) against \(target)")
    }
  }

  @Test("access strings that do not fit the local type are refused")
  func badAccess() throws {
    let source = "struct s { int a; int b[2]; int *p; int none[0]; int last; } v; enum e { A } w;"
    let btf = try CompiledC(source).types()
    let relocator = CORERelocator(local: btf, target: btf)
    let s = try #require(btf.first(named: "s", kind: .structure))
    let e = try #require(btf.first(named: "e", kind: .enumeration))
    let rows: [(BTFTypeID, String, CORERelocationKind)] = [
      (s, "", .fieldExists), (s, "0:", .fieldExists), (s, "0:x", .fieldExists), (s, "-1", .fieldExists),
      (s, "0:5", .fieldExists),
      (s, "0:0:0", .fieldExists), (s, "0:1:2", .fieldExists), (s, "0:2:0", .fieldExists),
      (s, "4294967296", .fieldExists),
      (s, "0:" + Array(repeating: "0", count: 80).joined(separator: ":"), .fieldExists), (s, "0:0", .typeSize),
      (s, "1", .typeExists),
      (e, "1", .enumeratorValue), (s, "0", .enumeratorExists), (e, "0:0", .enumeratorValue), (s, "0", .fieldSigned),
      (BTFTypeID(9999), "0", .typeExists), (s, "4294967295:0", .fieldByteOffset), (s, "0:3:1", .fieldExists),
    ]
    for (id, access, kind) in rows {
      #expect(throws: CORERelocationError.self, "\(access) \(kind)") {
        try relocator.relocate(type: id, access: access, kind: kind)
      }
    }
  }

  @Test(
    "fields of the running kernel's types are found by members that are named in any order",
    .enabled(if: KernelTypes.isAvailable))
  func kernel() throws {
    let target = try KernelTypes.types.get()
    let local = try CompiledC(
      """
      typedef int pid_t; struct mm_struct;
      struct task_struct___mine { char comm[1]; pid_t pid; struct mm_struct *mm; unsigned not_there; struct task_struct___mine *parent; } v;
      enum bpf_map_type { BPF_MAP_TYPE_ARRAY = 77, BPF_MAP_TYPE_NEVER } w;
      """
    ).types()
    let relocator = CORERelocator(local: local, target: target)
    let mine = try #require(local.first(named: "task_struct___mine", kind: .structure))
    let task = try #require(target.first(named: "task_struct", kind: .structure))
    let layout = try Layout(target, task)
    for (index, name) in ["comm", "pid", "mm", nil, "parent"].enumerated() {
      let result = try relocator.relocate(type: mine, access: "0:\(index)", kind: .fieldByteOffset)
      let expected = layout.members.first { $0.name == name }
      #expect(result.isPoisoned == (name == nil))
      #expect(result.value == UInt64((expected?.bitOffset ?? 0) / 8))
    }
    #expect(try relocator.relocate(type: mine, access: "0:0", kind: .fieldByteSize).value == 16)
    #expect(try relocator.relocate(type: mine, access: "0", kind: .typeSize).value == UInt64(layout.size))
    #expect(try relocator.relocate(type: mine, access: "0", kind: .targetTypeID).value == UInt64(task.rawValue))
    let types = try #require(local.first(named: "bpf_map_type", kind: .enumeration))
    #expect(try relocator.relocate(type: types, access: "0", kind: .enumeratorValue).value == 2)
    #expect(try relocator.relocate(type: types, access: "1", kind: .enumeratorExists).value == 0)
  }
}
