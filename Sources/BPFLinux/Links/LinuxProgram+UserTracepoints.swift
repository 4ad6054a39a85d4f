import BPFObject
import SystemPackage

extension LinuxProgram {
  /// Probes at all places of a USDT, each with the number of its record as the cookie.
  func linkUserTracepoint(
    _ file: FilePath, _ provider: String, _ name: String, _ pid: Int32?, _ cookie: UInt64
  ) throws(BPFError) -> [LinuxLink] {
    try check(.kprobe, "a tracepoint of a program takes")
    let place = "\(subject) on '\(provider):\(name)' of '\(file)'"
    let tracepoints = try ExecutableFile(file.string, kernel.systemCalls).userTracepoints(provider, name)
    let records = try tracepointRecords(for: place)
    var links: [LinuxLink] = []
    for tracepoint in tracepoints {
      let arguments = try TracepointArgument.all(of: tracepoint.arguments, for: place)
      // A program that asks for no values has no records of them.
      let number = try records.map { map throws(BPFError) in
        try kernel.recordNumber(of: TracepointRecord(arguments: arguments, cookie: cookie), in: map, for: place)
      }
      links.append(
        try linkUserFunction(
          file, tracepoint.offset, isReturn: false, pid, number.map(UInt64.init) ?? cookie,
          counterOffset: tracepoint.counterOffset))
    }
    return links
  }

  /// The map of the program's object that `<bpf/usdt.bpf.h>` declares, by the beginning of its name that the kernel keeps.
  private func tracepointRecords(for place: String) throws(BPFError) -> LinuxMap? {
    for identifier in try information().maps {
      let map = try kernel.map(identifier: identifier)
      guard map.name.hasPrefix("__bpf_usdt_spec"), map.type == .array else { continue }
      guard map.valueSize == TracepointRecord.byteCount else {
        throw .refusal(
          place, "the elements of '__bpf_usdt_specs' have \(map.valueSize) bytes and not \(TracepointRecord.byteCount)",
          advice: "include <bpf/usdt.bpf.h> as Merops has it")
      }
      return map
    }
    return nil
  }
}

extension LinuxKernel {
  /// The number of a record in the map, where it is put if it is not there yet.
  fileprivate func recordNumber(
    of record: TracepointRecord, in map: LinuxMap, for place: String
  ) throws(BPFError) -> Int {
    let bytes = record.bytes
    let number = takeRecordNumber(bytes, in: map.identifier)
    guard number < map.maxEntries else {
      throw .refusal(
        place, "the program has no room for more than \(map.maxEntries) kinds of places",
        advice: "define BPF_USDT_MAX_SPEC_CNT before <bpf/usdt.bpf.h> is included")
    }
    let key = withUnsafeBytes(of: UInt32(truncatingIfNeeded: number), Array.init)
    try map.updateElement(key, to: bytes)
    return number
  }
}
