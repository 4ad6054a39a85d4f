// The interrupt: who was interrupted and where in the kernel. The user stack is asked for, and comes later.
#pragma once

extern int bpf_task_work_schedule_resume_impl(
    struct task_struct *task, struct bpf_task_work *tw, void *map__map, bpf_task_work_callback_t callback,
    void *aux__prog) __ksym __weak;

static __always_inline bool is_wanted(u64 id) {
  u32 pid = id >> 32;

  if (wanted == WANTED_ALL) return true;
  if (wanted == WANTED_THREAD) return (u32)id == wanted_thread;
  return bpf_map_lookup_elem(&processes, &pid) != NULL;
}

// The element of a thread, made when the thread is sampled for the first time.
static __always_inline struct thread *find_thread(u32 tid) {
  struct thread *thread = bpf_map_lookup_elem(&threads, &tid);
  u32 zero = 0;
  void *empty;

  if (thread) return thread;
  empty = bpf_map_lookup_elem(&empty_thread, &zero);
  if (!empty || bpf_map_update_elem(&threads, &tid, empty, BPF_NOEXIST)) return NULL;
  return bpf_map_lookup_elem(&threads, &tid);
}

// A call that is on its way to end with EINTR although no signal waits, which is what waking the thread would make of it.
// Also one whose signal has been ignored: there are at most as many as are counted.
static __always_inline bool is_call_interrupted(struct task_struct *task) {
  struct pt_regs *registers = (struct pt_regs *)bpf_task_pt_regs(task);
  struct signal_struct *shared = task->signal;

  if ((s64)registers->orig_ax < 0 || (s64)registers->ax != -EINTR) return false;
  return !task->pending.signal.sig[0] && !(shared && shared->shared_pending.signal.sig[0]);
}

// The number of a new walk of the thread's.
static __always_inline void begin_walk(struct thread *thread, struct task_struct *task) {
  thread->stack = __sync_fetch_and_add(&last_stack, 1) + 1;
  thread->execution = task->self_exec_id;
}

// Walks the stack of the current task and tells of it. `may_fault`: in deferred work, where memory that is not resident can
// be read. `without`: the status of a stack for whose walk that would have been needed.
static __always_inline int capture(struct thread *thread, u32 may_fault, u32 without) {
  struct task_struct *task = bpf_get_current_task_btf();
  u64 begin = bpf_ktime_get_ns();
  u64 id = bpf_get_current_pid_tgid();
  u64 faults = task->maj_flt;
  struct walk *walk = NULL;
  u32 first = bpf_get_smp_processor_id() * 8;
  u32 status, nanoseconds;
  int index;

  thread->is_waiting = 0;
  bpf_for(index, 0, WALKS) {
    u32 place = (first + index) & (WALKS - 1);

    walk = bpf_map_lookup_elem(&walks, &place);
    if (walk && __sync_val_compare_and_swap(&walk->is_taken, 0, 1) == 0) break;
    walk = NULL;
  }
  if (!walk) {
    // As many callbacks as there are walks sleep in page faults.
    struct stack_head head = {
        .kind = RECORD_STACK, .status = STATUS_NO_WALK, .pid = id >> 32, .tid = id, .stack = thread->stack, .time = begin};

    if (bpf_ringbuf_output(&records, &head, sizeof(head), wake_up_flags())) COUNT(lost_stacks, 1);
    return 0;
  }
  walk->may_fault = may_fault;
  walk->bytes_left = BYTE_BUDGET;
  walk->steps_left = STEP_BUDGET;
  walk->search_left = SEARCH_BUDGET;
  walk->record.head.kind = RECORD_STACK;
  walk->record.head.pid = id >> 32;
  walk->record.head.tid = id;
  walk->record.head.stack = thread->stack;
  walk->record.head.time = begin;
  walk->record.head.frame_count = 0;
  walk->record.head.frame_pointer_frames = 0;
  walk->record.head.new_rows = 0;
  walk->record.head.new_modules = 0;
  walk->cfi.registers[REGISTER_IP] = 0;
  if (!task->mm) {
    // There was memory when the sample was taken.
    status = STATUS_ENDED;
  } else if (task->self_exec_id != thread->execution) {
    // The stack that was sampled is gone with the program that it was of.
    status = STATUS_EXECUTED;
  } else {
    if (copies_memory) put_memory(thread->stack);
    status = walk_stack(thread, walk);
    if (!may_fault && (status == STATUS_UNREADABLE_RULES || status == STATUS_UNREADABLE_STACK)) status = without;
  }
  walk->record.head.status = status;
  walk->record.head.last_address = walk->cfi.registers[REGISTER_IP];
  walk->record.head.bytes_read = BYTE_BUDGET - walk->bytes_left + SEARCH_BUDGET - walk->search_left;
  walk->record.head.major_faults = task->maj_flt - faults;
  nanoseconds = bpf_ktime_get_ns() - begin;
  walk->record.head.nanoseconds = nanoseconds;
  put_stack(walk, walk->record.head.frame_count);
  __sync_val_compare_and_swap(&walk->is_taken, 1, 0);
  COUNT(callbacks, 1);
  COUNT(callback_nanoseconds, nanoseconds);
  return 0;
}

