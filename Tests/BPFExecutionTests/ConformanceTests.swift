import BPFExecution
import BPFInstructions
import BPFSimulator
import BPFVerifier
import Foundation
import Testing

/// The vectors of the public conformance suite, which are not part of the repository.
///
/// They are looked for in `../shared/conformance/isa` beside the package, or where `MEROPS_CONFORMANCE` says.
private enum ConformanceVectors {
  static let directory: URL = {
    if let path = ProcessInfo.processInfo.environment["MEROPS_CONFORMANCE"] { return URL(filePath: path) }
    var url = URL(filePath: #filePath)
    // Upwards, since a working copy may lie deeper than the package beside which the vectors are.
    for _ in 0..<6 {
      url.deleteLastPathComponent()
      let candidate = url.appending(path: "shared/conformance/isa")
      if FileManager.default.fileExists(atPath: candidate.path) { return candidate }
    }
    return url
  }()

  static let files: [URL] =
    ((try? FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)) ?? [])
    .filter { $0.pathExtension == "data" }
    .sorted { $0.path < $1.path }
}

@Suite struct ConformanceTests {
  @Test(
    "all vectors of the conformance suite give their result or are refused",
    .enabled(if: !ConformanceVectors.files.isEmpty, "no conformance vectors; set MEROPS_CONFORMANCE"))
  func vectors() throws {
    var passed = 0
    for file in ConformanceVectors.files {
      let vector = try Vector(String(contentsOf: file, encoding: .utf8))
      let outcome = Result { try ConformanceRun.run(program: vector.program, memory: vector.memory) }
      switch (outcome, vector.result) {
      case (.success(let value), let expected?) where value == expected && !vector.isRefused: passed += 1
      case (.failure, _) where vector.isRefused: passed += 1
      default: Issue.record("\(file.lastPathComponent): \(outcome), expected \(vector.result ?? 0)")
      }
    }
    #expect(passed == ConformanceVectors.files.count)
    #expect(passed >= 209)
  }

  @Test(
    "all vectors give the same without the checks that the verifier proves needless",
    .enabled(if: !ConformanceVectors.files.isEmpty, "no conformance vectors; set MEROPS_CONFORMANCE"))
  func verified() throws {
    var verified = 0
    for file in ConformanceVectors.files {
      let vector = try Vector(String(contentsOf: file, encoding: .utf8))
      let outcome = Result {
        try ConformanceRun.run(program: vector.program, memory: vector.memory) { instructions in
          let program = Verifier().verify(instructions, memoryByteCount: vector.memory.count).program
          verified += program == nil ? 0 : 1
          return program?.proof ?? []
        }
      }
      switch (outcome, vector.result) {
      case (.success(let value), let expected?) where value == expected && !vector.isRefused: break
      case (.failure, _) where vector.isRefused: break
      default: Issue.record("\(file.lastPathComponent): \(outcome), expected \(vector.result ?? 0)")
      }
    }
    print("conformance: \(verified) of \(ConformanceVectors.files.count) vectors are accepted by the verifier")
    #expect(verified >= 150)
  }

  @Test("the assembler gives the byte code that a vector states as well")
  func raw() throws {
    let text = """
      -- asm
      lddw %r0, 0x1122334455667788
      exit
      -- result
      0x1122334455667788
      """
    let vector = try Vector(text)
    #expect(
      vector.program == [
        0x18, 0, 0, 0, 0x88, 0x77, 0x66, 0x55, 0, 0, 0, 0, 0x44, 0x33, 0x22, 0x11, 0x95, 0, 0, 0, 0, 0, 0, 0,
      ])
  }

  @Test("three nested local calls with frames of 144 bytes each keep their frames apart")
  func nestedCalls() throws {
    // Each function fills 144 bytes with its level, calls the next, and then adds up what is still there.
    func function(level: Int, callee: String?) -> String {
      var lines = stride(from: 8, through: 144, by: 8).map { "stdw [%r10-\($0)], \(level)" }
      lines.append("mov %r6, 0")
      if let callee { lines += ["call local \(callee)", "mov %r6, %r0"] }
      for offset in stride(from: 8, through: 144, by: 8) {
        lines += ["ldxdw %r1, [%r10-\(offset)]", "add %r6, %r1"]
      }
      return (lines + ["mov %r0, %r6", "exit"]).joined(separator: "\n")
    }
    let text = """
      \(function(level: 1, callee: "second"))
      second:
      \(function(level: 100, callee: "third"))
      third:
      \(function(level: 10000, callee: "fourth"))
      fourth:
      \(function(level: 1_000_000, callee: nil))
      """
    let program = bytes(try ConformanceAssembler.assemble(text))
    #expect(try ConformanceRun.run(program: program, memory: []) == 18 * 1_010_101)
  }

  @Test("a function may end in a backward goto")
  func backwardGoto() throws {
    let text = """
      mov %r1, 3
      call local count
      exit
      done:
      exit
      count:
      mov %r0, 0
      again:
      jeq %r1, 0, done
      add %r0, 2
      sub %r1, 1
      ja again
      """
    let program = bytes(try ConformanceAssembler.assemble(text))
    #expect(try ConformanceRun.run(program: program, memory: []) == 6)
  }
}

/// The byte code of slots.
private func bytes(_ instructions: [Instruction]) -> [UInt8] {
  instructions.flatMap { slot -> [UInt8] in
    let low =
      UInt32(slot.opcode) | UInt32(slot.destination) << 8 | UInt32(slot.source) << 12
      | UInt32(UInt16(bitPattern: slot.offset)) << 16
    let value = UInt64(low) | UInt64(UInt32(bitPattern: slot.immediate)) << 32
    return (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}

/// One file of the suite.
private struct Vector {
  var program: [UInt8] = []
  var memory: [UInt8] = []
  var result: UInt64?
  var isRefused = false

  init(_ text: String) throws {
    var sections: [String: [Substring]] = [:]
    var current = ""
    for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
      if line.hasPrefix("-- ") {
        current = line.dropFirst(3).trimmingCharacters(in: .whitespaces)
        sections[current] = []
      } else {
        sections[current, default: []].append(line)
      }
    }
    func words(_ name: String) -> [Substring] {
      (sections[name] ?? []).flatMap { $0.prefix { $0 != "#" }.split { $0 == " " || $0 == "\t" } }
    }
    func number(_ word: Substring) -> UInt64? {
      word.hasPrefix("0x") ? UInt64(word.dropFirst(2), radix: 16) : UInt64(word)
    }
    let raw = words("raw").compactMap(number)
    let assembled = try sections["asm"].map { try bytes(ConformanceAssembler.assemble($0.joined(separator: "\n"))) }
    let stated = raw.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
    if let assembled, !stated.isEmpty, assembled != stated {
      throw ConformanceAssembler.Failure(description: "the assembly does not give the raw byte code")
    }
    program = assembled ?? stated
    memory = words("mem").compactMap { UInt8($0, radix: 16) }
    result = words("result").first.flatMap(number)
    isRefused = sections["error"] != nil
  }
}
