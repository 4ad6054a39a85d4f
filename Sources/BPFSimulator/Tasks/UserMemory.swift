/// The user half of a task's address space: pages that may be resident or not.
///
/// A page that is mapped but not resident has contents that only an access which may fault can reach. That is the
/// difference that deferred task work is for: an interrupt sees what is resident, a sleepable callback sees it all.
public final class UserMemory {
  /// The number of bytes of a page.
  public static let pageSize: UInt64 = 4096
  /// The first address above user memory on x86-64 with four page-table levels.
  public static let end: UInt64 = 0x0000_7fff_ffff_f000

  /// What backs a page that is not resident, which decides the cost and the kind of the fault.
  public enum Backing: Hashable, Sendable {
    /// Memory that was never touched, or was swapped out to memory: a minor fault.
    case anonymous
    /// A file whose page has to be read: a major fault.
    case file(String)
  }

  /// What may be done with a page.
  public struct Protection: OptionSet, Hashable, Sendable {
    /// The bits, as `PROT_READ` and the others number them.
    public let rawValue: UInt8
    /// Takes any bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// The page can be read.
    public static let read = Protection(rawValue: 1)
    /// The page can be written.
    public static let write = Protection(rawValue: 2)
    /// The page holds code.
    public static let execute = Protection(rawValue: 4)
  }

  /// A run of pages that were mapped together, as a line of `/proc/PID/maps` shows it.
  public struct Mapping: Hashable, Sendable {
    /// The first address.
    public var start: UInt64
    /// The address after the last byte.
    public var end: UInt64
    /// What may be done with its pages.
    public var protection: Protection
    /// What its pages come from.
    public var backing: Backing
    /// The offset in its file of what is at ``start``, in bytes; 0 where there is no file.
    public var fileOffset: UInt64 = 0
    /// Whether reading it may have effects on a device (`VM_IO`).
    public var isDevice = false
  }

  /// How an access to a page that is not resident ends.
  enum Access {
    /// The task may not sleep: what is not resident cannot be read.
    case residentOnly
    /// The task may sleep: the function brings the page in; its second argument is what the script wants to happen
    /// meanwhile.
    case faulting((PageFault, (() -> Void)?) -> Void)
  }

  /// A fault that an access has taken.
  public struct PageFault: Hashable, Sendable {
    /// The address that was accessed.
    public var address: UInt64
    /// Whether the page had to be read from a file.
    public var isMajor: Bool
  }

  private struct Page {
    var bytes: [UInt8]
    var isResident: Bool
    var faultHandler: (() -> Void)?
  }

  private var pages: [UInt64: Page] = [:]
  /// The mappings in ascending order of address.
  public private(set) var mappings: [Mapping] = []
  private var nextFreeAddress: UInt64 = 0x0000_5555_0000_0000
  /// Faults that were taken, by kind.
  public private(set) var minorFaults = 0
  /// Faults that had to read a file.
  public private(set) var majorFaults = 0

  init() {}

  init(copying other: UserMemory) {
    pages = other.pages.mapValues { Page(bytes: $0.bytes, isResident: $0.isResident, faultHandler: nil) }
    mappings = other.mappings
    nextFreeAddress = other.nextFreeAddress
  }

