import BPFInstructions
import BPFLinux
import BPFObject
import Foundation
import SystemPackage
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite("Faults of links and targets", .serialized, .timeLimit(.minutes(10)))
struct LinkFaultTests {
  private static let source = """
    #include <vmlinux.h>
    #include <bpf/bpf_helpers.h>
    #include <bpf/bpf_tracing.h>
    char LICENSE[] SEC("license") = "GPL";
    SEC("uprobe") int on_function(void *context) { return 0; }
    SEC("uprobe.multi") int on_functions(void *context) { return 0; }
    SEC("perf_event") int on_sample(void *context) { return 0; }
    SEC("iter/task") int tasks(struct bpf_iter__task *context) { return 0; }
    SEC("cgroup/sock_create") int on_socket(struct bpf_sock *socket) { return 1; }
    SEC("xdp") int express(struct xdp_md *context) { return XDP_PASS; }
    """

  @Test(
    "a place that is not there ends in an error that says what, and leaves the object as it was",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func missingPlaces() async throws {
    let loaded = try RealKernel.shared.load(try await Fixture.object(Self.source))
    let rows: [(String, LinuxAttachPoint, String)] = [
      ("express", .express("merops0", .any), "there is no such network interface"),
      ("express", .express(.index(0x7fff_ffff), .any), "there is no such interface"),
      ("on_socket", .controlGroup("/nowhere/at/all"), "open failed"),
      ("on_socket", .controlGroup("/"), "no folder of a cgroup2 file system"),
      ("on_sample", .perfEvent(.cpuClock(.frequency(99)), pid: 4_194_304, cpu: nil), "no such thread"),
      ("on_sample", .perfEvent(.cpuClock(.frequency(99)), pid: nil, cpu: nil), "neither is given"),
      ("on_sample", .perfEvent(.cpuClock(.frequency(99)), pid: nil, cpu: 9_999), "perf_event_open failed"),
      ("on_sample", .express("lo", .any), "takes programs of type xdp"),
      ("tasks", .rawTracepoint(name: "sys_enter"), "it was loaded for 'task'"),
      ("on_function", .kernelFunction(name: "schedule", offset: 0, isReturn: false), "kprobe"),
      ("on_function", .userSymbol(file: "/etc/passwd", symbol: "x", isReturn: false, pid: nil), "no ELF file"),
    ]
    for (name, point, text) in rows {
      let error = #expect(throws: BPFError.self, "\(name) \(point)") {
        let link = try loaded.program(name).attach(to: point)
        link.detach()
      }
      #expect(error?.description.contains(text) == true, "\(text) in \(error?.description ?? "")")
    }
    let gone = #expect(throws: BPFError.self) {
      let link = try loaded.program("on_sample").attach(to: .cpuClock(.frequency(99)), ofProcess: 4_194_304)
      link.detach()
    }
    #expect(gone?.problem == "there is no such process")
  }

  // MARK: Kernels that refuse

  @Test(
    "a refusal for want of rights, memory or descriptors says what to do",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func refusals() async throws {
    let object = try await Fixture.object(Self.source)
    let rows: [(Int, Int32, String)] = [
      (18, 1, "CAP_BPF"), (5, 1, "CAP_PERFMON"), (5, 24, "ulimit -n"), (5, 38, "built without bpf(2)"),
      (5, 7, "greater than"),
    ]
    for (command, errno, text) in rows {
      let faulty = FaultyKernel(command: command, errno: errno)
      let error = #expect(throws: BPFError.self) { try LinuxKernel(systemCalls: faulty).load(object) }
      #expect(error?.advice.contains(text) == true, "\(text) in \(error?.description ?? "")")
      #expect(faulty.openCount == 0)
    }
    let big = MapDefinition(name: "big", type: .hash, keySize: 4, valueSize: 8, maxEntries: 1)
    let map = #expect(throws: BPFError.self) {
      try LinuxKernel(systemCalls: FaultyKernel(command: 0, errno: 12)).makeMap(big)
    }
    #expect(map?.advice.contains("max_entries") == true)
  }

  @Test(
    "a kernel without types, and an object for another byte order, are told of by name",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func otherKernels() async throws {
    var object = try await Fixture.object(Self.source)
    let blind = LinuxKernel(systemCalls: ScriptedKernel(files: ["/sys/kernel/btf/vmlinux": nil]))
    let error = #expect(throws: BPFError.self) { try blind.load(object) }
    #expect(error?.advice.contains("CONFIG_DEBUG_INFO_BTF") == true, "\(error?.description ?? "")")
    let damaged = LinuxKernel(systemCalls: ScriptedKernel(files: ["/sys/kernel/btf/vmlinux": "no types at all"]))
    let other = #expect(throws: BPFError.self) { try damaged.load(object) }
    #expect(other?.problem.contains("is damaged") == true)
    object.byteOrder = .big
    let order = #expect(throws: BPFError.self) { try RealKernel.shared.load(object) }
    #expect(order?.problem.contains("another byte order") == true)
    let old = LinuxKernel(systemCalls: ScriptedKernel(files: ["/proc/sys/kernel/osrelease": "5.4.0-generic\n"]))
    #expect(try old.version() == LinuxVersion(5, 4))
    #expect(old.advice(on: .taskWork, .no("")).contains("it came with Linux 6.18.0; this is 5.4.0"))
    let first = LinuxKernel(systemCalls: ScriptedKernel(files: ["/proc/sys/kernel/osrelease": "6.18.0\n"]))
    #expect(!first.advice(on: .taskWork, .no("")).contains("it came with"))
  }
}
