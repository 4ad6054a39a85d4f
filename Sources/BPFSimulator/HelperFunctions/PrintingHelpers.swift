import BPFExecution
import BPFMaps

/// Printing and formatting.
let printingHelpers: [HelperImplementation] = [
  .init("bpf_trace_printk", tracePrint),
  .init("bpf_trace_vprintk", tracePrintArray),
  .init("bpf_snprintf", formatToBuffer),
  .init("bpf_strncmp", compareStrings),
  .init("bpf_strtol", parsingNumber("bpf_strtol", isSigned: true)),
  .init("bpf_strtoul", parsingNumber("bpf_strtoul", isSigned: false)),
]

/// What a format's arguments point to, as the run sees it.
private struct RunMemory: FormatString.Memory {
  let run: ProgramRun

  func string(at address: UInt64, isUser: Bool) -> [UInt8]? {
    if isUser || address < UserMemory.end {
      guard let bytes = run.task.memory?.readString(address, limit: 512, .residentOnly) else { return nil }
      return bytes.last == 0 ? bytes.dropLast() : bytes
    }
    return run.machine.memory.readCString(address, limit: 512)
  }

  func bytes(at address: UInt64, count: Int) -> [UInt8]? { run.machine.memory.read(address, byteCount: count) }

  func symbol(at address: UInt64) -> String? { run.machine.kernelSymbol(at: address) }
}

/// The format that a pointer and a size describe: its zero byte has to be within the size.
private func format(
  _ run: ProgramRun, _ address: UInt64, size: Int, _ name: String, argument: Int
) throws(ExecutionFault) -> Result<FormatString, LinuxErrno> {
  let bytes = try run.bytes(address, count: size, name, argument: argument)
  guard let end = bytes.firstIndex(of: 0) else { return .failure(.invalidArgument) }
  do throws(LinuxErrno) {
    return .success(try FormatString(Array(bytes[..<end])))
  } catch {
    return .failure(error)
  }
}

private func emit(_ bytes: [UInt8], _ run: ProgramRun) -> UInt64 {
  var bytes = bytes.prefix(1023)
  while bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
  let line = String(decoding: bytes, as: UTF8.self)
  run.machine.traceLog.append(line)
  run.machine.record(.trace(line), on: run.cpu)
  return UInt64(bytes.count)
}

private func tracePrint(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_trace_printk"
  let size = try run.size(UInt64(UInt32(truncatingIfNeeded: invocation.r2)), name, argument: 2)
  switch try format(run, invocation.r1, size: size, name, argument: 1) {
  case .failure(let errno): return errno.register
  case .success(let format):
    guard format.argumentCount <= 3 else { return LinuxErrno.invalidArgument.register }
    return emit(format.render([invocation.r3, invocation.r4, invocation.r5], RunMemory(run: run)), run)
  }
}

