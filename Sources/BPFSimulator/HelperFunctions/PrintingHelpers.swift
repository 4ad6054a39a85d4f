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
private struct RunMemory: FormatMemory {
  let run: ProgramRun

  func string(at address: UInt64, in space: FormatString.StringSpace, limit: Int) -> [UInt8]? {
    if space == .user || (space == .either && address < UserMemory.end) {
      guard let bytes = run.task.memory?.readString(address, limit: limit, .residentOnly) else { return nil }
      return bytes.last == 0 ? bytes.dropLast() : bytes
    }
    return address < UserMemory.end ? nil : run.machine.memory.readCString(address, limit: limit)
  }

  func bytes(at address: UInt64, count: Int) -> [UInt8]? { run.machine.memory.read(address, byteCount: count) }

  /// Every function of this kernel takes 16 bytes.
  func symbol(at address: UInt64, hasOffset: Bool) -> String? {
    run.machine.kernelSymbol(at: address).map { hasOffset ? $0 + "+0x0/0x10" : $0 }
  }
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

/// The size of the buffer in which a line of the trace log is made (`MAX_BPRINTF_BUF`).
private let lineRoom = 1024

/// Prints a line to the trace log, without the newlines at its end; returns the length that it has with them.
private func emit(_ format: FormatString, _ arguments: [UInt64], _ run: ProgramRun) -> UInt64 {
  let text: FormattedText
  do throws(LinuxErrno) {
    text = try FormattedText(format, arguments, RunMemory(run: run), limit: lineRoom)
  } catch { return error.register }
  var bytes = text.bytes[...]
  while bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
  let line = String(decoding: bytes, as: UTF8.self)
  run.machine.traceLog.append(line)
  run.machine.record(.trace(line), on: run.cpu)
  return UInt64(text.count)
}

private func tracePrint(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_trace_printk"
  let size = try run.size(UInt64(UInt32(truncatingIfNeeded: invocation.r2)), name, argument: 2)
  switch try format(run, invocation.r1, size: size, name, argument: 1) {
  case .failure(let errno): return errno.register
  case .success(let format):
    guard format.argumentCount <= 3 else { return LinuxErrno.invalidArgument.register }
    return emit(format, [invocation.r3, invocation.r4, invocation.r5], run)
  }
}

/// The arguments of a function that takes them as an array of 64-bit words: at most twelve.
private func words(
  _ run: ProgramRun, at address: UInt64, size: UInt64, for format: FormatString, _ name: String, argument: Int
) throws(ExecutionFault) -> [UInt64]? {
  let size = try run.size(UInt64(UInt32(truncatingIfNeeded: size)), name, argument: argument + 1)
  guard size % 8 == 0, size <= 12 * 8, format.argumentCount <= size / 8 else { return nil }
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
    return emit(format, words, run)
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
  let result: FormattedText
  do throws(LinuxErrno) {
    result = try FormattedText(format, words, RunMemory(run: run), limit: size)
  } catch { return error.register }
  if size > 0 { try run.write(result.bytes + [0], to: invocation.r1, name, argument: 1) }
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

/// Reads a number as `strtol` does; the base is 0, 8, 10 or 16. Returns how many characters it takes with the spaces and
/// the sign in front. Whatever happens, the result is written: zero when there is none.
private func parseNumber(
  _ run: ProgramRun, _ invocation: inout Invocation, _ name: String, isSigned: Bool
) throws(ExecutionFault) -> UInt64 {
  let size = try run.size(invocation.r2, name, argument: 2)
  let bytes = try run.bytes(invocation.r1, count: size, name, argument: 1)
  let number: Result<(value: UInt64, count: Int), LinuxErrno>
  do throws(LinuxErrno) {
    number = .success(try NumberText.parse(bytes, flags: invocation.r3, isSigned: isSigned))
  } catch {
    number = .failure(error)
  }
  let value = (try? number.get().value) ?? 0
  try run.write(withUnsafeBytes(of: value.littleEndian, Array.init), to: invocation.r4, name, argument: 4)
  switch number {
  case .success(let number): return UInt64(number.count)
  case .failure(let errno): return errno.register
  }
}

/// Numbers as text, read as Linux does.
private enum NumberText {
  /// How many characters behind the spaces and the sign are looked at.
  private static let limit = 63

  static func parse(
    _ bytes: [UInt8], flags: UInt64, isSigned: Bool
  ) throws(LinuxErrno) -> (value: UInt64, count: Int) {
    guard flags & ~0x1f == 0, [0, 8, 10, 16].contains(flags), !bytes.isEmpty else { throw .invalidArgument }
    // Linux counts the no-break space of Latin-1 among the spaces.
    var skipped = bytes.prefix { (0x09...0x0d).contains($0) || $0 == 0x20 || $0 == 0xa0 }.count
    let isNegative = skipped < bytes.count && bytes[skipped] == UInt8(ascii: "-")
    if isNegative { skipped += 1 }
    let digits = bytes.dropFirst(skipped).prefix(limit)
    guard !digits.isEmpty else { throw .invalidArgument }
    let (magnitude, count) = try number(digits, base: flags)
    guard isNegative else {
      guard !isSigned || magnitude <= UInt64(Int64.max) else { throw .rangeError }
      return (magnitude, skipped + count)
    }
    guard isSigned else { throw .invalidArgument }
    guard magnitude <= Int64.min.magnitude else { throw .rangeError }
    return (0 &- magnitude, skipped + count)
  }

  private static func number(
    _ text: ArraySlice<UInt8>, base: UInt64
  ) throws(LinuxErrno) -> (UInt64, Int) {
    var base = base
    var index = text.startIndex
    func digit(at index: Int) -> UInt64? {
      guard index < text.endIndex else { return nil }
      return Character(UnicodeScalar(text[index])).hexDigitValue.map(UInt64.init)
    }
    let hasZero = text[index] == UInt8(ascii: "0")
    let hasPrefix = hasZero && index + 1 < text.endIndex && text[index + 1] | 0x20 == UInt8(ascii: "x")
    if base == 0 { base = !hasZero ? 10 : hasPrefix && digit(at: index + 2) != nil ? 16 : 8 }
    if base == 16, hasPrefix { index += 2 }
    let start = index
    var value: UInt64 = 0
    var overflows = false
    while let digit = digit(at: index), digit < base {
      let (product, overflow) = value.multipliedReportingOverflow(by: base)
      let (sum, carry) = product.addingReportingOverflow(digit)
      overflows = overflows || overflow || carry
      value = sum
      index += 1
    }
    guard !overflows else { throw .rangeError }
    guard index > start else { throw .invalidArgument }
    return (value, index - text.startIndex)
  }
}
