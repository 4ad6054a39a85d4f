// The first file of BPFCompiler.
