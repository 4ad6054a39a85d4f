/// Addresses of the simulated kernel's functions, for instruction pointers, stacks and symbols.
enum KernelText {
  /// Where the kernel's text begins on x86-64 without randomisation.
  static let base: UInt64 = 0xffff_ffff_8100_0000
  /// An address in a kernel stack, for sampled stack pointers.
  static let stackBase: UInt64 = 0xffff_c900_0000_3f58

  /// The address of a function, the same in each run: a hash of its name.
  static func address(of name: String) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    return base + (hash & 0xff_ffff) * 16
  }
}
