// The memory of a packet.
//
// Unsafe because programs reach it through the window of the address space, by its host address. Every access here is
// within the byte count that was allocated, which a precondition checks; the window is set from offsets within it and
// closed or moved before the memory goes.

/// Bytes at a fixed place in host memory, zero at first.
final class PacketMemory {
  let base: UnsafeMutableRawPointer
  let byteCount: Int

  init(byteCount: Int) {
    self.byteCount = byteCount
    base = .allocate(byteCount: max(byteCount, 1), alignment: 16)
    base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
  }

  deinit { base.deallocate() }

  private func check(_ range: Range<Int>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "outside of the packet's memory")
  }

  func bytes(_ range: Range<Int>) -> [UInt8] {
    check(range)
    return [UInt8](UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count))
  }

  func store(_ bytes: [UInt8], at offset: Int) {
    check(offset..<offset + bytes.count)
    bytes.withUnsafeBytes { source in
      UnsafeMutableRawBufferPointer(start: base + offset, count: source.count).copyMemory(from: source)
    }
  }

  func clear(_ range: Range<Int>) {
    check(range)
    (base + range.lowerBound).initializeMemory(as: UInt8.self, repeating: 0, count: range.count)
  }
}
