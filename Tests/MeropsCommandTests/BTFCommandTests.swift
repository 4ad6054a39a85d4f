import Foundation
import MeropsCommand
import Testing

@Suite struct BTFCommandTests {
  @Test("the simulated kernel's types need no file and have the prototypes of kernel functions")
  func simulated() async throws {
    let outcome = try await CommandProcess.run("btf", "dump", "--simulated")
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(outcome.output.hasPrefix("#ifndef __VMLINUX_H__\n"))
    #expect(outcome.output.contains("struct task_struct {"))
    #expect(outcome.output.contains("bpf_task_work_schedule_resume_impl("))

    let one = try await CommandProcess.run("btf", "dump", "--simulated", "--type", "bpf_task_work")
    #expect(one.status == 0, "\(one.error)")
    #expect(one.output.contains("struct bpf_task_work {"))
    #expect(!one.output.contains("struct task_struct {"))
  }

  @Test("an object's types come as C or as a numbered list", .enabled(if: Fixture.hasCompiler))
  func object() async throws {
    try await Fixture.withFolder { folder in
      let object = try await folder.compile(
        """
        struct pair { int left; unsigned right : 3; };
        struct pair pair = { 1, 2 };
        __attribute__((section("xdp"), used)) int pass(void *ctx) { return pair.left; }
        """, as: "pair.bpf")
      let header = try await CommandProcess.run("btf", "dump", object, "--type", "pair")
      #expect(header.output.contains("struct pair {\n\tint left;\n\tunsigned int right : 3;\n};\n"), "\(header.output)")

      let list = try await CommandProcess.run("btf", "dump", object, "--raw")
      #expect(list.status == 0, "\(list.error)")
      #expect(
        list.output.contains(#/struct 'pair' size=8 vlen=2\n  'left' type_id=\d+ bits_offset=0\n/#), "\(list.output)")
      #expect(list.output.contains("bits_offset=32 bitfield_size=3\n"))
      #expect(list.output.contains("[1] "))
      #expect(list.output.contains("datasec '.data' size=8 vlen=1\n"))

      let missing = try await CommandProcess.run("btf", "dump", object, "--type", "pear")
      #expect(missing.status == CommandStatus.usage.rawValue)
      #expect(missing.error.hasPrefix("merops: error: there is no type 'pear'"))
    }
  }

  @Test("bytes that are damaged BTF are an error that names the place, and a file or '--simulated' is needed")
  func errors() async throws {
    let damaged = try await CommandProcess.run(
      ["btf", "dump", "-"], input: [0x9f, 0xeb, 1, 0, 24, 0, 0, 0] + [UInt8](repeating: 0xff, count: 16))
    #expect(damaged.status == CommandStatus.input.rawValue)
    #expect(damaged.error.hasPrefix("merops: error: cannot read the types in 'standard input': .BTF header"))
    for arguments in [["btf", "dump"], ["btf", "dump", "--simulated", "file"]] {
      let outcome = try await CommandProcess.run(arguments, input: [])
      #expect(outcome.status == CommandStatus.usage.rawValue, "\(arguments)")
      #expect(outcome.error.contains("'--simulated'"), "\(arguments)")
    }
  }

  @Test(
    "the running kernel's types are read from where it shows them",
    .enabled(if: FileManager.default.isReadableFile(atPath: "/sys/kernel/btf/vmlinux"), "no kernel types here"))
  func kernel() async throws {
    let outcome = try await CommandProcess.run("btf", "dump", "/sys/kernel/btf/vmlinux", "--type", "pt_regs")
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(outcome.output.contains("struct pt_regs {"))
  }
}
