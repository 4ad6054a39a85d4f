import BPFInstructions
import BPFLinux
import BPFObject
import BPFTypeFormat
import Foundation
import Testing

@testable import BPFVerifier

/// What the tables say of helper functions, contexts and returns is what the running kernel says.
@Suite("The tables of prototypes and contexts")
struct TableTests {
  @Test("every helper function has a prototype, in the order of numbers")
  func order() {
    #expect(HelperPrototype.all.map(\.identifier) == HelperFunction.all.map(\.identifier))
  }

  @Test("sizes follow memory, and what is named exists")
  func shapes() {
    for prototype in HelperPrototype.all {
      for (index, argument) in prototype.arguments.enumerated() {
        if case .size = argument.kind {
          #expect(index > 0 && prototype.arguments[index - 1].kind == .memory, "\(prototype.name)")
        }
        if argument.kind == .memory {
          let next = prototype.arguments.dropFirst(index + 1).first?.kind
          let isSized = next == .size(mayBeZero: true) || next == .size(mayBeZero: false)
          #expect(isSized, "\(prototype.name), argument \(index + 1)")
        }
      }
    }
    // A name that is misspelt would be left out in silence.
    #expect(HelperSet.common.identifiers.count == 74)
    #expect(HelperSet.available(to: ProgramKind(type: .trafficClassifier)).identifiers.count == 139)
  }

  @Test("suffixes of parameters are told apart")
  func suffixes() {
    let rules: [(String, KernelArgumentRule?)] = [
      ("buffer__szk", .constantSize), ("mem__sz", .size), ("id__k", .constant), ("meta__ign", .ignored),
      ("p__refcounted_kptr", .referenceCountedObject), ("map__map", .map), ("flags__irq_flag", .interruptFlags),
      ("task", nil),
    ]
    for (name, rule) in rules { #expect(KernelArgumentRule(parameterName: name) == rule, "\(name)") }
  }

  @Test(
    "programs may call what the running kernel lets them call", .enabled(if: KernelOracle.isUsable, "needs Linux 6.18"))
  func sets() throws {
    let probe = try Probe()
    // What this or another kernel may be configured without; elsewhere the two must agree.
    let configurable = Set(
      ["bpf_probe_write_user", "bpf_override_return"].compactMap { HelperFunction(name: $0)?.identifier })
    for (number, kind) in Probe.kinds.enumerated() {
      let set = HelperSet.available(to: kind)
      for identifier in 1...Int32(HelperPrototype.all.count) where Probe.takes(number + Int(identifier)) {
        let log = try probe.log(kind, [.callHelper(identifier), .exit])
        let isAllowed = !log.contains("program of this type cannot use helper")
        if configurable.contains(identifier), !isAllowed { continue }
        if set.contains(identifier) != isAllowed {
          Issue.record("\(kind.prefix) \(HelperPrototype.all[Int(identifier) - 1].name): \(log)")
        }
      }
    }
  }

  @Test(
    "functions refuse a context or a number where the table says so",
    .enabled(if: KernelOracle.isUsable, "needs Linux 6.18"))
  func arguments() throws {
    let probe = try Probe()
    var count = 0
    for (number, kind) in Probe.kinds.enumerated() {
      for identifier in HelperSet.available(to: kind).identifiers where Probe.takes(number + Int(identifier)) {
        guard let prototype = HelperPrototype.prototype(of: identifier, for: kind),
          !HelperPrototype.isRefusedInProbe(identifier, for: kind)
        else { continue }
        if prototype.traits.contains(.mightSleep), !kind.isSleepable { continue }
        let withContext = try probe.log(kind, [.callHelper(identifier), .exit])
        if withContext.contains("cannot use helper") { continue }
        let withNumber = try probe.log(kind, [.set(.r1, 5), .callHelper(identifier), .exit])
        let kindOfFirst = prototype.arguments.first?.kind
        let expected = kindOfFirst.flatMap(Probe.expectation)
        count += 1
        switch kindOfFirst {
        case nil, .anything:
          #expect(!withNumber.contains("R1 type="), "\(kind.prefix) \(prototype.name): \(withNumber)")
        case .context:
          #expect(withNumber.contains("R1 type=scalar expected=ctx"), "\(kind.prefix) \(prototype.name): \(withNumber)")
        default:
          #expect(
            withContext.contains("R1 type=ctx expected=\(expected ?? "")"),
            "\(kind.prefix) \(prototype.name): \(withContext)")
        }
      }
    }
    #expect(count * Probe.step > 2000)
  }

