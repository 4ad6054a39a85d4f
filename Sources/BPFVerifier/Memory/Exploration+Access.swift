internal import BPFInstructions
internal import BPFObject
internal import BPFTypeFormat

extension Exploration {
  /// One access of memory through a register.
  struct Access {
    var base: Register
    var offset: Int
    var size: Int
    /// What is written; nil for a read.
    var value: Operand?
    var isWrite: Bool
    /// Where a read goes; nil when only its permission matters.
    var target: Register?
    var isSignExtending = false
    /// Atomic accesses have to be aligned wherever they are.
    var isAtomic = false
  }

  mutating func load(
    _ size: MemorySize, _ fill: Extension, _ target: Register, _ base: Register, _ offset: Int
  ) throws(Stop) {
    try require(base)
    try requireWritable(target)
    let pointer = pointerKind(base)
    try access(
      Access(
        base: base, offset: offset, size: size.byteCount, isWrite: false, target: target,
        isSignExtending: fill == .sign))
    try notePointerKind(pointer, isLoad: true)
    let place = Self.place(frame, Int(target.rawValue))
    guard size != .doubleWord, registers[place].kind == .scalar else { return }
    if fill == .sign {
      registers[place].number.signExtend(fromBytes: size.byteCount)
      registers[place].unlink()
    } else {
      cutToSize(place, size.byteCount)
    }
  }

  /// A load of fewer than eight bytes fills the others with zeros.
  @inline(__always)
  private mutating func cutToSize(_ place: Int, _ size: Int) {
    if registers[place].number.unsigned.maximum >> UInt64(size * 8) != 0 {
      registers[place].number.truncate(toBytes: size)
    }
  }

  mutating func store(_ size: MemorySize, _ base: Register, _ offset: Int, _ value: Operand) throws(Stop) {
    if case .register(let source) = value { try require(source) }
    try require(base)
    let pointer = pointerKind(base)
    try access(Access(base: base, offset: offset, size: size.byteCount, value: value, isWrite: true))
    try notePointerKind(pointer, isLoad: false)
  }

  /// A number for what a register points to; 0 is none.
  @inline(__always)
  private func pointerKind(_ register: Register) -> UInt32 {
    let place = Self.place(frame, Int(register.rawValue))
    let flags = registers[place].flags.subtracting([.dynptrSlice, .packetSlice, .ownType])
    return UInt32(registers[place].kind.rawValue) << 16 | UInt32(flags.rawValue)
  }

  /// One instruction goes through one kind of pointer, since Linux makes of it what that kind needs.
  @inline(__always)
  private mutating func notePointerKind(_ kind: UInt32, isLoad: Bool) throws(Stop) {
    let known = code.facts[instruction].pointerKind
    if known == kind { return }
    if known == 0 {
      code.facts[instruction].pointerKind = kind
    } else {
      try checkPointerKinds(known, kind, isLoad: isLoad)
    }
  }

  @inline(never)
  private mutating func checkPointerKinds(_ first: UInt32, _ second: UInt32, isLoad: Bool) throws(Stop) {
    let kinds = [first, second].map { RegisterKind(rawValue: UInt8(truncatingIfNeeded: $0 >> 16)) ?? .scalar }
    let special: Set<RegisterKind> = [.context, .socket, .socketCommon, .tcpSocket, .xdpSocket, .btf, .arena]
    guard kinds.contains(where: special.contains) else { return }
    // A load through either takes care of what may not be there.
    if isLoad, kinds.allSatisfy({ $0 == .btf || $0 == .memory }) { return }
    throw reject("same insn cannot be used with different pointers", .invalidArgument, .other)
  }

  mutating func loadAcquire(_ size: MemorySize, _ target: Register, _ base: Register, _ offset: Int) throws(Stop) {
    try require(base)
    try requireWritable(target)
    let pointer = self[base]
    let kind = pointerKind(base)
    try access(
      Access(base: base, offset: offset, size: size.byteCount, isWrite: false, target: target, isAtomic: true))
    try checkAtomicTarget(base, pointer, "BPF_ATOMIC loads from R\(base.rawValue)")
    try notePointerKind(kind, isLoad: false)
    let place = Self.place(frame, Int(target.rawValue))
    if size != .doubleWord, registers[place].kind == .scalar { cutToSize(place, size.byteCount) }
  }

