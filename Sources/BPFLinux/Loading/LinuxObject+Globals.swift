import BPFObject
public import BPFTypeFormat
import Synchronization

extension LinuxObject {
  /// The bytes of a variable, or of a part of one, now.
  ///
  /// - Parameter path: the variable's name, which `.member` and `[index]` may follow.
  /// - Throws: ``BPFError`` when there is no such variable.
  public func bytes(of path: String) throws(BPFError) -> [UInt8] {
    let place = try place(of: path)
    if let memory = try memory(of: place, writable: false) {
      return try memory.bytes(at: place.offset, count: place.byteCount)
    }
    let bytes = try map(place.map).lookupElement([0, 0, 0, 0])
    guard place.offset + place.byteCount <= bytes.count else {
      throw .refusal("variable '\(path)'", "it is not loaded")
    }
    return Array(bytes[place.offset..<place.offset + place.byteCount])
  }

  /// A variable, or a part of one, now, as its type says.
  ///
  /// - Throws: ``BPFError`` when there is no such variable, or its type is not known.
  public func value(of path: String) throws(BPFError) -> BTFValue {
    let place = try place(of: path)
    guard let types = object.types, let type = place.type else {
      throw .refusal("variable '\(path)'", "its type is not known", advice: "ask for its bytes")
    }
    let bytes = try bytes(of: path)
    do { return try BTFValue(reading: bytes, as: type, in: types) } catch {
      throw .refusal("variable '\(path)'", "\(error)")
    }
  }

  /// An integer variable, or a part of one, now.
  ///
  /// - Throws: ``BPFError`` when there is no such variable, or it has another number of bytes.
  public func value<Number: FixedWidthInteger & BitwiseCopyable>(
    of path: String, as type: Number.Type
  ) throws(BPFError) -> Number {
    let bytes = try bytes(of: path)
    guard bytes.count == Number.bitWidth / 8 else {
      throw .refusal("variable '\(path)'", "it has \(bytes.count) bytes, and \(type) \(Number.bitWidth / 8)")
    }
    var number: Number = 0
    for byte in bytes.reversed() { number = number << 8 | Number(truncatingIfNeeded: byte) }
    return number
  }

  /// Sets a variable, or a part of one, to an integer, while programs run.
  ///
  /// The bytes are written where they are when the map's memory can be shared, as that of variables nearly always can. Where
  /// it cannot (variables with special fields in the same section), the whole section is read and written back, and
  /// what programs write to it meanwhile is lost.
  ///
  /// - Throws: ``BPFError`` when there is no such variable, the value does not fit, or the variable is constant.
  public func set(_ path: String, to value: some FixedWidthInteger) throws(BPFError) {
    try set(path) { object throws(EditError) in try object.set(path, to: value) }
  }

  /// Sets a variable, or a part of one, to true or false.
  public func set(_ path: String, to value: Bool) throws(BPFError) {
    try set(path) { object throws(EditError) in try object.set(path, to: value) }
  }

  /// Sets an array of characters to a text, with zero bytes after it.
  public func set(_ path: String, to text: String) throws(BPFError) {
    try set(path) { object throws(EditError) in try object.set(path, to: text) }
  }

  /// Sets a variable, or a part of one, to what a text says, as a command line gives it.
  public func set(_ path: String, parsing text: String) throws(BPFError) {
    try set(path) { object throws(EditError) in try object.set(path, parsing: text) }
  }

  /// Sets the bytes of a variable, or of a part of one.
  public func setGlobal(_ path: String, bytes: [UInt8]) throws(BPFError) {
    try set(path) { object throws(EditError) in try object.setGlobal(path, bytes: bytes) }
  }

  /// The object's own rules make bytes of the value; they go into the kernel's map.
  private func set(_ path: String, _ edit: (inout ObjectFile) throws(EditError) -> Void) throws(BPFError) {
    let place = try place(of: path)
    let subject = "variable '\(path)'"
    switch object.maps[place.map]?.origin {
    case .readOnlyData, .configuration:
      throw .refusal(
        subject, "it is constant: its map '\(place.map)' is frozen", advice: "set it in the object before it is loaded")
    default: break
    }
    var edited = object
    let bytes: [UInt8]
    do throws(EditError) {
      try edit(&edited)
      bytes = try edited.bytes(of: path)
    } catch { throw .refusal(subject, "\(error)") }
    if let memory = try memory(of: place, writable: true) { return try memory.store(bytes, at: place.offset) }
    let map = try map(place.map)
    var section = try map.lookupElement([0, 0, 0, 0])
    guard place.offset + bytes.count <= section.count else { throw .refusal(subject, "it is not loaded") }
    section.replaceSubrange(place.offset..<place.offset + bytes.count, with: bytes)
    try map.updateElement([0, 0, 0, 0], to: section)
  }

  private func place(of path: String) throws(BPFError) -> GlobalVariable {
    do throws(EditError) { return try object.variable(at: path) } catch {
      throw .refusal("variable '\(path)'", "\(error)")
    }
  }

  /// The memory that holds a variable, mapped once; `nil` where the kernel does not share it.
  private func memory(of place: GlobalVariable, writable: Bool) throws(BPFError) -> MapMemory? {
    guard let definition = object.maps[place.map], definition.flags.contains(.memoryMappable),
      definition.kernelRecord == nil
    else { return nil }
    if let memory = memories.withLock({ $0[place.map] }), memory.isWritable || !writable { return memory }
    let memory = try map(place.map).memory(writable: writable)
    memories.withLock { $0[place.map] = memory }
    return memory
  }
}
