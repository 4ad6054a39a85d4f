import BPFObject
import SystemPackage
import Testing

@testable import BPFLinux

@Suite("Features of kernels")
struct FeatureTests {
  /// What this version has, and kernels may refuse all the same: by name, with the reason.
  private static let exceptions: [String: String] = [
    "fentry/bpf_fentry_test1": "functions can be traced only where the kernel is built and allowed to be patched",
    "lsm/file_open": "hooks are patched like functions",
    "cycles": "a virtual machine has no counter of cycles",
    "tracepoints": "their numbers are in tracefs, which may not be mounted",
  ]

  /// Not skipped where a feature that other tests need is not found: they would be skipped, and nobody would notice.
  @Test(
    "every feature that the kernel's version has is there, but for what it is built without",
    .enabled(if: RealKernel.isPromising, RealKernel.reason))
  func versions() throws {
    let kernel = RealKernel.shared
    let version = try kernel.version()
    let configuration = (try? kernel.configuration()) ?? [:]
    for feature in LinuxFeature.all {
      let answer = kernel.has(feature)
      guard version >= feature.minimumVersion else {
        #expect(answer != .yes, "\(feature.name) is there before its version")
        continue
      }
      if answer == .yes { continue }
      let isBuiltWithout = feature.option.map { !configuration.isEmpty && configuration[$0] == nil } ?? false
      #expect(
        isBuiltWithout || Self.exceptions[feature.name] != nil, "\(feature.group.rawValue), \(feature.name): \(answer)")
      #expect(!kernel.advice(on: feature, answer).isEmpty || Self.exceptions[feature.name] != nil, "\(feature.name)")
    }
  }

  @Test("names are those of one feature in their group")
  func names() {
    var seen: Set<String> = []
    for feature in LinuxFeature.all {
      #expect(seen.insert("\(feature.group): \(feature.name)").inserted, "\(feature.name)")
    }
  }

  @Test(
    "an answer is asked for once, one that could not be had again", .enabled(if: RealKernel.isUsable, RealKernel.reason)
  )
  func cache() {
    let counting = FaultyKernel()
    let kernel = LinuxKernel(systemCalls: counting)
    #expect(kernel.has(.mapCreation) == .yes)
    let count = counting.calls.count
    #expect(kernel.has(.mapCreation) == .yes)
    #expect(counting.calls.count == count)
    // ENOMEM says nothing about the kernel.
    let failing = FaultyKernel(command: 0, errno: 12)
    let other = LinuxKernel(systemCalls: failing)
    for _ in 0..<2 {
      guard case .unknown = other.has(.mapCreation) else {
        Issue.record("the answer should be unknown")
        return
      }
    }
    #expect(failing.commands.filter { $0 == 0 }.count == 2)
    #expect(counting.openCount == 0 && failing.openCount == 0)
  }

  @Test(
    "whatever fails while features are tried, nothing stays open", .enabled(if: RealKernel.isUsable, RealKernel.reason))
  func faults() {
    for errno in [1, 12, 22, 24] as [Int32] {
      for command in [0, 5, 15, 17, 18, 28] {
        let faulty = FaultyKernel(command: command, errno: errno)
        let kernel = LinuxKernel(systemCalls: faulty)
        for feature in LinuxFeature.all { _ = kernel.has(feature) }
        #expect(faulty.openCount == 0, "command \(command) fails with \(errno)")
      }
    }
  }

  /// A kernel whose files and answers are made up.
  private struct OtherKernel: SystemCalls {
    var files: [String: String] = [:]

    func perform(
      _ call: SystemCallName, _ first: Int, _ second: Int, _ third: Int, _ fourth: Int, _ fifth: Int
    ) -> Int { call == .openFile ? -2 : -1 }
  }

  @Test("without rights every no has its reason, and asking changes nothing")
  func withoutRights() {
    let kernel = LinuxKernel(systemCalls: OtherKernel())
    for feature in LinuxFeature.all {
      switch kernel.has(feature) {
      case .yes: Issue.record("\(feature.name) cannot be there")
      case .no(let reason), .unknown(let reason): #expect(!reason.isEmpty, "\(feature.name)")
      }
    }
    #expect(kernel.facts().allSatisfy { $0.isGood != true })
  }
}
