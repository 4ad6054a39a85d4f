internal import BPFInstructions
package import BPFObject

extension HelperPrototype {
  /// The prototype of a function as programs of a kind see it; `nil` where there is no such function.
  ///
  /// Whether programs of the kind may call it at all is another question: ``HelperSet/available(to:)``.
  package static func prototype(of identifier: Int32, for kind: ProgramKind) -> HelperPrototype? {
    guard identifier >= 1, identifier <= Self.all.count else { return nil }
    let usual = all[Int(identifier) - 1]
    guard varying.contains(identifier) else { return usual }
    let tracesKernel = [.tracing, .lsm, .systemCall].contains(kind.type)
    switch usual.name {
    case "bpf_get_cgroup_classid":
      let takesPacket: [ProgramType] = [
        .trafficClassifier, .trafficAction, .lightweightTunnelIn, .lightweightTunnelOut, .lightweightTunnelTransmit,
        .lightweightTunnelSeg6Local,
      ]
      return takesPacket.contains(kind.type) ? usual.taking([.context]) : usual
    case "bpf_get_stackid":
      return kind.type == .perfEvent ? usual.without(.gplOnly) : usual
    case "bpf_get_socket_cookie":
      return tracesKernel || kind.type == .socketReusePort ? usual.taking([.kernelSocketCommonOrNull]) : usual
    case "bpf_setsockopt", "bpf_getsockopt":
      return tracesKernel || kind.type == .cgroupSocketOption
        ? usual.taking([.kernelSocketCommon] + usual.arguments.dropFirst()) : usual
    case "bpf_sk_storage_get", "bpf_sk_storage_delete":
      let socket: HelperArgument =
        switch kind.type {
        case .cgroupSocket: .context
        case _ where tracesKernel: .objectOrNull("sock_common")
        default: .kernelSocketCommon
        }
      return usual.taking([.map, socket] + usual.arguments.dropFirst(2))
    case "bpf_sk_assign":
      return kind.type == .socketLookup ? usual.taking([.context, .socketOrNull, .anything]) : usual
    case "bpf_xdp_get_buff_len":
      return tracesKernel ? usual.taking([.object("xdp_buff")]) : usual
    default:
      return usual
    }
  }

  /// The functions that have another prototype for some programs.
  private static let varying = HelperSet(
    named: """
      get_cgroup_classid get_stackid get_socket_cookie setsockopt getsockopt sk_storage_get sk_storage_delete sk_assign
      xdp_get_buff_len
      """)

  /// Whether a function of the set is refused all the same because of what the program is for
  /// (`helper call is not allowed in probe`).
  package static func isRefusedInProbe(_ identifier: Int32, for kind: ProgramKind) -> Bool {
    guard refusedInSome.contains(identifier) else { return false }
    let isIterator = kind.attachType == AttachType.traceIterator.rawValue
    switch all[Int(identifier) - 1].name {
    case "bpf_d_path":
      // Elsewhere it depends on the function: where the path's lock may be taken.
      return kind.type != .lsm && !(kind.type == .tracing && (isIterator || pathFunctions.contains(kind.target)))
    case "bpf_sk_storage_get", "bpf_sk_storage_delete":
      guard kind.type == .tracing else { return kind.type == .systemCall }
      // Functions that deal with this storage must not be traced by a program that uses it.
      let tracesFunction = !isIterator && kind.attachType != AttachType.traceRawTracepoint.rawValue
      return tracesFunction && kind.target.hasPrefix("bpf_sk_storage")
    default:
      return false
    }
  }

  private static let refusedInSome = HelperSet(named: "d_path sk_storage_get sk_storage_delete")

  private static let pathFunctions: Set<String> = [
    "security_file_permission", "security_inode_getattr", "security_file_open", "security_path_truncate",
    "vfs_truncate", "vfs_fallocate", "dentry_open", "vfs_getattr", "filp_close",
  ]

  /// The prototypes of all helper functions, by number from 1.
  package static let all: [HelperPrototype] = rows1To106 + rows107To211

  /// The name in C.
  package var name: String { HelperFunction(identifier: identifier)?.name ?? "" }

