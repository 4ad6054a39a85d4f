import BPFTypeFormat
import Testing

@Suite struct CPrinterTests {
  /// Compiles C, prints its types, and expects the text to contain each of the pieces.
  func expect(_ pieces: [String], from source: String) throws {
    let text = try CPrinter(CompiledC(source).types()).header()
    for piece in pieces {
      #expect(text.contains(piece), "\(piece) is not in \(text)")
    }
  }

  @Test("declarators are printed as C writes them", .enabled(if: CompiledC.isAvailable, "needs clang"))
  func declarators() throws {
    try expect(
      [
        "int *pointer;", "int **twice;", "const int *to_const;", "int * const const_pointer;",
        "int array[2][3];", "int *pointers[4];", "int (*to_array)[5];", "int (*function)(int, const char *);",
        "void (*handlers[2])(void);", "int (*(*returns_function)(int))(char);", "int (*variadic)(int, ...);",
        "volatile unsigned char v;", "const char text[8];", "_Bool b;", "double d;", "__int128 wide;",
        "struct other *other;", "restricted_t r;", "typedef int * restrict restricted_t;", "int flexible[0];",
        "int __attribute__((btf_type_tag(\"user\"))) *tagged;",
      ],
      from: """
        struct other;
        typedef int *restrict restricted_t;
        struct all {
          int *pointer; int **twice; const int *to_const; int *const const_pointer; int array[2][3]; int *pointers[4];
          int (*to_array)[5]; int (*function)(int, const char *); void (*handlers[2])(void);
          int (*(*returns_function)(int))(char); int (*variadic)(int, ...); volatile unsigned char v;
          const char text[8]; _Bool b; double d; __int128 wide; struct other *other; restricted_t r;
          int __attribute__((btf_type_tag("user"))) *tagged; int flexible[];
        } value;
        """)
  }

  @Test("enumerations keep their values and their size", .enabled(if: CompiledC.isAvailable, "needs clang"))
  func enumerations() throws {
    try expect(
      [
        "enum signed_values {\n\tMINUS = -1,\n\tLOWEST = -2147483648,\n};",
        "enum unsigned_values {\n\tHIGHEST = 4294967295,\n};",
        "\tHUGE = 18446744073709551615ULL,\n", "\tDEEP = (-9223372036854775807LL - 1),\n",
        "\tTINY = 1,\n} __attribute__((mode(QI)));", "\tINLINE = 7,\n",
      ],
      from: """
        enum signed_values { MINUS = -1, LOWEST = -2147483647 - 1 } a;
        enum unsigned_values { HIGHEST = 4294967295u } b;
        enum wide { HUGE = 18446744073709551615ull } c;
        enum deep { DEEP = -9223372036854775807ll - 1 } d;
        enum tiny { TINY = 1 } __attribute__((packed)) e;
        struct { enum { INLINE = 7 } f; } g;
        """)
  }

  @Test(
    "types that share a name get numbers, in each of C's name spaces",
    .enabled(if: CompiledC.isAvailable, "needs clang"))
  func clashes() throws {
    var builder = BTFBuilder()
    let int = builder.add(
      BTFType(name: "int", kind: .integer(.init(byteCount: 4, bitCount: 32, isSigned: true))))
    for count in 1...3 {
      let members = (0..<count).map { BTFType.Member(name: "m\($0)", type: int, bitOffset: UInt32(32 * $0)) }
      _ = builder.add(
        BTFType(name: "same", kind: .structure(.init(byteCount: UInt32(4 * count), members: members))))
    }
    _ = builder.add(BTFType(name: "same", kind: .typedef(BTFTypeID(4))))
    _ = builder.add(
      BTFType(
        name: "same",
        kind: .enumeration(
          .init(byteCount: 4, isSigned: false, is64Bit: false, values: [.init(name: "same", value: 0)]))))
    _ = builder.add(BTFType(name: "same", kind: .forward(isUnion: true)))
    _ = builder.add(BTFType(name: "int", kind: .typedef(int)))
    _ = builder.add(BTFType(name: "Option<u8>", kind: .structure(.init(byteCount: 0, members: []))))
    _ = builder.add(BTFType(name: "__builtin_va_list", kind: .typedef(int)))
    let text = try CPrinter(BTF(builder)).header()
    for piece in [
      "struct same {", "struct same___2 {", "struct same___3 {", "typedef struct same___3 same;", "enum same___4 {",
      "\tsame___2 = 0,", "union same___5;", "typedef int int_;", "struct Option_u8_ {",
      "typedef int __builtin_va_list___2;",
    ] {
      #expect(text.contains(piece), "\(piece) is not in \(text)")
    }
    _ = try CompiledC(text)
  }

