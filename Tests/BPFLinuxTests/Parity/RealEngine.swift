import BPFLinux
import BPFObject
import Foundation
import Synchronization
import SystemPackage

#if canImport(Glibc)
  import Glibc
#endif

/// The running kernel with the programs loaded. The calling thread asks; the targets are threads of this process and
/// children of it.
final class RealEngine: TaskWorkEngine {
  private let kernel: LinuxKernel
  private let object: LinuxObject
  private var duplicates: [LinuxMap] = []
  private var sleepers: [PipeSleeper] = []
  private var mappings: [UnsafeMutableRawPointer] = []

  init(_ file: ObjectFile, kernel: LinuxKernel = RealKernel.shared) throws {
    self.kernel = kernel
    object = try kernel.load(file)
  }

  deinit {
    for sleeper in sleepers where sleeper.isAsleep { _ = try? sleeper.complete() }
    for mapping in mappings { munmap(mapping, 4096) }
  }

  private func errno(_ body: () throws(BPFError) -> Void) throws -> Int32 {
    do throws(BPFError) {
      try body()
      return 0
    } catch {
      guard let errno = error.errno else { throw error }
      return errno.rawValue
    }
  }

  private func map(_ choice: MapChoice) throws -> LinuxMap { try object.map("\(choice)") }

  func update(_ key: UInt32, in choice: MapChoice, to element: Element, flags: UInt64) throws -> Int32 {
    let map = try map(choice)
    return try errno { () throws(BPFError) in
      try map.updateElement(key.bytes, to: element.bytes, flags: LinuxMap.ElementFlags(rawValue: flags))
    }
  }

  func lookup(_ key: UInt32, in choice: MapChoice) throws -> Element? {
    let map = try map(choice)
    do throws(BPFError) { return Element(try map.lookupElement(key.bytes)) } catch {
      guard error.errno == .noSuchFileOrDirectory else { throw error }
      return nil
    }
  }

  func delete(_ key: UInt32, from choice: MapChoice) throws -> Int32 {
    let map = try map(choice)
    return try errno { () throws(BPFError) in try map.deleteElement(key.bytes) }
  }

  func lookupAndDelete(_ key: UInt32, from choice: MapChoice) throws -> (errno: Int32, element: Element) {
    let map = try map(choice)
    var element = Element()
    let errno = try errno { () throws(BPFError) in element = Element(try map.lookupAndDeleteElement(key.bytes)) }
    return (errno, element)
  }

  func identifier(of choice: MapChoice) throws -> UInt32 { try map(choice).identifier }

  func firstKeyExists(in choice: MapChoice) throws -> Bool { try map(choice).nextKey() != nil }

  func run(_ program: String, _ order: Order) throws -> Order {
    Order(try object.program(program).testRun(context: order.bytes).context)
  }

  private func place(_ name: String) throws -> (map: LinuxMap, global: GlobalVariable) {
    guard let global = object.object.globals[name] else { throw UnexpectedErrno(what: "global \(name)", errno: 2) }
    return (try object.map(global.map), global)
  }

  func global(_ name: String) throws -> Int64 {
    let (map, global) = try place(name)
    return try map.lookupElement([0, 0, 0, 0]).signed(at: global.offset, byteCount: global.byteCount)
  }

  func setGlobal(_ name: String, to value: UInt64) throws {
    let (map, global) = try place(name)
    var bytes = try map.lookupElement([0, 0, 0, 0])
    bytes.replaceSubrange(global.offset..<global.offset + global.byteCount, with: value.bytes.prefix(global.byteCount))
    try map.updateElement([0, 0, 0, 0], to: bytes)
  }

  func sleeper() throws -> any Sleeper {
    let sleeper = try PipeSleeper()
    sleepers.append(sleeper)
    return sleeper
  }

