public import BPFObject
public import BPFSimulator

/// What a ``Scenario`` has left: the machine with its timeline, and the object in it.
public struct ScenarioRun {
  /// The machine, which can be scripted further.
  public let machine: Machine
  /// The object in the machine, with the contents of its maps.
  public let object: LoadedObject
  /// The task that ran.
  public let task: SimulatedTask
  /// The name of the program.
  public let program: String
  /// The context of a `syscall` program as it has left it; `nil` for other programs, and where there was none.
  public let context: DecodedValue?
  /// What a program that works on packets has made of its packet the last time; `nil` for other programs.
  public let packetResult: PacketResult?
  /// How often the event happened: less often than the scenario says when the task ended, or the run was cancelled.
  public let eventCount: Int

  /// How the program was executed.
  public var execution: ProgramExecution? { object.programs.first { $0.name == program }?.execution }

  /// What the maps hold, those that hold nothing left out, in the order of the object.
  ///
  /// The records of ring buffers and the values of queues are taken out of them.
  public func takeMapContents() -> [MapContents] {
    object.object.maps.keys.compactMap { object.maps[$0] }.map { MapContents(taking: $0.map) }
      .filter { !$0.elements.isEmpty || $0.problem != nil }
  }

  /// The key of a request's element, by the type that its map gives keys.
  public func key(of request: TimelineEvent.Request) -> DecodedValue { object.object.key(of: request) }
}

extension ObjectFile {
  /// The key of a request's element, by the type that its map gives keys.
  public func key(of request: TimelineEvent.Request) -> DecodedValue {
    guard let definition = maps[request.map] else { return DecodedValue(request.key) }
    return DecodedValue(request.key, as: definition.keyType, in: definition.types)
  }
}
