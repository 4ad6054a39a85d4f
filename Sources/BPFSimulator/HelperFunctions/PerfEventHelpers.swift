import BPFExecution
import BPFMaps
import BPFObject

/// Records for user space through the buffers of perf events.
let perfEventHelpers: [HelperImplementation] = [
  .init("bpf_perf_event_output", perfEventOutput)
]

/// `BPF_F_INDEX_MASK`, and `BPF_F_CURRENT_CPU`, which is the same number.
private let indexMask: UInt64 = 0xffff_ffff
/// `BPF_F_CTXLEN_MASK`: how much of the packet follows the record, in programs that have one.
private let packetLengthMask: UInt64 = 0xfffff << 32

private func perfEventOutput(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_perf_event_output"
  try run.requireContext(invocation.r1, name)
  let map = try run.map(invocation.r2, name, argument: 2)
  let flags = invocation.r3
  let size = try run.size(invocation.r5, name, argument: 5)
  var record = try run.bytes(invocation.r4, count: size, name, argument: 4)
  guard flags & ~(indexMask | (run.packet == nil ? 0 : packetLengthMask)) == 0 else {
    return LinuxErrno.invalidArgument.register
  }
  if let packet = run.packet {
    guard let bytes = packet.load(at: 0, count: Int((flags & packetLengthMask) >> 32)) else {
      return LinuxErrno.badAddress.register
    }
    record += bytes
  }
  let index = flags & indexMask == indexMask ? UInt32(run.cpu.number) : UInt32(truncatingIfNeeded: flags & indexMask)
  guard index < map.definition.maxEntries else { return LinuxErrno.tooBig.register }
  let key = withUnsafeBytes(of: index.littleEndian, Array.init)
  guard let buffer = map.map.storedObject(forKey: key)?.object as? PerfEventBuffer else {
    return LinuxErrno.noSuchEntry.register
  }
  guard buffer.cpu == run.cpu.number else { return LinuxErrno.notSupported.register }
  return buffer.append(record) ? 0 : LinuxErrno.noSpace.register
}
