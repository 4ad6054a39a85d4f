import Foundation
import Merops

/// Prints a table of programs verified by the running kernel and by Merops, in one run: the kernel's time is what it reports
/// itself, that of Merops the thread's own, each the least of some runs one after another. The targets are 1 over all, and
/// no program below a half. Needs Linux 6.18 and the right to load programs; the kernel is asked for nothing but its verdict.
///
/// `MEROPS_OBJECTS` names a folder of compiled objects, whose programs are measured as well. Merops is given an object that
/// was just opened in each run, so that all that it reads from the object's types is in the time.
func verifierTable(runs: Int) throws {
  guard case .yes = LinuxKernel().has(.mapCreation), case .yes = LinuxKernel().has(.taskWork) else {
    print("verifier: not measured, needs Linux 6.18 and the right to load programs")
    return
  }
  print(
    "verifier, milliseconds".padded(to: 62), "instructions", "    kernel", "    Merops", "times as fast", "states, MB")
  var table = VerifierTable(types: try LinuxKernel().types(), runs: runs)
  for workload in VerifierWorkload.all { try table.add(workload.name) { try workload.object() } }
  if let folder = ProcessInfo.processInfo.environment["MEROPS_OBJECTS"] {
    for file in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() where file.hasSuffix(".o") {
      let bytes = [UInt8](try Data(contentsOf: URL(filePath: folder).appending(path: file)))
      guard let object = try? ObjectFile(parsing: bytes) else { continue }
      for name in object.programs.keys {
        try? table.add("\(file) \(name)", program: name) { try ObjectFile(parsing: bytes) }
      }
    }
  }
  table.printSummary()
}

private struct VerifierTable {
  let types: BTF
  let runs: Int
  private var kernelSeconds = 0.0
  private var ownSeconds = 0.0
  private var peakBytes = 0
  private var slowest: (name: String, ratio: Double)?
  private var count = 0
  private var slower = 0
  private var aboveTwice = 0

  init(types: BTF, runs: Int) {
    self.types = types
    self.runs = runs
  }

  /// Measures one program and prints its row.
  mutating func add(_ name: String, program: String = "p", _ object: () throws -> ObjectFile) throws {
    let session = try LinuxVerification(try object())
    var kernel = Double.infinity
    var counted: Int?
    var rounds = 0
    var spent = 0.0
    while rounds < max(runs, 1), rounds == 0 || spent < 3 {
      let log = try session.verdict(of: program, logLevel: 4, logSize: 1 << 14).log
      guard let match = log.firstMatch(of: /verification time (\d+) usec/), let microseconds = Double(match.1) else {
        throw BenchmarkFailure(description: "the kernel's log has no time: \(log)")
      }
      counted = log.firstMatch(of: /processed (\d+) insns/).flatMap { Int($0.1) }
      kernel = min(kernel, max(microseconds, 1) / 1e6)
      spent += microseconds / 1e6
      rounds += 1
    }
    // Each opened anew, so that nothing of it is known; before the first is verified, since that is what is measured.
    let objects = try (0..<rounds).map { _ in try LinuxVerification(try object()).prepared }
    var own = Double.infinity
    var statistics = VerificationStatistics()
    for fresh in objects {
      guard let code = fresh.programs[program] else { throw BenchmarkFailure(description: "no program \(program)") }
      let start = ThreadClock.now
      let verdict = Verifier().verify(code, of: fresh, kernelTypes: types)
      own = min(own, Double(ThreadClock.now - start) / 1e9)
      statistics = verdict.statistics
    }
    let (processed, peak) = (statistics.processedInstructions, statistics.peakStateBytes)
    if let counted, counted != processed { print("  \(name): \(counted) instructions there, \(processed) here") }
    count += 1
    kernelSeconds += kernel
    ownSeconds += own
    peakBytes = max(peakBytes, peak)
    if own > kernel { slower += 1 }
    if own > 2 * kernel { aboveTwice += 1 }
    if kernel / own < slowest?.ratio ?? .infinity { slowest = (name, kernel / own) }
    print(
      name.padded(to: 62), "\(processed)".padded(to: -12), (kernel * 1e3).text(width: 10), (own * 1e3).text(width: 10),
      (kernel / own).text(width: 13), (Double(peak) / 1e6).text(width: 10))
    // Some take seconds: whoever watches a file wants to see the row now.
    fflush(nil)
  }

