import BPFInstructions
import Foundation
import Testing

@Suite("Helper functions")
struct HelperFunctionTests {
  @Test("the table has the 211 functions of Linux 6.18 in order, each found by number and name")
  func table() {
    #expect(HelperFunction.all.map(\.identifier) == Array(1...211))
    #expect(Set(HelperFunction.all.map(\.name)).count == 211)
    for function in HelperFunction.all {
      #expect(HelperFunction(identifier: function.identifier) == function)
      #expect(HelperFunction(name: function.name) == function)
      #expect(function.name.hasPrefix("bpf_") && function.parameters.count <= 5 && !function.result.isEmpty)
    }
    for identifier: Int32 in [0, -1, 212, .max, .min] { #expect(HelperFunction(identifier: identifier) == nil) }
    #expect(HelperFunction(name: "bpf_unspec") == nil)
  }

  @Test("prototypes and definitions are C")
  func prototypes() {
    let rows: [(Int32, String, String)] = [
      (
        1, "void *bpf_map_lookup_elem(void *map, const void *key)",
        "static void *(* const bpf_map_lookup_elem)(void *map, const void *key) = (void *) 1;"
      ),
      (5, "__u64 bpf_ktime_get_ns(void)", "static __u64 (* const bpf_ktime_get_ns)(void) = (void *) 5;"),
      (
        6, "long bpf_trace_printk(const char *fmt, __u32 fmt_size, ...)",
        "static long (* const bpf_trace_printk)(const char *fmt, __u32 fmt_size, ...) = (void *) 6;"
      ),
      (
        8, "__u32 bpf_get_smp_processor_id(void)",
        "static __bpf_fastcall __u32 (* const bpf_get_smp_processor_id)(void) = (void *) 8;"
      ),
      (
        84,
        "struct bpf_sock *bpf_sk_lookup_tcp(void *ctx, struct bpf_sock_tuple *tuple, __u32 tuple_size, __u64 netns, __u64 flags)",
        "static struct bpf_sock *(* const bpf_sk_lookup_tcp)(void *ctx, struct bpf_sock_tuple *tuple, __u32 tuple_size, __u64 netns, __u64 flags) = (void *) 84;"
      ),
    ]
    for (identifier, prototype, definition) in rows {
      let function = HelperFunction(identifier: identifier)
      #expect(function?.prototype == prototype)
      #expect(function?.definition == definition)
    }
    #expect(HelperFunction.structures.count == 41)
    #expect(HelperFunction.structures.contains("task_struct"))
  }

  @Test("traits are those that the kernel enforces")
  func traits() {
    #expect(HelperFunction(name: "bpf_copy_from_user")?.traits == [.mightSleep])
    #expect(HelperFunction(name: "bpf_copy_from_user_task")?.traits == [.mightSleep, .gplOnly])
    #expect(HelperFunction(name: "bpf_get_current_task")?.traits == [.gplOnly])
    #expect(HelperFunction(name: "bpf_map_lookup_elem")?.traits == [])
  }

  static let kernelTypes = "/sys/kernel/btf/vmlinux"

  @Test(
    "numbers and names are those of the running kernel's enum bpf_func_id",
    .enabled(if: FileManager.default.isReadableFile(atPath: kernelTypes), "needs the running kernel's BTF"))
  func runningKernel() throws {
    let blob = [UInt8](try Data(contentsOf: URL(filePath: Self.kernelTypes)))
    let values = try #require(KernelEnumeration(name: "bpf_func_id", in: blob)?.values)
    // A kernel older than 6.17 has fewer, none has others; the first and last values are no functions.
    let functions = values.filter { $0.value > 0 && $0.name.hasPrefix("BPF_FUNC_") }
    #expect(functions.count >= 180)
    for (name, value) in functions {
      #expect(HelperFunction(identifier: value)?.name == "bpf_" + name.dropFirst("BPF_FUNC_".count), "\(value)")
    }
    if values.contains(where: { $0.name == "BPF_FUNC_cgrp_storage_delete" }) { #expect(functions.count == 211) }
  }
}

/// The members of one enumeration of a little-endian BTF blob: just enough to have a second opinion here.
struct KernelEnumeration {
  var values: [(name: String, value: Int32)] = []

  init?(name wanted: String, in blob: [UInt8]) {
    func word(_ offset: Int) -> Int {
      (0..<4).reduce(0) { $0 | Int(blob[offset + $1]) << ($1 * 8) }
    }
    let header = word(4)
    let strings = header + word(16)
    func text(_ offset: Int) -> String {
      String(decoding: blob[(strings + offset)...].prefix { $0 != 0 }, as: UTF8.self)
    }
    var offset = header + word(8)
    let end = offset + word(12)
    while offset < end {
      let (name, info) = (word(offset), word(offset + 4))
      let (kind, count) = (info >> 24 & 31, info & 0xffff)
      offset += 12
      if kind == 6, text(name) == wanted {
        for member in 0..<count {
          let place = offset + member * 8
          values.append((text(word(place)), Int32(truncatingIfNeeded: word(place + 4))))
        }
        return
      }
      switch kind {
      case 1, 14, 17: offset += 4
      case 3: offset += 12
      case 4, 5, 15, 19: offset += 12 * count
      case 6, 13: offset += 8 * count
      default: break
      }
    }
    return nil
  }
}
