/// An address as a program sees it: deterministic, never one of the host.
///
/// Bits 63 to 48 are `0xffff`, bit 47 is set, bits 46 to 32 are the number of a region in the `AddressSpace`, and
/// the low 32 bits are the offset within it. Addresses of simulated user memory have their high bits clear, so
/// that a program which dereferences one faults, as it does in the kernel.
public typealias ProgramAddress = UInt64
