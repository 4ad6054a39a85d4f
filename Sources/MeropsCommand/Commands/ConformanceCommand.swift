import ArgumentParser
import ELF
import Merops

/// `merops conformance`: a plugin of the public bpf_conformance suite.
package struct ConformanceCommand: AsyncParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "conformance",
    abstract: "Runs byte code and prints r0: the plugin protocol of bpf_conformance.",
    discussion: """
      The program gets its memory in r1 and the memory's length in r2; without memory both are 0. The result is r0 in \
      hexadecimal. Byte code is a row of little-endian 8-byte instructions.

      EXAMPLES:
        echo "b7 00 00 00 2a 00 00 00 95 00 00 00 00 00 00 00" | merops conformance
        merops conformance "de ad be ef" --program "71 10 02 00 00 00 00 00 95 00 00 00 00 00 00 00"
        bpf_conformance_runner --test_file_directory tests --plugin_path merops-plugin --cpu_version v4

      The runner takes one path as the plugin, so `merops-plugin` is a script with `exec merops conformance "$@"`.
      """)

  @Argument(help: "The memory that the program gets, as hexadecimal bytes.")
  package var memory: String?

  @Option(help: "The byte code as hexadecimal bytes, instead of standard input.")
  package var program: String?

  @Flag(help: "Run the program through the JIT compiler (not there yet: exit status 6).")
  package var jit = false

  @Option(
    help: ArgumentHelp(
      "How it runs: 'checked', each access, or 'verified', without the checks that the verifier proves needless.",
      valueName: "mode"))
  package var execution = Execution.checked

  @Flag(help: "The program is an ELF file, of which the first section of code runs.")
  package var elf = false

  package init() {}

  /// How a program runs.
  package enum Execution: String, ExpressibleByArgument, CaseIterable {
    case checked
    case verified
  }

  package func run() async throws {
    let result = try result(of: { () throws(CommandFailure) in try Self.standardInput() })
    try Output.standard.write(String(result, radix: 16) + "\n")
  }

  /// Runs the program; `input` is asked for its text when no option has it.
  package func result(of input: () throws(CommandFailure) -> String) throws(CommandFailure) -> UInt64 {
    guard !jit else {
      throw CommandFailure(.unsupported, "there is no JIT compiler yet: leave out '--jit' to run in the interpreter")
    }
    let memory = try HexadecimalBytes(parsing: memory ?? "", what: "the memory")
    let code: HexadecimalBytes
    if let program {
      code = try HexadecimalBytes(parsing: program, what: "the program")
    } else {
      code = try HexadecimalBytes(parsing: input(), what: "the program on standard input")
    }
    guard !code.bytes.isEmpty else {
      throw CommandFailure(.usage, "there is no program: give it with '--program' or on standard input")
    }
    let program = elf ? try Self.code(in: code.bytes) : code.bytes
    do {
      return try ConformanceRun.run(program: program, memory: memory.bytes) { instructions in
        guard execution == .verified else { return [] }
        // What the verifier does not accept runs with checks.
        return Verifier().verify(instructions, memoryByteCount: memory.bytes.count).program?.proof ?? []
      }
    } catch {
      throw CommandFailure(.failed, "\(error)")
    }
  }

  /// The byte code in an ELF file, which needs neither symbols nor types for it.
  private static func code(in bytes: [UInt8]) throws(CommandFailure) -> [UInt8] {
    do throws(ObjectError) {
      let file = try ELFFile(parsing: bytes)
      let section = file.sections.first {
        $0.type == .programBits && $0.flags.contains(.execute) && $0.byteCount > 0
      }
      guard let section else { throw ObjectError(.malformed, "there is no section with code in it") }
      if let relocations = file.sections.first(where: { $0.isRelocation(of: section) }) {
        throw ObjectError(
          .unsupported, section: relocations.name, "the code refers to what a loader has to fill in",
          advice: "use 'merops run' for such an object")
      }
      return Array(try file.contents(of: section))
    } catch {
      throw CommandFailure(.input, "cannot use the program: \(error)")
    }
  }

  private static func standardInput() throws(CommandFailure) -> String {
    let bytes = try InputFile(reading: "-").bytes
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw CommandFailure(.usage, "the program on standard input is no text of hexadecimal bytes")
    }
    return text
  }
}

extension ELFSection {
  fileprivate func isRelocation(of section: ELFSection) -> Bool {
    (type == .relocations || type == .relocationsWithAddends) && info == section.index && byteCount > 0
  }
}
