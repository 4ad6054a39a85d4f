// The flags and sets are not in BTF. They are from the public documentation of kernel functions (docs.ebpf.io); which
// programs belong to which set was asked of a running Linux 6.18 with one function of a set for each program type.

extension KernelFunction {
  private typealias Row = (name: String, flags: Flags, role: Role?)

  /// The table, by name.
  static let byName: [String: KernelFunction] = {
    var table: [String: KernelFunction] = [:]
    for (programs, rows) in sets {
      for row in rows {
        table[row.name] = KernelFunction(name: row.name, flags: row.flags, programs: programs, role: row.role)
      }
    }
    return table
  }()

  private static let sets: [(KernelFunctionPrograms, [Row])] = [
    (.all, common),
    ([.tracing, .trafficClassifier, .xdp, .structOperations, .systemCall, .cgroup], generic),
    ([.tracing, .structOperations, .systemCall], processorMasks),
    (.lsm, files),
    (.tracing, keys),
    (.iterator, sockets),
    (
      [
        .trafficClassifier, .trafficAction, .socketSKB, .socketFilter, .cgroup, .lightweightTunnel, .netfilter,
        .tracing,
      ], packets
    ),
    ([.trafficClassifier, .trafficAction], packetMetadata),
    (.xdp, framePackets),
    ([.xdp, .trafficClassifier], connections),
    (.trafficClassifier, trafficClassifiers),
    (.cgroup, cgroups),
    ([.trafficClassifier, .trafficAction, .xdp], cryptography),
    (.systemCall, cryptographyContexts),
    (.kprobe, sessions),
  ]

