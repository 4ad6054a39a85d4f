import SystemPackage

extension LinuxMap {
  /// All keys, in the map's own order. What others change meanwhile may be missing, or be there twice.
  ///
  /// - Parameter limit: the number of keys after which to stop, so that a map that others keep changing has an end.
  public func keys(limit: Int = .max) throws(BPFError) -> [[UInt8]] {
    var keys: [[UInt8]] = []
    var next = try nextKey()
    while let key = next, keys.count < limit {
      keys.append(key)
      next = try nextKey(after: key)
    }
    return keys
  }

  /// All elements, in batches where the map's type has them (Linux 5.6), one by one elsewhere.
  public func elements() throws(BPFError) -> [(key: [UInt8], value: [UInt8])] {
    if let elements = try batch(.mapLookupBatch) { return elements }
    var elements: [(key: [UInt8], value: [UInt8])] = []
    for key in try keys() {
      do throws(BPFError) {
        elements.append((key, try lookupElement(key)))
      } catch {
        // Another may have deleted it since.
        guard error.errno == .noSuchFileOrDirectory else { throw error }
      }
    }
    return elements
  }

  /// Removes all elements and gives them back, in batches where the map's type has them, one by one elsewhere.
  public func takeElements() throws(BPFError) -> [(key: [UInt8], value: [UInt8])] {
    if let elements = try batch(.mapLookupAndDeleteBatch) { return elements }
    var elements: [(key: [UInt8], value: [UInt8])] = []
    for key in try keys() {
      do throws(BPFError) {
        elements.append((key, try lookupAndDeleteElement(key)))
      } catch {
        guard error.errno == .noSuchFileOrDirectory else { throw error }
      }
    }
    return elements
  }

  /// Sets many elements, in one call where the map's type has it, one by one elsewhere.
  public func updateElements(
    _ elements: [(key: [UInt8], value: [UInt8])], flags: ElementFlags = []
  ) throws(BPFError) {
    guard !elements.isEmpty else { return }
    for element in elements where element.key.count != keySize || element.value.count != transferSize {
      throw .refusal(
        "map '\(name)'",
        "an element has a key of \(keySize) bytes and a value of \(transferSize), and not "
          + "\(element.key.count) and \(element.value.count)")
    }
    let keys = KernelBuffer(elements.flatMap(\.key))
    let values = KernelBuffer(elements.flatMap(\.value))
    var attributes = BatchAttributes(
      keys: keys.address, values: values.address, count: UInt32(clamping: elements.count),
      mapDescriptor: descriptor.rawValue, elementFlags: flags.rawValue)
    do throws(Errno) {
      try systemCalls.perform(.mapUpdateBatch, &attributes, keeping: keys, values)
    } catch {
      guard error == BPFError.notSupported || error == .invalidArgument else {
        throw self.error(.mapUpdateBatch, error)
      }
      for element in elements { try updateElement(element.key, to: element.value, flags: flags) }
    }
  }

  /// Removes many elements, in one call where the map's type has it, one by one elsewhere.
  ///
  /// - Throws: ``BPFError`` with ENOENT at the first key that is not there; those before it are removed.
  public func deleteElements(_ keys: [[UInt8]]) throws(BPFError) {
    guard !keys.isEmpty else { return }
    for key in keys where key.count != keySize {
      throw .refusal("map '\(name)'", "its keys have \(keySize) bytes, and not \(key.count)")
    }
    let buffer = KernelBuffer(keys.flatMap(\.self))
    var attributes = BatchAttributes(
      keys: buffer.address, count: UInt32(clamping: keys.count), mapDescriptor: descriptor.rawValue)
    do throws(Errno) {
      try systemCalls.perform(.mapDeleteBatch, &attributes, keeping: buffer)
    } catch {
      guard error == BPFError.notSupported || error == .invalidArgument else {
        throw self.error(.mapDeleteBatch, error)
      }
      for key in keys { try deleteElement(key) }
    }
  }

  /// Reads all elements in batches; `nil` when the map's type has no batches.
  func batch(_ command: BPFCommandNumber) throws(BPFError) -> [(key: [UInt8], value: [UInt8])]? {
    guard keySize > 0, transferSize > 0 else { return nil }
    // A hash gives whole buckets, and answers ENOSPC when one does not fit.
    var capacity = 1024
    let position = KernelBuffer(count: max(keySize, 4))
    var isFirst = true
    var elements: [(key: [UInt8], value: [UInt8])] = []
    while true {
      let keys = KernelBuffer(count: keySize * capacity)
      let values = KernelBuffer(count: transferSize * capacity)
      var attributes = BatchAttributes(
        inBatch: isFirst ? 0 : position.address, outBatch: position.address, keys: keys.address,
        values: values.address, count: UInt32(clamping: capacity), mapDescriptor: descriptor.rawValue)
      var isLast = false
      do throws(Errno) {
        try systemCalls.perform(command, &attributes, keeping: position, keys, values)
      } catch {
        switch error {
        case .noSuchFileOrDirectory: isLast = true
        case .noSpace where capacity < 1 << 22:
          capacity *= 4
          continue
        case .invalidArgument where isFirst, BPFError.notSupported where isFirst: return nil
        default: throw self.error(command, error)
        }
      }
      let count = min(Int(attributes.count), capacity)
      let (keyBytes, valueBytes) = (keys.prefix(count * keySize), values.prefix(count * transferSize))
      for index in 0..<count {
        elements.append(
          (
            Array(keyBytes[index * keySize..<(index + 1) * keySize]),
            Array(valueBytes[index * transferSize..<(index + 1) * transferSize])
          ))
      }
      if isLast { return elements }
      isFirst = false
    }
  }
}
