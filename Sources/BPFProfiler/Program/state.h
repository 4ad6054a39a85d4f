// What the program keeps: for a thread, for a walk, for a file, for an address.
#pragma once

// Registers by their DWARF numbers on x86-64; 16 is the return address.
enum { REGISTER_BP = 6, REGISTER_SP = 7, REGISTER_IP = 16 };

// Identifies a file as it is now: rules that were read from an older version of it are not taken.
struct module_key {
  u64 inode;
  u64 size;
  u64 modification_seconds;
  u32 device;
  u32 modification_nanoseconds;
};

enum module_kind {
  // Code without a file and without ELF headers: that of a JIT compiler.
  MODULE_ANONYMOUS = 0,
  // A file without a table of frame rules that can be searched.
  MODULE_WITHOUT_RULES = 1,
  MODULE_WITH_RULES = 2,
  // A file whose headers could not be read this time: that a frame pointer is zero says nothing.
  MODULE_UNREADABLE = 3,
  // A file that has .eh_frame but no .eh_frame_hdr.
  MODULE_WITH_UNINDEXED_RULES = 4,
};

struct segment {
  u64 offset;
  u64 end;
  // What to add to an offset in the file to get the address that the file gives it.
  u64 displacement;
};

struct module_info {
  u32 number;
  // Of .eh_frame_hdr, or the bytes from the beginning of .eh_frame to the end of its segment.
  u32 entry_count;
  // The file's address of .eh_frame_hdr; without an index, that of .eh_frame.
  u64 table;
  u8 kind;
  u8 segment_count;
  u8 reserved[6];
  struct segment segments[SEGMENTS];
};

// A run of pages as the task has it, and where in memory its rules are.
struct mapping {
  u64 start;
  u64 end;
  u64 offset;
  struct module_key key;
  // Address in memory minus address in the file.
  u64 bias;
  u64 table;
  u32 entry_count;
  u32 number;
  u8 kind;
  // Set at the beginning of each walk: the address space may have changed.
  u8 is_stale;
  u8 reserved[6];
};

static __always_inline bool has_rules(const struct mapping *mapping) {
  return mapping->kind == MODULE_WITH_RULES || mapping->kind == MODULE_WITH_UNINDEXED_RULES;
}

// A thread that was sampled. Small, since there may be thousands.
struct thread {
  struct bpf_task_work work;
  // The number of the outstanding walk, or of the last one.
  u64 stack;
  u64 execution;
  u32 last_mapping;
  u32 next_mapping;
  // The walk has not begun.
  u8 is_waiting;
  // The thread is on its way out of its memory, and `stack` is the last one that it has there.
  u8 is_last;
  // The walk that was scheduled has been made already; what is outstanding is free for another.
  u8 is_served;
  u8 reserved[5];
  struct mapping mappings[MAPPINGS];
};

enum rule_kind {
  // The register is as it was, or nothing is known of it.
  RULE_SAME = 0,
  RULE_UNDEFINED = 1,
  // In memory at the canonical frame address plus `value`, or that sum itself.
  RULE_AT_CFA = 2,
  RULE_CFA_PLUS = 3,
  // In memory at a register plus `value`, or that sum itself.
  RULE_AT_REGISTER = 4,
  RULE_REGISTER_PLUS = 5,
  // An expression of `length` bytes at the table's address plus `value`: its result's memory, or its result.
  RULE_AT_EXPRESSION = 6,
  RULE_EXPRESSION = 7,
};

struct rule {
  s32 value;
  u8 kind;
  // The register that the rule restores, and the one that it is based on.
  u8 reg;
  u8 base;
  u8 length;
};

enum {
  ROW_IS_SIGNAL_FRAME = 1,
  // The return address is undefined: the outermost frame.
  ROW_IS_OUTERMOST = 2,
  // No rules are known for the address: frame pointers have to do.
  ROW_HAS_NO_RULES = 4,
};

// How to get from a frame to its caller, for one address of a file. The first rule gives the canonical frame address,
// to which `addend` is added.
struct row {
  u64 key;
  u8 flags;
  u8 reserved[3];
  u32 rule_count;
  s32 addend;
  u32 reserved_too;
  struct rule rules[REGISTERS + 1];
};

// The rules while a table is executed.
struct rules {
  struct rule cfa;
  s32 addend;
  u32 reserved;
  struct rule rules[REGISTERS];
};

enum cfi_error {
  CFI_ENDS_EARLY = 1,
  CFI_UNKNOWN_INSTRUCTION = 2,
  CFI_UNKNOWN_ENCODING = 3,
  CFI_UNKNOWN_AUGMENTATION = 4,
  CFI_STATE_STACK = 5,
  CFI_EXPRESSION = 6,
  CFI_OTHER_ADDRESS = 7,
};

