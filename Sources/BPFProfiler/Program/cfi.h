// The interpreter of frame rules: CIE, FDE and the instructions in them (DWARF 5, section 6.4; the x86-64 psABI for
// registers; the Linux Standard Base for the augmentation of .eh_frame).
//
// Nothing here sleeps or reads the task's memory: the bytes are in the window. The functions are global, which makes the
// verifier take each of them once and for any state of `struct cfi`, whatever the bytes are.
#pragma once

enum {
  DW_CFA_advance_loc = 0x40,
  DW_CFA_offset = 0x80,
  DW_CFA_restore = 0xc0,
  DW_CFA_nop = 0x00,
  DW_CFA_set_loc = 0x01,
  DW_CFA_advance_loc1 = 0x02,
  DW_CFA_advance_loc2 = 0x03,
  DW_CFA_advance_loc4 = 0x04,
  DW_CFA_offset_extended = 0x05,
  DW_CFA_restore_extended = 0x06,
  DW_CFA_undefined = 0x07,
  DW_CFA_same_value = 0x08,
  DW_CFA_register = 0x09,
  DW_CFA_remember_state = 0x0a,
  DW_CFA_restore_state = 0x0b,
  DW_CFA_def_cfa = 0x0c,
  DW_CFA_def_cfa_register = 0x0d,
  DW_CFA_def_cfa_offset = 0x0e,
  DW_CFA_def_cfa_expression = 0x0f,
  DW_CFA_expression = 0x10,
  DW_CFA_offset_extended_sf = 0x11,
  DW_CFA_def_cfa_sf = 0x12,
  DW_CFA_def_cfa_offset_sf = 0x13,
  DW_CFA_val_offset = 0x14,
  DW_CFA_val_offset_sf = 0x15,
  DW_CFA_val_expression = 0x16,
  DW_CFA_GNU_args_size = 0x2e,
  DW_CFA_GNU_negative_offset_extended = 0x2f,

  DW_OP_deref = 0x06,
  DW_OP_plus_uconst = 0x23,
  DW_OP_breg0 = 0x70,
  DW_OP_breg31 = 0x8f,

  DW_EH_PE_absptr = 0x00,
  DW_EH_PE_uleb128 = 0x01,
  DW_EH_PE_udata2 = 0x02,
  DW_EH_PE_udata4 = 0x03,
  DW_EH_PE_udata8 = 0x04,
  DW_EH_PE_sleb128 = 0x09,
  DW_EH_PE_sdata2 = 0x0a,
  DW_EH_PE_sdata4 = 0x0b,
  DW_EH_PE_sdata8 = 0x0c,
  DW_EH_PE_pcrel = 0x10,
  DW_EH_PE_datarel = 0x30,
};

// A byte of the window. The verifier forgets the bounds of a 32-bit number that was compared: mask it where it is used.
static __always_inline u8 byte_at(struct cfi *cfi, u32 position) {
  barrier_var(position);
  return cfi->bytes[position & (WINDOW_BYTES - 1)];
}

static __always_inline u8 next_byte(struct cfi *cfi) {
  u32 position = cfi->position;

  if (position >= cfi->valid || position >= WINDOW_BYTES) {
    cfi->error = CFI_ENDS_EARLY;
    return 0;
  }
  cfi->position = position + 1;
  return byte_at(cfi, position);
}

// A little-endian number of `size` bytes.
__noinline u64 next_number(struct cfi *cfi, u32 size) {
  u64 value = 0;
  u32 index;

  if (!cfi) return 0;
  for (index = 0; index < 8; index++) {
    if (index >= size) break;
    value |= (u64)next_byte(cfi) << (8 * index);
  }
  return value;
}

__noinline u64 next_unsigned(struct cfi *cfi) {
  u64 value = 0;
  u32 index;

  if (!cfi) return 0;
  for (index = 0; index < 10; index++) {
    u8 byte = next_byte(cfi);

    value |= (u64)(byte & 0x7f) << (7 * index);
    if (!(byte & 0x80)) break;
  }
  return value;
}

__noinline u64 next_signed(struct cfi *cfi) {
  u64 value = 0;
  u32 index;

  if (!cfi) return 0;
  for (index = 0; index < 10; index++) {
    u8 byte = next_byte(cfi);

    value |= (u64)(byte & 0x7f) << (7 * index);
    if (byte & 0x80) continue;
    if ((byte & 0x40) && index < 9) value |= -1ull << (7 * index + 7);
    break;
  }
  return value;
}

