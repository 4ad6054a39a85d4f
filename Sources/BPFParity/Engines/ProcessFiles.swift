#if os(Linux)
  import SystemPackage

  /// What `/proc` tells of processes and threads.
  enum ProcessFiles {
    struct Mapping {
      var range: Range<UInt64>
      var offset: UInt64
      var path: String
    }

    /// A whole file, which the kernel may give in pieces: one short read is not the end of it.
    static func text(_ path: String) throws -> String {
      let file = try FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec)
      return try file.closeAfter {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
          let count = try piece.withUnsafeMutableBytes { try file.read(into: $0) }
          guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
          bytes += piece[..<count]
        }
      }
    }

    /// The mappings of a process, `nil` for this one.
    static func mappings(of pid: Int32?) throws -> [Mapping] {
      try text("/proc/\(pid.map(String.init) ?? "self")/maps").split(separator: "\n").compactMap { line in
        let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
        guard fields.count >= 5, let offset = UInt64(fields[2], radix: 16) else { return nil }
        let ends = fields[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
        guard ends.count == 2, ends[0] < ends[1] else { return nil }
        let path = fields.count == 6 ? String(fields[5].drop { $0 == " " }) : ""
        return Mapping(range: ends[0]..<ends[1], offset: offset, path: path)
      }
    }

    /// The letter of a process's state, such as `S`, `T` for stopped, `t` for stopped by a tracer, `Z`.
    static func state(of pid: Int32) throws -> String {
      // It follows the name, which is in brackets and may hold any character.
      let fields = try text("/proc/\(pid)/stat").split(separator: ")").last?.split(separator: " ")
      return fields?.first.map(String.init) ?? ""
    }

    /// The number of the system call that a thread sleeps in; `nil` while it runs.
    static func systemCall(of tid: Int32) throws -> (number: Int, firstArgument: UInt64)? {
      let fields = try text("/proc/\(tid)/syscall").split(separator: " ")
      guard fields.count > 1, let number = Int(fields[0]) else { return nil }
      return (number, UInt64(fields[1].dropFirst(2), radix: 16) ?? 0)
    }

    static func name(of pid: Int32) throws -> String {
      let text = try text("/proc/\(pid)/comm")
      return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }

    /// The number of a process with a name, of those with small numbers: threads of the kernel.
    static func process(named name: String) throws -> Int32 {
      for pid in 1..<400 as Range<Int32> where (try? Self.name(of: pid)) == name { return pid }
      throw UnexpectedErrno(what: "a thread named \(name)", errno: 3)
    }
  }
#endif
