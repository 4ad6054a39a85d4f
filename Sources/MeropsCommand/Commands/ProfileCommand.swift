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
        merops profile -p 4242 --duration 10s --hz 199
        merops profile -a --duration 5s --folded all.txt
      """)

  @OptionGroup(title: "What is sampled")
  package var target: ProfileTargetOptions

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
  }

  package func run() async throws {
    Interruption.isAwaited()
    let process: TargetProcess?
    do throws(BPFError) {
      process = command.isEmpty ? nil : try TargetProcess.start(command)
    } catch { throw CommandFailure(.input, "\(error)") }
    let recording: Recording
    let session: ProfilingSession
    do throws(ProfilingError) {
      var options = target.options(command: process?.identifier)
      if copyStacks != nil {
        options.copiesMemory = true
        options.bufferByteCount = 256 << 20
      }
      session = try ProfilingSession(options)
      try Sampling(session: session, process: process, limit: target.duration).run()
      recording = try session.finish()
    } catch {
      throw CommandFailure(.load, "\(error)")
    }
    if let copyStacks { try OutputFile.write(recording.encodedCopies(), to: copyStacks) }
    if json {
      try Output.standard.write(
        JSONText.document(CaptureSummary(recording, defersStacks: session.defersStacks)))
    } else {
      try Output.standard.write(CaptureText(style: Style(of: .standard)).text(of: recording.report))
    }
  }
}
