// Which processes are wanted: the children of wanted ones are too, and what is gone is forgotten.
#pragma once

SEC("tp_btf/sched_process_fork")
int BPF_PROG(follow_fork, struct task_struct *parent, struct task_struct *child) {
  u32 from = parent->tgid, to = child->tgid;
  u8 one = 1;

  if (from == to || !bpf_map_lookup_elem(&processes, &from)) return 0;
  if (bpf_map_update_elem(&processes, &to, &one, BPF_ANY)) COUNT(lost_processes, 1);
  return 0;
}

// When nothing of a thread runs any more, not even what takes down its memory. What was scheduled for it is cancelled with
// its element. The first thread of a process is the last to be freed.
SEC("tp_btf/sched_process_free")
int BPF_PROG(forget_thread, struct task_struct *task) {
  u32 tid = task->pid, pid = task->tgid;

  bpf_map_delete_elem(&threads, &tid);
  if (tid == pid) bpf_map_delete_elem(&processes, &pid);
  return 0;
}

// The thread ends (sched_process_exit), or executes another program (sched_prepare_exec): its memory goes before it comes
// to its deferred work. So its last stack is walked now, for the samples that wait and those that are still taken while it
// has that memory. What is not resident cannot be read here: the session replaces the reads that may fault, see
// `ProfilerProgram.readWithoutFaults`. Where that is not enough the stack is told as far as it could be seen.
SEC("raw_tp")
int walk_last_stack(void *context) {
  struct task_struct *task = bpf_get_current_task_btf();
  u32 tid = task->pid;
  struct thread *thread = bpf_map_lookup_elem(&threads, &tid);
  bool is_exit = task->flags & EXITING;

  // Who was never sampled has nothing to tell.
  if (!thread || (thread->is_last && thread->execution == task->self_exec_id)) return 0;
  if (thread->is_waiting) thread->is_served = 1;
  else begin_walk(thread, task);
  thread->is_last = 1;
  return capture(thread, 0, is_exit ? STATUS_ENDED : STATUS_EXECUTED);
}
