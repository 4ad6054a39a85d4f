import BPFMaps
import BPFObject
import BPFTypeFormat

#if canImport(Glibc)
  import Glibc
#endif

/// A map of the running Linux, for tests that put the same question to both.
///
/// Only Linux 6.18 on x86-64 with the right to use bpf(2) is asked; elsewhere such tests are skipped by name.
final class KernelMap {
  let descriptor: Int32
  let keySize: Int
  let valueSize: Int

  static let isAvailable: Bool = {
    guard release.hasPrefix("6.18.") else { return false }
    let definition = MapDefinition(name: "probe", type: .array, keySize: 4, valueSize: 4, maxEntries: 1)
    return (try? KernelMap(definition)) != nil
  }()

  private static let release: String = {
    #if canImport(Glibc) && arch(x86_64)
      var names = utsname()
      guard uname(&names) == 0 else { return "" }
      return withUnsafeBytes(of: &names.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    #else
      return ""
    #endif
  }()

  /// The number of values of a per-CPU element.
  static let cpuCount: Int = {
    #if canImport(Glibc)
      return sysconf(Int32(_SC_NPROCESSORS_CONF))
    #else
      return 1
    #endif
  }()

  /// A system call of three arguments: the result, or the negated error number.
  static func systemCall(_ number: Int, _ first: Int, _ second: Int, _ third: Int) -> Int {
    #if canImport(Glibc) && arch(x86_64)
      // `syscall` is variadic and so out of Swift's reach but for its address.
      guard let symbol = dlsym(nil, "syscall") else { return -38 }
      typealias Function = @convention(c) (Int, Int, Int, Int) -> Int
      let result = unsafeBitCast(symbol, to: Function.self)(number, first, second, third)
      return result < 0 ? -Int(errno) : result
    #else
      return -38
    #endif
  }

  /// bpf(2): the result, or the negated error number.
  static func call(_ command: Int, _ attributes: inout [UInt8]) -> Int {
    let count = attributes.count
    return attributes.withUnsafeMutableBytes { systemCall(321, command, Int(bitPattern: $0.baseAddress), count) }
  }

  /// `BPF_MAP_CREATE`; the error number when it is refused.
  init(_ definition: MapDefinition, inner: KernelMap? = nil) throws(LinuxErrno) {
    var attributes = [UInt8](repeating: 0, count: 96)
    func put(_ value: UInt32, _ offset: Int) {
      for index in 0..<4 { attributes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index)) }
    }
    put(definition.type.rawValue, 0)
    put(definition.keySize, 4)
    put(definition.valueSize, 8)
    put(definition.maxEntries, 12)
    put(definition.flags.rawValue, 16)
    if let inner { put(UInt32(bitPattern: inner.descriptor), 20) }
    put(UInt32(truncatingIfNeeded: definition.extra), 64)
    var types: Int?
    if let btf = definition.types {
      let loaded = Self.load(btf)
      guard loaded >= 0 else { throw LinuxErrno(rawValue: Int32(-loaded)) }
      types = loaded
      put(UInt32(loaded), 48)
      put(definition.keyType.rawValue, 52)
      put(definition.valueType.rawValue, 56)
    }
    let result = Self.call(0, &attributes)
    #if canImport(Glibc)
      if let types { close(Int32(types)) }
    #endif
    guard result >= 0 else { throw LinuxErrno(rawValue: Int32(-result)) }
    descriptor = Int32(result)
    keySize = Int(definition.keySize)
    let isPerCPU = [.perCPUArray, .perCPUHash, .lruPerCPUHash].contains(definition.type)
    valueSize = isPerCPU ? (Int(definition.valueSize) + 7) & ~7 * Self.cpuCount : Int(definition.valueSize)
  }

  deinit {
    #if canImport(Glibc)
      close(descriptor)
    #endif
  }

  /// `BPF_BTF_LOAD`: a descriptor of the types.
  private static func load(_ btf: BTF) -> Int {
    var attributes = [UInt8](repeating: 0, count: 40)
    let blob = btf.encoded
    return blob.withUnsafeBytes { bytes in
      let address = UInt64(UInt(bitPattern: bytes.baseAddress))
      for index in 0..<8 { attributes[index] = UInt8(truncatingIfNeeded: address >> UInt64(8 * index)) }
      for index in 0..<4 { attributes[16 + index] = UInt8(truncatingIfNeeded: blob.count >> (8 * index)) }
      return call(18, &attributes)
    }
  }

  /// `mmap` of the whole value, shared: the error number, 0 when it works.
  func mapMemory(writable: Bool) -> Int32 {
    #if canImport(Glibc)
      let result = mmap(nil, 4096, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, descriptor, 0)
      guard result == MAP_FAILED else {
        munmap(result, 4096)
        return 0
      }
      return errno
    #else
      return 38
    #endif
  }

  /// One of the element commands; the value that came back, if it succeeded.
  private func element(_ command: Int, key: [UInt8]?, value: inout [UInt8], flags: UInt64) throws(LinuxErrno) {
    var attributes = [UInt8](repeating: 0, count: 32)
    func put(_ value: UInt64, _ offset: Int, _ count: Int = 8) {
      for index in 0..<count { attributes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
    }
    put(UInt64(descriptor), 0, 4)
    put(flags, 24)
    let result = (key ?? []).withUnsafeBytes { keyBytes in
      value.withUnsafeMutableBytes { valueBytes in
        if key != nil, keySize > 0 { put(UInt64(UInt(bitPattern: keyBytes.baseAddress)), 8) }
        if command != 3 { put(UInt64(UInt(bitPattern: valueBytes.baseAddress)), 16) }
        return Self.call(command, &attributes)
      }
    }
    guard result >= 0 else { throw LinuxErrno(rawValue: Int32(-result)) }
  }

  func lookup(_ key: [UInt8], flags: UInt64 = 0) throws(LinuxErrno) -> [UInt8] {
    var value = [UInt8](repeating: 0, count: max(valueSize, 1))
    try element(1, key: key, value: &value, flags: flags)
    return value
  }

  /// Whether a bloom filter has a value.
  func contains(_ value: [UInt8]) throws(LinuxErrno) -> Bool {
    var value = value
    do { try element(1, key: nil, value: &value, flags: 0) } catch  where error == .noSuchEntry { return false }
    return true
  }

  /// A lookup or lookup-and-delete batch: keys, values, the error number and where to go on.
  func lookupBatch(
    from cursor: [UInt8]?, count: Int, deleting: Bool
  ) -> (keys: [[UInt8]], values: [[UInt8]], errno: Int32, cursor: [UInt8]) {
    var attributes = [UInt8](repeating: 0, count: 56)
    func put(_ value: UInt64, _ offset: Int, _ count: Int = 8) {
      for index in 0..<count { attributes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
    }
    let input = cursor ?? []
    var output = [UInt8](repeating: 0, count: max(keySize, 8))
    var keys = [UInt8](repeating: 0, count: keySize * count)
    var values = [UInt8](repeating: 0, count: valueSize * count)
    put(UInt64(count), 32, 4)
    put(UInt64(descriptor), 36, 4)
    let result = input.withUnsafeBytes { input in
      output.withUnsafeMutableBytes { output in
        keys.withUnsafeMutableBytes { keys in
          values.withUnsafeMutableBytes { values in
            if cursor != nil { put(UInt64(UInt(bitPattern: input.baseAddress)), 0) }
            put(UInt64(UInt(bitPattern: output.baseAddress)), 8)
            put(UInt64(UInt(bitPattern: keys.baseAddress)), 16)
            put(UInt64(UInt(bitPattern: values.baseAddress)), 24)
            return Self.call(deleting ? 25 : 24, &attributes)
          }
        }
      }
    }
    let done = Int(attributes[32]) | Int(attributes[33]) << 8
    return (
      (0..<done).map { Array(keys[$0 * keySize..<($0 + 1) * keySize]) },
      (0..<done).map { Array(values[$0 * valueSize..<($0 + 1) * valueSize]) }, result < 0 ? Int32(-result) : 0, output
    )
  }

  /// One of the batch commands on so many keys: the error number and how many elements were done.
  func batch(
    _ command: Int, keys: [[UInt8]], values: [[UInt8]] = [], elementFlags: UInt64
  ) -> (errno: UInt8, count: Int) {
    var attributes = [UInt8](repeating: 0, count: 56)
    func put(_ value: UInt64, _ offset: Int, _ count: Int = 8) {
      for index in 0..<count { attributes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
    }
    var keyBytes: [UInt8] = keys.joined() + [0]
    var valueBytes: [UInt8] = values.joined() + [0]
    var output = [UInt8](repeating: 0, count: 16)
    put(UInt64(keys.count), 32, 4)
    put(UInt64(descriptor), 36, 4)
    put(elementFlags, 40)
    let result = keyBytes.withUnsafeMutableBytes { keys in
      valueBytes.withUnsafeMutableBytes { values in
        output.withUnsafeMutableBytes { output in
          put(UInt64(UInt(bitPattern: output.baseAddress)), 8)
          put(UInt64(UInt(bitPattern: keys.baseAddress)), 16)
          put(UInt64(UInt(bitPattern: values.baseAddress)), 24)
          return Self.call(command, &attributes)
        }
      }
    }
    let isDone = result >= 0 || attributes[32] < UInt8(keys.count)
    return (result < 0 ? UInt8(truncatingIfNeeded: -result) : 0, isDone ? Int(attributes[32]) : 0)
  }

  func update(_ key: [UInt8], _ value: [UInt8], flags: UInt64 = 0) throws(LinuxErrno) {
    var value = value
    try element(2, key: key, value: &value, flags: flags)
  }

  func delete(_ key: [UInt8]) throws(LinuxErrno) {
    var value: [UInt8] = [0]
    try element(3, key: key, value: &value, flags: 0)
  }

  func nextKey(after key: [UInt8]?) throws(LinuxErrno) -> [UInt8] {
    var next = [UInt8](repeating: 0, count: max(keySize, 1))
    try element(4, key: key, value: &next, flags: 0)
    return next
  }

  func lookupAndDelete(_ key: [UInt8], flags: UInt64 = 0) throws(LinuxErrno) -> [UInt8] {
    var value = [UInt8](repeating: 0, count: max(valueSize, 1))
    try element(21, key: key, value: &value, flags: flags)
    return value
  }

  func freeze() throws(LinuxErrno) {
    var attributes = [UInt8](repeating: 0, count: 4)
    attributes[0] = UInt8(truncatingIfNeeded: descriptor)
    attributes[1] = UInt8(truncatingIfNeeded: descriptor >> 8)
    let result = Self.call(22, &attributes)
    guard result >= 0 else { throw LinuxErrno(rawValue: Int32(-result)) }
  }
}

/// Runs the calling thread on one CPU only, so that operations meet the per-CPU lists of that CPU; on all for `nil`.
func pin(toCPU cpu: Int?) {
  var mask: UInt64 = cpu.map { 1 << UInt64($0) } ?? ~0
  _ = withUnsafeMutableBytes(of: &mask) { KernelMap.systemCall(203, 0, $0.count, Int(bitPattern: $0.baseAddress)) }
}
