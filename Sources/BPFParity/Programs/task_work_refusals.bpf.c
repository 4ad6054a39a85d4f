// Programs that the verifier refuses, a rule of task work broken in each: the table of messages in the specification.
//
// Left out, since no program may pass a task-work function a map without a record of special fields: maps without the
// field, and without types. Left out, since they are about a whole object: another licence, records of functions; and
// bpf_throw, which the simulated kernel does not have.
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#define schedule(task, work, map, callback) \
  bpf_task_work_schedule_resume_impl(task, work, map, callback, NULL)

struct element {
  __u64 number;
  struct bpf_task_work work;
};

struct head {
  struct bpf_task_work work;
  __u64 number;
};

struct locked {
  struct bpf_spin_lock lock;
  struct bpf_task_work work;
};

#define MAP(type_, value_)                                                                             \
  struct {                                                                                             \
    __uint(type, type_);                                                                               \
    __uint(max_entries, 4);                                                                            \
    __type(key, __u32);                                                                                \
    __type(value, value_);                                                                             \
  }

MAP(BPF_MAP_TYPE_ARRAY, struct element) elements SEC(".maps"), others SEC(".maps");
MAP(BPF_MAP_TYPE_HASH, struct head) heads SEC(".maps");
MAP(BPF_MAP_TYPE_HASH, struct locked) locks SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, 1);
  __uint(key_size, 4);
  __uint(value_size, 4);
} programs SEC(".maps");

__u64 sink;

static int nothing(struct bpf_map *map, void *key, void *value) { return 0; }

#define REFUSED(name) SEC("?perf_event") int name(void *context)

