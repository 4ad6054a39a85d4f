// Compares the stacks that the profiler's program has found with those that elfutils' libdw finds from the registers and
// the 64 KiB of stack that were copied with the same samples, frame by frame.
//
//     offline_unwinder COPIES
//
// The processes have to be alive still: their mappings are read from /proc. Prints one line of counts and, for each sort of
// difference, the first examples.
#define _GNU_SOURCE
#include <elfutils/libdwfl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REGISTERS = 17, MAXIMUM_FRAMES = 2048 };

struct file {
  uint32_t number;
  uint64_t inode;
  char *path;
  char build_id[65];
};

struct mapping {
  uint64_t start, end, offset, inode;
  char path[512];
};

struct sample {
  uint32_t process, thread, status, frame_count, byte_count;
  const unsigned char *registers, *frames, *bytes;
};

struct process {
  uint32_t number;
  Dwfl *dwfl;
  struct mapping *mappings;
  int mapping_count;
};

static struct file *files;
static uint32_t file_count;
static struct process *processes;
static int process_count;

static const struct sample *current;
static uint64_t found[MAXIMUM_FRAMES];
static int found_count;

static uint64_t number_at(const unsigned char *bytes, int size) {
  uint64_t value = 0;

  for (int index = size - 1; index >= 0; index--) value = value << 8 | bytes[index];
  return value;
}

// What libdw asks of a process that is not there any more.
static pid_t next_thread(Dwfl *dwfl, void *argument, void **thread) {
  (void)dwfl;
  (void)argument;
  if (*thread) return 0;
  *thread = (void *)current;
  return current->thread;
}

static bool get_thread(Dwfl *dwfl, pid_t number, void *argument, void **thread) {
  (void)dwfl;
  (void)number;
  (void)argument;
  *thread = (void *)current;
  return true;
}

static bool read_memory(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *result, void *argument) {
  // With the red zone, in which popped registers still are.
  uint64_t start = number_at(current->registers + 7 * 8, 8) - 128;

  (void)dwfl;
  (void)argument;
  if (address < start || address - start > current->byte_count || current->byte_count - (address - start) < 8) return false;
  *result = number_at(current->bytes + (address - start), 8);
  return true;
}

static bool set_registers(Dwfl_Thread *thread, void *argument) {
  Dwarf_Word registers[REGISTERS];

  (void)argument;
  for (int index = 0; index < REGISTERS; index++) registers[index] = number_at(current->registers + index * 8, 8);
  return dwfl_thread_state_registers(thread, 0, REGISTERS, registers);
}

static const Dwfl_Thread_Callbacks callbacks = {
    .next_thread = next_thread,
    .get_thread = get_thread,
    .memory_read = read_memory,
    .set_initial_registers = set_registers,
};

static int take_frame(Dwfl_Frame *frame, void *argument) {
  Dwarf_Addr address;
  bool is_exact;

  (void)argument;
  if (!dwfl_frame_pc(frame, &address, &is_exact) || found_count == MAXIMUM_FRAMES) return DWARF_CB_ABORT;
  found[found_count++] = address;
  return DWARF_CB_OK;
}

static struct process *process_of(uint32_t number) {
  static const Dwfl_Callbacks file_callbacks = {
      .find_elf = dwfl_linux_proc_find_elf, .find_debuginfo = dwfl_standard_find_debuginfo};
  struct process *process;
  char path[64], line[1024];
  FILE *maps;

  for (int index = 0; index < process_count; index++)
    if (processes[index].number == number) return &processes[index];
  processes = realloc(processes, (process_count + 1) * sizeof(*processes));
  process = &processes[process_count++];
  memset(process, 0, sizeof(*process));
  process->number = number;
  snprintf(path, sizeof(path), "/proc/%u/maps", number);
  maps = fopen(path, "r");
  while (maps && fgets(line, sizeof(line), maps)) {
    struct mapping mapping = {};

    if (sscanf(
            line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64 " %*s %" SCNu64 " %511[^\n]", &mapping.start, &mapping.end,
            &mapping.offset, &mapping.inode, mapping.path) < 4)
      continue;
    process->mappings = realloc(process->mappings, (process->mapping_count + 1) * sizeof(mapping));
    process->mappings[process->mapping_count++] = mapping;
  }
  if (!maps) return process;
  fclose(maps);
  process->dwfl = dwfl_begin(&file_callbacks);
  dwfl_report_begin(process->dwfl);
  dwfl_linux_proc_report(process->dwfl, number);
  dwfl_report_end(process->dwfl, NULL, NULL);
  // The first thing that is known of a process cannot be undone: one state for all samples, which `current` selects.
  dwfl_attach_state(process->dwfl, NULL, number, &callbacks, NULL);
  return process;
}

