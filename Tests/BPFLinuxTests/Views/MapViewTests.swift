import BPFLinux
import BPFMapViews
import BPFObject
import BPFSimulator
import Testing

@Suite("Typed views of maps", .timeLimit(.minutes(10)))
struct MapViewTests {
  private static let source = """
    #include <vmlinux.h>
    #include <bpf/bpf_helpers.h>
    char LICENSE[] SEC("license") = "GPL";
    struct place { __u32 line; __u8 column; };
    struct entry { __u64 count; __u32 length; char text[12]; struct place place; };
    struct work { __u32 state; struct bpf_task_work work; };
    struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 100); __type(key, struct place);
      __type(value, struct entry); } entries SEC(".maps");
    struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __s64); }
      numbers SEC(".maps");
    struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 2); __type(key, __u32); __type(value, __u32); }
      each SEC(".maps");
    struct { __uint(type, BPF_MAP_TYPE_PERCPU_HASH); __uint(max_entries, 9); __type(key, __u16); __type(value, __u64); }
      each_key SEC(".maps");
    struct { __uint(type, BPF_MAP_TYPE_QUEUE); __uint(max_entries, 3); __uint(value_size, 8); } waiting SEC(".maps");
    struct { __uint(type, BPF_MAP_TYPE_STACK); __uint(max_entries, 3); __uint(value_size, 8); } pile SEC(".maps");
    struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 3); __type(key, __u32); __type(value, struct work);
      } works SEC(".maps");
    SEC("syscall") int run(void *context) { return 0; }
    """

  /// `struct place`, whose three bytes of padding Swift does not count.
  struct Place: BitwiseCopyable, Hashable {
    var line: UInt32
    var column: UInt8
  }

  struct Entry: BitwiseCopyable, Equatable {
    var count: UInt64
    var length: UInt32
    var text: (UInt32, UInt32, UInt32)
    var place: Place
    static func == (left: Entry, right: Entry) -> Bool {
      left.count == right.count && left.length == right.length && left.text == right.text && left.place == right.place
    }
  }

  struct Text: MapCodable, Equatable {
    var text: String
    static var mapByteCount: Int { 8 }
    init(_ text: String) { self.text = text }
    init(mapBytes bytes: RawSpan) {
      text = bytes.withUnsafeBytes { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
    func encode(into bytes: inout MutableRawSpan) {
      for (index, byte) in text.utf8.prefix(8).enumerated() {
        bytes.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
      }
    }
  }

  struct Work: BitwiseCopyable {
    var state: UInt32
    var work: OpaqueField
  }

  /// The same for the maps of any engine.
  private func check<Holder: MapHolder>(_ loaded: Holder) throws {
    let entries = try loaded.hashMap("entries", of: Place.self, Entry.self)
    func entry(_ number: Int) -> Entry {
      Entry(
        count: UInt64(number), length: 7, text: (1, 2, UInt32(number)),
        place: Place(line: 3, column: UInt8(truncatingIfNeeded: number)))
    }
    for number in 0..<100 {
      try entries.update(Place(line: UInt32(number), column: 9), to: entry(number), .ifAbsent)
    }
    #expect(throws: (any Error).self) {
      try entries.update(Place(line: 5, column: 9), to: entry(5), .ifAbsent)
    }
    #expect(try entries.lookup(Place(line: 40, column: 9)) == entry(40))
    #expect(try entries.lookup(Place(line: 40, column: 8)) == nil)
    var seen: Set<UInt64> = []
    try entries.forEach { key, value in
      #expect(UInt64(key.line) == value.count && value == entry(Int(key.line)))
      seen.insert(value.count)
    }
    #expect(seen.count == 100)
    #expect(try entries.elements().count == 100)
    #expect(try entries.take(Place(line: 1, column: 9)) == entry(1))
    #expect(try entries.delete(Place(line: 2, column: 9)))
    #expect(try !entries.delete(Place(line: 2, column: 9)))
    #expect(try entries.elements().count == 98)

    let numbers = try loaded.array("numbers", of: Int64.self)
    try numbers.update(3, to: -5)
    #expect(try numbers.elements().map { $0.value } == [0, 0, 0, -5])
    #expect(try numbers.lookup(4) == nil)

    let each = try loaded.perCPUArray("each", of: UInt32.self)
    let values = (0..<each.cpuCount).map { UInt32($0 + 70) }
    try each.update(1, to: values)
    #expect(try each.lookup(1) == values)
    #expect(try each.lookup(2) == nil)
    let eachKey = try loaded.perCPUHashMap("each_key", of: UInt16.self, UInt64.self)
    try eachKey.update(300, to: [1])
    #expect(try eachKey.lookup(300)?.reduce(0, +) == 1)
    #expect(try eachKey.delete(300))

    let waiting = try loaded.queue("waiting", of: UInt64.self)
    for number in 1...3 { try waiting.push(UInt64(number)) }
    #expect(throws: (any Error).self) { try waiting.push(4) }
    #expect(try waiting.peek() == 1)
    #expect(try waiting.pop() == 1)
    #expect(try waiting.pop() == 2)
    let pile = try loaded.queue("pile", coding: Text.self)
    for text in ["one", "two"] { try pile.push(Text(text)) }
    #expect(try pile.pop() == Text("two"))
    #expect(try pile.pop() == Text("one"))
    #expect(try pile.pop() == nil)
    let texts = try loaded.array("numbers", coding: Text.self)
    try texts.update(0, to: Text("abcdefgh"))
    #expect(try texts.lookup(0)?.text == "abcdefgh")

    let works = try loaded.hashMap("works", of: UInt32.self, Work.self)
    try works.update(1, to: Work(state: 8, work: OpaqueField()))
    #expect(try works.lookup(1)?.state == 8)

    let rows: [(String, () throws -> Void)] = [
      ("has no such map; it has entries", { _ = try loaded.array("nothing", of: UInt32.self) }),
      ("'numbers': it is of type array", { _ = try loaded.hashMap("numbers", of: UInt32.self, Int64.self) }),
      ("Int32 has 4 bytes, and the map 8", { _ = try loaded.array("numbers", of: Int32.self) }),
      (
        "the key does not fit: UInt64 has 8 bytes, and the map 2",
        {
          _ = try loaded.perCPUHashMap("each_key", of: UInt64.self, UInt64.self)
        }
      ),
      ("Text has 8 bytes, and the map 32", { _ = try loaded.hashMap("entries", of: Place.self, coding: Text.self) }),
    ]
    for (text, body) in rows {
      let error = #expect(throws: MapViewError.self) { try body() }
      #expect(error?.description.contains(text) == true, "\(text): \(error?.description ?? "")")
    }
  }

  @Test("elements go in and come out as Swift values in the simulated kernel", .enabled(if: Fixture.compiler != nil))
  func simulated() async throws {
    let machine = try Machine()
    try check(try machine.load(try await Fixture.object(Self.source)))
  }

  @Test(
    "elements go in and come out as Swift values in the running kernel",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func running() async throws {
    try check(try RealKernel.shared.load(try await Fixture.object(Self.source)))
  }
}
