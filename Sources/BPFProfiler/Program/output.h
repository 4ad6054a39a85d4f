// Handing records to user space.
#pragma once

static __always_inline void put_stack(struct walk *walk, u32 count) {
  u64 size = offsetof(struct stack_record, frames) + (u64)count * sizeof(u64);

  if (count > MAXIMUM_FRAMES) return;
  if (bpf_ringbuf_output(&records, &walk->record, size, wake_up_flags())) COUNT(lost_stacks, 1);
  else COUNT(stacks, 1);
}

// Registers and stack before the walk changes them, up to the end of the stack's area. With the red zone below the stack
// pointer, in which popped registers still are.
static __noinline int put_memory(u64 stack) {
  struct task_struct *task = bpf_get_current_task_btf();
  struct pt_regs *registers = (struct pt_regs *)bpf_task_pt_regs(task);
  struct memory_record *record;
  struct area area;
  u64 start = registers->sp - RED_ZONE;
  u64 id = bpf_get_current_pid_tgid();
  u64 size;

  if (find_area(start, &area) || (area.flags & UNREADABLE_AREA)) return 0;
  record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
  if (!record) return 0;
  size = area.end - start < COPIED_STACK_BYTES ? area.end - start : COPIED_STACK_BYTES;
  record->kind = RECORD_MEMORY;
  record->pid = id >> 32;
  record->tid = id;
  record->stack = stack;
  record->registers[0] = registers->ax;
  record->registers[1] = registers->dx;
  record->registers[2] = registers->cx;
  record->registers[3] = registers->bx;
  record->registers[4] = registers->si;
  record->registers[5] = registers->di;
  record->registers[6] = registers->bp;
  record->registers[7] = registers->sp;
  record->registers[8] = registers->r8;
  record->registers[9] = registers->r9;
  record->registers[10] = registers->r10;
  record->registers[11] = registers->r11;
  record->registers[12] = registers->r12;
  record->registers[13] = registers->r13;
  record->registers[14] = registers->r14;
  record->registers[15] = registers->r15;
  record->registers[16] = registers->ip;
  barrier_var(size);
  if (size == 0 || size > COPIED_STACK_BYTES || bpf_copy_from_user(record->bytes, size, (void *)start)) size = 0;
  record->byte_count = size;
  bpf_ringbuf_submit(record, wake_up_flags());
  return 0;
}
