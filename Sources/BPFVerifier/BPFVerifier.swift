/// The verifier: whether Linux 6.18 would load a program, answered without a kernel.
///
/// A verdict is a pure function of the program, the maps and types of its object, the types of the kernel and the
/// options: no system call, no clock, no global state. Paths are walked as the kernel walks them, depth first, with the
/// same checkpoints and the same pruning, since only that gives the same verdicts; see `docs/verifier.md`.
///
/// What is not modelled is refused, with ``Rejection/Cause/unsupported(_:)`` naming it; nothing is let through because it
/// was not looked at.
