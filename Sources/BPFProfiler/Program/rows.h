// The cache of rows. Files are told apart by what `struct module_key` holds, so a row is right as long as its module's
// number is: for every process that maps the file, and after the process has ended.
#pragma once

// The rules of code that keeps the frame pointer in rbp: all that can be done where nothing better is known.
static __always_inline void use_frame_pointer(struct walk *walk) {
  struct row *row = &walk->row;

  row->flags = ROW_HAS_NO_RULES;
  row->rule_count = 3;
  row->addend = 0;
  row->rules[0] = (struct rule){.kind = RULE_REGISTER_PLUS, .base = REGISTER_BP, .value = 16};
  row->rules[1] = (struct rule){.kind = RULE_AT_CFA, .reg = REGISTER_BP, .value = -16};
  row->rules[2] = (struct rule){.kind = RULE_AT_CFA, .reg = REGISTER_IP, .value = -8};
}

// Puts the row for an address into the walk. Addresses without rules have one as well, that says so.
static __always_inline long find_row(struct walk *walk, struct mapping *mapping, u64 address) {
  u64 key = (u64)mapping->number << FRAME_MODULE_SHIFT | ((address - mapping->bias) & FRAME_OFFSET);
  struct row *known;
  long result;

  if (mapping->number) {
    known = bpf_map_lookup_elem(&rows, &key);
    if (known) {
      walk->row = *known;
      // The element may have been given to another address while it was copied. Its key is written first.
      if (walk->row.key == key && *(volatile u64 *)&known->key == key) return 0;
    }
  }
  result = read_row(walk, mapping, address);
  if (result == STATUS_NO_RULES) {
    use_frame_pointer(walk);
  } else if (result) {
    return result;
  }
  walk->row.key = key;
  walk->record.head.new_rows++;
  if (mapping->number) bpf_map_update_elem(&rows, &key, &walk->row, BPF_ANY);
  return 0;
}
