// BPFDiagnostics holds what is said about a program that is refused: one type, `Diagnostic`, for what the verifier of
// Merops finds and for what the kernel's log tells, so that both are read and shown in one way.
//
// `KernelLog` reads the log that bpf(2) gives; it takes any text and never traps. `DiagnosticText` renders a diagnostic
// as a good compiler would; colours come from outside. The module makes no system call and prints nothing.
