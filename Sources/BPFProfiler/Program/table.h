// From an address to its row of rules: .eh_frame_hdr, FDE, CIE, and their instructions up to the address.
#pragma once

// The place in the table of the last function that does not begin behind the address, and where it is described.
static __noinline long find_description(struct walk *walk, struct mapping *mapping, u64 address, u64 *description) {
  struct cfi *cfi = &walk->cfi;
  u64 entries = mapping->table + 12;
  s64 distance = address - mapping->table;
  u32 low = 0, high = mapping->entry_count;
  s32 wanted = distance;
  int round, found;
  long result;

  if (distance != wanted || high > 1u << 28) return STATUS_NO_RULES;
  // Far apart, pair by pair; as soon as the rest fits into the window, in the window.
  bpf_for(round, 0, 32) {
    u32 middle = low + (high - low) / 2;
    s32 start;

    if (high - low <= WINDOW_BYTES / 8) break;
    result = read_memory(walk, &start, sizeof(start), entries + (u64)middle * 8);
    if (result) return result;
    // The entry itself may be the one, so it stays in the range.
    if (start <= wanted) low = middle;
    else high = middle;
  }
  if (high <= low || high - low > WINDOW_BYTES / 8) return STATUS_NO_RULES;
  result = open_bytes(walk, entries + (u64)low * 8, (u64)(high - low) * 8);
  if (result) return result;
  found = search_entries(cfi, wanted, high - low);
  if (found < 0) return STATUS_NO_RULES;
  *description = mapping->table + (s64)cfi->entries[found & (WINDOW_BYTES / 8 - 1)].description;
  return 0;
}

// Executes the instructions in the window and behind it.
static __noinline long execute_table(struct walk *walk) {
  struct cfi *cfi = &walk->cfi;
  int step;

  bpf_for(step, 0, TABLE_STEPS) {
    long result = refill_bytes(walk);

    if (result) return result;
    if (cfi->error) return STATUS_BAD_RULES;
    if (cfi->is_done || cfi->position >= cfi->valid) return 0;
    if (walk->steps_left == 0) return STATUS_STEP_BUDGET;
    walk->steps_left--;
    execute_instruction(cfi);
  }
  return STATUS_STEP_BUDGET;
}

// Turns the rules by register into a list of those that say something.
__noinline int make_row(struct cfi *cfi, struct row *row) {
  u32 count = 1;
  u32 reg;

  if (!cfi || !row) return 0;
  row->rules[0] = cfi->current.cfa;
  row->addend = cfi->current.addend;
  row->flags = cfi->is_signal_frame ? ROW_IS_SIGNAL_FRAME : 0;
  if (cfi->current.rules[REGISTER_IP].kind == RULE_UNDEFINED) row->flags |= ROW_IS_OUTERMOST;
  for (reg = 0; reg < REGISTERS; reg++) {
    struct rule rule = cfi->current.rules[reg];

    if (rule.kind == RULE_SAME || rule.kind == RULE_UNDEFINED || count > REGISTERS) continue;
    rule.reg = reg;
    row->rules[count] = rule;
    count++;
  }
  row->rule_count = count;
  return 0;
}

// Makes the row for an address. STATUS_NO_RULES: the file says nothing of it.
static __noinline long read_row(struct walk *walk, struct mapping *mapping, u64 address) {
  struct cfi *cfi = &walk->cfi;
  u64 description = 0, common;
  struct {
    u32 length;
    u32 pointer;
  } head;
  u32 length;
  long result;

  cfi->table = mapping->table;
  if (mapping->kind == MODULE_WITH_UNINDEXED_RULES)
    result = find_unindexed_description(walk, mapping, address, &description);
  else result = find_description(walk, mapping, address, &description);
  if (result) return result;
  result = read_memory(walk, &head, sizeof(head), description);
  if (result) return result;
  // A length of 64 bits is not written by any compiler.
  if (head.length < 4 || head.length >= 0xfffffff0 || head.pointer == 0) return STATUS_BAD_RULES;
  length = head.length - 4;
  common = description + 4 - head.pointer;
  result = read_memory(walk, &head, sizeof(head), common);
  if (result) return result;
  if (head.length < 4 || head.length > WINDOW_BYTES || head.pointer != 0) return STATUS_BAD_RULES;
  result = open_bytes(walk, common + 8, head.length - 4);
  if (result) return result;
  read_common_entry(cfi);
  result = execute_table(walk);
  if (result) return result;
  if (cfi->error) return STATUS_BAD_RULES;
  result = open_bytes(walk, description + 8, length);
  if (result) return result;
  read_description(cfi, address);
  if (cfi->error == CFI_OTHER_ADDRESS) return STATUS_NO_RULES;
  result = execute_table(walk);
  if (result) return result;
  if (cfi->error) return STATUS_BAD_RULES;
  make_row(cfi, &walk->row);
  return 0;
}
