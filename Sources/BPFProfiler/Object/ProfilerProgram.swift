internal import BPFInstructions
package import BPFObject

/// The BPF program that samples and unwinds. Its source is in `Program/`; the object is carried as text, so that nobody
/// needs a compiler to profile.
package enum ProfilerProgram {
  /// The names of its parts.
  static let sampler = "take_sample"
  static let samplerAtOnce = "take_sample_at_once"
  static let forkFollower = "follow_fork"
  static let endFollower = "forget_thread"
  static let lastWalk = "walk_last_stack"

  /// Puts reads that do not fault in place of those that may in one of the programs.
  ///
  /// The walk is written once, for the callback that may sleep. Where it cannot, in a tracepoint, memory that is not resident
  /// is unreadable; the helper that says so has the same arguments. Waiting for a lock by way of a read falls away.
  static func readWithoutFaults(_ object: inout ObjectFile, in program: String) {
    let notFaulting = HelperFunction(name: "bpf_probe_read_user")
    for (index, instruction) in (object.programs[program]?.instructions ?? []).enumerated()
    where instruction.opcode == Instruction.call(helper: 0).opcode && instruction.source == 0 {
      switch HelperFunction(identifier: instruction.immediate)?.name {
      case "bpf_copy_from_user":
        guard let notFaulting else { break }
        object.programs[program]?.instructions[index] = .call(helper: notFaulting.identifier)
      case "bpf_copy_from_user_task": object.programs[program]?.instructions[index] = .move(.r0, 0)
      default: break
      }
    }
  }

  /// The object.
  package static func object() throws(ProfilingError) -> ObjectFile {
    guard let bytes = bytes(ofBase64: encoded) else { throw .program("its text is damaged") }
    do throws(ObjectError) {
      return try ObjectFile(parsing: bytes)
    } catch { throw .program("\(error)") }
  }

  /// The bytes of a text of 64 letters; `nil` when there is another letter in it.
  package static func bytes(ofBase64 text: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count / 4 * 3)
    var bits: UInt32 = 0
    var count = 0
    for letter in text.utf8 {
      let value: UInt8
      switch letter {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = letter - UInt8(ascii: "A")
      case UInt8(ascii: "a")...UInt8(ascii: "z"): value = letter - UInt8(ascii: "a") + 26
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = letter - UInt8(ascii: "0") + 52
      case UInt8(ascii: "+"): value = 62
      case UInt8(ascii: "/"): value = 63
      case UInt8(ascii: "="), UInt8(ascii: "\n"): continue
      default: return nil
      }
      bits = bits << 6 | UInt32(value)
      count += 6
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
      }
    }
    return bytes
  }

  /// The text of bytes, in lines.
  package static func base64(of bytes: [UInt8]) -> String {
    let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    var column = 0
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let piece = bytes[start..<min(start + 3, bytes.count)]
      let bits = piece.reduce(0) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - piece.count))
      for index in 0...piece.count { text.append(letters[Int(bits >> UInt32(18 - 6 * index) & 63)]) }
      column += 4
      if column >= 116 {
        text.append(UInt8(ascii: "\n"))
        column = 0
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
