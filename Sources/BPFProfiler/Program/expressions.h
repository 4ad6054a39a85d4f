// Expressions of frame rules that are not of the usual form, such as those of linkage tables. Executed during the walk,
// since they depend on registers and memory.
#pragma once

enum {
  DW_OP_const1u = 0x08,
  DW_OP_const1s = 0x09,
  DW_OP_const2u = 0x0a,
  DW_OP_const2s = 0x0b,
  DW_OP_const4u = 0x0c,
  DW_OP_const4s = 0x0d,
  DW_OP_const8u = 0x0e,
  DW_OP_const8s = 0x0f,
  DW_OP_constu = 0x10,
  DW_OP_consts = 0x11,
  DW_OP_dup = 0x12,
  DW_OP_drop = 0x13,
  DW_OP_over = 0x14,
  DW_OP_swap = 0x16,
  DW_OP_abs = 0x19,
  DW_OP_and = 0x1a,
  DW_OP_minus = 0x1c,
  DW_OP_mul = 0x1e,
  DW_OP_neg = 0x1f,
  DW_OP_not = 0x20,
  DW_OP_or = 0x21,
  DW_OP_plus = 0x22,
  DW_OP_shl = 0x24,
  DW_OP_shr = 0x25,
  DW_OP_shra = 0x26,
  DW_OP_xor = 0x27,
  DW_OP_eq = 0x29,
  DW_OP_ge = 0x2a,
  DW_OP_gt = 0x2b,
  DW_OP_le = 0x2c,
  DW_OP_lt = 0x2d,
  DW_OP_ne = 0x2e,
  DW_OP_lit0 = 0x30,
  DW_OP_lit31 = 0x4f,
  DW_OP_nop = 0x96,

  // What `execute_operation` leaves to its caller: the top of the stack is an address whose word is wanted.
  OPERATION_READS_MEMORY = 1,
};

static __always_inline void push(struct cfi *cfi, u64 value) {
  u32 depth = cfi->stack_depth;

  if (depth >= EXPRESSION_STACK) {
    cfi->error = CFI_EXPRESSION;
    return;
  }
  cfi->stack[depth] = value;
  cfi->stack_depth = depth + 1;
}

static __always_inline u64 pop(struct cfi *cfi) {
  u32 depth = cfi->stack_depth - 1;

  if (depth >= EXPRESSION_STACK) {
    cfi->error = CFI_EXPRESSION;
    return 0;
  }
  cfi->stack_depth = depth;
  return cfi->stack[depth];
}

// Operations with two operands, the second of which is on top.
__noinline int execute_binary(struct cfi *cfi, u32 operation) {
  u64 second, first, value;

  if (!cfi) return 0;
  second = pop(cfi);
  first = pop(cfi);
  switch (operation) {
    case DW_OP_and: value = first & second; break;
    case DW_OP_minus: value = first - second; break;
    case DW_OP_mul: value = first * second; break;
    case DW_OP_or: value = first | second; break;
    case DW_OP_plus: value = first + second; break;
    case DW_OP_shl: value = second < 64 ? first << second : 0; break;
    case DW_OP_shr: value = second < 64 ? first >> second : 0; break;
    case DW_OP_shra: value = (s64)first >> (second < 64 ? second : 63); break;
    case DW_OP_xor: value = first ^ second; break;
    case DW_OP_eq: value = first == second; break;
    case DW_OP_ge: value = (s64)first >= (s64)second; break;
    case DW_OP_gt: value = (s64)first > (s64)second; break;
    case DW_OP_le: value = (s64)first <= (s64)second; break;
    case DW_OP_lt: value = (s64)first < (s64)second; break;
    case DW_OP_ne: value = first != second; break;
    default:
      cfi->error = CFI_EXPRESSION;
      return 0;
  }
  push(cfi, value);
  return 0;
}

