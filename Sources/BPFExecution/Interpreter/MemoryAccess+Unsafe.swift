// How a record's load or store reaches memory: checked, proven, or within the frame in use.
//
// Unsafe because host memory is touched by address. Each address is bounded: the table of regions has translated it for
// the number of bytes that are accessed, or the verifier has proven that it lies within a region or the frame.

extension RegionTable {
  /// Loads into the record's destination, with the sign of the type; `false` when the program may not read there.
  @inline(__always)
  func load<Value: FixedWidthInteger>(
    _ type: Value.Type, _ registers: UnsafeMutablePointer<UInt64>, _ record: UnsafePointer<Record>
  ) -> Bool {
    let address = registers[record.source] &+ record.displacement
    guard let host = readableAddress(address, UInt64(MemoryLayout<Value>.size)) else { return false }
    registers[record.destination] = value(type, at: host)
    return true
  }

  /// As `load`, where no program may read the result is 0.
  @inline(__always)
  func probe<Value: FixedWidthInteger>(
    _ type: Value.Type, _ registers: UnsafeMutablePointer<UInt64>, _ record: UnsafePointer<Record>
  ) {
    if !load(type, registers, record) { registers[record.destination] = 0 }
  }

  /// As `load`, from memory that was proven to be readable.
  @inline(__always)
  func loadProven<Value: FixedWidthInteger>(
    _ type: Value.Type, _ registers: UnsafeMutablePointer<UInt64>, _ record: UnsafePointer<Record>
  ) {
    registers[record.destination] = value(type, at: provenAddress(registers[record.source] &+ record.displacement))
  }

  /// Stores the low bytes of a number; `false` when the program may not write there.
  @inline(__always)
  func store<Value: FixedWidthInteger>(
    _ type: Value.Type, _ number: UInt64, _ registers: UnsafeMutablePointer<UInt64>, _ record: UnsafePointer<Record>
  ) -> Bool {
    let address = registers[record.destination] &+ record.displacement
    guard let host = writableAddress(address, UInt64(MemoryLayout<Value>.size)) else { return false }
    put(type, number, at: host)
    return true
  }

  /// As `store`, to memory that was proven to be writable.
  @inline(__always)
  func storeProven<Value: FixedWidthInteger>(
    _ type: Value.Type, _ number: UInt64, _ registers: UnsafeMutablePointer<UInt64>, _ record: UnsafePointer<Record>
  ) {
    put(type, number, at: provenAddress(registers[record.destination] &+ record.displacement))
  }
}

/// Loads from the frame that ends at a host address.
@inline(__always)
func loadFrame<Value: FixedWidthInteger>(
  _ type: Value.Type, _ registers: UnsafeMutablePointer<UInt64>, _ record: UnsafePointer<Record>, _ end: UInt
) {
  registers[record.destination] = value(type, at: end &+ record.frameOffset)
}

/// Stores the low bytes of a number in the frame that ends at a host address.
@inline(__always)
func storeFrame<Value: FixedWidthInteger>(
  _ type: Value.Type, _ number: UInt64, _ record: UnsafePointer<Record>, _ end: UInt
) {
  put(type, number, at: end &+ record.frameOffset)
}

/// The number at a host address, extended with the sign of its type.
@inline(__always)
private func value<Value: FixedWidthInteger>(_ type: Value.Type, at host: UInt) -> UInt64 {
  UInt64(truncatingIfNeeded: pointer(host).loadUnaligned(as: type))
}

@inline(__always)
private func put<Value: FixedWidthInteger>(_ type: Value.Type, _ number: UInt64, at host: UInt) {
  pointer(host).storeBytes(of: Value(truncatingIfNeeded: number), as: type)
}

@inline(__always)
private func pointer(_ host: UInt) -> UnsafeMutableRawPointer {
  UnsafeMutableRawPointer(bitPattern: host).unsafelyUnwrapped
}
