import BPFMaps
import BPFObject
import BPFSimulator
import Testing

/// The kernel functions for strings, in both kernels.
@Suite struct StringFunctionTests {
  /// What a function takes behind its first string: another string, or words of the context.
  private enum Arguments {
    case none
    case string
    case numbers(Int)
    case stringAndNumber
  }

  private static let functions: [(name: String, arguments: Arguments)] = [
    ("strcmp", .string), ("strcasecmp", .string), ("strspn", .string), ("strcspn", .string), ("strstr", .string),
    ("strlen", .none), ("strnlen", .numbers(1)), ("strchr", .numbers(1)), ("strrchr", .numbers(1)),
    ("strchrnul", .numbers(1)), ("strnchr", .numbers(2)), ("strnstr", .stringAndNumber),
  ]

  private func pair() throws -> KernelPair {
    var object = AssembledObject()
    for name in ["first", "second"] { try object.map(name, .array, value: 16, entries: 1) }
    for (name, arguments) in Self.functions {
      let rest =
        switch arguments {
        case .none: ""
        case .string: "r2 = value(second) ll\n"
        case .numbers(1): "r2 = *(u64 *)(r9 + 8)\n"
        case .numbers: "r2 = *(u64 *)(r9 + 8)\nr3 = *(u64 *)(r9 + 16)\n"
        case .stringAndNumber: "r2 = value(second) ll\nr3 = *(u64 *)(r9 + 8)\n"
        }
      let call = "\(rest)call kfunc(bpf_\(name))\nr0 <<= 32\nr0 s>>= 32"
      try object.call(name, "r1 = value(first) ll\n\(call)")
      try object.call("\(name)_of_null", "r1 = 0\n\(call)")
    }
    let pair = try KernelPair(object.file)
    #expect(pair.simulated.isVerified)
    return pair
  }

  private static let texts: [(first: [UInt8], second: [UInt8])] =
    [
      ("", ""), ("a", ""), ("", "a"), ("abc", "abc"), ("abc", "abd"), ("abc", "ab"), ("ABC", "abc"), ("Z[", "z{"),
      ("abcabd", "abd"), ("aaab", "aab"), ("xyz", "zyx"), ("hello", "l"), ("hello", "elh"), ("banana", "ana"),
    ].map { (Array($0.0.utf8), Array($0.1.utf8)) } + [([0x7f], [0x80]), ([0xff, 0x61], [0x01])]

  private func fill(_ pair: KernelPair, _ row: (first: [UInt8], second: [UInt8])) throws {
    for (map, text) in [("first", row.first), ("second", row.second)] {
      try pair.update(map, to: text + [UInt8](repeating: 0, count: 16 - text.count))
    }
  }

  @Test("places, lengths and comparisons are those of Linux, and so are the errors")
  func strings() throws {
    let pair = try pair()
    let numbers: [[UInt64]] = [
      [0, 0x61], [1, 0x61], [2, 0x6c], [3, 0x62], [0x61, 3], [0x6c, 0], [0x161, 0x16c], [65535, 0], [65536, 0x7a],
      [.max, 0x61],
    ]
    for row in Self.texts {
      try fill(pair, row)
      for (name, arguments) in Self.functions {
        switch arguments {
        case .none, .string: try pair.call(name, [0, 0, 0])
        case .numbers, .stringAndNumber: for words in numbers { try pair.call(name, [0] + words) }
        }
      }
    }
    for (name, _) in Self.functions { #expect(try pair.call("\(name)_of_null", [0, 1, 1])[0] == -34, "\(name)") }
  }

  @Test("some answers, where there is no other kernel to ask")
  func examples() throws {
    let pair = try pair()
    try fill(pair, (Array("banana".utf8), Array("ana".utf8)))
    let rows: [(String, [UInt64], Int64)] = [
      ("strcmp", [0, 0], 1), ("strspn", [0, 0], 0), ("strcspn", [0, 0], 1), ("strstr", [0, 0], 1),
      ("strlen", [0, 0], 6),
      ("strnlen", [4, 0], 4), ("strchr", [0x6e, 0], 2), ("strchr", [0x7a, 0], -2), ("strrchr", [0x61, 0], 5),
      ("strchrnul", [0x7a, 0], 6), ("strnchr", [2, 0x6e], -2), ("strnstr", [3, 0], -2), ("strnstr", [4, 0], 1),
      ("strcasecmp", [0, 0], 1),
    ]
    for (name, words, result) in rows { #expect(try pair.call(name, [0] + words)[0] == result, "\(name) \(words)") }
  }
}
