import Testing

@testable import BPFLinux

@Suite("Attributes of system calls")
struct AttributeTests {
  @Test("every field is at the offset at which Linux reads it")
  func offsets() {
    let rows: [(String, Int?, Int)] = [
      ("map_name", MemoryLayout<MapCreateAttributes>.offset(of: \.mapName), 28),
      ("map_ifindex", MemoryLayout<MapCreateAttributes>.offset(of: \.interfaceIndex), 44),
      ("btf_fd", MemoryLayout<MapCreateAttributes>.offset(of: \.btfDescriptor), 48),
      ("btf_value_type_id", MemoryLayout<MapCreateAttributes>.offset(of: \.btfValueType), 56),
      ("map_extra", MemoryLayout<MapCreateAttributes>.offset(of: \.mapExtra), 64),
      ("excl_prog_hash", MemoryLayout<MapCreateAttributes>.offset(of: \.programHash), 80),
      ("key", MemoryLayout<ElementAttributes>.offset(of: \.key), 8),
      ("flags", MemoryLayout<ElementAttributes>.offset(of: \.flags), 24),
      ("batch count", MemoryLayout<BatchAttributes>.offset(of: \.count), 32),
      ("batch map_fd", MemoryLayout<BatchAttributes>.offset(of: \.mapDescriptor), 36),
      ("batch flags", MemoryLayout<BatchAttributes>.offset(of: \.flags), 48),
      ("insns", MemoryLayout<ProgramLoadAttributes>.offset(of: \.instructions), 8),
      ("log_buf", MemoryLayout<ProgramLoadAttributes>.offset(of: \.logBuffer), 32),
      ("prog_name", MemoryLayout<ProgramLoadAttributes>.offset(of: \.programName), 48),
      ("expected_attach_type", MemoryLayout<ProgramLoadAttributes>.offset(of: \.expectedAttachType), 68),
      ("func_info", MemoryLayout<ProgramLoadAttributes>.offset(of: \.functionInfo), 80),
      ("line_info", MemoryLayout<ProgramLoadAttributes>.offset(of: \.lineInfo), 96),
      ("attach_btf_id", MemoryLayout<ProgramLoadAttributes>.offset(of: \.attachType), 108),
      ("attach_prog_fd", MemoryLayout<ProgramLoadAttributes>.offset(of: \.attachDescriptor), 112),
      ("fd_array", MemoryLayout<ProgramLoadAttributes>.offset(of: \.descriptors), 120),
      ("core_relo_rec_size", MemoryLayout<ProgramLoadAttributes>.offset(of: \.relocationSize), 136),
      ("log_true_size", MemoryLayout<ProgramLoadAttributes>.offset(of: \.logTrueSize), 140),
      ("fd_array_cnt", MemoryLayout<ProgramLoadAttributes>.offset(of: \.descriptorCount), 148),
      ("btf_size", MemoryLayout<BTFLoadAttributes>.offset(of: \.size), 16),
      ("btf_log_true_size", MemoryLayout<BTFLoadAttributes>.offset(of: \.logTrueSize), 28),
      ("retval", MemoryLayout<TestRunAttributes>.offset(of: \.result), 4),
      ("data_in", MemoryLayout<TestRunAttributes>.offset(of: \.dataIn), 16),
      ("duration", MemoryLayout<TestRunAttributes>.offset(of: \.duration), 36),
      ("ctx_in", MemoryLayout<TestRunAttributes>.offset(of: \.contextIn), 48),
      ("test flags", MemoryLayout<TestRunAttributes>.offset(of: \.flags), 64),
      ("batch_size", MemoryLayout<TestRunAttributes>.offset(of: \.batchSize), 72),
      ("bpf_fd", MemoryLayout<PinAttributes>.offset(of: \.descriptor), 8),
      ("path_fd", MemoryLayout<PinAttributes>.offset(of: \.pathDescriptor), 16),
      ("next_id", MemoryLayout<IdentifierAttributes>.offset(of: \.next), 4),
      ("info", MemoryLayout<InfoAttributes>.offset(of: \.info), 8),
      ("bpffs_fd", MemoryLayout<TokenCreateAttributes>.offset(of: \.fileSystemDescriptor), 4),
      ("map_token_fd", MemoryLayout<MapCreateAttributes>.offset(of: \.tokenDescriptor), 76),
      ("prog_token_fd", MemoryLayout<ProgramLoadAttributes>.offset(of: \.tokenDescriptor), 144),
      ("btf_token_fd", MemoryLayout<BTFLoadAttributes>.offset(of: \.tokenDescriptor), 36),
      ("bpf_cookie", MemoryLayout<LinkCreateAttributes>.offset(of: \.cookie), 16),
      ("tracing cookie", MemoryLayout<TracingLinkAttributes>.offset(of: \.cookie), 24),
      ("iter_info_len", MemoryLayout<IteratorLinkAttributes>.offset(of: \.parametersSize), 24),
      ("relative_fd", MemoryLayout<OrderedLinkAttributes>.offset(of: \.neighbor), 16),
      ("expected_revision", MemoryLayout<OrderedLinkAttributes>.offset(of: \.expectedRevision), 24),
      ("uprobe path", MemoryLayout<UserProbesLinkAttributes>.offset(of: \.path), 16),
      ("uprobe cookies", MemoryLayout<UserProbesLinkAttributes>.offset(of: \.cookies), 40),
      ("uprobe cnt", MemoryLayout<UserProbesLinkAttributes>.offset(of: \.count), 48),
      ("uprobe pid", MemoryLayout<UserProbesLinkAttributes>.offset(of: \.process), 56),
      ("old_prog_fd", MemoryLayout<LinkUpdateAttributes>.offset(of: \.oldProgramDescriptor), 12),
      ("raw cookie", MemoryLayout<RawTracepointAttributes>.offset(of: \.cookie), 16),
      ("perf flags", MemoryLayout<PerfEventAttributes>.offset(of: \.flags), 40),
      ("bp_type", MemoryLayout<PerfEventAttributes>.offset(of: \.breakpointType), 52),
      ("config1", MemoryLayout<PerfEventAttributes>.offset(of: \.config1), 56),
      ("config2", MemoryLayout<PerfEventAttributes>.offset(of: \.config2), 64),
      ("clockid", MemoryLayout<PerfEventAttributes>.offset(of: \.clock), 92),
      ("sample_max_stack", MemoryLayout<PerfEventAttributes>.offset(of: \.sampleMaximumStack), 108),
      ("sig_data", MemoryLayout<PerfEventAttributes>.offset(of: \.signalData), 120),
      ("config3", MemoryLayout<PerfEventAttributes>.offset(of: \.config3), 128),
    ]
    for (name, offset, expected) in rows { #expect(offset == expected, "\(name)") }
    let sizes: [(String, Int, Int)] = [
      ("map create", MemoryLayout<MapCreateAttributes>.size, 96),
      ("element", MemoryLayout<ElementAttributes>.size, 32), ("batch", MemoryLayout<BatchAttributes>.size, 56),
      ("program load", MemoryLayout<ProgramLoadAttributes>.size, 152),
      ("BTF load", MemoryLayout<BTFLoadAttributes>.size, 40), ("test run", MemoryLayout<TestRunAttributes>.size, 80),
      ("pin", MemoryLayout<PinAttributes>.size, 24), ("identifier", MemoryLayout<IdentifierAttributes>.size, 12),
      ("info", MemoryLayout<InfoAttributes>.size, 16), ("link", MemoryLayout<LinkCreateAttributes>.size, 24),
      ("tracing link", MemoryLayout<TracingLinkAttributes>.size, 32),
      ("iterator link", MemoryLayout<IteratorLinkAttributes>.size, 32),
      ("ordered link", MemoryLayout<OrderedLinkAttributes>.size, 32),
      ("user probes link", MemoryLayout<UserProbesLinkAttributes>.size, 64),
      ("link update", MemoryLayout<LinkUpdateAttributes>.size, 16),
      ("link detach", MemoryLayout<LinkAttributes>.size, 8),
      ("raw tracepoint", MemoryLayout<RawTracepointAttributes>.size, 24),
      ("perf event", MemoryLayout<PerfEventAttributes>.size, 136),
    ]
    for (name, size, expected) in sizes { #expect(size == expected, "\(name)") }
  }

  @Test("names are cut to what the kernel takes")
  func names() {
    let rows = [
      ("counts", "counts"), (".rodata.str1.1", ".rodata.str1.1"), ("a name that is long", "a_name_that_is_"),
      ("größe", "gr____e"), ("", ""),
    ]
    for (name, expected) in rows { #expect(KernelName(name).text == expected, "\(name)") }
  }
}
