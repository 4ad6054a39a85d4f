// SPDX-License-Identifier: Apache-2.0
// Calls of helpers and kernel functions that take a function of the program, an iterator or a lock. The context of each
// is an array of words: the first is the answer, what the others are each program says.

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include "errno.h"

char LICENSE[] SEC("license") = "GPL";

#define MAP(NAME, TYPE, ENTRIES)                                                                   \
	struct {                                                                                   \
		__uint(type, TYPE);                                                                \
		__uint(max_entries, ENTRIES);                                                      \
		__type(key, __u32);                                                                \
		__type(value, __u64);                                                              \
	} NAME SEC(".maps")

MAP(array, BPF_MAP_TYPE_ARRAY, 5);
MAP(hash, BPF_MAP_TYPE_HASH, 8);
MAP(lru, BPF_MAP_TYPE_LRU_HASH, 8);
MAP(percpu_array, BPF_MAP_TYPE_PERCPU_ARRAY, 5);
MAP(percpu_hash, BPF_MAP_TYPE_PERCPU_HASH, 8);
MAP(lru_percpu_hash, BPF_MAP_TYPE_LRU_PERCPU_HASH, 8);

struct locked {
	struct bpf_spin_lock lock;
	__u32 number;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct locked);
} locks SEC(".maps");

// What a callback sees and where it ends.
struct visit {
	__u64 calls;
	__u64 keys; // their sum
	__u64 values; // their sum
	__u64 limit;
};

static long visit_element(struct bpf_map *map, __u32 *key, __u64 *value, struct visit *visit)
{
	visit->calls++;
	visit->keys += *key;
	visit->values += *value;
	*value += 100;
	return visit->calls == visit->limit;
}

static long remove_element(struct bpf_map *map, __u32 *key, __u64 *value, struct visit *visit)
{
	visit->calls++;
	bpf_map_delete_elem(map, key);
	return 0;
}

// { answer, the call after which the callback ends it, calls, sum of keys, sum of values }
#define FOR_EACH(MAP)                                                                              \
	SEC("syscall") int each_in_##MAP(__u64 *words)                                             \
	{                                                                                          \
		struct visit visit = { .limit = words[1] };                                        \
                                                                                                   \
		words[0] = bpf_for_each_map_elem(&MAP, visit_element, &visit, 0);                  \
		words[2] = visit.calls;                                                            \
		words[3] = visit.keys;                                                             \
		words[4] = visit.values;                                                           \
		return 0;                                                                          \
	}

FOR_EACH(array)
FOR_EACH(hash)
FOR_EACH(lru)
FOR_EACH(percpu_array)
FOR_EACH(percpu_hash)
FOR_EACH(lru_percpu_hash)

SEC("syscall")
int remove_each(__u64 *words)
{
	struct visit visit = {};

	words[0] = bpf_for_each_map_elem(&hash, remove_element, &visit, 0);
	words[1] = visit.calls;
	return 0;
}

