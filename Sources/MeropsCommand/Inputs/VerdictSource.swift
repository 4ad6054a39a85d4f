import Merops

/// Who says whether a program may be loaded: the verifier of Merops, or the kernel that runs here.
struct VerdictSource {
  let engine: Engine
  /// The kernel's version, for messages and for the rules.
  let version: VerifierOptions.KernelProfile
  /// The types that programs are fitted to and verified against.
  let types: BTF
  private let kernel = LinuxKernel()

  /// What was said of a program.
  struct Answer {
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
  struct Statistics: Codable, Hashable {
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
  /// - Parameter logLevel: 0 for messages alone, 1 for the walk, 2 for more of it.
  func answer(_ program: Program, of object: ObjectFile, logLevel: UInt32) throws(CommandFailure) -> Answer {
    switch engine {
    case .simulated: return try verify(program, of: object, logLevel: logLevel)
    case .linux: return try ask(program, of: object, logLevel: logLevel)
    }
  }

  // MARK: The verifier of Merops

  private func verify(_ program: Program, of object: ObjectFile, logLevel: UInt32) throws(CommandFailure) -> Answer {
    var options = VerifierOptions()
    options.kernel = version
    options.log = logLevel == 0 ? .none : logLevel == 1 ? .path : .allPaths
    var program = program
    if let local = object.types {
      do throws(TypeRelocationError) {
        try program.applyTypeRelocations(local: local, target: types)
      } catch {
        throw CommandFailure(.load, "\(error)")
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

  private func ask(_ program: Program, of object: ObjectFile, logLevel: UInt32) throws(CommandFailure) -> Answer {
    do throws(BPFError) {
      var alone = object
      alone.programs = [program.name: program]
      let session = try LinuxVerification(alone, on: kernel)
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
      throw CommandFailure(.load, "\(error)")
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
