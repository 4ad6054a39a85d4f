import BPFTypeFormat
import Testing

@Suite struct CLayoutTests {
  /// Sizes in bytes, then members with their offset and width in bits, as clang 21 lays them out for BPF.
  static let layouts: [(name: String, declaration: String, expected: String)] = [
    ("b1", "struct b1 { u8 a:4; u8 b:5; u8 c:3; };", "2: a@0/4 b@8/5 c@13/3"),
    ("b2", "struct b2 { u32 a:30; u32 b:4; u8 c; };", "8: a@0/30 b@32/4 c@40"),
    ("b3", "struct b3 { u8 a; u32 :0; u8 b; u16 :0; u8 c:2; };", "7: a@0 b@32 c@48/2"),
    ("b4", "struct b4 { u64 a:33; u32 b:31; u32 c:1; };", "16: a@0/33 b@33/31 c@64/1"),
    ("b5", "struct b5 { u8 a; u32 b:24; u16 c:16; };", "8: a@0 b@8/24 c@32/16"),
    (
      "b6", "struct b6 { u8 a:1; bool b:1; bool c:1; u64 d:61; u64 e:1; } __attribute__((packed));",
      "9: a@0/1 b@1/1 c@2/1 d@3/61 e@64/1"
    ),
    (
      "b7", "struct b7 { u8 a; u32 b:31; u64 c:63; u8 d; } __attribute__((packed));",
      "14: a@0 b@8/31 c@39/63 d@104"
    ),
    (
      "b8", "struct b8 { u8 a; u32 b __attribute__((packed)); u16 c:9 __attribute__((packed)); u32 d:20; };",
      "12: a@0 b@8 c@40/9 d@64/20"
    ),
    ("b9", "struct b9 { u8 a:3; u8 b:3 __attribute__((aligned(4))); u8 c:1; };", "8: a@0/3 b@32/3 c@35/1"),
    ("u1", "union u1 { u8 a:3; u32 b:17; u64 :40; u8 d[5]; };", "8: a@0/3 b@0/17 d@0"),
    ("u2", "union u2 { u8 a[5]; u16 b; } __attribute__((packed));", "5: a@0 b@0"),
    ("a1", "struct a1 { u8 a; au32 b; u8 c; };", "32: a@0 b@128 c@160"),
    ("a2", "struct a2 { u8 a; lo64 b; u8 c; };", "16: a@0 b@32 c@96"),
    ("a3", "struct a3 { u8 a; au32 b; au64 c; } __attribute__((packed));", "13: a@0 b@8 c@40"),
    ("a4", "struct a4 { u8 a; struct b2 b; } __attribute__((packed, aligned(4)));", "12: a@0 b@8"),
    (
      "a5",
      """
      struct a5 { u8 a; struct { u8 x; u64 y; } __attribute__((packed)) b;
                  struct { u8 q; } __attribute__((aligned(8))) c; u8 d; };
      """,
      "32: a@0 b@8 c@128 d@192"
    ),
    ("a6", "struct a6 { u8 a; au64 b[0]; };", "8: a@0 b@64"),
    ("a7", "struct a7 { u8 n; struct {} e; u16 z; __int128 w; u8 t[]; };", "32: n@0 e@8 z@16 w@128 t@256"),
    ("a8", "struct a8 { u8 a; union { struct { u16 x; u8 y; }; u32 z; }; u8 b; };", "12: a@0 @32 b@64"),
    ("a9", "struct a9 { u8 a; long double *p; double d; float f; u8 arr[2][3]; };", "40: a@0 p@64 d@128 f@192 arr@224"),
    ("c1", "struct c1 { u8 a; u64 :0; u8 b; };", "9: a@0 b@64"),
    ("c2", "struct c2 { u8 a:3; u32 :5; u32 b:24; u32 c:1; };", "8: a@0/3 b@8/24 c@32/1"),
    ("c3", "struct c3 { u16 a; u64 b:48; u64 c:17; };", "16: a@0 b@16/48 c@64/17"),
    ("c4", "struct c4 { u8 a; u64 :40; u8 b; };", "7: a@0 b@48"),
    ("c5", "struct c5 { u32 a; lo64 b:40; u8 c; };", "12: a@0 b@32/40 c@72"),
    ("c6", "struct c6 { u8 a; au32 b:3; u8 c; };", "16: a@0 b@8/3 c@16"),
    ("c7", "struct c7 { u8 a:7; u16 b:9 __attribute__((packed)); u8 c:1; };", "3: a@0/7 b@7/9 c@16/1"),
    ("c8", "struct c8 { u32 a:1; u32 :0; u32 b:1; } __attribute__((packed));", "5: a@0/1 b@32/1"),
    (
      "c9", "struct c9 { u8 a; u32 b:3 __attribute__((aligned(2))); u32 c:4; } __attribute__((packed));",
      "4: a@0 b@16/3 c@19/4"
    ),
    ("d1", "struct d1 { u8 a; _Alignas(8) u8 b; u16 c; };", "16: a@0 b@64 c@80"),
    ("d2", "struct d2 { u8 a; u32 b[3] __attribute__((packed)); };", "13: a@0 b@8"),
    ("d3", "struct d3 { au32 x; u8 y; };", "16: x@0 y@32"),
    ("d4", "struct d4 { u8 a; struct d3 d; u8 b; } __attribute__((packed));", "18: a@0 d@8 b@136"),
    (
      "d5", "struct d5 { u8 a; enum __attribute__((packed)) { A = 1, B = 300 } e; u8 b; enum { C = -1 } f:3; };",
      "8: a@0 e@16 b@32 f@40/3"
    ),
    (
      "d6", "struct d6 { u64 a:64; u8 b:8; u8 c:8; u16 d:16; u32 :32; u8 x; };",
      "24: a@0/64 b@64/8 c@72/8 d@80/16 x@128"
    ),
    ("d9", "struct d9 { u64 a; u8 b; u64 c:21 __attribute__((aligned(4))); };", "16: a@0 b@64 c@96/21"),
    ("d8", "struct d8 { enum plain { P } :3, a:4; enum plain b:5; enum plain :0; char c; };", "8: a@3/4 b@7/5 c@32"),
    ("d7", "struct d7 { u8 x; u64 a:56; u8 y; };", "16: x@0 a@8/56 y@64"),
  ]

