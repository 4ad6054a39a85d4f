// SPDX-License-Identifier: Apache-2.0
// Frequent mistakes, one a program: each is refused, and what is said about it stands in
// Tests/BPFDiagnosticsTests/Golden under the program's name.

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct counter {
	__u64 hits;
	__u64 bytes;
	__u32 slots[16];
};

struct job {
	__u64 owner;
	struct bpf_task_work work;
	char text[64];
};

struct guarded {
	struct bpf_spin_lock lock;
	__u64 total;
};

struct event {
	__u64 time;
	__u32 pid;
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 128);
	__type(key, __u32);
	__type(value, struct counter);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 128);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct job);
} jobs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct job);
} other_jobs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, struct guarded);
} totals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 64);
	__type(key, __u32);
	__uint(value_size, 1016);
} stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} storage SEC(".maps");

struct owner {
	struct task_struct __kptr *task;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct owner);
} owners SEC(".maps");

struct timed {
	__u64 count;
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct timed);
} timers SEC(".maps");

const volatile __u32 limit = 16;
__u64 sink;
int chosen;

// The result of a look-up is used without a test.
SEC("tracepoint/syscalls/sys_enter_read")
int null_check_missing(void *ctx)
{
	__u32 key = 1;
	struct counter *counter = bpf_map_lookup_elem(&counters, &key);

	counter->hits++;
	return 0;
}

// The address of a member is taken before the test.
SEC("tracepoint/syscalls/sys_enter_read")
int member_before_null_check(void *ctx)
{
	__u32 key = 1;
	struct job *job = bpf_map_lookup_elem(&jobs, &key);
	char *text = job->text;

	bpf_probe_read_kernel(text, 16, (void *)8);
	return 0;
}

// An index from outside is not compared with the number of elements.
SEC("socket")
int index_unbounded(struct __sk_buff *skb)
{
	__u32 key = 1;
	struct counter *counter = bpf_map_lookup_elem(&counters, &key);

	if (!counter)
		return 0;
	return counter->slots[skb->mark];
}

// The index is compared with one more than there are.
SEC("socket")
int index_off_by_one(struct __sk_buff *skb)
{
	__u32 key = 1;
	struct counter *counter = bpf_map_lookup_elem(&counters, &key);
	__u32 index = skb->mark;

	if (!counter || index > 16)
		return 0;
	return counter->slots[index];
}

// A signed index is only compared with the upper end.
SEC("socket")
int index_negative(struct __sk_buff *skb)
{
	__u32 key = 1;
	struct counter *counter = bpf_map_lookup_elem(&counters, &key);
	long index = chosen;

	if (!counter || index >= 16)
		return 0;
	return counter->slots[index];
}

// A size may be negative.
SEC("tracepoint/syscalls/sys_enter_read")
int size_negative(void *ctx)
{
	char buffer[64];
	int size = chosen;

	if (size > 64)
		return 0;
	bpf_probe_read_kernel(buffer, size, (void *)8);
	return buffer[0];
}

// A size is not bounded at all.
SEC("tracepoint/syscalls/sys_enter_read")
int size_unbounded(void *ctx)
{
	char buffer[64];

	bpf_probe_read_kernel(buffer, (__u32)chosen, (void *)8);
	return buffer[0];
}

// An array on the stack is indexed without bounds.
SEC("socket")
int stack_index_unbounded(struct __sk_buff *skb)
{
	volatile char buffer[16] = {};

	return buffer[skb->len];
}

// A key on the stack is smaller than the map's.
SEC("socket")
int key_too_small(struct __sk_buff *skb)
{
	__u16 key = 1;

	return bpf_map_lookup_elem(&counters, &key) != 0;
}

// A register is used that a call has clobbered.
SEC("socket")
int argument_after_call(struct __sk_buff *skb)
{
	__u64 result;

	asm volatile("r1 = 1\n"
		     "call %[now]\n"
		     "%[result] = r1\n"
		     : [result] "=r"(result)
		     : [now] "i"(5)
		     : "r0", "r1", "r2", "r3", "r4", "r5");
	return result;
}

