// SPDX-License-Identifier: Apache-2.0
// Starting a process that stands still until its programs are attached. Everything else stands in the header.

#define _GNU_SOURCE
#include "CMeropsLinux.h"

#if defined(__linux__)

#include <dirent.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

// In the new process: only what POSIX allows after a fork of a process with threads.
static void execute(const char *path, char *const arguments[], int gate, int report, pid_t parent)
{
	sigset_t none;
	char go;
	int error;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	// The gate opens when the parent traces; it is closed when the parent has died.
	while ((error = read(gate, &go, 1)) == -1 && errno == EINTR)
		;
	if (error != 1)
		_exit(127);
	// When the thread that waits for the process ends before it, its process has died.
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(127);
	// What others have opened without a thought of exec(2) is not the target's: a pipe would not end before it does.
	syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
	execvp(path, arguments);
	error = errno;
	if (write(report, &error, sizeof(error)) != sizeof(error))
		_exit(126);
	_exit(127);
}

static void end(pid_t process)
{
	kill(process, SIGKILL);
	while (waitpid(process, NULL, __WALL) == -1 && errno == EINTR)
		;
}

// Waits until a traced process stops for a trap; other signals reach it. Returns the status, or a negative error number.
static long wait_for_trap(pid_t process)
{
	siginfo_t info;
	int status;

	for (;;) {
		info.si_code = 0;
		if (waitid(P_PID, (id_t)process, &info, WEXITED | WSTOPPED | WNOWAIT | __WALL) == -1) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		// An end is left for those who ask for it.
		if (info.si_code != CLD_TRAPPED && info.si_code != CLD_STOPPED)
			return -ESRCH;
		if (waitpid(process, &status, __WALL) == -1)
			return -errno;
		if (!WIFSTOPPED(status))
			return -ESRCH;
		if (WSTOPSIG(status) == SIGTRAP)
			return status;
		// A stop of the whole group is told of as an event and is over at once; a signal is delivered.
		if (ptrace(PTRACE_CONT, process, 0L, (long)(status >> 16 ? 0 : WSTOPSIG(status))) == -1)
			return -errno;
	}
}

long merops_start_stopped(const char *path, char *const arguments[], int *stage)
{
	int gate[2], report[2], error = 0;
	pid_t parent = getpid(), process;
	long count, status;

	*stage = 0;
	if (pipe2(gate, O_CLOEXEC) == -1)
		return -errno;
	if (pipe2(report, O_CLOEXEC) == -1) {
		error = errno;
		close(gate[0]);
		close(gate[1]);
		return -error;
	}
	process = fork();
	if (process == 0) {
		close(gate[1]);
		close(report[0]);
		execute(path, arguments, gate[0], report[1], parent);
	}
	error = process == -1 ? errno : 0;
	close(gate[0]);
	close(report[1]);
	if (!error) {
		*stage = 1;
		if (ptrace(PTRACE_SEIZE, process, 0L, (long)(PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)) == -1)
			error = errno;
		else if (write(gate[1], "", 1) != 1)
			error = errno;
	}
	close(gate[1]);
	if (!error) {
		// Executing closes the other end; an error comes through it before.
		*stage = 2;
		while ((count = read(report[0], &error, sizeof(error))) == -1 && errno == EINTR)
			;
		if (count != sizeof(error))
			error = 0;
	}
	close(report[0]);
	if (!error) {
		status = wait_for_trap(process);
		if (status < 0)
			error = (int)-status;
		else if (status >> 16 != PTRACE_EVENT_EXEC)
			error = ECHILD;
	}
	if (!error)
		return process;
	if (process != -1)
		end(process);
	return -error;
}

long merops_let_go(int process)
{
	return merops_answer(ptrace(PTRACE_DETACH, process, 0L, 0L));
}

long merops_wait_for_end(int process, int *kind, int *status)
{
	siginfo_t info;

	info.si_code = 0;
	info.si_status = 0;
	while (waitid(P_PID, (id_t)process, &info, WEXITED | WNOWAIT | __WALL) == -1)
		if (errno != EINTR)
			return -errno;
	*kind = info.si_code;
	*status = info.si_status;
	return 0;
}

long merops_reap(int process)
{
	while (waitpid(process, NULL, __WALL) == -1)
		if (errno != EINTR)
			return -errno;
	return 0;
}

long merops_list_threads(int process, int *threads, long capacity)
{
	char path[64];
	struct dirent *entry;
	long count = 0;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%d/task", process);
	folder = opendir(path);
	if (!folder)
		return -errno;
	while ((entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		if (count < capacity)
			threads[count] = (int)strtol(entry->d_name, NULL, 10);
		count++;
	}
	closedir(folder);
	return count;
}

#if defined(__x86_64__)
typedef struct user_regs_struct registers;
#define BREAKPOINT_BYTES 1
// `int3`, after which the program counter is one further.
static unsigned long with_breakpoint(unsigned long word) { return (word & ~0xffUL) | 0xcc; }
static unsigned long counter(const registers *r) { return r->rip - 1; }
static void set_counter(registers *r, unsigned long address) { r->rip = address; }
#elif defined(__aarch64__)
typedef struct user_regs_struct registers;
#define BREAKPOINT_BYTES 4
// `brk #0`, at which the program counter stays.
static unsigned long with_breakpoint(unsigned long word) { return (word & ~0xffffffffUL) | 0xd4200000; }
static unsigned long counter(const registers *r) { return r->pc; }
static void set_counter(registers *r, unsigned long address) { r->pc = address; }
#endif

long merops_run_to(int process, unsigned long address)
{
#if defined(BREAKPOINT_BYTES)
	registers r;
	struct iovec vector = { &r, sizeof(r) };
	long word, status;

	errno = 0;
	word = ptrace(PTRACE_PEEKTEXT, process, address, 0L);
	if (errno)
		return -errno;
	if (ptrace(PTRACE_POKETEXT, process, address, with_breakpoint((unsigned long)word)) == -1)
		return -errno;
	if (ptrace(PTRACE_CONT, process, 0L, 0L) == -1)
		return -errno;
	status = wait_for_trap(process);
	if (status < 0)
		return status;
	if (ptrace(PTRACE_GETREGSET, process, (long)NT_PRSTATUS, &vector) == -1)
		return -errno;
	if (counter(&r) != address)
		return -EFAULT;
	if (ptrace(PTRACE_POKETEXT, process, address, word) == -1)
		return -errno;
	set_counter(&r, address);
	vector.iov_len = sizeof(r);
	return merops_answer(ptrace(PTRACE_SETREGSET, process, (long)NT_PRSTATUS, &vector));
#else
	(void)process;
	(void)address;
	return -ENOSYS;
#endif
}

#endif
