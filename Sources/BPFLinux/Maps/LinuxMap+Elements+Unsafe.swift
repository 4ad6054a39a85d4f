// Unsafe: the addresses of keys and values go into the attributes of a call and are used only while it lasts. The sizes
// of both are checked against the map's before, since the kernel reads and writes that many bytes.

import SystemPackage

extension LinuxMap {
  /// Copies the value of an element.
  ///
  /// - Throws: ``BPFError`` with ENOENT when there is none.
  public func lookupElement(_ key: [UInt8], flags: ElementFlags = []) throws(BPFError) -> [UInt8] {
    try take(.mapLookupElement, key, flags)
  }

  /// Copies the value of an element and removes it. Queues and stacks take an empty key.
  public func lookupAndDeleteElement(_ key: [UInt8], flags: ElementFlags = []) throws(BPFError) -> [UInt8] {
    try take(.mapLookupAndDeleteElement, key, flags)
  }

  /// Sets the value of an element.
  public func updateElement(
    _ key: [UInt8], to value: [UInt8], flags: ElementFlags = []
  ) throws(BPFError) {
    try check(key, value)
    let result = key.withUnsafeBytes { keyBytes in
      value.withUnsafeBytes { valueBytes in
        element(
          .mapUpdateElement, keyBytes.isEmpty ? nil : keyBytes.baseAddress, valueBytes.baseAddress, flags.rawValue)
      }
    }
    if result < 0 { throw error(.mapUpdateElement, Errno(rawValue: Int32(truncatingIfNeeded: -result))) }
  }

  /// Removes an element.
  public func deleteElement(_ key: [UInt8]) throws(BPFError) {
    try check(key, nil)
    let result = key.withUnsafeBytes { element(.mapDeleteElement, $0.isEmpty ? nil : $0.baseAddress, nil, 0) }
    if result < 0 { throw error(.mapDeleteElement, Errno(rawValue: Int32(truncatingIfNeeded: -result))) }
  }

  /// The key after another in the map's own order, the first one for `nil`; `nil` at the end.
  ///
  /// A hash whose key has been deleted in the meantime begins again, so that a loop may see keys twice.
  public func nextKey(after key: [UInt8]? = nil) throws(BPFError) -> [UInt8]? {
    if let key { try check(key, nil) }
    var result = 0
    let next = [UInt8](unsafeUninitializedCapacity: keySize) { buffer, count in
      buffer.initialize(repeating: 0)
      count = keySize
      let out = UnsafeMutableRawBufferPointer(buffer).baseAddress
      if let key {
        result = key.withUnsafeBytes { element(.mapGetNextKey, $0.baseAddress, out, 0) }
      } else {
        result = element(.mapGetNextKey, nil, out, 0)
      }
    }
    if result >= 0 { return next }
    let errno = Errno(rawValue: Int32(truncatingIfNeeded: -result))
    if errno == .noSuchFileOrDirectory { return nil }
    throw error(.mapGetNextKey, errno)
  }

  private func take(
    _ command: BPFCommandNumber, _ key: [UInt8], _ flags: ElementFlags
  ) throws(BPFError) -> [UInt8] {
    try check(key, nil)
    var result = 0
    let value = [UInt8](unsafeUninitializedCapacity: transferSize) { buffer, count in
      // The kernel leaves bytes of padding between the values of CPUs alone.
      buffer.initialize(repeating: 0)
      count = transferSize
      result = key.withUnsafeBytes {
        element(
          command, $0.isEmpty ? nil : $0.baseAddress, UnsafeMutableRawBufferPointer(buffer).baseAddress,
          flags.rawValue)
      }
    }
    if result < 0 { throw error(command, Errno(rawValue: Int32(truncatingIfNeeded: -result))) }
    return value
  }

  private func check(_ key: [UInt8], _ value: [UInt8]?) throws(BPFError) {
    guard key.count == keySize else {
      throw .refusal("map '\(name)'", "its keys have \(keySize) bytes, and not \(key.count)")
    }
    if let value, value.count != transferSize {
      throw .refusal("map '\(name)'", "its values have \(transferSize) bytes, and not \(value.count)")
    }
  }

  /// One element command; the result, or the negated error number.
  func element(
    _ command: BPFCommandNumber, _ key: UnsafeRawPointer?, _ value: UnsafeRawPointer?, _ flags: UInt64
  ) -> Int {
    var attributes = ElementAttributes(
      mapDescriptor: descriptor.rawValue, key: UInt64(UInt(bitPattern: key)), value: UInt64(UInt(bitPattern: value)),
      flags: flags)
    return withUnsafeMutableBytes(of: &attributes) {
      isRunning
        ? RunningKernel().perform(.bpf, command.rawValue, Int(bitPattern: $0.baseAddress), $0.count, 0, 0)
        : systemCalls.perform(.bpf, command.rawValue, Int(bitPattern: $0.baseAddress), $0.count)
    }
  }
}