// A pointer in one of the encodings of exception tables, without its base.
__noinline u64 next_encoded(struct cfi *cfi, u32 encoding) {
  if (!cfi) return 0;
  switch (encoding & 0x0f) {
    case DW_EH_PE_absptr:
    case DW_EH_PE_udata8:
    case DW_EH_PE_sdata8:
      return next_number(cfi, 8);
    case DW_EH_PE_udata4:
      return next_number(cfi, 4);
    case DW_EH_PE_sdata4:
      return (s64)(s32)next_number(cfi, 4);
    case DW_EH_PE_udata2:
      return next_number(cfi, 2);
    case DW_EH_PE_sdata2:
      return (s64)(s16)next_number(cfi, 2);
    case DW_EH_PE_uleb128:
      return next_unsigned(cfi);
    case DW_EH_PE_sleb128:
      return next_signed(cfi);
  }
  cfi->error = CFI_UNKNOWN_ENCODING;
  return 0;
}

// A code address: relative to its own place as a rule.
static __always_inline u64 next_code_address(struct cfi *cfi) {
  u64 place, value;
  u8 encoding;

  place = cfi->address + cfi->position;
  encoding = cfi->pointer_encoding;
  value = next_encoded(cfi, encoding);
  switch (encoding & 0xf0) {
    case 0:
      return value;
    case DW_EH_PE_pcrel:
      return place + value;
    case DW_EH_PE_datarel:
      return cfi->table + value;
  }
  cfi->error = CFI_UNKNOWN_ENCODING;
  return 0;
}

static __always_inline void set_rule(struct cfi *cfi, u32 reg, u8 kind, u8 base, s64 value, u8 length) {
  struct rule *rule;

  // Vector registers and others that no caller is found by.
  if (reg >= REGISTERS) return;
  rule = &cfi->current.rules[reg];
  rule->value = value;
  rule->kind = kind;
  rule->base = base;
  rule->length = length;
}

static __always_inline void restore_rule(struct cfi *cfi, u32 reg) {
  if (reg < REGISTERS) cfi->current.rules[reg] = cfi->initial.rules[reg];
}

static __always_inline void set_cfa(struct cfi *cfi, u8 kind, u8 base, s64 value, s64 addend, u8 length) {
  cfi->current.cfa.kind = kind;
  cfi->current.cfa.base = base;
  cfi->current.cfa.value = value;
  cfi->current.cfa.length = length;
  cfi->current.addend = addend;
}

// What most expressions are: a register plus an offset, and perhaps the word there plus another offset. Anything else is
// executed during the walk, from the address that is noted here.
__noinline int read_expression(struct cfi *cfi, u64 reg, u32 is_value) {
  u64 length, begin, end, place;
  u32 is_cfa = reg >= REGISTERS;
  s64 offset = 0, addend = 0;
  u32 base = 0, form = 0;

  if (!cfi) return 0;
  length = next_unsigned(cfi);
  begin = cfi->position;
  place = cfi->address + begin;
  if (length > EXPRESSION_BYTES || length == 0) {
    cfi->error = CFI_EXPRESSION;
    return 0;
  }
  end = begin + length;
  if (end <= cfi->valid) {
    u8 operation = next_byte(cfi);

    if (operation >= DW_OP_breg0 && operation < DW_OP_breg0 + REGISTERS) {
      base = operation - DW_OP_breg0;
      offset = next_signed(cfi);
      if (cfi->position == end) {
        form = 1;
      } else if (next_byte(cfi) == DW_OP_deref) {
        if (cfi->position == end) {
          form = 2;
        } else if (next_byte(cfi) == DW_OP_plus_uconst) {
          addend = next_unsigned(cfi);
          if (cfi->position == end) form = 2;
        }
      }
    }
  }
  cfi->position = end;
  if (offset != (s32)offset || addend != (s32)addend) form = 0;
  if (is_cfa) {
    if (form == 1) set_cfa(cfi, RULE_REGISTER_PLUS, base, offset, 0, 0);
    else if (form == 2) set_cfa(cfi, RULE_AT_REGISTER, base, offset, addend, 0);
    else set_cfa(cfi, RULE_EXPRESSION, 0, place - cfi->table, 0, length);
  } else if (form == 1) {
    set_rule(cfi, reg, is_value ? RULE_REGISTER_PLUS : RULE_AT_REGISTER, base, offset, 0);
  } else {
    set_rule(cfi, reg, is_value ? RULE_EXPRESSION : RULE_AT_EXPRESSION, 0, place - cfi->table, length);
  }
  return 0;
}

__noinline int skip_block(struct cfi *cfi) {
  u64 length;

  if (!cfi) return 0;
  length = next_unsigned(cfi);
  if (length > EXPRESSION_BYTES) cfi->error = CFI_EXPRESSION;
  else cfi->position += length;
  return 0;
}

