import BPFCompiler
import BPFInstructions
import BPFObject
import BPFSimulator
import BPFTypeFormat
import Foundation
import Testing

@Suite(.serialized, .enabled(if: CompilerForTests.isPresent, CompilerForTests.reason))
struct CompilingTests {
  @Test("the examples compile without a warning, and their objects can be read")
  func examples() async throws {
    let folder = CompilerForTests.repository("Examples")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".bpf.c") }
    #expect(names.count >= 4)
    let compiler = try #require(CompilerForTests.found)
    for name in names {
      let output = try await compiler.compile(
        .file("\(folder)/\(name)"), headers: SimulatedKernelTypes.headers,
        options: .init(additionalArguments: ["-Wall", "-Wextra", "-Wno-unused-parameter"]))
      #expect(output.warnings == "", "\(name)")
      let object = try ObjectFile(parsing: output.object)
      #expect(!object.programs.isEmpty, "\(name)")
      #expect(object.license == "GPL", "\(name)")
    }
  }

  @Test(
    "the examples compile against the types of the running kernel as well",
    .enabled(if: FileManager.default.isReadableFile(atPath: "/sys/kernel/btf/vmlinux"), "needs /sys/kernel/btf/vmlinux")
  )
  func runningKernel() async throws {
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: "/sys/kernel/btf/vmlinux")))
    let header = try CPrinter(BTF(parsing: bytes)).header()
    let compiler = try #require(CompilerForTests.found)
    for name in try FileManager.default.contentsOfDirectory(atPath: CompilerForTests.repository("Examples")) {
      let output = try await compiler.compile(
        .file(CompilerForTests.repository("Examples/\(name)")), headers: ["vmlinux.h": header])
      #expect(output.warnings == "", "\(name)")
    }
  }

  @Test("the task-work example has three programs, and three maps with a task work beside the data")
  func taskWorkExample() async throws {
    let compiler = try #require(CompilerForTests.found)
    let output = try await compiler.compile(
      .file(CompilerForTests.repository("Examples/task_work.bpf.c")), headers: SimulatedKernelTypes.headers)
    let object = try ObjectFile(parsing: output.object)
    #expect(Array(object.programs.keys) == ["oncpu_hash_map", "oncpu_array_map", "oncpu_lru_map"])
    #expect(object.programs.values.allSatisfy { $0.section == "perf_event" })
    #expect(Array(object.maps.keys.prefix(3)) == ["hash_map", "array_map", "lru_map"])
    #expect(object.maps["hash_map"]?.valueSize == 136)
    #expect(object.globals["user_ptr"] != nil)
  }

  @Test("a program in the style of the kernel's documentation compiles as it is")
  func documentationStyle() async throws {
    let output = try await CompilerForTests.compile(
      #"""
      #include <vmlinux.h>
      #include <string.h>
      #include <stdbool.h>
      #include <bpf/bpf_helpers.h>
      #include <bpf/bpf_tracing.h>
      #include <bpf/bpf_core_read.h>
      #include "bpf_misc.h"
      #include "errno.h"

      char _license[] SEC("license") = "GPL";
      const void *user_ptr = NULL;
      struct elem { char data[128]; struct bpf_task_work tw; };
      struct { __uint(type, BPF_MAP_TYPE_LRU_HASH); __uint(max_entries, 1); __type(key, int);
               __type(value, struct elem); } lrumap SEC(".maps");
      static int process_work(struct bpf_map *map, void *key, void *value)
      {
        struct elem *work = value;
        bpf_copy_from_user_str(work->data, sizeof(work->data), (const void *)user_ptr, 0);
        return 0;
      }
      SEC("perf_event")
      __description("schedules") __success __retval(0) __msg("first") __msg("second")
      int oncpu(struct pt_regs *args)
      {
        struct elem empty_work = { .data = { 0 } }, *work;
        struct task_struct *task = bpf_get_current_task_btf();
        int key = 0, err = bpf_map_update_elem(&lrumap, &key, &empty_work, BPF_NOEXIST);
        if (err == -EEXIST) return 0;
        work = bpf_map_lookup_elem(&lrumap, &key);
        bool same = work && memcmp(work->data, empty_work.data, 8) == 0;
        if (same) bpf_task_work_schedule_resume_impl(task, &work->tw, &lrumap, process_work, NULL);
        return 0;
      }
      """#, options: .init(additionalArguments: ["-Wall", "-Werror"]))
    let object = try ObjectFile(parsing: output.object)
    let tags = try #require(object.programs["oncpu"]?.declarationTags)
    #expect(
      tags.sorted() == [
        "comment:test_description=schedules", "comment:test_expect_msg=0=first", "comment:test_expect_msg=1=second",
        "comment:test_expect_success", "comment:test_retval=0",
      ])
    #expect(object.externs.keys.contains("bpf_copy_from_user_str"))
  }

  @Test("every byte order and processor can be asked for")
  func targets() async throws {
    for byteOrder in ByteOrder.allCases {
      for cpu in BPFCompiler.CPU.allCases {
        let output = try await CompilerForTests.compile(
          """
          #include <vmlinux.h>
          #include <bpf/bpf_helpers.h>
          SEC("xdp") int program(struct xdp_md *ctx) { return (int)ctx->data / 3; }
          """, options: .init(byteOrder: byteOrder, cpu: cpu))
        #expect(try ObjectFile(parsing: output.object).byteOrder == byteOrder, "\(byteOrder) \(cpu)")
      }
    }
  }

  @Test("the lines of a text that is in no file are in its object, and the folder of headers is not")
  func embeddedSource() async throws {
    let output = try await CompilerForTests.compile(
      "#include <vmlinux.h>\n#include <bpf/bpf_helpers.h>\nSEC(\"xdp\") int program(struct xdp_md *ctx) { return 2; }\n"
    )
    let object = try ObjectFile(parsing: output.object)
    #expect(object.programs["program"]?.lines.contains { "\($0)".contains("return 2;") } == true)
    let folder = Array("/merops-".utf8)
    let bytes = output.object
    #expect(!bytes.indices.contains { bytes[$0...].starts(with: folder) })
  }

  @Test("two compilations of the same text give the same bytes")
  func reproducible() async throws {
    let text = "#include <vmlinux.h>\n#include <bpf/bpf_helpers.h>\nSEC(\"xdp\") int program(void) { return 2; }\n"
    let first = try await CompilerForTests.compile(text)
    let second = try await CompilerForTests.compile(text)
    #expect(first.object == second.object)
  }

  @Test("macros, folders and arguments of the user's own are used")
  func options() async throws {
    try await withTemporaryFolder { folder in
      try "#define FROM_FOLDER 3\n".write(toFile: "\(folder)/own.h", atomically: true, encoding: .utf8)
      _ = try await CompilerForTests.compile(
        "#include <own.h>\n_Static_assert(FROM_FOLDER + GIVEN + FLAG + LAST == 15, \"\");\n",
        options: .init(includePaths: [folder], definitions: ["GIVEN=4", "FLAG"], additionalArguments: ["-DLAST=7"]))
    }
  }

  @Test("a warning is handed on and does not stop the compilation")
  func warnings() async throws {
    let output = try await CompilerForTests.compile("#warning careful\n")
    #expect(output.warnings.contains("<stdin>:1:2: warning: careful"))
    #expect(!output.object.isEmpty)
  }
}
