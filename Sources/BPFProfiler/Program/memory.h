// Reading the memory of the task, with faults, in the callback.
//
// Never call these from within a callback of bpf_find_vma: it holds the lock of the address space, on which a fault may
// have to wait for a writer that waits for us. The verifier does not see that.
#pragma once

// One copy, paid from the budget. `count` is not zero.
static __always_inline long read_memory(struct walk *walk, void *to, u32 count, u64 address) {
  if (walk->bytes_left < count) return STATUS_BYTE_BUDGET;
  walk->bytes_left -= count;
  return bpf_copy_from_user(to, count, (void *)address) ? STATUS_UNREADABLE_RULES : 0;
}

// Puts the window of the interpreter on the bytes from `address` on, up to `count` of them, whoever pays for them.
static __always_inline long fill_window(struct walk *walk, u64 address, u64 count) {
  struct cfi *cfi = &walk->cfi;
  u32 size = count < WINDOW_BYTES ? count : WINDOW_BYTES;

  cfi->address = address;
  cfi->position = 0;
  cfi->valid = 0;
  cfi->remaining = 0;
  if (size == 0) return 0;
  // The verifier wants to see the bound where it matters.
  barrier_var(size);
  if (size > WINDOW_BYTES) return STATUS_BAD_RULES;
  if (bpf_copy_from_user(cfi->bytes, size, (void *)address)) return STATUS_UNREADABLE_RULES;
  cfi->valid = size;
  cfi->remaining = count - size;
  return 0;
}

// The same, paid from the budget.
static __noinline long open_bytes(struct walk *walk, u64 address, u64 count) {
  u32 size = count < WINDOW_BYTES ? count : WINDOW_BYTES;

  if (walk->bytes_left < size) return STATUS_BYTE_BUDGET;
  walk->bytes_left -= size;
  return fill_window(walk, address, count);
}

// Moves the window on so that a whole instruction lies in it, if there is one.
static __always_inline long refill_bytes(struct walk *walk) {
  struct cfi *cfi = &walk->cfi;
  u64 total = cfi->valid + cfi->remaining;

  if (cfi->remaining == 0 || cfi->position + LONGEST_INSTRUCTION <= cfi->valid) return 0;
  if (cfi->position > total) return STATUS_BAD_RULES;
  return open_bytes(walk, cfi->address + cfi->position, total - cfi->position);
}

// A word of the stack that is in the window, as most are, into `walk->word`.
static __always_inline bool is_word_at_hand(struct walk *walk, u64 address) {
  struct stack_window *window = &walk->window;
  u64 index = (address - window->start) >> 3;

  if (address < window->start || address + 8 > window->end || (address & 7) || index >= WINDOW_WORDS) return false;
  walk->word = window->words[index];
  return true;
}

// Reads a word of the stack, through the window, into `walk->word`.
static __noinline long read_word(struct walk *walk, u64 address) {
  struct stack_window *window = &walk->window;
  u64 end = address + 8;
  u32 size;

  if (is_word_at_hand(walk, address)) return 0;
  if (address < window->area_start || end > window->area_end || end < address) {
    struct area area;
    // Not the stack that the walk is on: that of a signal handler or a coroutine, or no stack at all.
    long result = find_area(address, &area);

    if (result) return result == STATUS_NO_MAPPING ? STATUS_UNREADABLE_STACK : result;
    if (area.flags & UNREADABLE_AREA) return STATUS_DEVICE_MEMORY;
    if (end > area.end) return STATUS_UNREADABLE_STACK;
    window->area_start = area.start;
    window->area_end = area.end;
  }
  size = window->area_end - address < WINDOW_BYTES ? window->area_end - address : WINDOW_BYTES;
  if (walk->bytes_left < size) return STATUS_BYTE_BUDGET;
  walk->bytes_left -= size;
  window->end = 0;
  barrier_var(size);
  if (size < 8 || size > WINDOW_BYTES) return STATUS_UNREADABLE_STACK;
  if (bpf_copy_from_user(window->words, size, (void *)address)) return STATUS_UNREADABLE_STACK;
  walk->word = window->words[0];
  // A window that does not begin at a multiple of eight serves for one word.
  window->start = address;
  window->end = address & 7 ? 0 : address + size;
  return 0;
}
