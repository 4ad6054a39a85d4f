import CAllocationCount
import Foundation
import Merops

/// The Linux engine against libbpf and bpftool, in one run: open + relocate + load of the example object, elements of a
/// hash, draining a ring buffer. Results are ratios: how many times as fast as the other, so that 1 is equal.
///
/// Needs root, clang with the BPF target, and for each comparison what it compares with (Debian: `libbpf-dev` and `gcc`,
/// `bpftool`). What is missing is named instead of measured.
@Sendable
func linuxBenchmarks() async throws -> [Benchmark] {
  guard case .yes = LinuxKernel().has(.mapCreation) else {
    print("linux: not measured, needs the right to load programs (root, or CAP_BPF and CAP_PERFMON)")
    return []
  }
  guard let bench = try await Comparison.prepare() else { return [] }
  var result: [Benchmark] = []
  if let libbpf = bench.libbpf {
    result.append(
      Benchmark("linux: open, relocate and load, against libbpf", unit: "times as fast", moreIsBetter: true) {
        let ours = try bench.loadTime()
        let theirs = try bench.numbers(libbpf, "load", bench.example, "20")[0]
        return bench.ratio("load", ours, theirs)
      })
    for work in ElementComparison.Work.allCases {
      result.append(
        Benchmark("linux: hash \(work), against libbpf", unit: "times as fast", moreIsBetter: true) {
          try ElementComparison(library: libbpf + ".so").ratio(of: work)
        })
    }
    result.append(
      Benchmark("linux: ring buffer drain, against ring_buffer__poll", unit: "times as fast", moreIsBetter: true) {
        let ours = try bench.drainTime()
        let theirs = try bench.numbers(libbpf, "ring", bench.ring, "20")[0]
        return bench.ratio("record", ours, theirs)
      })
    result.append(
      Benchmark("linux: allocations in a drain of 262143 records", unit: "allocations") {
        try bench.drainAllocations()
      })
  }
  if let bpftool = bench.bpftool, let loader = bench.loader {
    result.append(
      Benchmark(
        "linux: a process that loads and pins, against bpftool prog loadall", unit: "times as fast", moreIsBetter: true
      ) {
        var (ours, theirs) = (Double.infinity, Double.infinity)
        for _ in 0..<10 {
          ours = min(ours, try bench.time(loader) { [bench.example, $0] })
          theirs = min(theirs, try bench.time(bpftool) { ["prog", "loadall", bench.example, $0] })
        }
        return bench.ratio("process", ours, theirs)
      })
  }
  return result
}

/// The objects and programs that are compared.
private struct Comparison: @unchecked Sendable {
  /// The example object and the one that fills a ring buffer.
  let example: String
  let ring: String
  let exampleObject: [UInt8]
  let ringObject: ObjectFile
  /// The C program, beside which it is as a library, bpftool, and the process that does what bpftool does.
  let libbpf: String?
  let bpftool: String?
  let loader: String?
  /// Where bpf file systems are mounted.
  private let folder: URL

  static func prepare() async throws -> Comparison? {
    let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    guard let compiler = try? await BPFCompiler.find() else {
      print("linux: not measured, needs a clang that compiles BPF")
      return nil
    }
    let folder = FileManager.default.temporaryDirectory.appending(path: "merops-benchmarks-\(getpid())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    func compile(_ path: URL) async throws -> [UInt8] {
      let text = try String(contentsOf: path, encoding: .utf8)
      return try await compiler.compile(.text(text), headers: SimulatedKernelTypes.headers).object
    }
    let example = try await ExampleObject.bytes()
    let ring = try await compile(package.appending(path: "libbpf/ring.bpf.c"))
    try Data(example).write(to: folder.appending(path: "example.bpf.o"))
    try Data(ring).write(to: folder.appending(path: "ring.bpf.o"))
    var libbpf: String?
    let program = folder.appending(path: "compare").path
    let source = package.appending(path: "libbpf/compare.c").path
    if FileManager.default.fileExists(atPath: "/usr/include/bpf/libbpf.h"),
      try run("/usr/bin/cc", ["-O2", "-o", program, source, "-lbpf"]).0 == 0,
      try run("/usr/bin/cc", ["-O2", "-shared", "-fPIC", "-o", program + ".so", source, "-lbpf"]).0 == 0
    {
      libbpf = program
    } else {
      print("linux: not compared with libbpf, needs libbpf-dev and a C compiler")
    }
    let bpftool = ["/usr/sbin/bpftool", "/usr/bin/bpftool"].first { FileManager.default.isExecutableFile(atPath: $0) }
    if bpftool == nil { print("linux: not compared with bpftool, needs the package bpftool") }
    let loader = Bundle.main.executableURL?.deletingLastPathComponent().appending(path: "merops-load").path
    return Comparison(
      example: folder.appending(path: "example.bpf.o").path, ring: folder.appending(path: "ring.bpf.o").path,
      exampleObject: example, ringObject: try ObjectFile(parsing: ring), libbpf: libbpf, bpftool: bpftool,
      loader: loader.flatMap { FileManager.default.isExecutableFile(atPath: $0) ? $0 : nil }, folder: folder)
  }

