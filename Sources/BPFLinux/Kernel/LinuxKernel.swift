public import BPFTypeFormat
import Synchronization
import SystemPackage

/// The Linux kernel that the process runs on, as an engine for objects.
///
///     let kernel = LinuxKernel()
///     let loaded = try kernel.load(object)
///     let attachment = try loaded.program("on_sample").attach(to: .perfEvent(.cpuClock(hertz: 100), pid: 1234))
///
/// Values of this type are cheap to copy; copies share what has been found out about the kernel.
public struct LinuxKernel: Sendable {
  let systemCalls: any SystemCalls
  var token: BPFToken?
  private let known = Known()

  /// The running kernel, or what a test puts in its place.
  public init(systemCalls: any SystemCalls = RunningKernel()) {
    self.systemCalls = systemCalls
  }

  /// What is found out once.
  private final class Known: Sendable {
    let types = Mutex<BTF?>(nil)
    let version = Mutex<LinuxVersion?>(nil)
    let functions = Mutex<[String: BTFTypeID?]>([:])
    let modules = Mutex<[ModuleTypes]?>(nil)
    let configuration = Mutex<[String: String]?>(nil)
    let features = Mutex<[String: LinuxFeature.Answer]>([:])
    let tracepointRecords = Mutex<[UInt32: [[UInt8]]]>([:])
  }

  /// The number of a record of a tracepoint in a map: that of an equal one, else the next.
  func takeRecordNumber(_ record: [UInt8], in map: UInt32) -> Int {
    known.tracepointRecords.withLock { known in
      let records = known[map] ?? []
      if let number = records.firstIndex(of: record) { return number }
      known[map] = records + [record]
      return records.count
    }
  }

  /// The configuration, once it has been read.
  var knownConfiguration: [String: String]? {
    get { known.configuration.withLock { $0 } }
    nonmutating set { known.configuration.withLock { $0 = newValue } }
  }

  /// The types of the kernel, from `/sys/kernel/btf/vmlinux`, read once.
  ///
  /// - Throws: ``BPFError`` when the kernel does not give them out.
  public func types() throws(BPFError) -> BTF {
    if let types = known.types.withLock({ $0 }) { return types }
    let subject = "the kernel's types"
    let memory: BTFMemory
    do throws(Errno) { memory = try typesMemory() } catch {
      throw BPFError(
        subject, .systemCall("read of /sys/kernel/btf/vmlinux", error),
        advice: "kernel functions and CO-RE need a kernel that is built with CONFIG_DEBUG_INFO_BTF")
    }
    do throws(BTFError) {
      let types = try BTF(parsing: memory)
      known.types.withLock { $0 = types }
      return types
    } catch {
      throw .refusal(subject, "/sys/kernel/btf/vmlinux is damaged: \(error)")
    }
  }

  /// The kernel's own copy of its types, which Linux lets processes map since 6.16; before that, what is read of it.
  private func typesMemory() throws(Errno) -> BTFMemory {
    let file = try systemCalls.openFile("/sys/kernel/btf/vmlinux")
    let size = systemCalls.perform(.fileSize, Int(file.rawValue))
    if size > 0, let mapped = try? MappedMemory(file: file, byteCount: size, systemCalls) {
      return BTFMemory(mapped.bytes, keptBy: mapped)
    }
    return BTFMemory(try systemCalls.readToEnd(file))
  }

  /// The types of modules, once they have been read.
  var knownModules: [ModuleTypes]? {
    get { known.modules.withLock { $0 } }
    nonmutating set { known.modules.withLock { $0 = newValue } }
  }

  /// What has been found out of kernel functions: the type of each name, `nil` for those that are not there.
  var knownFunctions: [String: BTFTypeID?] {
    get { known.functions.withLock { $0 } }
    nonmutating set { known.functions.withLock { $0 = newValue } }
  }

  /// The kernel's version.
  ///
  /// - Throws: ``BPFError`` when `/proc` is not mounted.
  public func version() throws(BPFError) -> LinuxVersion {
    if let version = known.version.withLock({ $0 }) { return version }
    do throws(Errno) {
      let version = LinuxVersion(try systemCalls.readText("/proc/sys/kernel/osrelease"))
      known.version.withLock { $0 = version }
      return version
    } catch {
      throw BPFError(
        "the kernel's version", .systemCall("read of /proc/sys/kernel/osrelease", error),
        advice: "mount proc on /proc")
    }
  }

  /// The number of CPUs that the kernel may ever have, which is that of the values of a per-CPU element.
  func possibleCPUCount() throws(BPFError) -> Int { (try cpus("possible").last ?? 0) + 1 }

  /// The CPUs that run now, in ascending order.
  public func onlineCPUs() throws(BPFError) -> [Int] { try cpus("online") }

  /// A list of CPUs of the kernel's, such as `0-3,8`.
  private func cpus(_ list: String) throws(BPFError) -> [Int] {
    let path = "/sys/devices/system/cpu/\(list)"
    let text: String
    do throws(Errno) {
      text = try systemCalls.readText(path)
    } catch {
      throw BPFError("the \(list) CPUs", .systemCall("read of \(path)", error), advice: "mount sysfs on /sys")
    }
    var cpus: [Int] = []
    for part in text.split(separator: ",") {
      let ends = part.split(separator: "-").map { Int($0) }
      guard let first = ends.first ?? nil, let last = ends.last ?? nil, first >= 0, last >= first, last < 1 << 16,
        first > cpus.last ?? -1
      else { throw .refusal("the \(list) CPUs", "\(path) holds '\(text)'") }
      cpus += first...last
    }
    guard !cpus.isEmpty else { throw .refusal("the \(list) CPUs", "\(path) holds '\(text)'") }
    return cpus
  }

  /// The answer to a question about the kernel, asked once; one that could not be asked is asked again.
  public func has(_ feature: LinuxFeature) -> LinuxFeature.Answer {
    if let answer = known.features.withLock({ $0[feature.name] }) { return answer }
    let answer = feature.probe(self)
    if case .unknown = answer { return answer }
    known.features.withLock { $0[feature.name] = answer }
    return answer
  }
}

/// The version of a kernel: three numbers.
public struct LinuxVersion: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The first number.
  public var major: Int
  /// The second number.
  public var minor: Int
  /// The third number.
  public var patch: Int

  /// A version by its numbers.
  public init(_ major: Int, _ minor: Int, _ patch: Int = 0) {
    (self.major, self.minor, self.patch) = (major, minor, patch)
  }

  /// The version that a release such as `6.18.44-generic` begins with; numbers that are not there are 0.
  public init(_ release: String) {
    let numbers = release.prefix { $0.isNumber || $0 == "." }.split(separator: ".").map { Int($0) ?? 0 }
    self.init(numbers.first ?? 0, numbers.dropFirst().first ?? 0, numbers.dropFirst(2).first ?? 0)
  }

  /// `KERNEL_VERSION` of C: a byte each for the last two numbers.
  public var code: UInt32 {
    UInt32(clamping: major) << 16 | UInt32(min(max(minor, 0), 255)) << 8 | UInt32(min(max(patch, 0), 255))
  }

  /// Compares number by number.
  public static func < (left: LinuxVersion, right: LinuxVersion) -> Bool {
    (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
  }

  /// The numbers with dots between them.
  public var description: String { "\(major).\(minor).\(patch)" }
}
