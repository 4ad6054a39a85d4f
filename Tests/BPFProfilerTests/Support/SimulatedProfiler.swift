import BPFMaps
import BPFObject
import BPFSimulator
import Foundation
import Testing

@testable import BPFProfiler

/// The profiler's program in a machine, with a task whose memory holds an image and a stack.
final class SimulatedProfiler {
  let machine: Machine
  let object: LoadedObject
  let task: SimulatedTask
  let memory: UserMemory
  private let attachment: Attachments
  private var imageCount = 0
  private(set) var image: Range<UInt64> = 0..<0

  static let stackStart: UInt64 = 0x7fff_0000_0000
  static let stackByteCount = 64 << 10

  private final class Attachments {
    let sampler: BPFSimulator.Attachment
    init(_ sampler: consuming BPFSimulator.Attachment) { self.sampler = sampler }
  }

  /// - Parameters:
  ///   - verification: whether the programs are verified. That takes many seconds where the verifier itself is not
  ///     optimised, so one test asks for it and the others run with checks.
  ///   - change: what is changed of the object before it is loaded.
  init(
    verification: ProgramVerification = .none, _ change: (inout ObjectFile) throws -> Void = { _ in }
  ) throws {
    var file = try Self.object()
    // As many as the tests need, not what a real machine does.
    file.maps["walks"]?.maxEntries = 256
    file.maps["rows"]?.maxEntries = 1024
    file.maps["threads"]?.maxEntries = 16
    file.maps["records"]?.maxEntries = 1 << 18
    try change(&file)
    machine = try Machine()
    object = try machine.load(file, verification: verification)
    task = try machine.spawn("app")
    memory = try #require(task.memory)
    try memory.map(byteCount: Self.stackByteCount, at: Self.stackStart)
    attachment = Attachments(try object.attach(ProfilerProgram.sampler, to: .perfEvent(cpu: 0)))
    try machine.run(task, on: 0)
  }

  /// The module's object, or another: to see that tests fail when a rule of the source is broken.
  private static func object() throws -> ObjectFile {
    guard let path = ProcessInfo.processInfo.environment["MEROPS_PROFILER_OBJECT"] else {
      return try ProfilerProgram.object()
    }
    return try ObjectFile(parsing: Array(Data(contentsOf: URL(filePath: path))))
  }

  /// Maps an image, as a file that was not seen before, in place of the last one.
  func map(_ bytes: [UInt8], isResident: Bool = true) throws {
    memory.unmap(image)
    imageCount += 1
    let start: UInt64 = 0x5555_0000_0000
    try memory.map(
      byteCount: bytes.count, at: start, isResident: isResident, backing: .file("/lib/image-\(imageCount)"),
      protection: [.read, .execute])
    memory.store(bytes, at: start)
    image = start..<start + (UInt64(bytes.count) + 4095) / 4096 * 4096
    if !isResident { memory.evict(image) }
  }

  func store(_ word: UInt64, at address: UInt64) {
    memory.store(withUnsafeBytes(of: word.littleEndian) { Array($0) }, at: address)
  }

  /// The address in memory of a byte of a function.
  func address(in function: Int, at offset: Int = 0x20) -> UInt64 {
    image.lowerBound + SyntheticImage.address(in: function, at: offset)
  }

  /// An interrupt, and what the program tells of it.
  func sample() throws -> (samples: [SampleRecord], stacks: [StackRecord], modules: [ModuleRecord]) {
    try machine.nmi(on: 0)
    return try records()
  }

  /// What the program has told since this was last asked for.
  func records() throws -> (samples: [SampleRecord], stacks: [StackRecord], modules: [ModuleRecord]) {
    var result: (samples: [SampleRecord], stacks: [StackRecord], modules: [ModuleRecord]) = ([], [], [])
    for bytes in try object.ringBuffer("records").takeRecords() {
      switch ProfilerRecord(bytes.span.bytes) {
      case .sample(let record): result.samples.append(record)
      case .stack(let record): result.stacks.append(record)
      case .module(let record): result.modules.append(record)
      case .memory, nil: Issue.record("a record of an unexpected kind")
      }
    }
    return result
  }

  /// The program's counters.
  func counters() throws -> ProgramCounters {
    ProgramCounters(try object.map("counts").lookupElement([0, 0, 0, 0]))
  }

  /// The stack of an interrupt.
  func walk() throws -> StackRecord {
    let stacks = try sample().stacks
    return try #require(stacks.first)
  }
}

extension StackRecord {
  /// The offsets of the frames in the image.
  var offsets: [UInt64] { frames.map(\.offset) }
}