static const struct mapping *mapping_of(const struct process *process, uint64_t address) {
  for (int place = 0; place < process->mapping_count; place++) {
    const struct mapping *mapping = &process->mappings[place];

    if (address >= mapping->start && address < mapping->end) return mapping;
  }
  return NULL;
}

// Whether a frame that the profiler has found is at an address. A file may be mapped more than once, so places in files are
// compared and not addresses.
static bool is_at(const struct process *process, uint64_t frame, uint64_t address) {
  const struct mapping *mapping = mapping_of(process, address);
  uint32_t number = frame >> 48;
  uint64_t offset = frame & ((1ull << 47) - 1);

  if (number == 0) return offset == address;
  for (uint32_t index = 0; mapping && index < file_count; index++) {
    if (files[index].number != number) continue;
    if (files[index].path[0] == 0) return strncmp(mapping->path, "[vdso]", 6) == 0 && address - mapping->start == offset;
    return mapping->inode == files[index].inode && address - mapping->start + mapping->offset == offset;
  }
  return false;
}

static const char *name_of_frame(uint64_t frame) {
  static char text[640];
  uint64_t offset = frame & ((1ull << 47) - 1);

  snprintf(text, sizeof(text), "0x%" PRIx64, offset);
  for (uint32_t index = 0; index < file_count; index++) {
    if (files[index].number != frame >> 48) continue;
    const char *slash = strrchr(files[index].path, '/');
    snprintf(text, sizeof(text), "%s+0x%" PRIx64, slash ? slash + 1 : "[vdso]", offset);
  }
  return text;
}

// Whether libdw knows rules for the code of a frame; without any both can only guess.
static bool has_rules(const struct process *process, uint64_t address, bool is_exact) {
  Dwarf_Addr place = is_exact ? address : address - 1, bias;
  Dwfl_Module *module = dwfl_addrmodule(process->dwfl, place);
  Dwarf_CFI *table = module ? dwfl_module_eh_cfi(module, &bias) : NULL;
  Dwarf_Frame *frame;

  if (!table || dwarf_cfi_addrframe(table, place - bias, &frame)) return false;
  free(frame);
  return true;
}

static const char *name_of(const struct process *process, uint64_t address) {
  static char text[4][640];
  static int next;
  char *result = text[next++ & 3];

  for (int place = 0; place < process->mapping_count; place++) {
    const struct mapping *mapping = &process->mappings[place];

    if (address < mapping->start || address >= mapping->end) continue;
    const char *slash = strrchr(mapping->path, '/');
    snprintf(
        result, 640, "%s+0x%" PRIx64, slash ? slash + 1 : mapping->path, address - mapping->start + mapping->offset);
    return result;
  }
  snprintf(result, 640, "0x%" PRIx64, address);
  return result;
}

// Whether the rest of both stacks is the same when one of them leaves out `ours` or `theirs` frames at the place where they
// part.
static bool is_same_but(
    const struct process *process, const struct sample *sample, int place, int ours, int theirs) {
  int our_rest = (int)sample->frame_count - place - ours, their_rest = found_count - place - theirs;

  if (our_rest != their_rest || our_rest < 1) return false;
  for (int index = 0; index < our_rest; index++) {
    uint64_t frame = number_at(sample->frames + 8 * (place + ours + index), 8);

    if (!is_at(process, frame, found[place + theirs + index])) return false;
  }
  return true;
}

static unsigned char *contents(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  unsigned char *bytes;

  if (!file) return NULL;
  fseek(file, 0, SEEK_END);
  *size = ftell(file);
  rewind(file);
  bytes = malloc(*size + 1);
  if (fread(bytes, 1, *size, file) != *size) bytes = NULL;
  fclose(file);
  return bytes;
}

