public import BPFMapViews

extension BPFMap: MapElements {
  /// The number of elements that the map was made for.
  public final var elementLimit: Int { maxEntries }

  /// What user space reads and writes as a value: of all CPUs for per-CPU maps.
  public final var transferSize: Int { userValueSize }

  /// Copies the value of an element; ``BPFMapViews/MapElements`` has the parameters.
  public final func readElement(
    _ key: RawSpan, into value: inout MutableRawSpan, removing: Bool
  ) throws(MapError) -> Bool {
    let key = [UInt8](copying: key)
    let bytes: [UInt8]
    do throws(MapError) {
      bytes = removing ? try lookupAndDeleteElement(key) : try lookupElement(key)
    } catch {
      guard error.errno == .noSuchEntry else { throw error }
      return false
    }
    copy(bytes, to: &value)
    return true
  }

  /// Sets the value of an element.
  public final func writeElement(
    _ key: RawSpan, _ value: RawSpan, _ condition: UpdateCondition
  ) throws(MapError) {
    try updateElement(
      [UInt8](copying: key), to: [UInt8](copying: value), flags: ElementFlags(rawValue: condition.rawValue))
  }

  /// Removes an element.
  public final func removeElement(_ key: RawSpan) throws(MapError) -> Bool {
    do throws(MapError) {
      try deleteElement([UInt8](copying: key))
      return true
    } catch {
      guard error.errno == .noSuchEntry else { throw error }
      return false
    }
  }

  /// Copies the key after another.
  public final func copyKey(after key: RawSpan, into next: inout MutableRawSpan) throws(MapError) -> Bool {
    let bytes: [UInt8]
    do throws(MapError) {
      bytes = try nextKey(after: key.isEmpty ? nil : [UInt8](copying: key))
    } catch {
      guard error.errno == .noSuchEntry else { throw error }
      return false
    }
    copy(bytes, to: &next)
    return true
  }

  private func copy(_ bytes: [UInt8], to target: inout MutableRawSpan) {
    for index in 0..<min(bytes.count, target.byteCount) {
      target.storeBytes(of: bytes[index], toByteOffset: index, as: UInt8.self)
    }
  }
}
