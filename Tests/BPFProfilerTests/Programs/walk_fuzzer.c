// The profiler's walk as a program of the host, from the same source, on files whose headers and frame rules are damaged at
// random. With clang's sanitizers on, what the verifier of the kernel proves of the object is tried of the source.
//
//     walk_fuzzer ROUNDS SEED FILE...
//
// Prints how many walks came to which end, and fails when one exceeds its bounds.
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

#include PROGRAM

// Declared here: the C library's headers have other ideas of the kernel's types.
int printf(const char *format, ...);
void exit(int status);
void *malloc(unsigned long size);
void free(void *memory);
void *memcpy(void *to, const void *from, unsigned long size);
void *memset(void *to, int byte, unsigned long size);
int memcmp(const void *one, const void *other, unsigned long size);
void *fopen(const char *path, const char *mode);
int fseek(void *file, long offset, int origin);
long ftell(void *file);
unsigned long fread(void *to, unsigned long size, unsigned long count, void *file);
int fclose(void *file);
unsigned long long strtoull(const char *text, char **end, int base);

enum { SEGMENT_LIMIT = 16, KEPT_MODULES = 64, STACK_SIZE = 1 << 16, CHANGE_LIMIT = 8, UNDERFLOW_MARGIN = 4096 };
static const u64 image_base = 0x555500000000, stack_base = 0x7fff00000000;

// A file as it is mapped: its bytes by their addresses.
static struct image {
  u8 *bytes;
  u64 size;
  struct {
    u64 start, end, offset, flags;
  } segments[SEGMENT_LIMIT];
  int segment_count;
  // In the image: the program header of .eh_frame_hdr, that itself, and how many functions it has.
  u64 table_header;
  u64 table;
  u32 entry_count;
} image;

static u64 stack[STACK_SIZE / 8];
static u64 state;

static u64 random_number(void) {
  u64 value = state += 0x9e3779b97f4a7c15;

  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
  value = (value ^ value >> 27) * 0x94d049bb133111eb;
  return value ^ value >> 31;
}

static u64 below(u64 limit) { return random_number() % limit; }

static void fail(const char *what, u64 number) {
  printf("%s: %llu\n", what, number);
  exit(1);
}

// MARK: What the program asks of the kernel

long bpf_copy_from_user(void *to, u32 size, const void *place) {
  u64 address = (u64)place;

  if (address >= image_base && address - image_base <= image.size && size <= image.size - (address - image_base)) {
    memcpy(to, image.bytes + (address - image_base), size);
    return 0;
  }
  if (address >= stack_base && address - stack_base <= STACK_SIZE && size <= STACK_SIZE - (address - stack_base)) {
    memcpy(to, (u8 *)stack + (address - stack_base), size);
    return 0;
  }
  memset(to, 0, size);
  return -14;
}

long bpf_copy_from_user_task(void *to, u32 size, const void *address, struct task_struct *task, u64 flags) { return -14; }

long bpf_find_vma(struct task_struct *task, u64 address, void *callback, void *context, u64 flags) {
  static struct super_block block;
  static struct inode inode = {.i_ino = 42, .i_size = 1, .i_sb = &block};
  static struct file file = {.f_inode = &inode};
  struct vm_area_struct area = {};
  int index;

  if (address >= stack_base && address - stack_base < STACK_SIZE) {
    area.vm_start = stack_base;
    area.vm_end = stack_base + STACK_SIZE;
  }
  for (index = 0; index < image.segment_count; index++) {
    u64 start = image_base + image.segments[index].start, end = image_base + image.segments[index].end;

    if (address < start || address >= end) continue;
    area.vm_start = start;
    area.vm_end = end;
    area.vm_pgoff = image.segments[index].offset >> 12;
    *(u64 *)&area.vm_flags = image.segments[index].flags;
    area.vm_file = &file;
  }
  if (!area.vm_end) return -2;
  ((long (*)(struct task_struct *, struct vm_area_struct *, void *))callback)(task, &area, context);
  return 0;
}

static struct {
  struct module_key key;
  struct module_info info;
} known_modules[KEPT_MODULES];
static int known_module_count;
static struct walk the_walk;
static struct counters the_counters;

void *bpf_map_lookup_elem(void *map, const void *key) {
  int index;

  if (map == &counts) return &the_counters;
  if (map != &modules) return NULL;
  for (index = 0; index < known_module_count; index++)
    if (!memcmp(&known_modules[index].key, key, sizeof(struct module_key))) return &known_modules[index].info;
  return NULL;
}

