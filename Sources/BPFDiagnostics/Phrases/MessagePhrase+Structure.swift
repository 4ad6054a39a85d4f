extension MessagePhrase {
  /// The shape of programs: control flow, size, stack, types; rights.
  static let structure: [Row] = [
    Row(
      "infinite loop detected at insn {}", .structure,
      "the loop never ends: it comes back to instruction $1 with nothing changed",
      help: "let each round change what the loop's condition looks at"),
    Row(
      "BPF program is too large. Processed {} insn", .structure,
      "the program takes more than a million steps to verify",
      help:
        "make the loop shorter, with a bound that is a constant or was compared with one; or give it to the kernel as one: "
        + "bpf_for(), bpf_loop(), or can_loop in its condition; put parts into global functions, which are verified once"
    ),
    Row(
      "The sequence of {} jumps is too complex.", .structure, "more than $1 branches wait to be looked at",
      help: "simplify the conditions, or put parts into global functions, which are verified once"),
    Row("back-edge from insn {} to {}", .structure, "there is a loop from instruction $1 to $2, which needs CAP_BPF"),
    Row(
      "combined stack size of {} calls is {}. Too large", .structure,
      "$1 functions that call one another take $2 bytes of the stack together, of at most 512",
      help: "keep large variables in a map (a per-CPU array of one element), or inline functions"),
    Row(
      "Looks like the BPF stack limit is exceeded", .structure, "the function's variables do not fit into 512 bytes",
      help: "keep large variables in a map (a per-CPU array of one element)"),
    Row("the call stack of {} frames is too deep{}", .structure, "more than 8 functions are nested"),
    Row(
      "recursive call from {} to {}", .structure, "a function calls itself, from $1 to $2",
      help: "turn the recursion into a loop"),
    Row("unreachable insn {}", .structure, "no path leads to instruction $1"),
    Row("jump out of range from insn {} to {}", .structure, "the jump at $1 leads out of its function, to $2"),
    Row("jump into the middle of ldimm64 insn {}", .structure, "a jump leads into the middle of the instruction at $1"),
    Row(
      "last insn is not an exit or jmp", .structure, "the function can run over its end",
      help: "return a value on every path"),
    Row("call to invalid destination", .structure, "a call leads to no function"),
    Row("invalid shift {}", .structure, "a shift by $1 bits is outside of the number's width"),
    Row("div by zero", .structure, "a division by the constant 0"),
    Row("frame pointer is read only", .structure, "R10, the frame pointer, is written to"),
    Row("unknown opcode {}", .structure, "there is no instruction with the code $1"),
    Row("BPF_{} uses reserved fields", .structure, "an unused field of the instruction is not 0"),
    Row("invalid BPF_LD_IMM insn", .structure, "a 64-bit constant is not followed by its second half"),
    Row(
      "number of funcs in func_info doesn't match number of subprogs", .structure,
      "the types of functions do not fit the functions"),
    Row("attach_btf_id {} is not a function", .structure, "what the program is for is no function"),
    Row(
      "func '{}' doesn't have {}-th argument", .memory,
      "'$1' has fewer arguments than $2"),
    Row("func '{}' arg{} type {} is not a struct", .memory, "argument $2 of '$1' is no structure that could be read"),
    Row("invalid btf_id {}", .structure, "there is no type with the number $1"),
    Row("{} is not allowed in sleepable progs", .policy, "$1 may not be used in a sleepable program"),
    Row(
      "arena's user address must be set via map_extra or mmap()", .policy, "the arena has no address in user space yet",
      help: "map it into memory before the program is loaded"),
  ]
}
