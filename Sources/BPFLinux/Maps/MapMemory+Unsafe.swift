// Unsafe: reads and writes memory that programs in the kernel use at the same time. Every access is checked against the
// length of the mapping, which is at least `byteCount`. Integers of up to eight bytes at a multiple of their size are
// read and written in one piece.

import BPFObject
import SystemPackage

/// The memory of an array (`BPF_F_MMAPABLE`), shared with the programs that use it, without a system call for an access.
///
/// What programs write meanwhile is seen in part or not at all, unless it is one integer at a multiple of its size.
public final class MapMemory: Sendable {
  /// The number of bytes that can be used.
  public let byteCount: Int
  /// Whether the process may write.
  public let isWritable: Bool
  private let subject: String
  private let memory: MappedMemory

  /// Maps the values of an array.
  init(_ map: LinuxMap, writable: Bool) throws(BPFError) {
    subject = "map '\(map.name)'"
    isWritable = writable
    guard map.type == .array || map.type == .arena else {
      throw .refusal(subject, "only arrays can be mapped", advice: "its type is \(map.type)")
    }
    byteCount = (map.valueSize + 7) / 8 * 8 * Int(map.maxEntries)
    let page = RunningKernel.pageSize
    guard byteCount > 0 else { throw .refusal(subject, "it has no memory") }
    do throws(Errno) {
      memory = try MappedMemory(
        map.descriptor, byteCount: (byteCount + page - 1) / page * page,
        protection: writable ? .readAndWrite : .read, map.systemCalls)
    } catch {
      let advice =
        switch error {
        case BPFError.notSupported: "its values have special fields, which the kernel does not share"
        case .invalidArgument: "it has to be made with BPF_F_MMAPABLE"
        case .notPermitted where writable: "it is frozen: only reading is left"
        case .permissionDenied where writable: "it is read-only (BPF_F_RDONLY_PROG or BPF_F_RDONLY)"
        default: ""
        }
      throw BPFError(subject, .systemCall("mmap", error), advice: advice)
    }
  }

  private func check(_ offset: Int, _ count: Int) throws(BPFError) {
    guard offset >= 0, count >= 0, offset <= byteCount, count <= byteCount - offset else {
      throw .refusal(subject, "bytes \(offset)..<\(offset &+ count) are beyond its \(byteCount) bytes")
    }
  }

  /// Copies bytes.
  public func bytes(at offset: Int, count: Int) throws(BPFError) -> [UInt8] {
    try check(offset, count)
    let start = memory.start + offset
    switch count {
    case 2 where offset % 2 == 0: return withUnsafeBytes(of: start.load(as: UInt16.self)) { Array($0) }
    case 4 where offset % 4 == 0: return withUnsafeBytes(of: start.load(as: UInt32.self)) { Array($0) }
    case 8 where offset % 8 == 0: return withUnsafeBytes(of: start.load(as: UInt64.self)) { Array($0) }
    default: return Array(UnsafeRawBufferPointer(start: start, count: count))
    }
  }

  /// Writes bytes.
  public func store(_ bytes: [UInt8], at offset: Int) throws(BPFError) {
    try check(offset, bytes.count)
    guard isWritable else { throw .refusal(subject, "it is mapped for reading only") }
    bytes.withUnsafeBytes { write($0, offset) }
  }

  /// Reads a value.
  public func load<Value: BitwiseCopyable>(at offset: Int, as type: Value.Type) throws(BPFError) -> Value {
    try check(offset, MemoryLayout<Value>.size)
    return (memory.start + offset).loadUnaligned(as: Value.self)
  }

  /// Writes a value.
  public func store<Value: BitwiseCopyable>(_ value: Value, at offset: Int) throws(BPFError) {
    try check(offset, MemoryLayout<Value>.size)
    guard isWritable else { throw .refusal(subject, "it is mapped for reading only") }
    withUnsafeBytes(of: value) { write($0, offset) }
  }

  private func write(_ source: UnsafeRawBufferPointer, _ offset: Int) {
    let start = memory.start + offset
    switch source.count {
    case 1: start.storeBytes(of: source.loadUnaligned(as: UInt8.self), as: UInt8.self)
    case 2 where offset % 2 == 0: start.storeBytes(of: source.loadUnaligned(as: UInt16.self), as: UInt16.self)
    case 4 where offset % 4 == 0: start.storeBytes(of: source.loadUnaligned(as: UInt32.self), as: UInt32.self)
    case 8 where offset % 8 == 0: start.storeBytes(of: source.loadUnaligned(as: UInt64.self), as: UInt64.self)
    default: UnsafeMutableRawBufferPointer(start: start, count: source.count).copyMemory(from: source)
    }
  }
}
