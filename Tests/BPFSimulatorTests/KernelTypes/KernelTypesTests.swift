import BPFTypeFormat
import Testing

@testable import BPFSimulator

@Suite struct KernelTypesTests {
  private let declarations = SimulatedKernelTypes.declarations

  @Test("the declarations can be read, and hold what programs commonly name")
  func presence() {
    for name in [
      "task_struct", "mm_struct", "cred", "nsproxy", "pid", "upid", "file", "path", "dentry", "qstr", "inode",
      "super_block", "vm_area_struct", "pt_regs", "bpf_perf_event_data", "__sk_buff", "xdp_md", "sk_buff", "net_device",
      "ethhdr", "iphdr", "ipv6hdr", "tcphdr", "udphdr", "icmphdr", "trace_event_raw_sys_enter", "bpf_map", "bpf_array",
      "bpf_timer", "bpf_task_work", "bpf_iter__task", "bpf_raw_tracepoint_args", "sock", "bpf_sock", "bpf_dynptr",
    ] {
      let type = declarations.structure(named: name)
      #expect(type.flatMap { declarations.byteCount(of: $0) } != nil, "struct \(name)")
    }
    for name in [
      "u8", "u16", "u32", "u64", "s32", "__u64", "__be16", "size_t", "pid_t", "bool", "bpf_task_work_callback_t",
    ] {
      #expect(declarations.typedef(named: name) != nil, "\(name)")
    }
    for (name, value) in [
      ("BPF_MAP_TYPE_RINGBUF", 27), ("BPF_PROG_TYPE_SYSCALL", 31), ("BPF_TRACE_UPROBE_SESSION", 57), ("BPF_F_LOCK", 4),
      ("XDP_PASS", 2), ("BPF_F_CURRENT_CPU", 0xffff_ffff), ("TWA_SIGNAL", 2), ("BPF_FUNC_copy_from_user", 148),
      ("BPF_FUNC_cgrp_storage_delete", 211), ("TASK_COMM_LEN", 16), ("BPF_F_USER_STACK", 256), ("true", 1),
    ] as [(String, Int128)] {
      #expect(declarations.enumerator(named: name) == value, "\(name)")
    }
  }

  @Test("special fields have the size and alignment by which the kernel recognises them")
  func specialFields() {
    for (name, byteCount) in [
      ("bpf_task_work", 8), ("bpf_timer", 16), ("bpf_wq", 16), ("bpf_spin_lock", 4), ("bpf_list_head", 16),
      ("bpf_list_node", 24), ("bpf_rb_root", 16), ("bpf_rb_node", 32), ("bpf_refcount", 4), ("bpf_dynptr", 16),
      ("bpf_iter_num", 8), ("bpf_iter_bits", 16),
    ] as [(String, UInt64)] {
      let type = declarations.structure(named: name)
      #expect(type.flatMap { declarations.byteCount(of: $0) } == byteCount, "struct \(name)")
    }
  }

  @Test("each kernel function is static and carries the tag bpf_kfunc")
  func kernelFunctions() {
    let types = SimulatedKernelTypes.declarations.builder.types
    var tagged: Set<String> = []
    for type in types where type.name == "bpf_kfunc" {
      guard case .declarationTag(let target, -1) = type.kind else { continue }
      let function = types[Int(target.rawValue) - 1]
      guard case .function(_, .static) = function.kind else {
        Issue.record("the tag bpf_kfunc is on \(function)")
        continue
      }
      tagged.insert(function.name)
    }
    #expect(tagged == Set(KernelFunctionTable.shared.names), "those that the machine carries out")
  }

  @Test("variables of each CPU are in the section where loaders look for them")
  func variables() {
    let section = SimulatedKernelTypes.declarations.builder.types.last
    #expect(section?.name == ".data..percpu")
    guard case .dataSection(let body)? = section?.kind else {
      Issue.record("no data section")
      return
    }
    #expect(body.variables.count == 2)
  }
}
