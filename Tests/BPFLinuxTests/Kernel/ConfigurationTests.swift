import BPFObject
import Foundation
import SystemPackage
import Testing

@testable import BPFLinux

@Suite("The kernel's configuration")
struct ConfigurationTests {
  /// What gzip makes of bytes.
  private func packed(_ bytes: [UInt8], _ options: String...) throws -> [UInt8] {
    let file = URL(filePath: OwnFolder.path("packed"))
    try Data(bytes).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["gzip", "-c"] + options + [file.path]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Array(data)
  }

  @Test("what gzip has packed comes out as it went in")
  func roundTrip() throws {
    var random = SystemRandomNumberGenerator()
    let noise = (0..<70_000).map { _ in UInt8.random(in: 0...255, using: &random) }
    let words = (0..<40_000).map { UInt8(truncatingIfNeeded: $0 * $0 / 7 & 3 &+ 97) }
    let rows: [[UInt8]] = [
      [], [0], Array("a".utf8), Array("hello, hello, hello".utf8), [UInt8](repeating: 7, count: 100_000), noise, words,
      words + noise + words,
    ]
    for row in rows {
      for level in ["-1", "-6", "-9"] {
        let bytes = try packed(row, level)
        #expect(try Inflation.unpacked(bytes) == row, "\(row.count) bytes at \(level)")
      }
    }
  }

  @Test("damaged bytes end in an error, and never in others than were packed")
  func damage() throws {
    let text = Array(String(repeating: "CONFIG_HZ=250\n# CONFIG_KPROBES is not set\n", count: 40).utf8)
    let bytes = try packed(text)
    for length in 0..<bytes.count {
      #expect(throws: InflationError.self) { try Inflation.unpacked(Array(bytes[..<length])) }
    }
    // The header's time, flags of how hard it was tried, and system are nobody's business.
    for index in bytes.indices where !(4...9).contains(index) {
      for bit in 0..<8 {
        var damaged = bytes
        damaged[index] ^= 1 << UInt8(bit)
        if let found = try? Inflation.unpacked(damaged, limit: 1 << 20) { #expect(found == text, "byte \(index)") }
      }
    }
    #expect(throws: InflationError.tooLong(limit: 100)) { try Inflation.unpacked(bytes, limit: 100) }
  }

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
    try object.setMaxEntries(of: "shared", to: 9)
    let error = #expect(throws: BPFError.self) { try RealKernel.shared.load(object, pinFolder: files.root) }
    #expect(
      error?.problem.contains("number of elements 8, and the object wants 9") == true, "\(error?.description ?? "")")
    let nowhere = #expect(throws: BPFError.self) { try RealKernel.shared.load(object, pinFolder: "/tmp") }
    #expect(nowhere?.advice.contains("mount -t bpf") == true, "\(nowhere?.description ?? "")")
  }
}