// Fills a map with `words[1]` elements: the value of key n is 10 * n.
#define FILL(MAP)                                                                                  \
	static long fill_one_in_##MAP(__u64 index, void *context)                                  \
	{                                                                                          \
		__u32 key = index;                                                                 \
		__u64 value = 10 * key;                                                            \
                                                                                                   \
		bpf_map_update_elem(&MAP, &key, &value, BPF_ANY);                                  \
		return 0;                                                                          \
	}                                                                                          \
                                                                                                   \
	SEC("syscall") int fill_##MAP(__u64 *words)                                                \
	{                                                                                          \
		words[0] = bpf_loop(words[1], fill_one_in_##MAP, NULL, 0);                         \
		return 0;                                                                          \
	}

FILL(array)
FILL(hash)
FILL(lru)
FILL(percpu_array)
FILL(percpu_hash)
FILL(lru_percpu_hash)

SEC("syscall")
int each_with_flags(__u64 *words)
{
	struct visit visit = { .limit = words[2] };

	words[0] = bpf_for_each_map_elem(&hash, visit_element, &visit, words[1]);
	words[2] = visit.calls;
	return 0;
}

// { found, key, CPU, value }
#define LOOKUP_PERCPU(MAP)                                                                         \
	SEC("syscall") int on_cpu_in_##MAP(__u64 *words)                                           \
	{                                                                                          \
		__u32 key = words[1];                                                              \
		__u64 *value = bpf_map_lookup_percpu_elem(&MAP, &key, words[2]);                   \
                                                                                                   \
		words[0] = value != NULL;                                                          \
		if (value)                                                                         \
			words[3] = *value;                                                         \
		return 0;                                                                          \
	}

LOOKUP_PERCPU(percpu_array)
LOOKUP_PERCPU(percpu_hash)
LOOKUP_PERCPU(lru_percpu_hash)

static long count_up(__u64 index, struct visit *visit)
{
	visit->calls++;
	visit->keys += index;
	return visit->calls == visit->limit;
}

// { answer, times, limit, flags, calls, sum of the indices }
SEC("syscall")
int loop(__u64 *words)
{
	struct visit visit = { .limit = words[2] };

	words[0] = bpf_loop(words[1], count_up, &visit, words[3]);
	words[4] = visit.calls;
	words[5] = visit.keys;
	return 0;
}

// { answer of new, start, end, how many numbers, their sum }
SEC("syscall")
int numbers(__u64 *words)
{
	struct bpf_iter_num iterator;
	__u64 count = 0, sum = 0;
	int *number;

	words[0] = (__s64)bpf_iter_num_new(&iterator, words[1], words[2]);
	while ((number = bpf_iter_num_next(&iterator))) {
		count++;
		sum += *number;
		if (count == 1000)
			break;
	}
	bpf_iter_num_destroy(&iterator);
	words[3] = count;
	words[4] = sum;
	return 0;
}

__u64 bits_of_map[600];

// { answer of new, how many words, how many bits, their sum }
SEC("syscall")
int bits(__u64 *words)
{
	struct bpf_iter_bits iterator;
	__u64 count = 0, sum = 0;
	int *bit;

	words[0] = (__s64)bpf_iter_bits_new(&iterator, bits_of_map, words[1]);
	while ((bit = bpf_iter_bits_next(&iterator))) {
		count++;
		sum += *bit;
	}
	bpf_iter_bits_destroy(&iterator);
	words[2] = count;
	words[3] = sum;
	return 0;
}

// { the number in the element afterwards, what is added }
SEC("syscall")
int add_under_lock(__u64 *words)
{
	__u32 key = 0, number;
	__u32 more = words[1];
	struct locked *value = bpf_map_lookup_elem(&locks, &key);

	if (!value)
		return 1;
	bpf_spin_lock(&value->lock);
	value->number += more;
	number = value->number;
	bpf_spin_unlock(&value->lock);
	words[0] = number;
	return 0;
}

// { whether the task was found, its number in `words[1]`, the number that it says }
SEC("syscall")
int task_by_number(__u64 *words)
{
	struct task_struct *task = bpf_task_from_pid(words[1]), *again;

	words[0] = task != NULL;
	if (!task)
		return 0;
	words[2] = task->pid;
	again = bpf_task_acquire(task);
	bpf_task_release(task);
	if (again) {
		words[2] = words[2] << 32 | again->tgid;
		bpf_task_release(again);
	}
	return 0;
}

// Each kind of section around a map operation.
SEC("syscall")
int sections(__u64 *words)
{
	unsigned long flags;
	__u32 key = 1;

	bpf_rcu_read_lock();
	bpf_preempt_disable();
	bpf_local_irq_save(&flags);
	words[0] = bpf_map_lookup_elem(&array, &key) != NULL;
	bpf_local_irq_restore(&flags);
	bpf_preempt_enable();
	bpf_rcu_read_unlock();
	return 0;
}

char text_from_user[32];

// { answer, address, size, flags }
SEC("syscall")
int copy_string(__u64 *words)
{
	__u64 size = words[2];

	if (size > sizeof(text_from_user))
		return 1;
	words[0] = (__s64)bpf_copy_from_user_str(text_from_user, size, (void *)words[1], words[3]);
	return 0;
}

// { answer, address, size, flags }: of the current task
SEC("syscall")
int copy_string_of_task(__u64 *words)
{
	__u64 size = words[2];

	if (size > sizeof(text_from_user))
		return 1;
	words[0] = (__s64)bpf_copy_from_user_task_str(text_from_user, size, (void *)words[1], bpf_get_current_task_btf(),
						      words[3]);
	return 0;
}

// { answer, address, size, flags }
SEC("syscall")
int copy_of_task(__u64 *words)
{
	__u64 size = words[2];

	if (size > sizeof(text_from_user))
		return 1;
	words[0] = bpf_copy_from_user_task(text_from_user, size, (void *)words[1], bpf_get_current_task_btf(), words[3]);
	return 0;
}

// { answer, address, size }
SEC("syscall")
int copy(__u64 *words)
{
	__u64 size = words[2];

	if (size > sizeof(text_from_user))
		return 1;
	words[0] = bpf_copy_from_user(text_from_user, size, (void *)words[1]);
	return 0;
}

// { whether the two ways to the task agree, its number, the registers' instruction pointer is of the user }
SEC("syscall")
int current(__u64 *words)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *registers = (struct pt_regs *)bpf_task_pt_regs(task);

	words[0] = (__u64)task == bpf_get_current_task();
	words[1] = task->pid == (__u32)bpf_get_current_pid_tgid();
	words[2] = registers->ip < 1ULL << 47;
	return 0;
}
