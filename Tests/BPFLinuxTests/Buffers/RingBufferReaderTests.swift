import BPFLinux
import BPFObject
import SystemPackage
import Testing

@Suite("Ring buffer reader", .serialized, .timeLimit(.minutes(10)))
struct RingBufferReaderTests {
  private static let source = """
    #include <vmlinux.h>
    #include <bpf/bpf_helpers.h>
    char LICENSE[] SEC("license") = "GPL";
    struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 16384); } events SEC(".maps");
    struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } others SEC(".maps");
    __u64 lost, number;
    struct request { __u32 count; __u32 size; __u32 discard_every; __u32 flags; };
    /* Records hold their number, once for every eight bytes. */
    #define PUT(map)                                                                                      \\
      static int put_one_of_##map(__u32 i, struct request *wanted) {                                      \\
        __u64 bytes[32], n = number++;                                                                    \\
        for (int j = 0; j < 32; j++) bytes[j] = n;                                                        \\
        if (wanted->discard_every && i % wanted->discard_every == 0) {                                    \\
          void *record = bpf_ringbuf_reserve(&map, 24, 0);                                                \\
          if (record) bpf_ringbuf_discard(record, 0);                                                     \\
        } else if (bpf_ringbuf_output(&map, bytes, wanted->size <= 256 ? wanted->size : 0, 0)) lost++;    \\
        return 0;                                                                                         \\
      }                                                                                                   \\
      SEC("syscall") int put_##map(struct request *request) {                                             \\
        struct request wanted = *request;                                                                 \\
        return bpf_loop(wanted.count, put_one_of_##map, &wanted, 0) != wanted.count;                      \\
      }
    PUT(events)
    PUT(others)
    static int idle(__u32 i, void *unused) { return 0; }
    SEC("syscall") int put_slowly(struct request *request) {
      void *record = bpf_ringbuf_reserve(&others, 40, 0);
      if (!record) return 1;
      for (int i = 0; i < 8; i++) bpf_loop(request->count, idle, 0, 0);
      bpf_ringbuf_submit(record, 0);
      return 0;
    }
    """

  struct Fixture {
    let kernel: LinuxKernel
    let loaded: LinuxObject

    init(_ kernel: LinuxKernel = RealKernel.shared) async throws {
      self.kernel = kernel
      loaded = try kernel.load(try await BPFLinuxTests.Fixture.object(RingBufferReaderTests.source))
    }

    func map(_ name: String = "events") throws -> LinuxMap { try loaded.map(name) }

    func put(_ count: UInt32, size: UInt32 = 8, discardEvery: UInt32 = 0, in map: String = "events") throws {
      let request = count.bytes + size.bytes + discardEvery.bytes + UInt32(0).bytes
      #expect(try loaded.program("put_\(map)").testRun(context: request).result == 0)
    }

    func word(_ name: String) throws -> UInt64 {
      let global = try #require(loaded.object.globals[name])
      let bytes = try loaded.map(global.map).lookupElement([0, 0, 0, 0])
      return UInt64(bitPattern: bytes.signed(at: global.offset, byteCount: 8))
    }
  }

