// Files without .eh_frame_hdr, as static programs of gcc are: where in memory .eh_frame begins, and the description of an
// address in it. Both are found by looking at one entry after another, once for each file and each row.
//
// What is looked through is paid from a budget of its own: it is much, but it is read in whole windows.
#pragma once

enum {
  // A CIE and the entry behind it lie in this many bytes, by which windows overlap.
  SEARCH_OVERLAP = 128,
  SEARCH_STEP = WINDOW_BYTES - SEARCH_OVERLAP,
  SEARCH_ROUNDS = SEARCH_BUDGET / SEARCH_STEP,
  // Bytes of an entry that tell which code it is of: length, pointer to the CIE, start and size of the code.
  ENTRY_HEAD = 16,
  SEGMENT_IS_WRITABLE = 2,

  NOT_IN_WINDOW = -1,
  NOT_IN_TABLE = -2,
};

// Puts the window on the bytes from `address` on, paid from the budget of searches.
static __noinline long open_search(struct walk *walk, u64 address, u64 count) {
  if (walk->search_left < WINDOW_BYTES) return STATUS_BYTE_BUDGET;
  walk->search_left -= WINDOW_BYTES;
  return fill_window(walk, address, count);
}

static __always_inline u32 word_at(struct cfi *cfi, u32 position) {
  position /= 4;
  barrier_var(position);
  return cfi->words[position & (WINDOW_BYTES / 4 - 1)];
}

// Whether a CIE begins at a place of the window: version 1, with augmentation data, 'z'.
static __always_inline bool is_common_entry(struct cfi *cfi, u32 position) {
  return word_at(cfi, position + 4) == 0 && (word_at(cfi, position + 8) & 0xffff) == 0x7a01;
}

// The place in the window of the first CIE that is followed by an entry that refers to it, or by another CIE.
__noinline int search_common_entry(struct cfi *cfi) {
  u32 position;
  int index;

  if (!cfi) return NOT_IN_WINDOW;
  bpf_for(index, 0, SEARCH_STEP / 4) {
    u32 length, next;

    position = (u32)index * 4;
    length = word_at(cfi, position);
    if (length < 12 || length > 64 || (length & 3) || !is_common_entry(cfi, position)) continue;
    next = position + 4 + length;
    if (next + ENTRY_HEAD > cfi->valid) continue;
    if (word_at(cfi, next + 4) == length + 8 || is_common_entry(cfi, next)) return position;
  }
  return NOT_IN_WINDOW;
}

// Looks through a segment of the file for the beginning of .eh_frame, which is not in one that can be written to.
static __noinline long search_segment(struct walk *walk, u32 index, bool is_executable) {
  struct headers *headers = &walk->headers;
  struct program_header entry;
  u64 address, end;
  int round;
  long result = read_memory(
      walk, &entry, sizeof(entry), headers->start + headers->program_headers + index * sizeof(entry));

  if (result) return result;
  if (entry.type != SEGMENT_LOAD || (entry.flags & SEGMENT_IS_WRITABLE) ||
      is_executable != !!(entry.flags & SEGMENT_IS_EXECUTABLE))
    return 0;
  address = headers->bias + ((entry.address + 3) & ~3ull);
  end = headers->bias + entry.address + entry.file_size;
  bpf_for(round, 0, SEARCH_ROUNDS) {
    int found;

    if (address + ENTRY_HEAD > end) return 0;
    result = open_search(walk, address, end - address);
    // What cannot be read although reads may fault is none of the file's.
    if (result) return result == STATUS_BYTE_BUDGET || !walk->may_fault ? result : 0;
    found = search_common_entry(&walk->cfi);
    if (found >= 0) {
      headers->table = address + found - headers->bias;
      headers->module.table = headers->table;
      headers->module.entry_count = end - address - found;
      headers->module.kind = MODULE_WITH_UNINDEXED_RULES;
      return 0;
    }
    address += SEARCH_STEP;
  }
  return 0;
}

// Finds .eh_frame of a file that has no header for it. Among what is not code first, where linkers put it when they keep
// code apart.
static __noinline long search_rules(struct walk *walk) {
  struct headers *headers = &walk->headers;
  int index;

  bpf_for(index, 0, 2 * PROGRAM_HEADERS) {
    u32 place = (u32)index & (PROGRAM_HEADERS - 1);
    long result;

    if (headers->table) break;
    if (place >= headers->program_header_count) continue;
    result = search_segment(walk, place, index >= PROGRAM_HEADERS);
    if (result == STATUS_BYTE_BUDGET) break;
    if (result) return result;
  }
  return 0;
}

// The place in the window of the entry that describes an address. Where it is in none of the window's, `position` is behind
// the last of them.
__noinline int search_description(struct cfi *cfi, u64 address) {
  int index;

  if (!cfi) return NOT_IN_TABLE;
  bpf_for(index, 0, WINDOW_BYTES / ENTRY_HEAD) {
    u32 position = cfi->position;
    u32 length;

    if (position > WINDOW_BYTES - ENTRY_HEAD || position + ENTRY_HEAD > cfi->valid) return NOT_IN_WINDOW;
    length = word_at(cfi, position);
    // A length of zero ends the table; one of 64 bits is not written by any compiler.
    if (length < 8 || length > SEARCH_BUDGET || (length & 3)) return NOT_IN_TABLE;
    if (word_at(cfi, position + 4)) {
      // Relative to itself, as all compilers write it for this machine. What is found is read by what its CIE says.
      u64 start = cfi->address + position + 8 + (s64)(s32)word_at(cfi, position + 8);

      if (address - start < word_at(cfi, position + 12)) return position;
    }
    cfi->position = position + 4 + length;
  }
  return NOT_IN_WINDOW;
}

// Where the function that an address is in is described.
static __noinline long find_unindexed_description(
    struct walk *walk, struct mapping *mapping, u64 address, u64 *description) {
  struct cfi *cfi = &walk->cfi;
  int round;

  cfi->address = mapping->table;
  cfi->position = 0;
  bpf_for(round, 0, SEARCH_BUDGET / ENTRY_HEAD) {
    u64 passed = cfi->address + cfi->position - mapping->table;
    long result;
    int found;

    if (passed + ENTRY_HEAD > mapping->entry_count) return STATUS_NO_RULES;
    result = open_search(walk, mapping->table + passed, mapping->entry_count - passed);
    if (result) return result;
    found = search_description(cfi, address);
    if (found >= 0) {
      *description = cfi->address + found;
      return 0;
    }
    if (found == NOT_IN_TABLE) return STATUS_NO_RULES;
  }
  return STATUS_BYTE_BUDGET;
}
