import ArgumentParser

@main
struct MeropsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "merops", version: "0.1.0")
}