// A number is used as a pointer: what bpf_get_current_task returns.
SEC("tracepoint/syscalls/sys_enter_read")
int kernel_pointer_is_number(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return task->pid;
}

// The packet is read without a comparison with its end.
SEC("xdp")
int packet_unchecked(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data;

	return data[0] == 0x45 ? XDP_DROP : XDP_PASS;
}

// The comparison is for fewer bytes than are read.
SEC("xdp")
int packet_check_too_short(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data;
	__u8 *end = (void *)(long)ctx->data_end;

	if (data + 14 > end)
		return XDP_PASS;
	return data[23] == 6 ? XDP_DROP : XDP_PASS;
}

// A pointer to the packet is used after the packet may have moved.
SEC("tc")
int packet_moved(struct __sk_buff *skb)
{
	__u8 *data = (void *)(long)skb->data;
	__u8 *end = (void *)(long)skb->data_end;

	if (data + 34 > end)
		return 0;
	bpf_skb_pull_data(skb, 100);
	return data[14];
}

// A function is called that this type of program does not have.
SEC("tracepoint/syscalls/sys_enter_read")
int wrong_helper(void *ctx)
{
	return bpf_redirect(1, 0);
}

// A record of the ring buffer is forgotten on one path.
SEC("tracepoint/syscalls/sys_enter_read")
int record_leaked(void *ctx)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return 0;
	event->pid = bpf_get_current_pid_tgid() >> 32;
	if (event->pid == 1)
		return 0;
	bpf_ringbuf_submit(event, 0);
	return 0;
}

// A record is written to after it was handed over.
SEC("tracepoint/syscalls/sys_enter_read")
int record_after_submit(void *ctx)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return 0;
	bpf_ringbuf_submit(event, 0);
	event->pid = 1;
	return 0;
}

// A loop with too many rounds.
SEC("socket")
int loop_too_long(struct __sk_buff *skb)
{
	__u64 sum = 0;

	for (__u32 i = 0; i < 2000000; i++) {
		sum += i;
		asm volatile("" : "+r"(sum));
	}
	return sum;
}

// A loop that goes on for ever.
SEC("socket")
int loop_endless(struct __sk_buff *skb)
{
	while (1)
		asm volatile("" ::: "memory");
	return 0;
}

static __noinline int third(struct __sk_buff *skb)
{
	volatile char buffer[300] = {};

	return buffer[0] + skb->len;
}

static __noinline int second(struct __sk_buff *skb)
{
	volatile char buffer[200] = {};

	return buffer[0] + third(skb);
}

// Functions whose variables do not fit on the stack together.
SEC("tc")
int stack_too_large(struct __sk_buff *skb)
{
	volatile char buffer[100] = {};

	return buffer[0] + second(skb);
}

// A function that may sleep, in an interrupt.
SEC("perf_event")
int sleeping_in_interrupt(void *ctx)
{
	char buffer[16];

	bpf_copy_from_user(buffer, sizeof(buffer), (void *)0x1000);
	return buffer[0];
}

static int callback(struct bpf_map *map, void *key, void *value)
{
	return 0;
}

static int failing_callback(struct bpf_map *map, void *key, void *value)
{
	return -1;
}

static int printing_callback(struct bpf_map *map, void *key, void *value)
{
	__u64 stack[4];

	return bpf_get_stack(map, stack, sizeof(stack), 0) > 0;
}

// The field of one map with another map.
SEC("perf_event")
int task_work_wrong_map(void *ctx)
{
	__u32 key = 1;
	struct job *job = bpf_map_lookup_elem(&other_jobs, &key);

	if (!job)
		return 0;
	bpf_task_work_schedule_resume_impl(bpf_get_current_task_btf(), &job->work, &jobs, callback, NULL);
	return 0;
}

// A callback that returns a negative int.
SEC("perf_event")
int task_work_callback_returns(void *ctx)
{
	__u32 key = 1;
	struct job *job = bpf_map_lookup_elem(&jobs, &key);

	if (!job)
		return 0;
	bpf_task_work_schedule_resume_impl(bpf_get_current_task_btf(), &job->work, &jobs, failing_callback, NULL);
	return 0;
}

