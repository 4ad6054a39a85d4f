public import BPFObject
public import SystemPackage

/// A program in the running kernel. It goes when nothing refers to it any more: no value of this type, no attachment, no
/// outstanding task work, no file.
public final class LinuxProgram: Sendable {
  /// The name that the object gives it.
  public let name: String
  /// What the object says of its type and attach point.
  public let kind: ProgramKind
  /// The identifier by which the kernel and its tools call it.
  public let identifier: UInt32
  let descriptor: Descriptor
  let kernel: LinuxKernel

  init(_ descriptor: Descriptor, _ program: Program, kernel: LinuxKernel) throws(BPFError) {
    name = program.name
    kind = program.kind
    self.descriptor = descriptor
    self.kernel = kernel
    identifier = try kernel.programInformation(descriptor, for: "program '\(program.name)'").identifier
  }

  var subject: String { "program '\(name)'" }

  /// What the kernel says of the program.
  public func information() throws(BPFError) -> LinuxProgramInformation {
    try kernel.programInformation(descriptor, for: subject)
  }

  /// Gives the program a name in a bpf file system, where it stays until the file is removed. Pin its maps as well if it
  /// uses timers, work queues or task work, which need a user's reference to the map.
  public func pin(at path: FilePath) throws(BPFError) {
    try kernel.pin(descriptor, at: path, subject)
  }

  /// Gives up the reference that this value holds.
  public func close() { descriptor.close() }

  /// What a run gave.
  public struct TestRun: Hashable, Sendable {
    /// What the program returned.
    public var result: UInt32
    /// The context as the program left it, where it is given back: for `syscall` programs.
    public var context: [UInt8]
    /// The packet as the program left it.
    public var data: [UInt8]
    /// The mean time of a run in nanoseconds, 0 where the kernel does not measure.
    public var nanoseconds: UInt32
  }

  /// How a run goes (`BPF_F_TEST_…`).
  public struct TestRunFlags: OptionSet, Hashable, Sendable {
    /// The bits.
    public let rawValue: UInt32
    /// The flags with the given bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// `BPF_F_TEST_RUN_ON_CPU`: on the CPU that is given.
    static let onCPU = TestRunFlags(rawValue: 1)
    /// `BPF_F_TEST_XDP_LIVE_FRAMES`: what an XDP program lets pass, or sends on, really goes its way (Linux 5.18).
    public static let liveFrames = TestRunFlags(rawValue: 2)
    /// `BPF_F_TEST_SKB_CHECKSUM_COMPLETE`: the packet comes with its checksum, as from a device that computes it
    /// (Linux 6.11).
    public static let checksumComplete = TestRunFlags(rawValue: 4)
  }

  /// Runs the program on the calling thread (`BPF_PROG_TEST_RUN`).
  ///
  /// Of the tracing programs only those of raw tracepoints can be run so; perf_event, kprobe and tracepoint programs
  /// end in error 524. Task work that the program asks for on the calling thread has run when this returns.
  ///
  /// - Parameters:
  ///   - context: the bytes of the context, for `syscall` and raw tracepoint programs.
  ///   - data: the packet, for programs that take one; at least 14 bytes.
  ///   - repeatCount: how often to run, 0 for once; `syscall` programs take 0 only.
  ///   - cpu: the CPU to run on, which only programs of raw tracepoints can be told.
  ///   - flags: how the run goes.
  ///   - batchSize: how many packets at a time with ``TestRunFlags/liveFrames``, 0 for the kernel's own number.
  public func testRun(
    context: [UInt8] = [], data: [UInt8] = [], repeatCount: UInt32 = 0, cpu: Int? = nil,
    flags: TestRunFlags = [], batchSize: UInt32 = 0
  ) throws(BPFError) -> TestRun {
    let contextBuffer = KernelBuffer(context)
    let dataIn = KernelBuffer(data)
    // Programs can make a packet longer.
    let dataOut = KernelBuffer(count: data.isEmpty ? 0 : data.count + 256)
    var attributes = TestRunAttributes(programDescriptor: descriptor.rawValue, repeatCount: repeatCount)
    if !context.isEmpty {
      attributes.contextSizeIn = UInt32(truncatingIfNeeded: context.count)
      attributes.contextIn = contextBuffer.address
    }
    if !data.isEmpty {
      attributes.dataSizeIn = UInt32(truncatingIfNeeded: data.count)
      attributes.dataIn = dataIn.address
      attributes.dataSizeOut = UInt32(truncatingIfNeeded: dataOut.count)
      attributes.dataOut = dataOut.address
    }
    attributes.flags = flags.rawValue
    attributes.batchSize = batchSize
    // Packets that go their way do not come back, although the kernel says how long they were.
    let comesBack = !flags.contains(.liveFrames)
    if !comesBack { (attributes.dataSizeOut, attributes.dataOut) = (0, 0) }
    if let cpu {
      attributes.flags |= TestRunFlags.onCPU.rawValue
      attributes.cpu = UInt32(clamping: cpu)
    }
    do throws(Errno) {
      try kernel.systemCalls.perform(.programTestRun, &attributes, keeping: contextBuffer, dataIn, dataOut)
    } catch {
      var failure = BPFError(subject, .programTestRun, error)
      if error == BPFError.notSupported {
        failure.advice = "programs of type \(kind.type) run only when what they are attached to happens"
      }
      if error == .invalidArgument, !flags.isEmpty {
        failure.problem = "programs of type \(kind.type), or this kernel, do not take these flags"
      }
      throw failure
    }
    return TestRun(
      result: attributes.result, context: contextBuffer.bytes,
      data: comesBack ? dataOut.prefix(Int(attributes.dataSizeOut)) : [], nanoseconds: attributes.duration)
  }
}
