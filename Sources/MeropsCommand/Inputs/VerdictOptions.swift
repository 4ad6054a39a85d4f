import ArgumentParser
import Merops

/// The options of commands that verify.
package struct VerdictOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Who verifies: 'simulated', the verifier of Merops, or 'linux', the kernel here.", valueName: "name"))
  package var engine = Engine.simulated

  @Option(help: ArgumentHelp("The kernel whose rules hold, without '--engine linux'.", valueName: "version"))
  package var kernel = "6.18"

  @Option(
    help: ArgumentHelp(
      "The types of that kernel; without it those of the simulated kernel.", valueName: "file"), completion: .file())
  package var btf: String?

  package init() {}

  func source() throws(CommandFailure) -> VerdictSource {
    let numbers = kernel.split(separator: ".").map { UInt8($0) }
    guard numbers.count >= 2, let major = numbers[0], let minor = numbers[1] else {
      throw CommandFailure(.usage, "'--kernel \(kernel)' is no version; write 6.18")
    }
    guard (major, minor) == (6, 18) else {
      throw CommandFailure(
        .unsupported,
        "'--kernel \(kernel)': the rules of Linux 6.18 are the ones that are known; leave it out, or ask another kernel "
          + "itself, on its machine, with '--engine linux'")
    }
    if engine == .linux, btf != nil {
      throw CommandFailure(.usage, "'--btf' is for the verifier of Merops; the kernel has types of its own")
    }
    return VerdictSource(engine: engine, version: .linux6_18, types: try types())
  }

  private func types() throws(CommandFailure) -> BTF {
    guard let btf else { return SimulatedKernelTypes.shared }
    let file = try InputFile(reading: btf)
    do throws(BTFError) { return try BTF(parsing: file.bytes) } catch {
      throw CommandFailure(
        .input,
        "cannot read the types in '\(btf)': \(error); give a kernel's types, such as a copy of /sys/kernel/btf/vmlinux")
    }
  }
}
