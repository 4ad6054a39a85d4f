import Testing

@testable import BPFLinux

@Suite("Settings of the machine")
struct FactTests {
  /// The effective capabilities as `/proc/self/status` has them.
  private static func status(_ capabilities: String, user: Int = 0) -> String {
    "Name:\tmerops\nUid:\t1000\t\(user)\t0\t0\nCapEff:\t\(capabilities)\n"
  }

  private static let all = "000001ffffffffff"
  private static let none = "0000000000000000"

  private struct Row {
    var files: [String: String?]
    var name: String
    var value: String
    var isGood: Bool?
    var advice = ""
  }

  private static let rows = [
    Row(files: ["/proc/self/status": status(all)], name: "CAP_BPF", value: "yes", isGood: true),
    Row(files: ["/proc/self/status": status(none)], name: "CAP_BPF", value: "no", isGood: false, advice: "run as root"),
    // CAP_BPF alone, then CAP_PERFMON with it, then CAP_SYS_ADMIN, which holds both.
    Row(files: ["/proc/self/status": status("0000008000000000")], name: "CAP_BPF", value: "yes", isGood: true),
    Row(
      files: ["/proc/self/status": status("0000008000000000")], name: "CAP_PERFMON", value: "no", isGood: false,
      advice: "cap_perfmon"),
    Row(files: ["/proc/self/status": status("000000c000000000")], name: "CAP_PERFMON", value: "yes", isGood: true),
    Row(files: ["/proc/self/status": status("0000000000200000")], name: "CAP_PERFMON", value: "yes", isGood: true),
    Row(
      files: ["/proc/self/status": status("0000000000200000")], name: "CAP_SYS_PTRACE", value: "no", isGood: false,
      advice: "other users"),
    Row(files: ["/proc/self/status": status(all, user: 1234)], name: "user", value: "1234", isGood: nil),
    Row(
      files: ["/proc/self/status": status(none), "/proc/sys/kernel/perf_event_paranoid": "2\n"],
      name: "kernel.perf_event_paranoid", value: "2", isGood: false, advice: "sysctl kernel.perf_event_paranoid=1"),
    Row(
      files: ["/proc/self/status": status(none), "/proc/sys/kernel/perf_event_paranoid": "1\n"],
      name: "kernel.perf_event_paranoid", value: "1", isGood: true),
    Row(
      files: ["/proc/self/status": status(all), "/proc/sys/kernel/perf_event_paranoid": "4\n"],
      name: "kernel.perf_event_paranoid", value: "4", isGood: true),
    Row(
      files: ["/proc/self/status": status(all), "/proc/sys/kernel/kptr_restrict": "2\n"], name: "kernel.kptr_restrict",
      value: "2", isGood: false, advice: "CAP_SYSLOG"),
    Row(
      files: ["/proc/self/status": status(all), "/proc/sys/kernel/kptr_restrict": "1\n"], name: "kernel.kptr_restrict",
      value: "1", isGood: true),
    Row(
      files: ["/proc/self/status": status(none), "/proc/sys/kernel/kptr_restrict": "1\n"],
      name: "kernel.kptr_restrict", value: "1", isGood: false, advice: "CAP_SYSLOG"),
    Row(
      files: ["/proc/sys/net/core/bpf_jit_enable": "0\n"], name: "JIT compiler", value: "off", isGood: false,
      advice: "bpf_jit_enable=1"),
    Row(files: ["/proc/sys/net/core/bpf_jit_enable": "1\n"], name: "JIT compiler", value: "on", isGood: true),
    Row(
      files: ["/sys/kernel/security/lockdown": "none integrity [confidentiality]\n"], name: "lockdown",
      value: "confidentiality", isGood: false, advice: "Secure Boot"),
    Row(
      files: ["/sys/kernel/security/lockdown": "none [integrity] confidentiality\n"], name: "lockdown",
      value: "integrity", isGood: true),
    Row(
      files: ["/sys/kernel/security/lockdown": "[none] integrity confidentiality\n"], name: "lockdown", value: "none",
      isGood: true),
    Row(
      files: ["/sys/kernel/security/lockdown": nil], name: "lockdown",
      value: "unknown: securityfs is not mounted on /sys/kernel/security", isGood: nil),
    Row(
      files: [
        "/proc/sys/kernel/osrelease": "5.4.0\n",
        "/proc/self/limits": "Max locked memory         65536                65536                bytes     \n",
      ], name: "max locked memory", value: "65536 bytes", isGood: false, advice: "ulimit -l unlimited"),
    Row(
      files: [
        "/proc/sys/kernel/osrelease": "6.18.1\n",
        "/proc/self/limits": "Max locked memory         65536                65536                bytes     \n",
      ], name: "max locked memory", value: "65536 bytes", isGood: nil),
    Row(
      files: ["/proc/self/mounts": "proc /proc proc rw 0 0\n"], name: "bpf file system", value: "not mounted",
      isGood: false, advice: "mount -t bpf bpf /sys/fs/bpf"),
    Row(
      files: ["/proc/self/mounts": "none /run/bpf bpf rw 0 0\n"], name: "bpf file system", value: "/run/bpf",
      isGood: true),
    Row(
      files: ["/proc/self/mounts": "none /run/bpf bpf rw 0 0\n"], name: "tracefs file system", value: "not mounted",
      isGood: false, advice: "mount -t tracefs"),
  ]

  @Test("a setting that stands in the way is told of with what to do, and another is not")
  func settings() throws {
    for row in Self.rows {
      let facts = LinuxKernel(systemCalls: ImaginaryKernel(files: row.files)).facts()
      let fact = try #require(facts.first { $0.name == row.name }, "\(row.name)")
      #expect(fact.value == row.value && fact.isGood == row.isGood, "\(row.files): \(fact)")
      #expect(fact.advice.contains(row.advice) && fact.advice.isEmpty == (row.isGood != false), "\(row.name): \(fact)")
    }
  }
}
