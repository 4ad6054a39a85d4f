import ArgumentParser
import Foundation
import MeropsCommand
import Testing

@Suite struct ConformanceCommandTests {
  /// r0 = the byte at r1 + 1.
  private static let secondByte = "71 10 01 00 00 00 00 00 95 00 00 00 00 00 00 00"

  @Test("the program comes on standard input as the runner writes it, and r0 goes out in hexadecimal")
  func protocolOfTheRunner() async throws {
    let spaced = Self.secondByte.replacing(" ", with: "  ") + "  "
    let outcome = try await CommandProcess.run("conformance", "de  ad  be  ef  ", input: spaced)
    #expect(outcome.status == 0, "\(outcome.transcript)")
    #expect(outcome.output == "ad\n")
    #expect(outcome.error == "")
  }

  @Test("the program comes as an option, and memory may be left out")
  func option() async throws {
    var command = try ConformanceCommand.parse(["--program", "bf 20 0000 00000000 9500000000000000"])
    #expect(try command.result(of: { "" }) == 0)
    command = try ConformanceCommand.parse(["01 02 03", "--program", "bf 20 0000 00000000 9500000000000000"])
    #expect(try command.result(of: { "" }) == 3)
    command = try ConformanceCommand.parse(["", "--program", "bf 10 0000 00000000 9500000000000000"])
    #expect(try command.result(of: { "" }) == 0)
  }

  @Test("a program that is refused or stopped is an error that names the instruction, with nothing on the output")
  func failures() async throws {
    let stopped = try await CommandProcess.run("conformance", input: Self.secondByte)
    #expect(stopped.status == 1)
    #expect(stopped.output == "")
    #expect(stopped.error.hasPrefix("merops: error: instruction 0: invalid read of 1 byte at 0x1"))

    let refused = try await CommandProcess.run("conformance", "--program", "05 00 05 00 00 00 00 00")
    #expect(refused.status == 1)
    #expect(refused.error == "merops: error: instruction 0: jump out of range to instruction 6\n")

    let partial = try await CommandProcess.run("conformance", "--program", "95 00 00")
    #expect(partial.status == 1)
    #expect(partial.error.contains("3 bytes are left over; a slot has 8"), "\(partial.error)")
  }

  @Test("what is no byte code at all is a wrong use of the command, with the place of the mistake")
  func wrongUse() throws {
    let rows: [(arguments: [String], input: String, message: String)] = [
      ([], "", "there is no program: give it with '--program' or on standard input"),
      (["--program", "95 0g"], "", "the program has 'g' at character 5, which is no hexadecimal digit"),
      (["--program", "95 0"], "", "the program has an odd number of hexadecimal digits: write two for each byte"),
      ([], "0x95", "the program on standard input has 'x' at character 2, which is no hexadecimal digit"),
      (["٣٣", "--program", "95"], "", "the memory has '٣' at character 1, which is no hexadecimal digit"),
    ]
    for row in rows {
      let command = try ConformanceCommand.parse(row.arguments)
      #expect(throws: CommandFailure(.usage, row.message), "\(row.arguments)") { try command.result(of: { row.input }) }
    }
  }

  @Test("the JIT compiler is refused as not being there yet, with an exit status of its own")
  func notThereYet() async throws {
    let outcome = try await CommandProcess.run("conformance", "--jit", "--program", Self.secondByte)
    #expect(outcome.status == CommandStatus.unsupported.rawValue, "\(outcome.transcript)")
    #expect(outcome.output == "")
    #expect(outcome.error.contains("there is no JIT compiler yet"))
  }

  @Test(
    "the code in an ELF file runs, and code that a loader would have to complete does not",
    .enabled(if: Fixture.hasCompiler))
  func executableFile() async throws {
    func run(_ text: String, _ memory: String) async throws -> CommandProcess.Outcome {
      try await Fixture.withFolder { folder in
        let object = try await folder.compile(text, as: "code")
        let bytes = try Data(contentsOf: URL(filePath: object))
        let words = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: "  ")
        return try await CommandProcess.run("conformance", memory, "--elf", input: words)
      }
    }
    let sum = try await run(
      """
      unsigned long sum(unsigned char *memory, unsigned long length) {
        unsigned long total = 0;
        for (unsigned long i = 0; i < length; i++) total += memory[i];
        return total;
      }
      """, "01 02 03 ff")
    #expect(sum.status == 0, "\(sum.transcript)")
    #expect(sum.output == "105\n")

    let incomplete = try await run("int x; int get(void) { return x; }", "")
    #expect(incomplete.status == CommandStatus.input.rawValue)
    #expect(incomplete.error.contains("the code refers to what a loader has to fill in"), "\(incomplete.error)")

    let none = try await CommandProcess.run("conformance", "--elf", "--program", "7f 45 4c 46 00")
    #expect(none.status == CommandStatus.input.rawValue)
    #expect(none.error.hasPrefix("merops: error: cannot use the program: "), "\(none.error)")
  }
}
