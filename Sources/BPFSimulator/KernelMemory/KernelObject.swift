import BPFExecution
import BPFTypeFormat

/// A structure of the simulated kernel in the memory that programs read, such as a `struct task_struct`.
///
/// Programs may read all of it and write none of it.
final class KernelObject {
  /// Where programs find it.
  let address: ProgramAddress
  /// What it is.
  let layout: KernelLayout

  fileprivate init(address: ProgramAddress, layout: KernelLayout) {
    self.address = address
    self.layout = layout
  }
}

/// Where the members of a structure lie.
final class KernelLayout {
  struct Field {
    var offset: Int
    var byteCount: Int
  }

  let name: String
  let type: BTFTypeID
  let byteCount: Int
  private let types: BTF
  private var fields: [String: Field] = [:]

  init(name: String, types: BTF) throws(MachineError) {
    guard let type = types.first(named: name, kind: .structure) else {
      throw MachineError("the simulated kernel has no 'struct \(name)'")
    }
    self.name = name
    self.type = type
    self.types = types
    do {
      byteCount = try types.size(of: type)
    } catch {
      throw MachineError("'struct \(name)' has no size: \(error)")
    }
  }

  /// The field that a path such as `mm` or `comm` or `thread.sp` names; members of anonymous members count as the
  /// structure's own.
  func field(_ path: String) throws(MachineError) -> Field {
    if let known = fields[path] { return known }
    var current = type
    var offset = 0
    var size = byteCount
    for name in path.split(separator: ".") {
      guard let member = find(String(name), in: current, depth: 0) else {
        throw MachineError("'struct \(self.name)' has no member '\(path)'")
      }
      offset += member.offset
      size = member.byteCount
      current = member.type
    }
    let field = Field(offset: offset, byteCount: size)
    fields[path] = field
    return field
  }

  private func find(
    _ name: String, in type: BTFTypeID, depth: Int
  ) -> (offset: Int, byteCount: Int, type: BTFTypeID)? {
    guard depth < 16, let resolved = try? types.resolve(type), let shape = try? types.type(resolved) else {
      return nil
    }
    let members: [BTFType.Member]
    switch shape.kind {
    case .structure(let composite), .union(let composite): members = composite.members
    default: return nil
    }
    for member in members {
      let offset = Int(member.bitOffset / 8)
      if member.name == name {
        guard let size = try? types.size(of: member.type) else { return nil }
        return (offset, size, member.type)
      }
      if member.name.isEmpty, let inner = find(name, in: member.type, depth: depth + 1) {
        return (offset + inner.offset, inner.byteCount, inner.type)
      }
    }
    return nil
  }
}

/// Makes kernel objects and writes their members.
final class KernelObjects {
  let types: BTF
  let memory: AddressSpace
  private var layouts: [String: KernelLayout] = [:]

  init(types: BTF, memory: AddressSpace) {
    self.types = types
    self.memory = memory
  }

  func layout(_ name: String) throws(MachineError) -> KernelLayout {
    if let known = layouts[name] { return known }
    let layout = try KernelLayout(name: name, types: types)
    layouts[name] = layout
    return layout
  }

  /// A zeroed structure.
  func make(_ name: String) throws(MachineError) -> KernelObject {
    let layout = try layout(name)
    do {
      let address = try memory.allocate(byteCount: layout.byteCount, writable: 0, name: "struct \(name)")
      return KernelObject(address: address, layout: layout)
    } catch {
      throw MachineError("no memory for a 'struct \(name)': \(error)")
    }
  }

  /// Ends an object; pointers that programs have kept fault from now on.
  func release(_ object: KernelObject) {
    memory.unmap(object.address)
  }

  /// Writes the low bytes of a number into a member of 1, 2, 4 or 8 bytes.
  func store(_ value: UInt64, in path: String, of object: KernelObject) throws(MachineError) {
    let field = try object.layout.field(path)
    let bytes = withUnsafeBytes(of: value.littleEndian) { Array($0.prefix(field.byteCount)) }
    memory.storeAsKernel(bytes, at: object.address + UInt64(field.offset))
  }

  /// Writes a zero-terminated string into a member that is an array of characters, cut to fit.
  func store(string: String, in path: String, of object: KernelObject) throws(MachineError) {
    let field = try object.layout.field(path)
    var bytes = Array(string.utf8.prefix(max(field.byteCount - 1, 0)))
    bytes.append(contentsOf: repeatElement(0, count: field.byteCount - bytes.count))
    memory.storeAsKernel(bytes, at: object.address + UInt64(field.offset))
  }

  /// The number in a member of up to 8 bytes.
  func load(_ path: String, of object: KernelObject) throws(MachineError) -> UInt64 {
    let field = try object.layout.field(path)
    let bytes = memory.read(object.address + UInt64(field.offset), byteCount: field.byteCount) ?? []
    return bytes.prefix(8).enumerated().reduce(0) { $0 | UInt64($1.element) << (8 * UInt64($1.offset)) }
  }
}
