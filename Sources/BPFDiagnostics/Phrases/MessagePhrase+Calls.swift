extension MessagePhrase {
  /// Calls: functions, their arguments, where they may be made.
  static let calls: [Row] = [
    Row(
      "program of this type cannot use helper {}#{}", .call, "programs of this type may not call $1",
      help: "call it from a program of a type that has it, or use another function"),
    Row("unknown func {}#{}", .call, "this kernel does not have $1"),
    Row("helper call is not allowed in probe", .call, "the function may not be called where this program is attached"),
    Row(
      "func {}#{} not supported for program type {}", .call, "programs of this type may not call $1"),
    Row("func {}#{} supported only for {}", .call, "$1 is only for $3"),
    Row(
      "invalid func unknown#195896080", .call,
      "the program can reach an access to a field or type that this kernel does not have",
      help: "test for it with bpf_core_field_exists() or bpf_core_type_exists() before the access"),
    Row("invalid func {}#{}", .call, "there is no helper function with the number $2"),
    Row(
      "cannot call GPL-restricted function from non-GPL compatible program", .policy,
      "the function may only be called by programs with a licence compatible with the GPL",
      help: "char LICENSE[] SEC(\"license\") = \"GPL\";"),
    Row(
      "helper call might sleep in a non-sleepable prog", .executionContext,
      "the function may sleep, and this program must not",
      help: "make the program sleepable where its type can be (SEC(\"….s\")), or do it in a task-work callback"),
    Row(
      "sleepable helper {}#{} in rcu_read_lock region", .executionContext, "$1() may sleep, and an RCU section is open",
      help: "call it before bpf_rcu_read_lock() or after bpf_rcu_read_unlock()"),
    Row(
      "sleepable helper {}#{} in {}", .executionContext, "$1() may sleep, which is not allowed in this $3",
      help: "end the region before the call"),
    Row(
      "sleepable helper {} in {}", .executionContext, "$1 may sleep, which is not allowed in this $2",
      help: "end the region before the call"),
    Row(
      "program must be sleepable to call sleepable kfunc {}", .executionContext,
      "$1 may sleep, and this program must not",
      help: "make the program sleepable where its type can be (SEC(\"….s\")), or call it in a task-work callback"),
    Row(
      "kernel func {} is sleepable within rcu_read_lock region", .executionContext,
      "$1() may sleep, and an RCU section is open",
      help: "call it before bpf_rcu_read_lock() or after bpf_rcu_read_unlock()"),
    Row(
      "kernel func {} is sleepable within {}", .executionContext, "$1 may sleep, which is not allowed in this $2",
      help: "end the region before the call"),
    Row(
      "function calls are not allowed while holding a lock", .executionContext, "a lock is held during the call",
      help: "call the function before bpf_spin_lock() or after bpf_spin_unlock()"),
    Row(
      "global function calls are not allowed while holding a lock,", .executionContext,
      "a lock is held during the call of a global function", help: "use a static function instead"),
    Row(
      "tracing progs cannot use bpf_{} yet", .policy, "programs that trace may not use a map with $1 in its values",
      help: "use another map for this program"),
    Row(
      "socket filter progs cannot use bpf_spin_lock yet", .policy,
      "socket filters may not use a map with a lock in its values", help: "use another map for this program"),
    Row(
      "Sleepable programs can only use array, hash, ringbuf and local storage maps", .policy,
      "a sleepable program uses a map of a type that it may not use",
      help: "use an array, a hash, a ring buffer or local storage"),
    Row(
      "calling kernel function {} is not allowed", .call, "programs of this type may not call $1",
      help: "call it from a program of a type that has it, or use another function"),
    Row("calling invalid kernel function {}", .call, "$1 is not for BPF programs"),
    Row(
      "cannot pass map_type {} into func {}#{}", .call, "$2 does not work on a map of this type (number $1)",
      help: "use a map of the type that the function is for"),
    Row("cannot update sockmap in this context", .call, "programs of this type may not change a map of sockets"),
    Row(
      "R{} type=ctx expected={}", .call, "R$1 is the context, and the function takes something else",
      help: "look at the order of the arguments"),
    Row(
      "R{} type=map_ptr expected=ctx", .call, "R$1 is a map, and the function needs the program's context",
      help: "a callback has no context: call the function in the program itself, or one that needs none, such as "
        + "bpf_ringbuf_output()"),
    Row(
      "R{} type={} expected=ctx", .call, "the function needs the program's context in R$1, and it is $2",
      help:
        "a callback and a function that is not given the context have none: pass ctx on, or call the function in the "
        + "program itself"),
    Row(
      "R{} type={}_or_null expected={}", .call, "R$1 may be null ($2) and is passed without a test",
      help: "test the pointer before the call: if (!pointer) return 0;"),
    Row(
      "R{} type=scalar expected={}", .call, "R$1 is a number, and the function takes a pointer",
      help: "look at the order of the arguments; a pointer that was put into a map or changed by arithmetic is a number"
    ),
    Row("R{} type={} expected={}", .call, "R$1 is $2, and the function takes another kind of pointer"),
    Row("R{} is of type {} but {} is expected", .call, "R$1 is a pointer to $2, and the function takes one to $3"),
    Row(
      "helper access to the packet is not allowed", .call, "the function does not take a pointer to a packet",
      help: "copy the bytes to the stack first, and pass that"),
    Row(
      "Caller passes invalid args into func#{} ('{}')", .call, "the arguments do not fit what '$2' declares",
      help: "pass what the parameters are declared as: a global function is verified by its declaration alone"),
    Row(
      "expected prog array map for tail call", .call, "the map of the tail call does not hold programs",
      help: "use a map of the type BPF_MAP_TYPE_PROG_ARRAY"),
    Row(
      "R{} is not a known constant'", .call, "the size in R$1 has to be a constant",
      help: "ask for the largest size that there may be; a record of a ring buffer may have any size with "
        + "bpf_ringbuf_reserve_dynptr() or bpf_ringbuf_output()"),
    Row(
      "R{} does not point to a readonly map'", .call, "the text in R$1 has to be a constant, and it could be changed",
      help: "declare it so that it is in .rodata: static const char text[] = \"…\";"),
    Row(
      "arg#{} pointer type {} {} must point to {}", .call, "the $1th argument has to point to $4"),
    Row("arg#{} {}", .call, "the $1th argument is wrong: $2"),
    Row(
      "Arg#{} type {} is not supported yet", .call,
      "the $1th parameter of a global function has a type that it cannot have"),
    Row(
      "tail_calls are not allowed in non-JITed programs with bpf-to-bpf calls", .structure,
      "tail calls and functions cannot be mixed without a JIT compiler"),
    Row(
      "at the time of BPF_LD_ABS|IND R{} != pointer to skb", .call,
      "R$1 has to hold the packet's context for this instruction"),
    Row(
      "BPF_LD_[ABS|IND] instructions not allowed for this program type", .structure,
      "programs of this type have no packet to load from"),
  ]

  /// References, locks, regions.
  static let lifetimes: [Row] = [
    Row(
      "Unreleased reference id={} alloc_insn={}", .lifetime,
      "what was acquired at instruction $2 is not given back on this path",
      help: "release it on every path: bpf_ringbuf_submit() or bpf_ringbuf_discard(), bpf_sk_release(), "
        + "bpf_task_release(), …"),
    Row(
      "BPF_EXIT instruction in main prog would lead to reference leak", .lifetime,
      "something that was acquired is not given back before the end",
      help: "release it on every path before the return"),
    Row("{} would lead to reference leak", .lifetime, "something that was acquired is not given back before this ($1)"),
    Row(
      "{} cannot be used inside bpf_spin_lock-ed region", .lifetime, "a lock is still held at the end",
      help: "give it back on every path: bpf_spin_unlock(), or bpf_res_spin_unlock() for a bpf_res_spin_lock"),
    Row(
      "{} cannot be used inside bpf_rcu_read_lock-ed region", .lifetime, "an RCU section is still open at the end",
      help: "call bpf_rcu_read_unlock() on every path"),
    Row(
      "{} cannot be used inside bpf_preempt_disable-ed region", .lifetime, "preemption is still disabled at the end",
      help: "call bpf_preempt_enable() on every path"),
    Row(
      "{} cannot be used inside bpf_local_irq_save-ed region", .lifetime, "interrupts are still disabled at the end",
      help: "call bpf_local_irq_restore() on every path"),
    Row("{} cannot be used inside {}-ed region", .lifetime, "a section that $2 opened is still open here"),
    Row(
      "release {} expects referenced PTR_TO_BTF_ID passed to R{}", .lifetime,
      "R$2 holds no reference that could be released"),
    Row(
      "R{} must be referenced when passed to release function", .lifetime,
      "R$1 holds no reference that could be released",
      help: "release only what was acquired, and only once"),
    Row("R{} reference has not been acquired before", .lifetime, "R$1 holds no reference that could be released"),
    Row(
      "func {}#{} reference has not been acquired before", .lifetime, "$1 is given no reference that could be released"),
    Row("arg {} is an unacquired reference", .lifetime, "argument $1 is no reference that was acquired"),
    Row("bpf_spin_unlock without taking a lock", .lifetime, "a lock is given up that is not held"),
    Row("{}_unlock of different lock", .lifetime, "another lock is given up than the one that is held"),
    Row(
      "{}_unlock cannot be out of order", .lifetime, "a lock is given up while one is held that was taken after it",
      help: "give locks back in the reverse of the order in which they were taken"),
    Row(
      "Acquiring the same lock again, AA deadlock detected", .lifetime, "a lock is taken that is held already",
      help: "give it back first, or do both under the lock that is held"),
    Row(
      "bpf_res_spin_unlock without taking a lock", .lifetime, "a lock is given up that may not be held",
      help: "go on only where bpf_res_spin_lock() has returned 0: it fails rather than wait for ever"),
    Row("{} without taking a lock", .lifetime, "a lock is given up that is not held ($1)"),
    Row("Locking two bpf_spin_locks are not allowed", .lifetime, "a second lock is taken while one is held"),
    Row("unmatched rcu read unlock{}", .lifetime, "an RCU section is closed that is not open"),
    Row("unmatched attempt to enable preemption{}", .lifetime, "preemption is enabled that was not disabled"),
    Row("{} can be called only with initialized {}", .lifetime, "$1 is given a slot that was not initialised"),
    Row(
      "Expected an initialized dynptr as {}", .lifetime, "the dynptr was not initialised, or was given up",
      help: "initialise it with bpf_dynptr_from_mem(), bpf_ringbuf_reserve_dynptr() or the like"),
    Row("expected an initialized iter_{} as arg #{}", .lifetime, "the iterator was not made, or has ended"),
    Row("expected uninitialized iter_{} as arg #{}", .lifetime, "the iterator exists already"),
    Row("Dynptr has to be an uninitialized dynptr", .lifetime, "the dynptr exists already"),
    Row("cannot overwrite referenced dynptr", .lifetime, "a dynptr that has to be given up would be overwritten"),
    Row("R{} has to be {}", .registerType, "R$1 has to be $2"),
  ]
}
