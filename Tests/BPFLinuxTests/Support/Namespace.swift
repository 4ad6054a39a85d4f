import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// A network namespace of a test's own, in which there is a loopback interface and nothing else.
enum OwnNetwork {
  /// Runs a body on a thread that has left the network of the process. The namespace goes with the thread and with what
  /// the body has left in it.
  static func run<Result>(_ body: () throws -> Result) throws -> Result {
    try withoutActuallyEscaping(body) { body in
      let box = Box<Result>(body)
      let done = DispatchSemaphore(value: 0)
      Thread.detachNewThread {
        box.perform()
        done.signal()
      }
      done.wait()
      guard let result = box.result else { throw UnexpectedErrno(what: "unshare", errno: 1) }
      box.body = { throw UnexpectedErrno(what: "a second run", errno: 1) }
      return try result.get()
    }
  }

  /// What crosses over to the thread and back; the semaphore orders both.
  private final class Box<Result>: @unchecked Sendable {
    var body: () throws -> Result
    var result: Swift.Result<Result, any Error>?

    init(_ body: @escaping () throws -> Result) { self.body = body }

    func perform() {
      // CLONE_NEWNET; the C library of Swift's modules hides the call.
      guard let symbol = dlsym(nil, "unshare"),
        unsafeBitCast(symbol, to: (@convention(c) (Int32) -> Int32).self)(0x4000_0000) == 0
      else { return }
      result = Swift.Result { try body() }
    }
  }

  /// Whether a namespace can be made.
  static let isAvailable: Bool = (try? run { true }) ?? false

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

/// A file system of the kernel's that a test has mounted for itself.
enum OwnFileSystem {
  /// Runs a body with the path of a folder that is one, and removes it.
  static func run<Result>(_ kind: String = "bpf", _ body: (String) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appending(path: "merops-\(kind)-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    guard call("mount", "-t", kind, kind, folder.path) else { throw UnexpectedErrno(what: "mount", errno: 1) }
    defer { _ = call("umount", "-l", folder.path) }
    return try body(folder.path)
  }

  /// Whether one can be mounted.
  static let isAvailable: Bool = (try? run { _ in true }) ?? false

  private static func call(_ command: String...) -> Bool {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = command
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }
}
