/// The memory that programs may touch, as a table of regions of host memory.
///
/// An access is checked and translated by one look-up of the region's number, which is part of the address. A region
/// has a readable and a writable length, both from its beginning, so memory that is read-only to programs has a
/// writable length of zero.
///
/// Numbers are given out in ascending order, and a released number is reused only when all 32766 have been given
/// out, the one that was released first being the first to return. So an address outlives its region: a program
/// that uses one that it has kept too long faults.
///
/// An address space belongs to one thread at a time, as the simulated machine whose memory it is.
public final class AddressSpace {
  /// The greatest length of a region in bytes.
  ///
  /// An offset that has wrapped below the start of a region is beyond it, and so never within the region before.
  public static let maximumByteCount = 0x7fff_0000

  package let table: RegionTable
  private var names: [String] = [""]
  private var owned: [RegionNumber: Int] = [:]
  private let allocateMemory: HostAllocation
  private var released: [RegionNumber] = []
  private var firstReleased = 0
  /// See `setWindow`.
  var openWindow: Window?

  /// An address space without a region.
  ///
  /// - Throws: `AddressSpaceError.outOfMemory`.
  public convenience init() throws(AddressSpaceError) {
    try self.init(allocating: allocateHostMemory)
  }

  /// An address space whose host memory comes from elsewhere; it is given back with `free`.
  package init(allocating: @escaping HostAllocation) throws(AddressSpaceError) {
    allocateMemory = allocating
    table = try RegionTable(allocating)
  }

  deinit {
    for number in owned.keys { table.deallocate(number) }
    table.deallocate()
  }

  /// Makes host memory accessible to programs and returns the address of its first byte.
  ///
  /// The memory has to stay valid until the region is unmapped, and to be aligned to eight bytes, so that an atomic
  /// operation is aligned in the host when it is aligned in the program.
  ///
  /// - Parameters:
  ///   - base: The first byte.
  ///   - readable: The number of bytes that programs may read.
  ///   - writable: The number of bytes that programs may write, `nil` for all that they may read.
  ///   - name: What the memory is, as fault messages say it: `value block of map 'events'`.
  /// - Throws: `AddressSpaceError`.
  public func map(
    _ base: UnsafeMutableRawPointer, readable: Int, writable: Int? = nil, name: String
  ) throws(AddressSpaceError) -> ProgramAddress {
    try check(readable: readable, writable: writable ?? readable)
    guard UInt(bitPattern: base) % 8 == 0 else { throw .misaligned(name: name) }
    let number = try takeNumber(name: name)
    table.set(number, base: base, readable: readable, writable: writable ?? readable)
    return .region(number)
  }

  /// Makes zeroed memory that the address space owns accessible to programs and returns its address.
  ///
  /// The memory is freed when the region is unmapped or the address space ends.
  ///
  /// - Parameters:
  ///   - byteCount: The number of bytes that programs may read.
  ///   - writable: The number of bytes that programs may write, `nil` for all.
  ///   - name: What the memory is, as fault messages say it.
  /// - Throws: `AddressSpaceError`.
  public func allocate(byteCount: Int, writable: Int? = nil, name: String) throws(AddressSpaceError) -> ProgramAddress {
    try check(readable: byteCount, writable: writable ?? byteCount)
    let number = try takeNumber(name: name)
    guard let base = allocateMemory(byteCount) else {
      released.append(number)
      throw .outOfMemory(byteCount: byteCount)
    }
    table.set(number, base: base, readable: byteCount, writable: writable ?? byteCount)
    owned[number] = byteCount
    return .region(number)
  }

  /// Ends a region: every later access faults, until the number is reused.
  ///
  /// Nothing happens when the address is not in a mapped region.
  public func unmap(_ address: ProgramAddress) {
    guard let number = mappedNumber(address) else { return }
    if owned.removeValue(forKey: number) != nil { table.deallocate(number) }
    table.clear(number)
    released.append(number)
  }

  /// Changes the lengths of a region, within the host memory that it was mapped with.
  ///
  /// - Parameters:
  ///   - address: An address in the region.
  ///   - readable: The number of bytes that programs may read from now on.
  ///   - writable: The number of bytes that programs may write, `nil` for all that they may read.
  /// - Throws: `AddressSpaceError`, also when the region is the address space's own and was allocated smaller.
  public func resize(_ address: ProgramAddress, readable: Int, writable: Int? = nil) throws(AddressSpaceError) {
    try check(readable: readable, writable: writable ?? readable)
    guard let number = mappedNumber(address), readable <= owned[number] ?? readable else {
      throw .notMapped(address)
    }
    table.resize(number, readable: readable, writable: writable ?? readable)
  }

