/// An address as a program sees it: deterministic, never one of the host.
///
/// Bits 63 to 48 are `0xffff`, bit 47 is set, bits 46 to 32 are the number of a region in the `AddressSpace`, and
/// the low 32 bits are the offset within it. Addresses of simulated user memory have their high bits clear, so
/// that a program which dereferences one faults, as it does in the kernel.
///
/// Functions of a program (callbacks given to helpers) have addresses in a range of their own, with bit 47 clear.
/// They can be called, compared and stored, but never dereferenced.
public typealias ProgramAddress = UInt64

/// The number of a region in an `AddressSpace`, 1 to 32766; numbers 0 and 32767 are never valid.
public typealias RegionNumber = UInt16

extension ProgramAddress {
  /// The first address of the range that regions live in.
  package static let regionBase: ProgramAddress = 0xffff_8000_0000_0000
  /// The first address of the range that functions live in.
  package static let functionBase: ProgramAddress = 0xffff_0000_0000_0000

  /// The address of a byte in a region.
  package static func region(_ number: RegionNumber, offset: UInt32 = 0) -> ProgramAddress {
    regionBase | UInt64(number) << 32 | UInt64(offset)
  }

  /// The address of the function that begins at a slot of the running program.
  package static func function(_ slot: Int) -> ProgramAddress {
    functionBase | UInt64(UInt32(truncatingIfNeeded: slot)) << 3
  }

  /// The region that the address lies in, `nil` when it is not in the range of regions.
  package var regionNumber: RegionNumber? {
    self >= Self.regionBase ? RegionNumber(truncatingIfNeeded: self >> 32) & 0x7fff : nil
  }

  /// The offset within the region; meaningless where `regionNumber` is `nil`.
  package var regionOffset: UInt32 { UInt32(truncatingIfNeeded: self) }

  /// The slot at which the function begins, `nil` when this is not the address of a function.
  package var functionSlot: Int? {
    self >= Self.functionBase && self < Self.functionBase | 1 << 35 && self & 7 == 0
      ? Int((self & 0x7_ffff_ffff) >> 3) : nil
  }
}
