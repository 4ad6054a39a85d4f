import BPFMaps

#if canImport(Glibc)
  import Glibc
#endif

/// A program of a few instructions in the running kernel, which does to a map what only programs can do.
final class KernelProgram {
  private let descriptor: Int32

  /// `bpf_map_lookup_elem` with a key of eight bytes: the result is 1 when it is there.
  static func lookup(in map: KernelMap) throws(LinuxErrno) -> KernelProgram {
    try KernelProgram(
      loadContext(words: 1) + [
        instruction(0xbf, 2, 10), instruction(0x07, 2, 0, 0, -8),
        instruction(0x18, 1, 1, 0, map.descriptor), instruction(0),
        instruction(0x85, 0, 0, 0, 1), instruction(0x15, 0, 0, 2, 0),
        instruction(0xb7, 0, 0, 0, 1), instruction(0x95),
        instruction(0xb7, 0, 0, 0, 0), instruction(0x95),
      ])
  }

  /// `bpf_map_update_elem` with a key of up to eight bytes and the value after it: the result is the helper's.
  ///
  /// - Parameter mayHaveLock: whether values may have a `bpf_spin_lock`, which tracing programs do not take.
  static func update(
    of map: KernelMap, valueSize: Int, flags: UInt64, mayHaveLock: Bool
  ) throws(LinuxErrno) -> KernelProgram {
    let words = (valueSize + 7) / 8
    let value = (0..<words).flatMap { word in
      [instruction(0x79, 3, 1, Int16(8 + 8 * word)), instruction(0x7b, 10, 3, Int16(8 * word - 8 - 8 * words))]
    }
    let arguments: [[UInt8]] = [
      instruction(0xbf, 2, 10), instruction(0x07, 2, 0, 0, -8), instruction(0xbf, 3, 10),
      instruction(0x07, 3, 0, 0, Int32(-8 - 8 * words)),
      instruction(0x18, 4, 0, 0, Int32(truncatingIfNeeded: flags)),
      instruction(0, 0, 0, 0, Int32(truncatingIfNeeded: flags >> 32)),
      instruction(0x18, 1, 1, 0, map.descriptor), instruction(0), instruction(0x85, 0, 0, 0, 2), instruction(0x95),
    ]
    return try KernelProgram(loadContext(words: 1) + value + arguments, type: mayHaveLock ? systemCall : rawTracepoint)
  }

  /// `bpf_map_delete_elem` with a key of up to eight bytes: the result is the helper's.
  static func delete(in map: KernelMap, mayHaveLock: Bool) throws(LinuxErrno) -> KernelProgram {
    try KernelProgram(
      loadContext(words: 1) + [
        instruction(0xbf, 2, 10), instruction(0x07, 2, 0, 0, -8), instruction(0x18, 1, 1, 0, map.descriptor),
        instruction(0), instruction(0x85, 0, 0, 0, 3), instruction(0x95),
      ], type: mayHaveLock ? systemCall : rawTracepoint)
  }

  /// The type of programs that may use any map (`BPF_PROG_TYPE_RAW_TRACEPOINT`), and that of those that are run by
  /// request (`BPF_PROG_TYPE_SYSCALL`).
  private static let (rawTracepoint, systemCall) = (17, 31)

  /// `bpf_ringbuf_output` of a record that repeats eight bytes: the result is the helper's.
  static func output(to map: KernelMap, byteCount: Int, flags: Int32) throws(LinuxErrno) -> KernelProgram {
    let words = (byteCount + 7) / 8
    return try KernelProgram(
      loadContext(words: words) + [
        instruction(0xbf, 2, 10), instruction(0x07, 2, 0, 0, Int32(-8 * words)),
        instruction(0x18, 1, 1, 0, map.descriptor), instruction(0),
        instruction(0xb7, 3, 0, 0, Int32(byteCount)), instruction(0xb7, 4, 0, 0, flags),
        instruction(0x85, 0, 0, 0, 130), instruction(0x95),
      ])
  }

