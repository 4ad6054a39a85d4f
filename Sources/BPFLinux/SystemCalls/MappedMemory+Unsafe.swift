// Unsafe: memory that the kernel shares with the process, from mmap(2). It is `byteCount` bytes long and stays mapped as
// long as the object lives; `deinit` gives it back. Who reads or writes it does so in a file that is named for it, after
// checking offsets against `byteCount`.

import SystemPackage

/// Memory of a map, a perf event or a file that the kernel shares with the process.
final class MappedMemory: @unchecked Sendable {
  /// What the process may do with it.
  enum Protection: Int {
    /// `PROT_READ`.
    case read = 1
    /// `PROT_READ | PROT_WRITE`.
    case readAndWrite = 3
  }

  /// The length in bytes.
  let byteCount: Int
  /// The first byte.
  let start: UnsafeMutableRawPointer
  private let systemCalls: any SystemCalls

  /// Maps part of what a descriptor stands for, which may be closed afterwards.
  ///
  /// - Throws: the error number.
  init(
    _ descriptor: Descriptor, byteCount: Int, offset: Int = 0, protection: Protection, _ systemCalls: any SystemCalls
  ) throws(Errno) {
    let result = systemCalls.perform(
      .mapMemory, byteCount, protection.rawValue, Int(descriptor.rawValue), offset, 0)
    withExtendedLifetime(descriptor) {}
    guard result >= 0 else { throw Errno(rawValue: Int32(truncatingIfNeeded: -result)) }
    guard let start = UnsafeMutableRawPointer(bitPattern: result) else { throw .badAddress }
    self.start = start
    self.byteCount = byteCount
    self.systemCalls = systemCalls
  }

  /// Maps a file from its beginning, for reading only.
  ///
  /// - Throws: the error number.
  init(file: Descriptor, byteCount: Int, _ systemCalls: any SystemCalls) throws(Errno) {
    let result = systemCalls.perform(.mapFile, byteCount, Int(file.rawValue))
    withExtendedLifetime(file) {}
    guard result >= 0 else { throw Errno(rawValue: Int32(truncatingIfNeeded: -result)) }
    guard let start = UnsafeMutableRawPointer(bitPattern: result) else { throw .badAddress }
    self.start = start
    self.byteCount = byteCount
    self.systemCalls = systemCalls
  }

  /// The bytes, for who keeps the object.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: byteCount) }

  deinit { _ = systemCalls.perform(.unmapMemory, Int(bitPattern: start), byteCount) }
}
