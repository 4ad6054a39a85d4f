package import BPFObject
package import BPFTypeFormat

/// Which maps go with which programs and helper functions.
package enum MapRule {
  /// Why a program of a kind may not use a map, as the kernel says it; `nil` when it may.
  package static func refusal(of map: MapDefinition, fields: SpecialFields, for kind: ProgramKind) -> String? {
    if !fields.fields.isEmpty, let message = refusal(of: fields, for: kind.type) { return message }
    if map.type == .structOperations { return "bpf_struct_ops map cannot be used in prog" }
    if kind.isSleepable, !sleepable.contains(map.type) {
      return "Sleepable programs can only use array, hash, ringbuf and local storage maps"
    }
    return nil
  }

  private static func refusal(of fields: SpecialFields, for type: ProgramType) -> String? {
    func has(_ kinds: SpecialFields.Kind...) -> Bool { fields.fields.contains { kinds.contains($0.kind) } }
    let hasLock = has(.spinLock, .resilientSpinLock)
    switch type {
    case .socketFilter: return hasLock ? "socket filter progs cannot use bpf_spin_lock yet" : nil
    case .kprobe, .tracepoint, .perfEvent, .rawTracepoint, .rawTracepointWritable:
      if has(.listHead, .treeRoot) { return "tracing progs cannot use bpf_{list_head,rb_root} yet" }
      if hasLock { return "tracing progs cannot use bpf_spin_lock yet" }
      if has(.timer) { return "tracing progs cannot use bpf_timer yet" }
      return has(.workQueue) ? "tracing progs cannot use bpf_wq yet" : nil
    default: return nil
    }
  }

  private static let sleepable: Set<MapType> = [
    .hash, .lruHash, .array, .perCPUHash, .perCPUArray, .lruPerCPUHash, .arrayOfMaps, .hashOfMaps, .ringBuffer,
    .userRingBuffer, .inodeStorage, .socketStorage, .taskStorage, .cgroupLocalStorage, .queue, .stack, .arena,
  ]

  /// Whether a helper function takes a map of a type (`cannot pass map_type N into func F#N`).
  ///
  /// - Parameters:
  ///   - map: the type of the map.
  ///   - helper: the number of the function.
  ///   - kind: the kind of program, which matters for changes of maps of sockets.
  package static func allows(_ map: MapType, in helper: Int32, for kind: ProgramKind) -> Bool {
    if let wanted = mapsOfHelper[helper], !wanted.contains(map) { return false }
    guard let known = helpersOfMap[map] else { return true }
    return known.contains(helper) || isSocketMapChange(map, helper, kind)
  }

  /// Whether a program may update or delete in a map of sockets with the general functions
  /// (otherwise `cannot update sockmap in this context`).
  package static func mayChangeSocketMap(_ helper: Int32, for kind: ProgramKind) -> Bool {
    let (update, delete): (Int32, Int32) = (2, 3)
    switch kind.type {
    case .tracing: return kind.attachType == AttachType.traceIterator.rawValue && [update, delete].contains(helper)
    case .socketOperations: return helper == delete
    case .socketFilter, .trafficClassifier, .trafficAction, .xdp, .socketReusePort, .flowDissector, .socketLookup:
      return [update, delete].contains(helper)
    default: return false
    }
  }

  private static func isSocketMapChange(_ map: MapType, _ helper: Int32, _ kind: ProgramKind) -> Bool {
    (map == .socketMap || map == .socketHash) && mayChangeSocketMap(helper, for: kind)
  }

  /// Maps that only some functions take, with those functions.
  private static let helpersOfMap: [MapType: HelperSet] = [
    .programArray: HelperSet(named: "tail_call"),
    .perfEventArray: HelperSet(
      named: "perf_event_read perf_event_output skb_output perf_event_read_value xdp_output"),
    .ringBuffer: HelperSet(named: "ringbuf_output ringbuf_reserve ringbuf_query ringbuf_reserve_dynptr"),
    .userRingBuffer: HelperSet(named: "user_ringbuf_drain"),
    .stackTrace: HelperSet(named: "get_stackid"),
    .cgroupArray: HelperSet(named: "skb_under_cgroup current_task_under_cgroup"),
    .cgroupStorage: HelperSet(named: "get_local_storage"),
    .perCPUCgroupStorage: HelperSet(named: "get_local_storage"),
    .deviceMap: HelperSet(named: "redirect_map map_lookup_elem"),
    .deviceMapHash: HelperSet(named: "redirect_map map_lookup_elem"),
    .cpuMap: HelperSet(named: "redirect_map"),
    .xskMap: HelperSet(named: "redirect_map map_lookup_elem"),
    .arrayOfMaps: HelperSet(named: "map_lookup_elem"),
    .hashOfMaps: HelperSet(named: "map_lookup_elem"),
    .socketMap: HelperSet(
      named: "sk_redirect_map sock_map_update msg_redirect_map sk_select_reuseport map_lookup_elem"),
    .socketHash: HelperSet(
      named: "sk_redirect_hash sock_hash_update msg_redirect_hash sk_select_reuseport map_lookup_elem"),
    .reusePortSocketArray: HelperSet(named: "sk_select_reuseport"),
    .queue: HelperSet(named: "map_push_elem map_pop_elem map_peek_elem"),
    .stack: HelperSet(named: "map_push_elem map_pop_elem map_peek_elem"),
    .socketStorage: HelperSet(named: "sk_storage_get sk_storage_delete kptr_xchg"),
    .inodeStorage: HelperSet(named: "inode_storage_get inode_storage_delete kptr_xchg"),
    .taskStorage: HelperSet(named: "task_storage_get task_storage_delete kptr_xchg"),
    .cgroupLocalStorage: HelperSet(named: "cgrp_storage_get cgrp_storage_delete kptr_xchg"),
    .bloomFilter: HelperSet(named: "map_peek_elem map_push_elem"),
  ]

  /// Functions that take only some maps, with those maps.
  private static let mapsOfHelper: [Int32: Set<MapType>] = {
    let rows: [(String, Set<MapType>)] = [
      ("tail_call", [.programArray]),
      ("perf_event_read perf_event_output skb_output perf_event_read_value xdp_output", [.perfEventArray]),
      ("ringbuf_output ringbuf_reserve ringbuf_query ringbuf_reserve_dynptr", [.ringBuffer]),
      ("user_ringbuf_drain", [.userRingBuffer]),
      ("get_stackid", [.stackTrace]),
      ("skb_under_cgroup current_task_under_cgroup", [.cgroupArray]),
      ("redirect_map", [.deviceMap, .deviceMapHash, .cpuMap, .xskMap]),
      ("sk_redirect_map msg_redirect_map sock_map_update", [.socketMap]),
      ("sk_redirect_hash msg_redirect_hash sock_hash_update", [.socketHash]),
      ("get_local_storage", [.cgroupStorage, .perCPUCgroupStorage]),
      ("sk_select_reuseport", [.reusePortSocketArray, .socketMap, .socketHash]),
      ("map_pop_elem", [.queue, .stack]),
      ("map_peek_elem map_push_elem", [.queue, .stack, .bloomFilter]),
      ("map_lookup_percpu_elem", [.perCPUArray, .perCPUHash, .lruPerCPUHash]),
      ("sk_storage_get sk_storage_delete", [.socketStorage]),
      ("inode_storage_get inode_storage_delete", [.inodeStorage]),
      ("task_storage_get task_storage_delete", [.taskStorage]),
      ("cgrp_storage_get cgrp_storage_delete", [.cgroupLocalStorage]),
    ]
    var table: [Int32: Set<MapType>] = [:]
    for (names, maps) in rows { for helper in HelperSet(named: names).identifiers { table[helper] = maps } }
    return table
  }()
}
