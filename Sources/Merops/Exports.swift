@_exported public import BPFExecution
@_exported public import BPFInstructions
@_exported public import BPFMaps
@_exported public import BPFObject
@_exported public import BPFTypeFormat
