import Merops

/// Verifies and runs programs as their annotations ask.
struct AnnotatedProgramRunner: Sendable {
  let verifier: VerdictSource

  /// How the test has ended that a program is.
  func outcome(of program: Program, _ expectation: ProgramExpectation, in object: ObjectFile) -> TestReport.Outcome {
    if !expectation.architectures.isEmpty, !expectation.architectures.contains(verifier.engine.architecture) {
      return .skipped("for \(expectation.architectures.joined(separator: ", ")) only")
    }
    if expectation.wantsMachineCode == false {
      return .skipped("for kernels that do not compile programs to machine code")
    }
    let outcome = examine(program, expectation, in: object)
    guard case .passed = outcome, !expectation.others.isEmpty else { return outcome }
    return .skipped("\(expectation.others.joined(separator: ", ")) cannot be tested; what else is annotated holds")
  }

  private func examine(
    _ program: Program, _ expectation: ProgramExpectation, in object: ObjectFile
  ) -> TestReport.Outcome {
    do throws(CommandFailure) {
      let needsLog = !expectation.messages.isEmpty
      let level = expectation.logLevel ?? 1
      let answer = try verifier.answer(
        program, of: object, logLevel: needsLog ? level | (level & 3 == 0 ? 1 : 0) : 0, loadFlags: expectation.loadFlags
      )
      if answer.isUnknown { return .skipped(answer.diagnostic?.headline ?? "cannot be verified yet") }
      switch (expectation.isAccepted, answer.diagnostic) {
      case (true, let diagnostic?): return .failed("it is refused, and was to be accepted", diagnostic)
      case (false, nil): return .failed("it is accepted, and was to be refused", nil)
      default: break
      }
      let log = answer.log + (answer.diagnostic?.kernelMessage ?? "")
      if needsLog, let difference = ExpectedMessage.firstDifference(of: expectation.messages, in: log) {
        return .failed("\(difference)", answer.diagnostic)
      }
      guard let expected = expectation.result, answer.isAccepted else { return .passed }
      let result = try run(program, of: object)
      // The tests of the kernel compare 32 bits.
      return expected == ProgramExpectation.anyResult || UInt32(truncatingIfNeeded: expected) == result
        ? .passed : .failed("it returned \(Int32(bitPattern: result)), and was to return \(expected)", nil)
    } catch {
      return error.status == .unsupported ? .skipped(error.message) : .failed(error.message, nil)
    }
  }

  /// The packet of tests, as long as theirs.
  private static let packet = [UInt8](repeating: 0, count: 64)

  private func run(_ program: Program, of object: ObjectFile) throws(CommandFailure) -> UInt32 {
    switch verifier.engine {
    case .linux:
      do throws(BPFError) {
        let loaded = try LinuxKernel().load(object, programs: [program.name])
        let takesPacket = program.kind.type != .systemCall && program.kind.type != .rawTracepoint
        return try loaded.program(program.name).testRun(data: takesPacket ? Self.packet : []).result
      } catch {
        throw CommandFailure(error.command == "BPF_PROG_TEST_RUN" ? .unsupported : .load, "\(error)")
      }
    case .simulated: return try runSimulated(program, of: object)
    }
  }

  private func runSimulated(_ program: Program, of object: ObjectFile) throws(CommandFailure) -> UInt32 {
    var scenario = Scenario()
    scenario.packet = Self.packet
    let run: ScenarioRun
    do throws(ScenarioError) { run = try scenario.run(program.name, of: object) } catch {
      throw CommandFailure(.unsupported, "\(error)")
    }
    if let fault = run.machine.faults.first { throw CommandFailure(.failed, "\(fault)") }
    if let packet = run.packetResult { return packet.verdict }
    for case .programRan(program.name, let result, _) in run.machine.timeline.map(\.kind).reversed() {
      return UInt32(truncatingIfNeeded: result)
    }
    throw CommandFailure(.unsupported, "nothing made it run")
  }
}

extension Engine {
  /// The processors that the kernel runs on, as annotations name them.
  fileprivate var architecture: String {
    #if arch(arm64)
      self == .linux ? "ARM64" : "X86_64"
    #else
      "X86_64"
    #endif
  }
}
