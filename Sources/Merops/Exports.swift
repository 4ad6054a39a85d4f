@_exported public import BPFCompiler
@_exported public import BPFExecution
@_exported public import BPFInstructions
@_exported public import BPFMaps
@_exported public import BPFObject
@_exported public import BPFSimulator
@_exported public import BPFTaskWork
@_exported public import BPFTypeFormat
