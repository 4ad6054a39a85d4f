import BPFExecution
import BPFMaps

/// Records from user space.
let userRingBufferHelpers: [HelperImplementation] = [.init("bpf_user_ringbuf_drain", drain)]

/// Calls a function of the program with each record, as a dynptr, until it returns 1 or none is left; returns how many
/// there were.
private func drain(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_user_ringbuf_drain"
  let map = try run.map(invocation.r1, name)
  guard let buffer = map.map as? UserRingBufferMap else {
    throw run.invalidArgument(name, 1, invocation.r1, "a ring buffer of user space")
  }
  let (callback, argument) = (invocation.r2, invocation.r3)
  let flags = RingBufferMap.WakeupFlags(rawValue: invocation.r4)
  _ = try run.function(callback, name, argument: 2, invocation)
  guard flags.subtracting([.noWakeup, .forceWakeup]).isEmpty else { return LinuxErrno.invalidArgument.register }
  guard buffer.beginDrain() else { return LinuxErrno.busy.register }
  var (count, looked, isEnded) = (UInt64(0), 0, false)
  defer { buffer.endDrain(wakes: flags.contains(.forceWakeup) || !flags.contains(.noWakeup) && looked > 0) }
  while looked < UserRingBufferMap.drainLimit, !isEnded {
    let next: UserRingBufferMap.Next
    do throws(LinuxErrno) { next = try buffer.next() } catch { return error.register }
    switch next {
    case .nothing: return count
    case .discarded: break
    case .record(let offset, let byteCount):
      isEnded = try show(run, &invocation, callback, argument, buffer, offset: offset, byteCount: byteCount)
      buffer.release(byteCount: byteCount)
      count += 1
    }
    looked += 1
  }
  return count
}

/// Calls the function with one record, which is in its reach as long as it runs; returns whether it wants no more.
private func show(
  _ run: ProgramRun, _ invocation: inout Invocation, _ callback: UInt64, _ argument: UInt64,
  _ buffer: UserRingBufferMap, offset: Int, byteCount: Int
) throws(ExecutionFault) -> Bool {
  let machine = run.machine
  let record: ProgramAddress
  let place: ProgramAddress
  do throws(AddressSpaceError) {
    record = try machine.memory.map(
      buffer.memory.base + offset, readable: byteCount, name: "a record of ring buffer '\(buffer.name)'")
  } catch {
    throw ExecutionFault(.environment("bpf_user_ringbuf_drain: \(error)"))
  }
  defer { machine.memory.unmap(record) }
  let dynptr = Dynptr(.local, data: record, byteCount: UInt32(truncatingIfNeeded: byteCount))
  do throws(AddressSpaceError) {
    place = try machine.takeContext(
      dynptr.words.flatMap(\.littleEndianBytes), isWritable: true, name: "the dynptr of a record")
  } catch {
    throw ExecutionFault(.environment("bpf_user_ringbuf_drain: \(error)"))
  }
  defer { machine.giveBackContext(place) }
  let result = try invocation.call(function: callback, place, argument)
  try requireLoopResult(result, "bpf_user_ringbuf_drain")
  return result == 1
}