long bpf_map_update_elem(void *map, const void *key, const void *value, u64 flags) {
  if (map != &modules) return 0;
  if (known_module_count == KEPT_MODULES) return -7;
  memcpy(&known_modules[known_module_count].key, key, sizeof(struct module_key));
  memcpy(&known_modules[known_module_count++].info, value, sizeof(struct module_info));
  return 0;
}

long bpf_map_delete_elem(void *map, const void *key) { return 0; }
void *bpf_ringbuf_reserve(void *ring, u64 size, u64 flags) { return NULL; }
void bpf_ringbuf_submit(void *data, u64 flags) {}
u64 bpf_ringbuf_query(void *ring, u64 flags) { return 0; }

long bpf_ringbuf_output(void *ring, void *data, u64 size, u64 flags) {
  static u8 copy[sizeof(struct stack_record)];

  if (size > sizeof(copy)) fail("a record is too large", size);
  memcpy(copy, data, size);
  return 0;
}

static struct pt_regs user_registers;
static struct task_struct the_task;
struct task_struct *bpf_get_current_task_btf(void) { return &the_task; }
long bpf_task_pt_regs(struct task_struct *task) { return (long)&user_registers; }
u64 bpf_get_current_pid_tgid(void) { return 1ull << 32 | 1; }
long bpf_get_current_comm(void *to, u32 size) { return 0; }
long bpf_get_stack(void *context, void *to, u32 size, u64 flags) { return 0; }
u32 bpf_get_smp_processor_id(void) { return 0; }
u64 bpf_ktime_get_ns(void) { return 0; }
long bpf_probe_read_kernel_str(void *to, u32 size, const void *address) { return 0; }
int bpf_task_work_schedule_resume_impl(
    struct task_struct *task, struct bpf_task_work *work, void *map, bpf_task_work_callback_t callback, void *aux) {
  return 0;
}

// MARK: Files

static void load(const char *path) {
  void *file = fopen(path, "rb");
  struct elf_header header;
  u8 *bytes;
  long size;
  int index;

  if (!file || fseek(file, 0, 2)) fail(path, 0);
  size = ftell(file);
  bytes = malloc(size);
  fseek(file, 0, 0);
  if (size < (long)sizeof(header) || fread(bytes, 1, size, file) != (unsigned long)size) fail(path, size);
  fclose(file);
  memcpy(&header, bytes, sizeof(header));
  memset(&image, 0, sizeof(image));
  for (index = 0; index < header.program_header_count; index++) {
    struct program_header entry;
    u64 end;

    memcpy(&entry, bytes + header.program_headers + index * sizeof(entry), sizeof(entry));
    end = (entry.address + entry.memory_size + 4095) & ~4095ull;
    if (entry.type == SEGMENT_EH_FRAME) {
      image.table = entry.address;
      image.table_header = header.program_headers + index * sizeof(entry);
    }
    if (entry.type != SEGMENT_LOAD || image.segment_count == SEGMENT_LIMIT) continue;
    image.segments[image.segment_count].start = entry.address & ~4095ull;
    image.segments[image.segment_count].end = end;
    image.segments[image.segment_count].offset = entry.offset & ~4095ull;
    image.segments[image.segment_count++].flags = 1 | (entry.flags & SEGMENT_IS_EXECUTABLE ? AREA_IS_EXECUTABLE : 0);
    if (end > image.size) image.size = end;
  }
  image.bytes = malloc(image.size);
  memset(image.bytes, 0, image.size);
  for (index = 0; index < header.program_header_count; index++) {
    struct program_header entry;

    memcpy(&entry, bytes + header.program_headers + index * sizeof(entry), sizeof(entry));
    if (entry.type == SEGMENT_LOAD) memcpy(image.bytes + entry.address, bytes + entry.offset, entry.file_size);
  }
  free(bytes);
  if (!image.table) fail("no .eh_frame_hdr", 0);
  memcpy(&image.entry_count, image.bytes + image.table + 8, 4);
  if (!image.entry_count) fail("no functions", 0);
}

// MARK: Rounds

static struct thread the_thread;
static u64 ends[256], unindexed_ends[256];

// A function of the table: where it begins and where it is described, in the image.
static u64 function(u32 index, u64 *description) {
  s32 pair[2];

  memcpy(pair, image.bytes + image.table + 12 + 8ull * index, 8);
  *description = image.table + pair[1];
  return image.table + pair[0];
}

