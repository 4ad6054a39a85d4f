// A profile as a value, and the files that profilers exchange.
//
// `Profile` holds what a sampling profiler found: samples, each with a stack, and the tables that stacks refer to (modules,
// functions, locations, threads, processes). Every table is interned, so that millions of samples cost some tens of bytes
// each. From one value this module writes pprof, folded stacks, a flame graph as one SVG file, the processed profile
// format of the Firefox Profiler, and speedscope's JSON, and computes the table of the hottest functions.
//
// It samples nothing and looks up no symbol: `BPFProfiler` does the one, `Symbolization` the other. It reads no clock: the
// same profile gives the same bytes.
