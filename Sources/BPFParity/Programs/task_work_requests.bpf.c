// SPDX-License-Identifier: Apache-2.0
// Programs that ask for task work in every way that the tests need: any of four maps, both modes, any target thread,
// and callbacks that do something which a field of their value names.

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include "errno.h"

char LICENSE[] SEC("license") = "GPL";

enum map_choice { IN_HASH, IN_PREALLOCATED_HASH, IN_ARRAY, IN_LRU_HASH };
enum mode_choice { WITH_RESUME, WITH_SIGNAL };

// What a callback does beside counting.
enum action {
	JUST_COUNT,
	SCHEDULE_SELF,		// asks for its own element again
	SCHEDULE_OTHER,		// asks for the element `other` of the same map
	PING_PONG,		// asks for `other` as long as `limit` allows
	OVERWRITE_AND_SCHEDULE,	// overwrites its own element, then asks for it
	OVERWRITE_OTHER,	// overwrites the element `other`
	COPY_FROM_USER,		// copies eight bytes from `address`
	COPY_STACK,		// takes the user stack of the thread
};

struct element {
	__u64 runs;
	__u64 action;
	__u32 other;
	__u32 limit;
	__u64 address;
	__s64 result;		// what the action returned
	__u64 copied;
	__u32 key;		// the key that the callback was given
	__u32 map_id;
	__u64 pid_tgid;
	__u64 order;		// the callback's place among all callbacks
	__u64 time;
	__u64 flags;		// of the task
	char comm[16];
	struct bpf_task_work work;
	__u64 magic;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 32768);
	__type(key, __u32);
	__type(value, struct element);
} hash SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct element);
} preallocated SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct element);
} array SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct element);
} lru SEC(".maps");

__u64 sequence;
__u64 last_address;

static int work_in_hash(struct bpf_map *map, void *key, void *value);
static int work_in_preallocated(struct bpf_map *map, void *key, void *value);
static int work_in_array(struct bpf_map *map, void *key, void *value);
static int work_in_lru(struct bpf_map *map, void *key, void *value);

static __always_inline int request(struct task_struct *task, __u32 map, __u32 key, __u32 mode)
{
	struct element *element;

#define REQUEST(MAP, CALLBACK)                                                                     \
	element = bpf_map_lookup_elem(&MAP, &key);                                                 \
	if (!element)                                                                              \
		return -ENOENT;                                                                    \
	if (mode == WITH_SIGNAL)                                                                   \
		return bpf_task_work_schedule_signal_impl(task, &element->work, &MAP, CALLBACK, NULL); \
	return bpf_task_work_schedule_resume_impl(task, &element->work, &MAP, CALLBACK, NULL);

	switch (map) {
	case IN_HASH:
		REQUEST(hash, work_in_hash)
	case IN_PREALLOCATED_HASH:
		REQUEST(preallocated, work_in_preallocated)
	case IN_ARRAY:
		REQUEST(array, work_in_array)
	default:
		REQUEST(lru, work_in_lru)
	}
}

static __always_inline void overwrite(__u32 map, __u32 key)
{
	struct element fresh = {};
	__u64 flags = BPF_EXIST;

	fresh.magic = 0xfeed;
	switch (map) {
	case IN_HASH:
		bpf_map_update_elem(&hash, &key, &fresh, flags);
		break;
	case IN_PREALLOCATED_HASH:
		bpf_map_update_elem(&preallocated, &key, &fresh, flags);
		break;
	case IN_ARRAY:
		bpf_map_update_elem(&array, &key, &fresh, flags);
		break;
	default:
		bpf_map_update_elem(&lru, &key, &fresh, flags);
		break;
	}
}

