extension Profile {
  /// What kind of frame something is, for colours and tables.
  public enum FrameKind: UInt8, Hashable, Sendable, CaseIterable {
    /// A function of a file, in user mode.
    case native
    /// A function whose code stands in another's.
    case inlined
    /// A function that was compiled at run time.
    case jit
    /// A function of the kernel.
    case kernel
    /// Code of which no function is known.
    case unknown
    /// No frame: a mark that a stack is not whole.
    case marker
  }

  /// Frames as they are shown, each distinct one once: places of one function are one.
  struct FrameLabels {
    struct Label: Hashable {
      var name: String
      var kind: FrameKind
      var module: Module.ID?
    }

    private(set) var labels: [Label] = []
    /// For each label a function that has its name, where there is one.
    private(set) var functions: [Function.ID?] = []
    /// The labels of all locations, outermost first, one location after the other.
    private var expansions: [UInt32] = []
    private var ranges: [Range<Int32>] = []
    private var indices: [Label: UInt32] = [:]

    init(_ profile: Profile) {
      ranges.reserveCapacity(profile.locations.count)
      for location in profile.locations {
        let start = Int32(expansions.count)
        for (depth, frame) in location.frames.enumerated().reversed() {
          let function = profile[frame.function]
          expansions.append(
            index(
              of: Label(
                name: function.name, kind: Self.kind(of: location, isInlined: depth < location.frames.count - 1),
                module: function.module ?? location.module), frame.function))
        }
        if location.frames.isEmpty {
          expansions.append(
            index(
              of: Label(
                name: profile.nameWithoutFunction(of: location),
                kind: location.kind == .truncationMarker ? .marker : .unknown,
                module: location.module), nil))
        }
        ranges.append(start..<Int32(expansions.count))
      }
    }

    /// The labels of a location, outermost first.
    func expansion(of location: Location.ID) -> ArraySlice<UInt32> {
      let range = ranges[location.index]
      return expansions[Int(range.lowerBound)..<Int(range.upperBound)]
    }

    mutating func index(of label: Label, _ function: Function.ID? = nil) -> UInt32 {
      if let known = indices[label] { return known }
      let index = UInt32(labels.count)
      labels.append(label)
      functions.append(function)
      indices[label] = index
      return index
    }

    private static func kind(of location: Location, isInlined: Bool) -> FrameKind {
      switch location.kind {
      case .native: isInlined ? .inlined : .native
      case .kernel: .kernel
      case .jit: .jit
      case .unknown: .unknown
      case .truncationMarker: .marker
      }
    }
  }

  /// What stands for a place of which no function is known: the module's name in brackets.
  func nameWithoutFunction(of location: Location) -> String {
    switch location.kind {
    case .truncationMarker: return "[truncated]"
    case .kernel: return "[kernel]"
    default:
      guard let module = location.module else { return "[unknown]" }
      let name = self[module].name
      return name.hasPrefix("[") ? name : "[\(name)]"
    }
  }
}