  @Test(
    "contexts are read and written as in the running kernel", .enabled(if: KernelOracle.isUsable, "needs Linux 6.18"))
  func contexts() throws {
    let probe = try Probe()
    for (number, kind) in Probe.kinds.enumerated() {
      let layout = ContextLayout.layout(for: kind)
      if layout.rule == .parameters { continue }
      for byteCount in [1, 2, 4, 8] {
        for offset in stride(from: 0, to: 224, by: byteCount) {
          for isWrite in [false, true] where Probe.takes(number + offset / byteCount) {
            let body: [Instruction] =
              isWrite ? [.set(.r2, 0), .store(byteCount, offset)] : [.load(byteCount, offset), .set(.r0, 1)]
            let log = try probe.log(kind, body + [.set(.r0, 1), .exit])
            let isAllowed = !log.contains("invalid bpf_context access") && !log.contains("misaligned context access")
            let access = layout.access(offset: offset, byteCount: byteCount, isWrite: isWrite)
            if (access != nil) != isAllowed {
              Issue.record("\(kind.prefix) \(isWrite ? "write" : "read") of \(byteCount) at \(offset): \(log)")
            }
          }
        }
      }
    }
  }

  @Test("what is read from contexts has the kind of the table", .enabled(if: KernelOracle.isUsable, "needs Linux 6.18"))
  func values() throws {
    let probe = try Probe()
    for kind in Probe.kinds {
      guard case .members(let members) = ContextLayout.layout(for: kind).rule else { continue }
      for member in members where member.reads == .whole && member.value != .scalar {
        // Arithmetic on the value names what it is.
        let log = try probe.log(
          kind,
          [
            .load(member.byteCount, member.offset), Instruction(opcode: 0x67, destination: 0, immediate: 1),
            .set(.r0, 1), .exit,
          ],
          level: 2)
        let name =
          switch member.value {
          case .packet: "=pkt("
          case .packetEnd: "=pkt_end("
          case .packetMetadata: "=pkt_meta("
          case .socket(true): "=sock_or_null("
          case .socket(false): "=sock("
          case .socketCommon(true): "=sock_common_or_null("
          case .socketCommon(false): "=sock_common("
          case .flowKeys: "=flow_keys("
          case .kernelObject(let name): "=trusted_ptr_\(name)("
          case .scalar, .tracepointBuffer: "="
          }
        #expect(log.contains("R0\(name)") || log.contains("R0_w\(name)"), "\(kind.prefix) \(member.name): \(log)")
      }
    }
  }

