public import BPFMapViews
public import BPFMaps

extension LoadedObject: MapHolder {
  /// The map of a name.
  public func mapElements(_ name: String) -> BPFMap? { maps[name]?.map }
}
