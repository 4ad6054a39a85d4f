import BPFObject
import BPFTypeFormat

/// A definition that Linux would accept, with what the map classes need beside it.
struct CheckedMapDefinition {
  var definition: MapDefinition
  var identifier: UInt32
  var cpuCount: Int
  var specialFields: SpecialFields?
  var layout: ValueLayout
  /// What the inner maps of a map of maps look like.
  var template: MapTemplate?
  var environment: (any MapEnvironment)?
  var observer: (any SpecialFieldObserver)?

  var flags: MapFlags { definition.flags }
  var keySize: Int { Int(definition.keySize) }
  var maxEntries: Int { Int(definition.maxEntries) }

  /// An error about this map.
  func error(_ errno: LinuxErrno, _ reason: String) -> MapError {
    MapError(errno, map: definition.name, reason: reason)
  }

  /// How many elements of this size the memory of a map can have, at most `count`.
  ///
  /// For maps that take elements as they need them, and so are not refused for what they might need.
  func elementLimit(_ count: Int, stride: Int) -> Int { min(count, (1 << 32 - 1) / stride) }

  /// Memory for the elements.
  ///
  /// A program's pointer holds 32 bits of offset, so a map's memory is below 4 GiB.
  func allocateElements(_ count: Int, stride: Int) throws(MapError) -> MemoryBlock {
    let (byteCount, overflow) = count.multipliedReportingOverflow(by: stride)
    guard !overflow, byteCount < 1 << 32 else {
      throw error(
        .outOfMemory, "\(count) elements of \(stride) bytes need more than the 4 GiB that a map may have here")
    }
    guard let block = MemoryBlock.allocate(byteCount: byteCount) else {
      throw error(.outOfMemory, "the host has no room for \(byteCount) bytes of elements")
    }
    return block
  }
}
