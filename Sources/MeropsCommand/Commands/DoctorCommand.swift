import ArgumentParser
import Merops

/// `merops doctor`: what the kernel that runs here allows.
package struct DoctorCommand: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Says what this kernel and the rights of this process allow, and what to do about each no.",
    discussion: """
      Everything is tried: programs and maps are made and go again, nothing stays attached. Without root it tells what \
      cannot be done for want of rights. The status is 0 when objects can be loaded and attached here, and 1 otherwise.

      EXAMPLES:
        merops doctor
        merops doctor --all
        merops doctor --json
      """)

  @Flag(help: "Print one JSON document.")
  package var json = false

  @Flag(help: "Name what is there as well, instead of counting it.")
  package var all = false

  package init() {}

  package func run() throws {
    let examination = KernelExamination()
    if json {
      try Output.standard.write(JSONText.document(DoctorReport(examination)))
    } else {
      try Output.standard.write(DoctorText(style: Style(of: .standard), namesAll: all).text(of: examination))
    }
    if !examination.isUsable { throw ReportedFailure(status: .failed) }
  }
}
