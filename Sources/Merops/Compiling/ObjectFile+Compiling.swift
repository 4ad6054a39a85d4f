public import BPFCompiler
public import BPFObject
import BPFSimulator
import BPFTypeFormat

extension ObjectFile {
  /// Compiles BPF C for the simulated kernel, with the clang that is found first, and opens the object.
  ///
  /// - Parameters:
  ///   - path: the path of the source.
  ///   - options: how to compile.
  /// - Throws: `BPFCompilerError` with clang's words, `ObjectError` when the object cannot be used.
  public static func compiled(
    from path: String, options: BPFCompiler.Options = BPFCompiler.Options()
  ) async throws -> ObjectFile {
    let output = try await BPFCompiler.find().compile(
      .file(path), headers: BPFCompiler.simulatedKernelHeaders(), options: options)
    return try ObjectFile(parsing: output.object)
  }
}

extension BPFCompiler {
  /// What describes the simulated kernel to a program: `<vmlinux.h>`, and the interface that `<linux/bpf.h>` includes.
  public static func simulatedKernelHeaders() throws(BPFCompilerError) -> [String: String] {
    do throws(BTFError) {
      return [
        "vmlinux.h": try CPrinter(SimulatedKernelTypes.shared).header(),
        "merops/interface.h": SimulatedKernelTypes.interfaceHeader,
      ]
    } catch {
      throw .file(path: "vmlinux.h", reason: "\(error)")
    }
  }
}
