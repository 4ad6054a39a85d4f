import BPFObject

/// What user space sees: the element operations of bpf(2), their checks in the order of Linux 6.18.
extension BPFMap {
  /// The value of a key, `nil` when it is absent or the map cannot be read: the short form of ``lookupElement(_:flags:)``.
  public final func lookup(_ key: [UInt8]) -> [UInt8]? {
    guard key.count == keySize, canUserRead else { return nil }
    return try? userLookup(key, flags: .any)
  }

  /// `BPF_MAP_LOOKUP_ELEM`: a copy of the value, of all CPUs for per-CPU maps (``userValueSize`` bytes), special
  /// fields as zero.
  ///
  /// A queue or stack takes an empty key and is not changed. A bloom filter is asked with ``contains(_:)``.
  /// - Throws: ENOENT (absent), EPERM (`BPF_F_WRONLY`), EINVAL (flags, size of the key), ENOTSUPP (no such operation).
  public final func lookupElement(_ key: [UInt8], flags: ElementFlags = .any) throws(MapError) -> [UInt8] {
    try user(.lookup) { () throws(LinuxErrno) in
      guard flags.subtracting(.lock).isEmpty else { throw .invalidArgument }
      try require(read: true)
      try checkLock(flags)
      try checkKey(key)
      return try userLookup(key, flags: flags)
    }
  }

  /// `BPF_MAP_LOOKUP_ELEM` of a bloom filter: whether the value was probably pushed (false: certainly not).
  ///
  /// - Throws: ENOTSUPP for other map types, EINVAL when the value has another size.
  public final func contains(_ value: [UInt8]) throws(MapError) -> Bool {
    try user(.lookup) { () throws(LinuxErrno) in
      try require(read: true)
      guard value.count == valueSize else { throw .invalidArgument }
      return try userContains(value)
    }
  }

  /// `BPF_MAP_UPDATE_ELEM`.
  ///
  /// - Parameters:
  ///   - key: ``keySize`` bytes; empty for queues, stacks and bloom filters.
  ///   - value: ``userValueSize`` bytes; special fields in it are ignored.
  ///   - flags: as Linux takes them.
  ///   - cpu: the CPU that the system call runs on, which matters to LRU maps.
  /// - Throws: EEXIST, ENOENT, E2BIG, EINVAL, EPERM and what else Linux gives for the map type.
  public final func updateElement(
    _ key: [UInt8], to value: [UInt8], flags: ElementFlags = .any, cpu: Int = 0
  ) throws(MapError) {
    try user(.update) { () throws(LinuxErrno) in
      try require(write: true)
      try checkLock(flags)
      try checkKey(key)
      guard value.count == userValueSize else { throw .invalidArgument }
      try userUpdate(key, value, flags: flags, cpu: cpu)
    }
  }

  /// `BPF_MAP_DELETE_ELEM`.
  ///
  /// - Throws: ENOENT (absent), EINVAL (arrays, queues), EPERM, and what else Linux gives for the map type.
  public final func deleteElement(_ key: [UInt8], cpu: Int = 0) throws(MapError) {
    try user(.delete) { () throws(LinuxErrno) in
      try require(write: true)
      try checkKey(key)
      try userDelete(key, cpu: cpu)
    }
  }

  /// `BPF_MAP_GET_NEXT_KEY`: the key after `key`, the first one for `nil` or for a key that is absent.
  ///
  /// - Throws: ENOENT after the last key, EPERM, and what else Linux gives for the map type.
  public final func nextKey(after key: [UInt8]? = nil) throws(MapError) -> [UInt8] {
    try user(.nextKey) { () throws(LinuxErrno) in
      try require(read: true)
      if let key { try checkKey(key) }
      return try userNextKey(after: key)
    }
  }