  /// Every program may call these.
  private static let common: [Row] = [
    ("bpf_cast_to_kern_ctx", [.fastCall], .castToKernelContext),
    ("bpf_rdonly_cast", [.fastCall], .readOnlyCast),
    ("bpf_rcu_read_lock", [], .rcuLock),
    ("bpf_rcu_read_unlock", [], .rcuUnlock),
    ("bpf_dynptr_slice", [.mayReturnNull], .dynptrSlice(isWritable: false)),
    ("bpf_dynptr_slice_rdwr", [.mayReturnNull], .dynptrSlice(isWritable: true)),
    ("bpf_iter_num_new", [.iteratorNew], nil),
    ("bpf_iter_num_next", [.iteratorNext, .mayReturnNull], nil),
    ("bpf_iter_num_destroy", [.iteratorDestroy], nil),
    ("bpf_iter_task_vma_new", [.iteratorNew, .rcu], nil),
    ("bpf_iter_task_vma_next", [.iteratorNext, .mayReturnNull], nil),
    ("bpf_iter_task_vma_destroy", [.iteratorDestroy], nil),
    ("bpf_iter_css_task_new", [.iteratorNew, .trustedArguments], .iterateTasksOfCgroup),
    ("bpf_iter_css_task_next", [.iteratorNext, .mayReturnNull], nil),
    ("bpf_iter_css_task_destroy", [.iteratorDestroy], nil),
    ("bpf_iter_css_new", [.iteratorNew, .trustedArguments, .rcuProtected], nil),
    ("bpf_iter_css_next", [.iteratorNext, .mayReturnNull], nil),
    ("bpf_iter_css_destroy", [.iteratorDestroy], nil),
    ("bpf_iter_task_new", [.iteratorNew, .trustedArguments, .rcuProtected], nil),
    ("bpf_iter_task_next", [.iteratorNext, .mayReturnNull], nil),
    ("bpf_iter_task_destroy", [.iteratorDestroy], nil),
    ("bpf_dynptr_adjust", [], nil),
    ("bpf_dynptr_is_null", [], nil),
    ("bpf_dynptr_is_rdonly", [], nil),
    ("bpf_dynptr_size", [], nil),
    ("bpf_dynptr_clone", [], .cloneDynptr),
    ("bpf_wq_init", [], .initializeWork),
    ("bpf_wq_set_callback_impl", [], .setWorkCallback),
    ("bpf_wq_start", [], .startWork),
    ("bpf_preempt_disable", [], .disablePreemption),
    ("bpf_preempt_enable", [], .enablePreemption),
    ("bpf_iter_bits_new", [.iteratorNew], nil),
    ("bpf_iter_bits_next", [.iteratorNext, .mayReturnNull], nil),
    ("bpf_iter_bits_destroy", [.iteratorDestroy], nil),
    ("bpf_copy_from_user_str", [.sleepable], nil),
    ("bpf_get_kmem_cache", [], nil),
    ("bpf_iter_kmem_cache_new", [.iteratorNew, .sleepable], nil),
    ("bpf_iter_kmem_cache_next", [.iteratorNext, .mayReturnNull, .sleepable], nil),
    ("bpf_iter_kmem_cache_destroy", [.iteratorDestroy, .sleepable], nil),
    ("bpf_local_irq_save", [], .saveInterrupts),
    ("bpf_local_irq_restore", [], .restoreInterrupts),
    ("bpf_copy_from_user_task_str", [.sleepable], nil),
    ("bpf_dynptr_copy", [], nil),
    ("bpf_probe_read_user_dynptr", [], nil),
    ("bpf_probe_read_kernel_dynptr", [], nil),
    ("bpf_probe_read_user_str_dynptr", [], nil),
    ("bpf_probe_read_kernel_str_dynptr", [], nil),
    ("bpf_copy_from_user_dynptr", [.sleepable], nil),
    ("bpf_copy_from_user_str_dynptr", [.sleepable], nil),
    ("bpf_copy_from_user_task_dynptr", [.sleepable, .trustedArguments], nil),
    ("bpf_copy_from_user_task_str_dynptr", [.sleepable, .trustedArguments], nil),
    ("__bpf_trap", [], nil),
    ("bpf_dynptr_memset", [], nil),
    ("bpf_strchr", [], nil),
    ("bpf_strchrnul", [], nil),
    ("bpf_strcmp", [], nil),
    ("bpf_strcspn", [], nil),
    ("bpf_strlen", [], nil),
    ("bpf_strnchr", [], nil),
    ("bpf_strnlen", [], nil),
    ("bpf_strnstr", [], nil),
    ("bpf_strrchr", [], nil),
    ("bpf_strspn", [], nil),
    ("bpf_strstr", [], nil),
    ("bpf_strcasecmp", [], nil),
    ("bpf_iter_dmabuf_destroy", [.iteratorDestroy, .sleepable], nil),
    ("bpf_iter_dmabuf_new", [.iteratorNew, .sleepable], nil),
    ("bpf_iter_dmabuf_next", [.iteratorNext, .mayReturnNull, .sleepable], nil),
    ("bpf_stream_vprintk_impl", [.trustedArguments], nil),
    ("bpf_cgroup_read_xattr", [.rcu], nil),
    ("bpf_task_work_schedule_signal", [.trustedArguments], .scheduleTaskWork),
    ("bpf_task_work_schedule_signal_impl", [.trustedArguments], .scheduleTaskWork),
    ("bpf_task_work_schedule_resume", [.trustedArguments], .scheduleTaskWork),
    ("bpf_task_work_schedule_resume_impl", [.trustedArguments], .scheduleTaskWork),
    (
      "bpf_arena_alloc_pages", [.trustedArguments, .sleepable, .returnsArena, .mayReturnNull, .secondArgumentInArena],
      nil
    ),
    ("bpf_arena_free_pages", [.trustedArguments, .sleepable, .secondArgumentInArena], nil),
    ("bpf_arena_reserve_pages", [.trustedArguments, .sleepable, .secondArgumentInArena], nil),
    ("bpf_res_spin_lock", [.mayReturnNull], .resilientLock(savesInterrupts: false)),
    ("bpf_res_spin_unlock", [], .resilientUnlock(restoresInterrupts: false)),
    ("bpf_res_spin_lock_irqsave", [.mayReturnNull], .resilientLock(savesInterrupts: true)),
    ("bpf_res_spin_unlock_irqrestore", [], .resilientUnlock(restoresInterrupts: true)),
    ("bpf_map_sum_elem_count", [.trustedArguments], nil),
  ]

