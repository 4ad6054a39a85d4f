// SPDX-License-Identifier: Apache-2.0
// One program for each kind of event, which keeps what its context says.

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

char LICENSE[] SEC("license") = "GPL";

struct seen {
	__u64 numbers[6];
	char texts[2][16];
};

struct seen seen;

SEC("tp/sched/sched_switch")
int switch_record(struct trace_event_raw_sched_switch *context)
{
	seen.numbers[0] = context->prev_pid;
	seen.numbers[1] = context->next_pid;
	seen.numbers[2] = context->prev_state;
	seen.numbers[3] = context->prev_prio + context->next_prio;
	bpf_probe_read_kernel(seen.texts[0], 16, context->prev_comm);
	bpf_probe_read_kernel(seen.texts[1], 16, context->next_comm);
	return 0;
}

SEC("raw_tp/sched_switch")
int switch_raw(struct bpf_raw_tracepoint_args *context)
{
	seen.numbers[0] = context->args[0];
	seen.numbers[1] = BPF_CORE_READ((struct task_struct *)context->args[1], pid);
	seen.numbers[2] = BPF_CORE_READ((struct task_struct *)context->args[2], pid);
	seen.numbers[3] = context->args[3];
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(switch_typed, bool preempt, struct task_struct *prev, struct task_struct *next, unsigned int prev_state)
{
	seen.numbers[0] = preempt;
	seen.numbers[1] = prev->pid;
	seen.numbers[2] = next->pid;
	seen.numbers[3] = prev_state;
	return 0;
}

SEC("tp/sched/sched_process_fork")
int fork_record(struct trace_event_raw_sched_process_fork *context)
{
	void *record = context;

	seen.numbers[0] = context->parent_pid;
	seen.numbers[1] = context->child_pid;
	bpf_probe_read_kernel_str(seen.texts[0], 16, record + (context->__data_loc_parent_comm & 0xffff));
	bpf_probe_read_kernel_str(seen.texts[1], 16, record + (context->__data_loc_child_comm & 0xffff));
	seen.numbers[2] = context->__data_loc_child_comm >> 16;
	return 0;
}

SEC("tp/sched/sched_process_exec")
int exec_record(struct trace_event_raw_sched_process_exec *context)
{
	void *record = context;

	seen.numbers[0] = context->pid;
	bpf_probe_read_kernel_str(seen.texts[0], 16, record + (context->__data_loc_filename & 0xffff));
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(exec_typed, struct task_struct *task, pid_t old_pid, struct linux_binprm *image)
{
	seen.numbers[0] = task->pid;
	seen.numbers[1] = old_pid;
	bpf_probe_read_kernel_str(seen.texts[0], 16, image->filename);
	return 0;
}

SEC("tp/sched/sched_process_exit")
int exit_record(struct trace_event_raw_sched_process_exit *context)
{
	seen.numbers[0] = context->pid;
	seen.numbers[1] = context->group_dead;
	bpf_probe_read_kernel(seen.texts[0], 16, context->comm);
	return 0;
}

SEC("tp/syscalls/sys_enter_read")
int read_record(struct syscall_trace_enter *context)
{
	seen.numbers[0] = context->nr;
	seen.numbers[1] = context->args[0];
	seen.numbers[2] = context->args[2];
	return 0;
}

SEC("tp/raw_syscalls/sys_exit")
int exit_of_calls(struct trace_event_raw_sys_exit *context)
{
	seen.numbers[0] = context->id;
	seen.numbers[1] = context->ret;
	return 0;
}

SEC("raw_tp/sys_enter")
int enter_raw(struct bpf_raw_tracepoint_args *context)
{
	struct pt_regs *registers = (struct pt_regs *)context->args[0];

	seen.numbers[0] = context->args[1];
	seen.numbers[1] = PT_REGS_PARM1_CORE_SYSCALL(registers);
	seen.numbers[2] = PT_REGS_PARM4_CORE_SYSCALL(registers);
	return 0;
}

SEC("kprobe/vfs_read")
int BPF_KPROBE(read_entry, void *file, void *buffer, __u64 count)
{
	seen.numbers[0] = (__u64)file;
	seen.numbers[1] = count;
	seen.numbers[2] = PT_REGS_IP(ctx) == bpf_get_func_ip(ctx);
	return 0;
}

SEC("kretprobe/vfs_read")
int BPF_KRETPROBE(read_return, long result)
{
	seen.numbers[0] = result;
	return 0;
}

SEC("fentry/vfs_read")
int BPF_PROG(read_fentry, void *file, void *buffer, __u64 count)
{
	seen.numbers[0] = (__u64)file;
	seen.numbers[1] = count;
	return 0;
}

SEC("fexit/vfs_read")
int BPF_PROG(read_fexit, void *file, void *buffer, __u64 count, long result)
{
	seen.numbers[0] = (__u64)file;
	seen.numbers[1] = result;
	return 0;
}

SEC("perf_event")
int sample(struct bpf_perf_event_data *context)
{
	__u64 stack[4] = {};

	seen.numbers[0] = context->regs.ip;
	seen.numbers[1] = context->sample_period;
	seen.numbers[2] = context->addr;
	seen.numbers[3] = bpf_get_stack(context, stack, sizeof(stack), 0);
	seen.numbers[4] = stack[0];
	bpf_snprintf(seen.texts[0], 16, "%ps", &seen.numbers[0], 8);
	return 0;
}

SEC("tp/custom/anything")
int custom_record(void *context)
{
	seen.numbers[0] = *(__u64 *)(context + 8);
	return 0;
}
