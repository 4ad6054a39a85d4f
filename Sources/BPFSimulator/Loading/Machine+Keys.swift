import BPFExecution
import BPFMaps

/// The keys that callbacks get.
extension Machine {
  /// The address of an element's key: in the element itself for hashes, a temporary index for arrays.
  func keyAddress(of element: ElementIndex, in map: LoadedMap) throws(AddressSpaceError) -> ProgramAddress {
    if let offset = map.map.keyOffset(of: element), let address = map.address(ofOffset: offset) { return address }
    return try takeContext(map.key(of: element), isWritable: false, name: "the key of map '\(map.name)'")
  }

  /// Ends the life of a key's address.
  func giveBackKey(_ address: ProgramAddress, of map: LoadedMap) {
    if map.offset(of: address) == nil { giveBackContext(address) }
  }
}
