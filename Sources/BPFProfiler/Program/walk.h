// The walk: from the registers of the interrupted code up to the outermost frame.
#pragma once

// How a step ends when it does not end the walk.
enum { STEP_DONE = -1 };

static __always_inline u64 register_value(struct walk *walk, u32 reg) {
  return reg < REGISTERS ? walk->cfi.registers[reg] : 0;
}

// Does what one rule of the row says. Rule 0 gives the frame's address.
static __noinline long apply_rule(struct walk *walk, u32 index) {
  struct rule *rule;
  u64 value = 0;
  bool is_address = false;
  long result;

  if (index > REGISTERS) return STATUS_BAD_RULES;
  rule = &walk->row.rules[index];
  switch (rule->kind) {
    case RULE_AT_CFA:
      is_address = true;
      value = walk->frame + (s64)rule->value;
      break;
    case RULE_CFA_PLUS:
      value = walk->frame + (s64)rule->value;
      break;
    case RULE_AT_REGISTER:
      is_address = true;
      value = register_value(walk, rule->base) + (s64)rule->value;
      break;
    case RULE_REGISTER_PLUS:
      value = register_value(walk, rule->base) + (s64)rule->value;
      break;
    case RULE_AT_EXPRESSION:
    case RULE_EXPRESSION:
      is_address = rule->kind == RULE_AT_EXPRESSION;
      result = evaluate_expression(walk, walk->cfi.table + (s64)rule->value, rule->length, index > 0);
      if (result) return result;
      value = walk->word;
      break;
  }
  if (is_address) {
    result = read_word(walk, value);
    if (result) return result;
    value = walk->word;
  }
  if (index == 0) walk->frame = value + (s64)walk->row.addend;
  else walk->restored[index] = value;
  return 0;
}

// Whether the bytes before an address are a call, so that it can be a return address.
static __noinline long is_behind_call(struct walk *walk, u64 address) {
  struct area area;
  u8 code[8] = {};

  if (find_area(address - 1, &area) || !(area.flags & AREA_IS_EXECUTABLE) || (area.flags & UNREADABLE_AREA)) return 0;
  if (address - 7 < area.start || read_memory(walk, code, 7, address - 7)) return 0;
  // A direct call has five bytes. An indirect one has two to seven, and the second says that it is a call.
  if (code[2] == 0xe8) return 1;
  return (code[5] == 0xff && (code[6] & 0x38) == 0x10) || (code[4] == 0xff && (code[5] & 0x38) == 0x10) ||
         (code[3] == 0xff && (code[4] & 0x38) == 0x10) || (code[1] == 0xff && (code[2] & 0x38) == 0x10) ||
         (code[0] == 0xff && (code[1] & 0x38) == 0x10);
}

// How many words are on the stack above the return address, as far as the instruction that was interrupted tells: none at
// the beginning of a function and at its return, one behind `push %rbp`. Otherwise -1.
static __noinline long words_above_return_address(struct walk *walk, u64 address) {
  u8 code[8] = {};

  if (read_memory(walk, code, 5, address - 1)) return -1;
  if (code[0] == 0x55) return 1;
  if (code[1] == 0x55 || code[1] == 0xc3) return 0;
  // endbr64
  return code[1] == 0xf3 && code[2] == 0x0f && code[3] == 0x1e && code[4] == 0xfa ? 0 : -1;
}

// The caller of an interrupted function that no rules are known of, if it has not set up its frame. `is_gap`: the file has
// rules for its other code, such as assembly around system calls, and _init.
static __noinline long find_caller_of_leaf(struct walk *walk, bool is_gap) {
  u64 *registers = walk->cfi.registers;
  long above = words_above_return_address(walk, registers[REGISTER_IP]);
  u64 place = registers[REGISTER_BP] + 8;
  int index;

  walk->leaf_words = above;
  if (above < 0) {
    // A frame pointer that leads to a return address is one.
    if (place > registers[REGISTER_SP] && !read_word(walk, place) && is_behind_call(walk, walk->word)) return STATUS_NO_RULES;
    if (!is_gap) return STATUS_NO_RULES;
    walk->leaf_words = 0;
  }
  bpf_for(index, 0, 2) {
    place = registers[REGISTER_SP] + 8 * walk->leaf_words;
    if (read_word(walk, place)) break;
    if (is_behind_call(walk, walk->word)) {
      registers[REGISTER_IP] = walk->word;
      registers[REGISTER_SP] = place + 8;
      walk->is_exact = 0;
      return STEP_DONE;
    }
    walk->leaf_words++;
  }
  return STATUS_NO_RULES;
}

