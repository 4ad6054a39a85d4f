// The parity suite: one table of cases that are carried out in the simulated kernel and in the running one. A case says
// in words that both understand what is done, and writes down what comes of it; the outcomes are compared with each other
// and with what the specification of task work says. The module has no opinion on who asks: a test does, and the command
// `merops parity`. It makes threads, children and maps of its own and touches nothing else of the machine.

import BPFCompiler
public import BPFLinux
import BPFObject

/// The cases, and the two kernels that carry them out.
public struct ParitySuite: Sendable {
  private let objects: [ParityPrograms: ObjectFile]
  private let kernel: LinuxKernel

  /// The names of the topics, in their order.
  public static var topics: [String] { ParityCase.topics.map(\.name) }

  /// Compiles the programs of the cases.
  ///
  /// - Throws: ``ParityError`` when there is no clang, or the running kernel cannot carry the cases out.
  public init(kernel: LinuxKernel) async throws(ParityError) {
    #if !(os(Linux) && arch(x86_64))
      throw ParityError(message: "the cases need Linux on x86-64")
    #else
      let compiler: BPFCompiler
      do { compiler = try await BPFCompiler.find() } catch {
        throw ParityError(message: "\(error)")
      }
      if let reason = Self.reasonAgainst(kernel) { throw ParityError(message: reason) }
      var objects: [ParityPrograms: ObjectFile] = [:]
      for programs in ParityPrograms.allCases { objects[programs] = try await programs.object(compiler) }
      self.objects = objects
      self.kernel = kernel
    #endif
  }

  /// Why a kernel cannot carry the cases out, `nil` when it can.
  public static func reasonAgainst(_ kernel: LinuxKernel) -> String? {
    let version: LinuxVersion
    do { version = try kernel.version() } catch { return "the running kernel cannot be asked: \(error)" }
    guard version >= LinuxVersion(6, 18) else {
      return "the running kernel is Linux \(version), and task work came with 6.18"
    }
    for feature in [LinuxFeature.mapCreation, .taskWork, .syscallPrograms] where kernel.has(feature) != .yes {
      return "the running kernel does not let this process use bpf(2) as the cases do; run as root"
    }
    return nil
  }

  /// Carries out the cases of the topics, `nil` for all, one after another; each in a fresh machine and with programs and
  /// maps of its own in the running kernel.
  ///
  /// - Parameter report: is told of each result as it comes.
  public func run(topics: Set<String>? = nil, report: (ParityResult) -> Void = { _ in }) -> [ParityResult] {
    var results: [ParityResult] = []
    for topic in ParityCase.topics where topics?.contains(topic.name) ?? true {
      for parityCase in topic.cases {
        if Task.isCancelled { return results }
        var result = carryOut(parityCase, topic.name)
        for patience in [2, 4, 8, 16, 32] where parityCase.canBeDisturbed && !result.isExpected {
          result = carryOut(parityCase, topic.name, patience)
        }
        report(result)
        results.append(result)
      }
    }
    return results
  }

  /// - Parameter patience: by what sleeps that end by themselves are longer than usual.
  private func carryOut(_ parityCase: ParityCase, _ topic: String, _ patience: Int = 1) -> ParityResult {
    let object = objects[parityCase.programs] ?? ObjectFile()
    #if os(Linux)
      let running = outcome(of: parityCase) { try RunningEngine(object, kernel: kernel, patience: patience) }
    #else
      let running: [String] = []
    #endif
    return ParityResult(
      topic: topic, number: parityCase.number, name: parityCase.name, expected: parityCase.expected,
      simulated: outcome(of: parityCase) { try SimulatedEngine(object) }, running: running)
  }

  private func outcome(of parityCase: ParityCase, in engine: () throws -> any ParityEngine) -> [String] {
    do {
      return try parityCase.run(try engine())
    } catch { return ["\(error)"] }
  }
}

/// What has become of one case.
public struct ParityResult: Hashable, Sendable {
  /// The topic of the case.
  public var topic: String
  /// Where the specification of task work has it: a check of section 13 or a section.
  public var number: String
  /// What is done, in words.
  public var name: String
  /// The outcome that the specification gives.
  public var expected: [String]
  /// The outcome in the simulated kernel, or its error.
  public var simulated: [String]
  /// The outcome in the running kernel, or its error.
  public var running: [String]

  /// Whether both kernels had the same outcome.
  public var isEqual: Bool { simulated == running }
  /// Whether that was the one of the specification.
  public var isExpected: Bool { isEqual && running == expected }
}

/// Why the cases cannot be carried out.
public struct ParityError: Error, CustomStringConvertible {
  /// The reason, with what to do about it where something can be done.
  public var message: String
  /// The reason.
  public var description: String { message }
}