/// The arguments of a function that takes them as an array of 64-bit words: at most twelve.
private func words(
  _ run: ProgramRun, at address: UInt64, size: UInt64, for format: FormatString, _ name: String, argument: Int
) throws(ExecutionFault) -> [UInt64]? {
  let size = try run.size(UInt64(UInt32(truncatingIfNeeded: size)), name, argument: argument + 1)
  guard size % 8 == 0, size <= 12 * 8, format.argumentCount == size / 8 else { return nil }
  guard size > 0 else { return [] }
  let bytes = try run.bytes(address, count: size, name, argument: argument)
  return stride(from: 0, to: size, by: 8).map { start in
    bytes[start..<start + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}

private func tracePrintArray(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_trace_vprintk"
  let size = try run.size(UInt64(UInt32(truncatingIfNeeded: invocation.r2)), name, argument: 2)
  switch try format(run, invocation.r1, size: size, name, argument: 1) {
  case .failure(let errno): return errno.register
  case .success(let format):
    guard let words = try words(run, at: invocation.r3, size: invocation.r4, for: format, name, argument: 3) else {
      return LinuxErrno.invalidArgument.register
    }
    return emit(format.render(words, RunMemory(run: run)), run)
  }
}

/// Writes a formatted string, cut to fit and terminated; returns the length that it would have, with its zero byte.
private func formatToBuffer(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_snprintf"
  let size = try run.size(UInt64(UInt32(truncatingIfNeeded: invocation.r2)), name, argument: 2)
  guard let text = run.machine.memory.readCString(invocation.r3, limit: 4096) else {
    throw run.invalidArgument(name, 3, invocation.r3, "a format string")
  }
  let format: FormatString
  do throws(LinuxErrno) { format = try FormatString(text) } catch { return error.register }
  guard let words = try words(run, at: invocation.r4, size: invocation.r5, for: format, name, argument: 4) else {
    return LinuxErrno.invalidArgument.register
  }
  let result = format.render(words, RunMemory(run: run))
  if size > 0 {
    try run.write(Array(result.prefix(size - 1)) + [0], to: invocation.r1, name, argument: 1)
  }
  return UInt64(result.count + 1)
}

private func compareStrings(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_strncmp"
  let size = try run.size(UInt64(UInt32(truncatingIfNeeded: invocation.r2)), name, argument: 2)
  let first = try run.bytes(invocation.r1, count: size, name, argument: 1)
  guard let second = run.machine.memory.readCString(invocation.r3, limit: size + 1) else {
    throw run.invalidArgument(name, 3, invocation.r3, "a string")
  }
  for index in 0..<size {
    let (left, right) = (first[index], index < second.count ? second[index] : 0)
    if left != right { return UInt64(bitPattern: left < right ? -1 : 1) }
    if left == 0 { break }
  }
  return 0
}

private func parsingNumber(_ name: String, isSigned: Bool) -> FunctionBody {
  { run, invocation throws(ExecutionFault) in try parseNumber(run, &invocation, name, isSigned: isSigned) }
}

/// Reads a number as `strtol` does; the base is 0, 8, 10 or 16. Returns how many characters it has.
private func parseNumber(
  _ run: ProgramRun, _ invocation: inout Invocation, _ name: String, isSigned: Bool
) throws(ExecutionFault) -> UInt64 {
  let size = try run.size(invocation.r2, name, argument: 2)
  let bytes = try run.bytes(invocation.r1, count: size, name, argument: 1)
  var base = Int(invocation.r3 & 0x1f)
  guard [0, 8, 10, 16].contains(base), invocation.r3 & ~0x1f == 0, size > 0 else {
    return LinuxErrno.invalidArgument.register
  }
  var index = bytes.prefix { (0x09...0x0d).contains($0) || $0 == 0x20 }.count
  var isNegative = false
  if isSigned, index < size, bytes[index] == UInt8(ascii: "-") {
    isNegative = true
    index += 1
  }
  if bytes.dropFirst(index).starts(with: "0x".utf8), base == 0 || base == 16 {
    base = 16
    index += 2
  } else if base == 0 {
    base = bytes.dropFirst(index).first == UInt8(ascii: "0") ? 8 : 10
  }
  var value: UInt64 = 0
  let start = index
  while index < size, let digit = Character(UnicodeScalar(bytes[index])).hexDigitValue, digit < base {
    let (product, overflow) = value.multipliedReportingOverflow(by: UInt64(base))
    let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
    guard !overflow, !carry else { return LinuxErrno.rangeError.register }
    value = sum
    index += 1
  }
  guard index > start else { return LinuxErrno.invalidArgument.register }
  if isSigned {
    let limit = UInt64(Int64.max) + (isNegative ? 1 : 0)
    guard value <= limit else { return LinuxErrno.rangeError.register }
    if isNegative { value = 0 &- value }
  }
  try run.write(withUnsafeBytes(of: value.littleEndian, Array.init), to: invocation.r4, name, argument: 4)
  return UInt64(index)
}