  /// `BPF_MAP_LOOKUP_AND_DELETE_ELEM`: the value, which is no longer in the map; for queues and stacks, a pop.
  ///
  /// - Throws: ENOENT (absent, empty), ENOTSUPP (arrays and others), EINVAL, EPERM.
  public final func lookupAndDeleteElement(
    _ key: [UInt8], flags: ElementFlags = .any, cpu: Int = 0
  ) throws(MapError) -> [UInt8] {
    try user(.lookupAndDelete) { () throws(LinuxErrno) in
      guard flags.subtracting(.lock).isEmpty else { throw .invalidArgument }
      try require(read: true, write: true)
      if !flags.isEmpty, type == .queue || type == .stack { throw .invalidArgument }
      try checkLock(flags)
      try checkKey(key)
      return try userLookupAndDelete(key, flags: flags, cpu: cpu)
    }
  }

  /// `BPF_MAP_FREEZE`: user space gives up writing for ever; programs go on.
  ///
  /// - Throws: ENOTSUPP (524) when values have special fields, EPERM for a read-only map and when frozen already.
  public final func freeze() throws(MapError) {
    try user(.freeze) { () throws(LinuxErrno) in
      guard type != .structOperations, !layout.hasFields else { throw .notSupportedInternal }
      // A map that is frozen gives no right to write, so that the second attempt ends here.
      try require(write: true)
      guard setFrozen() else { throw .operationNotPermitted }
    }
  }

  /// `mmap` of the map: the memory that is shared with programs.
  ///
  /// - Parameter writable: whether user space wants to write.
  /// - Throws: EACCES when the map cannot be read, or not be written (`BPF_F_WRONLY`, `BPF_F_RDONLY`), ENOTSUPP (524)
  ///   when values have special fields or the type cannot, EPERM when writing to a frozen map, EACCES when writing to
  ///   a map with `BPF_F_RDONLY_PROG`, EINVAL with `BPF_F_RDONLY` and without `BPF_F_MMAPABLE`.
  public final func mapMemory(writable: Bool) throws(MapError) -> MemoryBlock {
    try user(.map) { () throws(LinuxErrno) in
      // What the descriptor does not allow is refused before the map is asked.
      guard canUserRead, !(writable && definition.flags.contains(.readOnly)) else { throw .accessDenied }
      guard type == .array, !layout.hasFields else { throw .notSupportedInternal }
      // To Linux a shared mapping of a descriptor that cannot be written is a private one, which maps do not have.
      guard !definition.flags.contains(.readOnly) else { throw .invalidArgument }
      if writable, isFrozen { throw .operationNotPermitted }
      if writable, definition.flags.contains(.readOnlyForPrograms) { throw .accessDenied }
      guard definition.flags.contains(.memoryMappable) else { throw .invalidArgument }
      return memory
    }
  }

  /// All keys, in the order of ``nextKey(after:)``, as far as the map has keys.
  public final var keys: [[UInt8]] {
    var keys: [[UInt8]] = []
    guard canUserRead, var key = try? userNextKey(after: nil) else { return keys }
    // A map that others change may go round for ever: no map has more keys than elements.
    for _ in 0..<max(elementCapacity, 1) {
      keys.append(key)
      guard let next = try? userNextKey(after: key) else { break }
      key = next
    }
    return keys
  }

  // MARK: Checks

  /// Runs an operation and gives its error number a sentence.
  final func user<Result>(
    _ operation: UserOperation, _ body: () throws(LinuxErrno) -> Result
  ) throws(MapError) -> Result {
    do { return try body() } catch {
      throw MapError(error, map: name, reason: operation.reason(for: error))
    }
  }

  private var canUserRead: Bool { !definition.flags.contains(.writeOnly) }

  final func require(read: Bool = false, write: Bool = false) throws(LinuxErrno) {
    if read, !canUserRead { throw .operationNotPermitted }
    if write, definition.flags.contains(.readOnly) || isFrozen { throw .operationNotPermitted }
  }

  final func checkLock(_ flags: ElementFlags) throws(LinuxErrno) {
    if flags.contains(.lock), layout.lockOffset == nil { throw .invalidArgument }
  }

  private func checkKey(_ key: [UInt8]) throws(LinuxErrno) {
    guard key.count == keySize else { throw .invalidArgument }
  }
}
