import BPFObject
import BPFSimulator
import Testing

extension Machine {
  /// Loads an object in whose programs some do on purpose what the verifier refuses.
  ///
  /// Verified, these are left out once each was refused, and all others have to be accepted. Without the verifier all
  /// are there, to see what the checks at run time say of the misuse.
  func load(
    _ file: ObjectFile, _ verification: ProgramVerification, misuses: Set<String>,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> LoadedObject {
    guard verification == .standard else { return try load(file, verification: verification) }
    for program in misuses {
      #expect(throws: LoadError.self, "\(program) was accepted", sourceLocation: sourceLocation) {
        try self.load(file, programs: [program])
      }
    }
    let object = try load(file, programs: Set(file.programs.keys).subtracting(misuses))
    for program in object.programs {
      #expect(program.execution.isVerified, "\(program.name)", sourceLocation: sourceLocation)
    }
    return object
  }
}

extension LoadedObject {
  /// Whether all of its programs run verified.
  var isVerified: Bool { programs.allSatisfy { $0.execution.isVerified } }
}
