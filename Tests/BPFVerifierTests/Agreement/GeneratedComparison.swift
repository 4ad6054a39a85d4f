import BPFLinux
import BPFObject

/// Generated programs put to both verifiers, over the same two maps.
struct GeneratedComparison {
  private let session: LinuxVerification

  init() throws {
    var object = ObjectFile()
    for name in GeneratedProgram.maps { object.maps[name] = try CorpusMaps.definition(name) }
    session = try LinuxVerification(object)
  }

  func compare(
    _ program: GeneratedProgram
  ) throws -> (kernel: KernelAnswer, own: OwnAnswer, difference: Difference?) {
    let object = try program.object()
    guard let linked = object.programs["p"] else { throw CorpusFile.Trouble(description: "no program") }
    let kernel = try KernelOracle.answer { level, size in
      try session.verdict(of: linked, types: nil, license: "GPL", logLevel: level, logSize: size)
    }
    let own = OwnAnswer(linked, of: object, kernelTypes: nil)
    return (kernel, own, Difference(kernel: kernel.verdict, own: own))
  }
}
