import ArgumentParser
import Merops

/// The options of commands that take C source.
package struct CompilerOptions: ParsableArguments {
  @Option(
    name: [.customLong("include"), .customShort("I")],
    help: ArgumentHelp("A folder with headers for C source; may be given more than once.", valueName: "dir"),
    completion: .directory)
  package var includePaths: [String] = []

  @Option(
    name: [.customLong("define"), .customShort("D")],
    help: ArgumentHelp("A macro for C source, NAME or NAME=VALUE; may be given more than once.", valueName: "macro"))
  package var definitions: [String] = []

  @Option(
    help: "The clang that compiles C source; without it MEROPS_CLANG, the Swift toolchain's, or the first of PATH.",
    completion: .file())
  package var clang: String?

  @Option(name: .customLong("mcpu"), help: "The version of the instruction set that C source is compiled to.")
  package var cpu: BPFCompiler.CPU = .v3

  @Flag(help: "Take <bpf/…> from an installed libbpf instead of the headers that Merops carries.")
  package var systemHeaders = false

  package init() {}

  /// The same for the compiler.
  var options: BPFCompiler.Options {
    BPFCompiler.Options(
      cpu: cpu, includePaths: includePaths, definitions: definitions, prefersInstalledLibbpf: systemHeaders,
      colorsDiagnostics: Output.error.wantsColor)
  }
}

extension BPFCompiler.CPU: ExpressibleByArgument {}
