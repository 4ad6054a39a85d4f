import Dispatch
import Synchronization
public import SystemPackage

/// A command that is started for its programs' sake: it stands still before its first instruction until everything is
/// attached, so that nothing of it is missed.
///
///     let target = try TargetProcess.start(["./workload", "-v"])
///     let attachment = try program.attach(to: .perfEvent(.cpuClock(.frequency(99)), pid: target.identifier, cpu: nil))
///     try target.release()
///     let end = await target.waitForEnd()
///
/// The process shares standard input, output and error with this one and no other descriptor, begins with no blocked
/// signals, and is searched for in `PATH` as a shell does it. While it stands still it is traced: it dies with this process, or when the value is
/// dropped. Once released it is like any other child, but for a SIGTERM that it gets when this process dies before it.
public final class TargetProcess: Sendable {
  /// The number of the process, which is also that of its first thread.
  public let identifier: Int32
  private let shared: Shared
  private let systemCalls: any SystemCalls

  /// How a process ended.
  public enum End: Hashable, Sendable {
    /// It called exit(3) with this status.
    case exited(Int32)
    /// A signal of this number ended it.
    case killed(signal: Int32)
    /// It is gone, and nobody knows how: waitid(2) failed with this error.
    case lost(Errno)
  }

  private init(_ identifier: Int32, _ shared: Shared, _ systemCalls: any SystemCalls) {
    self.identifier = identifier
    self.shared = shared
    self.systemCalls = systemCalls
  }

  /// Starts a command, which stands still.
  ///
  /// - Parameters:
  ///   - command: the program, as a path or a name to be found in `PATH`, and its arguments.
  ///   - systemCalls: the kernel.
  /// - Throws: ``BPFError`` when there is no such program or it cannot be executed; nothing is left of it then.
  public static func start(
    _ command: [String], systemCalls: any SystemCalls = RunningKernel()
  ) throws(BPFError) -> TargetProcess {
    guard let path = command.first, !path.isEmpty, command.allSatisfy({ !$0.utf8.contains(0) }) else {
      throw .refusal("the command", "it has no name, or zero bytes in it")
    }
    let shared = Shared()
    // One thread traces a process from its start to its end: the kernel takes orders from no other.
    DispatchQueue(label: "merops.target").async {
      do throws(BPFError) {
        let identifier = try launch(command, systemCalls)
        shared.answer(.success(identifier))
        shared.attend(identifier, systemCalls)
      } catch { shared.answer(.failure(error)) }
    }
    return TargetProcess(try shared.takeAnswer(), shared, systemCalls)
  }

  private static func launch(_ command: [String], _ systemCalls: any SystemCalls) throws(BPFError) -> Int32 {
    let texts = command.map { KernelBuffer($0) }
    let pointers = KernelBuffer(words64: texts.map(\.address) + [0])
    let stage = KernelBuffer(count: 4)
    let result = withExtendedLifetime((texts, pointers, stage)) {
      systemCalls.perform(
        .startProcess, Int(truncatingIfNeeded: texts[0].address), Int(truncatingIfNeeded: pointers.address),
        Int(truncatingIfNeeded: stage.address))
    }
    if result >= 0 { return Int32(truncatingIfNeeded: result) }
    let errno = Errno(rawValue: Int32(truncatingIfNeeded: -result))
    let subject = "command '\(command[0])'"
    switch (stage.words(1).first ?? 0, errno) {
    case (2, .noSuchFileOrDirectory):
      throw BPFError(
        subject, .systemCall("exec", errno), "there is no such program",
        advice: "give a path, or a name that is found in PATH")
    case (2, .permissionDenied):
      throw BPFError(subject, .systemCall("exec", errno), "it may not be executed, or is no file")
    case (2, _): throw BPFError(subject, .systemCall("exec", errno))
    case (1, _):
      throw BPFError(
        subject, .systemCall("ptrace", errno), "it was started and cannot be stopped",
        advice: "the process has to be allowed to trace its children: look at seccomp filters and security modules")
    default: throw BPFError(subject, .systemCall("fork", errno))
    }
  }

  deinit { shared.drop() }

  /// Lets the process, which stands still, run up to its entry point and stand still again there: a dynamic loader has
  /// then mapped the libraries that the executable was linked with.
  ///
  /// - Throws: ``BPFError`` when it does not get there, such as for a missing library; it is gone then.
  public func runToEntryPoint() throws(BPFError) {
    let path = "/proc/\(identifier)/auxv"
    let bytes: [UInt8]
    do throws(Errno) { bytes = try systemCalls.readFile(path) } catch {
      throw BPFError(subject, .systemCall("read of \(path)", error))
    }
    // Pairs of words; `AT_ENTRY` is 9.
    let words = KernelBuffer(bytes).words64(bytes.count / 8)
    guard let key = stride(from: 0, to: words.count - 1, by: 2).first(where: { words[$0] == 9 }) else {
      throw .refusal(subject, "\(path) does not say where it begins")
    }
    try obey(.runToEntry(address: words[key + 1]), "ptrace", "it ended before its entry point")
  }

  /// Lets the process go.
  ///
  /// - Throws: ``BPFError`` when it is gone already.
  public func release() throws(BPFError) {
    try obey(.release, "ptrace", "it has ended while it stood still")
  }

  private func obey(_ order: Order, _ call: String, _ problem: String) throws(BPFError) {
    guard shared.give(order) else { throw .refusal(subject, "it has been released before") }
    do throws(BPFError) { _ = try shared.takeAnswer() } catch {
      throw BPFError(
        subject, .systemCall(call, error.errno ?? .noSuchProcess), error.errno == .noSuchProcess ? problem : "")
    }
  }

  private var subject: String { "process \(identifier)" }

  /// How the process ended, `nil` while it has not.
  public var end: End? { shared.end }

  /// Waits for the end of the process.
  ///
  /// - Returns: how it ended; `nil` when the calling task was cancelled before.
  public func waitForEnd() async -> End? { await shared.waitForEnd() }

  /// Sends a signal to the process unless it has ended.
  public func send(signal: Int32) {
    shared.ifRunning { _ = systemCalls.perform(.signalProcess, Int(identifier), Int(signal)) }
  }
}
