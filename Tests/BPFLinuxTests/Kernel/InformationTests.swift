import BPFLinux
import BPFMapViews
import BPFObject
import BPFTypeFormat
import Synchronization
import SystemPackage
import Testing

@Suite("What is in the kernel", .timeLimit(.minutes(10)))
struct InformationTests {
  private static let source = """
    #include <vmlinux.h>
    #include <bpf/bpf_helpers.h>
    char LICENSE[] SEC("license") = "GPL";
    struct merops_value { __u32 first; __u64 second; };
    struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, __u32);
      __type(value, struct merops_value); } values SEC(".maps");
    SEC("syscall") int look(void *context) { return bpf_map_lookup_elem(&values, &(__u32){1}) ? 1 : 0; }
    """

  struct Value: BitwiseCopyable {
    var first: UInt32
    var second: UInt64
  }

  @Test(
    "maps, programs and types are listed with what the kernel says of them, and types can be read back",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func lists() async throws {
    let kernel = RealKernel.shared
    let loaded = try kernel.load(try await Fixture.object(Self.source))
    let map = try loaded.map("values")
    let information = try #require(try kernel.allMaps().first { $0.identifier == map.identifier })
    #expect(information == (try map.information()))
    #expect(information.name == "values" && information.type == .hash && information.maxEntries == 8)
    let program = try loaded.program("look")
    let listed = try #require(try kernel.allPrograms().first { $0.identifier == program.identifier })
    #expect(listed.maps == [map.identifier] && listed.type == .systemCall)
    let types = try kernel.types(identifier: information.types)
    #expect(try types.name(of: types.resolve(information.valueType)) == "merops_value")
    #expect(try types.size(of: information.keyType) == 4)
    let sets = try kernel.allTypes()
    #expect(sets.contains { $0.name == "vmlinux" && $0.isKernel && $0.byteCount > 1_000_000 })
    #expect(sets.contains { $0.identifier == information.types && !$0.isKernel })
    let gone = #expect(throws: BPFError.self) { try kernel.types(identifier: UInt32.max) }
    #expect(gone?.errno == .noSuchFileOrDirectory && gone?.command == "BPF_BTF_GET_FD_BY_ID")
  }

  @Test(
    "a pinned map is seen as Swift values by the types that the kernel has of it",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func pinnedViews() async throws {
    let files = try OwnFileSystem()
    do {
      let loaded = try RealKernel.shared.load(try await Fixture.object(Self.source))
      try loaded.hashMap("values", of: UInt32.self, Value.self).update(1, to: Value(first: 2, second: 3))
      try loaded.map("values").pin(at: files.path("values"))
    }
    let pinned = try LinuxObject([RealKernel.shared.pinnedMap(at: files.path("values"))])
    #expect(try pinned.hashMap("values", of: UInt32.self, Value.self).lookup(1)?.second == 3)
    let error = #expect(throws: MapViewError.self) {
      try pinned.hashMap("values", of: UInt32.self, (UInt64, UInt64).self)
    }
    #expect(error?.description.contains("0: __u32 first, 4 bytes") == true)
  }

  @Test(
    "a token is refused with a reason where there can be none", .enabled(if: RealKernel.isUsable, RealKernel.reason))
  func refusedTokens() throws {
    let files = try OwnFileSystem()
    let error = #expect(throws: BPFError.self) { try RealKernel.shared.makeToken(of: files.root) }
    #expect(
      error?.command == "BPF_TOKEN_CREATE" && error?.description.contains("; ") == true, "\(error?.description ?? "")")
    let missing = #expect(throws: BPFError.self) { try RealKernel.shared.makeToken(of: "/no/such/folder") }
    #expect(missing?.command == "open")
  }

  /// A kernel that gives out the descriptor 77 for a token, and notes where it comes back.
  private final class TokenKernel: SystemCalls {
    let uses = Mutex<[String]>([])

    func perform(
      _ call: SystemCallName, _ first: Int, _ second: Int, _ third: Int, _ fourth: Int, _ fifth: Int
    ) -> Int {
      guard call == .bpf, let attributes = UnsafeMutableRawPointer(bitPattern: second) else {
        return call == .openFile ? 5 : 0
      }
      func word(_ offset: Int) -> UInt32 { attributes.load(fromByteOffset: offset, as: UInt32.self) }
      switch first {
      case 36:
        uses.withLock { $0.append("token of \(word(4))") }
        return 77
      // The flags, and the token's descriptor.
      case 0: uses.withLock { $0.append("map \(word(16) >> 16 & 1) \(word(76))") }
      case 18: uses.withLock { $0.append("types \(word(32) >> 16 & 1) \(word(36))") }
      case 15:
        let info = UnsafeMutableRawPointer(bitPattern: attributes.load(fromByteOffset: 8, as: UInt.self))
        info?.storeBytes(of: 1, as: UInt32.self)
      default: break
      }
      return 9
    }
  }

  @Test("what is made with a token is made with its descriptor and the flag that says so")
  func tokens() throws {
    let calls = TokenKernel()
    let plain = LinuxKernel(systemCalls: calls)
    let kernel = plain.using(try plain.makeToken(of: "/bpf"))
    var builder = BTFBuilder()
    let integer = builder.add(BTFType(name: "int", kind: .integer(.init(byteCount: 4, bitCount: 32, isSigned: true))))
    var map = MapDefinition(name: "counts", type: .hash, keySize: 4, valueSize: 4, maxEntries: 1)
    map.types = try BTF(builder)
    map.keyType = integer
    map.valueType = integer
    _ = try kernel.makeMap(map)
    _ = try plain.makeMap(map)
    #expect(calls.uses.withLock { $0 } == ["token of 5", "types 1 77", "map 1 77", "types 0 0", "map 0 0"])
  }
}
