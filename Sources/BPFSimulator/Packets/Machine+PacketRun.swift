import BPFExecution
import BPFObject

extension LoadedObject {
  /// Runs a networking program once on a packet: of type XDP, traffic control (`tc`) or socket filter.
  ///
  /// It is what `BPF_PROG_TEST_RUN` does: the packet begins with an Ethernet header and has come in on the loopback
  /// interface; a socket filter sees it from the header of the network on.
  ///
  /// - Parameters:
  ///   - name: the program.
  ///   - packet: 14 to 3520 bytes for XDP, 14 to 3712 for the others, with a whole header of IPv4 or IPv6 if the
  ///     type in the Ethernet header says that there is one.
  ///   - attributes: what the context says of the packet.
  ///   - metadata: bytes in front of the packet of an XDP program: up to 216, a multiple of 4.
  ///   - cpu: the CPU on which the program runs.
  public func run(
    _ name: String, packet: [UInt8], attributes: PacketAttributes = PacketAttributes(), metadata: [UInt8] = [],
    on cpu: Int = 0
  ) throws(MachineError) -> PacketResult {
    try machine.testRun(program(name), packet: packet, attributes: attributes, metadata: metadata, on: cpu)
  }
}

extension ProgramType {
  /// What a packet is to programs of the type, `nil` when they have none.
  var packetKind: Packet.Kind? {
    switch self {
    case .xdp: .express
    case .trafficClassifier, .trafficAction: .socketBuffer
    case .socketFilter: .socketFilter
    default: nil
    }
  }

  /// The verdict with which the packet goes where `bpf_redirect` has said.
  fileprivate var redirectVerdict: UInt32? {
    switch self {
    case .xdp: 4  // XDP_REDIRECT
    case .trafficClassifier, .trafficAction: 7  // TC_ACT_REDIRECT
    default: nil
    }
  }
}

extension Machine {
  fileprivate func testRun(
    _ program: LoadedProgram, packet bytes: [UInt8], attributes: PacketAttributes, metadata: [UInt8], on number: Int
  ) throws(MachineError) -> PacketResult {
    let cpu = try cpu(number)
    guard let kind = program.kind.type.packetKind else {
      throw MachineError("program '\(program.name)' does not work on packets: its type is \(program.kind.type)")
    }
    let packet: Packet
    do {
      packet = try Packet(kind, bytes, metadata: metadata)
    } catch {
      throw MachineError("program '\(program.name)' cannot be run on \(bytes.count) bytes: \(error.reason)")
    }
    let context = try PacketContext(packet, attributes, kernelObjects)
    return try operate { () throws(MachineError) -> PacketResult in
      let caller = cpu.context == .user ? cpu.current : nil
      caller?.systemCall = .bpf
      defer { caller?.systemCall = nil }
      let (verdict, after) = try run(program, packet, context, on: cpu)
      let isRedirected = program.kind.type.redirectVerdict == verdict
      return PacketResult(
        verdict: verdict, packet: packet.bytes, metadata: packet.metadata,
        attributes: try context.attributes(in: after, before: attributes),
        redirect: isRedirected ? packet.redirect : nil)
    }
  }

  /// Runs a program on a packet; returns its result and the bytes of the context that it leaves. A fault is recorded,
  /// and thrown by the end of the step.
  private func run(
    _ program: LoadedProgram, _ packet: Packet, _ context: PacketContext, on cpu: CPU
  ) throws(MachineError) -> (UInt32, [UInt8]) {
    let outer = memory.window
    try openWindow(on: packet)
    defer { try? memory.setWindow(outer) }
    let address: ProgramAddress
    do {
      address = try takeContext(
        context.bytes, isWritable: packet.kind != .express, name: "the context of '\(program.name)'")
    } catch {
      throw MachineError("no memory for the context of '\(program.name)': \(error)")
    }
    defer { giveBackContext(address) }
    let run = ProgramRun(machine: self, program: program, cpu: cpu, isSleepable: false, context: address)
    run.packet = packet
    run.packetContext = context
    program.runCount += 1
    guard let result = try? execute(run, entry: 0, arguments: [address]) else { return (0, context.bytes) }
    let after = memory.read(address, byteCount: context.bytes.count) ?? context.bytes
    if let offset = try context.forbiddenChange(in: after) {
      record(
        ProgramFault(
          ExecutionFault(
            .environment("the program has written to offset \(offset) of its context, which it may only read")),
          in: program), on: cpu)
    }
    record(
      .programRan(name: program.name, result: Int64(bitPattern: result.value), instructions: result.instructions),
      on: cpu)
    return (UInt32(truncatingIfNeeded: result.value), after)
  }

  /// Lets the program reach the packet where it is now.
  func openWindow(on packet: Packet) throws(MachineError) {
    do {
      try memory.setWindow(packet.window)
    } catch {
      throw MachineError("the packet cannot be made accessible: \(error)")
    }
  }
}
