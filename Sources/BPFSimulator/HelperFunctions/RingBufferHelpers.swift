import BPFExecution
import BPFMaps

/// Records for user space through a ring buffer.
let ringBufferHelpers: [HelperImplementation] = [
  .init("bpf_ringbuf_output", output),
  .init("bpf_ringbuf_reserve", reserve),
  .init("bpf_ringbuf_submit") { run, invocation throws(ExecutionFault) in
    try run.takeReservation(invocation.r1, "bpf_ringbuf_submit").submit(
      flags: RingBufferMap.WakeupFlags(rawValue: invocation.r2))
    return 0
  },
  .init("bpf_ringbuf_discard") { run, invocation throws(ExecutionFault) in
    try run.takeReservation(invocation.r1, "bpf_ringbuf_discard").discard(
      flags: RingBufferMap.WakeupFlags(rawValue: invocation.r2))
    return 0
  },
  .init("bpf_ringbuf_query") { run, invocation throws(ExecutionFault) in
    try run.ringBuffer(invocation.r1, "bpf_ringbuf_query").query(invocation.r2)
  },
]

/// A record that a program has reserved and not yet finished.
struct RingBufferReservation {
  var buffer: RingBufferMap
  /// Where the record is in the buffer's memory.
  var offset: Int

  func submit(flags: RingBufferMap.WakeupFlags) { buffer.submit(at: offset, flags: flags) }
  func discard(flags: RingBufferMap.WakeupFlags) { buffer.discard(at: offset, flags: flags) }
}

private func output(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_ringbuf_output"
  let buffer = try run.ringBuffer(invocation.r1, name)
  let (address, flags) = (invocation.r2, invocation.r4)
  let size = try run.size(invocation.r3, name, argument: 3)
  let result = run.machine.memory.withBytes(at: address, byteCount: size) { record in
    status { () throws(LinuxErrno) in try buffer.output(record, flags: flags) }
  }
  guard let result else { throw run.invalidArgument(name, 2, address, "\(size) readable bytes") }
  return result
}

private func reserve(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_ringbuf_reserve"
  let buffer = try run.ringBuffer(invocation.r1, name)
  let size = try run.size(invocation.r2, name, argument: 2)
  return try run.reserve(size, in: buffer, flags: invocation.r3, name)
}

extension ProgramRun {
  /// Reserves a record; 0 where there is no room.
  ///
  /// It is a region of its own as long as it is reserved, so that no program writes beyond it, or into it when it is user
  /// space's.
  func reserve(
    _ size: Int, in buffer: RingBufferMap, flags: UInt64, _ function: String
  ) throws(ExecutionFault) -> ProgramAddress {
    guard let offset = buffer.reserve(byteCount: UInt64(size), flags: flags) else { return 0 }
    do {
      let address = try machine.memory.map(
        buffer.memory.base + offset, readable: size, name: "a record of ring buffer '\(buffer.name)'")
      reservations[address] = RingBufferReservation(buffer: buffer, offset: offset)
      return address
    } catch {
      buffer.discard(at: offset)
      throw ExecutionFault(.environment("\(function): \(error)"))
    }
  }

  func ringBuffer(_ address: UInt64, _ function: String) throws(ExecutionFault) -> RingBufferMap {
    let map = try map(address, function)
    guard let buffer = map.map as? RingBufferMap else {
      throw invalidArgument(function, 1, address, "a ring buffer")
    }
    return buffer
  }

  /// Ends the program's hold on a record that it has reserved.
  func takeReservation(
    _ address: ProgramAddress, _ function: String
  ) throws(ExecutionFault) -> RingBufferReservation {
    guard let reservation = reservations.removeValue(forKey: address) else {
      throw invalidArgument(function, 1, address, "a record that the program has reserved and not yet finished")
    }
    machine.memory.unmap(address)
    return reservation
  }
}