  func printSummary() {
    print(
      "all \(count)".padded(to: 62), "".padded(to: -12), (kernelSeconds * 1e3).text(width: 10),
      (ownSeconds * 1e3).text(width: 10), (kernelSeconds / ownSeconds).text(width: 13),
      (Double(peakBytes) / 1e6).text(width: 10))
    print("above the kernel's time: \(slower), above twice the kernel's time: \(aboveTwice)")
    if let slowest {
      print("the slowest against the kernel: \(slowest.name), \(slowest.ratio.text(width: 0)) times as fast")
    }
  }
}

extension String {
  /// With spaces behind it, or before it where the width is negative.
  fileprivate func padded(to width: Int) -> String {
    let padding = String(repeating: " ", count: max(0, abs(width) - count))
    return width < 0 ? padding + self : self + padding
  }
}

extension Double {
  /// Three places behind the point, right-aligned.
  fileprivate func text(width: Int) -> String { String(format: "%.3f", self).padded(to: -width) }
}

private struct BenchmarkFailure: Error, CustomStringConvertible { var description: String }

/// A program that a verifier has much to do with: its code, in which r6 is a value of 256 bytes.
private struct VerifierWorkload: Sendable {
  var name: String
  var section = "tc"
  var code: String

  /// A look-up of the only value of a map; the map's address is the fourth instruction.
  private static let lookup = """
    *(u64 *)(r10 - 8) = 0
    r2 = r10
    r2 += -8
    r1 = 0 ll
    call bpf_map_lookup_elem
    if r0 != 0 goto +2
    r0 = 0
    exit
    r6 = r0

    """

  func object() throws -> ObjectFile {
    var slots = try Assembler.assemble(Self.lookup + code + "\nr0 = 0\nexit\n" + functions)
    slots[3].source = 1
    var references: [Int: Program.Reference] = [3: .map("values")]
    for index in slots.indices where slots[index].opcode == 0x85 && slots[index].source == 2 {
      let names = ["bpf_iter_num_new", "bpf_iter_num_next", "bpf_iter_num_destroy"]
      references[index] = .kernelFunction(names[Int(slots[index].immediate) % names.count], isWeak: false)
      slots[index].immediate = 0
    }
    var object = ObjectFile()
    object.license = "GPL"
    object.maps["values"] = MapDefinition(name: "values", type: .array, keySize: 4, valueSize: 256, maxEntries: 1)
    var program = Program(
      name: "p", section: section, kind: try ProgramKind(section: section), instructions: slots)
    program.references = references
    object.programs["p"] = program
    return object
  }

  /// What follows the program itself.
  var functions = ""

