// The instruction set: RFC 9669 and what Linux 6.18 adds to it.
//
// A program is an array of slots (`Instruction`), eight bytes each in either byte order. A slot, or two, has a meaning
// (`DecodedInstruction`); `OpcodeTable` is the one place that says which opcode has which, and decoding, encoding and
// printing come from it. `Disassembler` and `Assembler` are each other's inverse in LLVM's syntax. `HelperFunction` is
// the table of what a call's number calls.
//
// Nothing here looks beyond one instruction: whether a jump's target exists, a register holds a value or a call is
// allowed is decided by who knows the program. Nothing here runs one.