static __always_inline int work(struct bpf_map *map, void *key, struct element *value, __u32 choice)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 own = *(__u32 *)key;
	__u64 frames[4] = {};

	value->runs++;
	value->key = own;
	value->map_id = map->id;
	value->pid_tgid = bpf_get_current_pid_tgid();
	value->time = bpf_ktime_get_ns();
	value->flags = task->flags;
	bpf_get_current_comm(value->comm, sizeof(value->comm));
	value->order = __sync_fetch_and_add(&sequence, 1) + 1;

	switch (value->action) {
	case SCHEDULE_SELF:
		value->result = request(task, choice, own, WITH_RESUME);
		break;
	case SCHEDULE_OTHER:
		value->result = request(task, choice, value->other, WITH_RESUME);
		break;
	case PING_PONG:
		if (value->runs < value->limit)
			value->result = request(task, choice, value->other, WITH_RESUME);
		break;
	case OVERWRITE_AND_SCHEDULE:
		overwrite(choice, own);
		last_address = request(task, choice, own, WITH_RESUME);
		break;
	case OVERWRITE_OTHER:
		overwrite(choice, value->other);
		break;
	case COPY_FROM_USER:
		value->result = bpf_copy_from_user(&value->copied, sizeof(value->copied), (void *)value->address);
		break;
	case COPY_STACK:
		value->result = bpf_get_task_stack(task, frames, sizeof(frames), BPF_F_USER_STACK);
		value->copied = frames[0];
		value->address = frames[1];
		break;
	}
	return 0;
}

static int work_in_hash(struct bpf_map *map, void *key, void *value)
{
	return work(map, key, value, IN_HASH);
}

static int work_in_preallocated(struct bpf_map *map, void *key, void *value)
{
	return work(map, key, value, IN_PREALLOCATED_HASH);
}

static int work_in_array(struct bpf_map *map, void *key, void *value)
{
	return work(map, key, value, IN_ARRAY);
}

static int work_in_lru(struct bpf_map *map, void *key, void *value)
{
	return work(map, key, value, IN_LRU_HASH);
}

// The context of the syscall programs.
struct order {
	__u32 map;
	__u32 key;
	__u32 mode;
	__s32 pid; // 0 for the current thread
	__u32 count; // of keys from `key` on
	__u32 accepted;
	__s32 result; // of the first request
	__s32 last_result; // of the last one
	__s32 again; // of a second request for the last key
	__u32 padding;
};

static long request_one(__u64 index, struct order *order)
{
	struct task_struct *task, *found = NULL;
	int result;

	if (order->pid) {
		found = bpf_task_from_pid(order->pid);
		if (!found) {
			order->last_result = -ESRCH;
			return 1;
		}
		task = found;
		result = request(task, order->map, order->key + index, order->mode);
		order->again = request(task, order->map, order->key + index, order->mode);
		bpf_task_release(found);
	} else {
		task = bpf_get_current_task_btf();
		result = request(task, order->map, order->key + index, order->mode);
	}
	if (index == 0)
		order->result = result;
	order->last_result = result;
	if (result == 0)
		order->accepted++;
	return 0;
}

// Asks for `count` elements from `key` on, each one once, or twice where the target is given.
SEC("syscall")
int schedule(struct order *context)
{
	struct order order = *context;

	bpf_loop(order.count ?: 1, request_one, &order, 0);
	context->accepted = order.accepted;
	context->result = order.result;
	context->last_result = order.last_result;
	context->again = order.again;
	return 0;
}

// The same, twice for the current thread in one run: the second answer is in `again`.
SEC("syscall")
int schedule_twice(struct order *context)
{
	struct task_struct *task = bpf_get_current_task_btf();

	context->result = request(task, context->map, context->key, context->mode);
	context->again = request(task, context->map, context->key, context->mode);
	return 0;
}

// All requests in one section with interrupts off.
SEC("syscall")
int schedule_without_interrupts(struct order *context)
{
	unsigned long flags;
	struct order order = *context;

	bpf_local_irq_save(&flags);
	bpf_loop(order.count ?: 1, request_one, &order, 0);
	bpf_local_irq_restore(&flags);
	context->accepted = order.accepted;
	context->result = order.result;
	context->last_result = order.last_result;
	return 0;
}

