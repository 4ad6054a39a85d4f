import BPFInstructions
import BPFObject

#if canImport(Glibc)
  import Glibc
#endif

/// A program in the running Linux, for tests that put the same question to both kernels.
///
/// Only Linux 6.18 on x86-64 with the right to use bpf(2) is asked; elsewhere such tests are skipped by name.
final class KernelProgram {
  private let descriptor: Int32

  static let isAvailable: Bool = {
    guard release.hasPrefix("6.18.") else { return false }
    return (try? KernelProgram(.xdp, [.move(.r0, 2), .exit])) != nil
  }()

  private static let release: String = {
    #if canImport(Glibc) && arch(x86_64)
      var names = utsname()
      guard uname(&names) == 0 else { return "" }
      return withUnsafeBytes(of: &names.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    #else
      return ""
    #endif
  }()

  struct Refusal: Error, CustomStringConvertible {
    var description: String
  }

  /// bpf(2): the result, or the negated error number.
  private static func call(_ command: Int, _ attributes: inout [UInt8]) -> Int {
    #if canImport(Glibc) && arch(x86_64)
      // `syscall` is variadic and so out of Swift's reach but for its address.
      guard let symbol = dlsym(nil, "syscall") else { return -38 }
      typealias Function = @convention(c) (Int, Int, Int, Int) -> Int
      let count = attributes.count
      return attributes.withUnsafeMutableBytes { buffer in
        let result = unsafeBitCast(symbol, to: Function.self)(321, command, Int(bitPattern: buffer.baseAddress), count)
        return result < 0 ? -Int(errno) : result
      }
    #else
      return -38
    #endif
  }

  private static func put(_ value: UInt64, _ count: Int, at offset: Int, in bytes: inout [UInt8]) {
    for index in 0..<count { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
  }

  /// `BPF_PROG_LOAD`; what the verifier said when it refuses.
  convenience init(_ type: ProgramType, _ instructions: [Instruction]) throws {
    do {
      try self.init(type, instructions, isLogged: false)
    } catch {
      try self.init(type, instructions, isLogged: true)
    }
  }

  private init(_ type: ProgramType, _ instructions: [Instruction], isLogged: Bool) throws {
    let code = instructions.encoded(byteOrder: .little)
    let license: [UInt8] = Array("GPL".utf8) + [0]
    // The log costs time, and is only of use when the program is refused.
    var log = [UInt8](repeating: 0, count: isLogged ? 65536 : 0)
    var attributes = [UInt8](repeating: 0, count: 144)
    let result = code.withUnsafeBytes { code in
      license.withUnsafeBytes { license in
        log.withUnsafeMutableBytes { log in
          Self.put(UInt64(type.rawValue), 4, at: 0, in: &attributes)
          Self.put(UInt64(instructions.count), 4, at: 4, in: &attributes)
          Self.put(UInt64(UInt(bitPattern: code.baseAddress)), 8, at: 8, in: &attributes)
          Self.put(UInt64(UInt(bitPattern: license.baseAddress)), 8, at: 16, in: &attributes)
          if isLogged {
            Self.put(1, 4, at: 24, in: &attributes)
            Self.put(UInt64(log.count), 4, at: 28, in: &attributes)
            Self.put(UInt64(UInt(bitPattern: log.baseAddress)), 8, at: 32, in: &attributes)
          }
          return Self.call(5, &attributes)
        }
      }
    }
    guard result >= 0 else {
      throw Refusal(description: "\(result): \(String(decoding: log.prefix { $0 != 0 }, as: UTF8.self))")
    }
    descriptor = Int32(result)
  }

  deinit {
    #if canImport(Glibc)
      close(descriptor)
    #endif
  }

  /// `BPF_PROG_TEST_RUN` on a packet: the verdict, the metadata with the packet, and the context; `nil` when the kernel
  /// does not take the packet.
  func run(_ packet: [UInt8], context: [UInt8] = []) -> (verdict: UInt32, packet: [UInt8], context: [UInt8])? {
    var input = packet
    var inputContext = context
    var output = [UInt8](repeating: 0, count: 16384)
    var outputContext = [UInt8](repeating: 0, count: context.count)
    var attributes = [UInt8](repeating: 0, count: 80)
    let result = input.withUnsafeMutableBytes { input in
      output.withUnsafeMutableBytes { output in
        inputContext.withUnsafeMutableBytes { inputContext in
          outputContext.withUnsafeMutableBytes { outputContext in
            Self.put(UInt64(UInt32(bitPattern: descriptor)), 4, at: 0, in: &attributes)
            Self.put(UInt64(input.count), 4, at: 8, in: &attributes)
            Self.put(UInt64(output.count), 4, at: 12, in: &attributes)
            Self.put(UInt64(UInt(bitPattern: input.baseAddress)), 8, at: 16, in: &attributes)
            Self.put(UInt64(UInt(bitPattern: output.baseAddress)), 8, at: 24, in: &attributes)
            if !context.isEmpty {
              Self.put(UInt64(context.count), 4, at: 40, in: &attributes)
              Self.put(UInt64(context.count), 4, at: 44, in: &attributes)
              Self.put(UInt64(UInt(bitPattern: inputContext.baseAddress)), 8, at: 48, in: &attributes)
              Self.put(UInt64(UInt(bitPattern: outputContext.baseAddress)), 8, at: 56, in: &attributes)
            }
            return Self.call(10, &attributes)
          }
        }
      }
    }
    guard result >= 0 else { return nil }
    func word(_ offset: Int) -> UInt32 {
      attributes[offset..<offset + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }
    return (word(4), Array(output.prefix(Int(word(12)))), outputContext)
  }
}
