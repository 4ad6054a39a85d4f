public import BPFInstructions

extension Rejection {
  /// The kind of trouble, with its operands.
  public enum Cause: Hashable, Sendable {
    // Structure
    /// The program is empty or has more instructions than a program may have.
    case programSize(Int)
    /// A slot is no instruction.
    case invalidInstruction
    /// A jump or a call leads out of its function or into the middle of an instruction.
    case jumpOutOfRange(target: Int)
    /// No path leads to the instruction.
    case unreachable
    /// Control can leave a function at its last instruction.
    case fallsOffEnd
    /// Calls that lead back to their caller.
    case recursion
    /// A reference to a map, a function or a symbol that does not exist.
    case missingReference(String)
    // Values
    /// A register is read before it was written.
    case uninitializedRegister(Register)
    /// The frame pointer is written to.
    case writesFramePointer
    /// Arithmetic that is not allowed on the pointer in the register.
    case pointerArithmetic(Register, kind: String)
    /// A shift or a division by a constant that makes no sense.
    case invalidConstant
    /// A pointer's offset that is not bounded well enough.
    case unboundedOffset(Register)
    /// A comparison or a store that would tell a pointer's value.
    case pointerLeak(Register)
    // Memory
    /// Something that is no pointer to memory is used as one.
    case notMemory(Register, kind: String)
    /// A pointer that may be null is used.
    case possiblyNull(Register, kind: String)
    /// An access outside of what the register points to.
    case outOfBounds(Register, Bounds)
    /// A value that has to be bounded by the program is not: a minimum below zero.
    case negativeMinimum(Register, Int64)
    /// A value that has to be bounded by the program is not: a maximum that is too large.
    case unboundedMaximum(Register, UInt64)
    /// Stack that was never written is read.
    case uninitializedStack(offset: Int, size: Int)
    /// A part of a spilled pointer is read or overwritten.
    case partialSpill(offset: Int)
    /// An access of a context that is not allowed.
    case contextAccess(offset: Int, size: Int)
    /// A context pointer that was changed before it was used.
    case changedContext(Register)
    /// An access that is not aligned.
    case misaligned(Register, size: Int)
    /// Memory that may only be read is written.
    case readOnlyMemory(Register)
    /// A special field of a map value is accessed directly.
    case specialField(String)
    // Calls
    /// A register holds the wrong kind of value for an argument.
    case argument(Register, found: String, expected: [String])
    /// A helper function that programs of this type may not call, or that does not exist.
    case helperUnavailable(number: Int32, name: String?)
    /// A kernel function that may not be called.
    case kernelFunctionUnavailable(String)
    /// A function that only programs with a compatible licence may call.
    case licence(String)
    /// A call that may sleep where that is not allowed.
    case sleeping(String)
    /// A map that the function does not work on.
    case mapType(map: String, function: String)
    /// The arguments that a global function is called with.
    case globalArguments(function: String)
    /// Pointers to a field and to a map that do not belong together.
    case mismatchedMap(field: Register, map: Register)
    /// A field that is not where the function wants it, or is not there.
    case missingField(map: String, field: String)
    /// A callback that cannot be one.
    case callback(String)
    // Resources
    /// An acquired object is not released.
    case leakedReference(acquiredAt: Int?)
    /// A release of something that was not acquired.
    case notAcquired(Register)
    /// A lock, an RCU section or the like that is left open, closed twice, or does not allow what is done in it.
    case region(String)
    // Ends
    /// A return value outside of what the program type allows.
    case returnValue(String)
    // Limits
    /// A loop that comes back to the same state.
    case infiniteLoop
    /// The instructions that may be processed are used up.
    case tooComplex
    /// Too many branches wait to be walked.
    case tooManyBranches
    /// More stack than there is.
    case stackDepth(bytes: Int)
    /// Calls that nest too deeply.
    case callDepth
    /// A bound that the caller has set.
    case limit(String)
    // Others
    /// Something that the kernel's rules refuse and that no other case describes.
    case other
    /// Something that this verifier does not model.
    case unsupported(String)
  }

  /// An access and what it was checked against. Offsets and sizes are in bytes.
  public struct Bounds: Hashable, Sendable {
    /// What the pointer points to: `map value`, `stack`, `packet`.
    public var region: String
    /// The smallest offset that the access may have.
    public var minimum: Int64
    /// The largest offset that the access may have.
    public var maximum: Int64
    /// The size of the access.
    public var size: Int
    /// The size of what is accessed.
    public var limit: Int
    /// Bounds of an access.
    public init(region: String, minimum: Int64, maximum: Int64, size: Int, limit: Int) {
      self.region = region
      self.minimum = minimum
      self.maximum = maximum
      self.size = size
      self.limit = limit
    }
  }
}
