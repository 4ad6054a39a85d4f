public import BPFObject
public import BPFTypeFormat
import SystemPackage

/// What the kernel says of a map (`struct bpf_map_info`).
public struct LinuxMapInformation: Hashable, Sendable {
  /// The number of the type.
  public var typeNumber: UInt32
  /// The identifier.
  public var identifier: UInt32
  /// The size of a key in bytes.
  public var keySize: UInt32
  /// The size of a value in bytes.
  public var valueSize: UInt32
  /// The greatest number of elements.
  public var maxEntries: UInt32
  /// The creation flags.
  public var flags: MapFlags
  /// The name, cut to 15 bytes.
  public var name: String
  /// The identifier of its types, 0 when it has none.
  public var types: UInt32
  /// The type of its keys among them.
  public var keyType: BTFTypeID
  /// The type of its values among them.
  public var valueType: BTFTypeID
  /// `map_extra`, which depends on the type.
  public var extra: UInt64
  /// The type, `nil` when Merops does not know the number.
  public var type: MapType? { MapType(rawValue: typeNumber) }
}

/// What the kernel says of a program (`struct bpf_prog_info`).
public struct LinuxProgramInformation: Hashable, Sendable {
  /// The number of the type.
  public var typeNumber: UInt32
  /// The identifier.
  public var identifier: UInt32
  /// The name, cut to 15 bytes.
  public var name: String
  /// The tag: a hash of the instructions.
  public var tag: UInt64
  /// When it was loaded, in nanoseconds since the machine started.
  public var loadTime: UInt64
  /// The user who loaded it.
  public var user: UInt32
  /// Whether its licence is compatible with the GPL.
  public var isGPLCompatible: Bool
  /// The size in bytes after verification.
  public var translatedSize: UInt32
  /// The size in bytes of the machine code, 0 when it is interpreted.
  public var machineCodeSize: UInt32
  /// The number of instructions that the verifier looked at.
  public var verifiedInstructions: UInt32
  /// The identifier of its types, 0 when it has none.
  public var types: UInt32
  /// The number of its functions that have types.
  public var functionCount: UInt32
  /// The number of records of source lines.
  public var lineCount: UInt32
  /// The maps that it uses, by identifier.
  public var maps: [UInt32]
  /// How often it ran, if statistics are on.
  public var runCount: UInt64
  /// How long it ran in nanoseconds, if statistics are on.
  public var runTime: UInt64
  /// The type, `nil` when Merops does not know the number.
  public var type: ProgramType? { ProgramType(rawValue: typeNumber) }
}

extension LinuxKernel {
  /// `BPF_OBJ_GET_INFO_BY_FD` into a buffer.
  func information(
    _ descriptor: Descriptor, into buffer: KernelBuffer, keeping other: KernelBuffer? = nil, for subject: String
  ) throws(BPFError) {
    var attributes = InfoAttributes(
      descriptor: descriptor.rawValue, infoSize: UInt32(truncatingIfNeeded: buffer.count), info: buffer.address)
    do throws(Errno) {
      try systemCalls.perform(.objectGetInfo, &attributes, keeping: buffer, other)
    } catch { throw BPFError(subject, .objectGetInfo, error) }
    withExtendedLifetime(descriptor) {}
  }

  func mapInformation(_ descriptor: Descriptor, for subject: String) throws(BPFError) -> LinuxMapInformation {
    let buffer = KernelBuffer(count: 88)
    try information(descriptor, into: buffer, for: subject)
    let words = buffer.words(22)
    return LinuxMapInformation(
      typeNumber: words[0], identifier: words[1], keySize: words[2], valueSize: words[3], maxEntries: words[4],
      flags: MapFlags(rawValue: words[5]),
      name: String(decoding: buffer.bytes[24..<40].prefix { $0 != 0 }, as: UTF8.self), types: words[16],
      keyType: BTFTypeID(words[17]), valueType: BTFTypeID(words[18]), extra: UInt64(words[20]) | UInt64(words[21]) << 32
    )
  }

