/// What an access to program memory is for.
public enum MemoryAccess: Hashable, Sendable {
  /// The bytes are read.
  case read
  /// The bytes are written, or read and written.
  case write
}

extension AddressSpace {
  /// The bytes at an address, `nil` when one of them may not be read or the count is negative.
  public func read(_ address: ProgramAddress, byteCount: Int) -> [UInt8]? {
    guard let host = translate(address, byteCount: byteCount, for: .read) else { return nil }
    return [UInt8](UnsafeRawBufferPointer(start: host, count: byteCount))
  }

  /// Writes bytes at an address; returns whether it was possible. Either all bytes are written or none.
  public func write(_ bytes: [UInt8], at address: ProgramAddress) -> Bool {
    bytes.withUnsafeBytes { write($0, at: address) }
  }

  /// Fills bytes at an address with one value; returns whether it was possible.
  public func fill(_ address: ProgramAddress, byteCount: Int, with byte: UInt8) -> Bool {
    guard let host = translate(address, byteCount: byteCount, for: .write) else { return false }
    UnsafeMutableRawBufferPointer(start: host, count: byteCount).initializeMemory(as: UInt8.self, repeating: byte)
    return true
  }

  /// The integer at an address in the host's byte order, `nil` when it may not be read. It need not be aligned.
  public func load<Value: FixedWidthInteger & BitwiseCopyable>(_ address: ProgramAddress, as type: Value.Type) -> Value?
  {
    translate(address, byteCount: MemoryLayout<Value>.size, for: .read)?.loadUnaligned(as: type)
  }

  /// Stores an integer at an address in the host's byte order; returns whether it was possible.
  public func store<Value: FixedWidthInteger & BitwiseCopyable>(_ value: Value, at address: ProgramAddress) -> Bool {
    guard let host = translate(address, byteCount: MemoryLayout<Value>.size, for: .write) else { return false }
    host.storeBytes(of: value, as: Value.self)
    return true
  }

  /// The bytes of a C string without its terminator.
  ///
  /// - Parameters:
  ///   - address: The first byte.
  ///   - limit: The greatest number of bytes looked at, the terminator included.
  /// - Returns: `nil` when memory ends before a terminator is found and before the limit is reached. A string that
  ///   reaches the limit is cut off there.
  public func readCString(_ address: ProgramAddress, limit: Int) -> [UInt8]? {
    var bytes: [UInt8] = []
    while bytes.count < limit {
      guard let byte = load(address &+ UInt64(bytes.count), as: UInt8.self) else { return nil }
      if byte == 0 { break }
      bytes.append(byte)
    }
    return bytes
  }
}
