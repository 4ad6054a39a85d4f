import Merops

/// Who says whether a program may be loaded: the verifier of Merops, or the kernel that runs here.
struct VerdictSource: Sendable {
  let engine: Engine
  /// The kernel's version, for messages and for the rules.
  let version: VerifierOptions.KernelProfile
  /// The types that programs are fitted to and verified against.
  let types: BTF
  private let kernel = LinuxKernel()

  /// What was said of a program.
  struct Answer: Sendable {
    /// The finding, `nil` when the program is accepted.
    var diagnostic: Diagnostic?
    /// The log, as much as was asked for.
    var log: String
    /// What the verification took; `nil` where that was not said.
    var statistics: Statistics?

    var isAccepted: Bool { diagnostic == nil }
    /// Whether there is no verdict: the verifier does not model something.
    var isUnknown: Bool { diagnostic?.severity == .warning }
  }

  /// Numbers about a verification.
  struct Statistics: Hashable, Sendable {
    var processedInstructions: Int
    var totalStates: Int?
    var peakStates: Int?
    var stackDepths: [Int]?
  }

  init(engine: Engine, version: VerifierOptions.KernelProfile, types: BTF) {
    self.engine = engine
    self.version = version
    self.types = types
  }

  /// The verdict on a program.
  ///
  /// - Parameters:
  ///   - logLevel: the bits of `log_level`: 0 for messages alone, 1 for the walk, 2 for more of it, 4 for counts.
  ///   - loadFlags: more bits of `prog_flags`.
  func answer(
    _ program: Program, of object: ObjectFile, logLevel: UInt32, loadFlags: UInt32 = 0
  ) throws(CommandFailure) -> Answer {
    switch engine {
    case .simulated: return try verify(program, of: object, logLevel: logLevel, loadFlags: loadFlags)
    case .linux: return try ask(program, of: object, logLevel: logLevel, loadFlags: loadFlags)
    }
  }

  /// The answer where there is no verdict on one program of several for a reason of its own.
  private static func refusal(_ error: some Error, of program: Program) -> Answer {
    Answer(diagnostic: Diagnostic("\(error)", category: .structure, program: program.name), log: "")
  }

  // MARK: The verifier of Merops

  private func verify(
    _ program: Program, of object: ObjectFile, logLevel: UInt32, loadFlags: UInt32
  ) throws(CommandFailure) -> Answer {
    var options = VerifierOptions()
    options.kernel = version
    options.log = logLevel & 3 == 0 ? .none : logLevel & 2 == 0 ? .path : .allPaths
    options.keepsEveryState = loadFlags & 1 << 3 != 0
    guard loadFlags & 1 == 0 else {
      throw CommandFailure(.unsupported, "BPF_F_STRICT_ALIGNMENT is not modelled")
    }
    var program = program
    if loadFlags & 1 << 4 != 0 { program.kind.isSleepable = true }
    if loadFlags & 1 << 5 != 0 { program.kind.hasFragments = true }
    if let local = object.types {
      do throws(TypeRelocationError) {
        try program.applyTypeRelocations(local: local, target: types)
      } catch {
        return Self.refusal(error, of: program)
      }
    }
    let verifier = Verifier(options: options)
    let verdict = verifier.verify(program, of: object, kernelTypes: types)
    let taken = verdict.statistics
    return Answer(
      diagnostic: verdict.rejection.map { verifier.diagnostic(of: $0, program, of: object, kernelTypes: types) },
      log: verdict.log,
      statistics: Statistics(
        processedInstructions: taken.processedInstructions, totalStates: taken.totalStates,
        peakStates: taken.peakStates, stackDepths: taken.stackDepths))
  }

  // MARK: The kernel

  private func ask(
    _ program: Program, of object: ObjectFile, logLevel: UInt32, loadFlags: UInt32
  ) throws(CommandFailure) -> Answer {
    let session: LinuxVerification
    do throws(BPFError) {
      var alone = object
      alone.programs = [program.name: program]
      session = try LinuxVerification(alone, on: kernel)
    } catch {
      throw CommandFailure(.load, "\(error)")
    }
    session.loadFlags = loadFlags
    do throws(BPFError) {
      let first = try session.verdict(of: program.name, logLevel: max(logLevel, 4), logSize: 1 << 16)
      var answer = Answer(log: "", statistics: Self.statistics(in: first.log))
      var log = first.log
      if first.errno != nil || logLevel > 0 {
        log = try whole(session, program.name, level: max(logLevel, 1))
      }
      if logLevel > 0 { answer.log = log }
      guard let errno = first.errno else { return answer }
      let release = try kernel.version()
      var diagnostic = Diagnostic(
        kernelLog: log, of: session.prepared.programs[program.name] ?? program,
        kernelVersion: "\(release.major).\(release.minor)")
      if diagnostic.kernelMessage.isEmpty { diagnostic.kernelMessage = "\(errno)" }
      answer.diagnostic = diagnostic
      return answer
    } catch {
      // A call that fails is not about this program.
      if error.command != nil { throw CommandFailure(.load, "\(error)") }
      return Self.refusal(error, of: program)
    }
  }

  /// The log from its beginning; the kernel says how long it is.
  private func whole(_ session: LinuxVerification, _ name: String, level: UInt32) throws(BPFError) -> String {
    let verdict = try session.verdict(of: name, logLevel: level, logSize: 1 << 18)
    guard verdict.logByteCount > 1 << 18 else { return verdict.log }
    return try session.verdict(of: name, logLevel: level, logSize: min(verdict.logByteCount + 1, 256 << 20)).log
  }

  private static func statistics(in log: String) -> Statistics? {
    var result: Statistics?
    for line in log.split(separator: "\n") {
      let words = line.split(separator: " ")
      func number(after name: Substring) -> Int? {
        words.firstIndex(of: name).flatMap { words.indices.contains($0 + 1) ? Int(words[$0 + 1]) : nil }
      }
      if line.hasPrefix("processed "), let count = number(after: "processed") {
        result = Statistics(
          processedInstructions: count, totalStates: number(after: "total_states"),
          peakStates: number(after: "peak_states"), stackDepths: result?.stackDepths)
      }
      if line.hasPrefix("stack depth "), let depths = words.last?.split(separator: "+").compactMap({ Int($0) }) {
        if result == nil { result = Statistics(processedInstructions: 0) }
        result?.stackDepths = depths
      }
    }
    return result
  }
}
