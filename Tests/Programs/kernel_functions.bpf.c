// Exceptions, resilient locks and walks through tasks, for both kernels.

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include "bpf_experimental.h"

char LICENSE[] SEC("license") = "GPL";

extern void bpf_rcu_read_lock(void) __weak __ksym;
extern void bpf_rcu_read_unlock(void) __weak __ksym;
extern int bpf_res_spin_lock(struct bpf_res_spin_lock *lock) __weak __ksym;
extern void bpf_res_spin_unlock(struct bpf_res_spin_lock *lock) __weak __ksym;
extern int bpf_res_spin_lock_irqsave(struct bpf_res_spin_lock *lock, unsigned long *flags) __weak __ksym;
extern void bpf_res_spin_unlock_irqrestore(struct bpf_res_spin_lock *lock, unsigned long *flags) __weak __ksym;
extern int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task, unsigned int flags) __weak __ksym;
extern struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) __weak __ksym;
extern void bpf_iter_task_destroy(struct bpf_iter_task *it) __weak __ksym;

s64 answers[3];

#define __caught_by(name) __attribute__((btf_decl_tag("exception_callback:" #name)))

// The context of all programs.
struct request {
  u64 argument;
  u64 stage;
};

SEC("syscall")
int throws(struct request *request) {
  request->stage = 1;
  if (request->argument) bpf_throw(request->argument);
  request->stage = 2;
  return 7;
}

static __noinline int deeper(struct request *request, u64 cookie) {
  request->stage = 2;
  if (cookie > 100) bpf_throw(cookie);
  return cookie;
}

static __noinline int deep(struct request *request, u64 cookie) {
  request->stage = 1;
  return deeper(request, cookie + 1) + 1;
}

SEC("syscall")
int throws_in_function(struct request *request) {
  int result = deep(request, request->argument);
  request->stage = 3;
  return result;
}

__noinline int caught(u64 cookie) { return cookie + 5000; }

SEC("syscall")
__caught_by(caught)
int throws_and_catches(struct request *request) {
  request->stage = 1;
  if (request->argument) bpf_throw(request->argument);
  request->stage = 2;
  return 7;
}

struct locked {
  struct bpf_res_spin_lock lock;
  u64 number;
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 2);
  __type(key, u32);
  __type(value, struct locked);
} locks SEC(".maps");

static struct locked *element(u32 key) { return bpf_map_lookup_elem(&locks, &key); }

// Takes the locks of element 0 and of the one that the argument says.
SEC("syscall")
int locks_two(struct request *request) {
  struct locked *first = element(0), *second = element(request->argument & 1);
  if (!first || !second) return 0;
  int outer = bpf_res_spin_lock(&first->lock);
  if (outer) {
    answers[0] = outer;
    return 0;
  }
  int inner = bpf_res_spin_lock(&second->lock);
  if (!inner) {
    second->number++;
    bpf_res_spin_unlock(&second->lock);
  }
  bpf_res_spin_unlock(&first->lock);
  answers[0] = outer;
  answers[1] = inner;
  answers[2] = second->number;
  return 0;
}

SEC("syscall")
int locks_without_interrupts(struct request *request) {
  struct locked *first = element(1);
  unsigned long flags;
  if (!first) return 0;
  int result = bpf_res_spin_lock_irqsave(&first->lock, &flags);
  if (!result) {
    first->number++;
    bpf_res_spin_unlock_irqrestore(&first->lock, &flags);
  }
  answers[0] = result;
  return 0;
}

u32 found[16];
// In memory, where the verifier does not follow it from round to round.
u32 found_count;

// The numbers of the tasks that a walk comes to: of all processes, all threads, or the threads of the caller's process.
SEC("syscall")
int walk(struct request *request) {
  struct bpf_iter_task walk;
  struct task_struct *task, *start = NULL;
  u32 flags = request->argument;
  found_count = 0;
  if (request->stage) start = bpf_get_current_task_btf();
  bpf_rcu_read_lock();
  answers[0] = bpf_iter_task_new(&walk, start, flags);
  while ((task = bpf_iter_task_next(&walk))) {
    u32 place = found_count++;
    found[place & 15] = task->pid;
  }
  bpf_iter_task_destroy(&walk);
  bpf_rcu_read_unlock();
  answers[1] = found_count;
  return 0;
}
