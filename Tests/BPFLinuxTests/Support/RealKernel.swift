import BPFCompiler
import BPFLinux
import BPFObject
import BPFSimulator
import Foundation
import Synchronization
import Testing

/// The kernel that the tests run on, if it is one that they can use.
enum RealKernel {
  static let shared = LinuxKernel()

  /// Why tests are skipped, for the report.
  static let reason: Comment = "needs Linux 6.18 with the right to load programs"

  /// Whether its version and its rights promise what the tests need. Whether it is there is for `isUsable` to find out.
  static let isPromising: Bool = {
    guard let version = try? shared.version(), version >= LinuxVersion(6, 18) else { return false }
    return shared.has(.mapCreation) == .yes
  }()

  static let isUsable: Bool =
    isPromising && shared.has(.taskWork) == .yes && shared.has(.syscallPrograms) == .yes

  /// Whether programs can also be compiled.
  static let canCompile: Bool = isUsable && Fixture.compiler != nil
}

/// Objects for tests, each compiled once.
enum Fixture {
  static let compiler: BPFCompiler? = {
    // Traits ask without waiting, so the search runs on a thread of its own.
    let box = Mutex<BPFCompiler?>(nil)
    let done = DispatchSemaphore(value: 0)
    Task.detached {
      let found = try? await BPFCompiler.find()
      box.withLock { $0 = found }
      done.signal()
    }
    done.wait()
    return box.withLock { $0 }
  }()

  private static let compiled = Mutex<[String: ObjectFile]>([:])

  /// The object of a source, which includes what Merops carries and the simulated kernel's types.
  static func object(_ text: String) async throws -> ObjectFile {
    if let known = compiled.withLock({ $0[text] }) { return known }
    let output = try await #require(compiler).compile(.text(text), headers: SimulatedKernelTypes.headers)
    let object = try ObjectFile(parsing: output.object)
    compiled.withLock { $0[text] = object }
    return object
  }

  /// The object of a file of `Tests/Programs`.
  static func program(_ name: String) async throws -> ObjectFile {
    let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Programs/\(name)")
    return try await object(String(contentsOf: path, encoding: .utf8))
  }
}

extension FixedWidthInteger {
  /// The bytes in little-endian order.
  var bytes: [UInt8] { withUnsafeBytes(of: littleEndian, Array.init) }
}
