// From addresses in processes to names in source: which function, inlined into which, at which line of which file.
//
// `Symbolizer` is the face. Behind it: ELF files with their symbol tables, compressed small ones (`.gnu_debugdata`) and
// separate debug files; DWARF through elfutils' libdw where that is installed; the kernel's symbols; the maps that JIT
// compilers write; and names demangled for Swift, C++ and Rust.
//
// It reads files and never the memory of a process, and keeps open what it was told of, so that processes that have ended
// and files that were deleted are symbolized all the same. What is missing on a machine is told by name in `notes`, never
// passed over. No byte of a file can make its own parsers trap; libdw's is elfutils' word.
