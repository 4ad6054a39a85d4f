import BPFTypeFormat
import Testing

@Suite(.enabled(if: CompiledC.isAvailable && KernelTypes.isAvailable, "needs clang and a kernel with BTF"))
struct KernelHeaderTests {
  @Test("the running kernel's whole vmlinux.h compiles, and each structure has its size and offsets there")
  func layouts() throws {
    let btf = try KernelTypes.types.get()
    var source = try KernelTypes.header.get()
    var withBitFields: [(String, BTFKind, Layout)] = []
    var tags: [String: Int] = [:]
    for id in btf.identifiers {
      switch try btf.kind(of: id) {
      case .structure, .union, .enumeration, .enumeration64: tags[try btf.name(of: id), default: 0] += 1
      default: break
      }
    }
    var count = 0
    for id in btf.identifiers {
      let kind = try btf.kind(of: id)
      guard kind == .structure || kind == .union else { continue }
      // A name that two types have means one of them in C, and the other one has a number.
      let name = try btf.name(of: id)
      guard !name.isEmpty, tags[name] == 1 else { continue }
      let layout = try Layout(btf, id)
      source += "_Static_assert(sizeof(\(kind) \(name)) == \(layout.size), \"\");\n"
      for member in layout.members where member.width == 0 {
        let offset = "__builtin_offsetof(\(kind) \(name), \(member.name))"
        source += "_Static_assert(\(offset) == \(member.bitOffset / 8), \"\");\n"
      }
      if layout.hasBitFields {
        source += "\(kind) \(name) *pointer\(id.rawValue);\n"
        withBitFields.append((name, kind, layout))
      }
      count += 1
    }
    let printed = try CompiledC(source, options: ["-Werror", "-Wall"]).types()
    #expect(count > 5000 && withBitFields.count > 100)
    for (name, kind, layout) in withBitFields {
      let id = try #require(printed.first(named: name, kind: kind))
      #expect(try Layout(printed, id) == layout, "\(name)")
    }
  }

  @Test("a program calls kernel functions and uses types that it has from vmlinux.h alone")
  func program() throws {
    let header = try KernelTypes.header.get()
    let body = """
      __attribute__((section("syscall"))) int program(void *context) {
        struct task_struct *task = bpf_task_from_pid(1);
        if (!task) return false;
        int group = task->tgid;
        bpf_task_release(task);
        return group;
      }
      """
    for before in ["", "#include <stdbool.h>\n"] {
      let compiled = try CompiledC(before + header + "#include <stdbool.h>\n" + body, options: ["-Werror", "-Wall"])
      let types = try compiled.types()
      let externs = try #require(types.first(named: ".ksyms", kind: .dataSection))
      guard case .dataSection(let section) = try types[externs].kind else { continue }
      #expect(
        try Set(section.variables.map { try types.name(of: $0.type) }) == ["bpf_task_from_pid", "bpf_task_release"])
      let records = try BTFExtension(parsing: compiled.section(".BTF.ext"), types: types)
      #expect(records.relocations.first?.records.map(\.kind) == [.fieldByteOffset])
    }
  }

  @Test("a few roots yield a header that compiles by itself")
  func roots() throws {
    let btf = try KernelTypes.types.get()
    let roots = try ["task_struct", "bpf_task_work", "sk_buff"].map {
      try #require(btf.first(named: $0, kind: .structure))
    }
    let header = try CPrinter(btf).header(roots: roots)
    let compiled = try CompiledC(header + "struct task_struct *t; struct sk_buff *b;", options: ["-Werror", "-Wall"])
    let types = try compiled.types()
    let task = try #require(types.first(named: "task_struct", kind: .structure))
    #expect(try Layout(types, task) == Layout(btf, roots[0]))
  }
}
