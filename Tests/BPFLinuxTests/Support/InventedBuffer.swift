import BPFLinux
import BPFObject
import Synchronization

/// A kernel that has one map, whose shared memory is the test's own: what stands in it is for the test to say.
final class InventedBuffer: SystemCalls, @unchecked Sendable {
  /// The memory, from the first mapped offset on.
  let memory: UnsafeMutableRawBufferPointer
  private let type: MapType
  private let maxEntries: UInt32
  private let mappings = Atomic(0)
  private let reads = Atomic(0)

  init(type: MapType, maxEntries: UInt32, byteCount: Int) {
    self.type = type
    self.maxEntries = maxEntries
    memory = .allocate(byteCount: byteCount, alignment: 4096)
    memory.initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit { memory.deallocate() }

  /// How many mappings there are now.
  var mappingCount: Int { mappings.load(ordering: .relaxed) }

  func perform(
    _ call: SystemCallName, _ first: Int, _ second: Int, _ third: Int, _ fourth: Int, _ fifth: Int
  ) -> Int {
    switch call {
    case .bpf:
      // BPF_OBJ_GET_INFO_BY_FD: the address of the answer is at offset 8.
      guard first == 15, let attributes = UnsafeRawPointer(bitPattern: second),
        let info = UnsafeMutableRawPointer(bitPattern: attributes.load(fromByteOffset: 8, as: UInt.self))
      else { return 1000 }
      let words = [type.rawValue, 1, type == .ringBuffer ? 0 : 4, type == .ringBuffer ? 0 : 4, maxEntries, 0]
      for (index, word) in words.enumerated() { info.storeBytes(of: word, toByteOffset: 4 * index, as: UInt32.self) }
      return 0
    case .mapMemory:
      // Length, protection, descriptor, offset.
      guard let start = memory.baseAddress, fourth + first <= memory.count else { return -12 }
      mappings.wrappingAdd(1, ordering: .relaxed)
      return Int(bitPattern: start) + fourth
    case .unmapMemory:
      mappings.wrappingSubtract(1, ordering: .relaxed)
      return 0
    case .makeEvent, .makeEventSet, .perfEventOpen, .openFile: return 1001
    case .readFile:
      // The list of CPUs, and its end.
      guard reads.wrappingAdd(1, ordering: .relaxed).oldValue % 2 == 0 else { return 0 }
      UnsafeMutableRawPointer(bitPattern: second)?.storeBytes(of: UInt8(ascii: "0"), as: UInt8.self)
      return 1
    default: return 0
    }
  }
}