  mutating func storeRelease(_ size: MemorySize, _ base: Register, _ offset: Int, _ value: Register) throws(Stop) {
    try require(value)
    try require(base)
    try access(
      Access(
        base: base, offset: offset, size: size.byteCount, value: .register(value), isWrite: true, isAtomic: true))
    try checkAtomicTarget(base, self[base], "BPF_ATOMIC stores into R\(base.rawValue)")
    try notePointerKind(pointerKind(base), isLoad: false)
  }

  mutating func atomic(
    _ operation: AtomicOperation, _ width: OperandWidth, _ fetches: Bool, _ base: Register, _ offset: Int,
    _ value: Register
  ) throws(Stop) {
    try require(value)
    try require(base)
    if operation == .compareExchange {
      try require(.r0)
    }
    try checkAtomicTarget(base, self[base], "BPF_ATOMIC stores into R\(base.rawValue)")
    let result: Register? = fetches ? (operation == .compareExchange ? .r0 : value) : nil
    if let result { try requireWritable(result) }
    let size = Int(width.rawValue) / 8
    // The write goes first as far as stacks are concerned: what is read back is unknown anyway.
    try access(Access(base: base, offset: offset, size: size, isWrite: false, isAtomic: true))
    let pointer = self[base]
    if let result {
      try access(Access(base: base, offset: offset, size: size, isWrite: false, target: result, isAtomic: true))
      let place = Self.place(frame, Int(result.rawValue))
      if size < 8, registers[place].kind == .scalar { cutToSize(place, size) }
    }
    let loaded = self[base]
    self[base] = pointer
    try access(Access(base: base, offset: offset, size: size, isWrite: true, isAtomic: true))
    if result == base { self[base] = loaded }
  }

  private mutating func checkAtomicTarget(
    _ base: Register, _ state: RegisterState, _ what: String
  ) throws(Stop) {
    switch state.kind {
    case .context, .packet, .packetMetadata, .flowKeys, .socket, .socketCommon, .tcpSocket, .xdpSocket:
      throw reject(
        "\(what) \(kindName(state)) is not allowed", .accessDenied, .notMemory(base, kind: kindName(state)))
    default: break
    }
  }

  // MARK: Dispatch

  /// Checks an access by what the register points to, and does what it does to the state.
  mutating func access(_ access: Access) throws(Stop) {
    let state = self[access.base]
    try checkAlignment(state, access)
    if state.isNullable {
      let name = kindName(state)
      throw reject(
        "R\(access.base.rawValue) invalid mem access '\(name)'", .accessDenied, .possiblyNull(access.base, kind: name))
    }
    accesses[instruction].formUnion(AccessedMemory(state))
    switch state.kind {
    case .stack:
      try checkStackBounds(access.base, state, access.offset, access.size, access.isWrite ? .write : .read)
      if access.isWrite {
        try writeStack(state, access.base, access.offset, access.size, access.value)
      } else {
        try readStack(state, access.base, access.offset, access.size, into: access.target)
      }
    case .mapValue: try accessMapValue(state, access)
    case .mapKey:
      if access.isWrite {
        throw reject(
          "write to change key R\(access.base.rawValue) not allowed", .accessDenied, .readOnlyMemory(access.base))
      }
      try checkRegion(
        state, access.base, access.offset, access.size, limit: program.maps[Int(state.object)].keySize,
        region: "map key", zeroAllowed: false)
      setLoaded(access)
    case .context: try accessContext(state, access)
    case .packet, .packetMetadata: try accessPacket(state, access)
    case .memory: try accessMemory(state, access)
    case .buffer: try accessBuffer(state, access)
    case .btf: try accessObject(state, access)
    case .mapPointer: try accessMapPointer(state, access)
    case .flowKeys: try accessFlowKeys(state, access)
    case .tracepointBuffer: try accessTracepointBuffer(state, access)
    case .socket, .socketCommon, .tcpSocket, .xdpSocket: try accessSocket(state, access)
    case .arena: setLoaded(access)
    case .uninitialized, .scalar, .packetEnd, .function, .dynptr:
      let name = kindName(state)
      throw reject(
        "R\(access.base.rawValue) invalid mem access '\(name)'", .accessDenied,
        .notMemory(access.base, kind: name))
    }
  }

  /// A read gave a number of which nothing is known but its size.
  @inline(__always)
  mutating func setLoaded(_ access: Access) {
    guard !access.isWrite, let target = access.target else { return }
    var loaded = RegisterState.unknown
    if access.size < 8 { loaded.number = ScalarNumber(unknownBytes: access.size) }
    self[target] = loaded
  }

