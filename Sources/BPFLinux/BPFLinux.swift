// BPFLinux: the running Linux kernel as an engine for the same objects that the simulated kernel takes.
//
// It speaks bpf(2) and perf_event_open(2) itself, through one seam (`SystemCalls`), and needs neither libbpf nor libelf.
// A `LinuxKernel` loads an `ObjectFile` and gives handles to maps and programs; an attachment lasts as long as its value.
// What the kernel refuses comes back as a `BPFError` with the verifier's log. Nothing is tried again in a weaker form: a
// map with types is never made without them.
//
// What would crash a kernel is refused before it gets there (`MapArgumentGuard`). The module runs no program itself,
// changes no setting of the machine and leaves nothing behind but what was pinned on request.
//
// Folders: `Loading`, `Maps`, `Programs` and `Types` put an object into the kernel, `Links` attaches its programs, `Targets`
// are the processes that they look at, `Buffers` hands out what they write, `Kernel` and `Features` ask the kernel what it
// is and has, `Commands` and `SystemCalls` are the seam.
//
// Not here so far, and refused with an error that says so: struct_ops maps and programs, contents of arenas, functions
// and variables of kernel modules, links for USDT, kprobe.multi, netfilter, netkit and sock maps.
