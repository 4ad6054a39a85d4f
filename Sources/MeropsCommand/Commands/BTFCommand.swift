import ArgumentParser
import Merops

/// `merops btf`: what has to do with types alone.
package struct BTFCommand: AsyncParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "btf",
    abstract: "Works with BTF, the type information of BPF.",
    discussion: """
      EXAMPLES:
        merops btf dump --simulated > vmlinux.h
      """,
    subcommands: [Dump.self])

  package init() {}

  /// `merops btf dump`: types as C.
  package struct Dump: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
      commandName: "dump",
      abstract: "Prints types as C, or as the numbered list that they are.",
      discussion: """
        Without '--type' the output is what programs include as "vmlinux.h": all types, and the prototypes of kernel \
        functions. The kernel's own types are in /sys/kernel/btf/vmlinux, those of the simulated kernel need no file.

        EXAMPLES:
          merops btf dump --simulated > vmlinux.h
          merops btf dump /sys/kernel/btf/vmlinux --type task_struct
          merops btf dump task_work.bpf.o --raw
        """)

    @Argument(help: "BTF, or an object or C source (.c) that has some; '-' is standard input.", completion: .file())
    package var file: String?

    @Flag(help: "The types of the simulated kernel.")
    package var simulated = false

    @Option(
      help: ArgumentHelp(
        "Only types of this name, with what they need; may be given more than once.", valueName: "name"))
    package var type: [String] = []

    @Flag(help: "A numbered list instead of C.")
    package var raw = false

    @OptionGroup(title: "C source")
    package var compiler: CompilerOptions

    package init() {}

    package func validate() throws {
      guard (file == nil) == simulated else {
        throw ValidationError(
          simulated
            ? "'--simulated' takes no file" : "Give a file, or '--simulated' for the types of the simulated kernel")
      }
    }

    package func run() async throws {
      try Output.standard.write(text(of: await types()))
    }

    /// The text that the options ask for.
    package func text(of types: BTF) throws(CommandFailure) -> String {
      var roots: [BTFTypeID] = []
      for name in type {
        let found = types.types(named: name)
        guard !found.isEmpty else {
          throw CommandFailure(.usage, "there is no type '\(name)'; leave out '--type' to see all that there are")
        }
        roots += found
      }
      do throws(BTFError) {
        if raw { return try TypeList(types).text(of: type.isEmpty ? nil : roots) }
        return try CPrinter(types).header(roots: type.isEmpty ? nil : roots)
      } catch {
        throw CommandFailure(.input, "the types are damaged: \(error)")
      }
    }

    private func types() async throws -> BTF {
      guard let name = file else { return SimulatedKernelTypes.shared }
      let source = try ObjectSource(reading: name)
      // The magic number in either byte order, else it is an object.
      if source.bytes.starts(with: [0x9f, 0xeb]) || source.bytes.starts(with: [0xeb, 0x9f]) {
        do throws(BTFError) {
          return try BTF(parsing: source.bytes)
        } catch {
          throw CommandFailure(.input, "cannot read the types in '\(source.name)': \(error)")
        }
      }
      guard let types = try await source.open(compiler).types else {
        throw CommandFailure(.input, "'\(source.name)' has no types: compile it with -g")
      }
      return types
    }
  }
}
