import Merops

/// What `merops doctor` prints for people.
struct DoctorText {
  let style: Style
  /// Whether what is there is named, and not only counted.
  let namesAll: Bool

  func text(of examination: KernelExamination) -> String {
    var text =
      style.applied(.heading, to: "Linux \(examination.release?.description ?? "of an unknown version")") + "\n"
    var table = Columns([.left, .left, .left])
    for fact in examination.facts {
      table.add(fact.name, fact.value, fact.advice, role: fact.isGood == false ? .failure : nil)
    }
    text += table.lines(style, indentation: 2).map { $0 + "\n" }.joined()
    for group in LinuxFeature.Group.allCases {
      let findings = examination.findings.filter { $0.feature.group == group }
      guard !findings.isEmpty else { continue }
      text += "\n" + self.text(of: group, findings)
    }
    let verdict =
      examination.isUsable
      ? "objects can be loaded and attached here" : "objects cannot be loaded and attached here: see above"
    return text + "\n" + style.applied(examination.isUsable ? .value : .failure, to: verdict) + "\n"
  }

  private func text(of group: LinuxFeature.Group, _ findings: [KernelExamination.Finding]) -> String {
    let present = findings.filter { $0.answer == .yes }.map(\.feature.name)
    var text = style.applied(.heading, to: group.rawValue) + ": \(present.count) of \(findings.count)\n"
    if namesAll, !present.isEmpty { text += wrapped(present) }
    for finding in findings {
      switch finding.answer {
      case .yes: continue
      case .no(let reason): text += line("no", finding, reason, .failure)
      case .unknown(let reason): text += line("unknown", finding, reason, .interrupt)
      }
    }
    return text
  }

  private func line(
    _ answer: String, _ finding: KernelExamination.Finding, _ reason: String, _ role: Style.Role
  ) -> String {
    var text = "  " + style.applied(role, to: answer) + " \(finding.feature.name)\n      \(reason.printable)\n"
    if !finding.advice.isEmpty { text += "      \(finding.advice)\n" }
    return text
  }

  /// Names with commas between them, in lines of a hundred columns.
  private func wrapped(_ names: [String]) -> String {
    var lines = [""]
    for (index, name) in names.enumerated() {
      let word = name + (index + 1 < names.count ? "," : "")
      if (lines.last ?? "").count + word.count > 96 { lines.append("") }
      lines[lines.count - 1] += (lines.last ?? "").isEmpty ? word : " " + word
    }
    return lines.map { "  \($0)\n" }.joined()
  }
}