// C38: schedule and overwrite in one section with interrupts off; with `count` above 1, schedule again.
SEC("syscall")
int schedule_and_overwrite(struct order *context)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 map = context->map, key = context->key, count = context->count;
	int first, second = 0;
	unsigned long flags;

	bpf_local_irq_save(&flags);
	first = request(task, map, key, WITH_RESUME);
	overwrite(map, key);
	if (count > 1)
		second = request(task, map, key, WITH_RESUME);
	bpf_local_irq_restore(&flags);
	context->result = first;
	context->last_result = second;
	return 0;
}

// An element is looked up and deleted, another is inserted, and the old pointer is used.
SEC("syscall")
int schedule_on_deleted(struct order *context)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 key = context->key, next = context->key + 1;
	struct element *stale, fresh = { .magic = 200 };

	stale = bpf_map_lookup_elem(&hash, &key);
	if (!stale)
		return 1;
	bpf_map_delete_elem(&hash, &key);
	context->result = bpf_task_work_schedule_resume_impl(task, &stale->work, &hash, work_in_hash, NULL);
	bpf_map_update_elem(&hash, &next, &fresh, BPF_NOEXIST);
	return 0;
}

// Which events programs that interrupt something heed; set by the test.
__u32 event_tid;		// of this thread alone, 0 for all
__u32 event_limit;		// so many accepted requests at most, 0 for any number
__u32 event_call_count;		// of these system calls alone, 0 for all
__u64 event_calls[4];
__u64 event_time;		// of the last event that was heeded

// What they ask for.
__u32 event_map;
__u32 event_key;
__u32 event_mode;
__u32 event_count = 1;
__s32 event_result;
__u32 event_accepted;
__u64 event_stack[4];
__s64 event_stack_size;

static long request_for_event(__u64 index, void *context)
{
	int result = request(bpf_get_current_task_btf(), event_map, event_key + index, event_mode);

	event_result = result;
	if (result == 0)
		event_accepted++;
	return 0;
}

static __always_inline bool is_heeded(void)
{
	if (event_tid && event_tid != (__u32)bpf_get_current_pid_tgid())
		return false;
	if (event_limit && event_accepted >= event_limit)
		return false;
	event_time = bpf_ktime_get_ns();
	return true;
}

static __always_inline bool is_chosen(__u64 call)
{
	if (!event_call_count)
		return true;
	return call == event_calls[0] || (event_call_count > 1 && call == event_calls[1]) ||
	       (event_call_count > 2 && call == event_calls[2]) || (event_call_count > 3 && call == event_calls[3]);
}

SEC("perf_event")
int on_sample(struct bpf_perf_event_data *context)
{
	if (!is_heeded())
		return 0;
	event_stack_size = bpf_get_stack(context, event_stack, sizeof(event_stack), BPF_F_USER_STACK);
	bpf_loop(event_count, request_for_event, NULL, 0);
	return 0;
}

SEC("raw_tp/sys_enter")
int on_system_call(struct bpf_raw_tracepoint_args *context)
{
	if (!is_chosen(context->args[1]) || !is_heeded())
		return 0;
	bpf_loop(event_count, request_for_event, NULL, 0);
	return 0;
}

// Notes the time of the last system call that is chosen.
SEC("raw_tp/sys_enter")
int on_noted_call(struct bpf_raw_tracepoint_args *context)
{
	if (is_chosen(context->args[1]))
		is_heeded();
	return 0;
}

SEC("uprobe")
int on_function(struct pt_regs *context)
{
	bpf_loop(event_count, request_for_event, NULL, 0);
	return 0;
}

SEC("uretprobe")
int on_return(struct pt_regs *context)
{
	bpf_loop(event_count, request_for_event, NULL, 0);
	return 0;
}
