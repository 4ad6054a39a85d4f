import SystemPackage

/// What is mapped into the memory of a process, from `/proc/PID/maps`.
package struct ProcessMappings {
  /// A mapping of a file, or of the kernel's code for processes.
  package struct Mapping: Sendable {
    package var start: UInt64
    package var limit: UInt64
    /// The offset in the file.
    package var offset: UInt64
    /// An absolute path or `[vdso]`.
    package var path: String
    package var isExecutable: Bool
    /// The number of the file on its device.
    package var inode: UInt64
    /// The two ends as the file writes them, which are a name in `/proc/PID/map_files`.
    var range: String
  }

  let process: Int32
  /// The mappings in the order of their addresses.
  package let mappings: [Mapping]

  /// Reads the mappings of a process or thread.
  package init(of process: Int32, _ systemCalls: any SystemCalls = RunningKernel()) throws(BPFError) {
    self.process = process
    let path = "/proc/\(process)/maps"
    let text: String
    do throws(Errno) { text = try systemCalls.readText(path) } catch {
      let isGone = error == .noSuchFileOrDirectory || error == .noSuchProcess
      throw BPFError(
        "process \(process)", .systemCall("read of \(path)", error), isGone ? "there is no such process" : "",
        advice: error == .permissionDenied ? "run as the process's owner with CAP_SYS_PTRACE, or as root" : "")
    }
    mappings = text.split(separator: "\n").compactMap(Self.mapping)
  }

  /// A line is `7f31-7f35 r-xp 00004000 fe:00 254378   /usr/bin/ls`.
  private static func mapping(_ line: Substring) -> Mapping? {
    let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
    guard fields.count == 6 else { return nil }
    let path = fields[5].drop { $0 == " " }
    let ends = fields[0].split(separator: "-")
    guard path.hasPrefix("/") || path == "[vdso]", ends.count == 2, let start = UInt64(ends[0], radix: 16),
      let limit = UInt64(ends[1], radix: 16), let offset = UInt64(fields[2], radix: 16), start < limit,
      let inode = UInt64(fields[4])
    else { return nil }
    return Mapping(
      start: start, limit: limit, offset: offset, path: String(path), isExecutable: fields[1].contains("x"),
      inode: inode, range: String(fields[0]))
  }

  /// The mapped files, each once, as they lie in memory: the program comes first, where a dynamic linker looks first.
  package var files: [String] {
    var seen: Set<String> = []
    return mappings.map(\.path).filter { $0.hasPrefix("/") && seen.insert($0).inserted }
  }
}