// A callback that needs a context.
SEC("perf_event")
int task_work_callback_context(void *ctx)
{
	__u32 key = 1;
	struct job *job = bpf_map_lookup_elem(&jobs, &key);

	if (!job)
		return 0;
	bpf_task_work_schedule_resume_impl(bpf_get_current_task_btf(), &job->work, &jobs, printing_callback, NULL);
	return 0;
}

// A task that is only a number.
SEC("perf_event")
int task_work_untyped_task(void *ctx)
{
	__u32 key = 1;
	struct job *job = bpf_map_lookup_elem(&jobs, &key);

	if (!job)
		return 0;
	bpf_task_work_schedule_resume_impl((void *)bpf_get_current_task(), &job->work, &jobs, callback, NULL);
	return 0;
}

// A task that may be gone.
SEC("perf_event")
int task_work_untrusted_task(void *ctx)
{
	__u32 key = 1;
	struct job *job = bpf_map_lookup_elem(&jobs, &key);

	if (!job)
		return 0;
	bpf_task_work_schedule_resume_impl(bpf_get_current_task_btf()->real_parent, &job->work, &jobs, callback, NULL);
	return 0;
}

// The field is on the stack.
SEC("perf_event")
int task_work_on_stack(void *ctx)
{
	struct bpf_task_work work = {};

	bpf_task_work_schedule_resume_impl(bpf_get_current_task_btf(), &work, &jobs, callback, NULL);
	return 0;
}

// A call between lock and unlock.
SEC("tc")
int call_under_lock(struct __sk_buff *skb)
{
	__u32 key = 1;
	struct guarded *guarded = bpf_map_lookup_elem(&totals, &key);

	if (!guarded)
		return 0;
	bpf_spin_lock(&guarded->lock);
	guarded->total += bpf_ktime_get_ns();
	bpf_spin_unlock(&guarded->lock);
	return 0;
}

// A path that keeps the lock.
SEC("tc")
int lock_kept(struct __sk_buff *skb)
{
	__u32 key = 1;
	struct guarded *guarded = bpf_map_lookup_elem(&totals, &key);

	if (!guarded)
		return 0;
	bpf_spin_lock(&guarded->lock);
	if (guarded->total > 100)
		return 1;
	guarded->total++;
	bpf_spin_unlock(&guarded->lock);
	return 0;
}

// A lock in a program that traces.
SEC("perf_event")
int lock_in_tracing(void *ctx)
{
	__u32 key = 1;
	struct guarded *guarded = bpf_map_lookup_elem(&totals, &key);

	if (!guarded)
		return 0;
	bpf_spin_lock(&guarded->lock);
	bpf_spin_unlock(&guarded->lock);
	return 0;
}

// A member of the context that this type may not read.
SEC("socket")
int context_member(struct __sk_buff *skb)
{
	return skb->tstamp > 1000;
}

// A return value that the hook does not know.
SEC("cgroup_skb/ingress")
int return_value(struct __sk_buff *skb)
{
	return skb->len > 100 ? 7 : 1;
}

// A constant is changed.
SEC("socket")
int constant_changed(struct __sk_buff *skb)
{
	__u32 *constant = (__u32 *)&limit;

	asm volatile("" : "+r"(constant));
	*constant = 1;
	return 0;
}

// A map of a type that the function is not for.
SEC("socket")
int wrong_map_type(struct __sk_buff *skb)
{
	__u32 key = 1;

	return bpf_map_delete_elem(&stacks, &key) != 0;
}

// An RCU section that stays open.
SEC("tracepoint/syscalls/sys_enter_read")
int rcu_kept(void *ctx)
{
	bpf_rcu_read_lock();
	return 0;
}

// A record of the ring buffer whose size is not known beforehand.
SEC("tracepoint/syscalls/sys_enter_read")
int record_of_variable_size(void *ctx)
{
	__u32 size = bpf_get_prandom_u32() & 63;
	void *record = bpf_ringbuf_reserve(&events, size, 0);

	if (record)
		bpf_ringbuf_discard(record, 0);
	return 0;
}

