// A program that is run by request: it adds the numbers of a range up, into its context and into a map.
//
//     merops run Examples/sum.bpf.c
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

/* What the caller gives, and gets back. */
struct summation {
  s32 first;
  s32 last;
  s64 sum;
};

/* All sums so far. */
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, s64);
} total SEC(".maps");

SEC("syscall")
int sum(struct summation *order) {
  s64 sum = 0;
  s64 *all;
  u32 key = 0;
  int i;

  /* However large the range is, the verifier looks at this loop's body a few times only. */
  bpf_for(i, order->first, order->last + 1) sum += i;
  order->sum = sum;
  all = bpf_map_lookup_elem(&total, &key);
  if (all) __sync_fetch_and_add(all, sum);
  return 0;
}