  @Test(
    "records of every length come whole and in order, over the end of the buffer too, and give back their room",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func order() async throws {
    let fixture = try await Fixture()
    let reader = try RingBufferReader(fixture.map())
    var expected: UInt64 = 0
    for size in (0...32).map({ UInt32($0 * 8) }) + [1, 3, 7, 13, 255] {
      try fixture.put(50, size: size)
      let count = try reader.drain { record in
        #expect(record.byteCount == Int(size))
        for offset in stride(from: 0, to: record.byteCount - 7, by: 8) {
          let word = record.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
          if word != expected { Issue.record("\(word) instead of \(expected), size \(size)") }
        }
        expected += 1
      }
      #expect(count == 50)
      let occupancy = reader.occupancy()
      #expect(occupancy.available == 0 && occupancy.byteCount == 16384)
    }
    #expect(try fixture.word("lost") == 0)
    #expect(reader.occupancy().consumed > 3 * 16384)
  }

  @Test(
    "discarded records are passed over, a limit leaves the rest, and a full buffer loses what comes then",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func discards() async throws {
    let fixture = try await Fixture()
    let reader = try RingBufferReader(fixture.map())
    try fixture.put(30, discardEvery: 3)
    #expect(try reader.drain(limit: 5) { _ in } == 5)
    #expect(try reader.drain(limit: 0) { _ in } == 0)
    #expect(try reader.read(limit: 10) { _ in } == 10)
    #expect(try reader.read { _ in } == 5)
    try fixture.put(3, discardEvery: 1)
    // Nothing but discarded records is nothing to hand out.
    #expect(try reader.read(timeout: .milliseconds(20)) { _ in } == 0)
    #expect(reader.occupancy().available == 0)
    // Sixteen bytes each; one byte of the buffer has to stay free.
    try fixture.put(2000)
    #expect(reader.occupancy().available == 1023 * 16)
    #expect(try reader.drain { _ in } == 1023)
    #expect(try fixture.word("lost") == 2000 - 1023)
  }

  @Test(
    "several maps are read by one reader, which says of which a record is",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func severalMaps() async throws {
    let fixture = try await Fixture()
    let reader = try RingBufferReader([fixture.map("others"), fixture.map("events")])
    try fixture.put(3, in: "events")
    try fixture.put(2, in: "others")
    var counts = [0, 0]
    #expect(try reader.read { (_, map: Int) in counts[map] += 1 } == 5)
    #expect(counts == [2, 3])
    let error = #expect(throws: BPFError.self) { try RingBufferReader([fixture.map("events"), fixture.map(".bss")]) }
    #expect(error?.description.contains("no ring buffer") == true)
    #expect(throws: BPFError.self) { try RingBufferReader([]) }
  }

  @Test(
    "a reader that waits is woken by records and by a stop, before which it hands out what is there",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func stopping() async throws {
    let fixture = try await Fixture()
    let reader = try RingBufferReader(fixture.map())
    let seen = Counter()
    let ended = Counter()
    try await withThrowingTaskGroup(of: Void.self) { group in
      // Whatever fails here, the group would wait for the reader.
      defer { reader.stop() }
      group.addTask {
        let result = await onThread {
          Result { () throws(BPFError) in try reader.run { _ in seen.increment() } }
        }
        ended.increment()
        try result.get()
      }
      for round in 1...20 {
        try fixture.put(7)
        try await waitUntil("the records were seen") { seen.value == 7 * round }
      }
      #expect(ended.value == 0)
      // Only one reads at a time.
      let error = #expect(throws: BPFError.self) { try reader.drain { _ in } }
      #expect(error?.description.contains("being read already") == true)
      try fixture.put(100)
      reader.stop()
      try await group.waitForAll()
    }
    #expect(seen.value == 240)
    #expect(reader.isStopped)
    // After the stop nothing waits, and what comes later can still be had.
    #expect(try reader.read { _ in } == 0)
    try fixture.put(2)
    #expect(try reader.read { _ in } == 2)
    try reader.run { _ in }
  }

  @Test(
    "a record that a program has begun and not finished is waited for, once and not over and over",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func unfinished() async throws {
    let counting = FaultyKernel()
    let fixture = try await Fixture(LinuxKernel(systemCalls: counting))
    let program = try fixture.loaded.program("put_slowly")
    let reader = try RingBufferReader(fixture.map("others"))
    let iterations = (8_000_000 as UInt32).bytes + [UInt8](repeating: 0, count: 12)
    async let run = onThread { Result { () throws(BPFError) in try program.testRun(context: iterations) } }
    try await waitUntil("the record is reserved") { reader.occupancy().available == 48 }
    let lengths = try await onThread {
      var lengths: [Int] = []
      // The reader sleeps until the record is finished, and takes its time for a limit only.
      try reader.read(timeout: .seconds(600)) { lengths.append($0.byteCount) }
      return lengths
    }
    #expect(lengths == [40])
    #expect(try await run.get().result == 0)
    // A level-triggered wait would have come back at once, thousands of times.
    #expect(counting.calls.filter { $0 == .waitForEventSet }.count <= 2)
  }

  @Test(
    "the records come as an asynchronous sequence, which ends with a stop after the last one, or with its task",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func sequence() async throws {
    let fixture = try await Fixture()
    let reader = try RingBufferReader(fixture.map())
    let task = Task {
      var numbers: [UInt64] = []
      for try await number in reader.records({ $0.unsafeLoadUnaligned(as: UInt64.self) }) { numbers.append(number) }
      return numbers
    }
    for _ in 0..<10 {
      try fixture.put(50)
      try await waitUntil("the records were taken") { reader.occupancy().available == 0 }
    }
    try fixture.put(500)
    reader.stop()
    #expect(try await task.value == Array(0..<1000))

    let other = try RingBufferReader(fixture.map("others"))
    try fixture.put(1, size: 24, in: "others")
    let (stream, continuation) = AsyncStream.makeStream(of: Int.self)
    let cancelled = Task {
      var count = 0
      for try await record in other.records() {
        count += 1
        continuation.yield(record.count)
      }
      return count
    }
    var first = stream.makeAsyncIterator()
    #expect(await first.next() == 24)
    cancelled.cancel()
    #expect(try await cancelled.value == 1)
    // The reader itself was not stopped.
    try fixture.put(1, in: "others")
    #expect(try other.read { _ in } == 1)
  }

  @Test(
    "each system call of a reader fails in turn with each error, and neither descriptors nor mappings stay behind",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func faults() async throws {
    let object = try await BPFLinuxTests.Fixture.object(Self.source)
    func everything(_ kernel: LinuxKernel) throws {
      let map = try kernel.makeMap(#require(object.maps["events"]))
      let other = try kernel.makeMap(#require(object.maps["others"]))
      let reader = try RingBufferReader([map, other])
      #expect(try reader.read(timeout: .milliseconds(1)) { _ in } == 0)
      reader.stop()
      try reader.run { _ in }
    }
    let counting = FaultyKernel()
    try everything(LinuxKernel(systemCalls: counting))
    #expect(counting.openCount == 0 && counting.mappedCount == 0)
    let expected: [SystemCallName] = [
      .mapMemory, .makeEvent, .makeEventSet, .addToEventSet, .waitForEventSet, .writeFile, .unmapMemory,
    ]
    for call in expected { #expect(counting.calls.contains(call), "\(call)") }
    // EPERM, EINTR, ENOMEM, EINVAL.
    for errno in [1, 4, 12, 22] as [Int32] {
      for index in counting.calls.indices {
        let faulty = FaultyKernel(failingAt: index, errno: errno)
        let call = counting.calls[index]
        do {
          try everything(LinuxKernel(systemCalls: faulty))
          let isHarmless =
            call == .close || call == .unmapMemory || call == .writeFile || call == .waitForEventSet && errno == 4
          #expect(isHarmless, "call \(index), \(call), errno \(errno)")
        } catch let error as BPFError {
          #expect(error.errno?.rawValue == errno, "call \(index), \(call)")
        }
        #expect(faulty.openCount == 0 && faulty.mappedCount == 0, "call \(index), \(call), errno \(errno)")
      }
    }
  }

  @Test("whatever stands in the shared memory, reading it comes to an end, and broken records end in an error")
  func anyBytes() throws {
    let page = 4096
    var generator = SeededGenerator(seed: 4)
    var errors = 0
    var records = 0
    for round in 0..<3000 {
      let invented = InventedBuffer(type: .ringBuffer, maxEntries: UInt32(page), byteCount: 4 * page)
      do {
        let map = MapDefinition(name: "events", type: .ringBuffer, keySize: 0, valueSize: 0, maxEntries: UInt32(page))
        let reader = try RingBufferReader(LinuxKernel(systemCalls: invented).makeMap(map))
        // Lengths that may fit and ones that do not, positions that are near each other and anywhere.
        for word in 0..<3 * page / 8 {
          let random = generator.next()
          let value = round % 3 == 0 ? random : random & 0x1ff | (random >> 60 == 0 ? 1 << 30 : 0)
          invented.memory.storeBytes(of: value, toByteOffset: page + 8 * word, as: UInt64.self)
        }
        let start = round % 2 == 0 ? generator.next() : generator.next() & ~7
        let distance = round % 5 == 0 ? generator.next() : generator.next() & 0xff8
        invented.memory.storeBytes(of: start, as: UInt64.self)
        invented.memory.storeBytes(of: start &+ distance, toByteOffset: page, as: UInt64.self)
        for _ in 0..<4 {
          do throws(BPFError) {
            try reader.drain { record in
              records += 1
              if record.byteCount > 0 {
                _ = record.unsafeLoadUnaligned(fromByteOffset: record.byteCount - 1, as: UInt8.self)
              }
            }
          } catch { errors += 1 }
        }
      }
      #expect(invented.mappingCount == 0)
    }
    #expect(errors > 1000)
    #expect(records > 1000)
  }
}
