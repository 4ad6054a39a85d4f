import BPFTypeFormat
import Testing

@Suite struct BTFTests {
  @Test("what a builder encodes is what parsing yields, in both byte orders")
  func roundTrip() throws {
    let sample = Sample()
    for order in [BTF.ByteOrder.little, .big] {
      let encoded = try sample.builder.encode(byteOrder: order)
      let btf = try BTF(parsing: encoded)
      #expect(btf.byteOrder == order)
      #expect(btf.typeCount == sample.builder.types.count)
      let types = try btf.identifiers.map { try btf[$0] }
      for (index, type) in types.enumerated() where type != sample.builder.types[index] {
        Issue.record("type \(index + 1) came back as \(type)")
      }
      #expect(try BTFBuilder(btf).encode(byteOrder: order) == encoded)
    }
  }

  @Test("split types continue the identifiers and the strings of their base")
  func split() throws {
    let sample = Sample()
    let base = try BTF(sample.builder)
    var builder = BTFBuilder(base: base)
    let line = builder.add(
      BTFType(
        name: "line",
        kind: .structure(
          .init(
            byteCount: 48,
            members: [
              .init(name: "from", type: sample.point, bitOffset: 0),
              .init(name: "to", type: sample.point, bitOffset: 192),
            ]))))
    _ = builder.add(BTFType(name: "tagged", kind: .declarationTag(target: sample.point, component: -1)))
    let split = try BTF(builder)
    #expect(line.rawValue == UInt32(base.typeCount + 1))
    #expect(split.typeCount == base.typeCount + 2)
    #expect(try split[line] == builder.types[0])
    #expect(try split[sample.point] == base[sample.point])
    #expect(split.first(named: "line", kind: .structure) == line)
    #expect(split.first(named: "point", kind: .structure) == sample.point)
    #expect(base.types(named: "line").isEmpty)
    #expect(try split.declarationTags(on: sample.point) == ["on the whole", "tagged"])
    #expect(throws: BTFError.self) { try BTF(parsing: split.encoded)[BTFTypeID(1)] }
    #expect(try BTFBuilder(split).encode() == split.encoded)
  }

  @Test("types are found by name and kind")
  func names() throws {
    let sample = Sample()
    var builder = sample.builder
    let second = builder.add(BTFType(name: "point", kind: .typedef(sample.int)))
    let btf = try BTF(builder)
    #expect(btf.types(named: "point") == [sample.point, second])
    #expect(btf.first(named: "point", kind: .typedef) == second)
    #expect(btf.first(named: "point", kind: .union) == nil)
    #expect(btf.types(named: "poin").isEmpty)
    #expect(btf.types(named: "").isEmpty)
    #expect(try btf.name(of: sample.function) == "print")
    #expect(try btf.kind(of: sample.function) == .function)
  }

  @Test("one value serves many threads, which build its indexes at the same time")
  func concurrency() async throws {
    let sample = Sample()
    let btf = try BTF(sample.builder)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<32 {
        group.addTask {
          try btf.first(named: "point", kind: .structure) == sample.point
            && btf.declarationTags(on: sample.point, component: 1) == ["on y", "also on y"]
        }
      }
      for try await isRight in group { #expect(isRight) }
    }
  }

  @Test("sizes and alignments are those of the C compiler for BPF")
  func layout() throws {
    let sample = Sample()
    var builder = sample.builder
    let packed = builder.add(
      BTFType(
        name: "packed",
        kind: .structure(
          .init(
            byteCount: 9,
            members: [
              .init(name: "c", type: sample.character, bitOffset: 0),
              .init(name: "l", type: sample.unsigned64, bitOffset: 8),
            ]))))
    let matrix = builder.add(BTFType(kind: .array(.init(element: sample.array, index: sample.int, count: 3))))
    let btf = try BTF(builder)
    let expected: [(BTFTypeID, size: Int, alignment: Int)] = [
      (sample.int, 4, 4), (sample.unsigned64, 8, 8), (sample.pointer, 8, 8), (sample.array, 16, 1),
      (sample.point, 24, 4), (sample.typedef, 24, 4), (sample.qualified, 24, 4), (sample.flags, 8, 4),
      (packed, 9, 1), (matrix, 48, 1), (sample.variable, 24, 4), (sample.node, 8, 8),
    ]
    for row in expected {
      #expect(try btf.size(of: row.0) == row.size && btf.alignment(of: row.0) == row.alignment, "type \(row.0)")
    }
    for id in [BTFTypeID.void, sample.function, try #require(btf.types(named: "later").first)] {
      #expect(throws: BTFError.self) { try btf.size(of: id) }
    }
  }

