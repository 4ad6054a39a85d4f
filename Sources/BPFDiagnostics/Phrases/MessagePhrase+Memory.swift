extension MessagePhrase {
  /// Registers and what they may be used for; memory and its bounds.
  static let memory: [Row] = [
    Row(
      "R{} invalid mem access 'map_value_or_null'", .memory,
      "R$1 may be null: the result of a map look-up is used without a test",
      help: "test the pointer before it is used: if (!value) return 0;"),
    Row(
      "R{} invalid mem access '{}_or_null'", .memory, "R$1 may be null ($2) and is used without a test",
      help: "test the pointer before it is used: if (!pointer) return 0;"),
    Row(
      "R{} invalid mem access 'scalar'", .registerType, "R$1 is a number here and is used as a pointer",
      help: "read kernel memory with bpf_probe_read_kernel() or BPF_CORE_READ(), user memory with "
        + "bpf_probe_read_user(); a pointer to a packet is a number after a function that may move the packet, and a "
        + "pointer that was put into a map or combined with other bytes stays one"),
    Row(
      "R{} invalid mem access 'inv'", .registerType, "R$1 is a number here and is used as a pointer",
      help: "read kernel memory with bpf_probe_read_kernel() or BPF_CORE_READ()"),
    Row("R{} invalid mem access 'pkt_end'", .registerType, "R$1 is the end of the packet, where nothing may be read"),
    Row("R{} invalid mem access '{}'", .registerType, "memory cannot be accessed through R$1, which is $2"),
    Row(
      "R{} !read_ok", .registerType, "R$1 is read before anything was written to it",
      help:
        "a call leaves nothing in R1 to R5, and nothing in R0 when it returns nothing; on this path the variable has "
        + "no value: initialise it, or return a value on every path"),
    Row(
      "R{} max value is outside of the allowed memory range", .memory, "the access may be behind the end",
      help: "compare the index with the number of elements before it is used, in the variable that is used: "
        + "if (index >= COUNT) return 0;"),
    Row(
      "R{} min value is outside of the allowed memory range", .memory, "the access may be in front of the beginning",
      help: "make the index unsigned, or compare it with 0 as well"),
    Row(
      "R{} min value is negative, either use unsigned index or do a if (index >=0) check.", .memory,
      "the index in R$1 may be negative",
      help:
        "make the variable unsigned, or test it: if (index < 0) return 0; a mask keeps the compiler from undoing it: "
        + "index &= COUNT - 1 where COUNT is a power of two"),
    Row(
      "R{} unbounded memory access, make sure to bounds check any such access", .memory,
      "the index in R$1 has no upper bound",
      help:
        "test the variable that is used as the index: if (index >= COUNT) return 0; or index &= COUNT - 1 where COUNT is "
        + "a power of two"),
    Row(
      "R{} min value is negative, either use unsigned or 'var &= const'", .memory,
      "the size in R$1 may be negative",
      help: "make the variable unsigned, or test that it is greater than 0; where the compiler undoes the test, "
        + "size &= MASK keeps it"),
    Row(
      "R{} unbounded memory access, use 'var &= const' or 'if (var < const)'", .memory,
      "the size in R$1 has no upper bound",
      help: "if (size > sizeof(buffer)) return 0; or size &= sizeof(buffer) - 1 where that is a power of two"),
    Row(
      "invalid zero-sized read", .memory, "the map has no keys or values that the function could work on",
      help: "use a map of the type that the function is for"),
    Row(
      "R{} invalid zero-sized read: u64=[{},{}]", .memory, "the size in R$1 may be 0, which the function does not take",
      help: "test it before the call: if (size == 0) return 0;"),
    Row(
      "R{} unbounded {}", .memory, "the value in R$1 has no upper bound",
      help: "test it before it is used: if (value >= LIMIT) return 0;"),
    Row(
      "R{} offset is outside of the packet", .memory,
      "the packet is read or written behind what was compared with its end",
      help: "compare with the end of the packet first: if (data + sizeof(*header) > data_end) return 0;"),
    Row(
      "invalid access to packet, off={} size={}, {}", .memory, "$2 bytes at offset $1 of the packet may not be there"),
    Row(
      "invalid access to map value, value_size={} off={} size={}", .memory,
      "an access of $3 bytes at offset $2 does not fit into a map value of $1 bytes"),
    Row(
      "invalid access to map key, key_size={} off={} size={}", .memory,
      "an access of $3 bytes at offset $2 does not fit into a map key of $1 bytes"),
    Row(
      "invalid access to memory, mem_size={} off={} size={}", .memory,
      "an access of $3 bytes at offset $2 does not fit into memory of $1 bytes"),
    Row(
      "invalid bpf_context access off={} size={}", .memory,
      "the context has no member of $2 bytes at offset $1 that this program may access",
      help:
        "see which members the program type may read and write, and with which sizes: a member that is a pointer is "
        + "read whole"),
    Row(
      "dereference of modified ctx ptr R{} off={} disallowed", .memory,
      "the pointer to the context was changed before it is used",
      help: "keep the context pointer as it is and name the member: ctx->member; where the compiler has computed the "
        + "address first, barrier_var(ctx) in front of the access keeps it from doing so"),
    Row(
      "dereference of modified {} ptr R{} off={} disallowed", .memory,
      "the pointer in R$2 was changed before it is used"),
    Row(
      "variable ctx access var_off={} disallowed", .memory, "the context is accessed at an offset that is not constant",
      help: "use a constant index; a loop over members has to be unrolled: #pragma unroll"),
    Row(
      "invalid read from stack R{} off={} size={}", .memory,
      "$3 bytes of the stack at fp$2 are read that were not written, or are not all of the program's",
      help: "initialise the whole variable: struct key key = {}; or memset() where it has holes"),
    Row(
      "invalid read from stack off {}+{} size {}", .memory, "stack is read that was never written",
      help: "initialise the whole variable: struct key key = {};"),
    Row(
      "invalid indirect read from stack R{} off {}+{} size {}", .memory,
      "a function is given stack of which byte $3 was never written",
      help: "initialise the whole variable: struct key key = {}; holes between members count as well"),
    Row("invalid write to stack R{} off={} size={}", .memory, "the write is outside of the stack frame of 512 bytes"),
    Row(
      "invalid unbounded variable-offset {} stack R{}", .memory, "the stack is accessed at an index without bounds",
      help: "compare the index with the number of elements before it is used"),
    Row(
      "invalid variable-offset {} stack R{} var_off={} off={} size={}", .memory,
      "the access may be outside of the variable on the stack",
      help: "compare the index with the number of elements before it is used"),
    Row(
      "invalid variable-offset indirect access to stack R{} var_off={} size={}", .memory,
      "a function may be given memory outside of the variable on the stack"),
    Row("invalid stack type R{} off={} access_size={}", .memory, "the memory is not all within the stack frame"),
    Row(
      "invalid size of register spill", .memory, "a part of a pointer is written to the stack",
      help:
        "pointers are stored whole, as 8 bytes; a comparison or a cast may have made the compiler store a half of one"),
    Row("invalid size of register fill", .memory, "a part of a pointer is read from the stack"),
    Row("corrupted spill memory", .memory, "a part of a pointer on the stack was overwritten"),
    Row(
      "attempt to corrupt spilled pointer on stack", .memory, "a part of a pointer on the stack would be overwritten"),
    Row("misaligned {} access off {} size {}", .memory, "the access to $1 is not aligned to its $3 bytes"),
    Row(
      "write into map forbidden, value_size={} off={} size={}", .memory, "the map is read-only for programs",
      help:
        "a constant (const volatile, .rodata) is set before the program is loaded; copy it into a variable to change it"
    ),
    Row("read from map forbidden, value_size={} off={} size={}", .memory, "programs may not read the map"),
    Row(
      "only read from bpf_array is supported", .memory, "the memory belongs to the kernel's map and is read-only"),
    Row("write to change key R{} not allowed", .memory, "the key that a callback is given is read-only"),
    Row(
      "cannot write into packet", .memory, "programs of this type may only read packets",
      help: "only XDP, tc, lwt_xmit and sk_skb programs change packets"),
    Row("R{} cannot write into {}", .memory, "what R$1 points to ($2) is read-only"),
    Row(
      "invalid access to map value pointer, value_size={} off={}", .memory,
      "the constant address is outside of the map's value"),
    Row("no direct value access support for this map type", .memory, "the values of this map have no constant address"),
    Row(
      "R{} pointer arithmetic on {}_or_null prohibited, null-check it first", .registerType,
      "R$1 may be null, and an offset is added before it was tested",
      help: "test the pointer first: if (!value) return 0; then take the address of a member"),
    Row("R{} pointer arithmetic on {} prohibited", .registerType, "no offset may be added to R$1, which is $2"),
    Row(
      "R{} pointer arithmetic with {} operator prohibited", .registerType,
      "R$1 is a pointer; only numbers may be added to it or subtracted from it"),
    Row(
      "R{} bitwise operator {} on pointer prohibited", .registerType, "R$1 is a pointer; its bits may not be changed"),
    Row(
      "R{} 32-bit pointer arithmetic prohibited", .registerType, "half of the pointer in R$1 would be lost",
      help: "do not cast pointers to 32-bit integers"),
    Row("R{} pointer {} pointer prohibited", .registerType, "R$1 and the other operand are both pointers"),
    Row("R{} tried to subtract pointer from scalar", .registerType, "a pointer is subtracted from the number in R$1"),
    Row(
      "R{} subtraction from stack pointer prohibited", .registerType,
      "a variable number is subtracted from a stack address"),
    Row(
      "math between {} pointer and register with unbounded min value is not allowed", .memory,
      "a number without a lower bound is added to a pointer to $1",
      help: "make the variable unsigned, or mask it: index &= COUNT - 1"),
    Row(
      "math between {} pointer and {} is not allowed", .memory, "adding $2 to a pointer to $1 leads too far away"),
    Row("value {} makes {} pointer be out of bounds", .memory, "an offset of $1 takes the pointer too far away"),
    Row("{} pointer offset {} is not allowed", .memory, "an offset of $2 takes the pointer too far away"),
    Row("R{} leaks addr into {}", .memory, "the address in R$1 would be stored in $2, where user space can see it"),
    Row("R{} leaks addr as return value", .memory, "the program would return an address"),
    Row("BPF_ATOMIC stores into R{} {} is not allowed", .memory, "atomic operations do not work on $2"),
    Row("R{} invalid {} access off={} size={}", .memory, "$2 has no readable member of $4 bytes at offset $3"),
    Row(
      "R{} is ptr_{} invalid negative access: off={}", .memory, "struct $2 is accessed in front of its beginning"),
    Row(
      "access beyond struct {} at off {} size {}", .memory, "struct $1 ends before offset $2 plus $3 bytes"),
    Row(
      "only read is supported", .memory, "a structure of the kernel may only be read",
      help: "keep what belongs to a task, a socket or a control group in a map of its storage type"),
  ]
}
