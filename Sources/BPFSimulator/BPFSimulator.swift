// The first file of BPFSimulator.
