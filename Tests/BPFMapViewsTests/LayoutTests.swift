import BPFTypeFormat
import Testing

@testable import BPFMapViews

@Suite("Layouts of Swift and C")
struct LayoutTests {
  private func types(_ text: String) throws -> BTF {
    var declarations = CDeclarations()
    try declarations.read(text)
    return try BTF(declarations.builder)
  }

  struct Pair: BitwiseCopyable {
    var first: UInt32
    var second: UInt64
  }
  struct Swapped: BitwiseCopyable {
    var first: UInt64
    var second: UInt32
    var rest: UInt32
  }
  struct Halves: BitwiseCopyable {
    var first: UInt32
    var padding: UInt32
    var low: UInt32
    var high: UInt32
  }
  struct Gap: BitwiseCopyable {
    var first: UInt8
    var second: UInt16
    var inner: Inner
    struct Inner: BitwiseCopyable {
      var small: UInt8
      var large: UInt32
    }
  }
  /// Swift puts `after` into the padding of `inner`, which C does not do.
  struct Tail: BitwiseCopyable {
    var inner: Inner
    var after: UInt8
    struct Inner: BitwiseCopyable {
      var large: UInt32
      var small: UInt8
    }
  }
  struct Whole: BitwiseCopyable {
    var all: UInt64
  }
  struct Bytes: BitwiseCopyable {
    var name: InlineArray<16, UInt8>
    var flags: UInt32
    var real: Double
  }

  @Test("the properties of a type are found where Swift puts them, and the bytes between them are padding")
  func layouts() {
    let gap = SwiftLayout(Gap.self)
    #expect(gap.fields.map(\.offset) == [0, 2, 4] && gap.fields.map(\.size) == [1, 2, 8])
    #expect(gap.padding == [1..<2, 5..<8])
    #expect(MemoryLayout<Gap>.offset(of: \.inner.large) == 8)
    #expect(SwiftLayout(Tail.self).fields.map(\.offset) == [0, 5])
    #expect(MemoryLayout<Tail>.offset(of: \.after) == 5)
    #expect(SwiftLayout(Bytes.self).fields.map(\.offset) == [0, 16, 24])
    for plain in [SwiftLayout(UInt64.self), SwiftLayout(Double.self), SwiftLayout(Bool.self)] {
      #expect(plain.fields.isEmpty && plain.padding.isEmpty)
    }
    #expect(SwiftLayout((UInt8, UInt32).self).padding == [1..<4])
  }

  @Test("a type fits when each member of C is covered by properties that begin and end with it")
  func differences() throws {
    let types = try types(
      """
      struct pair { unsigned int first; unsigned long second; };
      struct gap { unsigned char first; unsigned short second; struct { unsigned char small; unsigned int large; }; };
      struct tail { struct { unsigned int large; unsigned char small; } inner; unsigned char after; };
      struct bytes { char name[16]; unsigned int a : 3; unsigned int b : 20; double real; };
      struct either { union { unsigned int i; float f; } u; unsigned int rest; unsigned long last; };
      struct flags { unsigned int flag : 8; unsigned int rest; };
      struct pairs { unsigned int first; unsigned int other; unsigned long second; };
      """)
    func difference<Value: BitwiseCopyable>(_ name: String, _ type: Value.Type) throws -> String? {
      let id = try #require(types.first(named: name, kind: .structure))
      return LayoutCheck(id, in: types, byteCount: try types.size(of: id)).difference(SwiftLayout(type))
    }
    let rows: [(String, String?, String?)] = [
      ("pair as Pair", try difference("pair", Pair.self), nil),
      ("pair as halves", try difference("pair", Halves.self), nil),
      (
        "pair swapped", try difference("pair", Swapped.self),
        "'first' is at offset 0 with 4 bytes, and 'first' at offset 0 with 8"
      ),
      // The first member is covered; the second ends with the property and does not begin with it.
      (
        "flags as one number", try difference("flags", Whole.self),
        "'rest' is at offset 4 with 4 bytes, and 'all' at offset 0 with 8"
      ), ("pair as bytes", try difference("pair", InlineArray<16, UInt8>.self), nil),
      ("pair as number", try difference("pair", UInt64.self), "UInt64 has 8 bytes, and the map 16"),
      ("pairs as Pair", try difference("pairs", Pair.self), "there is no property for 'other' at offset 4"),
      ("gap", try difference("gap", Gap.self), nil),
      ("tail", try difference("tail", Tail.self), "Tail has 6 bytes, and the map 12"),
      ("bytes", try difference("bytes", Bytes.self), nil),
      ("either", try difference("either", Halves.self), nil),
      ("either as pair", try difference("either", Pair.self), "there is no property for 'rest' at offset 4"),
    ]
    for (name, found, expected) in rows { #expect(found == expected, "\(name)") }
  }

  @Test("an error shows both layouts, a line for each member")
  func message() throws {
    let types = try types("struct pair { unsigned int first; unsigned long second; };")
    let id = try #require(types.first(named: "pair", kind: .structure))
    let error = MapViewError(
      map: "pairs",
      .layout(
        part: .value, reason: "why", map: LayoutCheck(id, in: types, byteCount: 16).lines,
        swift: SwiftLayout(Swapped.self).lines))
    #expect(
      error.description == """
        map 'pairs': the value does not fit: why
          in the map:
            struct pair, 16 bytes
            0: unsigned int first, 4 bytes
            8: unsigned long second, 8 bytes
          in Swift:
            Swapped, 16 bytes
            0: first: UInt64, 8 bytes
            8: second: UInt32, 4 bytes
            12: rest: UInt32, 4 bytes
        """)
  }
}