  private mutating func checkAlignment(_ state: RegisterState, _ access: Access) throws(Stop) {
    // Stacks want aligned accesses, since spills would not be found otherwise; elsewhere only atomic ones have to be.
    guard access.size > 1, state.kind == .stack || access.isAtomic, state.kind != .arena else {
      return
    }
    // A packet begins two bytes after a multiple of four.
    let start = state.isPacketPointer ? 2 : 0
    let distance = Int64(start + Int(state.offset) + access.offset)
    let bits = state.number.bits &+ TristateNumber(UInt64(bitPattern: distance))
    guard !bits.isAligned(to: UInt64(access.size)) else { return }
    let variable = state.number.bits.logText
    let sum = (state.isPacketPointer ? "2+" : "") + "\(variable)+\(state.offset)+\(access.offset)"
    throw reject(
      "misaligned \(state.isNullable ? "" : state.kind.accessName)access off \(sum) size \(access.size)", .accessDenied,
      .misaligned(access.base, size: access.size))
  }

  // MARK: Regions of a size

  /// Checks that an access stays within a region for every value of the variable part of the offset.
  mutating func checkRegion(
    _ state: RegisterState, _ register: Register, _ offset: Int, _ size: Int, limit: Int, region: String,
    zeroAllowed: Bool
  ) throws(Stop) {
    let base = Int64(state.offset) + Int64(offset)
    let number = state.number.signed.minimum
    let bounds = Rejection.Bounds(
      region: region, minimum: number.addingReportingOverflow(base).partialValue,
      maximum: Int64(clamping: state.number.unsigned.maximum).addingReportingOverflow(base).partialValue, size: size,
      limit: limit)
    if number < 0,
      number == .min || Int64(Int32(truncatingIfNeeded: number &+ base)) != number &+ base || number &+ base < 0
    {
      throw reject(
        "R\(register.rawValue) min value is negative, either use unsigned index or do a if (index >=0) check.",
        .accessDenied, .negativeMinimum(register, number))
    }
    try checkPlace(
      Int(truncatingIfNeeded: number &+ base), state, register, size, limit, region, zeroAllowed, bounds, "min")
    if state.number.unsigned.maximum >= UInt64(Self.maximumOffset) {
      throw reject(
        "R\(register.rawValue) unbounded memory access, make sure to bounds check any such access", .accessDenied,
        .unboundedMaximum(register, state.number.unsigned.maximum))
    }
    try checkPlace(
      Int(state.number.unsigned.maximum) + Int(base), state, register, size, limit, region, zeroAllowed, bounds, "max")
  }

  private mutating func checkPlace(
    _ offset: Int, _ state: RegisterState, _ register: Register, _ size: Int, _ limit: Int, _ region: String,
    _ zeroAllowed: Bool, _ bounds: Rejection.Bounds, _ which: String
  ) throws(Stop) {
    guard !fits(offset, size, limit, zeroAllowed) else { return }
    let text =
      switch region {
      case "map key": "invalid access to map key, key_size=\(limit) off=\(offset) size=\(size)"
      case "map value": "invalid access to map value, value_size=\(limit) off=\(offset) size=\(size)"
      default: "invalid access to memory, mem_size=\(limit) off=\(offset) size=\(size)"
      }
    throw reject(
      text + "\nR\(register.rawValue) \(which) value is outside of the allowed memory range", .accessDenied,
      .outOfBounds(register, bounds))
  }

  private func fits(_ offset: Int, _ size: Int, _ limit: Int, _ zeroAllowed: Bool) -> Bool {
    let sizeIsFine = size > 0 || size == 0 && zeroAllowed
    return offset >= 0 && sizeIsFine && offset + size <= limit
  }

  // MARK: Map values

  private mutating func accessMapValue(_ state: RegisterState, _ access: Access) throws(Stop) {
    let index = Int(state.object)
    try checkMapPermission(
      state, access.base, access.offset, access.size, isWrite: access.isWrite)
    let fields = program.maps[index].fields.fields
    if !fields.isEmpty, try accessPointerField(state, access, fields) { return }
    try checkMapRegion(state, access.base, access.offset, access.size, zeroAllowed: false)
    guard !access.isWrite, let target = access.target else { return }
    if let value = frozenValue(state, access) {
      self[target] = RegisterState(constant: value)
    } else {
      setLoaded(access)
    }
  }