  /// Objects, tasks, cgroups.
  private static let generic: [Row] = [
    ("crash_kexec", [.destructive], nil),
    ("bpf_obj_new_impl", [.acquire, .mayReturnNull], .newObject),
    ("bpf_percpu_obj_new_impl", [.acquire, .mayReturnNull], .newPerCPUObject),
    ("bpf_obj_drop_impl", [.release], .dropObject),
    ("bpf_percpu_obj_drop_impl", [.release], .dropPerCPUObject),
    ("bpf_refcount_acquire_impl", [.acquire, .mayReturnNull, .rcu], .acquireObject),
    ("bpf_list_push_front_impl", [], .pushToList),
    ("bpf_list_push_back_impl", [], .pushToList),
    ("bpf_list_pop_front", [.acquire, .mayReturnNull], .popFromList),
    ("bpf_list_pop_back", [.acquire, .mayReturnNull], .popFromList),
    ("bpf_task_acquire", [.acquire, .rcu, .mayReturnNull], nil),
    ("bpf_task_release", [.release], nil),
    ("bpf_rbtree_remove", [.acquire, .mayReturnNull], .removeFromTree),
    ("bpf_rbtree_add_impl", [], .addToTree),
    ("bpf_rbtree_first", [.mayReturnNull], .peekTree),
    ("bpf_cgroup_acquire", [.acquire, .rcu, .mayReturnNull], nil),
    ("bpf_cgroup_release", [.release], nil),
    ("bpf_cgroup_ancestor", [.acquire, .rcu, .mayReturnNull], nil),
    ("bpf_cgroup_from_id", [.acquire, .mayReturnNull], nil),
    ("bpf_task_under_cgroup", [.rcu], nil),
    ("bpf_task_get_cgroup1", [.acquire, .rcu, .mayReturnNull], nil),
    ("bpf_task_from_pid", [.acquire, .mayReturnNull], nil),
    ("bpf_task_from_vpid", [.acquire, .mayReturnNull], nil),
    ("bpf_throw", [], .throwException),
    ("bpf_send_signal_task", [.trustedArguments], nil),
    ("bpf_list_back", [.mayReturnNull], .peekList),
    ("bpf_list_front", [.mayReturnNull], .peekList),
    ("bpf_rbtree_left", [.mayReturnNull], .peekTree),
    ("bpf_rbtree_right", [.mayReturnNull], .peekTree),
    ("bpf_rbtree_root", [.mayReturnNull], .peekTree),
  ]

  /// Masks of processors.
  private static let processorMasks: [Row] = [
    ("bpf_cpumask_create", [.acquire, .mayReturnNull], nil),
    ("bpf_cpumask_release", [.release], nil),
    ("bpf_cpumask_acquire", [.acquire, .trustedArguments], nil),
    ("bpf_cpumask_first", [.rcu], nil),
    ("bpf_cpumask_first_zero", [.rcu], nil),
    ("bpf_cpumask_first_and", [.rcu], nil),
    ("bpf_cpumask_set_cpu", [.rcu], nil),
    ("bpf_cpumask_clear_cpu", [.rcu], nil),
    ("bpf_cpumask_test_cpu", [.rcu], nil),
    ("bpf_cpumask_test_and_set_cpu", [.rcu], nil),
    ("bpf_cpumask_test_and_clear_cpu", [.rcu], nil),
    ("bpf_cpumask_setall", [.rcu], nil),
    ("bpf_cpumask_clear", [.rcu], nil),
    ("bpf_cpumask_and", [.rcu], nil),
    ("bpf_cpumask_or", [.rcu], nil),
    ("bpf_cpumask_xor", [.rcu], nil),
    ("bpf_cpumask_equal", [.rcu], nil),
    ("bpf_cpumask_intersects", [.rcu], nil),
    ("bpf_cpumask_subset", [.rcu], nil),
    ("bpf_cpumask_empty", [.rcu], nil),
    ("bpf_cpumask_full", [.rcu], nil),
    ("bpf_cpumask_copy", [.rcu], nil),
    ("bpf_cpumask_any_distribute", [.rcu], nil),
    ("bpf_cpumask_any_and_distribute", [.rcu], nil),
    ("bpf_cpumask_weight", [.rcu], nil),
    ("bpf_cpumask_populate", [.rcu], nil),
  ]

  /// Files: only for LSM programs.
  private static let files: [Row] = [
    ("bpf_get_file_xattr", [.sleepable, .trustedArguments], nil),
    ("bpf_get_task_exe_file", [.acquire, .trustedArguments, .mayReturnNull], nil),
    ("bpf_put_file", [.release], nil),
    ("bpf_path_d_path", [.trustedArguments], nil),
    ("bpf_get_dentry_xattr", [.sleepable, .trustedArguments], nil),
    ("bpf_set_dentry_xattr", [.sleepable, .trustedArguments], nil),
    ("bpf_remove_dentry_xattr", [.sleepable, .trustedArguments], nil),
    ("bpf_get_fsverity_digest", [.trustedArguments], nil),
  ]

