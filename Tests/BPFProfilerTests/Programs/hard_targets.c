// Targets that are hard to sample, one for each word:
//
//     deep N      recurses N times, each frame of another size, and computes at the bottom
//     nest N      the same with frames of PADDING bytes, which only the file's rules tell
//     threads N   N threads that compute
//     churn       executes itself again and again in children, forks, maps and unmaps a library while another thread runs in it
//     clock       asks for the time, which the kernel's own library answers
//     signal      computes in the handler of a signal that comes while another function computes
//     traced      a child that computes and calls the system, stopped by its tracer at each call
//
// All end by themselves after some seconds, or when their parent does.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SECONDS = 600 };
#ifndef PADDING
#define PADDING 200
#endif

static volatile unsigned long sink;
static time_t end;

static int is_over(void) { return time(NULL) >= end; }

__attribute__((noinline)) static void compute(unsigned long rounds) {
  for (unsigned long index = 0; index < rounds; index++) sink += index * index;
}

__attribute__((noinline)) static int recurse(int depth) {
  char room[16 + depth % 64];

  memset(room, depth, sizeof(room));
  if (depth > 1) return recurse(depth - 1) + room[depth % 16];
  while (!is_over()) compute(1000000);
  return room[0];
}

__attribute__((noinline)) static int nest(int depth) {
  volatile char room[PADDING];

  room[depth % PADDING] = depth;
  if (depth > 1) return nest(depth - 1) + room[depth % PADDING];
  while (!is_over()) compute(1000000);
  return 0;
}

static void *run(void *argument) {
  while (!is_over()) compute(20000);
  return argument;
}

static void *load_and_unload(void *argument) {
  while (!is_over()) {
    void *library = dlopen("libm.so.6", RTLD_NOW);
    double (*function)(double, double) = library ? (double (*)(double, double))dlsym(library, "pow") : NULL;

    for (int index = 0; function && index < 2000; index++) sink += function(index, 0.7);
    if (library) dlclose(library);
  }
  return argument;
}

static void churn(char *program) {
  pthread_t thread;

  pthread_create(&thread, NULL, load_and_unload, NULL);
  while (!is_over()) {
    pid_t child = fork();

    if (child == 0) {
      compute(20000);
      execl(program, program, "brief", (char *)NULL);
      _exit(1);
    }
    void *memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory != MAP_FAILED) {
      memset(memory, 1, 1 << 20);
      munmap(memory, 1 << 20);
    }
    waitpid(child, NULL, 0);
  }
  pthread_join(thread, NULL);
}

__attribute__((noinline)) static void ask(void) {
  struct timespec now;

  for (int index = 0; index < 10000; index++) clock_gettime(CLOCK_MONOTONIC, &now);
  sink += now.tv_nsec;
}

static void handle(int number) {
  while (!is_over()) compute(1000000);
}

__attribute__((noinline)) static void interrupted(void) {
  raise(SIGUSR1);
  sink++;
}

static void trace(void) {
  pid_t child = fork();
  int status;

  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);
    while (!is_over()) {
      compute(20000);
      getppid();
    }
    _exit(0);
  }
  while (waitpid(child, &status, 0) == child && !WIFEXITED(status) && !WIFSIGNALED(status))
    ptrace(PTRACE_SYSCALL, child, NULL, NULL);
}

int main(int count, char **arguments) {
  const char *what = count > 1 ? arguments[1] : "";
  int number = count > 2 ? atoi(arguments[2]) : 1;

  prctl(PR_SET_PDEATHSIG, SIGKILL);
  end = time(NULL) + SECONDS;
  if (!strcmp(what, "brief")) {
    compute(200000);
  } else if (!strcmp(what, "deep")) {
    return recurse(number) & 1;
  } else if (!strcmp(what, "nest")) {
    return nest(number) & 1;
  } else if (!strcmp(what, "churn")) {
    churn(arguments[0]);
  } else if (!strcmp(what, "clock")) {
    while (!is_over()) ask();
  } else if (!strcmp(what, "signal")) {
    signal(SIGUSR1, handle);
    interrupted();
    sink++;
  } else if (!strcmp(what, "traced")) {
    trace();
  } else if (!strcmp(what, "threads")) {
    pthread_attr_t small;

    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 64 << 10);
    for (int index = 0; index < number; index++) {
      pthread_t thread;

      if (pthread_create(&thread, &small, run, NULL)) return 1;
    }
    run(NULL);
  }
  return 0;
}
