/// The configuration of the simulated kernel, as `.kconfig` externs read it.
enum KernelConfiguration {
  /// Values by option, written as in `/proc/config.gz`; the kernel calls itself 6.18.
  static let values: [String: String] = [
    "LINUX_KERNEL_VERSION": String(6 << 16 | 18 << 8),
    "LINUX_HAS_BPF_COOKIE": "y",
    "LINUX_HAS_SYSCALL_WRAPPER": "y",
    "CONFIG_64BIT": "y",
    "CONFIG_ARCH_HAS_SYSCALL_WRAPPER": "y",
    "CONFIG_BPF": "y",
    "CONFIG_BPF_JIT": "y",
    "CONFIG_BPF_SYSCALL": "y",
    "CONFIG_DEBUG_INFO_BTF": "y",
    "CONFIG_DEFAULT_HOSTNAME": "\"(none)\"",
    "CONFIG_HZ": "250",
    "CONFIG_NR_CPUS": "256",
    "CONFIG_PGTABLE_LEVELS": "4",
    "CONFIG_PREEMPT": "n",
    "CONFIG_SMP": "y",
    "CONFIG_X86_64": "y",
  ]
}