  /// Keys and signatures, statistics of cgroups.
  private static let keys: [Row] = [
    ("bpf_lookup_user_key", [.acquire, .mayReturnNull, .sleepable], nil),
    ("bpf_lookup_system_key", [.acquire, .mayReturnNull], nil),
    ("bpf_key_put", [.release], nil),
    ("bpf_verify_pkcs7_signature", [.sleepable], nil),
    ("css_rstat_updated", [], nil),
    ("css_rstat_flush", [.sleepable], nil),
  ]

  /// Sockets: only for iterators.
  private static let sockets: [Row] = [
    ("bpf_sock_destroy", [.trustedArguments], nil)
  ]

  /// Packets.
  private static let packets: [Row] = [
    ("bpf_dynptr_from_skb", [.trustedArguments], .dynptrFromPacket(.skb))
  ]

  /// Metadata in front of packets.
  private static let packetMetadata: [Row] = [
    ("bpf_dynptr_from_skb_meta", [.trustedArguments], .dynptrFromPacket(.skbMetadata))
  ]

  /// Frames.
  private static let framePackets: [Row] = [
    ("bpf_dynptr_from_xdp", [], .dynptrFromPacket(.xdp)),
    ("bpf_xdp_pull_data", [], .changesPacket),
    ("bpf_xdp_metadata_rx_timestamp", [], nil),
    ("bpf_xdp_metadata_rx_hash", [], nil),
    ("bpf_xdp_metadata_rx_vlan_tag", [], nil),
    ("bpf_xdp_get_xfrm_state", [.mayReturnNull, .acquire], nil),
    ("bpf_xdp_xfrm_state_release", [.release], nil),
    ("bpf_xdp_flow_lookup", [.trustedArguments, .mayReturnNull], nil),
  ]

  /// Connections that netfilter tracks.
  private static let connections: [Row] = [
    ("bpf_xdp_ct_alloc", [.acquire, .mayReturnNull], nil),
    ("bpf_xdp_ct_lookup", [.acquire, .mayReturnNull], nil),
    ("bpf_skb_ct_alloc", [.acquire, .mayReturnNull], nil),
    ("bpf_skb_ct_lookup", [.acquire, .mayReturnNull], nil),
    ("bpf_ct_insert_entry", [.acquire, .mayReturnNull, .release], nil),
    ("bpf_ct_release", [.release], nil),
    ("bpf_ct_set_timeout", [.trustedArguments], nil),
    ("bpf_ct_change_timeout", [.trustedArguments], nil),
    ("bpf_ct_set_status", [.trustedArguments], nil),
    ("bpf_ct_change_status", [.trustedArguments], nil),
    ("bpf_ct_set_nat_info", [.trustedArguments], nil),
  ]

  /// For classifiers of tc.
  private static let trafficClassifiers: [Row] = [
    ("bpf_sk_assign_tcp_reqsk", [.trustedArguments], nil),
    ("bpf_skb_set_fou_encap", [], nil),
    ("bpf_skb_get_fou_encap", [], nil),
    ("bpf_skb_get_xfrm_info", [], nil),
    ("bpf_skb_set_xfrm_info", [], nil),
  ]

  /// For programs of cgroups.
  private static let cgroups: [Row] = [
    ("bpf_sock_addr_set_sun_path", [], nil),
    ("bpf_sock_ops_enable_tx_tstamp", [.trustedArguments], nil),
  ]

  /// Encryption of packets.
  private static let cryptography: [Row] = [
    ("bpf_crypto_decrypt", [.rcu], nil),
    ("bpf_crypto_encrypt", [.rcu], nil),
  ]

  /// Contexts for encryption.
  private static let cryptographyContexts: [Row] = [
    ("bpf_crypto_ctx_create", [.acquire, .mayReturnNull, .sleepable], nil),
    ("bpf_crypto_ctx_release", [.release], nil),
    ("bpf_crypto_ctx_acquire", [.acquire, .rcu, .mayReturnNull], nil),
  ]

  /// Sessions of probes.
  private static let sessions: [Row] = [
    ("bpf_session_is_return", [], nil),
    ("bpf_session_cookie", [], nil),
  ]
}
