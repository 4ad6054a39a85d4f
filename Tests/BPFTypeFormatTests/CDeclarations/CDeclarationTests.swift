import BPFTypeFormat
import Testing

@Suite struct CDeclarationTests {
  private func read(_ text: String) throws -> CDeclarations {
    var declarations = CDeclarations()
    try declarations.read(text, file: "t.h")
    return declarations
  }

  @Test("declarators nest as in C")
  func declarators() throws {
    let rows: [(member: String, expected: String)] = [
      ("int *x", "pointer to int"),
      ("const char *x", "pointer to const char"),
      ("char const *const x", "const pointer to const char"),
      ("const volatile int *x", "pointer to const volatile int"),
      ("void *volatile const x", "const volatile pointer to void"),
      ("int *restrict x", "restrict pointer to int"),
      ("int x[3][4]", "array of 3 array of 4 int"),
      ("int *x[3]", "array of 3 pointer to int"),
      ("int (*x)[3]", "pointer to array of 3 int"),
      ("int (*x)(void)", "pointer to function() int"),
      ("int (*x)()", "pointer to function() int"),
      ("void (*x)(const char *format, ...)", "pointer to function(pointer to const char, ...) void"),
      ("int *(*x[2])(int, long)", "array of 2 pointer to function(int, long) pointer to int"),
      (
        "void (*(*x)(int, void (*handler)(int)))(int)",
        "pointer to function(int, pointer to function(int) void) pointer to function(int) void"
      ),
      (
        "int (*x)(int values[4], int callback(void))",
        "pointer to function(pointer to int, pointer to function() int) int"
      ),
      (
        "int (*x)(int (*)(int), int (int))",
        "pointer to function(pointer to function(int) int, pointer to function(int) int) int"
      ),
      ("int __attribute__((btf_type_tag(\"a\"))) __attribute__((btf_type_tag(\"b\"))) *x", "pointer to [b] [a] int"),
      ("const int __attribute__((btf_type_tag(\"a\"))) *const *x", "pointer to const pointer to [a] const int"),
      ("int * __attribute__((btf_type_tag(\"o\"))) *x", "pointer to [o] pointer to int"),
      ("struct self *x", "pointer to self"),
      ("enum colour (*x)(enum colour)", "pointer to function(colour) colour"),
      ("unsigned x", "unsigned int"), ("long unsigned int x", "unsigned long"), ("int long signed x", "long"),
      ("long long unsigned x", "unsigned long long"), ("short int x", "short"),
      ("int unsigned short x", "unsigned short"),
      ("signed char x", "signed char"), ("unsigned char x", "unsigned char"), ("char x", "char"), ("_Bool x", "_Bool"),
      ("unsigned __int128 x", "unsigned __int128"), ("long double x", "long double"),
    ]
    for (member, expected) in rows {
      let declarations = try read("enum colour { RED }; struct self { \(member); };")
      let type = try #require(declarations.structure(named: "self"))
      guard case .structure(let body) = declarations.builder.types[Int(type.rawValue) - 1].kind else {
        Issue.record("\(member) is not in a structure")
        continue
      }
      #expect(body.members.first.map { declarations.spelled($0.type) } == expected, "\(member)")
    }
  }

