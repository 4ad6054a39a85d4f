extension MessagePhrase {
  /// Deferred task work: the table of its messages, and what callbacks may do.
  static let taskWork: [Row] = [
    Row(
      "bpf_task_work pointer in R2 map_uid={} doesn't match map pointer in R3 map_uid={}", .call,
      "a map value's task-work field was passed with the wrong map",
      help: "pass the map that the value was looked up in"),
    Row(
      "{} pointer in R{} map_uid={} doesn't match map pointer in R{} map_uid={}", .call,
      "a field of a map value was passed with the wrong map",
      help: "pass the map that the value was looked up in"),
    Row(
      "arg#1 doesn't point to a map value", .call, "the field has to be in a map value, and R2 points elsewhere",
      help: "look the value up in a map and pass the address of its struct bpf_task_work"),
    Row(
      "R{} doesn't point to a map value", .call, "the field has to be in a map value, and R$1 points elsewhere",
      help: "look the value up in a map and pass the address of its field"),
    Row(
      "off {} doesn't point to 'struct {}' that is at {}", .call,
      "the pointer is to offset $1 of the map value, and its struct $2 is at offset $3",
      help: "pass the address of the member: &value->member"),
    Row(
      "R{} doesn't have constant offset. {} has to be at the constant offset", .call,
      "the offset of the field in R$1 depends on a variable",
      help: "pass the address of the member with no index in it"),
    Row(
      "map '{}' has no valid bpf_task_work", .call, "the values of map '$1' have no task-work field",
      help: "give the map's value type one member struct bpf_task_work, not in a union and not an array of them"),
    Row(
      "map '{}' has no valid {}", .call, "the values of map '$1' have no field $2",
      help: "give the map's value type one such member, not in a union and not an array of them"),
    Row(
      "map '{}' has to have BTF in order to use {}", .call,
      "map '$1' does not say what is in its values, so that its $2 cannot be found",
      help: "define the map in SEC(\".maps\") with __type(value, struct …) and compile with -g"),
    Row("pointer in R{} isn't map pointer", .call, "R$1 has to be a map", help: "pass the address of the map: &map"),
    Row(
      "Possibly NULL pointer passed to trusted arg{}", .call, "the $1th argument may be null",
      help: "test the pointer before the call: if (!pointer) return 0;"),
    Row(
      "Possibly NULL pointer passed to trusted R{}", .call, "R$1 may be null",
      help: "test the pointer before the call: if (!pointer) return 0;"),
    Row(
      "arg#0 pointer type STRUCT task_struct must point to scalar, or struct with scalar", .call,
      "the task is not a typed pointer",
      help: "take it from bpf_get_current_task_btf() or bpf_task_from_pid(); bpf_get_current_task() gives a number"),
    Row(
      "arg#{} pointer type {} {} must point to scalar, or struct with scalar", .call,
      "the $1th argument is not a typed pointer to $3",
      help: "pass a pointer that the kernel knows the type of, as a function or a tracepoint gave it"),
    Row(
      "R{} must be referenced or trusted", .call, "the object in R$1 may be gone when it is used",
      help: "take a reference first, such as with bpf_task_acquire(), test the result and release it afterwards"),
    Row(
      "R{} must be a rcu pointer", .call, "the object in R$1 is not protected",
      help: "use it between bpf_rcu_read_lock() and bpf_rcu_read_unlock(), or take a reference"),
    Row(
      "arg{} expected pointer to func", .call, "the $1th argument has to be a function of the program",
      help: "pass the name of a static function, not a number or a variable"),
    Row(
      "callback function not static", .call, "the callback is a global function",
      help: "declare it static, or __hidden"),
    Row(
      "missing btf func_info", .call, "the callback's type is not known",
      help: "compile with -g, so that the object has BTF"),
    Row(
      "cannot call kernel function from non-GPL compatible program", .policy,
      "kernel functions may only be called by programs with a licence compatible with the GPL",
      help: "char LICENSE[] SEC(\"license\") = \"GPL\";"),
    Row(
      "bpf_throw kfunc (insn {}) cannot be called from callback subprog {}", .call,
      "an exception may not leave a callback"),
    Row("{} kfunc (insn {}) cannot be called from callback subprog {}", .call, "$1 may not be called in a callback"),
  ]

  /// What programs and callbacks return.
  static let returns: [Row] = [
    Row(
      "At async callback return the register R0 has smin={} smax={} should have been in [{}, {}]", .structure,
      "the callback may return $1 as a number of 64 bits, which is outside of $3 to $4",
      help:
        "clang returns an int in 32 bits, so that -1 becomes 4294967295: return 0 or a positive number, or declare the "
        + "callback as long"),
    Row(
      "At async callback return the register R0 has unknown scalar value should have been in [{}, {}]", .structure,
      "the callback returns a number without bounds, which has to be from $1 to $2",
      help: "return a constant such as 0: the kernel ignores what the callback returns"),
    Row(
      "At async callback return the register R0 is not a known value ({})", .structure,
      "the callback returns a pointer ($1)", help: "return 0"),
    Row(
      "At callback return the register R0 has smin={} smax={} should have been in [{}, {}]", .structure,
      "the callback may return a number from $1 to $2, and it has to be from $3 to $4",
      help: "return 0 to go on and 1 to stop"),
    Row(
      "At callback return the register R0 has {} should have been in [{}, {}]", .structure,
      "the callback may return a number outside of $2 to $3", help: "return 0 to go on and 1 to stop"),
    Row(
      "At {} the register R0 has smin={} smax={} should have been in [{}, {}]", .structure,
      "the program may return a number from $2 to $3, and it has to be from $4 to $5",
      help: "return a constant within these bounds; return -1 from an int function is 4294967295 in 64 bits"),
    Row(
      "At {} the register R0 has {} should have been in [{}, {}]", .structure,
      "the program may return a number outside of $3 to $4",
      help: "return a constant within these bounds, or test the value before it is returned"),
    Row(
      "At {} the register R0 is not a known value ({})", .structure,
      "a pointer ($2) is returned, and it has to be a number"),
  ]
}