  mutating func checkMapPermission(
    _ state: RegisterState, _ register: Register, _ offset: Int, _ size: Int, isWrite: Bool
  ) throws(Stop) {
    let map = program.maps[Int(state.object)]
    if isWrite ? map.isReadOnly : map.isWriteOnly {
      let what = isWrite ? "write into map forbidden" : "read from map forbidden"
      throw reject(
        "\(what), value_size=\(map.valueSize) off=\(Int(state.offset) + offset) size=\(size)", .accessDenied,
        .readOnlyMemory(register))
    }
  }

  /// Checks a range of a map value, which may not touch a special field.
  mutating func checkMapRegion(
    _ state: RegisterState, _ register: Register, _ offset: Int, _ size: Int, zeroAllowed: Bool
  ) throws(Stop) {
    let index = Int(state.object)
    try checkRegion(
      state, register, offset, size, limit: program.maps[index].valueSize, region: "map value", zeroAllowed: zeroAllowed
    )
    let low = Int(state.offset) + offset + Int(state.number.signed.minimum)
    let high = Int(state.offset) + offset + Int(state.number.unsigned.maximum) + size
    for field in program.maps[index].fields.fields where low < field.offset + field.byteCount && field.offset < high {
      if field.kind.isPointer {
        let name = field.kind == .perCPUPointer ? "percpu_kptr" : "kptr"
        throw reject("\(name) cannot be accessed indirectly by helper", .accessDenied, .specialField(name))
      }
      throw reject(
        "\(field.kind.logName) cannot be accessed directly by load/store", .accessDenied,
        .specialField(field.kind.description))
    }
  }

  /// The value of a read of what can never change.
  private func frozenValue(_ state: RegisterState, _ access: Access) -> UInt64? {
    let map = program.maps[Int(state.object)]
    guard let frozen = map.frozen, let constant = state.number.constant else { return nil }
    let start = Int(state.offset) + access.offset + Int(Int64(bitPattern: constant))
    guard start >= 0, start + access.size <= map.valueSize else { return nil }
    var value: UInt64 = 0
    for byte in (0..<access.size).reversed() {
      value = value << 8 | UInt64(start + byte < frozen.count ? frozen[start + byte] : 0)
    }
    return value
  }

  // MARK: Packets and plain memory

  private mutating func accessPacket(_ state: RegisterState, _ access: Access) throws(Stop) {
    if access.isWrite, !mayWritePacket {
      throw reject("cannot write into packet", .accessDenied, .readOnlyMemory(access.base))
    }
    try checkPacket(state, access.base, access.offset, access.size, zeroAllowed: false)
    setLoaded(access)
  }

  mutating func checkPacket(
    _ state: RegisterState, _ register: Register, _ offset: Int, _ size: Int, zeroAllowed: Bool
  ) throws(Stop) {
    if state.number.signed.minimum < 0 {
      throw reject(
        "R\(register.rawValue) min value is negative, either use unsigned index or do a if (index >=0) check.",
        .accessDenied, .negativeMinimum(register, state.number.signed.minimum))
    }
    let place = Int(state.offset) + offset
    if state.range < 0 || !fits(place, size, Int(state.range), zeroAllowed) {
      let bounds = Rejection.Bounds(
        region: "packet", minimum: Int64(place), maximum: Int64(place), size: size, limit: Int(max(state.range, 0)))
      let outside = "R\(register.rawValue) offset is outside of the packet"
      if state.range < 0 { throw reject(outside, .invalidArgument, .outOfBounds(register, bounds)) }
      throw reject(
        "invalid access to packet, off=\(place) size=\(size), R\(register.rawValue)(id=\(state.id),off=\(place),r=\(state.range))\n\(outside)",
        .accessDenied, .outOfBounds(register, bounds))
    }
  }

  private mutating func accessMemory(_ state: RegisterState, _ access: Access) throws(Stop) {
    if access.isWrite, state.flags.contains(.readOnly) {
      throw reject(
        "R\(access.base.rawValue) cannot write into \(kindName(state))", .accessDenied, .readOnlyMemory(access.base))
    }
    if state.flags.contains(.untrusted) {
      if access.isWrite {
        throw reject(
          "R\(access.base.rawValue) cannot write into \(kindName(state))", .accessDenied,
          .readOnlyMemory(access.base))
      }
      setLoaded(access)
      return
    }
    try checkRegion(
      state, access.base, access.offset, access.size, limit: Int(state.object), region: "memory", zeroAllowed: false)
    setLoaded(access)
  }

  private mutating func accessBuffer(_ state: RegisterState, _ access: Access) throws(Stop) {
    if access.isWrite, state.flags.contains(.readOnly) {
      throw reject(
        "R\(access.base.rawValue) cannot write into \(kindName(state))", .accessDenied, .readOnlyMemory(access.base))
    }
    try checkBuffer(state, access.base, access.offset, access.size)
    setLoaded(access)
  }

