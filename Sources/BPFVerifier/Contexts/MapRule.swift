package import BPFObject
package import BPFTypeFormat

/// Which maps go with which programs and helper functions.
package enum MapRule {
  /// Why a program of a kind may not use a map, as the kernel says it; `nil` when it may.
  package static func refusal(of map: MapDefinition, fields: SpecialFields, for kind: ProgramKind) -> String? { nil }

  /// Whether a helper function takes a map of a type (`cannot pass map_type N into func F#N`).
  package static func allows(_ map: MapType, in helper: Int32) -> Bool { true }
}
