extension Recording {
  /// The samples whose registers and stack were copied, with the frames that the program found, in a form that
  /// `Benchmarks/profile/offline_unwinder.c` reads: little-endian, nothing aligned.
  ///
  ///     "MRPSTACK", number of files,
  ///       each: number, length of the build id, inode, length of the path, build id, path
  ///     number of samples,
  ///       each: process, thread, status, number of frames, number of bytes, 17 registers, frames, bytes
  ///
  /// Numbers have four bytes; inodes, registers and frames eight.
  package func encodedCopies() -> [UInt8] {
    var bytes = Array("MRPSTACK".utf8)
    func put(_ value: some FixedWidthInteger) { withUnsafeBytes(of: value.littleEndian) { bytes += $0 } }
    put(UInt32(modules.count))
    for module in modules.values.sorted(by: { $0.number < $1.number }) {
      put(module.number)
      put(UInt32(module.buildID.count))
      put(module.inode)
      put(UInt32(module.path.utf8.count))
      bytes += module.buildID
      bytes += Array(module.path.utf8)
    }
    let numbers = memories.keys.filter { stackRecords[$0] != nil }.sorted()
    put(UInt32(numbers.count))
    for number in numbers {
      guard let memory = memories[number], let stack = stackRecords[number] else { continue }
      put(memory.process)
      put(memory.thread)
      put(UInt32(stack.status.rawValue))
      put(UInt32(stack.frames.count))
      put(UInt32(memory.bytes.count))
      for register in memory.registers { put(register) }
      for frame in stack.frames { put(frame.rawValue) }
      bytes += memory.bytes
    }
    return bytes
  }
}
