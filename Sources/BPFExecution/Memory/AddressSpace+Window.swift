/// Memory at addresses of 32 bits, for contexts that hold pointers in fields of that size: the packet of `__sk_buff` and
/// `xdp_md`, which a program reads as a number and dereferences.
///
/// There is one window at a time, checked as every region is. Addresses of user memory are above it.
extension AddressSpace {
  /// Where the window is, and what it shows.
  public struct Window {
    /// The address of the first byte that programs may read, at least 4096.
    public var address: UInt32
    /// The first byte in the host, aligned as `address` is.
    public var base: UnsafeMutableRawPointer
    /// The number of bytes that programs may read.
    public var readable: Int
    /// The number of bytes that programs may write, from the first on.
    public var writable: Int
    /// What the memory is, as fault messages say it.
    public var name: String

    /// A window of the given place; the host memory has to stay valid until the window is closed or moved.
    public init(address: UInt32, base: UnsafeMutableRawPointer, readable: Int, writable: Int, name: String) {
      self.address = address
      self.base = base
      self.readable = readable
      self.writable = writable
      self.name = name
    }
  }

  /// Opens the window in place of the one that is open, or closes it with `nil`. Every address in a window that is no
  /// longer there faults.
  ///
  /// - Throws: `AddressSpaceError` when the window does not lie between 4096 and the end of 32 bits, or has lengths that
  ///   a region could not have; the window that was open stays.
  public func setWindow(_ window: Window?) throws(AddressSpaceError) {
    guard let window else {
      openWindow = nil
      table.clear(0)
      return
    }
    try check(readable: window.readable, writable: window.writable)
    guard window.address >= 4096, UInt64(window.address) + UInt64(window.readable) <= 1 << 32 else {
      throw .notMapped(UInt64(window.address))
    }
    openWindow = window
    table.setWindow(
      at: window.address, base: window.base, readable: window.readable, writable: window.writable)
  }

  /// The window that is open.
  public var window: Window? { openWindow }
}
