import Foundation
import Merops
import MeropsCommand
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite("merops doctor", .serialized, .timeLimit(.minutes(10)))
struct DoctorTests {
  #if os(Linux)
    private static let isLinux = true
  #else
    private static let isLinux = false
  #endif

  @Test(
    "every feature is told of, with its reason and what to do where it is not there",
    .enabled(if: isLinux, "needs Linux"))
  func report() async throws {
    let outcome = try await CommandProcess.run("doctor", "--json")
    let report = try JSONDecoder().decode(DoctorReport.self, from: Data(outcome.output.utf8))
    #expect(outcome.status == (report.isUsable ? 0 : 1))
    let names = report.features.map { "\($0.group): \($0.name)" }
    #expect(Set(names).count == names.count)
    for feature in LinuxFeature.all {
      #expect(names.contains("\(feature.group.rawValue): \(feature.name)"))
    }
    let functions = report.features.filter { $0.group == "kernel functions" }
    #expect(functions.map(\.name) == KernelExamination.kernelFunctions && functions.count > 180)
    #expect(functions.contains { $0.name == "bpf_task_work_schedule_resume_impl" })
    // Whatever this kernel does not have it says what to do about.
    for feature in functions where feature.answer == "no" { #expect(feature.advice != nil, "\(feature.name)") }
    for feature in report.features {
      #expect(["yes", "no", "unknown"].contains(feature.answer))
      #expect((feature.answer == "yes") == (feature.reason == nil), "\(feature.name)")
    }
    let text = try await CommandProcess.run("doctor", "--all")
    #expect(text.status == outcome.status)
    for feature in report.features { #expect(text.output.contains(feature.name), "\(feature.name)") }
    #expect(text.output.hasPrefix("Linux \(report.version ?? "of an unknown version")\n"))
  }

  @Test(
    "another user is told what is missing for want of rights",
    .enabled(if: OtherUser.canRun, "needs root, setpriv, and a build folder that others can read"))
  func otherUser() throws {
    let outcome = try #require(OtherUser.run("doctor"))
    let text = outcome.output
    #expect(outcome.status == 1)
    for part in ["CAP_BPF", "run as root", "map creation", "objects cannot be loaded and attached here"] {
      #expect(text.contains(part), "\(part) in \(text)")
    }
  }
}
