// The attributes of a command are a structure laid out as the kernel reads them: fields in the order of their offsets,
// padding spelled out, everything zero but what is set. The folder `Commands` has them; a test compares every offset.

/// The commands of bpf(2) that the engine uses (`enum bpf_cmd`).
enum BPFCommandNumber: Int, Hashable, Sendable, CaseIterable {
  case mapCreate = 0
  case mapLookupElement = 1
  case mapUpdateElement = 2
  case mapDeleteElement = 3
  case mapGetNextKey = 4
  case programLoad = 5
  case objectPin = 6
  case objectGet = 7
  case programTestRun = 10
  case programGetNextID = 11
  case mapGetNextID = 12
  case programGetDescriptorByID = 13
  case mapGetDescriptorByID = 14
  case objectGetInfo = 15
  case rawTracepointOpen = 17
  case btfLoad = 18
  case btfGetDescriptorByID = 19
  case mapLookupAndDeleteElement = 21
  case mapFreeze = 22
  case btfGetNextID = 23
  case mapLookupBatch = 24
  case mapLookupAndDeleteBatch = 25
  case mapUpdateBatch = 26
  case mapDeleteBatch = 27
  case linkCreate = 28
  case linkUpdate = 29
  case linkGetDescriptorByID = 30
  case linkGetNextID = 31
  case iteratorCreate = 33
  case linkDetach = 34
  case tokenCreate = 36

  /// The constant, as in the manual page.
  var name: String {
    switch self {
    case .mapCreate: "BPF_MAP_CREATE"
    case .mapLookupElement: "BPF_MAP_LOOKUP_ELEM"
    case .mapUpdateElement: "BPF_MAP_UPDATE_ELEM"
    case .mapDeleteElement: "BPF_MAP_DELETE_ELEM"
    case .mapGetNextKey: "BPF_MAP_GET_NEXT_KEY"
    case .programLoad: "BPF_PROG_LOAD"
    case .objectPin: "BPF_OBJ_PIN"
    case .objectGet: "BPF_OBJ_GET"
    case .programTestRun: "BPF_PROG_TEST_RUN"
    case .programGetNextID: "BPF_PROG_GET_NEXT_ID"
    case .mapGetNextID: "BPF_MAP_GET_NEXT_ID"
    case .programGetDescriptorByID: "BPF_PROG_GET_FD_BY_ID"
    case .mapGetDescriptorByID: "BPF_MAP_GET_FD_BY_ID"
    case .objectGetInfo: "BPF_OBJ_GET_INFO_BY_FD"
    case .rawTracepointOpen: "BPF_RAW_TRACEPOINT_OPEN"
    case .btfLoad: "BPF_BTF_LOAD"
    case .btfGetDescriptorByID: "BPF_BTF_GET_FD_BY_ID"
    case .mapLookupAndDeleteElement: "BPF_MAP_LOOKUP_AND_DELETE_ELEM"
    case .mapFreeze: "BPF_MAP_FREEZE"
    case .btfGetNextID: "BPF_BTF_GET_NEXT_ID"
    case .tokenCreate: "BPF_TOKEN_CREATE"
    case .mapLookupBatch: "BPF_MAP_LOOKUP_BATCH"
    case .mapLookupAndDeleteBatch: "BPF_MAP_LOOKUP_AND_DELETE_BATCH"
    case .mapUpdateBatch: "BPF_MAP_UPDATE_BATCH"
    case .mapDeleteBatch: "BPF_MAP_DELETE_BATCH"
    case .linkCreate: "BPF_LINK_CREATE"
    case .linkUpdate: "BPF_LINK_UPDATE"
    case .linkGetDescriptorByID: "BPF_LINK_GET_FD_BY_ID"
    case .linkGetNextID: "BPF_LINK_GET_NEXT_ID"
    case .iteratorCreate: "BPF_ITER_CREATE"
    case .linkDetach: "BPF_LINK_DETACH"
    }
  }
}

/// The name of a map or program as the kernel takes it: letters, digits, `_` and `.`, at most 15, with a zero after them.
struct KernelName: BitwiseCopyable {
  private var words: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)

  /// No name.
  init() {}

  /// The first 15 bytes of a name, with `_` for what the kernel does not take.
  init(_ name: String) {
    var bytes = [UInt8](repeating: 0, count: 16)
    for (index, byte) in name.utf8.prefix(15).enumerated() {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."):
        bytes[index] = byte
      default: bytes[index] = UInt8(ascii: "_")
      }
    }
    func word(_ index: Int) -> UInt32 {
      var value: UInt32 = 0
      for position in (0..<4).reversed() { value = value << 8 | UInt32(bytes[4 * index + position]) }
      return UInt32(littleEndian: value)
    }
    words = (word(0), word(1), word(2), word(3))
  }

  /// The text up to the first zero byte.
  var text: String {
    var bytes: [UInt8] = []
    for word in [words.0, words.1, words.2, words.3] {
      for shift in [0, 8, 16, 24] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: word.littleEndian >> shift)) }
    }
    return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }
}
