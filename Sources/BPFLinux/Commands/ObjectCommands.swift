/// `BPF_OBJ_PIN` and `BPF_OBJ_GET`, 24 bytes with padding.
struct PinAttributes: BitwiseCopyable {
  var path: UInt64 = 0
  var descriptor: Int32 = 0
  var fileFlags: UInt32 = 0
  var pathDescriptor: Int32 = 0
  var padding: UInt32 = 0
}

/// The commands that count through the objects of the kernel or open one: 12 bytes.
struct IdentifierAttributes: BitwiseCopyable {
  /// The identifier, or the one after which to begin.
  var identifier: UInt32 = 0
  /// Out: the next identifier.
  var next: UInt32 = 0
  var openFlags: UInt32 = 0
}

/// `BPF_OBJ_GET_INFO_BY_FD`, 16 bytes.
struct InfoAttributes: BitwiseCopyable {
  var descriptor: Int32 = 0
  var infoSize: UInt32 = 0
  var info: UInt64 = 0
}

/// `BPF_TOKEN_CREATE`, 8 bytes.
struct TokenCreateAttributes: BitwiseCopyable {
  var flags: UInt32 = 0
  var fileSystemDescriptor: Int32 = 0
}
