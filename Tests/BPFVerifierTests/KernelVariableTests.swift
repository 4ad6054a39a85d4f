import BPFObject
import BPFTypeFormat
import BPFVerifier
import Testing

/// Variables of the kernel. Not every kernel has symbols for them, so that these rules are tried on types made here.
@Suite("Variables of the kernel")
struct KernelVariableTests {
  private static func types() throws -> BTF {
    var declarations = CDeclarations()
    try declarations.read("struct rq { unsigned int count; unsigned long clock; };", file: "kernel")
    let plain = try BTF(declarations.builder)
    var builder = declarations.builder
    let queue = try #require(plain.first(named: "rq", kind: .structure))
    let number = try #require(plain.first(named: "unsigned int", kind: .integer))
    func variable(_ name: String, _ type: BTFTypeID) -> BTFTypeID {
      builder.add(BTFType(name: name, kind: .variable(type: type, linkage: .global)))
    }
    let queues = variable("queues", queue)
    let numbers = variable("numbers", number)
    _ = variable("first_queue", queue)
    _ = variable("jiffies", number)
    _ = builder.add(
      BTFType(
        name: ".data..percpu",
        kind: .dataSection(
          .init(
            byteCount: 24,
            variables: [.init(type: queues, offset: 0, byteCount: 16), .init(type: numbers, offset: 16, byteCount: 4)]))
      )
    )
    return try BTF(builder)
  }

  @Test("one of each CPU is used by way of a helper, any other is read where it is")
  func rules() throws {
    let types = try Self.types()
    let here = "call bpf_this_cpu_ptr"
    let there = "r2 = 0; call bpf_per_cpu_ptr"
    let rules: [(variable: String, code: String, message: String?)] = [
      ("queues", "\(here); r1 = *(u64 *)(r0 + 8)", nil),
      ("queues", "\(here); r1 = *(u64 *)(r0 + 16)", "access beyond struct rq at off 16 size 8"),
      ("queues", "\(here); *(u32 *)(r0 + 0) = 1", "only read is supported"),
      ("queues", "\(there); if r0 == 0 goto +1; r1 = *(u64 *)(r0 + 8)", nil),
      ("queues", "\(there); r1 = *(u64 *)(r0 + 8)", "R0 invalid mem access 'ptr_or_null_'"),
      ("queues", "r2 = *(u32 *)(r1 + 0)", "R1 is ptr_rq access percpu memory: off=0"),
      ("numbers", "\(here); r1 = *(u32 *)(r0 + 0)", nil),
      ("numbers", "\(here); *(u32 *)(r0 + 0) = 1", "R0 cannot write into rdonly_mem"),
      ("numbers", "\(there); r1 = *(u32 *)(r0 + 0)", "R0 invalid mem access 'rdonly_mem_or_null'"),
      ("first_queue", "r2 = *(u64 *)(r1 + 8)", nil),
      ("first_queue", "r2 = *(u64 *)(r1 + 16)", "access beyond struct rq at off 16 size 8"),
      (
        "first_queue", here, "R1 type=ptr_ expected=percpu_ptr_, percpu_rcu_ptr_, percpu_trusted_ptr_"
      ),
      ("jiffies", "r2 = *(u32 *)(r1 + 0)", nil),
      ("jiffies", "*(u32 *)(r1 + 0) = 1", "R1 cannot write into rdonly_mem"),
    ]
    for rule in rules {
      let row = CorpusCase(
        topic: "", name: "", section: "kprobe", license: "GPL",
        code: "r1 = symbol(\(rule.variable)) ll\n\(rule.code.replacing("; ", with: "\n"))\nr0 = 0\nexit",
        expectation: .accepted, line: 0)
      let object = try CorpusAssembler.object(row)
      let verdict = Verifier().verify(try #require(object.programs["p"]), of: object, kernelTypes: types)
      #expect(verdict.rejection?.message == rule.message, "\(rule.variable): \(rule.code)")
    }
  }
}