  @Test("a structure that is only declared becomes its definition everywhere once it is defined")
  func forward() throws {
    var declarations = try read("struct later; struct user { struct later *pointer; union other *o; };")
    let later = try #require(declarations.structure(named: "later"))
    #expect(declarations.builder.types[Int(later.rawValue) - 1].kind == .forward(isUnion: false))
    try declarations.read("struct later { int x; };")
    #expect(declarations.structure(named: "later") == later)
    #expect(declarations.summary(of: later) == "4: x@0")
    #expect(
      declarations.builder.types.contains(BTFType(name: "other", kind: .forward(isUnion: true))))
  }

  @Test("enumerations take the size and the sign that their values need")
  func enumerations() throws {
    let rows: [(body: String, byteCount: UInt32, isSigned: Bool, is64Bit: Bool)] = [
      ("enum e { A, B = 5, C }", 4, false, false),
      ("enum e { A = -1, B = 3 }", 4, true, false),
      ("enum e { A = 0xffffffffU }", 4, false, false),
      ("enum e { A = 0x100000000 }", 8, false, true),
      ("enum e { A = -1, B = 0xffffffffU }", 8, true, true),
      ("enum e { A = ~0ULL }", 8, false, true),
      ("enum __attribute__((packed)) e { A = 200 }", 1, false, false),
      ("enum e { A = 300 } __attribute__((packed))", 2, false, false),
      ("enum e { A, B = 255 } __attribute__((mode(byte)))", 1, false, false),
      ("enum __attribute__((__mode__(__HI__))) e { A = -1 }", 2, true, false),
      ("enum e : unsigned char { A }", 1, false, false),
      ("enum e : unsigned long long { A }", 8, false, true),
      ("enum e : long { A }", 8, true, true),
    ]
    for (body, byteCount, isSigned, is64Bit) in rows {
      let declarations = try read("\(body);")
      let type = try #require(declarations.enumeration(named: "e"))
      guard case .enumeration(let found) = declarations.builder.types[Int(type.rawValue) - 1].kind else {
        Issue.record("\(body) is no enumeration")
        continue
      }
      #expect(found.byteCount == byteCount, "\(body)")
      #expect(found.isSigned == isSigned, "\(body)")
      #expect(found.is64Bit == is64Bit, "\(body)")
    }
    let declarations = try read("enum e { A, B = 5, C, D = -7, E };")
    #expect(["A", "B", "C", "D", "E"].map { declarations.enumerator(named: $0) } == [0, 5, 6, -7, -6])
  }

  @Test("constant expressions have C's values")
  func constants() throws {
    let rows: [(expression: String, value: Int128)] = [
      ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("7 / 2 % 2", 1), ("-7 / 2", -3), ("1 << 31", -0x8000_0000),
      ("1U << 31", 0x8000_0000), ("1ULL << 63", 1 << 63), ("~0U", 0xffff_ffff), ("~0", -1),
      ("~0ULL", Int128(UInt64.max)),
      ("0x10 | 010 | 0b1", 0x19), ("6 & 3 ^ 1", 3), ("1 ? 2 : 3", 2), ("0 ? 2 : 1 ? 4 : 5", 4), ("!3 + !0", 1),
      ("2 < 3 && 3 >= 3", 1), ("1 == 2 || 2 != 2", 0), ("'A'", 65), ("10 - 3 - 2", 5), ("-1 < 0U", 0), ("+5", 5),
      ("0xffffffff + 1U", 0), ("EARLIER + 1", 43), ("-8 >> 1", -4),
    ]
    for (expression, value) in rows {
      let declarations = try read("enum { EARLIER = 42 }; enum { X = \(expression) };")
      #expect(declarations.enumerator(named: "X") == value, "\(expression)")
    }
  }

  @Test("prototypes keep parameter names, and kernel functions carry their tag")
  func functions() throws {
    let declarations = try read(
      """
      struct task_struct;
      __bpf_kfunc struct task_struct *from_pid(int pid, const void *hint__ign);
      extern int plain(int a __attribute__((btf_decl_tag("arg:nonnull"))), ...);
      """)
    let types = declarations.builder.types
    let index = try #require(types.firstIndex { $0.name == "from_pid" })
    guard case .function(let prototype, .static) = types[index].kind,
      case .functionPrototype(let body) = types[Int(prototype.rawValue) - 1].kind
    else {
      Issue.record("from_pid is no static function: \(types[index])")
      return
    }
    #expect(body.parameters.map(\.name) == ["pid", "hint__ign"])
    #expect(
      types.contains(
        BTFType(name: "bpf_kfunc", kind: .declarationTag(target: BTFTypeID(UInt32(index + 1)), component: -1))))
    let plain = try #require(types.firstIndex { $0.name == "plain" })
    guard case .function(_, .extern) = types[plain].kind else {
      Issue.record("plain is not extern: \(types[plain])")
      return
    }
    #expect(
      types.contains(
        BTFType(name: "arg:nonnull", kind: .declarationTag(target: BTFTypeID(UInt32(plain + 1)), component: 0))))
  }

  @Test("variables of a section make a data section")
  func variables() throws {
    let declarations = try read(
      """
      struct rq { long clock; };
      char first __attribute__((section(".data..percpu")));
      struct rq runqueues __attribute__((section(".data..percpu")));
      extern int elsewhere;
      """)
    guard let type = declarations.builder.types.last, case .dataSection(let section) = type.kind else {
      Issue.record("no data section")
      return
    }
    #expect(type.name == ".data..percpu")
    #expect(section.byteCount == 16)
    #expect(section.variables.map(\.offset) == [0, 8])
    #expect(section.variables.map(\.byteCount) == [1, 8])
  }

  @Test("tags go to structures, members and type names")
  func declarationTags() throws {
    let declarations = try read(
      """
      struct __attribute__((btf_decl_tag("whole"))) s {
        int a; int :3; int b __attribute__((btf_decl_tag("second")));
      };
      typedef int number __attribute__((btf_decl_tag("name")));
      """)
    let structure = try #require(declarations.structure(named: "s"))
    let number = try #require(declarations.typedef(named: "number"))
    for expected in [
      BTFType(name: "whole", kind: .declarationTag(target: structure, component: -1)),
      BTFType(name: "second", kind: .declarationTag(target: structure, component: 1)),
      BTFType(name: "name", kind: .declarationTag(target: number, component: -1)),
    ] {
      #expect(declarations.builder.types.contains(expected), "\(expected)")
    }
  }

  @Test("comments, directives and line ends are skipped")
  func lexing() throws {
    let declarations = try read(
      "#define NOT \\\n read\n// int a\nenum /* a\n comment */ { X = 1 /* , Y */, };\r\n#pragma x\nenum { Z = X };")
    #expect(declarations.enumerator(named: "Z") == 1)
  }
}