// A dynptr of the ring buffer that is not submitted where reserving has failed.
SEC("tracepoint/syscalls/sys_enter_read")
int dynptr_leaked(void *ctx)
{
	struct bpf_dynptr record;

	if (bpf_ringbuf_reserve_dynptr(&events, 64, 0, &record))
		return 0;
	bpf_ringbuf_submit_dynptr(&record, 0);
	return 0;
}

// A dynptr that nobody has made.
SEC("tracepoint/syscalls/sys_enter_read")
int dynptr_uninitialised(void *ctx)
{
	struct bpf_dynptr record;
	__u64 first;

	bpf_dynptr_read(&first, sizeof(first), &record, 0, 0);
	return 0;
}

// What a dynptr gives is used without a test.
SEC("tracepoint/syscalls/sys_enter_read")
int dynptr_data_unchecked(void *ctx)
{
	struct bpf_dynptr record;
	__u64 *first;

	bpf_ringbuf_reserve_dynptr(&events, 64, 0, &record);
	first = bpf_dynptr_data(&record, 0, sizeof(*first));
	*first = 1;
	bpf_ringbuf_submit_dynptr(&record, 0);
	return 0;
}

static long counting(__u64 index, void *data)
{
	return index;
}

// The callback of bpf_loop() returns something else than 0 or 1.
SEC("tracepoint/syscalls/sys_enter_read")
int loop_callback_returns(void *ctx)
{
	return bpf_loop(10, counting, NULL, 0);
}

extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;

// An iterator that is not destroyed where the loop is left.
SEC("tracepoint/syscalls/sys_enter_read")
int iterator_leaked(void *ctx)
{
	struct bpf_iter_num it;
	int *number;

	bpf_iter_num_new(&it, 0, 10);
	while ((number = bpf_iter_num_next(&it)))
		if (*number == limit)
			return 1;
	bpf_iter_num_destroy(&it);
	return 0;
}

__noinline int total(struct counter *counter)
{
	return counter->hits;
}

// A global function trusts a pointer that it is given.
SEC("tracepoint/syscalls/sys_enter_read")
int global_argument_unchecked(void *ctx)
{
	struct counter counter = {};

	return total(&counter);
}

__noinline int first_of(struct counter *counter)
{
	return counter ? counter->hits : 0;
}

// A global function is given a number for a pointer.
SEC("tracepoint/syscalls/sys_enter_read")
int global_argument_wrong(void *ctx)
{
	return first_of((void *)bpf_ktime_get_ns());
}

// What was in a field of a map value before is forgotten.
SEC("tp_btf/task_newtask")
int kptr_leaked(__u64 *ctx)
{
	__u32 key = 1;
	struct owner *owner = bpf_map_lookup_elem(&owners, &key);

	if (!owner)
		return 0;
	bpf_kptr_xchg(&owner->task, NULL);
	return 0;
}

// A function that may sleep, in an RCU section.
SEC("syscall")
int sleeping_under_rcu(void *ctx)
{
	char buffer[16];

	bpf_rcu_read_lock();
	bpf_copy_from_user(buffer, sizeof(buffer), (void *)0x1000);
	bpf_rcu_read_unlock();
	return buffer[0];
}

extern struct task_struct *bpf_task_from_pid(int pid) __ksym;
extern void bpf_task_release(struct task_struct *task) __ksym;

// A task that was looked up is not there perhaps.
SEC("tp_btf/task_newtask")
int task_unchecked(__u64 *ctx)
{
	struct task_struct *task = bpf_task_from_pid(1);

	bpf_task_release(task);
	return 0;
}

// A task that was looked up is not released.
SEC("tp_btf/task_newtask")
int task_leaked(__u64 *ctx)
{
	struct task_struct *task = bpf_task_from_pid(1);

	if (!task)
		return 0;
	return task->pid;
}

// A kernel function in a program of a type that may not call it.
SEC("socket")
int wrong_kernel_function(struct __sk_buff *skb)
{
	struct task_struct *task = bpf_task_from_pid(1);

	if (task)
		bpf_task_release(task);
	return 0;
}

