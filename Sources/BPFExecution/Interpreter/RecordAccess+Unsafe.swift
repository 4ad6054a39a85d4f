// How the loop reads records and registers.
//
// Unsafe because both are pointers without a length. Register numbers have been checked by decoding and are below 11,
// and so have the targets of jumps, which lie within the program.

extension UnsafePointer<Record> {
  @inline(__always) var destination: Int { Int(pointee.destination) }
  @inline(__always) var source: Int { Int(pointee.source) }
  @inline(__always) var immediate: UInt64 { pointee.immediate }
  /// The low half of the immediate.
  @inline(__always) var low: UInt32 { UInt32(truncatingIfNeeded: pointee.immediate) }
  /// The offset of a memory access, sign-extended.
  @inline(__always) var displacement: UInt64 { UInt64(bitPattern: Int64(pointee.offset)) }
  /// The offset from the end of the stack frame, as one of host addresses.
  @inline(__always) var frameOffset: UInt { UInt(bitPattern: Int(pointee.offset)) }
  /// The target of a jump or of a local call.
  @inline(__always) var target: UnsafePointer<Record> {
    UnsafeRawPointer(self + 1).advanced(by: Int(pointee.offset)).assumingMemoryBound(to: Record.self)
  }
}

extension UnsafeMutablePointer<UInt64> {
  @inline(__always) func low(_ register: Int) -> UInt32 { UInt32(truncatingIfNeeded: self[register]) }
  @inline(__always) func signed(_ register: Int) -> Int64 { Int64(bitPattern: self[register]) }
  @inline(__always) func signedLow(_ register: Int) -> Int32 { Int32(truncatingIfNeeded: self[register]) }
  /// Sets a register to a 32-bit result; the upper half becomes zero.
  @inline(__always) func set32(_ register: Int, _ value: UInt32) { self[register] = UInt64(value) }
}