  static let preamble = """
    typedef unsigned int u32; typedef unsigned long long u64; typedef unsigned char u8; typedef unsigned short u16;
    typedef _Bool bool;
    typedef u64 au64 __attribute__((aligned(8)));
    typedef u32 au32 __attribute__((aligned(16)));
    typedef u64 lo64 __attribute__((aligned(4)));
    """

  @Test("structures and unions are laid out as clang lays them out")
  func layouts() throws {
    var declarations = CDeclarations()
    try declarations.read(Self.preamble)
    for (name, declaration, expected) in Self.layouts {
      try declarations.read(declaration, file: name)
      let type = try #require(declarations.structure(named: name) ?? declarations.union(named: name))
      #expect(declarations.summary(of: type) == expected, "\(declaration)")
    }
  }

  @Test("a flexible array member has no size and aligns what holds it")
  func flexibleArray() throws {
    var declarations = CDeclarations()
    try declarations.read("struct s { char n; long items[]; };")
    #expect(declarations.summary(of: try #require(declarations.structure(named: "s"))) == "8: n@0 items@64")
  }

  @Test("sizeof and _Alignof of declared types are constants")
  func sizeOf() throws {
    var declarations = CDeclarations()
    try declarations.read(
      """
      struct s { char c; int i; };
      enum { SIZE = sizeof(struct s), ALIGN = _Alignof(struct s), POINTER = sizeof(struct s *), ROW = sizeof(int[3][5]) };
      _Static_assert(SIZE == 8 && ALIGN == 4 && POINTER == 8 && ROW == 60, "as C says");
      """)
    #expect(declarations.enumerator(named: "ROW") == 60)
  }

  @Test("sizes beyond 32 bits and bit fields beyond 2 MiB are refused, not wrapped")
  func limits() {
    for (text, words) in [
      ("struct s { char a[0xffffffff]; char b[0xffffffff]; };", "too large"),
      ("struct s { char a[0xffffffff][0xffffffff][0xffffffff]; };", "beyond 2^64"),
      ("struct s { char a[0x100000000]; };", "too large"),
      ("struct s { char a[1 << 21]; int b:1; };", "2 MiB"),
    ] {
      var declarations = CDeclarations()
      let error = #expect(throws: CDeclarationError.self, "\(text)") { try declarations.read(text) }
      #expect(error?.description.contains(words) == true, "\(text): \(error?.description ?? "")")
    }
  }
}

extension CDeclarations {
  /// `size: name@offset/width …` of a structure or a union.
  func summary(of identifier: BTFTypeID) -> String {
    let type = builder.types[Int(identifier.rawValue) - 1]
    switch type.kind {
    case .structure(let body), .union(let body):
      let members = body.members.map { member in
        " \(member.name)@\(member.bitOffset)" + (member.bitFieldWidth > 0 ? "/\(member.bitFieldWidth)" : "")
      }
      return "\(body.byteCount):" + members.joined()
    default: return "\(type)"
    }
  }

  /// The chain of types from one on, in words.
  func spelled(_ identifier: BTFTypeID) -> String {
    guard identifier != .void else { return "void" }
    let type = builder.types[Int(identifier.rawValue) - 1]
    switch type.kind {
    case .integer, .float: return type.name
    case .pointer(let next): return "pointer to \(spelled(next))"
    case .const(let next): return "const \(spelled(next))"
    case .volatile(let next): return "volatile \(spelled(next))"
    case .restrict(let next): return "restrict \(spelled(next))"
    case .typeTag(let next): return "[\(type.name)] \(spelled(next))"
    case .array(let array): return "array of \(array.count) \(spelled(array.element))"
    case .functionPrototype(let prototype):
      let parameters = prototype.parameters.map { $0.type == .void ? "..." : spelled($0.type) }
      return "function(\(parameters.joined(separator: ", "))) \(spelled(prototype.result))"
    default: return type.name
    }
  }
}
