import BPFLinux
import BPFObject
import SystemPackage
import Testing

@Suite("Perf buffer reader", .serialized, .timeLimit(.minutes(10)))
struct PerfBufferReaderTests {
  private static let source = """
    #include <vmlinux.h>
    #include <bpf/bpf_helpers.h>
    char LICENSE[] SEC("license") = "GPL";
    struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __uint(key_size, 4); __uint(value_size, 4); }
      events SEC(".maps");
    __u64 refused;
    /* A record of so many bytes, which holds a number once for every eight of them. */
    SEC("raw_tp/sys_enter") int put(struct bpf_raw_tracepoint_args *context) {
      __u64 size = context->args[0], bytes[32];
      for (int i = 0; i < 32; i++) bytes[i] = context->args[1];
      if (size > sizeof(bytes)) return 1;
      if (bpf_perf_event_output(context, &events, BPF_F_CURRENT_CPU, bytes, size)) refused++;
      return 0;
    }
    """

  private static func load() async throws -> LinuxObject {
    try RealKernel.shared.load(try await Fixture.object(source))
  }

  /// Puts records with the numbers of a range, on a CPU.
  private func put(_ numbers: Range<UInt64>, size: UInt64, in loaded: LinuxObject, cpu: Int) throws {
    let program = try loaded.program("put")
    for number in numbers { _ = try program.testRun(context: size.bytes + number.bytes, cpu: cpu) }
  }

  @Test(
    "records of each CPU come whole and in order, over the end of the ring too, with the CPU that they are from",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func order() async throws {
    let loaded = try await Self.load()
    let reader = try PerfBufferReader(loaded.map("events"), byteCountPerCPU: 4096)
    var expected: UInt64 = 0
    for size in [0, 1, 4, 8, 12, 100, 124, 256] as [UInt64] {
      for cpu in reader.cpus {
        for _ in 0..<8 {
          try put(expected..<expected + 10, size: size, in: loaded, cpu: cpu)
          let count = try reader.drain { record, from in
            #expect(from == cpu)
            // Four bytes more are a multiple of eight.
            #expect(record.byteCount == (Int(size) + 4 + 7) / 8 * 8 - 4)
            for offset in stride(from: 0, to: Int(size) - 7, by: 8) {
              let word = record.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
              if word != expected { Issue.record("\(word) instead of \(expected)") }
            }
            expected += 1
          }
          #expect(count == 10)
        }
      }
    }
    #expect(reader.lostCount == 0)
  }

  @Test(
    "what had no room is counted and reported by CPU before the record that comes next",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func lost() async throws {
    let loaded = try await Self.load()
    let reader = try PerfBufferReader(loaded.map("events"), byteCountPerCPU: 4096)
    let cpu = try #require(reader.cpus.last)
    // 8 of header, 4 of length, 252 + padding: 15 fit.
    try put(0..<20, size: 252, in: loaded, cpu: cpu)
    #expect(try reader.drain(limit: 5) { _, _ in } == 5)
    #expect(try reader.drain { _, _ in } == 10)
    #expect(reader.lostCount == 0)
    try put(20..<21, size: 8, in: loaded, cpu: cpu)
    var news: [String] = []
    let count = try reader.drain {
      news.append("record \($0.unsafeLoadUnaligned(as: UInt64.self)) of \($1)")
    } lost: {
      news.append("\($0) lost of \($1)")
    }
    #expect(count == 1)
    #expect(news == ["5 lost of \(cpu)", "record 20 of \(cpu)"])
    #expect(reader.lostCount == 5)
    #expect(reader.lostCounts.allSatisfy { $0.count == ($0.cpu == cpu ? 5 : 0) })
  }

  @Test(
    "records and losses come as a sequence that a stop ends, and the map is empty when the reader is gone",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func sequence() async throws {
    let loaded = try await Self.load()
    do {
      let reader = try PerfBufferReader(loaded.map("events"), byteCountPerCPU: 4096)
      let task = Task {
        var numbers: [UInt64] = []
        for try await element in reader.records({ record, _ in record.unsafeLoadUnaligned(as: UInt64.self) }) {
          if case .record(let number, _) = element { numbers.append(number) }
          if numbers.count == 50 { reader.stop() }
        }
        return numbers
      }
      for start in stride(from: 0 as UInt64, to: 50, by: 10) {
        try put(start..<start + 10, size: 8, in: loaded, cpu: reader.cpus[0])
      }
      #expect(try await task.value == Array(0..<50))
      #expect(try reader.read { _, _ in } == 0)
    }
    try put(0..<1, size: 8, in: loaded, cpu: 0)
    let global = try #require(loaded.object.globals["refused"])
    #expect(try loaded.map(global.map).lookupElement([0, 0, 0, 0])[global.offset] == 1)
    #expect(throws: BPFError.self) { try PerfBufferReader(loaded.map(".bss")) }
    #expect(throws: BPFError.self) { try PerfBufferReader(loaded.map("events"), byteCountPerCPU: 0) }
  }

  @Test(
    "each system call of a reader fails in turn with each error, and neither descriptors nor mappings stay behind",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func faults() async throws {
    let object = try await Fixture.object(Self.source)
    func everything(_ kernel: LinuxKernel) throws {
      let map = try kernel.makeMap(#require(object.maps["events"]))
      let reader = try PerfBufferReader(map)
      #expect(try reader.read(timeout: .milliseconds(1)) { _, _ in } == 0)
    }
    let counting = FaultyKernel()
    try everything(LinuxKernel(systemCalls: counting))
    #expect(counting.openCount == 0 && counting.mappedCount == 0)
    let end = try #require(counting.calls.firstIndex(of: .waitForEventSet))
    // EPERM, EINTR, ENOMEM, EINVAL.
    for errno in [1, 4, 12, 22] as [Int32] {
      for index in counting.calls.indices {
        let faulty = FaultyKernel(failingAt: index, errno: errno)
        let call = counting.calls[index]
        do {
          try everything(LinuxKernel(systemCalls: faulty))
          // Reading goes on when it is interrupted; what is given back at the end may fail.
          let isHarmless =
            call == .close || index > end || errno == 4 && (call == .waitForEventSet || call == .readFile)
          #expect(isHarmless, "call \(index), \(call), errno \(errno)")
        } catch let error as BPFError {
          #expect(error.errno?.rawValue == errno, "call \(index), \(call)")
        }
        #expect(faulty.openCount == 0 && faulty.mappedCount == 0, "call \(index), \(call), errno \(errno)")
      }
    }
  }

  @Test("a record is as long as it says itself, and a reader that goes takes its events out of the map")
  func lengths() throws {
    let page = 4096
    let invented = InventedBuffer(type: .perfEventArray, maxEntries: 1, byteCount: 2 * page)
    let map = MapDefinition(name: "events", type: .perfEventArray, keySize: 4, valueSize: 4, maxEntries: 1)
    let calls = FaultyKernel(invented)
    var reader: PerfBufferReader? = try PerfBufferReader(
      LinuxKernel(systemCalls: calls).makeMap(map), byteCountPerCPU: page)
    // Each record is a sample in 32 bytes: the header, the length in 4 bytes, up to 20 bytes.
    let lengths: [UInt32] = [0, 1, 5, 20]
    for (index, length) in lengths.enumerated() {
      let place = page + 32 * index
      invented.memory.storeBytes(of: 32 << 48 | 9, toByteOffset: place, as: UInt64.self)
      invented.memory.storeBytes(of: length, toByteOffset: place + 8, as: UInt32.self)
    }
    invented.memory.storeBytes(of: UInt64(32 * lengths.count), toByteOffset: 1024, as: UInt64.self)
    var found: [UInt32] = []
    try reader?.drain { record, _ in found.append(UInt32(record.byteCount)) }
    #expect(found == lengths)
    // BPF_MAP_UPDATE_ELEM for the one CPU, and BPF_MAP_DELETE_ELEM.
    #expect(calls.commands.count { $0 == 2 } == 1 && calls.commands.count { $0 == 3 } == 0)
    reader = nil
    #expect(calls.commands.count { $0 == 3 } == 1)
  }

  @Test("whatever stands in the shared memory, reading it comes to an end, and broken records end in an error")
  func anyBytes() throws {
    let page = 4096
    var generator = SeededGenerator(seed: 9)
    var (errors, records, losses) = (0, 0, 0)
    for round in 0..<600 {
      let invented = InventedBuffer(type: .perfEventArray, maxEntries: 1, byteCount: 2 * page)
      do {
        let map = MapDefinition(name: "events", type: .perfEventArray, keySize: 4, valueSize: 4, maxEntries: 1)
        let reader = try PerfBufferReader(
          LinuxKernel(systemCalls: invented).makeMap(map), byteCountPerCPU: page)
        for word in 0..<page / 8 {
          let random = generator.next()
          let length = (random >> 20) & 0x78
          let type: UInt64 = random & 1 == 0 ? 9 : 2
          // Lengths in the second word that may fit, headers that are whole and ones that are not.
          let value = round % 3 == 0 ? random : random & 8 == 0 ? length << 48 | type : random & 0x1f
          invented.memory.storeBytes(of: value, toByteOffset: page + 8 * word, as: UInt64.self)
        }
        let start = round % 2 == 0 ? generator.next() : generator.next() & ~7
        let distance = round % 5 == 0 ? generator.next() : generator.next() & 0xff8
        invented.memory.storeBytes(of: start, toByteOffset: 1032, as: UInt64.self)
        invented.memory.storeBytes(of: start &+ distance, toByteOffset: 1024, as: UInt64.self)
        for _ in 0..<4 {
          do throws(BPFError) {
            try reader.drain { record, _ in
              records += 1
              if record.byteCount > 0 {
                _ = record.unsafeLoadUnaligned(fromByteOffset: record.byteCount - 1, as: UInt8.self)
              }
            } lost: { _, _ in
              losses += 1
            }
          } catch { errors += 1 }
        }
      }
      #expect(invented.mappingCount == 0)
    }
    #expect(errors > 100 && records > 20 && losses > 20, "\(errors) \(records) \(losses)")
  }
}
