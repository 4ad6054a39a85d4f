/// How a flame graph is drawn.
public struct FlameGraphOptions: Hashable, Sendable {
  /// Which way stacks grow.
  public enum Direction: Hashable, Sendable {
    /// From the top downwards, so that a page begins with the outermost functions.
    case icicle
    /// From the bottom upwards, as flames do.
    case flame
  }

  /// Which way stacks grow.
  public var direction: Direction
  /// The line above the picture; empty for one that is made of the profile's metadata.
  public var title: String
  /// The narrowest frame that is drawn, in parts of the whole width.
  public var minimumWidth: Double

  /// How a flame graph is drawn.
  public init(direction: Direction = .icicle, title: String = "", minimumWidth: Double = 0.0005) {
    self.direction = direction
    self.title = title
    self.minimumWidth = minimumWidth
  }
}
