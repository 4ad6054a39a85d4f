import BPFLinux
import BPFObject
import SystemPackage

/// What the running kernel says of a program.
struct KernelAnswer: Sendable {
  var verdict: RecordedVerdict
  /// The number of instructions that it looked at.
  var processed: Int?
  /// The time that it says it took.
  var microseconds: Int?
  /// The lines of the message.
  var lines: [String]
}

/// The running kernel's verifier, asked about programs over maps that are made once.
final class KernelOracle {
  static let isUsable: Bool = {
    let kernel = LinuxKernel()
    guard let version = try? kernel.version(), version >= LinuxVersion(6, 18) else { return false }
    return kernel.has(.mapCreation) == .yes && kernel.has(.taskWork) == .yes && kernel.has(.syscallPrograms) == .yes
  }()

  private let kernel = LinuxKernel()
  private var sessions: [String: LinuxVerification] = [:]

  /// Asks about the program of an object made by ``CorpusAssembler``. Objects for the same section that name the same maps
  /// share them; an array of programs belongs to the type of the first program that uses it.
  func answer(_ object: ObjectFile) throws -> KernelAnswer {
    try Self.answer(asking(about: object))
  }

  /// The log of level 1 about the program of an object made by ``CorpusAssembler``.
  func log(_ object: ObjectFile) throws -> String { try asking(about: object)(1, 1 << 20).log }

  private func asking(about object: ObjectFile) throws -> (_ logLevel: UInt32, _ logSize: Int) throws -> LinuxVerdict {
    guard let program = object.programs["p"] else { throw CorpusFile.Trouble(description: "no program") }
    let key = program.section + ":" + object.maps.keys.sorted().joined(separator: ",")
    let session: LinuxVerification
    if let known = sessions[key] {
      session = known
    } else {
      var shell = object
      shell.programs = [:]
      session = try LinuxVerification(shell, on: kernel)
      sessions[key] = session
    }
    return { level, size in
      try session.verdict(of: program, types: object.types, license: object.license, logLevel: level, logSize: size)
    }
  }

  /// Asks for messages and counts first, which is short, and of a refused program for the trace.
  static func answer(_ ask: (_ logLevel: UInt32, _ logSize: Int) throws -> LinuxVerdict) throws -> KernelAnswer {
    let first = try ask(4, 1 << 14)
    var answer = KernelAnswer(
      verdict: .accepted, processed: number(in: first.log, /processed (\d+) insns/),
      microseconds: number(in: first.log, /verification time (\d+) usec/), lines: messageLines(first.log))
    guard let errno = first.errno else { return answer }
    answer.verdict = RecordedVerdict(
      error: KernelErrorName.of(errno.rawValue), message: answer.lines.joined(separator: " / "))
    guard answer.processed ?? 0 > 0 else { return answer }
    let trace = try ask(1, 1 << 16)
    for match in trace.log.matches(of: /(?m)^(\d+): \([0-9a-f][0-9a-f]\)/) { answer.verdict.instruction = Int(match.1) }
    return answer
  }

  private static func number(in log: String, _ pattern: Regex<(Substring, Substring)>) -> Int? {
    log.firstMatch(of: pattern).flatMap { Int($0.1) }
  }

  /// The lines before the counts. What is said of functions that are taken for granted is no message.
  private static func messageLines(_ log: String) -> [String] {
    var lines: [String] = []
    // Some messages end without a new line.
    for line in log.replacing(/verification time \d+ usec/, with: "\nverification time").split(separator: "\n") {
      if line.hasPrefix("verification time") || line.hasPrefix("processed ") { break }
      // The source line of an instruction.
      if line.hasPrefix(";") { continue }
      lines.append(String(line.drop { $0 == " " }).replacing(" | ", with: " "))
    }
    return lines
  }
}

/// The names of the error numbers that loading a program may end in.
enum KernelErrorName {
  static func of(_ number: Int32) -> String { names[number] ?? "E\(number)" }

  private static let names: [Int32: String] = [
    1: "EPERM", 2: "ENOENT", 7: "E2BIG", 9: "EBADF", 11: "EAGAIN", 12: "ENOMEM", 13: "EACCES", 14: "EFAULT",
    17: "EEXIST", 22: "EINVAL", 28: "ENOSPC", 34: "ERANGE", 75: "EOVERFLOW", 95: "EOPNOTSUPP", 524: "ENOTSUPP",
  ]
}