// The interpreter of frame rules. Functions that do not sleep get only this, so that the verifier takes each once.
struct cfi {
  u64 registers[REGISTERS];
  struct rules current;
  struct rules initial;
  struct rules remembered[REMEMBERED_STATES];
  u64 location;
  u64 wanted;
  u64 code_alignment;
  s64 data_alignment;
  u64 table;
  u32 depth;
  u32 error;
  u8 is_done;
  u8 pointer_encoding;
  u8 is_signal_frame;
  u8 has_augmentation;
  u32 stack_depth;
  u64 stack[EXPRESSION_STACK];
  // The window: `valid` bytes from `address` on, `remaining` more behind them.
  u64 address;
  u64 remaining;
  u32 position;
  u32 valid;
  union {
    u8 bytes[WINDOW_BYTES];
    u32 words[WINDOW_BYTES / 4];
    struct {
      s32 address;
      s32 description;
    } entries[WINDOW_BYTES / 8];
  };
};

// Memory of the stack, a piece at a time.
struct stack_window {
  // The mapping that it is in.
  u64 area_start;
  u64 area_end;
  u64 start;
  u64 end;
  u64 words[WINDOW_WORDS];
};

// What is read of a file that is seen for the first time. Kept here and not in variables, whose values the verifier would
// follow through every turn of a loop.
struct headers {
  // Where the headers are in memory, and how far that is from the file's addresses.
  u64 start;
  u64 bias;
  u64 table;
  u64 program_headers;
  u32 program_header_count;
  u32 has_bias;
  struct module_info module;
  struct module_record record;
};

// What a walk needs. A callback holds one from its first to its last instruction.
struct walk {
  u32 is_taken;
  u32 bytes_left;
  u32 steps_left;
  u32 search_left;
  // The instruction at the address has been interrupted; otherwise it is behind a call.
  u32 is_exact;
  // Reads may bring pages in. Otherwise what is not resident says nothing of a file.
  u32 may_fault;
  struct stack_window window;
  struct cfi cfi;
  struct row row;
  // The canonical frame address, the registers that the rules of the row have given, and the last word that was read.
  u64 frame;
  u64 restored[REGISTERS + 1];
  u64 word;
  u64 leaf_words;
  struct headers headers;
  struct stack_record record;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __uint(max_entries, THREADS);
  __type(key, u32);
  __type(value, struct thread);
} threads SEC(".maps");

// An element that is empty, which is too large for the stack.
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __uint(key_size, sizeof(u32));
  __uint(value_size, sizeof(struct thread));
} empty_thread SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, WALKS);
  __type(key, u32);
  __type(value, struct walk);
} walks SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, MODULES);
  __type(key, struct module_key);
  __type(value, struct module_info);
} modules SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, ROWS);
  __type(key, u64);
  __type(value, struct row);
} rows SEC(".maps");

// The processes that are wanted, when not all are.
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, PROCESSES);
  __type(key, u32);
  __type(value, u8);
} processes SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, RING_BYTES);
} records SEC(".maps");

// Where an interrupt builds its record. Interrupts of one CPU do not overlap.
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, struct sample_record);
} sample_records SEC(".maps");

// What cannot be told record by record.
struct counters {
  u64 interrupts;
  u64 interrupt_nanoseconds;
  u64 samples;
  u64 lost_samples;
  u64 stacks;
  u64 lost_stacks;
  u64 lost_modules;
  u64 callbacks;
  u64 callback_nanoseconds;
  u64 lost_elements;
  u64 lost_processes;
  u64 interrupted_calls;
};

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, struct counters);
} counts SEC(".maps");

// Settings, made before loading.
enum wanted { WANTED_ALL = 0, WANTED_PROCESSES = 1, WANTED_THREAD = 2 };
const volatile u32 wanted = WANTED_ALL;
const volatile u32 wanted_thread = 0;
const volatile bool copies_memory = false;

// Numbers of walks and modules; both begin at 1.
u64 last_stack = 0;
u32 last_module = 0;

static __always_inline struct counters *counters(void) {
  u32 zero = 0;
  return bpf_map_lookup_elem(&counts, &zero);
}

#define COUNT(member, amount)                                                                                          \
  do {                                                                                                                 \
    struct counters *_counters = counters();                                                                           \
    if (_counters) __sync_fetch_and_add(&_counters->member, (amount));                                                 \
  } while (0)

// Waking the reader is an interrupt of its own. It looks by itself some ten times a second, and is woken only when the
// buffer fills faster than that.
static __always_inline u64 wake_up_flags(void) {
  u64 room = bpf_ringbuf_query(&records, BPF_RB_RING_SIZE);

  return bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA) > room / 4 ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}
