/// The slots of program arrays, perf event arrays and maps of maps, for an engine that has the objects at hand.
extension BPFMap {
  /// Puts an object under a key, as an update from user space with its descriptor does.
  ///
  /// - Throws: E2BIG (index out of range, map full), EINVAL (a map that does not fit the template, or a map type that
  ///   stores no objects), and for hashes of maps what `flags` ask for.
  public final func store(
    _ object: StoredObject, forKey key: [UInt8], flags: ElementFlags = .any
  ) throws(MapError) {
    let old = try user(.update) { () throws(LinuxErrno) in
      guard key.count == keySize else { throw .invalidArgument }
      return try exchangeStored(key.span.bytes, with: object, flags: flags)
    }
    // Released here, with no lock held: the object may be a map whose end calls back.
    withExtendedLifetime(old) {}
  }

  /// The object under a key, if there is one.
  public final func storedObject(forKey key: [UInt8]) -> StoredObject? {
    key.count == keySize ? storedObject(key.span.bytes) : nil
  }
}
