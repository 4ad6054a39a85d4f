import BPFExecution
import BPFMaps
import BPFObject

/// Operations on maps.
let mapHelpers: [HelperImplementation] = [
  .init("bpf_map_lookup_elem", lookup),
  .init("bpf_map_update_elem", update),
  .init("bpf_map_delete_elem", delete),
  .init("bpf_map_push_elem", push),
  .init("bpf_map_pop_elem", pop),
  .init("bpf_map_peek_elem", peek),
  .init("bpf_map_lookup_percpu_elem", lookupOnCPU),
  .init("bpf_for_each_map_elem", forEachElement),
]

private func lookup(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_map_lookup_elem"
  let map = try run.map(invocation.r1, name)
  switch map.map.type {
  case .arrayOfMaps, .hashOfMaps:
    return try run.withKey(of: map, at: invocation.r2, name) { map.map.programLookupStored($0) } ?? 0
  default:
    let offset = try run.withKey(of: map, at: invocation.r2, name) { map.map.programLookup($0, cpu: run.cpu.number) }
    return offset.flatMap(map.address(ofOffset:)) ?? 0
  }
}

private func lookupOnCPU(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let map = try run.map(invocation.r1, "bpf_map_lookup_percpu_elem")
  let cpu = Int(UInt32(truncatingIfNeeded: invocation.r3))
  let offset = try run.withKey(of: map, at: invocation.r2, "bpf_map_lookup_percpu_elem") {
    map.map.programLookup($0, onCPU: cpu)
  }
  return offset.flatMap(map.address(ofOffset:)) ?? 0
}

private func update(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_map_update_elem"
  let map = try run.map(invocation.r1, name)
  let memory = run.machine.memory
  let (keyAddress, valueAddress) = (invocation.r2, invocation.r3)
  let flags = ElementFlags(rawValue: invocation.r4)
  guard memory.translate(valueAddress, byteCount: map.map.valueSize, for: .read) != nil else {
    throw run.invalidArgument(name, 3, valueAddress, "a value of \(map.map.valueSize) bytes")
  }
  return try run.withKey(of: map, at: keyAddress, name) { key in
    status { () throws(LinuxErrno) in
      try memory.withBytes(at: valueAddress, byteCount: map.map.valueSize) { value throws(LinuxErrno) in
        try map.map.programUpdate(key, value, flags: flags, cpu: run.cpu.number)
      }
    }
  }
}

private func delete(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let map = try run.map(invocation.r1, "bpf_map_delete_elem")
  return try run.withKey(of: map, at: invocation.r2, "bpf_map_delete_elem") { key in
    status { () throws(LinuxErrno) in try map.map.programDelete(key, cpu: run.cpu.number) }
  }
}

private func push(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let map = try run.map(invocation.r1, "bpf_map_push_elem")
  let (address, flags) = (invocation.r2, ElementFlags(rawValue: invocation.r3))
  let result = run.machine.memory.withBytes(at: address, byteCount: map.map.valueSize) { value in
    status { () throws(LinuxErrno) in try map.map.programPush(value, flags: flags) }
  }
  guard let result else {
    throw run.invalidArgument("bpf_map_push_elem", 2, address, "a value of \(map.map.valueSize) bytes")
  }
  return result
}

private func pop(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let map = try run.map(invocation.r1, "bpf_map_pop_elem")
  return try take(run, map, invocation.r2, "bpf_map_pop_elem") { map, span throws(LinuxErrno) in
    try map.programPop(into: &span)
  }
}

private func peek(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let map = try run.map(invocation.r1, "bpf_map_peek_elem")
  return try take(run, map, invocation.r2, "bpf_map_peek_elem") { map, span throws(LinuxErrno) in
    try map.programPeek(into: &span)
  }
}

private func take(
  _ run: ProgramRun, _ map: LoadedMap, _ address: UInt64, _ name: String,
  _ body: (BPFMap, inout MutableRawSpan) throws(LinuxErrno) -> Void
) throws(ExecutionFault) -> UInt64 {
  let result = run.machine.memory.withMutableBytes(at: address, byteCount: map.map.valueSize) { span in
    do throws(LinuxErrno) {
      try body(map.map, &span)
      return 0 as UInt64
    } catch {
      return error.register
    }
  }
  guard let result else {
    throw run.invalidArgument(name, 2, address, "room for a value of \(map.map.valueSize) bytes")
  }
  return result
}

/// Calls a function of the program for each element; a result of 1 ends the iteration.
private func forEachElement(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_for_each_map_elem"
  let map = try run.map(invocation.r1, name)
  let (callback, argument, flags) = (invocation.r2, invocation.r3, invocation.r4)
  _ = try run.function(callback, name, argument: 2, invocation)
  guard flags == 0 else { return LinuxErrno.invalidArgument.register }
  guard map.map.supportsIteration else {
    throw ExecutionFault(.environment("\(name): maps of type \(map.map.type) cannot be iterated"))
  }
  var cursor = ElementCursor()
  var count: UInt64 = 0
  while let visited = map.map.nextElement(&cursor, cpu: run.cpu.number) {
    count += 1
    guard let value = map.address(ofOffset: visited.valueOffset) else { break }
    let key: ProgramAddress
    do {
      key = try run.machine.keyAddress(of: visited.element, in: map)
    } catch {
      throw ExecutionFault(.environment("\(name): \(error)"))
    }
    defer { run.machine.giveBackKey(key, of: map) }
    let result = try invocation.call(function: callback, map.object.address, key, value, argument)
    try requireLoopResult(result, name)
    if result == 1 { break }
  }
  return count
}

extension ProgramRun {
  /// Lends the key that an argument points to.
  func withKey<Result>(
    of map: LoadedMap, at address: UInt64, _ function: String, _ body: (RawSpan) -> Result
  ) throws(ExecutionFault) -> Result {
    guard let result = machine.memory.withBytes(at: address, byteCount: map.map.keySize, body) else {
      throw invalidArgument(function, 2, address, "a key of \(map.map.keySize) bytes")
    }
    return result
  }
}
