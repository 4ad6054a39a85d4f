// The helpers that the profiler's program calls, for the same source as a program of the host. Memory, maps and mappings are
// what walk_fuzzer.c makes of them.
#pragma once

#define SEC(name) __attribute__((unused))
#define __uint(name, value) int (*name)[value]
#define __type(name, value) typeof(value) *name
#define __weak __attribute__((weak))
#undef __ksym
#define __ksym
#define __noinline __attribute__((noinline, unused))
#undef __always_inline
#define __always_inline inline __attribute__((always_inline, unused))
#define barrier_var(variable) asm volatile("" : "+r"(variable))
#define offsetof(type, member) __builtin_offsetof(type, member)
#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))
#ifndef NULL
#define NULL ((void *)0)
#endif

typedef __u8 u8;
typedef __u16 u16;

#define bpf_for(index, first, limit) for ((index) = (first); (index) < (limit); (index)++)

long bpf_copy_from_user(void *to, u32 size, const void *address);
long bpf_copy_from_user_task(void *to, u32 size, const void *address, struct task_struct *task, u64 flags);
long bpf_find_vma(struct task_struct *task, u64 address, void *callback, void *context, u64 flags);
void *bpf_map_lookup_elem(void *map, const void *key);
long bpf_map_update_elem(void *map, const void *key, const void *value, u64 flags);
long bpf_map_delete_elem(void *map, const void *key);
long bpf_ringbuf_output(void *ring, void *data, u64 size, u64 flags);
void *bpf_ringbuf_reserve(void *ring, u64 size, u64 flags);
void bpf_ringbuf_submit(void *data, u64 flags);
u64 bpf_ringbuf_query(void *ring, u64 flags);
struct task_struct *bpf_get_current_task_btf(void);
long bpf_task_pt_regs(struct task_struct *task);
u64 bpf_get_current_pid_tgid(void);
long bpf_get_current_comm(void *to, u32 size);
long bpf_get_stack(void *context, void *to, u32 size, u64 flags);
u32 bpf_get_smp_processor_id(void);
u64 bpf_ktime_get_ns(void);
long bpf_probe_read_kernel_str(void *to, u32 size, const void *address);
