import BPFTypeFormat
import Testing

@Suite struct CDeclarationErrorTests {
  @Test("an error names file, line, column and what to do")
  func errors() {
    let rows: [(text: String, message: String)] = [
      ("struct s { missing x; };", "t.h:1:12: the type 'missing' is not declared; declare it before it is used"),
      ("struct s {\n  int x\n};", "t.h:3:1: found '}' where ';' is needed"),
      ("int x;\nint x;", "t.h:2:5: 'x' is defined a second time"),
      ("struct s { int a; }; struct s { int b; };", "t.h:1:29: 'struct s' is defined a second time"),
      ("struct s { int a; long a; };", "t.h:1:24: 'a' is defined a second time"),
      ("struct s; union s { int b; };", "t.h:1:17: 's' is defined a second time"),
      ("typedef int t; typedef long t;", "t.h:1:29: 't' is defined a second time"),
      ("enum a { X }; enum b { X };", "t.h:1:24: 'X' is defined a second time"),
      ("short double x;", "t.h:1:1: the type specifiers 'short double' do not go together"),
      ("unsigned signed x;", "t.h:1:1: the type specifiers 'unsigned signed' do not go together"),
      ("struct s { struct t x; };", "t.h:1:21: the size of 't' is needed, but it is only declared, not defined"),
      ("struct s { struct s x; };", "t.h:1:21: the size of 's' is needed, but it is only declared, not defined"),
      ("struct s { void x; };", "t.h:1:17: the size of 'void' is needed, but it is only declared, not defined"),
      ("struct s { int x:33; };", "t.h:1:18: invalid bit field: 'x' has 33 bits, more than its type"),
      ("struct s { int x:0; };", "t.h:1:18: invalid bit field: 'x' has no bits; only a field without a name may"),
      ("struct s { int *x:3; };", "t.h:1:19: invalid bit field: 'x' is no integer"),
      ("int x __attribute__((hot));", "t.h:1:22: invalid attribute: 'hot' is not known"),
      (
        "struct s { int x __attribute__((aligned(3))); };",
        "t.h:1:41: invalid attribute: an alignment of 3; it must be a power of two up to 1048576"
      ),
      ("int x __attribute__((mode(byte)));", "t.h:1:5: invalid attribute: 'mode' is known for enumerations only"),
      (
        "struct s { int x __attribute__((mode(HI))); };",
        "t.h:1:16: invalid attribute: 'mode' is known for enumerations only"
      ),
      ("enum e { A = 300 } __attribute__((mode(byte)));", "t.h:1:6: too large: a value of an enumeration of 1 bytes"),
      ("int x[1/0];", "t.h:1:8: invalid constant expression: division by zero"),
      ("int x[1 << 40];", "t.h:1:9: invalid constant expression: a shift by 40 of a value of 32 bits"),
      ("int x[0x7fffffff + 1];", "t.h:1:18: invalid constant expression: overflow in '+'"),
      ("int x[-1];", "t.h:1:7: invalid constant expression: an array of -1 elements"),
      ("int x[UNKNOWN];", "t.h:1:7: 'UNKNOWN' is no enumerator; only enumerators and numbers are constants here"),
      (
        "int f(void) { return 1; }",
        "t.h:1:13: a function body is not read here; only declarations of types, functions and variables are"
      ),
      (
        "int x = 3;",
        "t.h:1:7: an initializer is not read here; only declarations of types, functions and variables are"
      ),
      ("_Static_assert(1 == 2, \"no\");", "t.h:1:1: the static assertion does not hold: no"),
      ("struct s { int x; /* ", "t.h:1:19: this is not a token of C: a comment that does not end"),
      ("enum { A = \"x\" };", "t.h:1:12: found \"x\" where a constant is needed"),
      ("int x @;", "t.h:1:7: this is not a token of C: @"),
      ("enum { A = 0x };", "t.h:1:12: this is not a token of C: 0x"),
      ("enum : unsigned char { A = 256 };", "t.h:1:6: too large: a value of an enumeration of 1 bytes"),
      (
        "struct s { int x __attribute__((btf_type_tag(\"t\"))); };",
        "t.h:1:18: invalid attribute: the type tag \"t\" belongs before the '*' of a pointer"
      ),
      ("struct", "t.h:1:7: found the end of the text where a tag or '{' is needed"),
      ("int", "t.h:1:4: found the end of the text where a name is needed"),
      ("int f(int x, void);", "t.h:1:14: the type specifiers 'void' do not go together"),
    ]
    for (text, message) in rows {
      var declarations = CDeclarations()
      let error = #expect(throws: CDeclarationError.self, "\(text)") { try declarations.read(text, file: "t.h") }
      #expect(error?.description == message, "\(text)")
    }
  }

  @Test("a text with an error adds nothing")
  func atomicity() throws {
    var declarations = CDeclarations()
    try declarations.read("struct first { int x; };")
    let before = declarations.builder.types
    #expect(throws: CDeclarationError.self) { try declarations.read("struct second { int y; }; struct third {") }
    #expect(declarations.builder.types == before)
    #expect(declarations.structure(named: "second") == nil)
  }

  @Test("any depth of nesting ends in an error and not in an overflow of the stack")
  func depth() {
    let count = 100_000
    let texts = [
      String(repeating: "struct {", count: count),
      "int " + String(repeating: "(", count: count),
      "int " + String(repeating: "*", count: count) + "x;",
      "int x" + String(repeating: "[1]", count: count) + ";",
      "int x[" + String(repeating: "(", count: count),
      "int x[" + String(repeating: "-", count: count),
      "int x[" + String(repeating: "1?", count: count),
      "int x[" + String(repeating: "sizeof(int[", count: count),
      "int x" + String(repeating: "(int", count: count),
      "enum e " + String(repeating: ": enum ", count: count),
    ]
    for text in texts {
      var declarations = CDeclarations()
      let error = #expect(throws: CDeclarationError.self, "\(text.prefix(20))") { try declarations.read(text) }
      #expect(error?.reason == .tooDeep, "\(text.prefix(20)): \(error?.description.prefix(100) ?? "")")
    }
  }

  @Test("mutated texts end in an error or in types, never in a trap")
  func mutations() {
    let seed: UInt64 = 0x6d65_726f_7073
    var generator = SplitMix(state: seed)
    let base = Array((CLayoutTests.preamble + CLayoutTests.layouts.map(\.declaration).joined()).utf8)
    let alphabet = Array("{}()[];:,*0159xu<>=-~ast\"'/#\n".utf8)
    var failures = 0
    for _ in 0..<400 {
      var bytes = base
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let index = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: bytes[index] = alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
        case 1: bytes.remove(at: index)
        default: bytes.insert(alphabet[Int.random(in: 0..<alphabet.count, using: &generator)], at: index)
        }
      }
      var declarations = CDeclarations()
      do {
        try declarations.read(String(decoding: bytes, as: UTF8.self))
      } catch {
        failures += 1
        #expect(error.line > 0 && error.column > 0, "seed \(seed)")
      }
    }
    #expect(failures > 200, "most mutations break the text; seed \(seed)")
  }
}

/// A small generator whose sequence is the same on every machine.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
