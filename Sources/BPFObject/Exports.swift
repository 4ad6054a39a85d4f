// The collections of an object are ordered dictionaries; who uses an object needs their members.
@_exported import OrderedCollections
