/// What programs that go over the kernel's objects (`iter/…`) are given beside the iteration's own data.
///
/// The kernel's types say what is pointed to and not how far it can be relied on; that was asked of a running Linux 6.18,
/// argument by argument. The first argument, counted from 0, is always the iteration's own.
enum IteratorArguments {
  enum Trait {
    /// Null at the end, and else as good as an acquired object.
    case trustedOrNull
    /// Null at the end, and else only to be read.
    case readableOrNull
    /// Never null.
    case trusted
    /// Memory whose size is known when the program is attached; null at the end.
    case bufferOrNull(isWritable: Bool)
  }

  static func trait(of iterator: String, argument: Int) -> Trait {
    switch (iterator, argument) {
    case (_, 0), ("bpf_map_elem", 1), ("bpf_sk_storage_map", 1), ("sockmap", 1): .trusted
    case ("bpf_map_elem", 2), ("sockmap", 2): .bufferOrNull(isWritable: false)
    case ("bpf_map_elem", 3), ("bpf_sk_storage_map", 3): .bufferOrNull(isWritable: true)
    case ("bpf_map", _), ("cgroup", _), ("kmem_cache", _), ("task", _), ("tcp", _), ("udp", _): .trustedOrNull
    default: .readableOrNull
    }
  }
}
