/// Types in the BPF type format, opened lazily from a blob.
public struct BTF: Sendable {
}
