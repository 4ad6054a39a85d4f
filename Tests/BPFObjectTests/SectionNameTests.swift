import BPFObject
import Testing

@Suite struct SectionNameTests {
  /// Section, number of the type, number of the attach type, target, whether it may sleep, whether it takes fragments.
  private static let rows: [(String, UInt32, UInt32, String, Bool, Bool)] = [
    ("socket", 1, 0, "", false, false),
    ("kprobe/do_unlinkat", 2, 0, "do_unlinkat", false, false),
    ("kprobe", 2, 0, "", false, false),
    ("kretprobe/f+0x10", 2, 0, "f+0x10", false, false),
    ("uprobe//usr/bin/bash:readline", 2, 0, "/usr/bin/bash:readline", false, false),
    ("uretprobe.s/libc.so.6:malloc", 2, 0, "libc.so.6:malloc", true, false),
    ("kprobe.multi/tcp_*", 2, 42, "tcp_*", false, false),
    ("kprobe.session/tcp_*", 2, 56, "tcp_*", false, false),
    ("uprobe.multi.s/a:b", 2, 48, "a:b", true, false),
    ("uprobe.session/a:b", 2, 57, "a:b", false, false),
    ("ksyscall/read", 2, 0, "read", false, false),
    ("usdt.s/a:b:c", 2, 0, "a:b:c", true, false),
    ("tc", 3, 0, "", false, false),
    ("classifier", 3, 0, "", false, false),
    ("action", 4, 0, "", false, false),
    ("tc/ingress", 3, 46, "", false, false),
    ("tcx/egress", 3, 47, "", false, false),
    ("netkit/primary", 3, 54, "", false, false),
    ("tracepoint/syscalls/sys_enter_read", 5, 0, "syscalls/sys_enter_read", false, false),
    ("tp/sched/sched_switch", 5, 0, "sched/sched_switch", false, false),
    ("raw_tp/sched_switch", 17, 0, "sched_switch", false, false),
    ("raw_tracepoint.w/x", 24, 0, "x", false, false),
    ("tp_btf/sched_switch", 26, 23, "sched_switch", false, false),
    ("fentry/f", 26, 24, "f", false, false),
    ("fexit.s/f", 26, 25, "f", true, false),
    ("fmod_ret/f", 26, 26, "f", false, false),
    ("freplace/f", 28, 0, "f", false, false),
    ("lsm/file_open", 29, 27, "file_open", false, false),
    ("lsm.s/file_open", 29, 27, "file_open", true, false),
    ("lsm_cgroup/socket_bind", 29, 43, "socket_bind", false, false),
    ("iter.s/task", 26, 28, "task", true, false),
    ("syscall", 31, 0, "", true, false),
    ("xdp", 6, 37, "", false, false),
    ("xdp.frags", 6, 37, "", false, true),
    ("xdp/cpumap", 6, 35, "", false, false),
    ("xdp.frags/devmap", 6, 33, "", false, true),
    ("perf_event", 7, 0, "", false, false),
    ("?perf_event", 7, 0, "", false, false),
    ("lwt_seg6local", 19, 0, "", false, false),
    ("sockops", 13, 3, "", false, false),
    ("sk_skb/stream_verdict", 14, 5, "", false, false),
    ("sk_msg", 16, 7, "", false, false),
    ("cgroup_skb/egress", 8, 1, "", false, false),
    ("cgroup/sock", 9, 2, "", false, false),
    ("cgroup/connect6", 18, 11, "", false, false),
    ("cgroup/getsockname_unix", 18, 53, "", false, false),
    ("cgroup/sysctl", 23, 18, "", false, false),
    ("cgroup/setsockopt", 25, 22, "", false, false),
    ("cgroup/dev", 15, 6, "", false, false),
    ("sk_reuseport/migrate", 21, 40, "", false, false),
    ("sk_lookup", 30, 36, "", false, false),
    ("flow_dissector", 22, 17, "", false, false),
    ("netfilter", 32, 45, "", false, false),
    ("lirc_mode2", 20, 16, "", false, false),
    ("struct_ops.s/init", 27, 0, "init", true, false),
  ]

  @Test("a section's name says type, attach type, target and flags as libbpf has it")
  func names() throws {
    for (section, type, attachType, target, isSleepable, hasFragments) in Self.rows {
      let kind = try ProgramKind(section: section)
      let found = (kind.type.rawValue, kind.attachType, kind.target, kind.isSleepable, kind.hasFragments)
      #expect(found == (type, attachType, target, isSleepable, hasFragments), "\(section)")
    }
  }

  @Test("every name of the table is read as itself")
  func table() throws {
    #expect(ProgramKind.sectionNames.count == 116)
    for name in ProgramKind.sectionNames {
      let kind = try ProgramKind(section: name)
      #expect(kind.prefix == name && kind.target.isEmpty, "\(name)")
      #expect(kind.isSleepable == (name.hasSuffix(".s") || name == "syscall"), "\(name)")
    }
  }

  @Test("an unknown section names those that look like it")
  func nearNames() {
    let rows: [(section: String, advice: String)] = [
      ("perf_events", "did you mean 'perf_event'"),
      ("xdp_prog", "'xdp'"),
      ("kprobes/do_unlinkat", "'kprobe'"),
      ("tracepiont/syscalls/sys_enter_read", "'tracepoint'"),
      ("classifier/ingress", "classifier"),
      ("cgroup/conect4", "'cgroup/connect4'"),
      ("tc/ingres", "'tc/ingress'"),
      ("qqqqqqqqqqqqqqqqqqqqqqqqqqq", "documentation"),
    ]
    for (section, advice) in rows {
      do {
        let kind = try ProgramKind(section: section)
        Issue.record("\(section) is \(kind)")
      } catch {
        #expect(error.description.contains(advice), "\(error)")
        #expect(error.name == section)
      }
    }
  }

  @Test("an object with an unknown section of code says which and what it may mean")
  func unknownSectionInObject() {
    let error = #expect(throws: ObjectError.self) {
      try ObjectFile(parsing: ELFBuilder.program(section: "perf_evnt").build())
    }
    #expect(error?.category == .unknownProgramSection && error?.section == "perf_evnt")
    #expect(error?.advice.contains("'perf_event'") == true)
  }
}