  static let all: [VerifierWorkload] = [
    VerifierWorkload(
      name: "a counted loop of 100,000 rounds",
      code: """
        r7 = 0
        loop:
        r7 += 1
        r8 = r7
        r8 &= 7
        if r7 < 100000 goto loop
        """),
    VerifierWorkload(
      name: "nested loops with a sum on the stack",
      code: """
        r7 = 0
        call bpf_get_prandom_u32
        r8 = r0
        outer:
        r9 = 0
        inner:
        *(u64 *)(r10 - 16) = r8
        r8 = *(u64 *)(r10 - 16)
        r8 ^= r9
        r9 += 1
        if r9 < 50 goto inner
        r7 += 1
        if r7 < 1500 goto outer
        """),
    VerifierWorkload(name: "a switch of 64 cases in a loop", code: switchInLoop),
    VerifierWorkload(name: "24,000 instructions in a row that access a map", code: straightAccesses),
    VerifierWorkload(name: "120,000 instructions in a row", code: straightArithmetic),
    VerifierWorkload(name: "branches with a deep stack, up to the limit", code: deepStack),
    VerifierWorkload(
      name: "many states in a loop, up to the limit",
      code: """
        r7 = 0
        r8 = 0
        r9 = 0
        loop:
        call bpf_get_prandom_u32
        if r0 & 1 goto +1
        r8 += 1
        if r0 & 2 goto +1
        r9 += 1
        r8 &= 63
        r9 &= 63
        r1 = r6
        r1 += r8
        r1 += r9
        r2 = *(u8 *)(r1 + 0)
        r7 += 1
        if r7 < 60 goto loop
        """),
    VerifierWorkload(
      name: "a packet with options, up to the limit", section: "xdp",
      code: """
        r8 = 0
        r9 = 0
        loop:
        call bpf_get_prandom_u32
        r2 = r0
        r2 &= 3
        r3 = r0
        r3 &= 31
        if r2 == 1 goto one
        if r2 == 2 goto two
        r3 += 2
        goto add
        one:
        r3 += 3
        goto add
        two:
        r3 += 4
        add:
        r8 += r3
        r8 &= 127
        r1 = r6
        r1 += r8
        r4 = *(u8 *)(r1 + 0)
        r9 += 1
        if r9 < 100 goto loop
        """),
    VerifierWorkload(
      name: "calls of a function in a loop",
      code: """
        r7 = 0
        r8 = 0
        loop:
        r1 = r7
        r2 = r8
        call sub
        r8 = r0
        r7 += 1
        if r7 < 20000 goto loop
        """,
      functions: """
        sub:
        r0 = r1
        r0 += r2
        *(u64 *)(r10 - 8) = r0
        r0 &= 1023
        if r0 > 512 goto +1
        r0 += 1
        r0 = *(u64 *)(r10 - 8)
        r0 &= 255
        exit
        """),
    VerifierWorkload(
      name: "iterators in iterators",
      code: """
        r7 = 0
        r1 = r10
        r1 += -24
        r2 = 0
        r3 = 1000
        call kfunc(0)
        outer:
        r1 = r10
        r1 += -24
        call kfunc(1)
        if r0 == 0 goto done
        r1 = r10
        r1 += -40
        r2 = 0
        r3 = 1000
        call kfunc(0)
        inner:
        r1 = r10
        r1 += -40
        call kfunc(1)
        if r0 == 0 goto next
        r1 = *(u32 *)(r0 + 0)
        r1 &= 127
        r2 = r6
        r2 += r1
        r3 = *(u8 *)(r2 + 0)
        if r3 & 1 goto +1
        r7 += 1
        if r3 & 2 goto +1
        r7 += 3
        goto inner
        next:
        r1 = r10
        r1 += -40
        call kfunc(2)
        goto outer
        done:
        r1 = r10
        r1 += -24
        call kfunc(2)
        """),
  ]

  private static var switchInLoop: String {
    var code = "r7 = 0\nr8 = 0\nloop:\ncall bpf_get_prandom_u32\nr0 &= 63\n"
    for index in 0..<64 { code += "if r0 == \(index) goto case_\(index)\n" }
    code += "goto next\n"
    for index in 0..<64 {
      code += "case_\(index):\nr1 = *(u8 *)(r6 + \(index))\nr8 += r1\n*(u64 *)(r10 - 16) = r8\ngoto next\n"
    }
    return code + "next:\nr7 += 1\nif r7 < 200 goto loop"
  }

  private static var straightAccesses: String {
    (0..<4000).map {
      "call bpf_get_prandom_u32\nr0 &= 31\nr1 = r6\nr1 += r0\nr2 = *(u8 *)(r1 + \($0 % 8))\n*(u8 *)(r6 + \($0 % 40)) = r2\n"
    }.joined()
  }

  private static var straightArithmetic: String {
    (0..<60_000).map { "r\($0 % 5 + 1) = \($0)\nr\($0 % 5 + 1) <<= 3\n" }.joined()
  }

  private static var deepStack: String {
    var code = ""
    for slot in 1...40 { code += "call bpf_get_prandom_u32\n*(u64 *)(r10 - \(slot * 8 + 8)) = r0\n" }
    for index in 0..<2000 {
      code +=
        "r1 = *(u64 *)(r10 - \((index % 40 + 1) * 8 + 8))\nif r1 > \(index) goto +2\nr2 = r6\nr2 += 1\nr3 = 1\n"
    }
    return code
  }
}