  @Test(
    "programs may return what the running kernel lets them return",
    .enabled(if: KernelOracle.isUsable, "needs Linux 6.18"))
  func returns() throws {
    let probe = try Probe()
    for kind in Probe.kinds {
      // An unknown number of 64 bits: the kernel names the range that it wants.
      let log = try probe.log(
        kind, [.callHelper(7), Instruction(opcode: 0x67, destination: 0, immediate: 32), .exit])
      switch ReturnRule.rule(for: kind) {
      case .anything, .byPrototype: #expect(!log.contains("At program exit"), "\(kind.prefix): \(log)")
      case .range(let range):
        #expect(
          log.contains("should have been in [\(range.lowerBound), \(range.upperBound)]"), "\(kind.prefix): \(log)")
      }
    }
  }

  @Test(
    "helper functions take the maps that the running kernel lets them take",
    .enabled(if: KernelOracle.isUsable, "needs Linux 6.18"))
  func maps() throws {
    let shapes: [(MapType, UInt32, UInt32, UInt32)] = [
      (.hash, 8, 64, 4), (.array, 4, 64, 4), (.perCPUHash, 8, 64, 4), (.stackTrace, 4, 1016, 4), (.lruHash, 8, 64, 4),
      (.perfEventArray, 4, 4, 2), (.cgroupArray, 4, 4, 2), (.queue, 0, 64, 4), (.stack, 0, 64, 4),
      (.ringBuffer, 0, 0, 4096), (.userRingBuffer, 0, 0, 4096), (.bloomFilter, 0, 8, 4), (.socketMap, 4, 8, 2),
      (.socketHash, 4, 8, 2), (.xskMap, 4, 4, 2), (.deviceMapHash, 4, 8, 2), (.perCPUArray, 4, 64, 4),
    ]
    // Functions whose other arguments need no more than numbers and the stack, with a program that has them.
    let functions: [(String, ProgramKind)] = [
      ("bpf_map_lookup_elem", ProgramKind(type: .xdp)), ("bpf_map_delete_elem", ProgramKind(type: .kprobe)),
      ("bpf_map_push_elem", ProgramKind(type: .xdp)), ("bpf_map_pop_elem", ProgramKind(type: .xdp)),
      ("bpf_map_peek_elem", ProgramKind(type: .xdp)), ("bpf_ringbuf_query", ProgramKind(type: .xdp)),
      ("bpf_redirect_map", ProgramKind(type: .xdp)), ("bpf_map_lookup_percpu_elem", ProgramKind(type: .xdp)),
      ("bpf_current_task_under_cgroup", ProgramKind(type: .xdp)), ("bpf_perf_event_read", ProgramKind(type: .kprobe)),
    ]
    var count = 0
    for (type, keySize, valueSize, entries) in shapes {
      let definition = MapDefinition(
        name: "m", type: type, keySize: keySize, valueSize: valueSize, maxEntries: entries)
      let probe = try Probe(definition)
      for (name, kind) in functions {
        guard let identifier = HelperFunction(name: name)?.identifier else { continue }
        let takesStack = HelperPrototype.all[Int(identifier) - 1].arguments.contains {
          [.mapKey, .mapValue].contains($0.kind)
        }
        let second: [Instruction] =
          takesStack
          ? [.move(.r2, .r10), Instruction(opcode: 0x07, destination: 2, immediate: -64)] : [.set(.r2, 0)]
        let log = try probe.log(
          kind,
          [Instruction(opcode: 0x18, destination: 1, source: 1), Instruction(opcode: 0)] + second + [
            .set(.r3, 0), .callHelper(identifier), .set(.r0, 0), .exit,
          ], references: [0: .map("m")])
        let isRefused = log.contains("cannot pass map_type") || log.contains("cannot update sockmap")
        // Where the map's sizes are wrong for the function, that is said first.
        guard isRefused || log.contains("processed 7 insns") || log.contains("processed 8 insns") else { continue }
        count += 1
        #expect(MapRule.allows(type, in: identifier, for: kind) != isRefused, "\(type) in \(name): \(log)")
      }
    }
    #expect(count > 60)
  }

  @Test(
    "every kernel function of the running kernel is in the table",
    .enabled(if: KernelOracle.isUsable, "needs Linux 6.18"))
  func kernelFunctions() throws {
    // Tagged functions that are for structure operations of TCP, or for tests of the kernel itself.
    let others = [
      "bbr_", "cubictcp_", "dctcp_", "tcp_", "bpf_kfunc_call_", "bpf_modify_return_test", "bpf_fentry_test", "scx_",
      "hid_",
    ]
    let types = try LinuxKernel().types()
    var count = 0
    for id in types.identifiers where try types.kind(of: id) == .function {
      guard try types.declarationTags(on: id).contains("bpf_kfunc") else { continue }
      let name = try types.name(of: id)
      if others.contains(where: name.hasPrefix) { continue }
      count += 1
      #expect(KernelFunction.named(name) != nil, "\(name)")
    }
    #expect(count > 100)
  }
}

/// Small programs put to the running kernel.
private final class Probe {
  /// One of so many combinations is tried, each time the same ones, since all of them take a minute; set
  /// `MEROPS_WHOLE_TABLES` to try all.
  static let step = ProcessInfo.processInfo.environment["MEROPS_WHOLE_TABLES"] == nil ? 16 : 1

  static func takes(_ number: Int) -> Bool { number % step == 0 }

  private let session: LinuxVerification

  init(_ map: MapDefinition? = nil) throws {
    var object = ObjectFile()
    object.license = "GPL"
    if let map { object.maps[map.name] = map }
    session = try LinuxVerification(object)
  }

  /// The messages of the kernel, or with level 2 all that it writes.
  func log(
    _ kind: ProgramKind, _ instructions: [Instruction], references: [Int: Program.Reference] = [:], level: UInt32 = 4
  ) throws -> String {
    var program = Program(name: "p", section: "", kind: kind, instructions: instructions)
    program.references = references
    return try session.verdict(
      of: program, types: nil, license: "GPL", logLevel: level, logSize: level == 2 ? 4096 : 320
    ).log
  }

