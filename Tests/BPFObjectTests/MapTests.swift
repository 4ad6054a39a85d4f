import BPFInstructions
import BPFObject
import BPFTypeFormat
import Testing

@Suite(.enabled(if: Clang.isPresent)) struct MapTests {
  private func maps(_ target: Clang.Target = .standard) throws -> ObjectFile {
    try ObjectFile(parsing: Clang.compile(Sources.maps, target))
  }

  @Test("each member of a definition is read")
  func members() throws {
    for target in Clang.Target.all {
      let object = try maps(target)
      let types = try #require(object.types)
      let typed = try #require(object.maps["typed"])
      #expect(typed.type == .hash && typed.maxEntries == 16 && typed.flags == .noPreallocation)
      #expect(typed.keySize == 8 && typed.valueSize == 32)
      #expect(try types.name(of: typed.keyType) == "key" && types.name(of: typed.valueType) == "value")
      #expect(typed.origin == .maps && typed.initialContents == nil && typed.initialValue == nil)
      let sized = try #require(object.maps["sized"])
      #expect(sized.type == .array && sized.keySize == 4 && sized.valueSize == 8)
      #expect(sized.keyType == .void && sized.valueType == .void)
      #expect(sized.pinning == .byName && sized.numaNode == 0)
      let bloom = try #require(object.maps["bloom"])
      #expect(bloom.type == .bloomFilter && bloom.extra == 3 && bloom.keySize == 0 && bloom.numaNode == nil)
      let ring = try #require(object.maps["ring"])
      #expect(ring.type == .ringBuffer && ring.maxEntries == 5000)
    }
  }

  @Test("maps of maps and arrays of programs have their inner definition and their initial slots")
  func slots() throws {
    for target in Clang.Target.all {
      let object = try maps(target)
      let outer = try #require(object.maps["outer"])
      #expect(outer.valueSize == 4 && outer.initialSlots == [0: "inner_b", 3: "inner_a"], "\(target)")
      let inner = try #require(outer.innerMap?.value)
      #expect(inner.name == "outer.inner" && inner.type == .array && inner.maxEntries == 1 && inner.valueSize == 8)
      let anonymous = try #require(object.maps["anonymous"]?.innerMap?.value)
      #expect(
        anonymous.type == .hash && anonymous.maxEntries == 7 && anonymous.keySize == 8 && anonymous.valueSize == 2)
      let calls = try #require(object.maps["calls"])
      #expect(calls.type == .programArray && calls.innerMap == nil && calls.valueSize == 4)
      #expect(calls.initialSlots == [1: "tail_b", 2: "tail_a"], "\(target)")
    }
  }

  @Test("a program refers to maps by name")
  func references() throws {
    let program = try #require(try maps().programs["tail_b"])
    let found = program.references.sorted { $0.key < $1.key }.map(\.value)
    #expect(found == [.map("typed"), .map("outer"), .map("sized"), .map("calls")])
    for index in program.references.keys { #expect(program.instructions[index].source == 1) }
  }

  @Test("the size of a ring buffer is rounded up to a power of two of pages, for creation")
  func ringBufferSize() throws {
    var map = try #require(try maps().maps["ring"])
    let rows: [(UInt32, UInt32)] = [
      (0, 0), (1, 4096), (4096, 4096), (4097, 8192), (5000, 8192), (12288, 16384), (1 << 31, 1 << 31),
      (1 << 31 + 1, 1 << 31 + 1),
    ]
    for (written, created) in rows {
      map.maxEntries = written
      #expect(map.maxEntries(forPageSize: 4096) == created, "\(written)")
    }
    map.type = .array
    map.maxEntries = 5000
    #expect(map.maxEntries(forPageSize: 4096) == 5000)
  }

  @Test("a wrong definition is refused with the map's name, the member and what to do")
  func errors() throws {
    let rows: [(definition: String, problem: String, advice: String)] = [
      ("__uint(max_entries, 1);", "member 'type' is missing", "__uint(type"),
      ("__uint(type, 99);", "member 'type' is 99", "BPF_MAP_TYPE_"),
      ("__uint(type, 1); __uint(max_entry, 1);", "no member 'max_entry'", "'max_entries'"),
      ("__uint(type, 1); __type(key, u64); __uint(key_size, 4);", "'key_size' is 4", "leave key_size out"),
      ("__uint(type, 1); __uint(value_size, 4); __type(value, u64);", "'value' has 8 bytes", "leave value_size out"),
      ("__uint(type, 1); int max_entries;", "'max_entries' does not hold a number", "__uint(max_entries"),
      ("__uint(type, 1); u32 key;", "'key' does not hold a type", "__type(key"),
      ("__uint(type, 1); __type(value, struct unknown);", "'value' has no size", "whole type"),
      ("__uint(type, 1); __uint(pinning, 2);", "'pinning' is 2", "LIBBPF_PIN_BY_NAME"),
      ("__uint(type, 1); __array(values, struct { __uint(type, 1); });", "only for maps of maps", "ARRAY_OF_MAPS"),
      ("__uint(type, 12); __array(values, int (void *));", "not a structure", "struct {"),
      ("__uint(type, 3); __array(values, struct { __uint(type, 1); });", "do not point to functions", "int (void *)"),
      ("__uint(type, 12); __uint(value_size, 8); __array(values, struct { __uint(type, 1); });", "8 bytes", "leave"),
      (
        "__uint(type, 12); __array(values, struct { __uint(type, 12); __array(values, struct { __uint(type, 1); }); });",
        "'values' of its own", "not possible"
      ),
      (
        "__uint(type, 12); __array(values, struct { __uint(type, 1); __uint(pinning, 1); });", "'pinning'", "outer map"
      ),
    ]
    for row in rows {
      let source = "struct unknown; struct { \(row.definition) } wrong SEC(\".maps\");"
      let bytes = try Clang.compile(source)
      do {
        _ = try ObjectFile(parsing: bytes)
        Issue.record("accepted: \(row.definition)")
      } catch {
        #expect(error.category == .map && error.section == ".maps", "\(error)")
        #expect(error.subject?.contains("map 'wrong") == true, "\(error)")
        #expect(error.problem.contains(row.problem), "\(error)")
        #expect(error.advice.contains(row.advice), "\(error)")
      }
    }
  }

  @Test("initial values that do not fit are refused")
  func wrongSlots() throws {
    let inner = "struct inner { __uint(type, 2); __uint(max_entries, 1); __type(key, u32); __type(value, u64); }"
    let rows: [(source: String, problem: String)] = [
      (
        "\(inner) a SEC(\".maps\"); struct { __uint(type, 12); __uint(max_entries, 2); __type(key, u32); "
          + "__array(values, struct inner); } outer SEC(\".maps\") = { .values = { [2] = &a } };",
        "slot 2 has an initial value, and max_entries is 2"
      ),
      (
        "int f(void *ctx) { return 0; } struct { __uint(type, 3); __uint(max_entries, 2); __uint(key_size, 4); "
          + "__array(values, int (void *)); } calls SEC(\".maps\") = { .values = { (void *)&f } };",
        "'f' is not a program"
      ),
      (
        "u32 variable; struct { __uint(type, 3); __uint(max_entries, 2); __uint(key_size, 4); "
          + "__array(values, int (void *)); } calls SEC(\".maps\") = { .values = { (void *)&variable } };",
        "'variable' is not a program"
      ),
      (
        "\(inner) a; \(inner.replacing("inner ", with: "other ")) b SEC(\".maps\"); struct { __uint(type, 12); "
          + "__uint(max_entries, 2); __type(key, u32); __array(values, struct inner); } outer SEC(\".maps\") = "
          + "{ .values = { &a } };",
        "'a' is not a map"
      ),
      (
        "u32 number; struct { __uint(type, 1); u32 (*max_entries)[4]; } m SEC(\".maps\") = "
          + "{ .max_entries = (void *)&number };", "a member other than 'values'"
      ),
    ]
    for row in rows {
      let bytes = try Clang.compile(row.source)
      let error = #expect(throws: ObjectError.self, "\(row.problem)") { try ObjectFile(parsing: bytes) }
      #expect(error?.problem.contains(row.problem) == true, "\(String(describing: error))")
      #expect(error?.subject?.hasPrefix("map '") == true && error?.offset != nil)
    }
  }

  @Test("maps without types, static maps and legacy maps are refused with advice")
  func refused() throws {
    let hash = "{ __uint(type, 1); __type(key, u32); __type(value, u32); __uint(max_entries, 1); }"
    let rows: [(source: String, target: Clang.Target, advice: String)] = [
      ("struct \(hash) m SEC(\".maps\");", Clang.Target(options: []), "-g"),
      ("static struct \(hash) m SEC(\".maps\");", .standard, "remove 'static'"),
      ("struct { u32 type, key, value, entries; } m SEC(\"maps\") = { 1, 4, 4, 1 };", .standard, ".maps"),
      (
        "struct operations { int (*call)(void); }; int f(void); struct operations o SEC(\".struct_ops\") = { 0 };",
        .standard, "leave it out"
      ),
    ]
    for row in rows {
      let bytes = try Clang.compile(row.source, row.target)
      let error = #expect(throws: ObjectError.self, "\(row.source)") { try ObjectFile(parsing: bytes) }
      #expect(error?.advice.contains(row.advice) == true, "\(String(describing: error))")
    }
  }

  @Test("a map's size can be changed before it is loaded")
  func editing() throws {
    var object = try maps()
    try object.setMaxEntries(of: "typed", to: 99)
    #expect(object.maps["typed"]?.maxEntries == 99)
    #expect(throws: EditError.unknownMap("type", near: ["typed"])) { try object.setMaxEntries(of: "type", to: 1) }
  }
}
