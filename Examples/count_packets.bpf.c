// Counts IPv4 packets by protocol on each CPU, and drops UDP packets for one port.
//
//     merops run Examples/count_packets.bpf.c --set dropped_port=53
#include <vmlinux.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <linux/if_ether.h>

char LICENSE[] SEC("license") = "GPL";

/* Constant once the program is loaded, so the verifier removes what a value of 0 makes unreachable. */
const volatile u16 dropped_port = 0;

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 256);
  __type(key, u32);
  __type(value, u64);
} packets SEC(".maps");

SEC("xdp")
int count_packets(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data;
  void *end = (void *)(long)ctx->data_end;
  struct ethhdr *ethernet = data;
  struct iphdr *ip = data + sizeof(*ethernet);
  struct udphdr *udp;
  u32 protocol;
  u64 *count;

  /* Each header is compared with the end of the packet before it is read. */
  if ((void *)(ip + 1) > end) return XDP_PASS;
  if (ethernet->h_proto != bpf_htons(ETH_P_IP)) return XDP_PASS;

  protocol = ip->protocol;
  count = bpf_map_lookup_elem(&packets, &protocol);
  if (count) *count += 1;

  if (protocol != IPPROTO_UDP || dropped_port == 0) return XDP_PASS;
  udp = (void *)ip + ip->ihl * 4;
  if ((void *)(udp + 1) > end) return XDP_PASS;
  return udp->dest == bpf_htons(dropped_port) ? XDP_DROP : XDP_PASS;
}
