import ProfileFormats
import Synchronization
import Testing

@testable import BPFLinux
@testable import BPFProfiler

/// What becomes of the program's records, byte by byte: every sample is in a count and has a reason.
@Suite struct CollectorTests {
  /// Records as the program writes them.
  private enum Bytes {
    static func number(_ value: some FixedWidthInteger) -> [UInt8] {
      withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }

    static func sample(
      _ status: UserStackStatus, thread: UInt32 = 7, process: UInt32 = 5, time: UInt64 = 1000, stack: UInt64 = 0,
      name: String = "app", kernel: [UInt64] = [], user: [UInt64] = []
    ) -> [UInt8] {
      let words = (kernel + user).flatMap { number($0) }
      let comm = Array(name.utf8) + [UInt8](repeating: 0, count: 16 - name.utf8.count)
      return [1, status.rawValue] + number(UInt16(kernel.count)) + number(UInt16(user.count)) + number(UInt16(1))
        + number(process) + number(thread) + number(time) + number(stack) + comm + words
    }

    static func stack(
      _ status: UserStackStatus, number stack: UInt64, thread: UInt32 = 7, process: UInt32 = 5, frames: [UInt64] = [],
      majorFaults: UInt32 = 0, nanoseconds: UInt32 = 0, newRows: UInt16 = 0, newModules: UInt16 = 0
    ) -> [UInt8] {
      [2, status.rawValue] + number(UInt16(0)) + number(UInt32(frames.count)) + number(process) + number(thread)
        + number(stack) + number(UInt64(0)) + number(nanoseconds) + number(UInt32(64)) + number(majorFaults)
        + number(newRows) + number(newModules) + number(UInt64(0)) + frames.flatMap { number($0) }
    }

    static func module(
      _ index: UInt32, _ path: [String], isProgram: Bool = false, device: UInt32 = 0x80_0001
    ) -> [UInt8] {
      let names = path.reversed().flatMap { [UInt8]($0.utf8) + [0 as UInt8] }
      let head =
        [3, UInt8(20)] + number(UInt16(names.count)) + number(index) + number(UInt64(42)) + number(UInt64(4096))
        + number(UInt64(0)) + number(device) + number(UInt32(0)) + number(UInt64(0x1000))
        + number(UInt64(0x2000)) + number(UInt64(0x1000)) + number(UInt32(5)) + number(UInt32(isProgram ? 1 : 0))
      return head + [UInt8](repeating: 0xab, count: 32) + names
    }
  }

  private static func frame(_ module: UInt64, _ offset: UInt64, isExact: Bool = false) -> UInt64 {
    module << 48 | offset | (isExact ? 1 << 47 : 0)
  }