static u64 code_address(void) {
  u64 description;

  return image_base + function(below(image.entry_count), &description) + below(48);
}

static void run(void) {
  struct change {
    u64 place;
    u8 byte;
  } changes[CHANGE_LIMIT];
  u32 index, count = below(CHANGE_LIMIT + 1), chosen = below(image.entry_count);
  u64 description, start = function(chosen, &description), common;
  unsigned long *registers = &user_registers.r15;
  // Now and then the file has no index, and its rules are looked for.
  bool is_unindexed = below(256) == 0;
  u32 pointer;
  long status;

  memcpy(&pointer, image.bytes + description + 4, 4);
  common = description + 4 - pointer;
  for (index = 0; index < count; index++) {
    u64 place;

    switch (below(16)) {
      case 0: place = below(1024); break;
      case 1: place = image.table + below(12); break;
      case 2: place = image.table + 12 + 8ull * chosen + below(8); break;
      case 3: case 4: case 5: place = common + below(32); break;
      default: place = description + below(48); break;
    }
    if (place >= image.size) place = 0;
    changes[index].place = place;
    changes[index].byte = image.bytes[place];
    switch (below(4)) {
      case 0: image.bytes[place] = random_number(); break;
      case 1: image.bytes[place] = 0xff; break;
      case 2: image.bytes[place] ^= 1 << below(8); break;
      // Instructions and operations that are seldom in files.
      default: image.bytes[place] = (const u8[]){0x0a, 0x0b, 0x0f, 0x10, 0x16, 0x01, 0x2e, 0x2f}[below(8)]; break;
    }
  }
  for (index = 0; index < 15; index++)
    registers[index] = below(3) ? stack_base + below(STACK_SIZE) / 8 * 8 : random_number();
  user_registers.cs = USER_CODE_SEGMENT;
  user_registers.ip = image_base + start + below(64);
  user_registers.sp = stack_base + below(STACK_SIZE / 2) / 8 * 8;
  // A piece of the stack is new each time.
  for (index = 0; index < 64; index++) {
    u64 place = (user_registers.sp - stack_base) / 8 + index;

    stack[place] = below(2) ? code_address() : below(8) ? stack_base + below(STACK_SIZE) / 8 * 8 : random_number();
  }
  // Every second time files are seen for the first time.
  if (below(2) || is_unindexed) known_module_count = 0;
  if (is_unindexed) image.bytes[image.table_header] ^= 1;
  memset(&the_thread, 0, sizeof(the_thread));
  the_walk.bytes_left = BYTE_BUDGET;
  the_walk.steps_left = STEP_BUDGET;
  the_walk.search_left = SEARCH_BUDGET;
  the_walk.may_fault = below(8) != 0;
  the_walk.record.head.frame_count = 0;
  status = walk_stack(&the_thread, &the_walk);
  if (status < 0 || status > STATUS_32_BIT) fail("an unknown status", status);
  ends[status]++;
  if (the_walk.bytes_left > BYTE_BUDGET) fail("bytes beyond the budget", the_walk.bytes_left);
  if (the_walk.steps_left > STEP_BUDGET) fail("steps beyond the budget", the_walk.steps_left);
  if (the_walk.search_left > SEARCH_BUDGET) fail("searches beyond the budget", the_walk.search_left);
  if (the_walk.record.head.frame_count > MAXIMUM_FRAMES) fail("frames", the_walk.record.head.frame_count);
  put_stack(&the_walk, the_walk.record.head.frame_count);
  if (is_unindexed) {
    unindexed_ends[status]++;
    image.bytes[image.table_header] ^= 1;
    known_module_count = 0;
  }
  while (count-- > 0) image.bytes[changes[count].place] = changes[count].byte;
}

int main(int count, char **arguments) {
  u64 rounds = count > 3 ? strtoull(arguments[1], NULL, 0) : 0, round;
  int file;

  if (!rounds) fail("walk_fuzzer ROUNDS SEED FILE...", 0);
  state = strtoull(arguments[2], NULL, 0);
  for (file = 3; file < count; file++) {
    load(arguments[file]);
    known_module_count = 0;
    for (round = 0; round < rounds / (count - 3); round++) run();
    free(image.bytes);
  }
  for (round = 0; round < 256; round++)
    if (ends[round]) printf("%llu %llu, %llu of them without an index\n", round, ends[round], unindexed_ends[round]);
  return 0;
}
