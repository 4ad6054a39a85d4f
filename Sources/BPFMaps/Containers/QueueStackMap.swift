import BPFObject
import Synchronization

/// `BPF_MAP_TYPE_QUEUE` and `BPF_MAP_TYPE_STACK`: values without keys, first in first out, or last in first out.
final class QueueStackMap: BPFMap, @unchecked Sendable {
  private struct State {
    var first = 0
    var count = 0
  }

  private let values: MemoryBlock
  private let state = Mutex(State())

  static func make(_ checked: CheckedMapDefinition) throws(MapError) -> BPFMap {
    let values = try checked.allocateElements(checked.maxEntries, stride: checked.layout.stride)
    guard let memory = MemoryBlock.allocate(byteCount: 0) else {
      values.deallocate()
      throw checked.error(.outOfMemory, "the host has no room")
    }
    return QueueStackMap(checked, memory: memory, values: values)
  }

  private init(_ checked: CheckedMapDefinition, memory: MemoryBlock, values: MemoryBlock) {
    self.values = values
    super.init(checked, memory: memory)
  }

  deinit { values.deallocate() }

  private func offset(_ position: Int) -> Int { position % maxEntries * layout.stride }

  override func programPush(_ value: RawSpan, flags: ElementFlags) throws(LinuxErrno) {
    guard flags.isEmpty || flags == .mustExist else { throw .invalidArgument }
    try state.withLock { (state) throws(LinuxErrno) in
      if state.count == maxEntries {
        // BPF_EXIST gives up the oldest value, of a stack as well.
        guard flags == .mustExist else { throw .tooBig }
        state.first = (state.first + 1) % maxEntries
        state.count -= 1
      }
      values.store(value, range: 0..<valueSize, at: offset(state.first + state.count))
      state.count += 1
    }
  }

  private func nextOffset(_ state: State) -> Int {
    offset(type == .queue ? state.first : state.first + state.count - 1)
  }

  private func remove(_ state: inout State) {
    if type == .queue { state.first = (state.first + 1) % maxEntries }
    state.count -= 1
  }

  override func programPop(into destination: inout MutableRawSpan) throws(LinuxErrno) {
    try read(into: &destination, removing: true)
  }

  override func programPeek(into destination: inout MutableRawSpan) throws(LinuxErrno) {
    try read(into: &destination, removing: false)
  }

  private func read(into destination: inout MutableRawSpan, removing: Bool) throws(LinuxErrno) {
    var isEmpty = false
    state.withLock { state in
      guard state.count > 0 else {
        isEmpty = true
        return
      }
      values.load(into: &destination, at: nextOffset(state), count: valueSize)
      if removing { remove(&state) }
    }
    guard isEmpty else { return }
    for index in 0..<min(valueSize, destination.byteCount) {
      destination.storeBytes(of: 0, toByteOffset: index, as: UInt8.self)
    }
    throw .noSuchEntry
  }

  private func take(removing: Bool) -> [UInt8]? {
    state.withLock { state in
      guard state.count > 0 else { return nil }
      let bytes = values.bytes(count: valueSize, at: nextOffset(state))
      if removing { remove(&state) }
      return bytes
    }
  }

  override func userLookup(_ key: [UInt8], flags: ElementFlags) throws(LinuxErrno) -> [UInt8] {
    guard let bytes = take(removing: false) else { throw .noSuchEntry }
    return bytes
  }

  override func userUpdate(_ key: [UInt8], _ value: [UInt8], flags: ElementFlags, cpu: Int) throws(LinuxErrno) {
    try programPush(value.span.bytes, flags: flags)
  }

  override func userDelete(_ key: [UInt8], cpu: Int) throws(LinuxErrno) { throw .invalidArgument }

  override func userNextKey(after key: [UInt8]?) throws(LinuxErrno) -> [UInt8] { throw .invalidArgument }

  override func userLookupAndDelete(
    _ key: [UInt8], flags: ElementFlags, cpu: Int
  ) throws(LinuxErrno) -> [UInt8] {
    guard let bytes = take(removing: true) else { throw .noSuchEntry }
    return bytes
  }
}
