import Merops

/// What `merops doctor` tells; its members are the JSON document's.
package struct DoctorReport: Codable, Hashable, Sendable {
  /// The version of the kernel.
  package var version: String?
  /// Whether objects can be loaded and attached here.
  package var isUsable: Bool
  package var facts: [Fact]
  package var features: [Feature]

  /// A setting of the machine or a right of the process.
  package struct Fact: Codable, Hashable, Sendable {
    package var name: String
    package var value: String
    /// Whether nothing is in the way; absent where there is nothing to say.
    package var isGood: Bool?
    package var advice: String?
  }

  /// Something that the kernel has or has not.
  package struct Feature: Codable, Hashable, Sendable {
    package var group: String
    package var name: String
    /// The version of Linux that brought it.
    package var since: String
    /// `yes`, `no` or `unknown`.
    package var answer: String
    package var reason: String?
    package var advice: String?
  }

  init(_ examination: KernelExamination) {
    version = examination.release?.description
    isUsable = examination.isUsable
    facts = examination.facts.map { fact in
      Fact(name: fact.name, value: fact.value, isGood: fact.isGood, advice: fact.advice.isEmpty ? nil : fact.advice)
    }
    features = examination.findings.map { finding in
      let (answer, reason): (String, String?) =
        switch finding.answer {
        case .yes: ("yes", nil)
        case .no(let reason): ("no", reason)
        case .unknown(let reason): ("unknown", reason)
        }
      return Feature(
        group: finding.feature.group.rawValue, name: finding.feature.name,
        since: finding.feature.minimumVersion.description, answer: answer, reason: reason,
        advice: finding.advice.isEmpty ? nil : finding.advice)
    }
  }
}
