import BPFObject
import ELF
import SystemPackage

/// A name for a place in the memory of a process, as a command line gives it: `symbol`, `symbol+8`, `library:symbol`.
struct TargetSymbol {
  /// The file that has it: a path or its last component; `nil` for any.
  var file: String?
  var name: String
  /// The distance from it in bytes.
  var offset: UInt64 = 0

  init(_ text: String) {
    var rest = text[...]
    if let colon = rest.lastIndex(of: ":"), colon != rest.startIndex, rest[rest.index(before: colon)] != ":",
      rest.index(after: colon) != rest.endIndex
    {
      file = String(rest[..<colon])
      rest = rest[rest.index(after: colon)...]
    }
    if let plus = rest.lastIndex(of: "+"), plus != rest.startIndex {
      let digits = rest[rest.index(after: plus)...]
      let number = digits.hasPrefix("0x") ? UInt64(digits.dropFirst(2), radix: 16) : UInt64(digits)
      if let number {
        offset = number
        rest = rest[..<plus]
      }
    }
    name = String(rest)
  }

  func isIn(_ path: String) -> Bool {
    guard let file else { return true }
    return path == file || path.hasSuffix("/" + file)
  }
}

extension LinuxKernel {
  /// The address of a symbol in the memory of a process that runs or stands still.
  ///
  /// The symbols of all files that are mapped now are looked through, those of the program first; position-independent
  /// programs and libraries have been given their place by then. A library that the process will only open later is not
  /// there yet.
  ///
  /// - Parameters:
  ///   - symbol: a name as the linker has it; `name+8` for a place behind it, `libc.so.6:name` for one of a file.
  ///   - process: the number of the process, or of one of its threads.
  /// - Throws: ``BPFError`` with names that look like it when there is none, and when it has no one address.
  public func address(of symbol: String, in process: Int32) throws(BPFError) -> UInt64 {
    let wanted = TargetSymbol(symbol)
    let subject = "symbol '\(symbol)' in process \(process)"
    let mappings = try ProcessMappings(of: process, systemCalls)
    let paths = mappings.files.filter(wanted.isIn)
    var names: Set<String> = []
    for path in paths {
      guard let mapping = mappings.mappings.first(where: { $0.path == path }) else { continue }
      // Data files are mapped as well; they have no symbols.
      guard let file = open(path, mapping.range, of: process) else { continue }
      guard let found = try file.symbol(named: wanted.name) else {
        names.formUnion(file.names(like: wanted.name))
        continue
      }
      guard found.kind == .place else {
        throw .refusal(
          subject,
          found.kind == .threadLocal
            ? "each thread has one of its own: it has no one address"
            : "which function it is, is chosen when the program starts")
      }
      guard let address = Self.address(of: found.address, in: file, path, mappings) else { continue }
      return address &+ wanted.offset
    }
    let near = NearNames(to: wanted.name, among: names)
    throw .refusal(
      subject,
      paths.isEmpty
        ? "no file of that name is mapped there"
        : "none of the \(paths.count) files that are mapped there has it: \(Self.list(paths))",
      advice: near.advice(otherwise: "a stripped program has only the symbols that it exports"))
  }

  private static func list(_ paths: [String]) -> String {
    let names = paths.prefix(4).map { $0.split(separator: "/").last.map(String.init) ?? $0 }
    return names.joined(separator: ", ") + (paths.count > 4 ? ", …" : "")
  }

  /// Opens a mapped file where the process sees it, or, when it has been removed or replaced, what is mapped.
  private func open(_ path: String, _ range: String, of process: Int32) -> ExecutableFile? {
    if let file = try? ExecutableFile("/proc/\(process)/root\(path)", named: path, systemCalls) { return file }
    return try? ExecutableFile("/proc/\(process)/map_files/\(range)", named: path, systemCalls)
  }

  /// Where the segment is mapped that holds the address.
  private static func address(
    of address: UInt64, in file: ExecutableFile, _ path: String, _ mappings: ProcessMappings
  ) -> UInt64? {
    let page = UInt64(RunningKernel.pageSize)
    // All segments are moved by the same distance; the first mapping of the file is that of its first bytes.
    for mapping in mappings.mappings where mapping.path == path {
      for segment in file.segments where segment.offset / page * page == mapping.offset {
        let distance = mapping.start &- segment.address / page * page
        let holdsAddress = file.segments.contains {
          address >= $0.address && address - $0.address <= $0.memoryByteCount
        }
        return holdsAddress ? address &+ distance : nil
      }
    }
    return nil
  }
}
