// SPDX-License-Identifier: Apache-2.0
// What Swift cannot call: system calls that have no function in the C library, or a variadic one. Each answers with the
// result or the negated error number, so that no `errno` has to be read after the fact.

#ifndef CMEROPSLINUX_H
#define CMEROPSLINUX_H

#if defined(__linux__)

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline long merops_answer(long result)
{
	return result == -1 ? -errno : result;
}

static inline long merops_page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

static inline long merops_bpf(long command, void *attributes, unsigned long size)
{
	return merops_answer(syscall(SYS_bpf, command, attributes, size));
}

static inline long merops_perf_event_open(void *attributes, int pid, int cpu, int group, unsigned long flags)
{
	return merops_answer(syscall(SYS_perf_event_open, attributes, pid, cpu, group, flags));
}

static inline long merops_ioctl(int descriptor, unsigned long request, unsigned long argument)
{
	return merops_answer(ioctl(descriptor, request, argument));
}

static inline long merops_open(const char *path, int flags)
{
	return merops_answer(open(path, flags | O_CLOEXEC));
}

static inline long merops_read(int descriptor, void *bytes, unsigned long count)
{
	return merops_answer(read(descriptor, bytes, count));
}

static inline long merops_read_at(int descriptor, void *bytes, unsigned long count, long offset)
{
	return merops_answer(pread(descriptor, bytes, count, offset));
}

static inline long merops_write(int descriptor, const void *bytes, unsigned long count)
{
	return merops_answer(write(descriptor, bytes, count));
}

static inline long merops_map(unsigned long length, int protection, int descriptor, long offset)
{
	void *address = mmap(0, length, protection, MAP_SHARED, descriptor, offset);
	return address == MAP_FAILED ? -errno : (long)address;
}

static inline long merops_file_size(int descriptor)
{
	struct stat status;
	return fstat(descriptor, &status) == -1 ? -errno : (long)status.st_size;
}

static inline long merops_map_file(unsigned long length, int descriptor)
{
	void *address = mmap(0, length, PROT_READ, MAP_PRIVATE, descriptor, 0);
	return address == MAP_FAILED ? -errno : (long)address;
}

static inline long merops_unmap(void *address, unsigned long length)
{
	return merops_answer(munmap(address, length));
}

static inline long merops_event(void)
{
	return merops_answer(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

static inline long merops_event_set(void)
{
	return merops_answer(epoll_create1(EPOLL_CLOEXEC));
}

// Edge-triggered: what was reported is reported again only when it is woken anew.
static inline long merops_event_set_add(int set, int descriptor)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	return merops_answer(epoll_ctl(set, EPOLL_CTL_ADD, descriptor, &event));
}

// Which descriptors are ready is of no interest: all are looked at.
static inline long merops_event_set_wait(int set, int milliseconds)
{
	struct epoll_event events[64];
	return merops_answer(epoll_wait(set, events, 64, milliseconds));
}

static inline long merops_close(int descriptor)
{
	return merops_answer(close(descriptor));
}

static inline long merops_signal(int process, int number)
{
	return merops_answer(kill(process, number));
}

static inline long merops_interface_index(const char *name)
{
	unsigned int index = if_nametoindex(name);
	return index ? (long)index : -errno;
}

// Processes: what is between fork(2) and exec(2) may not be Swift. In CMeropsLinux.c.

// Starts a program that the calling thread traces and that stands still before its first instruction. `stage` says on
// failure whether the process could not be made (0), traced (1) or executed (2).
long merops_start_stopped(const char *path, char *const arguments[], int *stage);
// Lets a stopped process run up to an address, where it stands still again.
long merops_run_to(int process, unsigned long address);
// Lets a stopped process go, no longer traced.
long merops_let_go(int process);
// Waits for the end of a process, which stays a zombie: `kind` is the `CLD_…` code, `status` the exit status or signal.
long merops_wait_for_end(int process, int *kind, int *status);
// Removes a zombie.
long merops_reap(int process);
// Writes the numbers of a process's threads, as many as there is room for; the result is how many there are.
long merops_list_threads(int process, int *threads, long capacity);

#endif
#endif