  private func collector(
    _ records: [[UInt8]], lost: UInt64 = 0, mappings: [MappedFiles.Mapping] = []
  ) throws -> SampleCollector {
    var collector = SampleCollector(
      metadata: Profile.Metadata(), period: 10, files: MappedFiles { $0 == 5 ? mappings : [] })
    for bytes in records {
      let record = ProfilerRecord(bytes)
      collector.add(try #require(record))
    }
    collector.finish(lostSamples: lost)
    return collector
  }

  private func names(_ profile: Profile, _ sample: Int) -> [String] {
    profile.stacks.leafFirst(profile.samples[sample].stack).map { id in
      let location = profile[id]
      switch location.kind {
      case .truncationMarker: return "mark"
      case .kernel: return "kernel \(location.address)"
      default: return "\(location.module.map { profile[$0].name } ?? "?")+\(location.address)"
      }
    }
  }

  @Test func aStackThatArrivesLaterGoesBelowTheKernelsFrames() throws {
    let collector = try collector([
      Bytes.module(1, ["usr", "bin", "app"], isProgram: true),
      Bytes.sample(.deferred, stack: 9, kernel: [500, 600]),
      Bytes.stack(
        .complete, number: 9, frames: [Self.frame(1, 100, isExact: true), Self.frame(1, 201)], majorFaults: 2,
        nanoseconds: 7000),
    ])
    let profile = collector.profile
    // A caller's place is within its call, one byte before the return address.
    #expect(names(profile, 0) == ["kernel 500", "kernel 599", "app+100", "app+200"])
    #expect(profile.samples.map(\.status) == [.complete])
    #expect(profile.modules.contains { $0.path == "/usr/bin/app" && $0.isProgram && $0.buildID.count == 20 })
    #expect(collector.capture.majorFaults == 2 && collector.capture.longestWalk == 7000)
    #expect(collector.capture.captureRate == 1)
  }

  @Test func samplesWithOneNumberShareTheStack() throws {
    let stack = Bytes.stack(.complete, number: 3, frames: [Self.frame(0, 64, isExact: true)])
    let before = Bytes.sample(.deferred, stack: 3)
    // The last one was taken while the walk was ending.
    let collector = try collector([before, before, stack, Bytes.sample(.deferred, stack: 3)])
    #expect(collector.capture.statuses == [.complete: 3])
    #expect(collector.capture.sharedSamples == 2 && collector.capture.walks == 1)
    #expect((0..<3).allSatisfy { names(collector.profile, $0) == ["[anonymous]+64"] })
  }

  @Test func everyStatusIsInOneCountAndOnlyWhatHadAStackInTheRate() throws {
    // How a sample comes to a status, and whether a user stack belonged to it.
    let table: [(status: UserStackStatus, isByStack: Bool, counts: Bool, isMarked: Bool)] = [
      (.complete, true, true, false), (.frameLimit, true, true, true), (.noRules, true, true, true),
      (.executed, true, true, true), (.ended, true, true, true), (.noWalk, true, true, true),
      (.kernelThread, false, false, false), (.noMemoryMap, false, false, false),
      (.betweenPrograms, false, false, false), (.refused, false, true, true), (.noElement, false, true, true),
      (.ended, false, true, true),
    ]
    for (status, isByStack, counts, isMarked) in table {
      let records =
        isByStack
        ? [
          Bytes.sample(.deferred, stack: 1, kernel: [8]),
          Bytes.stack(status, number: 1, frames: [Self.frame(0, 64, isExact: true)]),
        ] : [Bytes.sample(status, kernel: [8])]
      let collector = try collector(records)
      let report = collector.capture
      #expect(report.statuses == [status: 1], "\(status)")
      #expect(report.samples == 1 && report.samplesWithUserStack == (counts ? 1 : 0), "\(status)")
      #expect(report.captureRate == (counts && status != .complete ? 0 : 1), "\(status)")
      #expect(report.reasons.map(\.status) == (counts && status != .complete ? [status] : []), "\(status)")
      #expect(report.absences.map(\.status) == (counts ? [] : [status]), "\(status)")
      #expect((names(collector.profile, 0).last == "mark") == isMarked, "\(status)")
      let words = collector.profile.description(of: collector.profile.samples[0].status)
      #expect(words == (status == .complete ? "complete" : counts ? "truncated: \(status)" : "no memory map"))
    }
  }

  @Test func aStackThatNeverComesIsPendingAndLostSamplesCount() throws {
    let collector = try collector([Bytes.sample(.deferred, stack: 4, kernel: [8])], lost: 3)
    #expect(collector.capture.statuses == [.deferred: 1])
    #expect(collector.capture.samples == 4 && collector.capture.captureRate == 0)
    #expect(collector.profile.samples.map(\.status) == [.pending])
    #expect(collector.profile.metadata.lostSamples == 3)
  }

  @Test func addressesOfTheFallbackAreLookedUpInWhatIsMapped() throws {
    let mappings = [
      MappedFiles.Mapping(
        start: 0x1000, limit: 0x2000, offset: 0, path: "/bin/app", isExecutable: false, inode: 1, range: ""),
      MappedFiles.Mapping(
        start: 0x2000, limit: 0x3000, offset: 0x800, path: "/bin/app", isExecutable: true, inode: 1, range: ""),
      MappedFiles.Mapping(
        start: 0x8000, limit: 0x9000, offset: 0, path: "/lib/libc.so", isExecutable: true, inode: 2, range: ""),
    ]
    let user: [UInt64] = [0x2010, 0x8021, 0x1001, 0x9000]
    var collector = try collector([Bytes.sample(.interrupt, kernel: [8], user: user)], mappings: mappings)
    let profile = collector.profile
    // Memory that is not executable is no code; a return address behind the last byte is within its call.
    #expect(
      names(profile, 0) == ["kernel 8", "app+\(0x810)", "libc.so+\(0x20)", "[anonymous]+\(0x1000)", "libc.so+\(0xfff)"])
    #expect(profile.modules.filter(\.isProgram).map(\.path) == ["/bin/app"])
    #expect(collector.capture.statuses == [.interrupt: 1] && collector.capture.captureRate == 0)
    let files = collector.takeNewModules()
    #expect(files.map { collector.profile[$0.id].path } == ["/bin/app", "/lib/libc.so"])
    let code = collector.takeProcessesWithNewCode()
    #expect(code == [5])
  }

