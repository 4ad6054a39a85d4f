public import BPFDiagnostics
public import BPFLinux
public import BPFObject

extension BPFError {
  /// What the verifier's log says of a refused program, `nil` when there is no log.
  ///
  /// - Parameters:
  ///   - object: the object that was loaded, for the program and its source lines.
  ///   - kernel: the kernel that refuses it.
  public func diagnostic(in object: ObjectFile, on kernel: LinuxKernel = LinuxKernel()) -> Diagnostic? {
    guard !verifierLog.isEmpty else { return nil }
    let program = object.programs.values.first { subject == "program '\($0.name)'" }
    let version = (try? kernel.version()).map { "\($0.major).\($0.minor)" }
    return Diagnostic(kernelLog: verifierLog, of: program, kernelVersion: version)
  }
}
