// Which processes are wanted: the children of wanted ones are too, and what has ended is forgotten.
#pragma once

SEC("tp_btf/sched_process_fork")
int BPF_PROG(follow_fork, struct task_struct *parent, struct task_struct *child) {
  u32 from = parent->tgid, to = child->tgid;
  u8 one = 1;

  if (from == to || !bpf_map_lookup_elem(&processes, &from)) return 0;
  if (bpf_map_update_elem(&processes, &to, &one, BPF_ANY)) COUNT(lost_processes, 1);
  return 0;
}

// Runs before the last task work of the thread, for which there would be nothing to walk any more. A walk that is still to
// come is told to have ended; with the element it is cancelled.
SEC("tp_btf/sched_process_exit")
int BPF_PROG(forget_thread, struct task_struct *task) {
  u32 tid = task->pid, pid = task->tgid;
  struct thread *thread = bpf_map_lookup_elem(&threads, &tid);

  if (thread) {
    struct stack_head head = {
        .kind = RECORD_STACK, .status = STATUS_ENDED, .pid = pid, .tid = tid, .stack = thread->stack,
        .time = bpf_ktime_get_ns()};

    if (thread->is_waiting && bpf_ringbuf_output(&records, &head, sizeof(head), wake_up_flags())) COUNT(lost_stacks, 1);
    bpf_map_delete_elem(&threads, &tid);
  }
  if (task->signal->live.counter == 0) bpf_map_delete_elem(&processes, &pid);
  return 0;
}
