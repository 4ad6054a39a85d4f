// BPFMapViews shows the maps of any engine as collections of Swift values. A view checks once that the Swift types are
// laid out like the C types of the map, and then reads and writes elements without allocating anything. The module knows
// no engine: maps come through the protocol `MapElements`, objects that have maps through `MapHolder`. It never makes a
// system call and never keeps bytes of a map.