  func withZombie<Result>(_ body: (Int32) throws -> Result) throws -> Result {
    var pid: pid_t = 0
    var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("true"), nil]
    defer { free(arguments[0]) }
    let status = posix_spawn(&pid, "/bin/true", nil, nil, &arguments, nil)
    guard status == 0 else { throw UnexpectedErrno(what: "posix_spawn", errno: status) }
    defer { waitpid(pid, nil, 0) }
    // The state follows the name in brackets.
    try waitUntil("the child has ended") {
      let text = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
      return text.split(separator: ")").last?.hasPrefix(" Z") ?? false
    }
    return try body(pid)
  }

  func closeProgram(_ name: String) throws { try object.program(name).close() }

  func programExists(_ name: String) throws -> Bool {
    // The last reference may go in a deferred step.
    let identifier = try object.program(name).identifier
    for _ in 0..<20 {
      do throws(BPFError) { _ = try kernel.programInformation(identifier: identifier) } catch {
        guard error.errno == .noSuchFileOrDirectory else { throw error }
        return false
      }
      usleep(10_000)
    }
    return true
  }

  func closeMap(_ choice: MapChoice) throws { try map(choice).close() }

  func duplicateMap(_ choice: MapChoice) throws {
    duplicates.append(try kernel.map(identifier: try map(choice).identifier))
  }

  func closeDuplicate(of choice: MapChoice) throws {
    let identifier = try map(choice).identifier
    duplicates.first { $0.identifier == identifier }?.close()
  }

  func userMemory(_ kind: UserMemoryKind, _ value: UInt64) throws -> UInt64 {
    guard kind != .unmapped else { return 0x10 }
    let path = FileManager.default.temporaryDirectory.appending(path: "merops-\(UUID().uuidString)").path
    defer { unlink(path) }
    let file = open(path, O_RDWR | O_CREAT | O_EXCL, 0o600)
    guard file >= 0 else { throw UnexpectedErrno(what: "open", errno: Glibc.errno) }
    defer { close(file) }
    _ = value.bytes.withUnsafeBytes { write(file, $0.baseAddress, 8) }
    ftruncate(file, 4096)
    guard let start = mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0), start != MAP_FAILED else {
      throw UnexpectedErrno(what: "mmap", errno: Glibc.errno)
    }
    mappings.append(start)
    if kind == .touched { start.storeBytes(of: value, as: UInt64.self) }
    return UInt64(UInt(bitPattern: start))
  }

  func callProbed(isReturn: Bool, from old: UInt64, to new: UInt64, element: (UInt64) throws -> Void) throws {
    let address = try userMemory(.touched, old)
    try element(address)
    let (file, offset) = try Self.place(of: "swab")
    let link = try object.program(isReturn ? "on_return" : "on_function").attach(
      to: .userFunction(file: FilePath(file), offset: offset, isReturn: isReturn, pid: getpid()))
    typealias Swab = @convention(c) (UnsafeRawPointer?, UnsafeMutableRawPointer?, Int) -> Void
    guard let symbol = dlsym(nil, "swab") else { throw UnexpectedErrno(what: "dlsym swab", errno: 2) }
    let function = unsafeBitCast(symbol, to: Swab.self)
    let swapped = new.bytes.enumerated().map { new.bytes[$0.offset ^ 1] }
    swapped.withUnsafeBytes { function($0.baseAddress, UnsafeMutableRawPointer(bitPattern: UInt(address)), 8) }
    link.detach()
  }

  /// The text of `/proc/self/maps`, which the kernel gives a page at a time: one short read is not the end of it.
  private static func memoryMap() -> String {
    let descriptor = open("/proc/self/maps", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    var text: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(descriptor, &piece, piece.count)
      guard count > 0 else { return String(decoding: text, as: UTF8.self) }
      text.append(contentsOf: piece[..<count])
    }
  }

  /// The file that holds a function of the C library, and its offset there.
  private static func place(of name: String) throws -> (String, UInt64) {
    guard let symbol = dlsym(nil, name) else { throw UnexpectedErrno(what: "dlsym \(name)", errno: 2) }
    let address = UInt64(UInt(bitPattern: symbol))
    for line in memoryMap().split(separator: "\n") {
      let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
      let ends = fields[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
      guard fields.count == 6, ends.count == 2, ends[0] < ends[1], (ends[0]..<ends[1]).contains(address),
        let offset = UInt64(fields[2], radix: 16)
      else { continue }
      return (fields[5].trimmingCharacters(in: .whitespaces), address - ends[0] + offset)
    }
    throw UnexpectedErrno(what: "/proc/self/maps", errno: 2)
  }
}

/// gettid(2), which the C library of Swift's modules hides.
private func currentThreadID() -> Int32 {
  guard let symbol = dlsym(nil, "gettid") else { return 0 }
  return unsafeBitCast(symbol, to: (@convention(c) () -> Int32).self)()
}

/// Waits until something that another thread or the kernel does has happened; seconds are only the limit.
func waitUntil(_ what: String, _ condition: () throws -> Bool) throws {
  for _ in 0..<10_000 {
    if try condition() { return }
    usleep(1_000)
  }
  throw UnexpectedErrno(what: "waiting until \(what)", errno: 110)
}

/// A thread of this process that reads a pipe.
final class PipeSleeper: Sleeper {
  private struct State {
    var tid: Int32 = 0
    var result: Int64?
  }

  private let writingEnd: Int32
  private let state: SharedState
  let tid: Int32

  private final class SharedState: Sendable {
    let value = Mutex(State())
  }

  var processID: Int32 { getpid() }
  var isAsleep: Bool { state.value.withLock { $0.result == nil } }

  init() throws {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw UnexpectedErrno(what: "pipe", errno: Glibc.errno) }
    let reading = ends[0]
    writingEnd = ends[1]
    let state = SharedState()
    self.state = state
    Thread.detachNewThread {
      state.value.withLock { $0.tid = currentThreadID() }
      var byte: UInt8 = 0
      let count = read(reading, &byte, 1)
      close(reading)
      state.value.withLock { $0.result = Int64(count) }
    }
    try waitUntil("the thread has begun") { state.value.withLock { $0.tid != 0 } }
    let tid = state.value.withLock { $0.tid }
    self.tid = tid
    // The first field is the number of the system call that the thread sleeps in: 0 is read(2) on x86-64, 63 on arm64.
    try waitUntil("the thread sleeps") {
      let text = try String(contentsOfFile: "/proc/self/task/\(tid)/syscall", encoding: .utf8)
      return text.hasPrefix("0 ") || text.hasPrefix("63 ")
    }
  }

  func complete() throws -> Int64 {
    var byte: UInt8 = 1
    guard write(writingEnd, &byte, 1) == 1 else { throw UnexpectedErrno(what: "write", errno: Glibc.errno) }
    try waitUntil("the thread is back") { state.value.withLock { $0.result != nil } }
    return state.value.withLock { $0.result ?? 0 }
  }

  deinit { close(writingEnd) }
}
