import BPFLinux
import BPFObject
import BPFTypeFormat
import Testing

/// Functions of modules, in a kernel that has one; the machines of these tests have none.
@Suite("Functions and variables of modules")
struct ModuleTests {
  private static let source = """
    #include <vmlinux.h>
    #include <bpf/bpf_helpers.h>
    char LICENSE[] SEC("license") = "GPL";
    extern int merops_module_function(int number) __ksym;
    extern int merops_missing_function(int number) __ksym __weak;
    extern void bpf_rcu_read_lock(void) __ksym;
    extern void bpf_rcu_read_unlock(void) __ksym;
    SEC("syscall") int call(void *context) {
      bpf_rcu_read_lock();
      bpf_rcu_read_unlock();
      if (bpf_ksym_exists(merops_missing_function)) return merops_missing_function(1);
      return merops_module_function(2) + merops_module_function(3);
    }
    """

  /// The types of a module that has one function, `int merops_module_function(int)`.
  private func types(of kernel: LinuxKernel, _ name: String) throws -> (bytes: [UInt8], function: BTFTypeID) {
    let base = try kernel.types()
    let int = try #require(base.first(named: "int", kind: .integer))
    var builder = BTFBuilder(base: base)
    let prototype = builder.add(
      BTFType(
        kind: .functionPrototype(
          BTFType.FunctionPrototype(result: int, parameters: [.init(name: "number", type: int)]))))
    let function = builder.add(BTFType(name: name, kind: .function(prototype: prototype, linkage: .static)))
    return (try BTF(builder).encoded, function)
  }

  @Test(
    "a function of a module is called by its number there, and by the place of the module's types",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func calls() async throws {
    let object = try await Fixture.object(Self.source)
    let other = try types(of: RealKernel.shared, "merops_other_function")
    let module = try types(of: RealKernel.shared, "merops_module_function")
    let imaginary = ImaginaryKernel(types: [
      ("vmlinux", try RealKernel.shared.types().encoded), ("other", other.bytes), ("merops", module.bytes),
    ])
    _ = try LinuxKernel(systemCalls: imaginary).load(object)
    let load = try #require(imaginary.requests(5).first)
    // Calls of kernel functions: opcode 0x85, source 2.
    var calls: [(place: Int64, type: Int64)] = []
    for start in stride(from: 0, to: load.instructions.count, by: 8)
    where load.instructions[start] == 0x85 && load.instructions[start + 1] >> 4 == 2 {
      calls.append(
        (
          load.instructions.signed(at: start + 2, byteCount: 2), load.instructions.signed(at: start + 4, byteCount: 4)
        ))
    }
    #expect(calls.filter { $0.place == 0 }.count == 2)
    #expect(calls.filter { $0.place == 1 && $0.type == Int64(module.function.rawValue) }.count == 2)
    #expect(calls.count == 4)
    // Its first place is never used, the second is the descriptor of the module's types.
    #expect(load.descriptors.first == 0 && load.descriptors.last ?? 0 > 1 << 20)
  }

  // MARK: Variables

  private static let variables = """
    #include <vmlinux.h>
    #include <bpf/bpf_helpers.h>
    char LICENSE[] SEC("license") = "GPL";
    extern const int bpf_prog_active __ksym;
    extern const int merops_module_variable __ksym;
    extern const int merops_missing_variable __ksym __weak;
    SEC("syscall") int read_variables(void *context) {
      __u64 sum = (__u64)&merops_module_variable;
      if (&merops_missing_variable) sum += (__u64)&merops_missing_variable;
      int *here = bpf_this_cpu_ptr(&bpf_prog_active);
      return sum + *here;
    }
    """

  @Test(
    "a variable of a module is meant by its number there and the module's types, one of the kernel by its number alone",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func variableLoads() async throws {
    let object = try await Fixture.object(Self.variables)
    let base = try RealKernel.shared.types()
    let other = try types(of: RealKernel.shared, "merops_other_function")
    var builder = BTFBuilder(base: base)
    let int = try #require(base.first(named: "int", kind: .integer))
    let variable = builder.add(
      BTFType(name: "merops_module_variable", kind: .variable(type: int, linkage: .global)))
    let imaginary = ImaginaryKernel(types: [
      ("vmlinux", base.encoded), ("other", other.bytes), ("merops", try BTF(builder).encoded),
    ])
    _ = try LinuxKernel(systemCalls: imaginary).load(object)
    let load = try #require(imaginary.requests(5).first)
    // Wide loads of what is no map: the source, the number, and the descriptor of the module's types.
    var loads: [(source: UInt8, type: Int64, module: Int64)] = []
    for start in stride(from: 0, to: load.instructions.count, by: 8) where load.instructions[start] == 0x18 {
      loads.append(
        (
          load.instructions[start + 1] >> 4, load.instructions.signed(at: start + 4, byteCount: 4),
          load.instructions.signed(at: start + 12, byteCount: 4)
        ))
    }
    let known = try #require(base.first(named: "bpf_prog_active", kind: .variable))
    #expect(loads.contains { $0 == (3, Int64(known.rawValue), 0) }, "\(loads)")
    // The imaginary kernel's descriptors are numbers of its own.
    #expect(loads.contains { $0.source == 3 && $0.type == Int64(variable.rawValue) && $0.module > 1 << 20 }, "\(loads)")
    // What is missing has no address.
    #expect(loads.contains { $0 == (0, 0, 0) } && loads.allSatisfy { $0.source == 3 || $0 == (0, 0, 0) }, "\(loads)")
  }

  @Test(
    "a variable that neither the kernel nor a module has is told of",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func missingVariable() async throws {
    let object = try await Fixture.object(Self.variables)
    let error = #expect(throws: BPFError.self) { try RealKernel.shared.load(object) }
    #expect(error?.problem == "this kernel has no symbol 'merops_module_variable'", "\(error?.description ?? "")")
  }

  // MARK: What is missing

  @Test(
    "a function that neither the kernel nor a module has is told of",
    .enabled(if: RealKernel.canCompile, RealKernel.reason))
  func missing() async throws {
    let object = try await Fixture.object(Self.source)
    let error = #expect(throws: BPFError.self) { try RealKernel.shared.load(object) }
    #expect(error?.problem == "this kernel has no function 'merops_module_function'", "\(error?.description ?? "")")
  }
}
