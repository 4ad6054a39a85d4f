// The stack frames of programs and what calls save.
//
// Unsafe because frames and saved registers are reached by pointer, with a depth that `enter` keeps within the
// capacity.

/// What is saved of a caller, and what belongs to a frame.
struct SavedFrame {
  /// The record after the call.
  var returnTo: UnsafePointer<Record>
  var r6: UInt64
  var r7: UInt64
  var r8: UInt64
  var r9: UInt64
  /// How often `may_goto` falls through in this frame before it jumps.
  var loopsLeft: UInt64
  /// The program of this frame; kept alive by the run that entered it.
  var program: Unmanaged<PreparedProgram>
}

/// The stack frames of all runs that are under way on one interpreter, the innermost last.
///
/// Each frame is a region of its own with 512 bytes, zeroed when it is entered. A frame that is not in use has no
/// readable byte, so a pointer into a frame that has been left faults.
struct CallStack {
  /// The number of frames that a run and its callbacks may use, `MAX_CALL_FRAMES` in the kernel.
  static let maximumDepth = 8
  /// The number of frames of all runs that are under way.
  static let capacity = 128
  static let frameByteCount = 512
  /// How often `may_goto` falls through in one frame, `BPF_MAX_LOOPS` in the kernel.
  ///
  /// Linux 6.15 and later bound it on x86-64 and arm64 by a quarter of a second of real time instead, which no run
  /// could reproduce.
  static let maximumLoopCount: UInt64 = 8 * 1024 * 1024

  private let bytes: UnsafeMutableRawPointer
  private let saved: UnsafeMutablePointer<SavedFrame>
  private let entries: UnsafeMutablePointer<RegionEntry>
  private let firstRegion: RegionNumber

  init(in memory: AddressSpace) throws(AddressSpaceError) {
    let byteCount = Self.capacity * Self.frameByteCount
    let bytes = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
    do throws(AddressSpaceError) {
      firstRegion = try memory.reserve(
        (0..<Self.capacity).map { "stack frame \($0)" }, base: bytes, stride: Self.frameByteCount)
    } catch {
      bytes.deallocate()
      throw error
    }
    self.bytes = bytes
    saved = .allocate(capacity: Self.capacity)
    entries = memory.table.entries + Int(firstRegion)
  }

  func deallocate() {
    bytes.deallocate()
    saved.deallocate()
  }

  /// The saved state of the frame at a depth that is in use.
  func frame(_ depth: Int) -> UnsafeMutablePointer<SavedFrame> { saved + depth }

  func program(at depth: Int) -> PreparedProgram { saved[depth].program.takeUnretainedValue() }

  /// Opens and zeroes the frame at a depth below the capacity and returns the address of its end.
  @inline(__always)
  func open(_ depth: Int) -> ProgramAddress {
    (bytes + depth * Self.frameByteCount).initializeMemory(as: UInt8.self, repeating: 0, count: Self.frameByteCount)
    entries[depth].readable = UInt64(Self.frameByteCount)
    entries[depth].writable = UInt64(Self.frameByteCount)
    return end(depth)
  }

  /// The address just past the frame at a depth, its r10.
  @inline(__always)
  func end(_ depth: Int) -> ProgramAddress {
    .region(firstRegion &+ RegionNumber(truncatingIfNeeded: depth), offset: UInt32(Self.frameByteCount))
  }

  /// The host address just past the frame at a depth.
  @inline(__always)
  func hostEnd(_ depth: Int) -> UInt { UInt(bitPattern: bytes) &+ UInt((depth + 1) * Self.frameByteCount) }

  @inline(__always)
  func close(_ depth: Int) {
    entries[depth].readable = 0
    entries[depth].writable = 0
  }
}
