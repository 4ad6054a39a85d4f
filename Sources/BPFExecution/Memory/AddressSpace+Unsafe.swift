// Host pointers to program memory, for engines that copy into and out of it.
//
// Unsafe because a pointer that is returned is only valid until the region is unmapped or resized; its bound is the
// byte count that was asked for, which has been checked against the region.

extension AddressSpace {
  /// The host address of bytes at a program address, `nil` when the access is out of bounds.
  ///
  /// The pointer is valid for the given number of bytes until the region is unmapped or resized. No bytes can be
  /// accessed at any address within a region or at its end.
  public func translate(
    _ address: ProgramAddress, byteCount: Int, for access: MemoryAccess
  ) -> UnsafeMutableRawPointer? {
    guard (0...Self.maximumByteCount).contains(byteCount) else { return nil }
    guard byteCount > 0 || address.regionNumber.map(table.isMapped) ?? (openWindow != nil && address >> 32 == 0) else {
      return nil
    }
    switch access {
    case .read: return table.readable(address, UInt64(byteCount))
    case .write: return table.writable(address, UInt64(byteCount))
    }
  }

  /// Writes bytes at an address; returns whether it was possible. Either all bytes are written or none.
  public func write(_ bytes: UnsafeRawBufferPointer, at address: ProgramAddress) -> Bool {
    guard let host = translate(address, byteCount: bytes.count, for: .write) else { return false }
    UnsafeMutableRawBufferPointer(start: host, count: bytes.count).copyMemory(from: bytes)
    return true
  }
}
