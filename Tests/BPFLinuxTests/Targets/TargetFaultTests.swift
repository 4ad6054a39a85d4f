import BPFLinux
import Foundation
import SystemPackage
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite("Faults of targets", .serialized, .timeLimit(.minutes(10)))
struct TargetFaultTests {
  /// Starts a program, looks for a symbol of a library in it, and lets it end. Returns its number.
  private func everything(_ calls: any SystemCalls, _ started: (Int32) -> Void) async throws -> TargetProcess.End? {
    let target = try TargetProcess.start(["true"], systemCalls: calls)
    started(target.identifier)
    try target.runToEntryPoint()
    _ = try LinuxKernel(systemCalls: calls).address(of: "libc.so.6:getppid", in: target.identifier)
    try target.release()
    return await target.waitForEnd()
  }

  @Test("each system call fails in turn with each error: an error comes out, and neither process nor descriptor stays")
  func faults() async throws {
    let counting = FaultyKernel()
    #expect(try await everything(counting) { _ in } == .exited(0))
    try await waitUntil("the process was reaped") { counting.calls.last == .reapProcess }
    #expect(counting.openCount == 0)
    for call in [.startProcess, .runProcess, .releaseProcess, .awaitProcess] as [SystemCallName] {
      #expect(counting.calls.contains(call), "\(call)")
    }
    // EPERM, ESRCH, EINTR, ENOMEM.
    for errno in [1, 3, 4, 12] as [Int32] {
      for (index, call) in counting.calls.enumerated() {
        let faulty = FaultyKernel(failingAt: index, errno: errno)
        var process: Int32 = 0
        let subject = "call \(index), \(call), errno \(errno)"
        do {
          let end = try await everything(faulty) { process = $0 }
          switch call {
          case .awaitProcess: #expect(end == .lost(Errno(rawValue: errno)), "\(subject)")
          default:
            #expect(end == .exited(0), "\(subject)")
            #expect(
              [.close, .unmapMemory, .reapProcess, .openFile, .readFileAt].contains(call)
                || call == .readFile && errno == 4, "\(subject)")
          }
        } catch let error as BPFError {
          if let found = error.errno { #expect(found.rawValue == errno, "\(subject): \(error)") }
        }
        // What failed to be reaped waits for us.
        if call == .reapProcess, process > 0 { waitpid(process, nil, 0) }
        try await waitUntil("the process is gone, \(subject)") { process == 0 || kill(process, 0) != 0 }
        #expect(faulty.openCount == 0, "\(subject)")
      }
    }
  }
}