  /// Copies the first eight bytes of the context to so many words at the top of the stack.
  private static func loadContext(words: Int) -> [[UInt8]] {
    [instruction(0x79, 3, 1)] + (1...words).map { instruction(0x7b, 10, 3, Int16(-8 * $0)) }
  }

  private static func instruction(
    _ opcode: UInt8, _ destination: UInt8 = 0, _ source: UInt8 = 0, _ offset: Int16 = 0, _ immediate: Int32 = 0
  ) -> [UInt8] {
    [opcode, source << 4 | destination] + bytes(Int(UInt16(bitPattern: offset)), 2)
      + bytes(Int(UInt32(bitPattern: immediate)))
  }

  private init(_ instructions: [[UInt8]], type: Int = systemCall) throws(LinuxErrno) {
    let code = instructions.flatMap { $0 }
    let license = Array("GPL".utf8) + [0]
    let result = code.withUnsafeBytes { code in
      license.withUnsafeBytes { license in
        var attributes = [UInt8](repeating: 0, count: 168)
        attributes.replaceSubrange(0..<4, with: bytes(type))
        attributes.replaceSubrange(4..<8, with: bytes(code.count / 8))
        attributes.replaceSubrange(8..<16, with: bytes(Int(bitPattern: code.baseAddress), 8))
        attributes.replaceSubrange(16..<24, with: bytes(Int(bitPattern: license.baseAddress), 8))
        // Programs that are run by request are sleepable.
        if type == Self.systemCall { attributes.replaceSubrange(44..<48, with: bytes(16)) }
        return KernelMap.call(5, &attributes)
      }
    }
    guard result >= 0 else { throw LinuxErrno(rawValue: Int32(-result)) }
    descriptor = Int32(result)
  }

  deinit {
    #if canImport(Glibc)
      close(descriptor)
    #endif
  }

  /// `BPF_PROG_TEST_RUN` with a context of words: what the program returns.
  func run(_ context: [UInt8]) throws(LinuxErrno) -> Int32 {
    var attributes = [UInt8](repeating: 0, count: 80)
    let result = context.withUnsafeBytes { context in
      attributes.replaceSubrange(0..<4, with: bytes(Int(descriptor)))
      attributes.replaceSubrange(40..<44, with: bytes(context.count))
      attributes.replaceSubrange(48..<56, with: bytes(Int(bitPattern: context.baseAddress), 8))
      return KernelMap.call(10, &attributes)
    }
    guard result >= 0 else { throw LinuxErrno(rawValue: Int32(-result)) }
    return Int32(truncatingIfNeeded: attributes[4..<8].reversed().reduce(0) { $0 << 8 | Int($1) })
  }
}

/// The pages of a ring buffer of the running kernel.
final class KernelRing {
  #if canImport(Glibc)
    private let consumerPage: UnsafeMutableRawPointer
    private let producerPages: UnsafeMutableRawPointer
    private let size: Int

    init?(_ map: KernelMap, size: Int) {
      guard let first = mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, map.descriptor, 0), first != MAP_FAILED,
        let rest = mmap(nil, 4096 + 2 * size, PROT_READ, MAP_SHARED, map.descriptor, 4096), rest != MAP_FAILED
      else { return nil }
      consumerPage = first
      producerPages = rest
      self.size = size
    }

    deinit {
      munmap(consumerPage, 4096)
      munmap(producerPages, 4096 + 2 * size)
    }

    var producerPosition: UInt64 { producerPages.load(as: UInt64.self) }

    func consume(to position: UInt64) { consumerPage.storeBytes(of: position, as: UInt64.self) }

    func bytes(at position: UInt64, count: Int) -> [UInt8] {
      Array(UnsafeRawBufferPointer(start: producerPages + 4096 + Int(position) % size, count: count))
    }
  #else
    init?(_ map: KernelMap, size: Int) { return nil }
    var producerPosition: UInt64 { 0 }
    func consume(to position: UInt64) {}
    func bytes(at position: UInt64, count: Int) -> [UInt8] { [] }
  #endif
}