  static let kinds: [ProgramKind] = {
    let attached: [(ProgramType, AttachType?)] = [
      (.socketFilter, nil), (.kprobe, nil), (.trafficClassifier, nil), (.trafficAction, nil), (.tracepoint, nil),
      (.xdp, nil), (.xdp, .xdpDeviceMap), (.perfEvent, nil), (.cgroupSKB, .cgroupInetIngress),
      (.cgroupSKB, .cgroupInetEgress), (.cgroupSocket, .cgroupInetSocketCreate), (.cgroupSocket, .cgroupInet4PostBind),
      (.cgroupSocket, .cgroupInet6PostBind), (.lightweightTunnelIn, nil), (.lightweightTunnelOut, nil),
      (.lightweightTunnelTransmit, nil), (.lightweightTunnelSeg6Local, nil),
      (.socketOperations, .cgroupSocketOperations), (.socketSKB, nil), (.cgroupDevice, .cgroupDevice),
      (.socketMessage, .socketMessageVerdict), (.rawTracepoint, nil), (.rawTracepointWritable, nil),
      (.socketReusePort, .socketReusePortSelect), (.flowDissector, .flowDissector),
      (.cgroupSystemControl, .cgroupSystemControl), (.cgroupSocketOption, .cgroupGetSocketOption),
      (.cgroupSocketOption, .cgroupSetSocketOption), (.socketLookup, .socketLookup), (.netfilter, .netfilter),
    ]
    var kinds = attached.map { ProgramKind(type: $0, attachType: $1?.rawValue ?? 0) }
    let addresses: [AttachType] = [
      .cgroupInet4Bind, .cgroupInet6Connect, .cgroupUDP4SendMessage, .cgroupUDP6SendMessage, .cgroupUDP6ReceiveMessage,
      .cgroupInet4GetPeerName, .cgroupUnixConnect, .cgroupUnixGetSocketName,
    ]
    kinds += addresses.map { ProgramKind(type: .cgroupSocketAddress, attachType: $0.rawValue) }
    kinds.append(ProgramKind(type: .systemCall, isSleepable: true))
    for (attach, target) in [
      (AttachType.traceRawTracepoint, "sched_switch"), (.traceIterator, "task"), (.traceIterator, "tcp"),
    ] {
      kinds.append(ProgramKind(type: .tracing, attachType: attach.rawValue, target: target))
    }
    for index in kinds.indices { kinds[index].prefix = "\(kinds[index].type)/\(kinds[index].attachType)" }
    return kinds
  }()

  /// What the kernel says it expects where an argument of a kind has to be.
  static func expectation(_ kind: HelperArgument.Kind) -> String? {
    switch kind {
    case .anything, .context: nil
    case .map: "map_ptr"
    case .mapKey, .mapValue, .memory, .fixedMemory: "fp, pkt, pkt_meta, map_key, map_value"
    case .size, .allocationSize: "scalar"
    case .ringBufferRecord: "ringbuf_mem"
    case .spinLock, .pointerField: "map_value, ptr_"
    case .timer, .constantText: "map_value"
    case .fieldPointer, .kernelObject: "ptr_, trusted_ptr_, rcu_ptr_"
    case .function: "func"
    case .stack: "fp"
    case .dynptr: "fp, dynptr_ptr"
    case .socketCommon: "sock_common, sock, tcp_sock, xdp_sock"
    case .socket: "sock"
    case .kernelSocketCommon: "sock_common, sock, tcp_sock, xdp_sock, ptr_, trusted_ptr_"
    case .perCPUVariable: "percpu_ptr_"
    }
  }
}

extension Instruction {
  fileprivate static func callHelper(_ identifier: Int32) -> Instruction {
    Instruction(opcode: 0x85, immediate: identifier)
  }
  fileprivate static let exit = Instruction(opcode: 0x95)
  fileprivate static func set(_ register: Register, _ value: Int32) -> Instruction {
    Instruction(opcode: 0xb7, destination: register.rawValue, immediate: value)
  }
  fileprivate static func move(_ register: Register, _ from: Register) -> Instruction {
    Instruction(opcode: 0xbf, destination: register.rawValue, source: from.rawValue)
  }
  /// A read of the context into R0.
  fileprivate static func load(_ byteCount: Int, _ offset: Int) -> Instruction {
    Instruction(
      opcode: [1: 0x71, 2: 0x69, 4: 0x61][byteCount] ?? 0x79, destination: 0, source: 1, offset: Int16(offset))
  }
  /// A write of R2 to the context.
  fileprivate static func store(_ byteCount: Int, _ offset: Int) -> Instruction {
    Instruction(
      opcode: [1: 0x73, 2: 0x6b, 4: 0x63][byteCount] ?? 0x7b, destination: 1, source: 2, offset: Int16(offset))
  }
}
