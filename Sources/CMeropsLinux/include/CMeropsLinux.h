// SPDX-License-Identifier: Apache-2.0
// What Swift cannot call: system calls that have no function in the C library, or a variadic one. Each answers with the
// result or the negated error number, so that no `errno` has to be read after the fact.

#ifndef CMEROPSLINUX_H
#define CMEROPSLINUX_H

#if defined(__linux__)

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
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

static inline long merops_close(int descriptor)
{
	return merops_answer(close(descriptor));
}

#endif
#endif
