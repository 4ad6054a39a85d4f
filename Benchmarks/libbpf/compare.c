// SPDX-License-Identifier: Apache-2.0
// What libbpf takes for the work that the Linux benchmarks measure. Built and run by them:
//
//     compare load OBJECT COUNT        opens and loads an object: nanoseconds of each time, on a line of its own
//     compare maps COUNT               looks up and updates elements of a hash: two lines, nanoseconds for one
//     compare ring OBJECT FILLS        drains a ring buffer: nanoseconds for a record
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

enum { ENTRIES = 10000, VALUE = 64, ROUNDS = 5 };

static void maps(int count)
{
	int map = bpf_map_create(BPF_MAP_TYPE_HASH, "benchmark", 4, VALUE, ENTRIES, NULL);
	unsigned char value[VALUE] = { 1 };
	double lookup = 1e18, update = 1e18;
	unsigned key;
	unsigned long sum = 0;
	if (map < 0)
		fail("map");
	for (key = 0; key < ENTRIES; key++)
		if (bpf_map_update_elem(map, &key, value, BPF_ANY))
			fail("update");
	for (int round = 0; round < ROUNDS; round++) {
		unsigned long start = now();
		for (int i = 0; i < count; i++) {
			key = (key + 7919) % ENTRIES;
			if (bpf_map_lookup_elem(map, &key, value))
				fail("lookup");
			sum += value[0];
		}
		double time = (double)(now() - start) / count;
		lookup = time < lookup ? time : lookup;
		start = now();
		for (int i = 0; i < count; i++) {
			key = (key + 7919) % ENTRIES;
			value[0] = i;
			if (bpf_map_update_elem(map, &key, value, BPF_ANY))
				fail("update");
		}
		time = (double)(now() - start) / count;
		update = time < update ? time : update;
	}
	if (!sum)
		return;
	printf("%.1f\n%.1f\n", lookup, update);
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
	else if (count == 3 && !strcmp(arguments[1], "maps"))
		maps(atoi(arguments[2]));
	else if (count == 4 && !strcmp(arguments[1], "ring"))
		ring(arguments[2], atoi(arguments[3]));
	else
		return 2;
	return 0;
}
