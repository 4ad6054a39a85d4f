import ArgumentParser
import BPFLinux
import BPFProfiler
import Merops
import ProfileFormats

/// `merops profile`: whole stacks of whatever runs.
package struct ProfileCommand: AsyncParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "profile",
    abstract: "Samples where programs spend their time, with whole stacks and without preparation.",
    discussion: """
      Stacks are unwound in the sampled thread itself, from what its files have in memory: no frame pointers, no debug \
      packages and no reading beforehand are needed. Needs root and Linux 6.18; on older kernels stacks are cut off where \
      memory is not resident.

      EXAMPLES:
        merops profile -- ./server --port 8080
        merops profile -p 4242 --duration 10s --hz 199 --flamegraph server.svg
        merops profile -a --duration 5s -o all.pb.gz --folded all.txt
      """)

  @OptionGroup(title: "What is sampled")
  package var target: ProfileTargetOptions

  @OptionGroup(title: "Files to write")
  package var outputs: ProfileOutputOptions

  @Option(help: ArgumentHelp("How many functions the table has.", valueName: "number"))
  package var limit = 20

  @Flag(help: "Print what was captured and at what cost as one JSON document.")
  package var json = false

  @Option(
    help: ArgumentHelp(
      "Copy registers and stacks as well, for a comparison with another unwinder.", valueName: "file",
      visibility: .hidden))
  package var copyStacks: String?

  @Argument(parsing: .postTerminator, help: "The command to start, after '--'.")
  package var command: [String] = []

  package init() {}

  package mutating func validate() throws {
    let count = [!command.isEmpty, !target.processes.isEmpty, target.thread != nil, target.all].count { $0 }
    guard count == 1 else {
      throw ValidationError(
        count == 0
          ? "nothing to sample: give '-- COMMAND', '-p PROCESS', '-t THREAD' or '-a'"
          : "only one of '-- COMMAND', '-p', '-t' and '-a' can be given")
    }
    guard limit >= 0 else { throw ValidationError("'--limit \(limit)' is negative") }
  }

  package func run() async throws {
    for number in target.processes + (target.thread.map { [$0] } ?? []) where Sampling.isGone(number) {
      throw CommandFailure(.input, "there is no process or thread \(number)")
    }
    let obstacles = outputs.obstacles()
    for obstacle in obstacles { Output.error.report(obstacle) }
    if !obstacles.isEmpty { throw ReportedFailure(status: .input) }
    Interruption.isAwaited()
    let process: TargetProcess?
    do throws(BPFError) {
      process = command.isEmpty ? nil : try TargetProcess.start(command)
    } catch { throw CommandFailure(.input, "\(error)") }
    var recording: Recording
    let session: ProfilingSession
    do throws(ProfilingError) {
      session = try ProfilingSession(options(process))
      try Sampling(session: session, process: process, limit: target.duration).run()
      recording = try session.finish()
    } catch { throw CommandFailure(.load, "\(error)") }
    let clock = ContinuousClock()
    let begin = clock.now
    session.addSymbols(to: &recording)
    recording.profile.metadata.commandLine = command
    let (written, failures) = outputs.write(recording.profile)
    let outputTime = clock.now - begin
    if let copyStacks { try OutputFile.write(recording.encodedCopies(), to: copyStacks) }
    if json {
      var summary = CaptureSummary(recording, defersStacks: session.defersStacks)
      summary.outputMilliseconds = Int(outputTime / .milliseconds(1))
      try Output.standard.write(JSONText.document(summary))
    } else {
      try Output.standard.write(text(of: recording, session, written))
    }
    for failure in failures { Output.error.report(failure) }
    if !failures.isEmpty { throw ReportedFailure(status: .input) }
  }

  private func options(_ process: TargetProcess?) -> ProfilingOptions {
    var options = target.options(command: process?.identifier)
    if copyStacks != nil {
      options.copiesMemory = true
      options.bufferByteCount = 256 << 20
    }
    return options
  }

  private func text(of recording: Recording, _ session: ProfilingSession, _ written: [String]) -> String {
    let style = Style(of: .standard)
    var parts = [HottestFunctionsText(style: style).text(of: recording.profile, limit: limit)]
    var notes = recording.profile.metadata.notes
    if !session.defersStacks {
      notes.append(
        "this is the fallback: user stacks were taken in the interrupt, by frame pointers; what was not in memory is cut "
          + "off, and the functions of processes that ended at once have no names")
    }
    parts.append(
      CaptureText(style: style).text(of: recording.report)
        + notes.map { style.applied(.faint, to: "note: " + $0.printable) + "\n" }.joined())
    if !written.isEmpty { parts.append(written.map { "wrote \($0.printable)\n" }.joined()) }
    return parts.filter { !$0.isEmpty }.joined(separator: "\n")
  }
}
