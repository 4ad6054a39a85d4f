import BPFObject
import Synchronization

/// `BPF_MAP_TYPE_STACK_TRACE`: call chains under a number that follows from their hash (`bpf_get_stackid`).
public final class StackTraceMap: BPFMap, @unchecked Sendable {
  /// The flags of `bpf_get_stackid`, without the number of frames to skip in the lowest byte.
  public struct Flags: OptionSet, Hashable, Sendable {
    /// The number that Linux gives the flags.
    public let rawValue: UInt64
    /// Takes any number.
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    /// `BPF_F_USER_STACK`: the chain in user mode. Choosing it is the engine's work.
    public static let userStack = Flags(rawValue: 1 << 8)
    /// `BPF_F_FAST_STACK_CMP`: chains with the same hash are taken to be the same.
    public static let fastCompare = Flags(rawValue: 1 << 9)
    /// `BPF_F_REUSE_STACKID`: a chain replaces another with the same number.
    public static let reuse = Flags(rawValue: 1 << 10)
  }

  private struct Trace {
    var hash: UInt32
    var frames: [UInt64]
  }

  private struct State {
    var traces: [UInt32: Trace] = [:]
  }

  private let state = Mutex(State())
  private let bucketCount: UInt32
  /// The size of a frame in a value: an address, or a build id with an offset.
  private let frameSize: Int

  static func make(_ checked: CheckedMapDefinition) throws(MapError) -> BPFMap {
    guard let memory = MemoryBlock.allocate(byteCount: 0) else {
      throw checked.error(.outOfMemory, "the host has no room")
    }
    return StackTraceMap(checked, memory: memory)
  }

  private override init(_ checked: CheckedMapDefinition, memory: MemoryBlock) {
    bucketCount = UInt32(HashTable.bucketCount(maxEntries: checked.maxEntries))
    frameSize = checked.flags.contains(.stackBuildID) ? 32 : 8
    super.init(checked, memory: memory)
  }

  /// The most frames that a value holds.
  public var depth: Int { valueSize / frameSize }

  /// `bpf_get_stackid`: stores a call chain.
  ///
  /// - Parameters:
  ///   - frames: the return addresses, innermost first; those beyond ``depth`` are left out.
  ///   - flags: the helper's flags, with the number of frames to skip in the lowest byte.
  /// - Returns: the number of the chain.
  /// - Throws: EINVAL (unknown flags), EFAULT (no frame is left), EEXIST (another chain has the number), ENOMEM (the
  ///   map is full).
  public func store(_ frames: [UInt64], flags rawFlags: UInt64) throws(LinuxErrno) -> UInt32 {
    let flags = Flags(rawValue: rawFlags & ~0xff)
    guard flags.subtracting([.userStack, .fastCompare, .reuse]).isEmpty else { throw .invalidArgument }
    let skip = Int(rawFlags & 0xff)
    guard frames.count > skip else { throw .badAddress }
    let kept = Array(frames[skip...].prefix(depth))
    let hash = JenkinsHash.hash(kept.span.bytes)
    let number = hash & (bucketCount - 1)
    return try state.withLock { (state) throws(LinuxErrno) in
      if let present = state.traces[number] {
        if present.hash == hash, flags.contains(.fastCompare) || present.frames == kept { return number }
        guard flags.contains(.reuse) else { throw .exists }
      }
      // A chain that replaces another takes its element before that one is free, as in Linux.
      guard state.traces.count < maxEntries else { throw .outOfMemory }
      state.traces[number] = Trace(hash: hash, frames: kept)
      return number
    }
  }

  /// The frames of a chain, innermost first, as far as they were stored.
  public func frames(of number: UInt32) -> [UInt64]? { state.withLock { $0.traces[number]?.frames } }

  private func value(of trace: Trace) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(valueSize)
    for frame in trace.frames {
      if frameSize == 32 {
        // `struct bpf_stack_build_id` with status BPF_STACK_BUILD_ID_IP: no file is known, the address stands for it.
        bytes += Self.bytes(of: 2) + [UInt8](repeating: 0, count: 20)
      }
      withUnsafeBytes(of: frame) { bytes += $0 }
    }
    return bytes + [UInt8](repeating: 0, count: valueSize - bytes.count)
  }

  override func userLookup(_ key: [UInt8], flags: ElementFlags) throws(LinuxErrno) -> [UInt8] {
    let trace = state.withLock { $0.traces[Self.index(in: key.span.bytes)] }
    guard let trace else { throw .noSuchEntry }
    return value(of: trace)
  }

  override func userUpdate(_ key: [UInt8], _ value: [UInt8], flags: ElementFlags, cpu: Int) throws(LinuxErrno) {
    throw .invalidArgument
  }

  override func userDelete(_ key: [UInt8], cpu: Int) throws(LinuxErrno) {
    let number = Self.index(in: key.span.bytes)
    guard number < bucketCount else { throw .tooBig }
    guard state.withLock({ $0.traces.removeValue(forKey: number) }) != nil else { throw .noSuchEntry }
  }

  override public func programDelete(_ key: RawSpan, cpu: Int) throws(LinuxErrno) {
    let number = Self.index(in: key)
    guard number < bucketCount else { throw .tooBig }
    guard state.withLock({ $0.traces.removeValue(forKey: number) }) != nil else { throw .noSuchEntry }
  }

  override func userLookupAndDelete(
    _ key: [UInt8], flags: ElementFlags, cpu: Int
  ) throws(LinuxErrno) -> [UInt8] {
    let trace = state.withLock { $0.traces.removeValue(forKey: Self.index(in: key.span.bytes)) }
    guard let trace else { throw .noSuchEntry }
    return value(of: trace)
  }

  override func userNextKey(after key: [UInt8]?) throws(LinuxErrno) -> [UInt8] {
    try state.withLock { (state) throws(LinuxErrno) in
      var number: UInt32 = 0
      if let key {
        let last = Self.index(in: key.span.bytes)
        if last < bucketCount, state.traces[last] != nil { number = last + 1 }
      }
      guard let next = state.traces.keys.filter({ $0 >= number }).min() else { throw .noSuchEntry }
      return Self.bytes(of: next)
    }
  }

  override public var elementCapacity: Int { maxEntries }
}
