// BPFProfiler: samples whole stacks of any program, without preparation.
//
// A BPF program, whose source is in `Program/`, samples threads in an interrupt and unwinds their user stacks in deferred
// task work, from the rules that the target's own files have in memory. This module loads it, chooses what is sampled,
// reads its records and makes a `Profile` of them: `ProfilingSession`.
//
// It never reads /proc/PID/maps or prepares tables, it drops no sample from a count, and it changes nothing in a target.
// What it does in a target's memory is reading, which may bring pages in.
