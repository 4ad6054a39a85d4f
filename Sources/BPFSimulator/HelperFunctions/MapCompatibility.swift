import BPFMaps
import BPFObject

/// Which helper works on which type of map: what the kernel's verifier proves of the map argument of a call.
enum MapCompatibility {
  /// Types of map that only the helpers named here take.
  private static let functionsByType: [MapType: Set<String>] = [
    .programArray: ["bpf_tail_call"],
    .perfEventArray: ["bpf_perf_event_output", "bpf_skb_output", "bpf_xdp_output"],
    .ringBuffer: [
      "bpf_ringbuf_output", "bpf_ringbuf_reserve", "bpf_ringbuf_query", "bpf_ringbuf_reserve_dynptr",
    ],
    .userRingBuffer: ["bpf_user_ringbuf_drain"],
    .stackTrace: ["bpf_get_stackid"],
    .cgroupArray: ["bpf_skb_under_cgroup", "bpf_current_task_under_cgroup"],
    .arrayOfMaps: ["bpf_map_lookup_elem"],
    .hashOfMaps: ["bpf_map_lookup_elem"],
    .queue: ["bpf_map_push_elem", "bpf_map_pop_elem", "bpf_map_peek_elem"],
    .stack: ["bpf_map_push_elem", "bpf_map_pop_elem", "bpf_map_peek_elem"],
    .bloomFilter: ["bpf_map_push_elem", "bpf_map_peek_elem"],
    .taskStorage: ["bpf_task_storage_get", "bpf_task_storage_delete"],
  ]

  /// Helpers that take only the types of map named here.
  private static let typesByFunction: [String: Set<MapType>] = [
    "bpf_tail_call": [.programArray],
    "bpf_perf_event_output": [.perfEventArray],
    "bpf_ringbuf_output": [.ringBuffer],
    "bpf_ringbuf_reserve": [.ringBuffer],
    "bpf_ringbuf_query": [.ringBuffer],
    "bpf_ringbuf_reserve_dynptr": [.ringBuffer],
    "bpf_user_ringbuf_drain": [.userRingBuffer],
    "bpf_get_stackid": [.stackTrace],
    "bpf_map_push_elem": [.queue, .stack, .bloomFilter],
    "bpf_map_pop_elem": [.queue, .stack],
    "bpf_map_peek_elem": [.queue, .stack, .bloomFilter],
    "bpf_map_lookup_percpu_elem": [.perCPUArray, .perCPUHash, .lruPerCPUHash],
    "bpf_task_storage_get": [.taskStorage],
    "bpf_task_storage_delete": [.taskStorage],
    "bpf_timer_init": [.hash, .lruHash, .array],
  ]

  /// Helpers that change a map, which a map that is read-only for programs forbids.
  private static let writers: Set<String> = [
    "bpf_map_update_elem", "bpf_map_delete_elem", "bpf_map_push_elem", "bpf_map_pop_elem",
  ]

  /// Why a helper cannot work on a map, `nil` when it can.
  static func problem(of function: String, with map: BPFMap) -> String? {
    if let functions = functionsByType[map.type], !functions.contains(function) {
      return "maps of type \(map.type) are only for \(functions.sorted().joined(separator: ", "))"
    }
    if let types = typesByFunction[function], !types.contains(map.type) {
      let names = types.sorted { $0.rawValue < $1.rawValue }.map { "\($0)" }.joined(separator: ", ")
      return "it takes maps of type \(names)"
    }
    if writers.contains(function), map.definition.flags.contains(.readOnlyForPrograms) {
      return "programs may not write to the map"
    }
    return nil
  }
}
