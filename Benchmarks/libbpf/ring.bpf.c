// Fills a ring buffer, for the benchmarks of draining it.
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 8 << 20);
} events SEC(".maps");

static int put(__u32 index, void *unused) {
  __u64 *record = bpf_ringbuf_reserve(&events, 24, 0);
  if (!record) return 1;
  record[0] = index;
  record[1] = record[2] = 1;
  bpf_ringbuf_submit(record, 0);
  return 0;
}

SEC("syscall") int fill(void *context) { return bpf_loop(1 << 20, put, 0, 0) < 1000; }