// A structure of the kernel is written to.
SEC("tp_btf/task_newtask")
int kernel_structure_changed(__u64 *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();

	task->flags = 1;
	return 0;
}

// Storage of a task that is only a number.
SEC("perf_event")
int storage_of_number(void *ctx)
{
	__u64 *count = bpf_task_storage_get(&storage, (void *)bpf_get_current_task(), NULL, 1);

	return count ? *count : 0;
}

// A buffer is smaller than the size that is passed with it.
SEC("tracepoint/syscalls/sys_enter_read")
int buffer_too_small(void *ctx)
{
	char name[16];

	bpf_get_current_comm(name, 32);
	return name[0];
}

// A tail call with a map that holds no programs.
SEC("tc")
int tail_call_wrong_map(struct __sk_buff *skb)
{
	bpf_tail_call(skb, &counters, 0);
	return 0;
}

char changeable[] = "%d";

// A format that could change.
SEC("tracepoint/syscalls/sys_enter_read")
int format_not_constant(void *ctx)
{
	char text[16];
	__u64 number = 1;

	bpf_snprintf(text, sizeof(text), changeable, &number, sizeof(number));
	return text[0];
}

static int expired(void *map, int *key, struct timed *value)
{
	return 0;
}

// A timer's callback before the timer is tied to its map.
SEC("tc")
int timer_wrong_map(struct __sk_buff *skb)
{
	__u32 key = 1;
	struct timed *timed = bpf_map_lookup_elem(&timers, &key);

	if (!timed)
		return 0;
	bpf_timer_init(&timed->timer, &counters, 1);
	bpf_timer_set_callback(&timed->timer, expired);
	return 0;
}

struct resilient {
	struct bpf_res_spin_lock lock;
	__u64 count;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct resilient);
} resilients SEC(".maps");

extern int bpf_res_spin_lock(struct bpf_res_spin_lock *lock) __ksym;
extern void bpf_res_spin_unlock(struct bpf_res_spin_lock *lock) __ksym;

// A lock is taken while another is held.
SEC("tc")
int lock_taken_twice(struct __sk_buff *skb)
{
	__u32 key = 1, other = 2;
	struct guarded *guarded = bpf_map_lookup_elem(&totals, &key);
	struct guarded *second = bpf_map_lookup_elem(&totals, &other);

	if (!guarded || !second)
		return 0;
	bpf_spin_lock(&guarded->lock);
	bpf_spin_lock(&second->lock);
	bpf_spin_unlock(&second->lock);
	bpf_spin_unlock(&guarded->lock);
	return 0;
}

// A member is smaller than the size that is passed with it.
SEC("tracepoint/syscalls/sys_enter_read")
int member_too_small(void *ctx)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return 0;
	bpf_get_current_comm(event->comm, 32);
	bpf_ringbuf_submit(event, 0);
	return 0;
}

// A lock that may not have been got is given back.
SEC("tc")
int lock_result_unchecked(struct __sk_buff *skb)
{
	__u32 key = 1;
	struct resilient *resilient = bpf_map_lookup_elem(&resilients, &key);

	if (!resilient)
		return 0;
	bpf_res_spin_lock(&resilient->lock);
	resilient->count++;
	bpf_res_spin_unlock(&resilient->lock);
	return 0;
}

// Two locks are given back in the order in which they were taken.
SEC("tc")
int locks_out_of_order(struct __sk_buff *skb)
{
	__u32 key = 1, other = 2;
	struct resilient *first = bpf_map_lookup_elem(&resilients, &key);
	struct resilient *second = bpf_map_lookup_elem(&resilients, &other);

	if (!first || !second || bpf_res_spin_lock(&first->lock))
		return 0;
	if (bpf_res_spin_lock(&second->lock)) {
		bpf_res_spin_unlock(&first->lock);
		return 0;
	}
	second->count++;
	bpf_res_spin_unlock(&first->lock);
	bpf_res_spin_unlock(&second->lock);
	return 0;
}
