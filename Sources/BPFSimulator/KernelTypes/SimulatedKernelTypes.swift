public import BPFTypeFormat

/// The types of the simulated kernel: what `/sys/kernel/btf/vmlinux` is to Linux.
public enum SimulatedKernelTypes {
  /// All types, kernel functions with their tag `bpf_kfunc`, and the variables of each CPU in the section
  /// `.data..percpu`. Made once, when first asked for.
  public static let shared: BTF = {
    do throws(BTFError) {
      return try BTF(declarations.builder)
    } catch {
      // The types come from constants of this module, and a test encodes them.
      preconditionFailure("the simulated kernel's own types: \(error)")
    }
  }()

  /// The declarations with their names, from which ``shared`` is made.
  package static let declarations: CDeclarations = {
    var declarations = CDeclarations()
    for topic in KernelDeclarations.topics {
      do throws(CDeclarationError) {
        try declarations.read(topic.text, file: topic.name)
      } catch {
        // The text is a constant of this module, and a test reads it.
        preconditionFailure("the simulated kernel's own declarations: \(error)")
      }
    }
    return declarations
  }()

  /// The kernel's interface to user space as a C header, for programs that include `<linux/bpf.h>` and not
  /// `<vmlinux.h>`: the same structures and constants that ``shared`` has, under the names that a compiler needs.
  public static let interfaceHeader: String = {
    let parts = KernelDeclarations.topics.filter { $0.origin == .interface }.map { "/* \($0.name) */\n\($0.text)\n" }
    return "#ifndef __MEROPS_INTERFACE_H\n#define __MEROPS_INTERFACE_H\n\n\(parts.joined(separator: "\n"))\n#endif\n"
  }()

  /// What a compiler needs to compile programs for this kernel: texts by the names with which they are included.
  public static let headers: [String: String] = {
    do throws(BTFError) {
      return ["vmlinux.h": try CPrinter(shared).header(), "merops/interface.h": interfaceHeader]
    } catch {
      preconditionFailure("the simulated kernel's own types cannot be printed: \(error)")
    }
  }()
}
