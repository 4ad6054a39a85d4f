// The records of ELF64 files, in either byte order.
//
// What is here turns bytes into records and judges nothing: whether a table may lie where it lies, and what to say when it
// does not, is for those who read files of a kind. `BPFObject` reads relocatable files for BPF with it, `Symbolization`
// programs, shared libraries and debug files. No byte can make it trap.
