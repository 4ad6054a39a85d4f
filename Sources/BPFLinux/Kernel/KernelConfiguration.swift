import BPFObject
import GZip
import SystemPackage

extension LinuxKernel {
  /// The value of a configuration option, or of one that libbpf makes up, as `extern … __kconfig` asks for it.
  ///
  /// - Returns: the text as in the configuration file, `nil` when the kernel has no such option, or does not tell.
  func configurationValue(_ name: String) throws(BPFError) -> String? {
    switch name {
    case "LINUX_KERNEL_VERSION": return "\(try version().code)"
    case "LINUX_HAS_BPF_COOKIE": return try version() >= LinuxVersion(5, 15) ? "1" : "0"
    // Since Linux 4.17 on x86-64, s390x and arm64.
    case "LINUX_HAS_SYSCALL_WRAPPER": return try version() >= LinuxVersion(4, 19) ? "1" : "0"
    default: return try configuration()[name]
    }
  }

  /// What the kernel was built with: options and their values as in its configuration file. Those that are not set are
  /// not in it.
  ///
  /// It is read once, from `/proc/config.gz`, or else from `/boot/config-RELEASE`.
  ///
  /// - Throws: ``BPFError`` when neither is there.
  public func configuration() throws(BPFError) -> [String: String] {
    if let known = knownConfiguration { return known }
    let found = Self.options(in: try configurationText())
    knownConfiguration = found
    return found
  }

  private func configurationText() throws(BPFError) -> [UInt8] {
    let path = "/proc/config.gz"
    let subject = "the kernel's configuration"
    var packed: [UInt8] = []
    var missing: Errno?
    do throws(Errno) { packed = try systemCalls.readFile(path) } catch { missing = error }
    guard let missing else {
      do throws(GZipError) { return try GZip.expand(packed) } catch {
        throw .refusal(subject, "\(path): \(error)")
      }
    }
    let other = "/boot/config-" + ((try? systemCalls.readText("/proc/sys/kernel/osrelease")) ?? "")
    do throws(Errno) { return try systemCalls.readFile(other) } catch {
      throw BPFError(
        subject, .systemCall("read of \(path)", missing), "\(other) is not there either",
        advice: "a kernel tells how it was built when it is built with CONFIG_IKCONFIG_PROC")
    }
  }

  /// Lines are `CONFIG_HZ=250`, `CONFIG_LSM="…"`, or comments.
  static func options(in text: [UInt8]) -> [String: String] {
    var options: [String: String] = [:]
    for line in text.split(separator: 10) where line.starts(with: Array("CONFIG_".utf8)) {
      guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else { continue }
      let value = line[line.index(after: equals)...]
      options[String(decoding: line[..<equals], as: UTF8.self)] = String(decoding: value, as: UTF8.self)
    }
    return options
  }
}
