// Work that an interrupt hands on to the task that it interrupted.
//
// A sampling program runs in an NMI: it must not sleep, so it cannot read user memory that is not resident. It stores
// an element with a `struct bpf_task_work` in it and schedules a callback on the current task. Just before that task
// returns to user mode, the kernel calls the callback in the task's own context, where sleeping is allowed: it copies
// the string at `user_ptr` into the element.
//
//     merops run Examples/task_work.bpf.c --set user_ptr=@"hello world"
//
// The three programs do the same with three types of map, which differ in how long an element lives, and with the two
// modes of delivery: `resume` waits until the task returns to user mode by itself, `signal` wakes it from an
// interruptible sleep.
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

/* An address in the memory of the task that is sampled. The test, or the option --set, fills it in. */
const void *user_ptr = NULL;

struct element {
  char data[128];
  struct bpf_task_work work; /* reads as zero: its bytes are the kernel's */
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, 1);
  __type(key, int);
  __type(value, struct element);
} hash_map SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, int);
  __type(value, struct element);
} array_map SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 1);
  __type(key, int);
  __type(value, struct element);
} lru_map SEC(".maps");

/* Runs on the sampled task, once for each request. The memory of `value` is the element itself. */
static int process_work(struct bpf_map *map, void *key, void *value) {
  struct element *element = value;

  bpf_copy_from_user_str(element->data, sizeof(element->data), user_ptr, 0);
  return 0;
}

/* A hash needs the element first. BPF_NOEXIST: replacing an element would cancel the request that it carries. */
SEC("perf_event")
int oncpu_hash_map(struct bpf_perf_event_data *ctx) {
  struct element fresh = {};
  struct element *element;
  int key = 0;

  if (bpf_map_update_elem(&hash_map, &key, &fresh, BPF_NOEXIST)) return 0;
  element = bpf_map_lookup_elem(&hash_map, &key);
  if (!element) return 0;
  bpf_task_work_schedule_resume_impl(bpf_get_current_task_btf(), &element->work, &hash_map, process_work, NULL);
  return 0;
}

/* The elements of an array are always there. While a request is outstanding, the next one gets -EBUSY. */
SEC("perf_event")
int oncpu_array_map(struct bpf_perf_event_data *ctx) {
  struct element *element;
  int key = 0;

  element = bpf_map_lookup_elem(&array_map, &key);
  if (!element) return 0;
  bpf_task_work_schedule_signal_impl(bpf_get_current_task_btf(), &element->work, &array_map, process_work, NULL);
  return 0;
}

/* An element of an LRU hash may be evicted before the callback runs; then it does not run. */
SEC("perf_event")
int oncpu_lru_map(struct bpf_perf_event_data *ctx) {
  struct element fresh = {};
  struct element *element;
  int key = 0;

  element = bpf_map_lookup_elem(&lru_map, &key);
  if (element) return 0;
  bpf_map_update_elem(&lru_map, &key, &fresh, BPF_ANY);
  element = bpf_map_lookup_elem(&lru_map, &key);
  if (!element) return 0;
  bpf_task_work_schedule_resume_impl(bpf_get_current_task_btf(), &element->work, &lru_map, process_work, NULL);
  return 0;
}