  /// Reserves consecutive regions without any readable byte; used for stack frames.
  package func reserve(_ names: [String], base: UnsafeMutableRawPointer, stride: Int) throws(AddressSpaceError)
    -> RegionNumber
  {
    guard self.names.count + names.count <= Int(RegionTable.lastNumber) + 1 else { throw .regionsExhausted }
    let first = RegionNumber(self.names.count)
    for (index, name) in names.enumerated() {
      table.set(first + RegionNumber(index), base: base + index * stride, readable: 0, writable: 0)
      self.names.append(name)
    }
    return first
  }

  func check(readable: Int, writable: Int) throws(AddressSpaceError) {
    guard (0...Self.maximumByteCount).contains(readable), (0...readable).contains(writable) else {
      throw .invalidLength(readable: readable, writable: writable)
    }
  }

  private func takeNumber(name: String) throws(AddressSpaceError) -> RegionNumber {
    if names.count <= RegionTable.lastNumber {
      names.append(name)
      return RegionNumber(names.count - 1)
    }
    guard firstReleased < released.count else { throw .regionsExhausted }
    let number = released[firstReleased]
    firstReleased += 1
    if firstReleased > RegionTable.lastNumber {
      released.removeFirst(firstReleased)
      firstReleased = 0
    }
    names[Int(number)] = name
    return number
  }

  private func mappedNumber(_ address: ProgramAddress) -> RegionNumber? {
    guard let number = address.regionNumber, table.isMapped(number) else { return nil }
    return number
  }
}

/// Why a region could not be made or changed.
public enum AddressSpaceError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The host has no memory of that length.
  case outOfMemory(byteCount: Int)
  /// All region numbers are in use.
  case regionsExhausted
  /// The lengths are negative, too great, or more is writable than readable.
  case invalidLength(readable: Int, writable: Int)
  /// The host memory is not aligned to eight bytes.
  case misaligned(name: String)
  /// There is no region at the address, or it is too small for the length asked for.
  case notMapped(ProgramAddress)

  /// A sentence that says what was wrong.
  public var description: String {
    switch self {
    case .outOfMemory(let byteCount): "there is no memory for \(byteCount) bytes"
    case .regionsExhausted: "all \(RegionTable.lastNumber) regions of the address space are in use"
    case .invalidLength(let readable, let writable):
      "a region can not have \(readable) readable and \(writable) writable bytes"
    case .misaligned(let name): "the host memory of \(name) is not aligned to 8 bytes"
    case .notMapped(let address): "there is no region of that length at \(hexadecimal(address))"
    }
  }
}

// MARK: - What an address means

extension AddressSpace {
  /// The name of the region that an address lies in, `nil` when there has never been one.
  public func name(of address: ProgramAddress) -> String? {
    guard let number = address.regionNumber, number > 0, Int(number) < names.count else { return nil }
    return names[Int(number)]
  }

  /// What an access of some bytes at an address meets, in words that complete the sentence "the access is at …".
  public func description(of address: ProgramAddress, byteCount: Int = 1) -> String {
    if address < 4096 { return address == 0 ? "a null pointer" : "offset \(address) of a null pointer" }
    if let slot = address.functionSlot { return "the function at instruction \(slot)" }
    if let window = openWindow, address >> 32 == 0 {
      let offset = Int(address) - Int(window.address)
      guard offset >= 0 else { return "\(-offset) \(plural("byte", -offset)) before the start of \(window.name)" }
      return description(ofOffset: offset, in: window.name, length: window.readable, byteCount: byteCount)
    }
    if address >> 47 == 0 { return "user memory" }
    guard let number = address.regionNumber else { return "no address of this program" }
    let offset = Int(address.regionOffset)
    if offset > Self.maximumByteCount {
      let before = 1 << 32 - offset
      guard let next = name(of: address &+ UInt64(before)) else { return "no region" }
      return "\(before) \(plural("byte", before)) before the start of \(next)"
    }
    guard let name = name(of: address) else { return "no region" }
    guard table.isMapped(number) else { return "offset \(offset) of \(name), which has been released" }
    let length = table.readable(number)
    if length == 0 { return "offset \(offset) of \(name), which is not in use" }
    return description(ofOffset: offset, in: name, length: length, byteCount: byteCount)
  }

  private func description(ofOffset offset: Int, in name: String, length: Int, byteCount: Int) -> String {
    let size = "\(length) \(plural("byte", length))"
    if offset >= length {
      let past = offset - length
      return past == 0
        ? "the end of \(name) (\(size))"
        : "\(past) \(plural("byte", past)) past the end of \(name) (\(size))"
    }
    let place = "offset \(offset) of \(name) (\(size))"
    let over = offset + byteCount - length
    return over > 0 ? "\(place), reaching \(over) \(plural("byte", over)) past its end" : place
  }
}

func plural(_ noun: String, _ count: Int) -> String { count == 1 ? noun : noun + "s" }

func hexadecimal(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }
