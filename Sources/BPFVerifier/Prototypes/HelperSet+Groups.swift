internal import BPFInstructions

// Asked of a running Linux 6.18, program type by program type. What its configuration lacks, and what no program could
// be loaded for (fentry, LSM, infrared), is from the documentation of the helper functions.

extension HelperSet {
  /// What every program may call.
  static let common = HelperSet(
    named: """
      map_lookup_elem map_update_elem map_delete_elem ktime_get_ns trace_printk get_prandom_u32 get_smp_processor_id
      tail_call get_current_pid_tgid get_current_uid_gid get_current_comm get_cgroup_classid perf_event_read
      get_current_task current_task_under_cgroup get_numa_node_id perf_event_read_value get_current_cgroup_id
      map_push_elem map_pop_elem map_peek_elem spin_lock spin_unlock strtol strtoul send_signal probe_read_user
      probe_read_kernel probe_read_user_str probe_read_kernel_str send_signal_thread jiffies64 get_ns_current_pid_tgid
      get_current_ancestor_cgroup_id ktime_get_boot_ns ringbuf_output ringbuf_reserve ringbuf_submit ringbuf_discard
      ringbuf_query get_task_stack copy_from_user snprintf_btf per_cpu_ptr this_cpu_ptr task_storage_get
      task_storage_delete get_current_task_btf for_each_map_elem snprintf timer_init timer_set_callback timer_start
      timer_cancel task_pt_regs get_branch_snapshot trace_vprintk find_vma loop strncmp copy_from_user_task kptr_xchg
      map_lookup_percpu_elem dynptr_from_mem ringbuf_reserve_dynptr ringbuf_submit_dynptr ringbuf_discard_dynptr
      dynptr_read dynptr_write dynptr_data ktime_get_tai_ns user_ringbuf_drain cgrp_storage_get cgrp_storage_delete
      """)

  /// From a socket to the kernel's structure for its protocol.
  static let socketCasts = HelperSet(
    named: """
      skc_to_tcp6_sock skc_to_tcp_sock skc_to_tcp_timewait_sock skc_to_tcp_request_sock skc_to_udp6_sock
      skc_to_unix_sock skc_to_mptcp_sock
      """)

  /// Looking for sockets, and letting go of them.
  static let socketLookups = HelperSet(
    named: """
      sk_lookup_tcp sk_lookup_udp sk_release skc_lookup_tcp
      """)

  /// What programs that trace may call besides.
  static let tracing = HelperSet(
    named: """
      probe_read perf_event_output get_stackid probe_write_user probe_read_str get_stack
      """)

  /// What socket filters may call besides.
  static let socketFilter = HelperSet(
    named: """
      perf_event_output skb_load_bytes get_socket_cookie get_socket_uid skb_load_bytes_relative get_netns_cookie
      ktime_get_coarse_ns
      """)

  /// What classifiers and actions of tc may call besides.
  static let trafficControl = HelperSet(
    named: """
      skb_store_bytes l3_csum_replace l4_csum_replace clone_redirect skb_vlan_push skb_vlan_pop skb_get_tunnel_key
      skb_set_tunnel_key redirect get_route_realm perf_event_output skb_load_bytes csum_diff skb_get_tunnel_opt
      skb_set_tunnel_opt skb_change_proto skb_change_type skb_under_cgroup get_hash_recalc skb_change_tail
      skb_pull_data csum_update set_hash_invalid skb_change_head get_socket_cookie get_socket_uid set_hash
      skb_adjust_room skb_get_xfrm_state skb_load_bytes_relative fib_lookup skb_cgroup_id skb_ancestor_cgroup_id
      sk_fullsock tcp_sock skb_ecn_set_ce get_listener_sock tcp_check_syncookie sk_storage_get sk_storage_delete
      tcp_gen_syncookie get_netns_cookie sk_assign csum_level skb_cgroup_classid redirect_neigh redirect_peer
      ktime_get_coarse_ns check_mtu skb_set_tstamp tcp_raw_gen_syncookie_ipv4 tcp_raw_gen_syncookie_ipv6
      tcp_raw_check_syncookie_ipv4 tcp_raw_check_syncookie_ipv6
      """)

  /// What XDP programs may call besides.
  static let xdp = HelperSet(
    named: """
      redirect perf_event_output csum_diff xdp_adjust_head redirect_map xdp_adjust_meta xdp_adjust_tail fib_lookup
      tcp_check_syncookie tcp_gen_syncookie ktime_get_coarse_ns check_mtu xdp_get_buff_len xdp_load_bytes
      xdp_store_bytes tcp_raw_gen_syncookie_ipv4 tcp_raw_gen_syncookie_ipv6 tcp_raw_check_syncookie_ipv4
      tcp_raw_check_syncookie_ipv6
      """)

  /// What `cgroup_skb` programs may call besides.
  static let cgroupSKB = HelperSet(
    named: """
      perf_event_output skb_load_bytes get_socket_cookie get_socket_uid skb_load_bytes_relative skb_cgroup_id
      get_local_storage skb_ancestor_cgroup_id sk_fullsock tcp_sock skb_ecn_set_ce get_listener_sock sk_storage_get
      sk_storage_delete get_netns_cookie sk_cgroup_id sk_ancestor_cgroup_id ktime_get_coarse_ns
      """)

  /// What `cgroup/sock…` programs may call besides.
  static let cgroupSocket = HelperSet(
    named: """
      perf_event_output get_socket_cookie get_local_storage sk_storage_get get_netns_cookie ktime_get_coarse_ns
      get_retval set_retval
      """)

  /// What programs of lightweight tunnels may call besides.
  static let lightweightTunnel = HelperSet(
    named: """
      get_route_realm perf_event_output skb_load_bytes csum_diff skb_under_cgroup get_hash_recalc skb_pull_data
      ktime_get_coarse_ns
      """)

  /// What `lwt_xmit` programs may call besides; they may change packets.
  static let lightweightTunnelTransmit = HelperSet(
    named: """
      skb_store_bytes l3_csum_replace l4_csum_replace clone_redirect skb_get_tunnel_key skb_set_tunnel_key redirect
      get_route_realm perf_event_output skb_load_bytes csum_diff skb_get_tunnel_opt skb_set_tunnel_opt
      skb_under_cgroup get_hash_recalc skb_change_tail skb_pull_data csum_update set_hash_invalid skb_change_head
      lwt_push_encap csum_level ktime_get_coarse_ns
      """)

  /// What `sockops` programs may call besides.
  static let socketOperations = HelperSet(
    named: """
      perf_event_output get_socket_cookie setsockopt sock_map_update getsockopt sock_ops_cb_flags_set sock_hash_update
      get_local_storage tcp_sock sk_storage_get sk_storage_delete get_netns_cookie load_hdr_opt store_hdr_opt
      reserve_hdr_opt ktime_get_coarse_ns
      """)

  /// What `sk_skb` programs may call besides.
  static let socketSKB = HelperSet(
    named: """
      skb_store_bytes perf_event_output skb_load_bytes skb_change_tail skb_pull_data skb_change_head get_socket_cookie
      get_socket_uid skb_adjust_room sk_redirect_map sk_redirect_hash ktime_get_coarse_ns
      """)

  /// What `sk_msg` programs may call besides.
  static let socketMessage = HelperSet(
    named: """
      perf_event_output msg_redirect_map msg_apply_bytes msg_cork_bytes msg_pull_data msg_redirect_hash msg_push_data
      msg_pop_data sk_storage_get sk_storage_delete get_netns_cookie ktime_get_coarse_ns
      """)

  /// What programs that see a socket address may call besides.
  static let cgroupSocketAddress = HelperSet(
    named: """
      perf_event_output get_socket_cookie setsockopt getsockopt get_local_storage sk_storage_get sk_storage_delete
      get_netns_cookie ktime_get_coarse_ns
      """)

  /// What `sk_reuseport` programs may call besides.
  static let socketReusePort = HelperSet(
    named: """
      skb_load_bytes get_socket_cookie skb_load_bytes_relative sk_select_reuseport ktime_get_coarse_ns
      """)

  /// What `cgroup/sysctl` programs may call besides.
  static let cgroupSystemControl = HelperSet(
    named: """
      perf_event_output get_local_storage sysctl_get_name sysctl_get_current_value sysctl_get_new_value
      sysctl_set_new_value ktime_get_coarse_ns get_retval set_retval
      """)

  /// What `sk_lookup` programs may call besides.
  static let socketLookup = HelperSet(
    named: """
      perf_event_output sk_release sk_assign ktime_get_coarse_ns
      """)

  /// What `cgroup/getsockopt` programs may call besides.
  static let cgroupSocketOption = HelperSet(
    named: """
      perf_event_output get_local_storage tcp_sock sk_storage_get sk_storage_delete get_netns_cookie get_retval
      set_retval
      """)

  /// What programs with typed pointers of the kernel may call besides.
  static let kernelObjects = HelperSet(
    named: """
      get_socket_cookie sk_storage_get sk_storage_delete skb_output xdp_output d_path sock_from_file get_func_ip
      xdp_get_buff_len
      """)

  // MARK: Smaller sets, for one hook or a few

  /// What kprobes may call besides ``tracing``.
  static let kernelProbe = HelperSet(named: "get_attach_cookie get_func_ip override_return")

  /// What tracepoints may call besides ``tracing``.
  static let tracepoint = HelperSet(named: "get_attach_cookie get_func_ip")

  /// What `perf_event` programs may call besides ``tracing``.
  static let perfEvent = HelperSet(named: "get_attach_cookie get_func_ip perf_prog_read_value read_branch_records")

  /// What `syscall` programs may call besides.
  static let systemCall = HelperSet(named: "sys_bpf sys_close kallsyms_lookup_name btf_find_by_name_kind")

  /// What `lirc_mode2` programs may call besides.
  static let infrared = HelperSet(named: "rc_repeat rc_keydown rc_pointer_rel")

  /// What `cgroup/dev` programs may call besides.
  static let cgroupDevice = HelperSet(named: "perf_event_output get_local_storage")

  /// The value that the system call of a cgroup's hook returns.
  static let returnValue = HelperSet(named: "get_retval set_retval")

  /// Options of sockets.
  static let socketOptions = HelperSet(named: "setsockopt getsockopt")

  /// What `lwt_in` programs may call besides ``lightweightTunnel``.
  static let encapsulation = HelperSet(named: "lwt_push_encap")

  /// What `lwt_seg6local` programs may call besides ``lightweightTunnel``.
  static let segmentRouting = HelperSet(named: "lwt_seg6_store_bytes lwt_seg6_adjust_srh lwt_seg6_action")

  /// What flow dissectors may call besides.
  static let flowDissector = HelperSet(named: "skb_load_bytes ktime_get_coarse_ns")

  /// The file that an iterator writes.
  static let sequenceFile = HelperSet(named: "seq_printf seq_printf_btf seq_write")

  /// What programs at the entry or exit of a function may call besides.
  static let trampoline = HelperSet(named: "get_attach_cookie get_func_arg get_func_ret get_func_arg_cnt")

  /// The number that was given when the program was attached.
  static let attachCookie = HelperSet(named: "get_attach_cookie")

  /// What `lsm_cgroup` programs may call besides ``securityModule``.
  static let cgroupSecurity = HelperSet(
    named: "setsockopt getsockopt get_netns_cookie get_local_storage get_retval set_retval")

  /// What `cgroup/connect4` and `6` may call besides.
  static let connect = HelperSet(named: "bind get_retval set_retval")

  /// What `lsm` programs may call besides.
  static let securityHooks = HelperSet(
    named: """
      inode_storage_get inode_storage_delete bprm_opts_set ima_inode_hash ima_file_hash get_attach_cookie
      get_func_arg get_func_ret get_func_arg_cnt
      """)

  /// The functions of the names in a text, without their prefix `bpf_`.
  init(named names: String) {
    self.init(names.split { $0 == " " || $0 == "\n" }.compactMap { HelperFunction(name: "bpf_\($0)")?.identifier })
  }
}
