// SPDX-License-Identifier: Apache-2.0
// Arrays whose values have a task work in every place where it may stand, and where it may not.

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
typedef struct bpf_task_work alias;
struct plain { __u64 count; struct bpf_task_work work; };
struct nested { __u64 count; struct { struct bpf_task_work work; } inner; };
struct deep { __u64 count; struct { struct { struct bpf_task_work work; } second; } first; };
struct single { __u64 count; struct bpf_task_work work[1]; };
struct first { struct bpf_task_work work; __u64 count; };
struct timed { struct bpf_timer timer; struct bpf_task_work work; };
struct locked { struct bpf_spin_lock lock; struct bpf_task_work work; };
struct queued { struct bpf_wq wq; struct bpf_task_work work; };
struct two { struct bpf_task_work other, work; };
struct pair { __u64 count; struct bpf_task_work work[2]; };
struct united { __u64 count; union { struct bpf_task_work work; __u64 number; } either; };
struct packed { __u32 count; struct bpf_task_work work; } __attribute__((packed));
struct renamed { __u64 count; alias work; };
struct constant { __u64 count; const struct bpf_task_work work; };
struct none { __u64 count; __u64 work; };
#define MAP(VALUE) struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); \
  __type(value, struct VALUE); } m_##VALUE SEC(".maps")
MAP(plain); MAP(nested); MAP(deep); MAP(single); MAP(first); MAP(timed); MAP(locked); MAP(queued); MAP(two);
MAP(pair); MAP(united); MAP(packed); MAP(renamed); MAP(constant); MAP(none); MAP(bpf_task_work);