  @Test("only what the roots need is printed")
  func roots() throws {
    let sample = Sample()
    let printer = CPrinter(try BTF(sample.builder))
    let text = try printer.header(roots: [sample.typedef, sample.function])
    #expect(text.contains("typedef struct point point_t;"))
    #expect(text.contains("struct point {\n\tint x;\n\tint y;\n\tchar name[16];\n};"))
    #expect(text.contains("extern int print(char *p, ...);"))
    #expect(!text.contains("either") && !text.contains("node"))
  }

  @Test("a single type and a declaration are printed without what they need")
  func single() throws {
    let sample = Sample()
    let printer = CPrinter(try BTF(sample.builder))
    #expect(
      try printer.definition(of: sample.flags)
        == "struct flags {\n\tint low : 3;\n\tint high : 29;\n\tint rest;\n};")
    #expect(try printer.definition(of: sample.typedef) == "typedef struct point point_t;")
    #expect(try printer.declaration(of: sample.qualified, name: "here") == "const volatile point_t here")
    #expect(try printer.declaration(of: sample.pointer) == "char *")
    #expect(try printer.definition(of: sample.function) == "int print(char *p, ...);")
  }

  /// Layouts that C reaches only with packing, padding or bit fields.
  static let layouts = """
    #define packed __attribute__((packed))
    #define aligned(n) __attribute__((aligned(n)))
    struct gap { char a; int b aligned(16); char c; } g0;
    struct whole { int a; } aligned(64); struct whole g1;
    struct tight { char a; long b; short c; } packed; struct tight g2;
    struct nested { char x; struct tight t; struct whole w; int y; }; struct nested g3;
    struct bits { int a : 3; int b : 7; unsigned c : 22; long d : 40; char e; short f : 5; _Bool g : 1; }; struct bits g4;
    struct split { int a : 3; int : 0; int b : 2; char c; int : 5; int d : 4; }; struct split g5;
    struct packed_bits { char a; int b : 12; int c : 30; long d : 60; char e; } packed; struct packed_bits g6;
    struct straddle { int a : 20; int b : 20; int c : 24; } packed; struct straddle g16;
    union big { int a; char b[5]; } aligned(32); union big g7;
    union small { char a; long b; } packed; union small g8;
    struct holder { char c; union small s; union { int x; struct { char y; long z : 9; }; }; }; struct holder g9;
    enum small_enum { ONE } packed; struct enums { enum small_enum a; enum { TWO = 2 } b : 4; int c : 4; }; struct enums g10;
    struct page { char a; long b aligned(4096); long c; }; struct page g11;
    struct wide { char a; __int128 b; char c; }; struct wide g12;
    struct empty {}; struct with_empty { int a; struct empty e; int z[0]; char b; }; struct with_empty g13;
    struct list { struct list *next; void (*f)(struct list *, struct later *); struct later *l; }; struct list g14;
    struct later { struct list l; const struct { int inside; }; }; struct later g15;
    """

  @Test(
    "printed structures have the offsets and sizes of the original",
    .enabled(if: CompiledC.isAvailable, "needs clang"))
  func layouts() throws {
    for order in [BTF.ByteOrder.little, .big] {
      let original = try CompiledC(Self.layouts, byteOrder: order).types()
      var text = try CPrinter(original).header()
      for id in original.identifiers {
        let kind = try original.kind(of: id)
        guard kind == .structure || kind == .union, try !original.name(of: id).isEmpty else { continue }
        text += try "\(kind) \(original.name(of: id)) value\(id.rawValue);\n"
      }
      let printed = try CompiledC(text, byteOrder: order, options: ["-Werror"]).types()
      for id in original.identifiers {
        let kind = try original.kind(of: id)
        guard kind == .structure || kind == .union, try !original.name(of: id).isEmpty else { continue }
        let name = try original.name(of: id)
        let other = try #require(printed.first(named: name, kind: kind))
        #expect(try Layout(original, id) == Layout(printed, other), "\(name): \(text)")
      }
    }
  }

  @Test(
    "a type that C cannot lay out is printed as bytes of its size", .enabled(if: CompiledC.isAvailable, "needs clang"))
  func opaque() throws {
    var sample = Sample()
    let overlapping = sample.builder.add(
      BTFType(
        name: "overlapping",
        kind: .structure(
          .init(
            byteCount: 8,
            members: [
              .init(name: "a", type: sample.int, bitOffset: 0), .init(name: "b", type: sample.int, bitOffset: 16),
            ]))))
    let text = try CPrinter(BTF(sample.builder)).header()
    #expect(text.contains("struct overlapping {\n\tunsigned char opaque[8];\n};"))
    let size = try CompiledC(text + "struct overlapping v;").types()
    #expect(try size.size(of: #require(size.first(named: "overlapping", kind: .structure))) == 8)
    #expect(try BTF(sample.builder).alignment(of: overlapping) == 1)
  }

  @Test("a text beyond the limit is an error, and so are types that contain themselves")
  func limits() throws {
    let sample = Sample()
    var options = CPrinter.Options()
    options.limit = 100
    #expect(throws: BTFError(.query, .outputLimit(100))) {
      try CPrinter(BTF(sample.builder), options: options).header()
    }
    // Each structure contains the one before it twice and has no name: printed in full, this is 2^40 members.
    var builder = BTFBuilder()
    var last = builder.add(BTFType(kind: .structure(.init(byteCount: 0, members: []))))
    for _ in 0..<40 {
      last = builder.add(
        BTFType(
          kind: .structure(
            .init(
              byteCount: 0,
              members: [.init(name: "a", type: last, bitOffset: 0), .init(name: "b", type: last, bitOffset: 0)]))))
    }
    let typedef = builder.add(BTFType(name: "bomb", kind: .typedef(last)))
    options.limit = 1 << 16
    #expect(throws: BTFError(.query, .outputLimit(1 << 16))) {
      try CPrinter(BTF(builder), options: options).header(roots: [typedef])
    }
    for kind: BTFType.Kind in [.pointer(BTFTypeID(1)), .const(BTFTypeID(1))] {
      var cycle = BTFBuilder()
      _ = cycle.add(BTFType(kind: kind))
      _ = cycle.add(BTFType(name: "t", kind: .typedef(BTFTypeID(1))))
      #expect(throws: BTFError.self) { try CPrinter(BTF(cycle)).header() }
    }
  }
}

/// The size of a structure and where its members are, those of anonymous members as its own.
struct Layout: Equatable {
  struct Member: Hashable {
    var name: String
    var bitOffset: UInt32
    var width: UInt8
    var size: Int
  }
  var size: Int
  var members: [Member] = []

  init(_ btf: BTF, _ id: BTFTypeID) throws {
    size = try btf.size(of: id)
    try collect(btf, id, 0)
  }

  private mutating func collect(_ btf: BTF, _ id: BTFTypeID, _ offset: UInt32) throws {
    let composite: BTFType.Composite
    switch try btf[btf.resolve(id)].kind {
    case .structure(let body), .union(let body): composite = body
    default: return
    }
    for member in composite.members where !member.name.hasPrefix("padding_") {
      if member.name.isEmpty {
        try collect(btf, member.type, offset + member.bitOffset)
      } else {
        members.append(
          try Member(
            name: member.name, bitOffset: offset + member.bitOffset, width: member.bitFieldWidth,
            size: btf.size(of: member.type)))
      }
    }
  }

  var hasBitFields: Bool { members.contains { $0.width > 0 } }
}
