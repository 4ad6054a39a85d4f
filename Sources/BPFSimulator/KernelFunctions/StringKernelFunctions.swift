import BPFExecution
import BPFMaps

/// Strings in the memory of the kernel and of programs. They return places and lengths, or why there are none.
let stringKernelFunctions: [KernelFunctionImplementation] = [
  .init(name: "bpf_strcmp") { run, invocation in compare(run, invocation.r1, invocation.r2) { $0 } },
  .init(name: "bpf_strcasecmp") { run, invocation in
    compare(run, invocation.r1, invocation.r2) { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
  },
  .init(name: "bpf_strchr") { run, invocation in
    find(run, invocation.r1, limit: longest, UInt8(truncatingIfNeeded: invocation.r2))
  },
  .init(name: "bpf_strnchr") { run, invocation in
    find(run, invocation.r1, limit: invocation.r2, UInt8(truncatingIfNeeded: invocation.r3))
  },
  .init(name: "bpf_strchrnul") { run, invocation in
    find(run, invocation.r1, limit: longest, UInt8(truncatingIfNeeded: invocation.r2), orEnd: true)
  },
  .init(name: "bpf_strrchr", body: findLast),
  .init(name: "bpf_strlen") { run, invocation in length(run, invocation.r1, limit: longest) },
  .init(name: "bpf_strnlen") { run, invocation in length(run, invocation.r1, limit: invocation.r2) },
  .init(name: "bpf_strspn") { run, invocation in span(run, invocation.r1, invocation.r2, isIn: true) },
  .init(name: "bpf_strcspn") { run, invocation in span(run, invocation.r1, invocation.r2, isIn: false) },
  .init(name: "bpf_strstr") { run, invocation in search(run, invocation.r1, invocation.r2, limit: longest) },
  .init(name: "bpf_strnstr") { run, invocation in search(run, invocation.r1, invocation.r2, limit: invocation.r3) },
]

/// How far a string is followed (`XATTR_SIZE_MAX`).
private let longest: UInt64 = 65536

/// The bytes of a string, as far as they can be read.
private struct KernelString {
  let memory: AddressSpace
  let address: UInt64

  /// - Throws: ERANGE for an address that is none of the kernel's.
  init(_ run: ProgramRun, _ address: UInt64) throws(LinuxErrno) {
    guard address >= ProgramAddress.regionBase else { throw .rangeError }
    memory = run.machine.memory
    self.address = address
  }

  func byte(_ index: UInt64) throws(LinuxErrno) -> UInt8 {
    guard let byte = memory.load(address &+ index, as: UInt8.self) else { throw .badAddress }
    return byte
  }
}

private func result(_ body: () throws(LinuxErrno) -> UInt64) -> UInt64 {
  do throws(LinuxErrno) { return try body() } catch { return error.register }
}

private func compare(_ run: ProgramRun, _ first: UInt64, _ second: UInt64, _ fold: (UInt8) -> UInt8) -> UInt64 {
  result { () throws(LinuxErrno) in
    let (first, second) = (try KernelString(run, first), try KernelString(run, second))
    for index in 0..<longest {
      let (a, b) = (fold(try first.byte(index)), fold(try second.byte(index)))
      if a != b { return a < b ? .max : 1 }
      if a == 0 { return 0 }
    }
    throw .tooBig
  }
}

/// The place of the first byte that is looked for, or where asked for, of the end.
private func find(
  _ run: ProgramRun, _ address: UInt64, limit: UInt64, _ sought: UInt8, orEnd: Bool = false
) -> UInt64 {
  result { () throws(LinuxErrno) in
    let string = try KernelString(run, address)
    for index in 0..<min(limit, longest) {
      let byte = try string.byte(index)
      if byte == sought || orEnd && byte == 0 { return index }
      if byte == 0 { throw .noSuchEntry }
    }
    throw limit >= longest ? .tooBig : .noSuchEntry
  }
}

private func findLast(_ run: ProgramRun, _ invocation: inout Invocation) -> UInt64 {
  // An `int`, of which nothing is cut off.
  let (address, byte) = (invocation.r1, UInt32(truncatingIfNeeded: invocation.r2))
  return result { () throws(LinuxErrno) in
    let string = try KernelString(run, address)
    var last: UInt64?
    for index in 0..<longest {
      let next = try string.byte(index)
      if UInt32(next) == byte { last = index }
      guard next == 0 else { continue }
      guard let last else { throw .noSuchEntry }
      return last
    }
    throw .tooBig
  }
}

private func length(_ run: ProgramRun, _ address: UInt64, limit: UInt64) -> UInt64 {
  result { () throws(LinuxErrno) in
    let string = try KernelString(run, address)
    for index in 0..<min(limit, longest) where try string.byte(index) == 0 { return index }
    guard limit < longest else { throw .tooBig }
    return limit
  }
}

/// How many bytes at the beginning are in a set, or are not.
private func span(_ run: ProgramRun, _ address: UInt64, _ setAddress: UInt64, isIn: Bool) -> UInt64 {
  result { () throws(LinuxErrno) in
    let (string, set) = (try KernelString(run, address), try KernelString(run, setAddress))
    for index in 0..<longest {
      let byte = try string.byte(index)
      if byte == 0 { return index }
      var (member, place) = (try set.byte(0), UInt64(0))
      while member != 0, member != byte {
        place += 1
        guard place < longest else { throw .tooBig }
        member = try set.byte(place)
      }
      if (member != 0) != isIn { return index }
    }
    throw .tooBig
  }
}

/// The place of one string in so many bytes of another.
private func search(_ run: ProgramRun, _ address: UInt64, _ soughtAddress: UInt64, limit: UInt64) -> UInt64 {
  result { () throws(LinuxErrno) in
    let (string, sought) = (try KernelString(run, address), try KernelString(run, soughtAddress))
    for start in 0..<longest {
      var count: UInt64 = 0
      while start + count <= limit, count < longest {
        let wanted = try sought.byte(count)
        if wanted == 0 { return start }
        if start + count == limit { break }
        let byte = try string.byte(start + count)
        if byte == 0 { throw .noSuchEntry }
        if byte != wanted { break }
        count += 1
      }
      if count == longest { throw .tooBig }
      if start + count >= limit { throw .noSuchEntry }
    }
    throw .tooBig
  }
}
