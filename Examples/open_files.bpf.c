// Tells user space which files tasks open, through a ring buffer.
//
//     merops run Examples/open_files.bpf.c
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct event {
  u32 pid;
  u32 tid;
  s32 directory; /* the descriptor that the path is relative to */
  char comm[TASK_COMM_LEN];
  char path[128];
};

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 64 * 1024);
} events SEC(".maps");

/* How many events found the ring buffer full. */
u64 lost = 0;

SEC("tracepoint/syscalls/sys_enter_openat")
int open_file(struct trace_event_raw_sys_enter *ctx) {
  struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
  u64 identity = bpf_get_current_pid_tgid();

  if (!event) {
    __sync_fetch_and_add(&lost, 1);
    return 0;
  }
  event->pid = identity >> 32;
  event->tid = (u32)identity;
  event->directory = (s32)ctx->args[0];
  bpf_get_current_comm(event->comm, sizeof(event->comm));
  if (bpf_probe_read_user_str(event->path, sizeof(event->path), (const void *)ctx->args[1]) < 0) event->path[0] = 0;
  bpf_ringbuf_submit(event, 0);
  return 0;
}