  @Test("cycles of typedefs, of arrays and of structures end in an error")
  func cycles() throws {
    var builder = BTFBuilder()
    let typedef = builder.add(BTFType(name: "a", kind: .typedef(BTFTypeID(2))))
    _ = builder.add(BTFType(kind: .const(typedef)))
    let array = builder.add(BTFType(kind: .array(.init(element: BTFTypeID(3), index: BTFTypeID(3), count: 1))))
    let structure = builder.add(
      BTFType(
        name: "s",
        kind: .structure(
          .init(byteCount: 4, members: [.init(name: "s", type: BTFTypeID(4), bitOffset: 0)]))))
    let btf = try BTF(builder)
    #expect(throws: BTFError(.query, .tooDeep(typedef))) { try btf.resolve(typedef) }
    #expect(throws: BTFError(.query, .tooDeep(array))) { try btf.size(of: array) }
    #expect(throws: BTFError(.query, .tooDeep(structure))) { try btf.alignment(of: structure) }
    let wide = builder.add(BTFType(kind: .array(.init(element: BTFTypeID(6), index: .void, count: 1 << 31))))
    _ = builder.add(BTFType(kind: .array(.init(element: BTFTypeID(7), index: .void, count: 1 << 31))))
    _ = builder.add(BTFType(name: "int", kind: .integer(.init(byteCount: 4, bitCount: 32))))
    #expect(throws: BTFError(.query, .sizeOverflow(wide))) { try BTF(builder).size(of: wide) }
  }

  @Test("damaged headers and records are refused with their place")
  func damage() throws {
    let good = try Sample().builder.encode(byteOrder: .little)
    func changed(_ offset: Int, _ bytes: [UInt8]) -> [UInt8] {
      var copy = good
      copy.replaceSubrange(offset..<offset + bytes.count, with: bytes)
      return copy
    }
    let rows: [(String, [UInt8], BTFError.Place, Int)] = [
      ("nothing", [], .header, 0),
      ("half a header", Array(good[..<12]), .header, 0),
      ("magic", changed(0, [0x7f, 0x45]), .header, 0),
      ("version", changed(2, [2]), .header, 2),
      ("header shorter than any", changed(4, [23, 0, 0, 0]), .header, 4),
      ("header longer than the blob", changed(4, [0, 0, 0, 1]), .header, 4),
      ("types beyond the end", changed(12, [0xff, 0xff, 0xff, 0x7f]), .header, 8),
      ("types from an odd place", changed(8, [2, 0, 0, 0]), .header, 8),
      ("strings beyond the end", Array(good.dropLast()), .header, 16),
      ("strings within the types", changed(16, [0, 0, 0, 0]), .header, 16),
      ("strings without an end", Array(good.dropLast()) + [65], .strings, good.count - 1),
      ("kind 31", changed(28, [0, 0, 0, 31]), .types, 28),
      ("kind 0", changed(28, [0, 0, 0, 0]), .types, 28),
      ("name beyond the strings", changed(24, [0xff, 0xff, 0, 0]), .types, 24),
    ]
    for (name, bytes, place, offset) in rows {
      do throws(BTFError) {
        _ = try BTF(parsing: bytes)
        Issue.record("\(name) was accepted")
      } catch {
        #expect(error.place == place && error.offset == offset, "\(name): \(error)")
      }
    }
    // The record at 24 is an integer; these faults are found when it is decoded.
    for (name, bytes) in [("size 3", changed(32, [3])), ("33 bits in 4 bytes", changed(36, [33]))] {
      let btf = try BTF(parsing: bytes)
      #expect(throws: BTFError.self, "\(name)") { try btf[BTFTypeID(1)] }
    }
  }

  @Test("what cannot be encoded is refused")
  func notEncodable() {
    let int = BTFType.Integer(byteCount: 4, bitCount: 32)
    let many = (0...65535).map { BTFType.Enumeration.Value(name: "v\($0)", value: 0) }
    let types: [BTFType] = [
      BTFType(kind: .void),
      BTFType(name: "zero\0byte", kind: .integer(int)),
      BTFType(name: String(repeating: "n", count: 5000), kind: .integer(int)),
      BTFType(kind: .enumeration(.init(byteCount: 4, isSigned: false, is64Bit: false, values: many))),
      BTFType(
        kind: .enumeration(
          .init(byteCount: 4, isSigned: false, is64Bit: false, values: [.init(name: "v", value: 1 << 32)]))),
      BTFType(
        kind: .structure(
          .init(
            byteCount: 4, members: [.init(name: "b", type: .void, bitOffset: 1 << 24, bitFieldWidth: 1)]))),
    ]
    for type in types {
      var builder = BTFBuilder()
      _ = builder.add(type)
      #expect(throws: BTFError.self, "\(type.name.prefix(10))") { try builder.encode() }
    }
  }

  @Test(
    "the running kernel's types all decode, and encode to the same types again",
    .enabled(if: KernelTypes.isAvailable))
  func kernel() throws {
    let btf = try KernelTypes.types.get()
    #expect(btf.typeCount > 10_000)
    let task = try #require(btf.first(named: "task_struct", kind: .structure))
    #expect(try btf.size(of: task) > 1000)
    let builder = try BTFBuilder(btf)
    let again = try BTF(builder)
    #expect(try BTFBuilder(again).types == builder.types)
  }
}
