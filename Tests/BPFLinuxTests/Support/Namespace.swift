import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// A network namespace of a test's own, in which there is a loopback interface and nothing else. It goes with the object
/// and with what a test has left in it.
final class OwnNetwork: Sendable {
  private let namespace: Int32

  init() async throws {
    namespace = try await onThread {
      // CLONE_NEWNET; the thread goes, the file stays.
      guard Self.call("unshare", 0x4000_0000) == 0 else { throw UnexpectedErrno(what: "unshare", errno: errno) }
      let file = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)
      guard file >= 0 else { throw UnexpectedErrno(what: "open of a namespace", errno: errno) }
      return file
    }
  }

  deinit { close(namespace) }

  /// Runs a body on a thread that is in the namespace.
  func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    let namespace = namespace
    return try await onThread {
      guard Self.call("setns", namespace, 0x4000_0000) == 0 else { throw UnexpectedErrno(what: "setns", errno: errno) }
      return try body()
    }
  }

  /// Calls a function that the C library's module hides from Swift.
  private static func call(_ name: String, _ first: Int32, _ second: Int32 = 0) -> Int32 {
    guard let symbol = dlsym(nil, name) else { return -1 }
    return unsafeBitCast(symbol, to: (@convention(c) (Int32, Int32) -> Int32).self)(first, second)
  }

  /// Whether a namespace can be made.
  static let isAvailable: Bool = {
    // On a thread that goes again, so that nothing moves.
    let done = DispatchSemaphore(value: 0)
    nonisolated(unsafe) var result: Int32 = -1
    Thread.detachNewThread {
      result = call("unshare", 0x4000_0000)
      done.signal()
    }
    done.wait()
    return result == 0
  }()

  /// Puts the loopback interface into operation.
  static func raiseLoopback() throws {
    let socket = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
    defer { close(socket) }
    // `struct ifreq`: 16 bytes of a name, then the flags, of which 1 is IFF_UP.
    var request = [UInt8](repeating: 0, count: 40)
    request.replaceSubrange(0..<2, with: Array("lo".utf8))
    request[16] = 1
    let result = request.withUnsafeMutableBytes {
      ioctl(socket, 0x8914, $0.baseAddress ?? UnsafeMutableRawPointer(bitPattern: 1)!)
    }
    guard result == 0 else { throw UnexpectedErrno(what: "SIOCSIFFLAGS", errno: Glibc.errno) }
  }

  /// Sends one packet over the loopback interface, to a port where nobody listens.
  static func sendPacket() {
    let socket = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
    defer { close(socket) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(9).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = sendto(socket, "x", 1, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }
}