__noinline int remember_state(struct cfi *cfi) {
  u32 depth;

  if (!cfi) return 0;
  depth = cfi->depth;
  if (depth >= REMEMBERED_STATES) {
    cfi->error = CFI_STATE_STACK;
    return 0;
  }
  cfi->remembered[depth] = cfi->current;
  cfi->depth = depth + 1;
  return 0;
}

__noinline int restore_state(struct cfi *cfi) {
  u32 depth;

  if (!cfi) return 0;
  depth = cfi->depth - 1;
  if (depth >= REMEMBERED_STATES) {
    cfi->error = CFI_STATE_STACK;
    return 0;
  }
  cfi->current = cfi->remembered[depth];
  cfi->depth = depth;
  return 0;
}

// Moves on to a later address of the function; the rules so far are those of the wanted one if that is passed.
static __always_inline void advance(struct cfi *cfi, u64 location) {
  cfi->location = location;
  if (location > cfi->wanted) cfi->is_done = 1;
}

// The instructions that are not one of the three with an operand in the operation.
__noinline int execute_extended(struct cfi *cfi, u32 operation) {
  u64 first;

  if (!cfi) return 0;
  switch (operation) {
    case DW_CFA_nop:
      return 0;
    case DW_CFA_set_loc:
      advance(cfi, next_code_address(cfi));
      return 0;
    case DW_CFA_advance_loc1:
      advance(cfi, cfi->location + next_number(cfi, 1) * cfi->code_alignment);
      return 0;
    case DW_CFA_advance_loc2:
      advance(cfi, cfi->location + next_number(cfi, 2) * cfi->code_alignment);
      return 0;
    case DW_CFA_advance_loc4:
      advance(cfi, cfi->location + next_number(cfi, 4) * cfi->code_alignment);
      return 0;
    case DW_CFA_remember_state:
      return remember_state(cfi);
    case DW_CFA_restore_state:
      return restore_state(cfi);
    case DW_CFA_def_cfa_expression:
      return read_expression(cfi, REGISTERS, 0);
    case DW_CFA_def_cfa_offset_sf:
      cfi->current.cfa.value = next_signed(cfi) * cfi->data_alignment;
      return 0;
  }
  // All others begin with a number.
  first = next_unsigned(cfi);
  switch (operation) {
    case DW_CFA_offset_extended:
      set_rule(cfi, first, RULE_AT_CFA, 0, next_unsigned(cfi) * cfi->data_alignment, 0);
      return 0;
    case DW_CFA_offset_extended_sf:
      set_rule(cfi, first, RULE_AT_CFA, 0, next_signed(cfi) * cfi->data_alignment, 0);
      return 0;
    case DW_CFA_GNU_negative_offset_extended:
      set_rule(cfi, first, RULE_AT_CFA, 0, -next_unsigned(cfi) * cfi->data_alignment, 0);
      return 0;
    case DW_CFA_val_offset:
      set_rule(cfi, first, RULE_CFA_PLUS, 0, next_unsigned(cfi) * cfi->data_alignment, 0);
      return 0;
    case DW_CFA_val_offset_sf:
      set_rule(cfi, first, RULE_CFA_PLUS, 0, next_signed(cfi) * cfi->data_alignment, 0);
      return 0;
    case DW_CFA_restore_extended:
      restore_rule(cfi, first);
      return 0;
    case DW_CFA_undefined:
      set_rule(cfi, first, RULE_UNDEFINED, 0, 0, 0);
      return 0;
    case DW_CFA_same_value:
      set_rule(cfi, first, RULE_SAME, 0, 0, 0);
      return 0;
    case DW_CFA_register:
      set_rule(cfi, first, RULE_REGISTER_PLUS, next_unsigned(cfi), 0, 0);
      return 0;
    case DW_CFA_expression:
      return first < REGISTERS ? read_expression(cfi, first, 0) : skip_block(cfi);
    case DW_CFA_val_expression:
      return first < REGISTERS ? read_expression(cfi, first, 1) : skip_block(cfi);
    case DW_CFA_def_cfa:
      set_cfa(cfi, RULE_REGISTER_PLUS, first, next_unsigned(cfi), 0, 0);
      return 0;
    case DW_CFA_def_cfa_sf:
      set_cfa(cfi, RULE_REGISTER_PLUS, first, next_signed(cfi) * cfi->data_alignment, 0, 0);
      return 0;
    case DW_CFA_def_cfa_register:
      set_cfa(cfi, RULE_REGISTER_PLUS, first, cfi->current.cfa.value, 0, 0);
      return 0;
    case DW_CFA_def_cfa_offset:
      cfi->current.cfa.value = first;
      return 0;
    case DW_CFA_GNU_args_size:
      return 0;
  }
  cfi->error = CFI_UNKNOWN_INSTRUCTION;
  return 0;
}

