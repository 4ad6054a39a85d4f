// SPDX-License-Identifier: Apache-2.0
// Networking programs that reach the packet directly, in the way of the programs that people write.

#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#define ETH_P_IP 0x0800

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __be32);
	__type(value, __u64);
} bytes_by_source SEC(".maps");

static __always_inline struct iphdr *network_header(void *data, void *end)
{
	struct ethhdr *link = data;

	if ((void *)(link + 1) > end || link->h_proto != bpf_htons(ETH_P_IP))
		return NULL;
	struct iphdr *header = (void *)(link + 1);
	return (void *)(header + 1) > end ? NULL : header;
}

// Counts bytes by source, drops what has outlived its time, and answers to pings by swapping the addresses.
SEC("xdp")
int firewall(struct xdp_md *context)
{
	void *data = (void *)(long)context->data, *end = (void *)(long)context->data_end;
	struct iphdr *header = network_header(data, end);

	if (!header)
		return XDP_PASS;
	__u64 size = end - data;
	__u64 *bytes = bpf_map_lookup_elem(&bytes_by_source, &header->saddr);
	if (bytes)
		*bytes += size;
	else
		bpf_map_update_elem(&bytes_by_source, &header->saddr, &size, BPF_ANY);
	if (header->ttl <= 1)
		return XDP_DROP;
	if (header->protocol != IPPROTO_ICMP)
		return XDP_PASS;
	__be32 source = header->saddr;
	header->saddr = header->daddr;
	header->daddr = source;
	return XDP_TX;
}

// Puts a header of 20 bytes in front, as a tunnel does.
SEC("xdp")
int encapsulate(struct xdp_md *context)
{
	if (bpf_xdp_adjust_head(context, -(int)sizeof(struct iphdr)))
		return XDP_ABORTED;
	void *data = (void *)(long)context->data, *end = (void *)(long)context->data_end;
	struct ethhdr *link = data, *old = data + sizeof(struct iphdr);
	if ((void *)(old + 1) > end)
		return XDP_ABORTED;
	__builtin_memmove(link, old, sizeof(*link));
	struct iphdr *outer = (void *)(link + 1);
	if ((void *)(outer + 1) > end)
		return XDP_ABORTED;
	__builtin_memset(outer, 0, sizeof(*outer));
	outer->version = 4;
	outer->ihl = 5;
	outer->ttl = 64;
	outer->protocol = IPPROTO_IPIP;
	outer->tot_len = bpf_htons(end - (void *)outer);
	__s64 sum = bpf_csum_diff(NULL, 0, (void *)outer, sizeof(*outer), 0);
	outer->check = ~sum;
	return XDP_TX;
}

// Gives the packet another destination, with the checksum of its header mended.
SEC("tc")
int translate(struct __sk_buff *context)
{
	void *data = (void *)(long)context->data, *end = (void *)(long)context->data_end;
	struct iphdr *header = network_header(data, end);

	if (!header)
		return -1;
	__be32 old = header->daddr, new = bpf_htonl(0x0a000001);
	bpf_l3_csum_replace(context, sizeof(struct ethhdr) + __builtin_offsetof(struct iphdr, check), old, new, 4);
	bpf_skb_store_bytes(context, sizeof(struct ethhdr) + __builtin_offsetof(struct iphdr, daddr), &new, 4, 0);
	context->mark = 7;
	context->cb[2] = context->protocol;
	return bpf_redirect(3, BPF_F_INGRESS);
}

// Keeps the headers of what goes to port 53.
SEC("socket")
int dns_only(struct __sk_buff *context)
{
	__u8 length = 0, protocol = 0;
	__be16 port = 0;

	if (bpf_skb_load_bytes(context, 0, &length, 1) || bpf_skb_load_bytes(context, 9, &protocol, 1))
		return 0;
	length = (length & 15) * 4;
	if (protocol != IPPROTO_UDP || bpf_skb_load_bytes(context, length + 2, &port, 2))
		return 0;
	return port == bpf_htons(53) ? length + 8 : 0;
}
