internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension Exploration {
  /// Whether the program may write to packets.
  var mayWritePacket: Bool {
    switch program.kind.type {
    case .trafficClassifier, .trafficAction, .xdp, .lightweightTunnelTransmit, .socketSKB, .socketMessage: true
    case .cgroupSocketOption: true
    default: false
    }
  }

  /// A pointer with an offset that only some kinds may have.
  mutating func checkUnchanged(_ state: RegisterState, _ register: Register) throws(Stop) {
    let name = kindName(state)
    if state.offset < 0 {
      throw reject(
        "negative offset \(name) ptr R\(register.rawValue) off=\(state.offset) disallowed", .accessDenied,
        .changedContext(register))
    }
    if state.offset != 0 {
      throw reject(
        "dereference of modified \(name) ptr R\(register.rawValue) off=\(state.offset) disallowed", .accessDenied,
        .changedContext(register))
    }
    if state.number.constant != 0 {
      throw reject(
        "variable \(name) access var_off=\(state.number.bits.logText) disallowed", .accessDenied,
        .changedContext(register))
    }
  }

  mutating func accessContext(_ state: RegisterState, _ access: Access) throws(Stop) {
    try checkUnchanged(state, access.base)
    if case .parameters = program.context.rule { return try accessParameter(access) }
    guard access.offset >= 0,
      let allowed = program.context.access(offset: access.offset, byteCount: access.size, isWrite: access.isWrite)
    else {
      throw reject(
        "invalid bpf_context access off=\(access.offset) size=\(access.size)", .accessDenied,
        .contextAccess(offset: access.offset, size: access.size))
    }
    if access.isSignExtending, allowed.value != .scalar {
      throw reject(
        "invalid bpf_context access off=\(access.offset) size=\(access.size)", .accessDenied,
        .contextAccess(offset: access.offset, size: access.size))
    }
    guard !access.isWrite, let target = access.target else { return }
    switch allowed.value {
    case .scalar: setLoaded(access)
    case .packet: self[target] = RegisterState(kind: .packet)
    case .packetMetadata: self[target] = RegisterState(kind: .packetMetadata)
    case .packetEnd: self[target] = RegisterState(kind: .packetEnd)
    case .flowKeys: self[target] = RegisterState(kind: .flowKeys)
    case .socket(let isNullable):
      let socket = RegisterState(kind: .socket)
      self[target] = isNullable ? nullable(socket) : socket
    case .socketCommon(let isNullable):
      let socket = RegisterState(kind: .socketCommon)
      self[target] = isNullable ? nullable(socket) : socket
    case .tracepointBuffer: self[target] = RegisterState(kind: .tracepointBuffer)
    case .kernelObject(let name):
      var object = try kernelObject(named: name)
      object.flags.insert(.trusted)
      self[target] = object
    }
  }

  /// A pointer that may be null, with an id of its own.
  mutating func nullable(_ register: RegisterState) -> RegisterState {
    var register = register
    register.flags.insert(.nullable)
    register.id = newID()
    return register
  }

  /// A pointer to a structure of the kernel by its name.
  mutating func kernelObject(named name: String) throws(Stop) -> RegisterState {
    guard let types = program.kernelTypes else { throw unsupported("struct \(name) without the kernel's types") }
    guard let id = types.first(named: name, kind: .structure) else { throw unsupported("struct \(name)") }
    return RegisterState(kind: .btf, object: id.rawValue)
  }

  mutating func accessSocket(_ state: RegisterState, _ access: Access) throws(Stop) {
    let name = kindName(state)
    if access.isWrite {
      throw reject(
        "R\(access.base.rawValue) cannot write into \(name)", .accessDenied, .readOnlyMemory(access.base))
    }
    if state.number.signed.minimum < 0 {
      throw reject(
        "R\(access.base.rawValue) min value is negative, either use unsigned index or do a if (index >=0) check.",
        .accessDenied, .negativeMinimum(access.base, state.number.signed.minimum))
    }
    let offset = Int(state.offset) + access.offset
    guard state.number.constant == 0, SocketLayout.allows(state.kind, offset: offset, size: access.size) else {
      throw reject(
        "R\(access.base.rawValue) invalid \(name) access off=\(offset) size=\(access.size)", .accessDenied,
        .contextAccess(offset: offset, size: access.size))
    }
    setLoaded(access)
  }
}

/// The members of sockets that programs may read (`struct bpf_sock`, `struct bpf_tcp_sock`, `struct bpf_xdp_sock`).
enum SocketLayout {
  static func allows(_ kind: RegisterKind, offset: Int, size: Int) -> Bool {
    guard offset >= 0, size > 0, offset % size == 0 else { return false }
    switch kind {
    case .socket: return allowsSocket(offset, size)
    // What a socket that is not full has no members for: type, protocol, mark, priority.
    case .socketCommon: return !(8..<24).contains(offset) && allowsSocket(offset, size)
    case .tcpSocket:
      guard offset + size <= 112 else { return false }
      // bytes_received and bytes_acked are the only ones of 64 bits.
      return (80..<96).contains(offset) ? size == 8 : size == 4
    case .xdpSocket: return size == 4 && offset == 0
    default: return false
    }
  }

  private static func allowsSocket(_ offset: Int, _ size: Int) -> Bool {
    guard offset + size <= 80 else { return false }
    switch offset {
    // bound_dev_if, mark and priority are read whole.
    case 0..<4, 16..<24: return size == 4
    // dst_port has two bytes; four at its beginning are allowed for old programs.
    case 48..<52: return size == 4 && offset == 48 || offset + size <= 50
    default: return size <= 4
    }
  }
}