// One instruction.
__noinline int execute_instruction(struct cfi *cfi) {
  u8 operation, operand;

  if (!cfi) return 0;
  operation = next_byte(cfi);
  operand = operation & 0x3f;
  switch (operation & 0xc0) {
    case DW_CFA_advance_loc:
      advance(cfi, cfi->location + operand * cfi->code_alignment);
      return 0;
    case DW_CFA_offset:
      set_rule(cfi, operand, RULE_AT_CFA, 0, next_unsigned(cfi) * cfi->data_alignment, 0);
      return 0;
    case DW_CFA_restore:
      restore_rule(cfi, operand);
      return 0;
  }
  return execute_extended(cfi, operation);
}

// A CIE from behind its identifier up to its instructions.
__noinline int read_common_entry(struct cfi *cfi) {
  u8 augmentation[8] = {};
  u64 return_register, data_end = 0;
  u8 version;
  u32 index;

  if (!cfi) return 0;
  cfi->error = 0;
  cfi->depth = 0;
  cfi->is_done = 0;
  cfi->is_signal_frame = 0;
  cfi->has_augmentation = 0;
  cfi->pointer_encoding = DW_EH_PE_absptr;
  cfi->location = 0;
  cfi->wanted = -1ull;
  version = next_byte(cfi);
  if (version != 1 && version != 3 && version != 4) {
    cfi->error = CFI_UNKNOWN_AUGMENTATION;
    return 0;
  }
  for (index = 0; index < sizeof(augmentation); index++) {
    u8 letter = next_byte(cfi);

    augmentation[index] = letter;
    if (!letter) break;
    if (index == sizeof(augmentation) - 1) cfi->error = CFI_UNKNOWN_AUGMENTATION;
  }
  // Sizes of addresses and segment selectors.
  if (version == 4) next_number(cfi, 2);
  cfi->code_alignment = next_unsigned(cfi);
  cfi->data_alignment = next_signed(cfi);
  return_register = version == 1 ? next_byte(cfi) : next_unsigned(cfi);
  if (return_register != REGISTER_IP) cfi->error = CFI_UNKNOWN_AUGMENTATION;
  if (augmentation[0] == 'z') {
    cfi->has_augmentation = 1;
    data_end = next_unsigned(cfi);
    data_end += cfi->position;
    for (index = 1; index < sizeof(augmentation); index++) {
      u8 letter = augmentation[index];

      if (!letter) break;
      if (letter == 'R') cfi->pointer_encoding = next_byte(cfi);
      else if (letter == 'L') next_byte(cfi);
      else if (letter == 'P') next_encoded(cfi, next_byte(cfi));
      else if (letter == 'S') cfi->is_signal_frame = 1;
      // A letter that is not known has its data within the length: what follows is skipped.
      else break;
    }
    if (data_end > cfi->valid) cfi->error = CFI_ENDS_EARLY;
    cfi->position = data_end;
  } else if (augmentation[0]) {
    cfi->error = CFI_UNKNOWN_AUGMENTATION;
  }
  __builtin_memset(&cfi->current, 0, sizeof(cfi->current));
  return 0;
}

// An FDE from behind its pointer to the CIE up to its instructions. The rules so far are those that the CIE has set.
__noinline int read_description(struct cfi *cfi, u64 address) {
  u64 start, size, length;

  if (!cfi) return 0;
  cfi->initial = cfi->current;
  cfi->depth = 0;
  cfi->is_done = 0;
  start = next_code_address(cfi);
  // The size has the form of the address but no base.
  size = next_encoded(cfi, cfi->pointer_encoding & 0x07);
  if (cfi->has_augmentation) {
    length = next_unsigned(cfi);
    if (length > WINDOW_BYTES) cfi->error = CFI_ENDS_EARLY;
    cfi->position += (u32)length;
  }
  if (address < start || address - start >= size) cfi->error = CFI_OTHER_ADDRESS;
  cfi->location = start;
  cfi->wanted = address;
  return 0;
}

// Of the pairs in the window, the first `count`, the last that is not above `wanted`; -1 if there is none.
__noinline int search_entries(struct cfi *cfi, s32 wanted, u32 count) {
  u32 low = 0, high = count;
  int round;

  if (!cfi) return -1;
  for (round = 0; round < 10; round++) {
    u32 middle = (low + high) / 2;

    if (low >= high) break;
    if (cfi->entries[middle & (WINDOW_BYTES / 8 - 1)].address <= wanted) low = middle + 1;
    else high = middle;
  }
  return (int)low - 1;
}
