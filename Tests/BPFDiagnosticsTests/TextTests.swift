import BPFDiagnostics
import Testing

/// How diagnostics look.
@Suite("The text of diagnostics")
struct TextTests {
  private var sample: Diagnostic {
    var diagnostic = Diagnostic(
      "a map value's task-work field was passed with the wrong map", category: .call, program: "mismatch",
      instruction: 18, kernelMessage: "bpf_task_work pointer in R2 doesn't match", kernelVersion: "6.18")
    diagnostic.place = SourcePlace(file: "m.bpf.c", line: 61, column: 2, text: "\tschedule(task, &work->tw, &hmap);")
    diagnostic.labels = [Diagnostic.Label(17..<26), Diagnostic.Label(28..<33, "map 'hmap'")]
    diagnostic.holdings = [Diagnostic.Holding("R3", "map 'hmap'")]
    diagnostic.suggestion = "pass &arrmap"
    return diagnostic
  }

  @Test("is that of a compiler: headline, place, excerpt with marks, notes, help, the kernel's words")
  func form() {
    #expect(
      DiagnosticText().text(sample) == """
        error: a map value's task-work field was passed with the wrong map
          --> m.bpf.c:61:2   (instruction 18, program mismatch)
           |
        61 | schedule(task, &work->tw, &hmap);
           |                ^^^^^^^^^  ^^^^^
           |                           map 'hmap'
        R3: map 'hmap'
        help: pass &arrmap
        kernel 6.18: bpf_task_work pointer in R2 doesn't match

        """)
  }

  @Test("has colours only from the style that is given")
  func colours() {
    let style = DiagnosticStyle { role, text in role == .error ? "<\(text)>" : text }
    #expect(DiagnosticText(style: style).text(sample).hasPrefix("<error>: a map"))
    #expect(!DiagnosticText().text(sample).contains("\u{1b}"))
  }

  @Test("keeps to its width and shows the log when asked to")
  func width() {
    var diagnostic = sample
    diagnostic.suggestion = String(repeating: "word ", count: 100)
    diagnostic.log = "0: R1=ctx()\nend\n"
    var text = DiagnosticText()
    text.width = 60
    text.showsLog = true
    let lines = text.text(diagnostic).split(separator: "\n")
    let help = lines.drop { !$0.hasPrefix("help") }.prefix { !$0.hasPrefix("kernel") }
    #expect(help.count > 5)
    #expect(help.allSatisfy { $0.count <= 60 })
    #expect(lines.suffix(3) == ["log:", "  0: R1=ctx()", "  end"])
  }

  @Test("names files below a folder by their path from there, and others whole")
  func folder() {
    var diagnostic = sample
    diagnostic.place?.file = "/src/programs/m.bpf.c"
    diagnostic.holdings = [
      Diagnostic.Holding("R2", "zero", origin: SourcePlace(file: "/src/programs/inner/h.h", line: 7)),
      Diagnostic.Holding("R4", "zero", origin: SourcePlace(file: "/src/programs/m.bpf.c", line: 8)),
    ]
    let rows: [(folder: String, place: String, header: String)] = [
      ("/src/programs", "m.bpf.c:61:2 ", "inner/h.h:7"), ("/src/programs/", "m.bpf.c:61:2 ", "inner/h.h:7"),
      ("/src", "programs/m.bpf.c:61:2 ", "programs/inner/h.h:7"),
      ("/src/prog", "/src/programs/m.bpf.c:61:2 ", "/src/programs/inner/h.h:7"),
      ("", "/src/programs/m.bpf.c:61:2 ", "/src/programs/inner/h.h:7"),
    ]
    for row in rows {
      var text = DiagnosticText()
      text.folder = row.folder
      let lines = text.text(diagnostic)
      #expect(lines.contains("  --> \(row.place)"), "\(row.folder)")
      #expect(lines.contains("R2: zero, from \(row.header)\n"), "\(row.folder)")
      #expect(lines.contains("R4: zero, from line 8\n"), "\(row.folder)")
    }
  }

  @Test("tells a decision that was taken again and again once, and how many have nothing to do with it")
  func decisions() {
    var diagnostic = sample
    let decision = Diagnostic.Decision(instruction: 4, condition: "r1 > 0x4", isTaken: false)
    let other = Diagnostic.Decision(
      instruction: 6, place: SourcePlace(file: "m.bpf.c", line: 9), condition: "r2 == 0x0", isTaken: true)
    diagnostic.path = [decision, decision, decision, other]
    #expect(DiagnosticText().text(diagnostic).contains("\npath: r1 > 0x4 false (3 times), :9 r2 == 0x0 true\n"))
    diagnostic.omittedDecisionCount = 3
    #expect(
      DiagnosticText().text(diagnostic).contains(
        "\npath: r1 > 0x4 false (3 times), :9 r2 == 0x0 true   (4 of 7 decisions have to do with it)\n"))
  }

  @Test("knows words for every message that the specification of task work lists")
  func taskWork() {
    let messages = [
      "bpf_task_work pointer in R2 map_uid=0 doesn't match map pointer in R3 map_uid=0",
      "arg#1 doesn't point to a map value",
      "Possibly NULL pointer passed to trusted arg1",
      "R0 pointer arithmetic on map_value_or_null prohibited, null-check it first",
      "arg#0 pointer type STRUCT task_struct must point to scalar, or struct with scalar",
      "R1 must be referenced or trusted",
      "arg3 expected pointer to func", "off 16 doesn't point to 'struct bpf_task_work' that is at 8",
      "R2 doesn't have constant offset. bpf_task_work has to be at the constant offset",
      "map 'm' has no valid bpf_task_work", "map 'm' has to have BTF in order to use bpf_task_work",
      "function calls are not allowed while holding a lock", "callback function not static", "missing btf func_info",
      "cannot call kernel function from non-GPL compatible program", "pointer in R3 isn't map pointer",
      "R4 !read_ok",
      "At async callback return the register R0 has smin=4294967295 smax=4294967295 should have been in [-2147483648, 2147483647]",
      "At async callback return the register R0 has unknown scalar value should have been in [-2147483648, 2147483647]",
      "At async callback return the register R0 is not a known value (map_value)", "write to change key R2 not allowed",
      "invalid access to map key, key_size=4 off=0 size=8",
      "invalid access to map value, value_size=136 off=136 size=8",
      "only read from bpf_array is supported", "bpf_throw kfunc (insn 7) cannot be called from callback subprog 1",
      "R1 type=scalar expected=ctx", "BPF_EXIT instruction in main prog would lead to reference leak",
      "BPF_EXIT instruction in main prog cannot be used inside bpf_rcu_read_lock-ed region",
      "BPF_EXIT instruction in main prog cannot be used inside bpf_preempt_disable-ed region",
      "R1 type=map_ptr expected=ctx", "tracing progs cannot use bpf_spin_lock yet",
      "sleepable helper bpf_copy_from_user#148 in rcu_read_lock region",
      "program of this type cannot use helper bpf_d_path#147",
      "helper call might sleep in a non-sleepable prog",
      "program must be sleepable to call sleepable kfunc bpf_copy_from_user_str",
    ]
    for message in messages {
      let phrase = MessagePhrase(for: message)
      #expect(phrase != nil, "\(message)")
      #expect(phrase?.headline.contains("$") == false, "\(message)")
    }
  }
}
