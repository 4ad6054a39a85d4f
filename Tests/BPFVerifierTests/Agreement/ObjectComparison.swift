import BPFLinux
import BPFObject
import BPFTypeFormat

/// The programs of whole objects put to both verifiers, with relocations for the running kernel.
enum ObjectComparison {
  struct Row {
    var program: String
    var kernel: KernelAnswer
    var own: OwnAnswer
    var difference: Difference?
  }

  /// What both say of each program that the kernel can be asked about.
  ///
  /// A program that the loader refuses, for a missing attach target say, has no row; nor has one that the kernel refuses
  /// before its verifier looks at it (`EPERM`, as a kernel without function tracing does).
  static func rows(_ object: ObjectFile, kernelTypes: BTF) -> [Row] {
    var rows: [Row] = []
    for name in object.programs.keys {
      // Each program is made ready alone, so that one that can not be does not keep the others.
      var one = object
      one.programs = one.programs.filter { $0.key == name }
      guard let session = try? LinuxVerification(one), let program = session.prepared.programs[name],
        let kernel = try? KernelOracle.answer({ level, size in
          try session.verdict(of: name, logLevel: level, logSize: size)
        }), kernel.verdict.error != "EPERM" || !kernel.lines.isEmpty
      else { continue }
      let own = OwnAnswer(program, of: session.prepared, kernelTypes: kernelTypes)
      rows.append(
        Row(program: name, kernel: kernel, own: own, difference: Difference(kernel: kernel.verdict, own: own)))
    }
    return rows
  }
}
