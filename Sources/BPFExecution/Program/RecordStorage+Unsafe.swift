// Decoded instructions at a fixed place in host memory.
//
// Unsafe because the interpreter walks them by pointer. It stays within `count` records since decoding has checked
// every target of a jump and that the last record does not lead past the end.

/// One decoded instruction, at the same index as its slot.
struct Record {
  var operation: Operation
  var destination: UInt8 = 0
  var source: UInt8 = 0
  /// Loads and stores: the offset in bytes. Packet loads: the number of bytes. Jumps and local calls: the distance of the target in bytes of records,
  /// counted from the record that follows.
  var offset: Int32 = 0
  /// The immediate as the operation wants it, sign-extended unless the operation says otherwise.
  var immediate: UInt64 = 0
}

/// The records of a program.
///
/// `@unchecked Sendable`: the memory is written by `init` alone, before anyone else can see it.
final class RecordStorage: @unchecked Sendable {
  let base: UnsafePointer<Record>
  let count: Int

  init(_ records: [Record]) {
    let memory = UnsafeMutablePointer<Record>.allocate(capacity: records.count)
    memory.initialize(from: records, count: records.count)
    base = UnsafePointer(memory)
    count = records.count
  }

  deinit {
    UnsafeMutablePointer(mutating: base).deallocate()
  }

  /// The operation of the record at an index, which has to be within the program.
  func operation(at index: Int) -> Operation {
    precondition(index >= 0 && index < count)
    return base[index].operation
  }
}
