import BPFCompiler
import BPFLinux
import BPFObject
import BPFSimulator
import Foundation
import Testing

/// What clang makes of the examples and of the programs of the tests, and objects of others.
@Suite("Agreement on compiled objects")
struct ObjectAgreementTests {
  @Test(
    "every program of the examples and tests gets the kernel's verdict, for each instruction set in a long run",
    .enabled(if: KernelOracle.isUsable, "needs Linux 6.18 with the right to load programs"))
  func compiled() async throws {
    guard let compiler = try? await BPFCompiler.find() else {
      print("agreement: objects skipped, needs a clang that compiles for BPF")
      return
    }
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let types = try LinuxKernel().types()
    let known = try KnownDifferences(String(contentsOf: KnownDifferences.file, encoding: .utf8))
    var counts = AgreementCounts()
    var seen: Set<String> = []
    for folder in ["Examples", "Tests/Programs"] {
      let directory = root.appending(path: folder)
      for file in try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
      where file.hasSuffix(".bpf.c") {
        let text = try String(contentsOf: directory.appending(path: file), encoding: .utf8)
        for cpu in LongRun.isWanted ? BPFCompiler.CPU.allCases : [.v3] {
          // An old instruction set can not express some programs.
          guard
            let output = try? await compiler.compile(
              .text(text), headers: SimulatedKernelTypes.headers, options: .init(cpu: cpu))
          else { continue }
          for row in ObjectComparison.rows(try ObjectFile(parsing: output.object), kernelTypes: types) {
            counts.add(row.difference)
            report(row, "objects: \(file), \(row.program)\(cpu == .v3 ? "" : ", \(cpu.rawValue)")", known, &seen)
          }
        }
      }
    }
    for key in known.gone(seen: seen) where KnownDifferences.isOfObject(key) {
      let isOfLongRun = key.contains(/, v[124]$/)
      if LongRun.isWanted || !isOfLongRun { Issue.record("this difference is known and has gone: \(key)") }
    }
    print("agreement: objects, \(counts)")
  }

  private func report(
    _ row: ObjectComparison.Row, _ title: String, _ known: KnownDifferences, _ seen: inout Set<String>
  ) {
    guard let difference = row.difference, difference != .unsupported else { return }
    let key = KnownDifferences.key(difference, title)
    seen.insert(key)
    let text = "\(key)\n  kernel: \(row.kernel.verdict)\n  here:   \(row.own.verdict)"
    guard let reason = known.reasons[key] else {
      Issue.record(Comment(rawValue: text))
      return
    }
    guard KnownDifferences.isOpen(reason) else { return }
    withKnownIssue(Comment(rawValue: reason), isIntermittent: true) { Issue.record(Comment(rawValue: text)) }
  }

  @Test(
    "objects in a folder get the kernel's verdicts",
    .enabled(
      if: KernelOracle.isUsable && ProcessInfo.processInfo.environment["MEROPS_OBJECTS"] != nil,
      "needs Linux 6.18 and MEROPS_OBJECTS=FOLDER, see Corpus/debian-objects.sh"))
  func folder() throws {
    let folder = URL(filePath: ProcessInfo.processInfo.environment["MEROPS_OBJECTS"] ?? "")
    let types = try LinuxKernel().types()
    var counts = AgreementCounts()
    for file in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() where file.hasSuffix(".o") {
      let bytes = try Array(Data(contentsOf: folder.appending(path: file)))
      let object: ObjectFile
      do { object = try ObjectFile(parsing: bytes) } catch {
        print("\(file): \(error)")
        continue
      }
      for row in ObjectComparison.rows(object, kernelTypes: types) {
        counts.add(row.difference)
        if let difference = row.difference {
          print("\(difference.rawValue): \(file) \(row.program)\n  \(row.kernel.verdict)\n  \(row.own.verdict)")
        }
        #expect(row.difference != .acceptedHere, "\(file) \(row.program)")
      }
    }
    print("agreement: \(folder.lastPathComponent), \(counts)")
  }
}