  mutating func checkBuffer(
    _ state: RegisterState, _ register: Register, _ offset: Int, _ size: Int
  ) throws(Stop) {
    let name = state.flags.contains(.readOnly) ? "rdonly" : "rdwr"
    if offset < 0 {
      throw reject(
        "R\(register.rawValue) invalid \(name) buffer access: off=\(offset), size=\(size)", .accessDenied,
        .unboundedOffset(register))
    }
    guard let constant = state.number.constant, constant == 0 else {
      throw reject(
        "R\(register.rawValue) invalid variable buffer offset: off=\(offset), var_off=\(state.number.bits.logText)",
        .accessDenied, .unboundedOffset(register))
    }
    // How much is read is only known when the program is attached; objects in maps say it beforehand.
    if state.object > 0, Int(state.offset) + offset + size > Int(state.object) {
      throw reject(
        "R\(register.rawValue) invalid \(name) buffer access: off=\(offset), size=\(size)", .accessDenied,
        .unboundedOffset(register))
    }
  }

  private mutating func accessMapPointer(_ state: RegisterState, _ access: Access) throws(Stop) {
    if access.isWrite {
      throw reject("only read from \(mapStructure(state)) is supported", .accessDenied, .readOnlyMemory(access.base))
    }
    let offset = Int(state.offset) + access.offset
    if offset < 0 {
      throw reject(
        "R\(access.base.rawValue) is \(mapStructure(state)) invalid negative access: off=\(offset)", .accessDenied,
        .contextAccess(offset: offset, size: access.size))
    }
    guard state.number.constant == 0,
      let structure = program.kernelTypes?.first(named: mapStructure(state), kind: .structure)
    else { throw unsupported("reading members of a map") }
    switch lookUp(structure, isOwn: false, offset: offset, size: access.size) {
    case .scalar: setLoaded(access)
    case .untrustedMemory: setUntrustedMemory(access)
    case .fault(let message):
      throw reject(message, .accessDenied, .contextAccess(offset: offset, size: access.size))
    case .pointer(let target, let tags, _):
      guard let destination = access.target else { return }
      self[destination] = RegisterState(
        kind: .btf, flags: tags.subtracting([.rcu, .untrusted]), object: target.rawValue)
    }
  }

  private func mapStructure(_ state: RegisterState) -> String {
    switch program.maps[Int(state.object)].definition.type {
    case .hash, .perCPUHash, .lruHash, .lruPerCPUHash: "bpf_htab"
    case .array, .perCPUArray, .programArray, .perfEventArray, .arrayOfMaps, .cgroupArray: "bpf_array"
    case .ringBuffer: "bpf_ringbuf_map"
    case .stackTrace: "bpf_stack_map"
    case .longestPrefixMatchTrie: "lpm_trie"
    case .queue, .stack: "bpf_queue_stack"
    default: "bpf_map"
    }
  }

  private mutating func accessFlowKeys(_ state: RegisterState, _ access: Access) throws(Stop) {
    let offset = Int(state.offset) + access.offset
    let size = 96
    guard access.size > 0, offset >= 0, offset + access.size <= size else {
      throw reject(
        "invalid access to flow keys off=\(offset) size=\(access.size)", .accessDenied,
        .contextAccess(offset: offset, size: access.size))
    }
    setLoaded(access)
  }

  private mutating func accessTracepointBuffer(_ state: RegisterState, _ access: Access) throws(Stop) {
    let offset = Int(state.offset) + access.offset
    guard access.offset >= 0 else {
      throw reject(
        "R\(access.base.rawValue) invalid tracepoint buffer access: off=\(access.offset), size=\(access.size)",
        .accessDenied, .contextAccess(offset: offset, size: access.size))
    }
    guard state.number.constant == 0 else {
      throw reject(
        "R\(access.base.rawValue) invalid variable buffer offset: off=\(access.offset), var_off=\(state.number.bits.logText)",
        .accessDenied, .unboundedOffset(access.base))
    }
    setLoaded(access)
  }
}

extension SpecialFields.Kind {
  /// Whether the field is a pointer that programs load and exchange.
  var isPointer: Bool {
    switch self {
    case .untrustedPointer, .referencedPointer, .perCPUPointer, .userPointer: true
    default: false
    }
  }

  /// The kernel's name in messages.
  var logName: String { description }
}
