import BPFExecution
import BPFMaps

/// Values that belong to tasks.
let taskStorageHelpers: [HelperImplementation] = [
  .init("bpf_task_storage_get", storageGet),
  .init("bpf_task_storage_delete", storageDelete),
]

/// Returns the task's value, made with `BPF_LOCAL_STORAGE_GET_F_CREATE` from the bytes given or of zeros, or NULL.
private func storageGet(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_task_storage_get"
  let (map, storage) = try run.taskStorage(invocation.r1, name)
  let (taskAddress, initial, flags) = (invocation.r2, invocation.r3, invocation.r4)
  guard taskAddress != 0 else { return 0 }
  let task = try run.task(taskAddress, name, argument: 2)
  let owner = StorageOwner(rawValue: task.object.address)
  if initial == 0 {
    return storage.programGet(owner, flags: flags).flatMap(map.address(ofOffset:)) ?? 0
  }
  let offset = run.machine.memory.withBytes(at: initial, byteCount: storage.valueSize) { bytes in
    storage.programGet(owner, flags: flags, initialValue: bytes)
  }
  guard let offset else { throw run.invalidArgument(name, 3, initial, "a value of \(storage.valueSize) bytes") }
  return offset.flatMap(map.address(ofOffset:)) ?? 0
}

private func storageDelete(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_task_storage_delete"
  let (_, storage) = try run.taskStorage(invocation.r1, name)
  guard invocation.r2 != 0 else { return LinuxErrno.invalidArgument.register }
  let task = try run.task(invocation.r2, name, argument: 2)
  return status { () throws(LinuxErrno) in
    try storage.programDelete(StorageOwner(rawValue: task.object.address))
  }
}

extension ProgramRun {
  fileprivate func taskStorage(
    _ address: UInt64, _ function: String
  ) throws(ExecutionFault) -> (LoadedMap, TaskStorageMap) {
    let map = try map(address, function)
    guard let storage = map.map as? TaskStorageMap else {
      throw invalidArgument(function, 1, address, "a task storage")
    }
    return (map, storage)
  }
}

extension Machine {
  /// Gives back what the maps keep for a task whose last reference is gone.
  func releaseStorage(of task: SimulatedTask) {
    for id in mapIDs {
      guard let storage = maps[id]?.map as? TaskStorageMap else { continue }
      storage.ownerEnded(StorageOwner(rawValue: task.object.address))
    }
  }
}
