import BPFObject
import Foundation
import SystemPackage
import Testing

@testable import BPFLinux

@Suite("The kernel's configuration")
struct ConfigurationTests {
  @Test("options are read from the lines that set them")
  func options() {
    let text = "# a comment\nCONFIG_HZ=250\n# CONFIG_KPROBES is not set\nCONFIG_LSM=\"a,b\"\nCONFIG_BPF=y\nCONFIG_ODD\n"
    #expect(
      LinuxKernel.options(in: Array(text.utf8)) == ["CONFIG_HZ": "250", "CONFIG_LSM": "\"a,b\"", "CONFIG_BPF": "y"])
  }

  private static let source = """
    #include <vmlinux.h>
    #include <bpf/bpf_helpers.h>
    char LICENSE[] SEC("license") = "GPL";
    extern unsigned long CONFIG_HZ __kconfig;
    extern bool CONFIG_BPF __kconfig;
    extern enum libbpf_tristate CONFIG_BPF_SYSCALL __kconfig;
    extern int CONFIG_MEROPS_HAS_NONE __kconfig __weak;
    extern char CONFIG_DEFAULT_HOSTNAME[16] __kconfig __weak;
    extern bool LINUX_HAS_SYSCALL_WRAPPER __kconfig;
    __u64 hertz, bpf, calls, none, wrapper; char first;
    SEC("syscall") int look(void *context) {
      hertz = CONFIG_HZ; bpf = CONFIG_BPF; calls = CONFIG_BPF_SYSCALL; none = CONFIG_MEROPS_HAS_NONE;
      wrapper = LINUX_HAS_SYSCALL_WRAPPER; first = CONFIG_DEFAULT_HOSTNAME[0];
      return 0;
    }
    """

  private static let tells = RealKernel.canCompile && (try? RealKernel.shared.configuration()) != nil

  @Test("programs see what the kernel was built with", .enabled(if: tells, "needs CONFIG_IKCONFIG_PROC"))
  func values() async throws {
    let loaded = try RealKernel.shared.load(try await Fixture.object(Self.source))
    _ = try loaded.program("look").testRun()
    func word(_ name: String) throws -> Int64 {
      let global = try #require(loaded.object.globals[name])
      return try loaded.map(global.map).lookupElement([0, 0, 0, 0]).signed(at: global.offset, byteCount: 8)
    }
    let configuration = try RealKernel.shared.configuration()
    #expect(try word("hertz") == configuration["CONFIG_HZ"].flatMap { Int64($0) })
    #expect(try word("bpf") == 1)
    #expect(try word("calls") == 1)
    #expect(try word("none") == 0)
    #expect(try word("wrapper") == 1)
  }

  @Test(
    "a value that the kernel does not have ends in an error that names it", .enabled(if: tells, "needs a configuration")
  )
  func missing() async throws {
    let object = try await Fixture.object(
      Self.source.replacingOccurrences(
        of: "CONFIG_MEROPS_HAS_NONE __kconfig __weak", with: "CONFIG_MEROPS_HAS_NONE __kconfig"))
    let error = #expect(throws: BPFError.self) { try RealKernel.shared.load(object) }
    #expect(error?.description.contains("CONFIG_MEROPS_HAS_NONE") == true, "\(error?.description ?? "")")
  }

  // MARK: Maps that are shared by name

  private static let sharing = """
    #include <vmlinux.h>
    #include <bpf/bpf_helpers.h>
    char LICENSE[] SEC("license") = "GPL";
    struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, __u32); __type(value, __u64);
      __uint(pinning, LIBBPF_PIN_BY_NAME); } shared SEC(".maps");
    SEC("syscall") int count(void *context) {
      __u32 key = 1; __u64 one = 1, *value = bpf_map_lookup_elem(&shared, &key);
      if (value) *value += 1; else bpf_map_update_elem(&shared, &key, &one, BPF_ANY);
      return 0;
    }
    """

  @Test(
    "a map that is shared by name is made once, and has to be what the object wants",
    .enabled(if: RealKernel.canCompile && OwnFileSystem.isAvailable, "needs the right to mount a bpf file system"))
  func sharedMaps() async throws {
    var object = try await Fixture.object(Self.sharing)
    let files = try OwnFileSystem()
    for _ in 0..<2 {
      let loaded = try RealKernel.shared.load(object, pinFolder: files.root)
      _ = try loaded.program("count").testRun()
    }
    #expect(try RealKernel.shared.pinnedMap(at: files.path("shared")).lookupElement(UInt32(1).bytes) == UInt64(2).bytes)
    let shared = try #require(object.maps["shared"])
    let rows: [(String, (inout MapDefinition) -> Void)] = [
      ("number of elements 8, and the object wants 9", { $0.maxEntries = 9 }),
      ("size of keys 4, and the object wants 8", { $0.keySize = 8 }),
      ("size of values 8, and the object wants 16", { $0.valueSize = 16 }),
      ("type hash, and the object wants lru_hash", { $0.type = .lruHash }),
      ("flags none, and the object wants BPF_F_NO_PREALLOC", { $0.flags = .noPreallocation }),
    ]
    for (text, change) in rows {
      var other = shared
      change(&other)
      object.maps["shared"] = other
      let error = #expect(throws: BPFError.self) { try RealKernel.shared.load(object, pinFolder: files.root) }
      #expect(error?.problem.contains(text) == true, "\(text): \(error?.description ?? "")")
    }
    object.maps["shared"] = shared
    let nowhere = #expect(throws: BPFError.self) { try RealKernel.shared.load(object, pinFolder: "/tmp") }
    #expect(nowhere?.advice.contains("mount -t bpf") == true, "\(nowhere?.description ?? "")")
  }
}