  @Test func aStackMayComeBeforeItsSampleAlthoughOthersOfTheProcessCameBetween() throws {
    let collector = try collector([
      Bytes.stack(.complete, number: 3, thread: 7, frames: [Self.frame(0, 64, isExact: true)]),
      Bytes.stack(.complete, number: 4, thread: 8, frames: [Self.frame(0, 80, isExact: true)]),
      Bytes.sample(.deferred, thread: 7, stack: 3, kernel: [8]), Bytes.sample(.deferred, thread: 8, stack: 4),
      Bytes.sample(.deferred, thread: 8, stack: 3),
    ])
    #expect(names(collector.profile, 0) == ["kernel 8", "[anonymous]+64"])
    #expect(names(collector.profile, 1) == ["[anonymous]+80"])
    // The number of another thread's stack is not its own.
    #expect(collector.capture.statuses == [.complete: 2, .deferred: 1])
  }

  @Test func everySampleThatWaitsForOneStackIsPending() throws {
    let waiting = Bytes.sample(.deferred, stack: 4)
    let collector = try collector([waiting, waiting, Bytes.sample(.deferred, stack: 5)])
    #expect(collector.capture.statuses == [.deferred: 3] && collector.capture.sharedSamples == 1)
  }

  @Test func processesHaveTheNamesOfTheirFirstThreads() throws {
    let collector = try collector([
      Bytes.sample(.kernelThread, thread: 5, time: 2000, name: "old"),
      Bytes.sample(.kernelThread, thread: 7, time: 2500, name: "worker"),
      Bytes.sample(.kernelThread, thread: 5, time: 3000, name: "new"),
      // Taken on another CPU, and received later.
      Bytes.sample(.kernelThread, thread: 7, time: 1500, name: "busy"),
    ])
    let profile = collector.profile
    #expect(profile.processes.map(\.name) == ["new"] && profile.processes.map(\.pid) == [5])
    #expect(profile.threads.map(\.name) == ["new", "busy"] && profile.threads.map(\.tid) == [5, 7])
    #expect(profile.samples.map(\.time) == [0, 500, 1000, 0])
    #expect(profile.samples.allSatisfy { $0.weight == 10 })
  }

  @Test func filesAreToldOfOnceWithWhatIdentifiesThem() throws {
    var collector = try collector([
      Bytes.module(1, ["usr", "lib", "a.so"], device: 0xfd0_1234), Bytes.module(2, []),
      Bytes.sample(.deferred, stack: 1),
      Bytes.stack(.complete, number: 1, frames: [Self.frame(2, 32), Self.frame(1, 0), Self.frame(9, 17)]),
    ])
    let profile = collector.profile
    let modules = profile.modules
    #expect(modules.first { $0.path == "/usr/lib/a.so" }?.device == 0x120_fd34)
    #expect(modules.first { $0.path == "[vdso]" }?.kind == .vdso)
    #expect(modules.first { $0.path == "[vdso]" }.map { $0.inode == 0 && $0.device == 0 } == true)
    // At the very beginning of a file there is no byte before; a file that was not told of has a number at least.
    #expect(names(profile, 0) == ["[vdso]+31", "a.so+0", "[file 9, whose name was lost]+16"])
    #expect(collector.takeNewModules().map { collector.profile[$0.id].name } == ["a.so", "[vdso]"])
    #expect(collector.takeNewModules().isEmpty)
  }