// The callback: runs in the thread itself, before it returns to user mode, where it may sleep.
static int unwind(struct bpf_map *map, void *key, void *value) {
  struct thread *thread = value;

  if (!thread->is_waiting) {
    thread->is_served = 0;
    return 0;
  }
  if (is_call_interrupted(bpf_get_current_task_btf())) COUNT(interrupted_calls, 1);
  return capture(thread, 1, STATUS_ENDED);
}

// Asks for the user stack, and tells under which number it will come.
static __always_inline u8 defer(struct task_struct *task, u32 tid, u64 *stack) {
  struct thread *thread = find_thread(tid);
  long error;

  if (!thread) {
    COUNT(lost_elements, 1);
    return STATUS_NO_ELEMENT;
  }
  if (thread->is_last && thread->execution == task->self_exec_id) {
    *stack = thread->stack;
    return STATUS_DEFERRED;
  }
  thread->is_last = 0;
  error = bpf_task_work_schedule_resume_impl(task, &thread->work, &threads, unwind, NULL);
  if (error && error != -EBUSY) return STATUS_REFUSED;
  // Busy: the thread has not been in user mode since its last sample, so its user stack is the same, unless it is in
  // another program now. A callback cannot begin before this interrupt has ended.
  if (!error || thread->is_served) {
    begin_walk(thread, task);
    thread->is_served = 0;
    thread->is_waiting = 1;
  }
  *stack = thread->stack;
  return STATUS_DEFERRED;
}

// Begins the record of an interrupt: who, when, and where in the kernel. NULL for who is not wanted.
static __always_inline struct sample_record *begin_sample(struct bpf_perf_event_data *context, u64 time) {
  u64 id = bpf_get_current_pid_tgid();
  struct sample_record *record;
  u32 zero = 0, count = 0;
  long bytes;

  // The idle task.
  if ((u32)id == 0 || !is_wanted(id)) return NULL;
  record = bpf_map_lookup_elem(&sample_records, &zero);
  if (!record) return NULL;
  record->kind = RECORD_SAMPLE;
  record->cpu = bpf_get_smp_processor_id();
  record->pid = id >> 32;
  record->tid = id;
  record->time = time;
  record->stack = 0;
  record->user_frames = 0;
  bpf_get_current_comm(record->comm, sizeof(record->comm));
  bytes = bpf_get_stack(context, record->frames, MAXIMUM_KERNEL_FRAMES * sizeof(u64), 0);
  if (bytes > 0) count = (u32)bytes / sizeof(u64);
  record->kernel_frames = count;
  return record;
}

// Why the current task has no user stack, or STATUS_DEFERRED when it has one.
static __always_inline u8 status_of_task(struct task_struct *task) {
  if (task->flags & NEVER_IN_USER_MODE) return STATUS_KERNEL_THREAD;
  if (!task->mm) return STATUS_NO_MEMORY_MAP;
  // execve(2) has let go of the old program's memory, and has not loaded the new program yet.
  return task->mm->start_code ? STATUS_DEFERRED : STATUS_BETWEEN_PROGRAMS;
}

static __always_inline int put_sample(struct sample_record *record, u64 begin) {
  u32 count = record->kernel_frames + record->user_frames;
  u64 size;

  if (count > 2 * MAXIMUM_KERNEL_FRAMES) return 0;
  size = offsetof(struct sample_record, frames) + (u64)count * sizeof(u64);
  if (bpf_ringbuf_output(&records, record, size, wake_up_flags())) COUNT(lost_samples, 1);
  else COUNT(samples, 1);
  COUNT(interrupts, 1);
  COUNT(interrupt_nanoseconds, bpf_ktime_get_ns() - begin);
  return 0;
}

SEC("perf_event")
int take_sample(struct bpf_perf_event_data *context) {
  u64 begin = bpf_ktime_get_ns();
  struct task_struct *task = bpf_get_current_task_btf();
  struct sample_record *record = begin_sample(context, begin);

  if (!record) return 0;
  record->status = status_of_task(task);
  if (record->status == STATUS_DEFERRED) record->status = defer(task, record->tid, &record->stack);
  return put_sample(record, begin);
}

// For kernels that cannot defer: the user stack as far as it can be seen in the interrupt. A program of its own, since the
// verifier of such a kernel could not make anything of the other.
SEC("perf_event")
int take_sample_at_once(struct bpf_perf_event_data *context) {
  u64 begin = bpf_ktime_get_ns();
  struct sample_record *record = begin_sample(context, begin);
  u32 count;
  long bytes;

  if (!record) return 0;
  count = record->kernel_frames;
  record->status = status_of_task(bpf_get_current_task_btf());
  if (record->status == STATUS_DEFERRED && count <= MAXIMUM_KERNEL_FRAMES) {
    bytes = bpf_get_stack(context, &record->frames[count], MAXIMUM_KERNEL_FRAMES * sizeof(u64), BPF_F_USER_STACK);
    if (bytes > 0) record->user_frames = (u32)bytes / sizeof(u64);
    record->status = STATUS_INTERRUPT;
  }
  return put_sample(record, begin);
}