// Operations that push a constant.
__noinline int execute_constant(struct cfi *cfi, u32 operation) {
  u64 value;

  if (!cfi) return 0;
  switch (operation) {
    case DW_OP_const1u: value = next_number(cfi, 1); break;
    case DW_OP_const1s: value = (s64)(s8)next_number(cfi, 1); break;
    case DW_OP_const2u: value = next_number(cfi, 2); break;
    case DW_OP_const2s: value = (s64)(s16)next_number(cfi, 2); break;
    case DW_OP_const4u: value = next_number(cfi, 4); break;
    case DW_OP_const4s: value = (s64)(s32)next_number(cfi, 4); break;
    case DW_OP_const8u:
    case DW_OP_const8s: value = next_number(cfi, 8); break;
    case DW_OP_constu: value = next_unsigned(cfi); break;
    default: value = next_signed(cfi); break;
  }
  push(cfi, value);
  return 0;
}

__noinline int execute_operation(struct cfi *cfi) {
  u64 first, second;
  u32 reg;
  u8 operation;

  if (!cfi) return 0;
  operation = next_byte(cfi);
  if (operation >= DW_OP_lit0 && operation <= DW_OP_lit31) {
    push(cfi, operation - DW_OP_lit0);
    return 0;
  }
  if (operation >= DW_OP_breg0 && operation <= DW_OP_breg31) {
    reg = operation - DW_OP_breg0;
    barrier_var(reg);
    first = reg < REGISTERS ? cfi->registers[reg] : 0;
    push(cfi, first + next_signed(cfi));
    return 0;
  }
  if (operation >= DW_OP_const1u && operation <= DW_OP_consts) return execute_constant(cfi, operation);
  switch (operation) {
    case DW_OP_deref:
      return OPERATION_READS_MEMORY;
    case DW_OP_dup:
      first = pop(cfi);
      push(cfi, first);
      push(cfi, first);
      return 0;
    case DW_OP_drop:
      pop(cfi);
      return 0;
    case DW_OP_over:
      second = pop(cfi);
      first = pop(cfi);
      push(cfi, first);
      push(cfi, second);
      push(cfi, first);
      return 0;
    case DW_OP_swap:
      second = pop(cfi);
      first = pop(cfi);
      push(cfi, second);
      push(cfi, first);
      return 0;
    case DW_OP_abs:
      first = pop(cfi);
      push(cfi, (s64)first < 0 ? -first : first);
      return 0;
    case DW_OP_neg:
      push(cfi, -pop(cfi));
      return 0;
    case DW_OP_not:
      push(cfi, ~pop(cfi));
      return 0;
    case DW_OP_plus_uconst:
      first = pop(cfi);
      push(cfi, first + next_unsigned(cfi));
      return 0;
    case DW_OP_nop:
      return 0;
  }
  return execute_binary(cfi, operation);
}

// Evaluates the expression at an address into `walk->word`. Those of registers begin with the frame's address on the
// stack.
static __noinline long evaluate_expression(struct walk *walk, u64 address, u32 length, bool begins_with_frame) {
  struct cfi *cfi = &walk->cfi;
  long result = open_bytes(walk, address, length);
  int index;

  if (result) return result;
  cfi->error = 0;
  cfi->stack_depth = 0;
  if (begins_with_frame) push(cfi, walk->frame);
  bpf_for(index, 0, EXPRESSION_STEPS) {
    if (cfi->error) return STATUS_BAD_RULES;
    if (cfi->position >= cfi->valid) {
      walk->word = pop(cfi);
      return cfi->error ? STATUS_BAD_RULES : 0;
    }
    if (walk->steps_left == 0) return STATUS_STEP_BUDGET;
    walk->steps_left--;
    if (execute_operation(cfi) == OPERATION_READS_MEMORY) {
      result = read_word(walk, pop(cfi));
      if (result) return result;
      push(cfi, walk->word);
    }
  }
  return STATUS_STEP_BUDGET;
}