int main(int count, char **arguments) {
  size_t size;
  unsigned char *bytes = count == 2 ? contents(arguments[1], &size) : NULL;
  const unsigned char *at;
  uint32_t sample_count;
  unsigned long samples = 0, same_samples = 0, frames = 0, equal = 0, shown = 0;
  unsigned long theirs_shorter = 0, ours_shorter = 0, beyond_copy = 0, different = 0;
  // Stacks that part behind code without rules: libdw leaves a frame or two out, we do, both find others, or one gives up.
  unsigned long without_rules = 0, shown_guesses = 0, they_skip = 0, we_skip = 0, both_guess = 0, they_end = 0, we_end = 0;

  if (!bytes || size < 12 || memcmp(bytes, "MRPSTACK", 8)) {
    fprintf(stderr, "usage: offline_unwinder COPIES\n");
    return 2;
  }
  file_count = number_at(bytes + 8, 4);
  files = calloc(file_count + 1, sizeof(*files));
  at = bytes + 12;
  for (uint32_t index = 0; index < file_count; index++) {
    uint32_t build_id_size = number_at(at + 4, 4), path_size = number_at(at + 16, 4);

    files[index].number = number_at(at, 4);
    files[index].inode = number_at(at + 8, 8);
    files[index].path = strndup((const char *)at + 20 + build_id_size, path_size);
    at += 20 + build_id_size + path_size;
  }
  sample_count = number_at(at, 4);
  at += 4;
  for (uint32_t index = 0; index < sample_count; index++) {
    struct sample sample = {
        .process = number_at(at, 4),
        .thread = number_at(at + 4, 4),
        .status = number_at(at + 8, 4),
        .frame_count = number_at(at + 12, 4),
        .byte_count = number_at(at + 16, 4)};
    struct process *process;
    int length, same = 0;

    sample.registers = at + 20;
    sample.frames = sample.registers + REGISTERS * 8;
    sample.bytes = sample.frames + 8 * (size_t)sample.frame_count;
    at = sample.bytes + sample.byte_count;
    process = process_of(sample.process);
    if (!process->dwfl || sample.frame_count == 0) continue;
    current = &sample;
    found_count = 0;
    dwfl_getthread_frames(process->dwfl, sample.thread, take_frame, NULL);
    samples++;
    length = found_count < (int)sample.frame_count ? found_count : (int)sample.frame_count;
    while (same < length && is_at(process, number_at(sample.frames + 8 * same, 8), found[same])) same++;
    frames += found_count > (int)sample.frame_count ? found_count : (int)sample.frame_count;
    equal += same;
    if (same == found_count && same == (int)sample.frame_count) {
      same_samples++;
      continue;
    }
    const char *kind = "differ";
    int rest = (found_count > (int)sample.frame_count ? found_count : (int)sample.frame_count) - same;
    if (same > 0 && !has_rules(process, found[same - 1], same == 1)) {
      kind = "no rules";
      without_rules += rest;
      if (same == found_count) they_end++;
      else if (same == (int)sample.frame_count) we_end++;
      else if (is_same_but(process, &sample, same, 1, 0) || is_same_but(process, &sample, same, 2, 0)) they_skip++;
      else if (is_same_but(process, &sample, same, 0, 1) || is_same_but(process, &sample, same, 0, 2)) we_skip++;
      else both_guess++;
      if (shown_guesses++ >= 3) continue;
    } else if (same == found_count) {
      // Deeper than the copy, or without rules: libdw has nothing to say of the rest.
      kind = sample.byte_count >= 65536 ? "beyond the copied stack" : "libdw ends earlier";
      if (sample.byte_count >= 65536) beyond_copy += sample.frame_count - same;
      else theirs_shorter += sample.frame_count - same;
    } else if (same == (int)sample.frame_count) {
      kind = "the profiler ends earlier";
      ours_shorter += found_count - same;
    } else {
      different++;
    }
    if (shown++ < 12)
      printf(
          "  %s at frame %d of %u (libdw %d), status %u: %s; after %s, libdw says %s, the profiler %s\n", kind, same,
          sample.frame_count, found_count, sample.status, dwfl_errmsg(-1) ? dwfl_errmsg(-1) : "no error",
          same ? name_of(process, found[same - 1]) : "-", same < found_count ? name_of(process, found[same]) : "-",
          same < (int)sample.frame_count ? name_of_frame(number_at(sample.frames + 8 * same, 8))
                                         : "-");
  }
  printf(
      "samples %lu same %lu frames %lu equal %lu beyond_copy %lu without_rules %lu theirs_shorter %lu ours_shorter %lu different %lu they_skip %lu they_end %lu we_skip %lu we_end %lu both_guess %lu\n",
      samples, same_samples, frames, equal, beyond_copy, without_rules, theirs_shorter, ours_shorter, different, they_skip,
      they_end, we_skip, we_end, both_guess);
  return 0;
}
