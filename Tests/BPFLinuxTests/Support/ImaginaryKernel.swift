import BPFLinux
import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// A kernel that takes whatever it is given: maps, types, programs, events and links are numbers, and nothing of them is
/// in the real one. It keeps the attributes of each bpf(2) call. Files are the real ones, but for those that a test says.
final class ImaginaryKernel: SystemCalls {
  /// One bpf(2) call.
  struct Request {
    var command: Int
    var attributes: [UInt8]
    /// Of a load the instructions, and the first descriptors that they refer to; of an iterator's link its numbers.
    var instructions: [UInt8] = []
    var descriptors: [Int32] = []

    func word(_ offset: Int) -> UInt32 { UInt32(truncatingIfNeeded: attributes.signed(at: offset, byteCount: 4)) }
    func long(_ offset: Int) -> UInt64 { UInt64(bitPattern: attributes.signed(at: offset, byteCount: 8)) }
  }

  private struct State {
    var next = 1 << 20
    var requests: [Request] = []
    var events: [[UInt8]] = []
    /// The words that BPF_OBJ_GET_INFO_BY_FD gives.
    var answers: [Int: [UInt32]] = [:]
    var texts: [Int: (bytes: [UInt8], position: Int)] = [:]
  }

  private let kernel = RunningKernel()
  private let state = Mutex(State())
  private let files: [String: String?]
  private let types: [(name: String, bytes: [UInt8])]

  /// - Parameters:
  ///   - files: the texts of files, `nil` for those that are not there.
  ///   - types: the sets of types of the kernel, with the names of its modules.
  init(files: [String: String?] = [:], types: [(name: String, bytes: [UInt8])] = []) {
    self.files = files
    self.types = types
  }

  /// The bpf(2) calls of a command.
  func requests(_ command: Int) -> [Request] { state.withLock { $0.requests.filter { $0.command == command } } }
  /// The attributes of the perf_event_open(2) calls.
  var events: [[UInt8]] { state.withLock { $0.events } }

  private func makeDescriptor(_ answer: [UInt32] = []) -> Int {
    state.withLock {
      $0.next += 1
      $0.answers[$0.next] = answer
      return $0.next
    }
  }

  private static func bytes(_ address: Int, _ count: Int) -> [UInt8] {
    Array(UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: count))
  }

  func perform(
    _ call: SystemCallName, _ first: Int, _ second: Int, _ third: Int, _ fourth: Int, _ fifth: Int
  ) -> Int {
    switch call {
    case .bpf: return bpf(Request(command: first, attributes: Self.bytes(second, third)), second)
    case .perfEventOpen:
      state.withLock { $0.events.append(Self.bytes(first, 136)) }
      return makeDescriptor()
    case .ioctl: return 0
    case .openFile:
      guard let name = UnsafePointer<CChar>(bitPattern: first), let file = files[String(cString: name)] else { break }
      guard let text = file else { return -2 }
      let descriptor = makeDescriptor()
      state.withLock { $0.texts[descriptor] = (Array(text.utf8), 0) }
      return descriptor
    case .readFile:
      guard let text = state.withLock({ $0.texts[first] }) else { break }
      let piece = text.bytes[text.position...].prefix(third)
      piece.withUnsafeBytes { bytes in
        if let base = bytes.baseAddress {
          UnsafeMutableRawPointer(bitPattern: second)?.copyMemory(from: base, byteCount: bytes.count)
        }
      }
      state.withLock { $0.texts[first]?.position += piece.count }
      return piece.count
    // A text is read: it has no size to be mapped by.
    case .fileSize where state.withLock({ $0.texts[first] != nil }): return 0
    case .close where first > 1 << 20: return 0
    default: break
    }
    return kernel.perform(call, first, second, third, fourth, fifth)
  }

  private func bpf(_ request: Request, _ address: Int) -> Int {
    var request = request
    // A link of an iterator: the numbers of what it goes through.
    if request.command == 28, request.word(8) == 28, request.long(16) != 0 {
      let words = Self.bytes(Int(request.long(16)), Int(request.word(24)))
      request.descriptors = stride(from: 0, to: words.count, by: 4).map {
        Int32(truncatingIfNeeded: words.signed(at: $0, byteCount: 4))
      }
    }
    if request.command == 5 {
      request.instructions = Self.bytes(Int(request.long(8)), Int(request.word(4)) * 8)
      if request.long(120) != 0 {
        let words = Self.bytes(Int(request.long(120)), 8)
        request.descriptors = [0, 4].map { Int32(truncatingIfNeeded: words.signed(at: $0, byteCount: 4)) }
      }
    }
    state.withLock { $0.requests.append(request) }
    switch request.command {
    // A map: its type, number, sizes and flags.
    case 0:
      return makeDescriptor([request.word(0), 1, request.word(4), request.word(8), request.word(12), request.word(16)])
    case 5: return makeDescriptor([request.word(0), 2])
    case 18, 7, 13, 14, 30, 36: return makeDescriptor()
    case 33:
      // The text of an iterator is empty.
      let descriptor = makeDescriptor()
      state.withLock { $0.texts[descriptor] = ([], 0) }
      return descriptor
    case 17, 28: return makeDescriptor([7, 3, 2])
    // The sets of types.
    case 23:
      guard Int(request.word(0)) < types.count else { return -2 }
      UnsafeMutableRawPointer(bitPattern: address)?.storeBytes(
        of: request.word(0) + 1, toByteOffset: 4, as: UInt32.self)
      return 0
    case 19:
      let index = Int(request.word(0)) - 1
      guard types.indices.contains(index) else { return -2 }
      return makeDescriptor([UInt32.max, UInt32(index)])
    case 15: return inform(request)
    default: return 0
    }
  }

  private func inform(_ request: Request) -> Int {
    let words = state.withLock { $0.answers[Int(request.word(0))] } ?? []
    guard let target = UnsafeMutableRawPointer(bitPattern: Int(request.long(8))) else { return -14 }
    if words.first == .max, words.count == 2 {
      // `struct bpf_btf_info`: the bytes and their number, the identifier, the name, whether it is the kernel's.
      let set = types[Int(words[1])]
      if let place = UnsafeMutableRawPointer(bitPattern: target.load(as: Int.self)) {
        place.copyMemory(
          from: set.bytes, byteCount: min(set.bytes.count, Int(target.load(fromByteOffset: 8, as: UInt32.self))))
      }
      if let place = UnsafeMutableRawPointer(bitPattern: target.load(fromByteOffset: 16, as: Int.self)) {
        place.copyMemory(from: Array(set.name.utf8) + [0], byteCount: set.name.utf8.count + 1)
      }
      for (offset, word) in [(8, UInt32(set.bytes.count)), (12, words[1] + 1), (28, 1)] {
        target.storeBytes(of: word, toByteOffset: offset, as: UInt32.self)
      }
      return 0
    }
    for (index, word) in words.enumerated() { target.storeBytes(of: word, toByteOffset: 4 * index, as: UInt32.self) }
    return 0
  }
}
