// Memory, functions and threads of this process as targets of the running kernel's programs.
//
// Unsafe because pages are mapped and written by address, structures of system calls are passed by address, and functions
// that the C library's module does not show are called by their symbols. Each page is one that this file has mapped, of
// the size it has mapped, and each structure lives as long as the call that is given its address.

#if os(Linux)
  import BPFLinux
  import Glibc
  import SystemPackage

  /// System calls that the C library does not offer to Swift.
  enum RawSystemCall {
    private typealias Function = @convention(c) (Int, Int, Int, Int, Int, Int, Int) -> Int

    /// The result, or the negated error number.
    static func perform(_ number: Int, _ arguments: Int...) -> Int {
      guard let symbol = dlsym(nil, "syscall") else { return -38 }
      let words = arguments + [Int](repeating: 0, count: 6)
      let function = unsafeBitCast(symbol, to: Function.self)
      let result = function(number, words[0], words[1], words[2], words[3], words[4], words[5])
      return result < 0 ? -Int(errno) : result
    }

    /// Both ends of a pipe, which children do not inherit.
    static func pipe() throws -> (input: Int32, output: Int32) {
      var ends = (Int32(-1), Int32(-1))
      let result = withUnsafeMutablePointer(to: &ends) { perform(293, address($0), Int(O_CLOEXEC)) }
      guard result == 0 else { throw UnexpectedErrno(what: "pipe", errno: Int32(-result)) }
      return (ends.0, ends.1)
    }

    static func address<Value>(_ pointer: UnsafeMutablePointer<Value>) -> Int { Int(bitPattern: pointer) }
  }

  /// The kernel counts runs of programs as long as this is not ended.
  struct KernelStatistics {
    private let descriptor: Int32

    init() throws {
      // BPF_ENABLE_STATS with BPF_STATS_RUN_TIME.
      var attributes = (UInt32(0), UInt32(0))
      let result = withUnsafeMutablePointer(to: &attributes) {
        RawSystemCall.perform(321, 32, RawSystemCall.address($0), 4)
      }
      guard result >= 0 else { throw UnexpectedErrno(what: "BPF_ENABLE_STATS", errno: Int32(-result)) }
      descriptor = Int32(result)
    }

    func end() { close(descriptor) }
  }

  /// A page of this process.
  final class UserPage {
    static let byteCount = 4096
    private let start: UnsafeMutableRawPointer
    var address: UInt64 { UInt64(UInt(bitPattern: start)) }

    /// A page of a file that begins with a number, or an anonymous one that was never touched.
    init(fileHolding value: UInt64?) throws {
      var file: Int32 = -1
      if let value {
        let path = "/tmp/merops-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw UnexpectedErrno(what: "open", errno: errno) }
        unlink(path)
        _ = value.bytes.withUnsafeBytes { write(file, $0.baseAddress, 8) }
        ftruncate(file, off_t(Self.byteCount))
      }
      defer { if file >= 0 { close(file) } }
      let flags = value == nil ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_PRIVATE
      guard let start = mmap(nil, Self.byteCount, PROT_READ | PROT_WRITE, flags, file, 0), start != MAP_FAILED else {
        throw UnexpectedErrno(what: "mmap", errno: errno)
      }
      self.start = start
    }

    deinit { munmap(start, Self.byteCount) }

    func store(_ value: UInt64) { start.storeBytes(of: value, as: UInt64.self) }
  }

  extension RunningEngine {
    func userMemory(_ kind: UserMemoryKind, _ value: UInt64) throws -> UInt64 {
      guard kind != .unmapped else { return 0x10 }
      let page = try UserPage(fileHolding: value)
      pages.append(page)
      if kind == .touched { page.store(value) }
      return page.address
    }

    func withPageFault(
      of value: UInt64, trigger: (UInt64) throws -> Void, whileWaiting body: @escaping () throws -> Void
    ) throws {
      let faults = RawSystemCall.perform(323, Int(O_CLOEXEC | O_NONBLOCK))
      guard faults >= 0 else { throw UnexpectedErrno(what: "userfaultfd", errno: Int32(-faults)) }
      defer { close(Int32(faults)) }
      let (page, contents) = (try UserPage(fileHolding: nil), try UserPage(fileHolding: nil))
      pages += [page, contents]
      contents.store(value)
      // UFFDIO_API, UFFDIO_REGISTER of what is missing, and UFFDIO_COPY.
      func control(_ request: Int, _ words: [UInt64]) throws {
        var words = words
        let result = words.withUnsafeMutableBufferPointer {
          RawSystemCall.perform(16, faults, request, Int(bitPattern: $0.baseAddress))
        }
        guard result >= 0 else { throw UnexpectedErrno(what: "ioctl of userfaultfd", errno: Int32(-result)) }
      }
      try control(0xc018_aa3f, [0xaa, 0, 0])
      try control(0xc020_aa00, [page.address, UInt64(UserPage.byteCount), 1, 0])
      func serve() throws {
        try control(0xc028_aa03, [page.address, contents.address, UInt64(UserPage.byteCount), 0, 0])
      }
      do {
        try trigger(page.address)
        try waitUntil("a thread waits for the page") {
          var set = pollfd(fd: Int32(faults), events: Int16(POLLIN), revents: 0)
          return poll(&set, 1, 0) == 1
        }
        try body()
      } catch {
        try? serve()
        throw error
      }
      try serve()
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

    /// The file that holds a function of the C library, and its offset there.
    private static func place(of name: String) throws -> (String, UInt64) {
      guard let symbol = dlsym(nil, name) else { throw UnexpectedErrno(what: "dlsym \(name)", errno: 2) }
      let address = UInt64(UInt(bitPattern: symbol))
      for mapping in try ProcessFiles.mappings(of: nil) where mapping.range.contains(address) && !mapping.path.isEmpty {
        return (mapping.path, address - mapping.range.lowerBound + mapping.offset)
      }
      throw UnexpectedErrno(what: "/proc/self/maps", errno: 2)
    }

    func withZombie<Result>(_ body: (Int32) throws -> Result) throws -> Result {
      let child = try ChildProcess(["true"])
      defer { child.kill() }
      try waitUntil("the child has ended") { try ProcessFiles.state(of: child.pid) == "Z" }
      return try body(child.pid)
    }

    var askerTID: Int32 { gettid() }

    func callAsAsker(_ name: String) throws {
      if name == "getppid" {
        _ = getppid()
      } else {
        pause(milliseconds: 100 * patience)
      }
    }

    var napOfAsker: UInt64 { UInt64(100 * patience) * 1_000_000 }
  }

  /// gettid(2), which the C library of Swift's modules hides.
  func gettid() -> Int32 { Int32(truncatingIfNeeded: RawSystemCall.perform(186)) }

  func pause(milliseconds: Int) {
    var time = timespec(tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000)
    nanosleep(&time, nil)
  }
#endif