/* A program that asks with a callback of its own, so that only the callback is at fault. */
#define CALLBACK(name)                                                                                  \
  REFUSED(name) {                                                                                       \
    __u32 zero = 0;                                                                                     \
    struct element *value = bpf_map_lookup_elem(&elements, &zero);                                      \
    if (value) schedule(bpf_get_current_task_btf(), &value->work, &elements, callback_##name);          \
    return 0;                                                                                           \
  }

#define WITH_VALUE(name, statement)                                                                     \
  REFUSED(name) {                                                                                       \
    __u32 zero = 0;                                                                                     \
    struct task_struct *task = bpf_get_current_task_btf();                                              \
    struct element *value = bpf_map_lookup_elem(&elements, &zero);                                      \
    if (!value) return 0;                                                                               \
    statement;                                                                                          \
    return 0;                                                                                           \
  }

/* The call. */
WITH_VALUE(other_map, schedule(task, &value->work, &others, nothing))
WITH_VALUE(work_null, schedule(task, NULL, &elements, nothing))
WITH_VALUE(work_on_stack, struct bpf_task_work work = {}; schedule(task, &work, &elements, nothing))
WITH_VALUE(map_null, schedule(task, &value->work, NULL, nothing))
WITH_VALUE(callback_null, schedule(task, &value->work, &elements, NULL))
WITH_VALUE(callback_number, schedule(task, &value->work, &elements, (void *)1))
WITH_VALUE(task_null, schedule(NULL, &value->work, &elements, nothing))
WITH_VALUE(task_unchecked, schedule(bpf_task_from_pid(1), &value->work, &elements, nothing))
WITH_VALUE(task_number, schedule((struct task_struct *)bpf_get_current_task(), &value->work, &elements, nothing))
WITH_VALUE(task_parent, schedule(task->real_parent, &value->work, &elements, nothing))
WITH_VALUE(task_leader, schedule(task->group_leader, &value->work, &elements, nothing))
WITH_VALUE(offset_before, schedule(task, (void *)value, &elements, nothing))
WITH_VALUE(offset_within, schedule(task, (void *)value + 12, &elements, nothing))

REFUSED(offset_variable) {
  __u32 zero = 0;
  __u64 offset = bpf_get_prandom_u32() & 8;
  void *value = bpf_map_lookup_elem(&elements, &zero);
  if (value) schedule(bpf_get_current_task_btf(), value + offset, &elements, nothing);
  return 0;
}

REFUSED(value_unchecked) {
  __u32 zero = 0;
  struct head *value = bpf_map_lookup_elem(&heads, &zero);
  schedule(bpf_get_current_task_btf(), &value->work, &heads, nothing);
  return 0;
}

/* Programs that trace may not take such locks at all. */
SEC("?syscall") int lock_held(void *context) {
  __u32 zero = 0;
  struct task_struct *task = bpf_get_current_task_btf();
  struct locked *value = bpf_map_lookup_elem(&locks, &zero);
  if (!value) return 0;
  bpf_spin_lock(&value->lock);
  schedule(task, &value->work, &locks, nothing);
  bpf_spin_unlock(&value->lock);
  return 0;
}

__attribute__((noinline)) int global_callback(struct bpf_map *map, void *key, void *value) { return 0; }
WITH_VALUE(callback_global, schedule(task, &value->work, &elements, (void *)global_callback))

REFUSED(field_load) {
  __u32 zero = 0;
  struct element *value = bpf_map_lookup_elem(&elements, &zero);
  if (value) sink = *(volatile __u64 *)&value->work;
  return 0;
}

REFUSED(field_store) {
  __u32 zero = 0;
  struct element *value = bpf_map_lookup_elem(&elements, &zero);
  if (value) *(volatile __u64 *)&value->work = 1;
  return 0;
}

/* The callback. */
static int callback_result_minus_one(struct bpf_map *map, void *key, void *value) { return -1; }
CALLBACK(result_minus_one)

static long callback_result_any(struct bpf_map *map, void *key, struct element *value) { return value->number; }
#define callback_result_any ((void *)callback_result_any)
CALLBACK(result_any)

static long callback_result_pointer(struct bpf_map *map, void *key, void *value) { return (long)value; }
#define callback_result_pointer ((void *)callback_result_pointer)
CALLBACK(result_pointer)

static void callback_no_result(struct bpf_map *map, void *key, void *value) { asm volatile(""); }
#define callback_no_result ((void *)callback_no_result)
CALLBACK(no_result)

static long callback_fourth_argument(struct bpf_map *map, void *key, void *value) {
  long result;
  asm volatile("%0 = r4" : "=r"(result));
  return result;
}
#define callback_fourth_argument ((void *)callback_fourth_argument)
CALLBACK(fourth_argument)

static int callback_key_written(struct bpf_map *map, __u32 *key, void *value) {
  *(volatile __u32 *)key = 1;
  return 0;
}
#define callback_key_written ((void *)callback_key_written)
CALLBACK(key_written)

static int callback_key_too_long(struct bpf_map *map, __u64 *key, void *value) {
  sink = *(volatile __u64 *)key;
  return 0;
}
#define callback_key_too_long ((void *)callback_key_too_long)
CALLBACK(key_too_long)

static int callback_value_too_long(struct bpf_map *map, void *key, __u64 *value) {
  sink = ((volatile __u64 *)value)[2];
  return 0;
}
#define callback_value_too_long ((void *)callback_value_too_long)
CALLBACK(value_too_long)

static int callback_map_written(__u32 *map, void *key, void *value) {
  *(volatile __u32 *)map = 1;
  return 0;
}
#define callback_map_written ((void *)callback_map_written)
CALLBACK(map_written)

static int callback_reference_kept(struct bpf_map *map, void *key, void *value) {
  struct task_struct *task = bpf_task_from_pid(1);
  return task ? 1 : 0;
}
CALLBACK(reference_kept)

static int callback_rcu_kept(struct bpf_map *map, void *key, void *value) {
  bpf_rcu_read_lock();
  return 0;
}
CALLBACK(rcu_kept)

static int callback_preemption_kept(struct bpf_map *map, void *key, void *value) {
  bpf_preempt_disable();
  return 0;
}
CALLBACK(preemption_kept)

static int callback_tail_call(struct bpf_map *map, void *key, void *value) {
  bpf_tail_call((void *)1, &programs, 0);
  return 0;
}
CALLBACK(tail_call)
