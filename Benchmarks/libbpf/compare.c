// SPDX-License-Identifier: Apache-2.0
// What libbpf takes for the work that the Linux benchmarks measure. Built and run by them:
//
//     compare load OBJECT COUNT        opens and loads an object: nanoseconds of each time, on a line of its own
//     compare ring OBJECT FILLS        drains a ring buffer: nanoseconds for a record
//
// Lookups and updates are called as functions of a library: in the same thread as ours and on the same map, since two maps
// differ by more, in where their elements lie, than what is to be told.
//
// Times are those that the thread was on a CPU. Each prints the best that it saw.

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static unsigned long now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return time.tv_sec * 1000000000ul + time.tv_nsec;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void load(const char *path, int count)
{
	double best = 1e18;
	for (int i = 0; i < count; i++) {
		unsigned long start = now();
		struct bpf_object *object = bpf_object__open_file(path, NULL);
		if (!object || bpf_object__load(object))
			fail("load");
		unsigned long time = now() - start;
		bpf_object__close(object);
		if (time < best)
			best = time;
	}
	printf("%.1f\n", best);
}

enum { ENTRIES = 10000, VALUE = 64 };

// A descriptor of the map with an identifier.
int compare_map(unsigned identifier)
{
	return bpf_map_get_fd_by_id(identifier);
}

// Nanoseconds for a lookup in a hash of ENTRIES elements of VALUE bytes.
double compare_lookup(int map, int count)
{
	static unsigned key;
	unsigned char value[VALUE];
	unsigned long start = now(), sum = 0;
	for (int i = 0; i < count; i++) {
		key = (key + 7919) % ENTRIES;
		if (bpf_map_lookup_elem(map, &key, value))
			fail("lookup");
		sum += value[0];
	}
	return sum ? (double)(now() - start) / count : 0;
}

// Nanoseconds for an update.
double compare_update(int map, int count)
{
	static unsigned key;
	unsigned long value[VALUE / sizeof(unsigned long)] = { 2, 2, 2, 2, 2, 2, 2, 2 };
	unsigned long start = now();
	for (int i = 0; i < count; i++) {
		key = (key + 7919) % ENTRIES;
		value[0] = i;
		if (bpf_map_update_elem(map, &key, value, BPF_ANY))
			fail("update");
	}
	return (double)(now() - start) / count;
}

static unsigned long received, total;

static int on_record(void *context, void *data, size_t size)
{
	received++;
	total += *(unsigned long *)data + size;
	return 0;
}

static void ring(const char *path, int fills)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	double best = 1e18;
	if (!object || bpf_object__load(object))
		fail("load");
	int program = bpf_program__fd(bpf_object__find_program_by_name(object, "fill"));
	struct ring_buffer *buffer =
		ring_buffer__new(bpf_object__find_map_fd_by_name(object, "events"), on_record, NULL, NULL);
	if (!buffer)
		fail("ring buffer");
	for (int i = 0; i < fills; i++) {
		LIBBPF_OPTS(bpf_test_run_opts, options);
		if (bpf_prog_test_run_opts(program, &options))
			fail("run");
		received = 0;
		unsigned long start = now();
		if (ring_buffer__poll(buffer, 0) < 0)
			fail("poll");
		double time = (double)(now() - start) / received;
		best = time < best ? time : best;
	}
	if (total)
		printf("%.3f\n%lu\n", best, received);
}

int main(int count, char **arguments)
{
	libbpf_set_print(NULL);
	if (count == 4 && !strcmp(arguments[1], "load"))
		load(arguments[2], atoi(arguments[3]));
	else if (count == 4 && !strcmp(arguments[1], "ring"))
		ring(arguments[2], atoi(arguments[3]));
	else
		return 2;
	return 0;
}
