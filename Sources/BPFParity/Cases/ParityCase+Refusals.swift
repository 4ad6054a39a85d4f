/// Programs that a verifier refuses, with the error number and what it says (section 4).
extension ParityCase {
  /// The program, the error number, and the message; EACCES is 13, EINVAL 22.
  private static let refusalRows: [(program: String, outcome: String)] = [
    ("other_map", "22: bpf_task_work pointer in R2 map_uid=0 doesn't match map pointer in R3 map_uid=0"),
    ("work_null", "13: Possibly NULL pointer passed to trusted arg1"),
    ("work_on_stack", "22: arg#1 doesn't point to a map value"),
    ("map_null", "13: Possibly NULL pointer passed to trusted arg2"),
    ("callback_null", "13: Possibly NULL pointer passed to trusted arg3"),
    ("callback_number", "22: arg3 expected pointer to func"), ("callback_global", "22: callback function not static"),
    ("task_null", "13: Possibly NULL pointer passed to trusted arg0"),
    ("task_unchecked", "13: Possibly NULL pointer passed to trusted arg0"),
    ("task_number", "22: arg#0 pointer type STRUCT task_struct must point to scalar, or struct with scalar"),
    ("task_parent", "22: R1 must be referenced or trusted"), ("task_leader", "22: R1 must be referenced or trusted"),
    ("offset_before", "22: off 0 doesn't point to 'struct bpf_task_work' that is at 8"),
    ("offset_within", "22: off 12 doesn't point to 'struct bpf_task_work' that is at 8"),
    ("offset_variable", "22: R2 doesn't have constant offset. bpf_task_work has to be at the constant offset"),
    ("value_unchecked", "13: Possibly NULL pointer passed to trusted arg1"),
    ("lock_held", "22: function calls are not allowed while holding a lock"),
    ("field_load", "13: bpf_task_work cannot be accessed directly by load/store"),
    ("field_store", "13: bpf_task_work cannot be accessed directly by load/store"),
    (
      "result_minus_one",
      "22: At async callback return the register R0 has smin=4294967295 smax=4294967295 should have been in \(results)"
    ),
    (
      "result_any",
      "22: At async callback return the register R0 has unknown scalar value should have been in \(results)"
    ), ("result_pointer", "22: At async callback return the register R0 is not a known value (map_value)"),
    ("no_result", "13: R0 !read_ok"), ("fourth_argument", "13: R4 !read_ok"),
    ("key_written", "13: write to change key R2 not allowed"),
    (
      "key_too_long",
      "13: invalid access to map key, key_size=4 off=0 size=8; R2 min value is outside of the allowed memory range"
    ),
    (
      "value_too_long",
      "13: invalid access to map value, value_size=16 off=16 size=8; R3 min value is outside of the allowed memory range"
    ), ("map_written", "13: only read from bpf_array is supported"),
    ("reference_kept", "22: BPF_EXIT instruction in main prog would lead to reference leak"),
    ("rcu_kept", "22: BPF_EXIT instruction in main prog cannot be used inside bpf_rcu_read_lock-ed region"),
    ("preemption_kept", "22: BPF_EXIT instruction in main prog cannot be used inside bpf_preempt_disable-ed region"),
    ("tail_call", "13: R1 type=scalar expected=ctx"),
  ]

  private static let results = "[-2147483648, 2147483647]"

  static let refusals: [ParityCase] = refusalRows.map { row in
    let section = row.program.contains("result") || row.program.contains("kept") ? "4.2" : "4"
    return ParityCase(
      section, row.program.replacing("_", with: " "), of: .refusals, [row.outcome]
    ) { engine in
      guard let refusal = try engine.refusal(of: row.program) else { return ["accepted"] }
      // Which instruction a reference is from is the compiler's business.
      let lines = refusal.message.split(separator: "\n").filter { !$0.hasPrefix("Unreleased reference") }
      return ["\(refusal.errno): \(lines.joined(separator: "; "))"]
    }
  }
}
