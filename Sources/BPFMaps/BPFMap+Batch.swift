/// The batch operations that a map type has.
struct BatchOperations: OptionSet {
  let rawValue: UInt8
  static let lookup = BatchOperations(rawValue: 1)
  static let lookupAndDelete = BatchOperations(rawValue: 2)
  static let update = BatchOperations(rawValue: 4)
  static let delete = BatchOperations(rawValue: 8)
}

/// Where a batch lookup goes on: opaque, as `out_batch` is.
public struct BatchCursor: Hashable, Sendable {
  /// The bucket that a hash goes on with.
  var bucket: UInt32 = 0
  /// The last key that another map gave out.
  var key: [UInt8]?
  /// Starts at the first element.
  public init() {}
}

/// What a batch operation did, until its end or its error.
public struct BatchResult: Sendable {
  /// The keys, for lookups.
  public var keys: [[UInt8]] = []
  /// Their values, for lookups.
  public var values: [[UInt8]] = []
  /// How many elements were done (`count` as Linux writes it back).
  public var count = 0
  /// Where the next lookup goes on.
  public var cursor = BatchCursor()
  /// Why it ended before the count was reached. ENOENT from a lookup means the end of the map, not a failure.
  public var errno: LinuxErrno?
}

extension BPFMap {
  /// `BPF_MAP_LOOKUP_BATCH`: up to `count` elements from the cursor on.
  ///
  /// Hashes give whole buckets: ENOSPC says that the next bucket does not fit into `count`.
  /// - Throws: ENOTSUPP (the type has no such operation), EPERM, EINVAL (flags).
  public final func lookupBatch(
    from cursor: BatchCursor = BatchCursor(), count: Int, flags: ElementFlags = .any
  ) throws(MapError) -> BatchResult {
    try batch(.lookup, read: true, flags: flags)
    return count > 0
      ? userLookupBatch(from: cursor, count: count, flags: flags, deleting: false, cpu: 0) : BatchResult()
  }

  /// `BPF_MAP_LOOKUP_AND_DELETE_BATCH`.
  ///
  /// - Throws: ENOTSUPP (the type has no such operation), EPERM, EINVAL (flags).
  public final func lookupAndDeleteBatch(
    from cursor: BatchCursor = BatchCursor(), count: Int, flags: ElementFlags = .any, cpu: Int = 0
  ) throws(MapError) -> BatchResult {
    try batch(.lookupAndDelete, read: true, write: true, flags: flags)
    return count > 0
      ? userLookupBatch(from: cursor, count: count, flags: flags, deleting: true, cpu: cpu) : BatchResult()
  }

  /// `BPF_MAP_UPDATE_BATCH`: updates one after the other until one fails.
  ///
  /// - Throws: ENOTSUPP (the type has no such operation), EPERM, EINVAL (flags).
  public final func updateBatch(
    keys: [[UInt8]], values: [[UInt8]], flags: ElementFlags = .any, cpu: Int = 0
  ) throws(MapError) -> BatchResult {
    try batch(.update, write: true, flags: flags)
    var result = BatchResult()
    for (key, value) in zip(keys, values) {
      do { try updateElement(key, to: value, flags: flags, cpu: cpu) } catch {
        result.errno = error.errno
        break
      }
      result.count += 1
    }
    return result
  }

  /// `BPF_MAP_DELETE_BATCH`: deletes one after the other until one fails.
  ///
  /// - Throws: ENOTSUPP (the type has no such operation), EPERM, EINVAL (flags).
  public final func deleteBatch(
    keys: [[UInt8]], flags: ElementFlags = .any, cpu: Int = 0
  ) throws(MapError) -> BatchResult {
    try batch(.delete, write: true, flags: flags)
    var result = BatchResult()
    for key in keys {
      do { try deleteElement(key, cpu: cpu) } catch {
        result.errno = error.errno
        break
      }
      result.count += 1
    }
    return result
  }

  private func batch(
    _ operation: BatchOperations, read: Bool = false, write: Bool = false, flags: ElementFlags
  ) throws(MapError) {
    try user(.batch) { () throws(LinuxErrno) in
      try require(read: read, write: write)
      guard batchOperations.contains(operation) else { throw .notSupportedInternal }
      guard flags.subtracting(.lock).isEmpty else { throw .invalidArgument }
      try checkLock(flags)
    }
  }

  /// Key by key, as arrays and tries do it.
  final func genericLookupBatch(from cursor: BatchCursor, count: Int, flags: ElementFlags) -> BatchResult {
    var result = BatchResult()
    result.cursor = cursor
    do {
      while result.count < count {
        let key = try userNextKey(after: result.cursor.key)
        result.cursor.key = key
        do {
          let value = try userLookup(key, flags: flags)
          result.keys.append(key)
          result.values.append(value)
          result.count += 1
        } catch  where error == .noSuchEntry {
          // An empty slot, or deleted since: Linux goes on with the next key.
        }
      }
    } catch {
      result.errno = error
    }
    return result
  }
}
