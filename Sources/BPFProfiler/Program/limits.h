// How much a walk may read and do. The unwind tables and the stack belong to the target and are not to be trusted, so
// every loop ends by one of these numbers and not by what the target's memory says.
#pragma once

enum {
  // A longer stack is cut, with the status STATUS_FRAME_LIMIT.
  MAXIMUM_FRAMES = 1024,
  // What the kernel's own walk of its stack gives at most.
  MAXIMUM_KERNEL_FRAMES = 127,

  // Copies from user space cost some 70 ns whatever their size, 4 KiB cost twice that: so memory is read in windows.
  WINDOW_BYTES = 2048,
  WINDOW_WORDS = WINDOW_BYTES / 8,
  // An instruction of a table of frame rules, without the block of an expression, is never longer than this.
  LONGEST_INSTRUCTION = 32,

  // Bytes that one walk may copy, and instructions of tables that it may execute.
  BYTE_BUDGET = 1 << 20,
  STEP_BUDGET = 1 << 14,
  // Bytes more, in whole windows, of files whose rules have no index and have to be looked through.
  SEARCH_BUDGET = 4 << 20,
  // Instructions of one table, whose longest programs have some thousands.
  TABLE_STEPS = 1 << 12,

  // Mappings that a thread remembers; a stack seldom goes through more than eight.
  MAPPINGS = 16,
  // Executable segments of a file that are told apart.
  SEGMENTS = 4,
  // How often to wait for the lock of the address space.
  LOCK_ATTEMPTS = 64,
  PROGRAM_HEADERS = 32,
  NOTES = 8,
  // A file whose headers lie in another mapping than its code: how many mappings to look back for them.
  MAPPINGS_BACK = 8,
  // DW_CFA_remember_state within one function: compilers use one level, rarely two.
  REMEMBERED_STATES = 6,
  EXPRESSION_STACK = 8,
  EXPRESSION_STEPS = 64,
  EXPRESSION_BYTES = 128,

  // Walks that can be under way at a time; each holds one while it sleeps in a page fault.
  WALKS = 256,
  THREADS = 16384,
  PROCESSES = 16384,
  MODULES = 8192,
  ROWS = 65536,
  RING_BYTES = 16 << 20,

  BUILD_ID_BYTES = 32,
  PATH_BYTES = 1024,
  PATH_COMPONENTS = 32,
  NAME_BYTES = 256,
};