  /// A row of the table. What `HelperFunction` has, the number and what licence and sleep demand, is not repeated.
  static func row(
    _ name: String, _ arguments: [HelperArgument] = [], returns result: HelperResult = .integer, _ traits: Traits = []
  ) -> HelperPrototype {
    let function = HelperFunction(name: name)
    var traits = traits
    if function?.traits.contains(.gplOnly) == true { traits.insert(.gplOnly) }
    if function?.traits.contains(.mightSleep) == true { traits.insert(.mightSleep) }
    if function?.traits.contains(.preservesRegisters) == true { traits.insert(.preservesRegisters) }
    return HelperPrototype(
      identifier: function?.identifier ?? 0, arguments: arguments, result: result, traits: traits)
  }

  private func taking(_ arguments: [HelperArgument]) -> HelperPrototype {
    HelperPrototype(identifier: identifier, arguments: arguments, result: result, traits: traits)
  }

  private func without(_ trait: Traits) -> HelperPrototype {
    HelperPrototype(
      identifier: identifier, arguments: arguments, result: result, traits: traits.subtracting(trait))
  }
}

/// The arguments that occur, by name.
extension HelperArgument {
  static let anything = HelperArgument(.anything)
  static let context = HelperArgument(.context)
  static let contextOrNull = HelperArgument(.context, .isNullable)
  static let map = HelperArgument(.map)
  static let mapKey = HelperArgument(.mapKey)
  static let mapValue = HelperArgument(.mapValue)
  static let mapValueOrNull = HelperArgument(.mapValue, .isNullable)
  static let writtenMapValue = HelperArgument(.mapValue, [.isUninitialized, .isWritten])
  /// Memory that the function may read; it must be writable all the same.
  static let memory = HelperArgument(.memory)
  static let readMemory = HelperArgument(.memory, .isOnlyRead)
  static let readMemoryOrNull = HelperArgument(.memory, [.isOnlyRead, .isNullable])
  /// Memory that the function fills.
  static let newMemory = HelperArgument(.memory, [.isUninitialized, .isWritten])
  static let writtenMemory = HelperArgument(.memory, .isWritten)
  static let writtenMemoryOrNull = HelperArgument(.memory, [.isWritten, .isNullable])
  static let size = HelperArgument(.size(mayBeZero: false))
  static let sizeOrZero = HelperArgument(.size(mayBeZero: true))
  static let allocationSize = HelperArgument(.allocationSize)
  static let ringBufferRecord = HelperArgument(.ringBufferRecord, .isReleased)
  static let spinLock = HelperArgument(.spinLock)
  static let timer = HelperArgument(.timer)
  static let pointerField = HelperArgument(.pointerField)
  static let fieldPointer = HelperArgument(.fieldPointer, [.isNullable, .isReleased])
  static let function = HelperArgument(.function)
  static let stackOrNull = HelperArgument(.stack, .isNullable)
  static let constantText = HelperArgument(.constantText)
  static let socketCommon = HelperArgument(.socketCommon)
  static let socketOrNull = HelperArgument(.socket, .isNullable)
  static let kernelSocketCommon = HelperArgument(.kernelSocketCommon)
  static let kernelSocketCommonOrNull = HelperArgument(.kernelSocketCommon, .isNullable)
  static let releasedSocket = HelperArgument(.kernelSocketCommon, .isReleased)
  static let perCPUVariable = HelperArgument(.perCPUVariable)

  static func object(_ structure: String) -> HelperArgument { HelperArgument(.kernelObject(structure)) }
  static func objectOrNull(_ structure: String) -> HelperArgument {
    HelperArgument(.kernelObject(structure), .isNullable)
  }
  static func fixedMemory(_ byteCount: Int, _ traits: Traits) -> HelperArgument {
    HelperArgument(.fixedMemory(byteCount: byteCount), traits)
  }
  static func dynptr(_ dynptr: Dynptr) -> HelperArgument {
    let traits: Traits =
      switch dynptr {
      case .any: .isOnlyRead
      case .newLocal, .newRingBuffer: [.isUninitialized, .isWritten]
      case .ringBuffer: .isReleased
      }
    return HelperArgument(.dynptr(dynptr), traits)
  }
}

extension HelperArgument.Traits {
  static let newAligned: HelperArgument.Traits = [.isUninitialized, .isWritten, .isAligned]
  static let writtenAligned: HelperArgument.Traits = [.isWritten, .isAligned]
}
