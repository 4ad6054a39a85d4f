// Writes of the simulated kernel into memory that programs may only read.
//
// Unsafe because it writes through a pointer that was given out for reading: the bound is the byte count that the
// translation has checked against the region.

import BPFExecution

extension AddressSpace {
  /// Writes bytes where programs may read them, whether they may write there or not.
  @discardableResult
  func storeAsKernel(_ bytes: [UInt8], at address: ProgramAddress) -> Bool {
    guard let host = translate(address, byteCount: bytes.count, for: .read) else { return false }
    bytes.withUnsafeBytes { source in
      UnsafeMutableRawBufferPointer(start: host, count: source.count).copyMemory(from: source)
    }
    return true
  }
}

extension AddressSpace {
  /// Lends bytes that a program has passed by pointer; `nil` when it may not read them all.
  func withBytes<Result, Failure: Error>(
    at address: ProgramAddress, byteCount: Int, _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result? {
    guard let host = translate(address, byteCount: byteCount, for: .read) else { return nil }
    return try body(UnsafeRawBufferPointer(start: host, count: byteCount).bytes)
  }

  /// Lends bytes that a program has passed by pointer to be filled; `nil` when it may not write them all.
  func withMutableBytes<Result, Failure: Error>(
    at address: ProgramAddress, byteCount: Int, _ body: (inout MutableRawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result? {
    guard let host = translate(address, byteCount: byteCount, for: .write) else { return nil }
    var span = UnsafeMutableRawBufferPointer(start: host, count: byteCount).mutableBytes
    return try body(&span)
  }
}
