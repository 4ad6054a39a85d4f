import BPFCompiler
import BPFObject
import BPFSimulator
import BPFTypeFormat
import Testing

@Suite(.serialized, .enabled(if: CompilerForTests.isPresent, CompilerForTests.reason))
struct ClangComparisonTests {
  @Test("random structures have the layout that clang gives them", arguments: [1, 2, 3, 4] as [UInt64])
  func randomLayouts(seed: UInt64) async throws {
    var generator = StructureGenerator(seed: seed)
    let structures = (0..<150).map { generator.structure(named: "s\($0)") }
    let text = StructureGenerator.preamble + structures.joined(separator: "\n")
    let variables = (0..<structures.count).map { "struct s\($0) v\($0);\n" }.joined()

    var declarations = CDeclarations()
    try declarations.read(text)
    let ours = try BTF(declarations.builder)
    let object = try await CompilerForTests.compile(text + "\n" + variables).object
    let theirs = try #require(try ObjectFile(parsing: object).types)
    for (index, structure) in structures.enumerated() {
      let found = try #require(ours.first(named: "s\(index)", kind: .structure))
      let expected = try #require(theirs.first(named: "s\(index)", kind: .structure))
      #expect(
        try TypeShape.lines(of: found, in: ours) == TypeShape.lines(of: expected, in: theirs),
        "seed \(seed): \(structure)")
    }
  }

  @Test("the kernel types that are printed compile to the types that were printed")
  func kernelTypes() async throws {
    let simulated = SimulatedKernelTypes.shared
    var text = "#include <vmlinux.h>\n"
    var names: [(kind: BTFKind, name: String)] = []
    for id in simulated.identifiers {
      let kind = try simulated.kind(of: id)
      let name = try simulated.name(of: id)
      guard kind == .structure || kind == .union, !name.isEmpty, try simulated.size(of: id) > 0 else { continue }
      names.append((kind, name))
      text += "\(kind == .union ? "union" : "struct") \(name) v\(names.count);\n"
    }
    #expect(names.count > 200)
    let object = try await CompilerForTests.compile(text).object
    let compiled = try #require(try ObjectFile(parsing: object).types)
    for (kind, name) in names {
      let ours = try #require(simulated.first(named: name, kind: kind))
      let theirs = try #require(compiled.first(named: name, kind: kind), "\(kind) \(name)")
      #expect(
        try TypeShape.lines(of: theirs, in: compiled) == TypeShape.lines(of: ours, in: simulated), "\(kind) \(name)")
    }
  }

  @Test("enumerations and type names are those of clang")
  func otherTypes() async throws {
    let text = """
      enum e1 { A, B = 5, C }; enum e2 { N = -1, M = 3 }; enum e3 { BIG = 0x100000000ULL, S = 1 };
      enum e4 { MAX = 0xffffffffU }; enum __attribute__((packed)) e5 { P1, P2 = 200 }; enum e6 : unsigned char { Q1 };
      enum e7 { L = -1, H = 0xffffffffU }; enum e8 { T = ~0ULL }; enum e9 : long long { V = -5 };
      typedef unsigned long long wide; typedef const volatile int *odd[3]; typedef long (*call)(wide, int (*)[4], ...);
      typedef struct { unsigned short x; } holder; typedef long double quad; typedef unsigned __int128 huge;
      """
    let variables = """
      enum e1 a1; enum e2 a2; enum e3 a3; enum e4 a4; enum e5 a5; enum e6 a6; enum e7 a7; enum e8 a8; enum e9 a9;
      odd b1; call b2; holder b3; huge b4; wide b5;
      """
    var declarations = CDeclarations()
    try declarations.read(text)
    let ours = try BTF(declarations.builder)
    let object = try await CompilerForTests.compile(text + "\n" + variables).object
    let theirs = try #require(try ObjectFile(parsing: object).types)
    for index in 1...9 {
      let found = try #require(ours.types(named: "e\(index)").first)
      let expected = try #require(theirs.types(named: "e\(index)").first)
      #expect(try ours.type(found) == theirs.type(expected), "e\(index)")
    }
    for name in ["odd", "call", "holder", "huge", "wide"] {
      let found = try #require(ours.first(named: name, kind: .typedef))
      let expected = try #require(theirs.first(named: name, kind: .typedef))
      #expect(try Self.spelled(found, in: ours) == Self.spelled(expected, in: theirs), "\(name)")
    }
  }

  private static func spelled(_ id: BTFTypeID, in btf: BTF) throws -> String {
    let type = try btf.type(id)
    switch type.kind {
    case .typedef(let next): return "\(type.name) = \(try spelled(next, in: btf))"
    case .pointer(let next): return "*\(try spelled(next, in: btf))"
    case .const(let next): return "const \(try spelled(next, in: btf))"
    case .volatile(let next): return "volatile \(try spelled(next, in: btf))"
    case .array(let array): return "[\(array.count)]\(try spelled(array.element, in: btf))"
    case .functionPrototype(let prototype):
      let parameters = try prototype.parameters.map { try spelled($0.type, in: btf) }
      return "(\(parameters.joined(separator: ", "))) -> \(try spelled(prototype.result, in: btf))"
    case .structure: return try TypeShape.lines(of: id, in: btf).joined(separator: "; ")
    default: return "\(type.name) \(type.kind)"
    }
  }
}

/// Makes structures with everything that has a say in layout.
struct StructureGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

  static let preamble = """
    typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32; typedef unsigned long long u64;
    typedef u64 loose __attribute__((aligned(4))); typedef u8 strict __attribute__((aligned(8)));
    enum small { S0, S1 } __attribute__((packed)); enum plain { P0 = -1 };

    """

  private mutating func below(_ limit: Int) -> Int {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Int(state >> 33) % limit
  }

  private mutating func pick(_ texts: [String]) -> String { texts[below(texts.count)] }

  mutating func structure(named name: String) -> String {
    "struct \(name) { \(members(depth: 0)) }\(attributes(of: ["packed", "aligned(2)", "aligned(16)"]));"
  }

  private mutating func attributes(of texts: [String]) -> String {
    guard below(4) == 0 else { return "" }
    return " __attribute__((\(pick(texts))))"
  }

  private mutating func members(depth: Int) -> String {
    (0...below(7)).map { member("m\($0)", depth: depth) }.joined(separator: " ")
  }

  private mutating func member(_ name: String, depth: Int) -> String {
    switch below(10) {
    case 0, 1, 2, 3:
      let (type, bits) = [
        ("u8", 8), ("u16", 16), ("u32", 32), ("u64", 64), ("_Bool", 1), ("int", 32), ("loose", 64),
        ("enum plain", 32),
      ][below(8)]
      if below(6) == 0 { return "\(type) : \(below(3) == 0 ? 0 : 1 + below(bits));" }
      return "\(type) \(name) : \(1 + below(bits))\(attributes(of: ["packed", "aligned(4)"]));"
    case 4 where depth < 3:
      // The members of what has no name share one name space with the others.
      return "struct { \(members(depth: depth + 1)) }\(attributes(of: ["packed", "aligned(8)"])) \(name);"
    case 5 where depth < 3: return "union { \(members(depth: depth + 1)) } \(name);"
    case 6: return "\(pick(["u8", "u16", "u64", "char *", "loose"])) \(name)[\(below(4))];"
    default:
      let type = pick([
        "u8", "u16", "u32", "u64", "long", "void *", "__int128", "strict", "loose", "enum small", "_Bool",
      ])
      return "\(type) \(name)\(attributes(of: ["packed", "aligned(2)", "aligned(32)"]));"
    }
  }
}
