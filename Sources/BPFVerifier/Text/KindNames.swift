internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension Exploration {
  /// The kernel's name for what a register is: `map_value_or_null`, `ctx`.
  func kindName(_ register: RegisterState) -> String {
    var prefix = ""
    let flags = register.flags
    if flags.contains(.readOnly) { prefix += "rdonly_" }
    if flags.contains(.ringBuffer) { prefix += "ringbuf_" }
    if flags.contains(.user) { prefix += "user_" }
    if flags.contains(.perCPU) { prefix += "percpu_" }
    if flags.contains(.rcu) { prefix += "rcu_" }
    if flags.contains(.untrusted) { prefix += "untrusted_" }
    if flags.contains(.trusted) { prefix += "trusted_" }
    let suffix = flags.contains(.nullable) ? register.kind == .btf ? "or_null_" : "_or_null" : ""
    return prefix + register.kind.name + suffix
  }

  /// The same with the structure's name for pointers to kernel objects.
  func typeName(_ register: RegisterState) -> String {
    guard register.kind == .btf else { return kindName(register) }
    return kindName(register) + structureName(register)
  }

  /// The name of the structure that a typed pointer points to.
  func structureName(_ register: RegisterState) -> String {
    let types = register.flags.contains(.ownType) ? program.ownTypes : program.kernelTypes
    return (try? types?.name(of: .init(register.object))) ?? ""
  }
}

extension RegisterKind {
  /// What an access of it is called where it is not aligned.
  var accessName: String {
    switch self {
    case .packet, .packetMetadata: "packet "
    case .flowKeys: "flow keys "
    case .mapKey: "key "
    case .mapValue: "value "
    case .context: "context "
    case .stack: "stack "
    case .socket: "sock "
    case .socketCommon: "sock_common "
    case .tcpSocket: "tcp_sock "
    case .xdpSocket: "xdp_sock "
    default: ""
    }
  }

  var name: String {
    switch self {
    case .uninitialized: "?"
    case .scalar: "scalar"
    case .context: "ctx"
    case .mapPointer: "map_ptr"
    case .mapKey: "map_key"
    case .mapValue: "map_value"
    case .stack: "fp"
    case .packet: "pkt"
    case .packetMetadata: "pkt_meta"
    case .packetEnd: "pkt_end"
    case .flowKeys: "flow_keys"
    case .socket: "sock"
    case .socketCommon: "sock_common"
    case .tcpSocket: "tcp_sock"
    case .xdpSocket: "xdp_sock"
    case .tracepointBuffer: "tp_buffer"
    case .btf: "ptr_"
    case .memory: "mem"
    case .buffer: "buf"
    case .arena: "arena"
    case .function: "func"
    case .dynptr: "dynptr_ptr"
    }
  }
}

extension TristateNumber {
  /// The form in which the kernel's log shows a number of unknown bits: value and mask, or the value alone, in decimal up to
  /// 16 bits.
  var logText: String {
    guard isConstant else { return "(0x\(String(value, radix: 16)); 0x\(String(mask, radix: 16)))" }
    return value <= UInt64(UInt16.max) ? "\(value)" : "0x" + String(value, radix: 16)
  }
}
