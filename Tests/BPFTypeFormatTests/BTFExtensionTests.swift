import BPFTypeFormat
import Testing

@Suite struct BTFExtensionTests {
  static let source = """
    struct pair { int first; int second; } __attribute__((preserve_access_index));
    static __attribute__((noinline)) int helper(struct pair *p) { return p->second; }
    __attribute__((section("first"))) int one(struct pair *p) { return helper(p) + p->first; }
    __attribute__((section("second"))) int two(struct pair *p) { return p->second; }

    """

  @Test(
    "functions, lines and relocations of a compiled object are read in both byte orders",
    .enabled(if: CompiledC.isAvailable, "needs clang with the BPF target"))
  func compiled() throws {
    for order in [BTF.ByteOrder.little, .big] {
      let compiled = try CompiledC(Self.source, byteOrder: order)
      let types = try compiled.types()
      let records = try BTFExtension(parsing: compiled.section(".BTF.ext"), types: types)
      #expect(types.byteOrder == order)
      let functions = try records.functions.map { section in
        (section.name, try section.records.map { try types.name(of: $0.type) })
      }
      #expect(functions.map(\.0) == ["first", "second", ".text"])
      #expect(functions.map(\.1) == [["one"], ["two"], ["helper"]])
      let lines = try #require(records.lines.first { $0.name == "second" }).records
      #expect(try types.string(at: #require(lines.first).text).contains("int two(struct pair *p)"))
      #expect(try types.string(at: #require(lines.first).file).hasSuffix("input.c"))
      #expect(lines.allSatisfy { $0.line == 4 && $0.offset % 8 == 0 })
      let pair = try #require(types.first(named: "pair", kind: .structure))
      let relocation = try #require(records.relocations.first { $0.name == "second" }?.records.first)
      #expect(relocation == .init(offset: relocation.offset, type: pair, access: "0:1", kind: .fieldByteOffset))
      #expect(records.relocations.map(\.name) == ["first", "second", ".text"])
    }
  }

  /// Words in little endian, with a header of `header` words.
  func bytes(_ words: [UInt32]) -> [UInt8] {
    [0x9f, 0xeb, 1, 0] + words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
  }

  @Test("records that are longer than known are read, and a header without relocations is")
  func longerRecords() throws {
    let sample = Sample()
    let types = try BTF(sample.builder)
    let name: UInt32 = 1
    let text = try types.string(at: name)
    let records = try BTFExtension(
      parsing: bytes([24, 0, 36, 36, 0, 12, name, 2, 0, sample.function.rawValue, 99, 8, 0, 99]), types: types)
    #expect(
      records.functions == [
        .init(name: text, records: [.init(offset: 0, type: sample.function), .init(offset: 8, type: .void)])
      ])
    #expect(records.lines.isEmpty && records.relocations.isEmpty)
  }

  @Test("damaged records are refused with their place")
  func damage() throws {
    let types = try BTF(Sample().builder)
    let rows: [(String, [UInt8], Int)] = [
      ("nothing", [], 0),
      ("ELF", [0x7f, 0x45, 0x4c, 0x46], 0),
      ("no length", [0x9f, 0xeb, 1, 0], 4),
      ("short header", bytes([20, 0, 0, 0, 0, 0]), 4),
      ("part beyond the end", bytes([24, 0, 4, 0, 0]), 8),
      ("part from beyond the end", bytes([24, 4, 4, 0, 0]), 8),
      ("record too short", bytes([24, 0, 4, 4, 0, 4]), 24),
      ("record not of words", bytes([24, 0, 4, 4, 0, 9]), 24),
      ("half a section", bytes([24, 0, 8, 8, 0, 8, 1]), 28),
      ("more records than bytes", bytes([24, 0, 12, 12, 0, 8, 1, 0xffff_ffff]), 36),
      ("more and longer records than any", bytes([24, 0, 12, 12, 0, 0xffff_fffc, 1, 0xffff_ffff]), 36),
      ("type beyond the last", bytes([24, 0, 20, 20, 0, 8, 1, 1, 0, 999]), 40),
      ("section name beyond the strings", bytes([24, 0, 12, 12, 0, 8, 9999, 0]), 28),
      ("relocation of kind 13", bytes([32, 0, 0, 0, 0, 0, 28, 16, 1, 1, 0, 1, 1, 13]), 56),
    ]
    for (name, bytes, offset) in rows {
      do throws(BTFError) {
        _ = try BTFExtension(parsing: bytes, types: types)
        Issue.record("\(name) was accepted")
      } catch {
        #expect(error.place == .extension && error.offset == offset, "\(name): \(error)")
      }
    }
  }
}
