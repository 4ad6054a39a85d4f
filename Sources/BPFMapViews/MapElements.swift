public import BPFObject

/// A map of an engine, as user space sees it: bytes of keys and values, in the layout of C.
public protocol MapElements: Sendable {
  /// What goes wrong.
  associatedtype Failure: Error

  /// The name of the map.
  var name: String { get }
  /// The type of the map.
  var type: MapType { get }
  /// The size of a key in bytes.
  var keySize: Int { get }
  /// The size of a value in bytes, as programs see it.
  var valueSize: Int { get }
  /// The size in bytes of what is read and written as a value: ``valueSize``, or the values of all CPUs.
  var transferSize: Int { get }
  /// How many elements there can be.
  var elementLimit: Int { get }

  /// Copies the value of an element.
  ///
  /// - Parameters:
  ///   - key: ``keySize`` bytes; none for queues and stacks.
  ///   - value: ``transferSize`` bytes, which are overwritten if there is such an element.
  ///   - removing: whether the element is removed at the same time.
  /// - Returns: whether there is such an element.
  func readElement(_ key: RawSpan, into value: inout MutableRawSpan, removing: Bool) throws(Failure) -> Bool

  /// Sets the value of an element.
  ///
  /// - Parameters:
  ///   - key: ``keySize`` bytes; none for queues and stacks.
  ///   - value: ``transferSize`` bytes.
  ///   - condition: whether the element has to be there.
  func writeElement(_ key: RawSpan, _ value: RawSpan, _ condition: UpdateCondition) throws(Failure)

  /// Removes an element.
  ///
  /// - Returns: whether there was such an element.
  func removeElement(_ key: RawSpan) throws(Failure) -> Bool

  /// Copies the key after another in the map's own order.
  ///
  /// - Parameters:
  ///   - key: ``keySize`` bytes, or none for the first key.
  ///   - next: ``keySize`` bytes, which are overwritten if there is a key.
  /// - Returns: whether there is a key.
  func copyKey(after key: RawSpan, into next: inout MutableRawSpan) throws(Failure) -> Bool
}

/// Whether an element that is set has to be there already.
public enum UpdateCondition: UInt64, Hashable, Sendable {
  /// It does not matter (`BPF_ANY`).
  case always = 0
  /// It must not be there (`BPF_NOEXIST`).
  case ifAbsent = 1
  /// It must be there (`BPF_EXIST`).
  case ifPresent = 2
}

/// An object that an engine has loaded, with its maps.
public protocol MapHolder {
  /// A map of the engine.
  associatedtype Map: MapElements
  /// The object.
  var object: ObjectFile { get }
  /// The map of a name.
  func mapElements(_ name: String) -> Map?
}
