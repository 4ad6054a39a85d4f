// Samples whole stacks of any program, without preparation.
//
// An interrupt (`take_sample`) notes which thread runs and what it does in the kernel, and schedules `unwind` on it. That
// runs in the thread just before it returns to user mode. There it may fault: it finds the code's file, reads the ELF
// headers and the rules in .eh_frame from the thread's own memory, and walks the stack with them. docs/deferred-unwinding.md
// has the picture.
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

enum {
  EINTR = 4,
  EBUSY = 16,
  // PF_EXITING: the thread is on its way through exit(2).
  EXITING = 0x4,
  // PF_KTHREAD, PF_USER_WORKER, PF_IO_WORKER: the kernel's own threads, also those that share a process's memory.
  NEVER_IN_USER_MODE = 0x00200000 | 0x00004000 | 0x00000010,
  // `cs` of 64-bit code in user mode.
  USER_CODE_SEGMENT = 0x33,
};

#include "limits.h"
#include "records.h"
#include "state.h"

#include "areas.h"
#include "memory.h"
#include "cfi.h"
#include "elf.h"
#include "unindexed.h"
#include "table.h"
#include "rows.h"
#include "modules.h"
#include "expressions.h"
#include "walk.h"
#include "output.h"
#include "sample.h"
#include "processes.h"
