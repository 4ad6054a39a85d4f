// Unsafe: the addresses of keys and values go into the attributes of a call and are used only while it lasts. The sizes
// of both are checked against the map's before, since the kernel reads and writes that many bytes.

public import BPFMapViews
import SystemPackage

extension LinuxMap: MapElements {
  /// The greatest number of elements.
  public var elementLimit: Int { Int(maxEntries) }

  /// Copies the value of an element; ``BPFMapViews/MapElements`` has the parameters.
  public func readElement(
    _ key: RawSpan, into value: inout MutableRawSpan, removing: Bool
  ) throws(BPFError) -> Bool {
    guard key.byteCount == keySize, value.byteCount == transferSize else { throw wrongSize(key, value.byteCount) }
    let command: BPFCommandNumber = removing ? .mapLookupAndDeleteElement : .mapLookupElement
    let result = key.withUnsafeBytes { key in
      value.withUnsafeMutableBytes { value in
        element(command, key.isEmpty ? nil : key.baseAddress, UnsafeRawPointer(value.baseAddress), 0)
      }
    }
    return try isThere(result, command)
  }

  /// Sets the value of an element.
  public func writeElement(
    _ key: RawSpan, _ value: RawSpan, _ condition: UpdateCondition
  ) throws(BPFError) {
    guard key.byteCount == keySize, value.byteCount == transferSize else { throw wrongSize(key, value.byteCount) }
    let result = key.withUnsafeBytes { key in
      value.withUnsafeBytes { value in
        element(.mapUpdateElement, key.isEmpty ? nil : key.baseAddress, value.baseAddress, condition.rawValue)
      }
    }
    if result < 0 { throw error(.mapUpdateElement, Errno(rawValue: Int32(truncatingIfNeeded: -result))) }
  }

  /// Removes an element.
  public func removeElement(_ key: RawSpan) throws(BPFError) -> Bool {
    guard key.byteCount == keySize else { throw wrongSize(key, transferSize) }
    let result = key.withUnsafeBytes { element(.mapDeleteElement, $0.isEmpty ? nil : $0.baseAddress, nil, 0) }
    return try isThere(result, .mapDeleteElement)
  }

  /// Copies the key after another.
  public func copyKey(after key: RawSpan, into next: inout MutableRawSpan) throws(BPFError) -> Bool {
    guard key.byteCount == keySize || key.byteCount == 0, next.byteCount == keySize else {
      throw wrongSize(key, transferSize)
    }
    let result = key.withUnsafeBytes { key in
      next.withUnsafeMutableBytes { next in
        element(.mapGetNextKey, key.isEmpty ? nil : key.baseAddress, UnsafeRawPointer(next.baseAddress), 0)
      }
    }
    return try isThere(result, .mapGetNextKey)
  }

  private func isThere(_ result: Int, _ command: BPFCommandNumber) throws(BPFError) -> Bool {
    if result >= 0 { return true }
    let errno = Errno(rawValue: Int32(truncatingIfNeeded: -result))
    guard errno == .noSuchFileOrDirectory else { throw error(command, errno) }
    return false
  }

  private func wrongSize(_ key: RawSpan, _ valueSize: Int) -> BPFError {
    .refusal(
      "map '\(name)'",
      "its keys have \(keySize) bytes and its values \(transferSize), and not \(key.byteCount) and \(valueSize)")
  }
}

extension LinuxObject: MapHolder {
  /// The map of a name.
  public func mapElements(_ name: String) -> LinuxMap? { maps[name] }
}