  func programInformation(
    _ descriptor: Descriptor, for subject: String
  ) throws(BPFError) -> LinuxProgramInformation {
    var buffer = KernelBuffer(count: 232)
    try information(descriptor, into: buffer, for: subject)
    // Once more, with room for the identifiers of the maps, whose number was the first answer.
    let count = min(buffer.words(14)[13], 1 << 16)
    let maps = KernelBuffer(count: Int(count) * 4)
    if count > 0 {
      var words = [UInt32](repeating: 0, count: 58)
      words[13] = count
      words[14] = UInt32(truncatingIfNeeded: maps.address)
      words[15] = UInt32(truncatingIfNeeded: maps.address >> 32)
      buffer = KernelBuffer(words: words)
      try information(descriptor, into: buffer, keeping: maps, for: subject)
    }
    let words = buffer.words(58)
    func wide(_ index: Int) -> UInt64 { UInt64(words[index]) | UInt64(words[index + 1]) << 32 }
    return LinuxProgramInformation(
      typeNumber: words[0], identifier: words[1],
      name: String(decoding: buffer.bytes[64..<80].prefix { $0 != 0 }, as: UTF8.self), tag: wide(2),
      loadTime: wide(10), user: words[12], isGPLCompatible: words[21] & 1 != 0, translatedSize: words[5],
      machineCodeSize: words[4], verifiedInstructions: words[54], types: words[32], functionCount: words[36],
      lineCount: words[37], maps: maps.words(Int(count)), runCount: wide(50), runTime: wide(48))
  }

  /// The identifiers of all maps of the kernel, in ascending order.
  public func mapIdentifiers() throws(BPFError) -> [UInt32] { try identifiers(.mapGetNextID, "maps") }

  /// The identifiers of all programs of the kernel, in ascending order.
  public func programIdentifiers() throws(BPFError) -> [UInt32] { try identifiers(.programGetNextID, "programs") }

  /// The identifiers of all links of the kernel, in ascending order.
  public func linkIdentifiers() throws(BPFError) -> [UInt32] { try identifiers(.linkGetNextID, "links") }

  func identifiers(_ command: BPFCommandNumber, _ what: String) throws(BPFError) -> [UInt32] {
    var identifiers: [UInt32] = []
    var attributes = IdentifierAttributes()
    while true {
      attributes.identifier = identifiers.last ?? 0
      do throws(Errno) {
        try systemCalls.perform(command, &attributes)
      } catch {
        if error == .noSuchFileOrDirectory { return identifiers }
        throw BPFError("the list of \(what)", command, error)
      }
      // The numbers ascend; should they ever not, there is no end to wait for.
      guard attributes.next > identifiers.last ?? 0 else { return identifiers }
      identifiers.append(attributes.next)
    }
  }

  func open(_ command: BPFCommandNumber, identifier: UInt32, _ subject: String) throws(BPFError) -> Descriptor {
    var attributes = IdentifierAttributes(identifier: identifier)
    do throws(Errno) {
      return Descriptor(try systemCalls.perform(command, &attributes), systemCalls)
    } catch { throw BPFError(subject, command, error) }
  }

  /// The map of an identifier.
  ///
  /// - Throws: ``BPFError`` with ENOENT when it is gone.
  public func map(identifier: UInt32) throws(BPFError) -> LinuxMap {
    let descriptor = try open(.mapGetDescriptorByID, identifier: identifier, "map #\(identifier)")
    return try LinuxMap(descriptor, name: nil, kernel: self)
  }

  /// What the kernel says of the program of an identifier.
  ///
  /// - Throws: ``BPFError`` with ENOENT when it is gone.
  public func programInformation(identifier: UInt32) throws(BPFError) -> LinuxProgramInformation {
    let subject = "program #\(identifier)"
    return try programInformation(try open(.programGetDescriptorByID, identifier: identifier, subject), for: subject)
  }
}