// The caller by the row in the walk.
static __always_inline long follow_rules(struct walk *walk) {
  struct row *row = &walk->row;
  u64 *registers = walk->cfi.registers;
  u64 before = registers[REGISTER_SP];
  u32 has_address = 0;
  int index;

  if (row->flags & ROW_IS_OUTERMOST) return STATUS_COMPLETE;
  if (row->flags & ROW_HAS_NO_RULES) {
    // Swift marks the frames of its asynchronous functions in this bit.
    registers[REGISTER_BP] &= ~(1ull << 60);
    // The ABI asks that the outermost frame be marked so.
    if (registers[REGISTER_BP] == 0) return STATUS_COMPLETE;
    if (registers[REGISTER_BP] < before) return STATUS_NO_RULES;
    walk->record.head.frame_pointer_frames++;
  }
  bpf_for(index, 0, REGISTERS + 1) {
    if (index >= row->rule_count) break;
    // The most frequent form, without a call.
    if (row->rules[index].kind == RULE_AT_CFA && index > 0 &&
        is_word_at_hand(walk, walk->frame + (s64)row->rules[index].value)) {
      walk->restored[index] = walk->word;
    } else {
      long result = apply_rule(walk, index);

      if (result) return result;
    }
  }
  // The stack of a signal handler may be anywhere, and the innermost function may have its return address in a register
  // (vfork). Otherwise each frame is above the last.
  if (walk->frame <= before && !(row->flags & ROW_IS_SIGNAL_FRAME) &&
      (walk->frame < before || walk->record.head.frame_count > 1))
    return STATUS_NO_PROGRESS;
  registers[REGISTER_SP] = walk->frame;
  for (index = 1; index <= REGISTERS; index++) {
    u32 reg;

    if (index >= row->rule_count) break;
    reg = row->rules[index].reg;
    if (reg >= REGISTERS) break;
    registers[reg] = walk->restored[index];
    if (reg == REGISTER_IP) has_address = 1;
  }
  if (!has_address) return STATUS_BAD_RULES;
  walk->is_exact = row->flags & ROW_IS_SIGNAL_FRAME;
  return registers[REGISTER_IP] ? STEP_DONE : STATUS_COMPLETE;
}

// Notes the frame at the walk's registers, and goes to its caller.
static __noinline long step(struct thread *thread, struct walk *walk) {
  u64 address = walk->cfi.registers[REGISTER_IP];
  // A return address may be the first of the next function, when the call does not return.
  u64 within = walk->is_exact ? address : address - 1;
  u32 count = walk->record.head.frame_count;
  struct mapping *mapping;
  u64 frame;
  long result;

  if (count >= MAXIMUM_FRAMES) return STATUS_FRAME_LIMIT;
  result = find_mapping(thread, walk, within);
  if (result) {
    // The code that was interrupted is told in any case; what only looks like a return address is not.
    if (count == 0) {
      walk->record.frames[0] = (address & FRAME_OFFSET) | FRAME_IS_EXACT;
      walk->record.head.frame_count = 1;
    }
    return result;
  }
  mapping = &thread->mappings[thread->last_mapping & (MAPPINGS - 1)];
  frame = mapping->number ? address - mapping->start + mapping->offset : address;
  frame &= FRAME_OFFSET;
  frame |= (u64)mapping->number << FRAME_MODULE_SHIFT;
  if (walk->is_exact) frame |= FRAME_IS_EXACT;
  walk->record.frames[count] = frame;
  walk->record.head.frame_count = count + 1;
  if (has_rules(mapping)) {
    result = find_row(walk, mapping, within);
    if (result) return result;
    walk->cfi.table = mapping->table;
  } else {
    use_frame_pointer(walk);
    if (mapping->kind == MODULE_UNREADABLE && (!walk->may_fault || walk->cfi.registers[REGISTER_BP] == 0))
      return STATUS_UNREADABLE_RULES;
  }
  if (walk->is_exact && (walk->row.flags & ROW_HAS_NO_RULES)) {
    if (find_caller_of_leaf(walk, has_rules(mapping)) == STEP_DONE) return STEP_DONE;
  }
  return follow_rules(walk);
}

// The whole stack of the current task. Returns its status.
static __always_inline long walk_stack(struct thread *thread, struct walk *walk) {
  struct task_struct *task = bpf_get_current_task_btf();
  struct pt_regs *registers = (struct pt_regs *)bpf_task_pt_regs(task);
  u64 *values = walk->cfi.registers;
  int index;

  if (registers->cs != USER_CODE_SEGMENT) return STATUS_32_BIT;
  values[0] = registers->ax;
  values[1] = registers->dx;
  values[2] = registers->cx;
  values[3] = registers->bx;
  values[4] = registers->si;
  values[5] = registers->di;
  values[6] = registers->bp;
  values[7] = registers->sp;
  values[8] = registers->r8;
  values[9] = registers->r9;
  values[10] = registers->r10;
  values[11] = registers->r11;
  values[12] = registers->r12;
  values[13] = registers->r13;
  values[14] = registers->r14;
  values[15] = registers->r15;
  values[16] = registers->ip;
  walk->is_exact = 1;
  walk->window.start = walk->window.end = 0;
  walk->window.area_start = walk->window.area_end = 0;
  for (index = 0; index < MAPPINGS; index++) thread->mappings[index].is_stale = 1;
  bpf_for(index, 0, MAXIMUM_FRAMES + 1) {
    long result = step(thread, walk);

    if (result != STEP_DONE) return result;
  }
  return STATUS_FRAME_LIMIT;
}