  /// Maps zeroed pages and returns the first address.
  ///
  /// - Parameters:
  ///   - byteCount: the size, rounded up to whole pages.
  ///   - address: where, on a page boundary; `nil` for the next free place.
  ///   - isResident: whether the pages can be read without a fault.
  ///   - fileOffset: the offset in the file of the first page.
  ///   - isDevice: whether reading may have effects on a device.
  @discardableResult
  public func map(
    byteCount: Int, at address: UInt64? = nil, isResident: Bool = true, backing: Backing = .anonymous,
    protection: Protection = [.read, .write], fileOffset: UInt64 = 0, isDevice: Bool = false
  ) throws(MachineError) -> UInt64 {
    let pageCount = (UInt64(clamping: max(byteCount, 1)) + Self.pageSize - 1) / Self.pageSize
    let start = address ?? nextFreeAddress
    let (length, overflow) = pageCount.multipliedReportingOverflow(by: Self.pageSize)
    guard !overflow, start % Self.pageSize == 0, start < Self.end, length <= Self.end - start else {
      throw MachineError(
        "cannot map \(byteCount) bytes at \(hexadecimal(start)): the range is not page-aligned user memory")
    }
    guard !mappings.contains(where: { $0.start < start + length && start < $0.end }) else {
      throw MachineError("cannot map \(byteCount) bytes at \(hexadecimal(start)): something is mapped there already")
    }
    for number in 0..<pageCount {
      pages[start / Self.pageSize + number] = Page(
        bytes: [UInt8](repeating: 0, count: Int(Self.pageSize)), isResident: isResident, faultHandler: nil)
    }
    let mapping = Mapping(
      start: start, end: start + length, protection: protection, backing: backing, fileOffset: fileOffset,
      isDevice: isDevice)
    mappings.insert(mapping, at: mappings.firstIndex { $0.start > start } ?? mappings.endIndex)
    if address == nil { nextFreeAddress = start + length + Self.pageSize }
    return start
  }

  /// Maps pages that hold the given bytes and returns their address.
  public func map(
    bytes: [UInt8], isResident: Bool = true, backing: Backing = .anonymous
  ) throws(MachineError) -> UInt64 {
    let address = try map(byteCount: bytes.count, isResident: isResident, backing: backing)
    fill(address, with: bytes)
    return address
  }

  /// Maps a zero-terminated string and returns its address.
  public func map(string: String, isResident: Bool = true, backing: Backing = .anonymous) throws(MachineError)
    -> UInt64
  {
    try map(bytes: Array(string.utf8) + [0], isResident: isResident, backing: backing)
  }

  /// Removes the pages of the range; what was mapped there is gone.
  public func unmap(_ range: Range<UInt64>) {
    for number in pageNumbers(of: range) { pages[number] = nil }
    let first = range.lowerBound / Self.pageSize * Self.pageSize
    let last = (range.upperBound + Self.pageSize - 1) / Self.pageSize * Self.pageSize
    mappings = mappings.flatMap { mapping -> [Mapping] in
      guard mapping.start < last, first < mapping.end else { return [mapping] }
      var rest: [Mapping] = []
      if mapping.start < first {
        var before = mapping
        before.end = first
        rest.append(before)
      }
      if last < mapping.end {
        var after = mapping
        after.start = last
        if case .file = mapping.backing { after.fileOffset &+= last - mapping.start }
        rest.append(after)
      }
      return rest
    }
  }

  /// Makes the pages of the range not resident; their contents stay and the next fault brings them back.
  public func evict(_ range: Range<UInt64>) {
    for number in pageNumbers(of: range) { pages[number]?.isResident = false }
  }

  /// Runs `handler` when a fault on the page of `address` is served, while the faulting task sleeps: what
  /// userfaultfd does. The page is not resident until then.
  public func onFault(at address: UInt64, _ handler: @escaping () -> Void) {
    pages[address / Self.pageSize]?.isResident = false
    pages[address / Self.pageSize]?.faultHandler = handler
  }

  /// Whether every page of the range is mapped and resident.
  public func isResident(_ range: Range<UInt64>) -> Bool {
    pageNumbers(of: range).allSatisfy { pages[$0]?.isResident == true }
  }

  /// Reads bytes whether they are resident or not, without a fault: the view of a debugger. `nil` where unmapped.
  public func bytes(at address: UInt64, count: Int) -> [UInt8]? {
    copy(from: address, count: count) { _ in true }
  }

  /// Writes bytes as the task itself would; pages become resident. Returns `false` where unmapped.
  @discardableResult
  public func store(_ bytes: [UInt8], at address: UInt64) -> Bool {
    let (end, overflow) = address.addingReportingOverflow(UInt64(bytes.count))
    let numbers = pageNumbers(of: address..<(overflow ? address : end))
    guard !overflow, numbers.allSatisfy({ pages[$0] != nil }) else { return false }
    for number in numbers { pages[number]?.isResident = true }
    fill(address, with: bytes)
    return true
  }