  @Test func codeWithoutAFileIsToldOfWhenItIsNew() throws {
    var collector = try collector([
      Bytes.sample(.deferred, stack: 1),
      Bytes.stack(.complete, number: 1, frames: [Self.frame(0, 64, isExact: true)]),
    ])
    #expect(collector.takeProcessesWithNewCode() == [5] && collector.takeProcessesWithNewCode().isEmpty)
    for (number, address) in [(UInt64(2), UInt64(64)), (3, 96)] {
      let record = Bytes.stack(.complete, number: number, frames: [Self.frame(0, address, isExact: true)])
      collector.add(try #require(ProfilerRecord(record)))
      #expect(collector.takeProcessesWithNewCode() == (address == 96 ? [5] : []), "\(address)")
    }
  }

  /// Walks that found all in the caches are told apart from those that had to read; only whole stacks are in either.
  @Test func walksAreWarmOrCold() throws {
    let table: [(status: UserStackStatus, nanoseconds: UInt32, newRows: UInt16, newModules: UInt16)] = [
      (.complete, 5000, 0, 0), (.complete, 9000, 1, 0), (.complete, 7000, 0, 1), (.noRules, 3000, 0, 0),
    ]
    let records = table.enumerated().map { item in
      Bytes.stack(
        item.element.status, number: UInt64(item.offset + 1), frames: [Self.frame(0, 64), Self.frame(0, 96)],
        majorFaults: 1, nanoseconds: item.element.nanoseconds, newRows: item.element.newRows,
        newModules: item.element.newModules)
    }
    let report = try collector(records).capture
    #expect(report.warm.count == 1 && report.warm.mean == 5000 && report.warm.meanFrames == 2)
    #expect(report.cold.count == 2 && report.cold.mean == 8000 && report.cold.frames == 4)
    #expect(report.walks == 4 && report.frames == 8 && report.bytesRead == 4 * 64 && report.majorFaults == 4)
    #expect(report.longestWalk == 9000)
    #expect(report.statuses.isEmpty && report.samples == 0)
  }

  /// Quantiles are told within a quarter, whatever the values are.
  @Test func quantilesAreTrueWithinAQuarter() {
    for value: UInt32 in [0, 1, 3, 4, 5, 7, 8, 100, 1023, 1024, 1500, 1 << 20, .max] {
      var distribution = CaptureReport.Distribution()
      distribution.add(value, frames: 1)
      let told = distribution.quantile(0.5)
      #expect(abs(told - Int(value)) * 8 <= Int(value), "\(value): \(told)")
    }
    var distribution = CaptureReport.Distribution()
    for value: UInt32 in 1...1000 { distribution.add(value * 100, frames: 1) }
    for part in [0.1, 0.5, 0.9, 1] {
      let expected = 100_000 * part
      #expect(abs(Double(distribution.quantile(part)) - expected) <= expected / 4, "\(part)")
    }
    #expect(CaptureReport.Distribution().quantile(0.5) == 0 && CaptureReport.Distribution().mean == 0)
  }

  @Test func whatAProcessMapsIsReadAgainWhenAnAddressIsNew() {
    @Sendable func mapping(_ start: UInt64, _ path: String) -> MappedFiles.Mapping {
      MappedFiles.Mapping(
        start: start, limit: start + 0x1000, offset: 0, path: path, isExecutable: true, inode: 1, range: "")
    }
    let readings = Mutex(0)
    var files = MappedFiles { _ in
      readings.withLock { count in
        count += 1
        // The process has ended by the third time.
        return count == 1
          ? [mapping(0x1000, "/bin/a")]
          : count == 2 ? [mapping(0x1000, "/bin/a"), mapping(0x8000, "/lib/b.so")] : []
      }
    }
    func path(_ address: UInt64) -> String? { files.mapping(of: address, in: 5)?.mapping.path }
    #expect(path(0x1010) == "/bin/a" && readings.withLock { $0 } == 1)
    #expect(path(0x8010) == "/lib/b.so" && readings.withLock { $0 } == 2)
    #expect(path(0x8fff) == "/lib/b.so" && readings.withLock { $0 } == 2)
    // What was known stays known; an unknown page is looked for once.
    #expect(path(0x20000) == nil && path(0x20010) == nil && readings.withLock { $0 } == 3)
    #expect(path(0x1010) == "/bin/a")
    for page in UInt64(100)..<1000 { #expect(path(page << 12) == nil) }
    #expect(readings.withLock { $0 } == 256)
    // Of another program nothing is known: it is read, and once more since the page is in nothing of it.
    files.forget(5)
    #expect(path(0x1010) == nil && readings.withLock { $0 } == 258)
  }

  /// A process that executes another program has other files mapped.
  @Test func whatIsMappedIsForgottenWithTheProgram() throws {
    let readings = Mutex(0)
    var collector = SampleCollector(
      metadata: Profile.Metadata(), period: 10,
      files: MappedFiles { _ in
        let count = readings.withLock { count in
          count += 1
          return count
        }
        return [
          MappedFiles.Mapping(
            start: 0x1000, limit: 0x2000, offset: 0, path: "/bin/\(count)", isExecutable: true, inode: 1, range: "")
        ]
      })
    for name in ["a", "a", "b"] {
      let record = Bytes.sample(.interrupt, thread: 5, name: name, user: [0x1010])
      collector.add(try #require(ProfilerRecord(record)))
    }
    #expect((0..<3).map { names(collector.profile, $0) } == [["1+16"], ["1+16"], ["2+16"]])
  }

  @Test func recordsThatAreTooShortOrOfNoKindAreNoRecords() {
    let whole = [
      Bytes.sample(.deferred), Bytes.stack(.complete, number: 1), Bytes.module(1, ["a"]),
    ]
    for (record, size) in zip(whole, [48, 56, 104]) {
      for length in 0..<size { #expect(ProfilerRecord(Array(record[..<length])) == nil, "\(length)") }
      #expect(ProfilerRecord(record) != nil)
    }
    for kind: UInt8 in [0, 5, 255] { #expect(ProfilerRecord([kind] + [UInt8](repeating: 0, count: 200)) == nil) }
  }
}

extension ProfilerRecord {
  fileprivate init?(_ bytes: [UInt8]) { self.init(bytes.span.bytes) }
}
