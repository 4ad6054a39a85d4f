import BPFLinux
import BPFProfiler
import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Sampling from its beginning until the target, the time or the user's patience ends.
struct Sampling {
  let session: ProfilingSession
  /// The command, which stands still.
  let process: TargetProcess?
  let limit: Nanoseconds?

  /// Receives samples until it is over, and shows how far it is.
  func run() throws(ProfilingError) {
    let clock = ContinuousClock()
    let begin = clock.now
    do throws(BPFError) { try process?.release() } catch { throw .kernel(error) }
    var shown = begin - .seconds(1)
    while !Task.isCancelled {
      let elapsed = clock.now - begin
      var rest = Duration.milliseconds(100)
      if let limit {
        rest = min(rest, .nanoseconds(Int64(clamping: limit.value)) - elapsed)
        if rest <= .zero { break }
      }
      try session.receive(within: rest)
      if clock.now - shown >= .milliseconds(200) {
        shown = clock.now
        show(elapsed)
      }
      if hasEnded { break }
    }
    Self.progress("")
    // What was started for this ends with it.
    if let process, process.end == nil { process.send(signal: SIGTERM) }
  }

  private var hasEnded: Bool {
    if let process { return process.end != nil }
    switch session.options.target {
    case .all: return false
    case .thread(let thread): return Self.isGone(thread)
    case .processes(let processes): return processes.allSatisfy(Self.isGone)
    }
  }

  /// Whether there is no such process or thread.
  static func isGone(_ number: Int32) -> Bool { kill(number, 0) != 0 && errno == ESRCH }

  private func show(_ elapsed: Duration) {
    let seconds = elapsed.formatted(fractionDigits: 1)
    Self.progress("sampling for \(seconds) s, \(session.sampleCount) samples; Ctrl-C ends it")
  }

  /// A line on the terminal that the next one replaces.
  private static func progress(_ text: String) {
    guard isatty(2) == 1 else { return }
    try? Output.error.write("\r\u{1b}[K\(text)")
  }
}

extension Duration {
  /// The number of seconds.
  func formatted(fractionDigits: Int) -> String {
    let (seconds, attoseconds) = components
    guard fractionDigits > 0 else { return "\(seconds)" }
    let digits = "\(attoseconds / 1_000_000_000)"
    let padded = String(repeating: "0", count: max(0, 9 - digits.count)) + digits
    return "\(seconds).\(padded.prefix(fractionDigits))"
  }
}
