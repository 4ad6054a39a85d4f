// SPDX-License-Identifier: Apache-2.0
// Values with a spin lock beside the task work, for updates under BPF_F_LOCK. Only programs of type syscall are here:
// those for tracing may not use maps with a spin lock.

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include "errno.h"

char LICENSE[] SEC("license") = "GPL";

struct locked {
	__u64 runs;
	struct bpf_spin_lock lock;
	struct bpf_task_work work;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, struct locked);
} locked_hash SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, struct locked);
} locked_preallocated SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, struct locked);
} locked_array SEC(".maps");

__u64 callbacks;

static int count(struct bpf_map *map, void *key, void *value)
{
	__sync_fetch_and_add(&callbacks, 1);
	return 0;
}

struct order {
	__u32 map; // 0 hash, 1 preallocated hash, 2 array
	__u32 key;
	__s32 pid;
	__s32 result;
};

SEC("syscall")
int schedule(struct order *context)
{
	struct task_struct *task = bpf_task_from_pid(context->pid);
	struct locked *value;
	__u32 key = context->key;
	int result = -ENOENT;

	if (!task) {
		context->result = -ESRCH;
		return 0;
	}
	switch (context->map) {
	case 0:
		value = bpf_map_lookup_elem(&locked_hash, &key);
		if (value)
			result = bpf_task_work_schedule_resume_impl(task, &value->work, &locked_hash, count, NULL);
		break;
	case 1:
		value = bpf_map_lookup_elem(&locked_preallocated, &key);
		if (value)
			result = bpf_task_work_schedule_resume_impl(task, &value->work, &locked_preallocated, count, NULL);
		break;
	default:
		value = bpf_map_lookup_elem(&locked_array, &key);
		if (value)
			result = bpf_task_work_schedule_resume_impl(task, &value->work, &locked_array, count, NULL);
		break;
	}
	bpf_task_release(task);
	context->result = result;
	return 0;
}
