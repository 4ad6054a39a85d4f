public import BPFMaps
import BPFObject

/// The buffers through which programs send records to user space.
extension LoadedObject {
  /// The ring buffer with a name, to take records from.
  public func ringBuffer(_ name: String) throws(MachineError) -> RingBufferMap {
    guard let buffer = try map(name) as? RingBufferMap else {
      throw MachineError("map '\(name)' is of type \(try map(name).type) and not a ring buffer")
    }
    return buffer
  }

  /// The ring buffer with a name through which user space sends records to programs.
  public func userRingBuffer(_ name: String) throws(MachineError) -> UserRingBufferMap {
    guard let buffer = try map(name) as? UserRingBufferMap else {
      throw MachineError("map '\(name)' is of type \(try map(name).type) and not a ring buffer of user space")
    }
    return buffer
  }

  /// Opens a perf event for the records of each CPU and puts it into the CPU's slot of an array of perf events, as
  /// libbpf's `perf_buffer__new` does.
  ///
  /// - Parameters:
  ///   - name: a map of type `BPF_MAP_TYPE_PERF_EVENT_ARRAY`.
  ///   - pageCount: the size of each buffer in pages of 4096 bytes, a power of two.
  /// - Returns: the buffers in the order of the CPUs.
  @discardableResult
  public func openPerfEventBuffers(_ name: String, pageCount: Int = 8) throws(MachineError) -> [PerfEventBuffer] {
    var buffers: [PerfEventBuffer] = []
    let entries = Int(try map(name).maxEntries)
    for cpu in machine.cpus.prefix(entries) {
      buffers.append(
        try openPerfEventBuffer(name, at: UInt32(cpu.number), cpu: cpu.number, pageCount: pageCount))
    }
    return buffers
  }

  /// Opens a perf event for the records of one CPU and puts it into a slot of an array of perf events.
  ///
  /// - Parameters:
  ///   - name: a map of type `BPF_MAP_TYPE_PERF_EVENT_ARRAY`.
  ///   - index: the slot.
  ///   - cpu: the CPU. A program on another one that writes to the slot gets `-EOPNOTSUPP`.
  ///   - pageCount: the size of the buffer in pages of 4096 bytes, a power of two.
  @discardableResult
  public func openPerfEventBuffer(
    _ name: String, at index: UInt32, cpu: Int, pageCount: Int = 8
  ) throws(MachineError) -> PerfEventBuffer {
    let map = try map(name)
    guard map.type == .perfEventArray else {
      throw MachineError("map '\(name)' is of type \(map.type) and not an array of perf events")
    }
    guard (1...1 << 16).contains(pageCount), pageCount & (pageCount - 1) == 0 else {
      throw MachineError("a buffer has 1 to 65536 pages, a power of two, and not \(pageCount)")
    }
    let buffer = PerfEventBuffer(cpu: try machine.cpu(cpu).number, capacity: pageCount * 4096)
    let descriptor = machine.mapEvents.descriptor(for: .perfEvent(buffer))
    let key = withUnsafeBytes(of: index.littleEndian, Array.init)
    let value = withUnsafeBytes(of: descriptor.littleEndian, Array.init)
    do {
      try map.updateElement(key, to: value)
    } catch {
      throw MachineError("the buffer cannot be put into slot \(index) of map '\(name)': \(error)")
    }
    return buffer
  }
}
