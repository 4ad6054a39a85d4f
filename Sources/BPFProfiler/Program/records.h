// What the program tells user space, record by record, in the ring buffer. `Records/` in Swift reads the same layouts.
#pragma once

enum record_kind {
  RECORD_SAMPLE = 1,
  RECORD_STACK = 2,
  RECORD_MODULE = 3,
  RECORD_MEMORY = 4,
};

// How the user stack of a sample ended, or why it has none.
enum status {
  // A frame without a caller was reached: its return address is undefined or zero.
  STATUS_COMPLETE = 0,
  // The frames below are right, those above are missing.
  STATUS_FRAME_LIMIT = 1,
  STATUS_BYTE_BUDGET = 2,
  STATUS_STEP_BUDGET = 3,
  STATUS_NO_MAPPING = 4,
  STATUS_NOT_CODE = 5,
  STATUS_NO_RULES = 6,
  STATUS_BAD_RULES = 7,
  STATUS_UNREADABLE_RULES = 8,
  STATUS_UNREADABLE_STACK = 9,
  STATUS_NO_PROGRESS = 10,
  STATUS_DEVICE_MEMORY = 11,
  STATUS_MAPPINGS_BUSY = 12,
  STATUS_32_BIT = 13,
  // There is nothing to walk.
  STATUS_KERNEL_THREAD = 32,
  STATUS_NO_MEMORY_MAP = 33,
  STATUS_EXECUTED = 34,
  STATUS_ENDED = 35,
  STATUS_BETWEEN_PROGRAMS = 36,
  // It could not be walked.
  STATUS_REFUSED = 48,
  STATUS_NO_ELEMENT = 49,
  STATUS_NO_WALK = 50,
  // It will come in a record of its own, under the number `stack`.
  STATUS_DEFERRED = 64,
  // It was taken in the interrupt and is in the sample: the kernel cannot defer.
  STATUS_INTERRUPT = 65,
};

// A frame is one word: the number of its module, whether the address is that of an instruction that was interrupted (and
// not a return address), and the offset in the module's file. Module 0 is no file: then it is the address itself.
#define FRAME_MODULE_SHIFT 48
#define FRAME_IS_EXACT (1ull << 47)
#define FRAME_OFFSET (FRAME_IS_EXACT - 1)

// An interrupt. Kernel frames, then user frames if they were taken in the interrupt; none else.
struct sample_record {
  u8 kind;
  u8 status;
  u16 kernel_frames;
  u16 user_frames;
  u16 cpu;
  u32 pid;
  u32 tid;
  u64 time;
  u64 stack;
  char comm[16];
  u64 frames[2 * MAXIMUM_KERNEL_FRAMES + 2];
};

// A user stack, for all samples that bear its number.
struct stack_head {
  u8 kind;
  u8 status;
  u16 frame_pointer_frames;
  u32 frame_count;
  u32 pid;
  u32 tid;
  u64 stack;
  u64 time;
  u32 nanoseconds;
  u32 bytes_read;
  u32 major_faults;
  // Rows that were not in the cache, and modules that were seen for the first time.
  u16 new_rows;
  u16 new_modules;
  // The address at which the walk ended.
  u64 last_address;
};

struct stack_record {
  struct stack_head head;
  u64 frames[MAXIMUM_FRAMES];
};

// A file or the vdso, once. The path has its last component first, each ended by a zero byte.
struct module_record {
  u8 kind;
  u8 build_id_size;
  u16 path_size;
  u32 number;
  u64 inode;
  u64 size;
  u64 modification_seconds;
  u32 device;
  u32 modification_nanoseconds;
  // Where the process that was seen first has it.
  u64 start;
  u64 end;
  u64 offset;
  u32 pid;
  // It is what the process executes, and not a library of it.
  u32 is_program;
  u8 build_id[BUILD_ID_BYTES];
  char path[PATH_BYTES];
};

// Registers and stack as the walk found them, for the comparison with another unwinder. Only on request.
enum { COPIED_STACK_BYTES = 65536, RED_ZONE = 128, REGISTERS = 17 };
struct memory_record {
  u8 kind;
  u8 reserved[3];
  u32 byte_count;
  u32 pid;
  u32 tid;
  u64 stack;
  u64 registers[REGISTERS];
  u8 bytes[COPIED_STACK_BYTES];
};
