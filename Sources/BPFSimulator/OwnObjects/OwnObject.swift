import BPFExecution
import BPFMaps
import BPFTypeFormat

/// An object of a program's own type: made by `bpf_obj_new`, gone with the last reference to it.
final class OwnObject {
  let address: ProgramAddress
  /// The heads, roots and pointers in it, which go with it.
  let fields: [SpecialFields.Field]
  var referenceCount = 1

  init(address: ProgramAddress, fields: [SpecialFields.Field]) {
    self.address = address
    self.fields = fields
  }
}

/// The objects of programs, and the lists and trees that they are in.
///
/// A node, a head and a root are known by their addresses; their bytes stay zero.
struct OwnObjects {
  var objects: [ProgramAddress: OwnObject] = [:]
  /// The nodes of each list that is not empty, by its head, in order.
  var lists: [ProgramAddress: [ProgramAddress]] = [:]
  /// The nodes of each tree that is not empty, by its root.
  var trees: [ProgramAddress: NodeTree] = [:]
  /// The head or root of the list or tree that a node is in.
  var owners: [ProgramAddress: ProgramAddress] = [:]

  /// The object that an address lies in: each is a region of its own.
  func object(holding address: ProgramAddress) -> OwnObject? { objects[address & ~0xffff_ffff] }
}

extension Machine {
  /// Makes an object of a type of a program, with one reference; `nil` when there is no room for it.
  func makeOwnObject(_ type: BTFTypeID, in types: BTF) -> OwnObject? {
    guard let byteCount = try? types.size(of: type), let name = try? types.type(types.resolve(type)).name,
      let address = try? memory.allocate(byteCount: byteCount, name: "an object of type 'struct \(name)'")
    else { return nil }
    let fields = (try? SpecialFields.find(in: types, value: type))?.fields ?? []
    let object = OwnObject(address: address, fields: fields)
    ownObjects.objects[address] = object
    return object
  }

  /// Drops a reference to an object; with the last one it is gone, and all that it owns.
  func drop(_ object: OwnObject) {
    object.referenceCount -= 1
    guard object.referenceCount == 0 else { return }
    releaseContents(object.fields, at: object.address)
    ownObjects.objects[object.address] = nil
    memory.unmap(object.address)
  }

  /// Drops what the fields of a value or an object own.
  func releaseContents(_ fields: [SpecialFields.Field], at base: ProgramAddress) {
    for field in fields {
      let place = base + UInt64(field.offset)
      switch field.kind {
      case .listHead:
        for node in ownObjects.lists.removeValue(forKey: place) ?? [] { dropNode(node) }
      case .treeRoot:
        for node in ownObjects.trees.removeValue(forKey: place)?.inOrder ?? [] { dropNode(node) }
      case .referencedPointer, .perCPUPointer:
        guard let target = memory.load(place, as: UInt64.self), target != 0 else { break }
        releaseReference(at: target)
      case .taskWork, .timer, .workQueue, .spinLock, .resilientSpinLock, .referenceCount, .untrustedPointer,
        .userPointer:
        break
      }
    }
  }

  private func dropNode(_ node: ProgramAddress) {
    ownObjects.owners[node] = nil
    if let object = ownObjects.object(holding: node) { drop(object) }
  }

  /// Gives back a reference that a program or a map value has had to an object or a task.
  func releaseReference(at address: ProgramAddress) {
    if let object = ownObjects.objects[address] {
      drop(object)
    } else if let task = tasksByAddress[address] {
      releaseReference(to: task)
    }
  }
}
