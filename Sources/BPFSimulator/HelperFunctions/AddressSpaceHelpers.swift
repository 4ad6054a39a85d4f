import BPFExecution
import BPFMaps

/// What is mapped in a task's memory.
let addressSpaceHelpers: [HelperImplementation] = [
  .init("bpf_find_vma", findMapping)
]

/// Calls a function of the program with the mapping that holds an address.
private func findMapping(_ run: ProgramRun, _ invocation: inout Invocation) throws(ExecutionFault) -> UInt64 {
  let name = "bpf_find_vma"
  let task = try run.task(invocation.r1, name)
  let (address, callback, argument, flags) = (invocation.r2, invocation.r3, invocation.r4, invocation.r5)
  _ = try run.function(callback, name, argument: 3, invocation)
  guard flags == 0 else { return LinuxErrno.invalidArgument.register }
  guard let memory = task.memory, let mapping = memory.mapping(containing: address) else {
    return LinuxErrno.noSuchEntry.register
  }
  let objects: [KernelObject]
  do {
    objects = try run.machine.makeObjects(of: mapping, in: task)
  } catch {
    throw ExecutionFault(.environment("\(name): \(error)"))
  }
  defer { for object in objects { run.machine.kernelObjects.release(object) } }
  let result = try invocation.call(function: callback, task.object.address, objects[0].address, argument)
  // There is one mapping, so that it makes no difference which.
  try requireLoopResult(result, name)
  return 0
}

extension Machine {
  /// A `struct vm_area_struct`, then its file, the file's name, inode and file system.
  fileprivate func makeObjects(
    of mapping: UserMemory.Mapping, in task: SimulatedTask
  ) throws(MachineError) -> [KernelObject] {
    let area = try kernelObjects.make("vm_area_struct")
    try kernelObjects.store(mapping.start, in: "vm_start", of: area)
    try kernelObjects.store(mapping.end, in: "vm_end", of: area)
    try kernelObjects.store(try kernelObjects.load("mm", of: task.object), in: "vm_mm", of: area)
    // VM_READ, VM_WRITE and VM_EXEC are the bits of the protection; VM_MAYREAD, VM_MAYWRITE and VM_MAYEXEC above them.
    var flags = UInt64(mapping.protection.rawValue) | 0x70
    if mapping.isDevice { flags |= 0x4000 }
    try kernelObjects.store(flags, in: "vm_flags", of: area)
    guard case .file(let path) = mapping.backing else { return [area] }
    try kernelObjects.store(mapping.fileOffset / UserMemory.pageSize, in: "vm_pgoff", of: area)
    let file = try kernelObjects.make("file")
    let entry = try kernelObjects.make("dentry")
    let name = path.split(separator: "/").last.map(String.init) ?? path
    try kernelObjects.store(string: name, in: "d_shortname.string", of: entry)
    let place = try entry.layout.field("d_shortname.string")
    try kernelObjects.store(entry.address + UInt64(place.offset), in: "d_name.name", of: entry)
    try kernelObjects.store(UInt64(min(name.utf8.count, place.byteCount - 1)), in: "d_name.len", of: entry)
    try kernelObjects.store(entry.address, in: "f_path.dentry", of: file)
    try kernelObjects.store(file.address, in: "vm_file", of: area)
    let inode = try kernelObjects.make("inode")
    let fileSystem = try kernelObjects.make("super_block")
    try kernelObjects.store(inodeNumber(of: path), in: "i_ino", of: inode)
    // The first device without a name of its own, as a file system in memory has it.
    try kernelObjects.store(1, in: "s_dev", of: fileSystem)
    try kernelObjects.store(fileSystem.address, in: "i_sb", of: inode)
    try kernelObjects.store(inode.address, in: "f_inode", of: file)
    try kernelObjects.store(inode.address, in: "d_inode", of: entry)
    return [area, file, entry, inode, fileSystem]
  }

  /// The number of a file: paths are numbered as they are first asked for.
  private func inodeNumber(of path: String) -> UInt64 {
    if let known = inodeNumbers[path] { return known }
    let number = UInt64(inodeNumbers.count) + 1
    inodeNumbers[path] = number
    return number
  }
}
