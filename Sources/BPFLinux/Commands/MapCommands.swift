/// `BPF_MAP_CREATE`, 96 bytes.
struct MapCreateAttributes: BitwiseCopyable {
  var mapType: UInt32 = 0
  var keySize: UInt32 = 0
  var valueSize: UInt32 = 0
  var maxEntries: UInt32 = 0
  var mapFlags: UInt32 = 0
  var innerMapDescriptor: Int32 = 0
  var numaNode: UInt32 = 0
  var mapName = KernelName()
  var interfaceIndex: UInt32 = 0
  var btfDescriptor: Int32 = 0
  var btfKeyType: UInt32 = 0
  var btfValueType: UInt32 = 0
  var btfKernelValueType: UInt32 = 0
  var mapExtra: UInt64 = 0
  var valueTypeModuleDescriptor: Int32 = 0
  var tokenDescriptor: Int32 = 0
  var programHash: UInt64 = 0
  var programHashSize: UInt32 = 0
  var padding: UInt32 = 0
}

/// The element commands, 32 bytes; the value's field holds the next key for `BPF_MAP_GET_NEXT_KEY`.
struct ElementAttributes: BitwiseCopyable {
  var mapDescriptor: Int32 = 0
  var padding: UInt32 = 0
  var key: UInt64 = 0
  var value: UInt64 = 0
  var flags: UInt64 = 0
}

/// The batch commands, 56 bytes.
struct BatchAttributes: BitwiseCopyable {
  var inBatch: UInt64 = 0
  var outBatch: UInt64 = 0
  var keys: UInt64 = 0
  var values: UInt64 = 0
  /// The number of elements, in and out.
  var count: UInt32 = 0
  var mapDescriptor: Int32 = 0
  var elementFlags: UInt64 = 0
  var flags: UInt64 = 0
}

/// `BPF_MAP_FREEZE`.
struct MapFreezeAttributes: BitwiseCopyable {
  var mapDescriptor: Int32 = 0
}
