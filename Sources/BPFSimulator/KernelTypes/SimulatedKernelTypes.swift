public import BPFTypeFormat

/// The types of the simulated kernel: what `/sys/kernel/btf/vmlinux` is to Linux.
public enum SimulatedKernelTypes {
  /// All types, kernel functions with their tag and variables of each CPU. Read once, when first asked for.
  public static let builder: BTFBuilder = declarations.builder

  /// The declarations with their names, from which ``builder`` is made.
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
}
