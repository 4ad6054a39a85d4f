import BPFInstructions

/// A helper function of the simulated kernel.
struct HelperImplementation: Sendable {
  var function: HelperFunction
  var body: FunctionBody

  /// A helper by its name in Linux; `nil` when there is none of that name.
  init(_ name: String, _ body: @escaping FunctionBody) {
    guard let function = HelperFunction(name: name) else {
      preconditionFailure("there is no helper function '\(name)'")
    }
    self.function = function
    self.body = body
  }
}

/// The helper functions that the simulated kernel has, by number.
struct HelperTable: Sendable {
  static let shared = HelperTable()

  private var byNumber: [Int32: HelperImplementation] = [:]

  private init() {
    let topics: [[HelperImplementation]] = [
      mapHelpers, userMemoryHelpers, currentTaskHelpers, printingHelpers, controlHelpers, stackHelpers,
      ringBufferHelpers, perfEventHelpers, timerHelpers, taskStorageHelpers, perCPUHelpers, probeHelpers,
      addressSpaceHelpers, packetHelpers, expressPacketHelpers, checksumHelpers, dynptrHelpers, userRingBufferHelpers,
      pointerFieldHelpers,
    ]
    for helper in topics.joined() { byNumber[helper.function.identifier] = helper }
  }

  subscript(_ number: Int32) -> HelperImplementation? { byNumber[number] }
}