  /// Writes to pages that are mapped, resident or not.
  private func fill(_ address: UInt64, with bytes: [UInt8]) {
    var position = address
    var rest = bytes[...]
    while !rest.isEmpty {
      let offset = Int(position % Self.pageSize)
      let piece = rest.prefix(Int(Self.pageSize) - offset)
      pages[position / Self.pageSize]?.bytes.replaceSubrange(offset..<offset + piece.count, with: piece)
      rest = rest.dropFirst(piece.count)
      position += UInt64(piece.count)
    }
  }

  /// Reads bytes as the kernel does on behalf of a program; `nil` is `-EFAULT`.
  func read(_ address: UInt64, count: Int, _ access: Access) -> [UInt8]? {
    copy(from: address, count: count) { number in makeResident(number, touching: address, access) }
  }

  /// Writes bytes as the kernel does on behalf of a program; `false` is `-EFAULT`.
  func write(_ bytes: [UInt8], at address: UInt64, _ access: Access) -> Bool {
    let (end, overflow) = address.addingReportingOverflow(UInt64(bytes.count))
    guard !overflow else { return false }
    for number in pageNumbers(of: address..<end) {
      guard mapping(containing: number * Self.pageSize)?.protection.contains(.write) == true,
        makeResident(number, touching: address, access)
      else { return false }
    }
    return store(bytes, at: address)
  }

  /// Reads up to `limit` bytes up to and with the first zero byte; `nil` is `-EFAULT`, no zero byte within the
  /// limit gives `limit` bytes without one.
  func readString(_ address: UInt64, limit: Int, _ access: Access) -> [UInt8]? {
    var result: [UInt8] = []
    var position = address
    while result.count < limit {
      let number = position / Self.pageSize
      guard position < Self.end, makeResident(number, touching: position, access), let page = pages[number] else {
        return nil
      }
      let offset = Int(position % Self.pageSize)
      let count = min(limit - result.count, Int(Self.pageSize) - offset)
      let piece = page.bytes[offset..<offset + count]
      if let zero = piece.firstIndex(of: 0) {
        result.append(contentsOf: piece[...zero])
        return result
      }
      result.append(contentsOf: piece)
      position += UInt64(count)
    }
    return result
  }

  /// The mapping that holds an address.
  public func mapping(containing address: UInt64) -> Mapping? {
    mappings.first { $0.start <= address && address < $0.end }
  }

  private func makeResident(_ number: UInt64, touching address: UInt64, _ access: Access) -> Bool {
    guard let page = pages[number], mapping(containing: number * Self.pageSize)?.protection != [] else { return false }
    if page.isResident { return true }
    guard case .faulting(let handler) = access else { return false }
    let place = max(address, number * Self.pageSize)
    var isMajor = false
    if case .file = mapping(containing: place)?.backing { isMajor = true }
    if isMajor { majorFaults += 1 } else { minorFaults += 1 }
    pages[number]?.faultHandler = nil
    handler(PageFault(address: place, isMajor: isMajor), page.faultHandler)
    // The handler may have unmapped the page while the task slept.
    guard pages[number] != nil else { return false }
    pages[number]?.isResident = true
    return true
  }

  private func copy(from address: UInt64, count: Int, isReadable: (UInt64) -> Bool) -> [UInt8]? {
    guard count >= 0 else { return nil }
    let (end, overflow) = address.addingReportingOverflow(UInt64(count))
    guard !overflow, end <= Self.end else { return nil }
    var result: [UInt8] = []
    result.reserveCapacity(count)
    var position = address
    while position < end {
      let number = position / Self.pageSize
      guard isReadable(number), let page = pages[number] else { return nil }
      let offset = Int(position % Self.pageSize)
      let length = min(Int(end - position), Int(Self.pageSize) - offset)
      result.append(contentsOf: page.bytes[offset..<offset + length])
      position += UInt64(length)
    }
    return result
  }

  private func pageNumbers(of range: Range<UInt64>) -> Range<UInt64> {
    guard !range.isEmpty else { return 0..<0 }
    return range.lowerBound / Self.pageSize..<(range.upperBound - 1) / Self.pageSize + 1
  }
}

/// A number in the form `0x1f`.
func hexadecimal(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }
