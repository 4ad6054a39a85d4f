import SystemPackage

extension LinuxKernel {
  /// The value of a configuration option, or of one that libbpf makes up, as `extern … __kconfig` asks for it.
  ///
  /// Options of the kernel.s configuration (`CONFIG_…`) are not read so far.
  ///
  /// - Returns: the text as in that file, `nil` when the kernel does not tell.
  func configurationValue(_ name: String) throws(BPFError) -> String? {
    switch name {
    case "LINUX_KERNEL_VERSION": return "\(try version().code)"
    case "LINUX_HAS_BPF_COOKIE": return try version() >= LinuxVersion(5, 15) ? "1" : "0"
    default: return nil
    }
  }
}
