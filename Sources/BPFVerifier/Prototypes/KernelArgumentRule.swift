/// What the suffix of a parameter's name says about an argument of a kernel function, beyond the parameter's type.
package enum KernelArgumentRule: Hashable, Sendable {
  /// The number of bytes of the memory that the parameter before points to (`__sz`).
  case size
  /// The same, and a constant (`__szk`).
  case constantSize
  /// A constant, such as the number of a type (`__k`).
  case constant
  /// Not looked at; the verifier fills it in (`__ign`, `__prog`).
  case ignored
  /// An object that the program has made (`__alloc`).
  case allocatedObject
  /// An object of the program with a reference count (`__refcounted_kptr`).
  case referenceCountedObject
  /// May be null (`__nullable`, `__opt`).
  case nullable
  /// Memory or a slot that the function initialises (`__uninit`).
  case uninitialized
  /// A map (`__map`).
  case map
  /// A text with a zero byte in a read-only, frozen map (`__str`).
  case constantText
  /// The state of interrupts on the stack (`__irq_flag`).
  case interruptFlags
  /// A function of the program (`__cb`).
  case callback

  /// The rule for a parameter, `nil` when its name has no suffix.
  package init?(parameterName name: String) {
    guard let rule = Self.suffixes.first(where: { name.hasSuffix($0.suffix) })?.rule else { return nil }
    self = rule
  }

  private static let suffixes: [(suffix: String, rule: KernelArgumentRule)] = [
    ("__szk", .constantSize), ("__sz", .size), ("__k", .constant), ("__ign", .ignored), ("__prog", .ignored),
    ("__alloc", .allocatedObject), ("__refcounted_kptr", .referenceCountedObject), ("__nullable", .nullable),
    ("__opt", .nullable), ("__uninit", .uninitialized), ("__map", .map), ("__str", .constantText),
    ("__irq_flag", .interruptFlags), ("__cb", .callback),
  ]
}