  /// Tells both times, and returns how many times as fast ours is.
  func ratio(_ what: String, _ ours: Double, _ theirs: Double) -> Double {
    print(
      "  \(what): \(Int(ours * 10) / 10).\(Int(ours * 10) % 10) ns, the other \(Int(theirs * 10) / 10).\(Int(theirs * 10) % 10) ns"
    )
    return theirs / ours
  }

  /// Opens and loads the example, with a kernel of which nothing is known yet.
  func loadTime() throws -> Double {
    var best = Double.infinity
    for _ in 0..<20 {
      let start = ThreadClock.now
      let loaded = try LinuxKernel().load(ObjectFile(parsing: exampleObject))
      best = min(best, Double(ThreadClock.now - start))
      precondition(loaded.programs.count > 0)
    }
    return best
  }

  /// Nanoseconds for a record of 24 bytes.
  func drainTime() throws -> Double {
    let loaded = try LinuxKernel().load(ringObject)
    let reader = try RingBufferReader(loaded.map("events"))
    let fill = try loaded.program("fill")
    var best = Double.infinity
    var total: UInt64 = 0
    for _ in 0..<20 {
      _ = try fill.testRun()
      let start = ThreadClock.now
      let count = try reader.read(timeout: .zero) { record in
        total &+= record.unsafeLoad(as: UInt64.self) &+ UInt64(record.byteCount)
      }
      best = min(best, Double(ThreadClock.now - start) / Double(count))
    }
    precondition(total > 0)
    return best
  }

  /// How often a drain calls malloc(3).
  func drainAllocations() throws -> Double {
    let loaded = try LinuxKernel().load(ringObject)
    let reader = try RingBufferReader(loaded.map("events"))
    _ = try loaded.program("fill").testRun()
    var total: UInt64 = 0
    // The count itself has to count.
    let before = merops_allocation_count()
    let some = [UInt8](repeating: 1, count: Int.random(in: 10...20))
    precondition(merops_allocation_count() > before && !some.isEmpty)
    let start = merops_allocation_count()
    let count = try reader.drain { record in total &+= record.unsafeLoad(as: UInt64.self) }
    let allocations = merops_allocation_count() - start
    precondition(count > 200_000 && total > 0)
    return Double(allocations)
  }

  /// The numbers that a run of the C program prints.
  func numbers(_ program: String, _ arguments: String...) throws -> [Double] {
    let (status, output) = try Self.run(program, arguments)
    let numbers = output.split(separator: "\n").compactMap { Double($0) }
    guard status == 0, !numbers.isEmpty else { throw ComparisonFailure(text: "\(program) \(arguments) failed") }
    return numbers
  }

  /// Nanoseconds from the start of a process to its end; it gets a folder in a bpf file system of its own.
  func time(_ program: String, _ arguments: (String) -> [String]) throws -> Double {
    let mountPoint = folder.appending(path: "bpf").path
    try? FileManager.default.createDirectory(atPath: mountPoint, withIntermediateDirectories: false)
    guard mount("bpf", mountPoint, "bpf", 0, nil) == 0 else { throw ComparisonFailure(text: "mount: \(errno)") }
    defer { umount2(mountPoint, 2) }
    let pins = mountPoint + "/pins"
    mkdir(pins, 0o700)
    let clock = ContinuousClock()
    var status: Int32 = 0
    let duration = try clock.measure { status = try Self.run(program, arguments(pins)).0 }
    guard status == 0 else { throw ComparisonFailure(text: "\(program) ended with \(status)") }
    return Double(duration.components.attoseconds) / 1e9 + Double(duration.components.seconds) * 1e9
  }

  private static func run(_ program: String, _ arguments: [String]) throws -> (Int32, String) {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
  }
}

struct ComparisonFailure: Error, CustomStringConvertible {
  var text: String
  var description: String { text }
}
