/// What an opcode byte means before the other fields are looked at.
package enum OpcodeForm: Hashable, Sendable {
  /// Two operands; the unsigned operation where the offset selects between two.
  case arithmetic(ArithmeticOperation, OperandWidth, OperandSource)
  case negate(OperandWidth)
  case byteSwap(ByteSwap)
  case load(MemorySize, Extension)
  case store(MemorySize, OperandSource)
  case atomic(MemorySize)
  case loadWide
  case loadPacket(MemorySize, OperandSource)
  case jumpIf(JumpCondition, OperandWidth, OperandSource)
  case goto
  case gotoLong
  case mayGoto
  case call
  case callRegister
  case exit
}

/// The fields besides the opcode that an instruction gives a meaning to; all others are reserved.
package struct InstructionFields: OptionSet, Hashable, Sendable {
  package let rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }

  package static let destination = InstructionFields(rawValue: 1)
  package static let source = InstructionFields(rawValue: 2)
  package static let offset = InstructionFields(rawValue: 4)
  package static let immediate = InstructionFields(rawValue: 8)
}

/// One opcode: its byte, its meaning, and the fields that it uses.
package struct OpcodeRow: Sendable {
  package let opcode: UInt8
  package let form: OpcodeForm
  package let fields: InstructionFields
}

/// The one table of opcodes: decoding reads it forwards, encoding backwards.
package enum OpcodeTable {
  /// Every opcode that RFC 9669 or Linux 6.18 defines, in no order.
  package static let rows: [OpcodeRow] = arithmeticRows + memoryRows + jumpRows

  /// The row of each opcode byte.
  package static let byOpcode: [OpcodeRow?] = {
    var table = [OpcodeRow?](repeating: nil, count: 256)
    for row in rows { table[Int(row.opcode)] = row }
    return table
  }()

  /// The byte of each form.
  package static let byForm: [OpcodeForm: UInt8] = {
    var table: [OpcodeForm: UInt8] = [:]
    for row in rows { table[row.form] = row.opcode }
    return table
  }()

  private static let arithmeticRows: [OpcodeRow] = {
    var rows: [OpcodeRow] = []
    for (width, group) in [(OperandWidth.bits32, UInt8(0x04)), (.bits64, 0x07)] {
      for operation in ArithmeticOperation.allCases where operation.variantOffset == 0 {
        for source in OperandSource.allCases {
          var fields: InstructionFields = [.destination, source == .register ? .source : .immediate]
          if operation.signedVariant != nil { fields.insert(.offset) }
          // The offset tells a plain move from a sign-extending one and from a cast, whose spaces are the immediate.
          if operation == .move, source == .register { fields.formUnion([.offset, .immediate]) }
          rows.append(
            OpcodeRow(
              opcode: operation.code | source.rawValue | group, form: .arithmetic(operation, width, source),
              fields: fields))
        }
      }
      rows.append(OpcodeRow(opcode: 0x80 | group, form: .negate(width), fields: [.destination]))
    }
    for (opcode, swap) in [(UInt8(0xd4), ByteSwap.toLittleEndian), (0xdc, .toBigEndian), (0xd7, .reverse)] {
      rows.append(OpcodeRow(opcode: opcode, form: .byteSwap(swap), fields: [.destination, .immediate]))
    }
    return rows
  }()

  private static let memoryRows: [OpcodeRow] = {
    var rows = [OpcodeRow(opcode: 0x18, form: .loadWide, fields: [.destination, .source, .immediate])]
    for size in MemorySize.allCases {
      let bits = size.modifier
      rows += [
        OpcodeRow(opcode: 0x61 | bits, form: .load(size, .zero), fields: [.destination, .source, .offset]),
        OpcodeRow(opcode: 0x62 | bits, form: .store(size, .immediate), fields: [.destination, .offset, .immediate]),
        OpcodeRow(opcode: 0x63 | bits, form: .store(size, .register), fields: [.destination, .source, .offset]),
        OpcodeRow(opcode: 0xc3 | bits, form: .atomic(size), fields: [.destination, .source, .offset, .immediate]),
      ]
      // A double word has no bits to extend, and packets have none of that size.
      if size != .doubleWord {
        rows += [
          OpcodeRow(opcode: 0x81 | bits, form: .load(size, .sign), fields: [.destination, .source, .offset]),
          OpcodeRow(opcode: 0x20 | bits, form: .loadPacket(size, .immediate), fields: [.immediate]),
          OpcodeRow(opcode: 0x40 | bits, form: .loadPacket(size, .register), fields: [.source, .immediate]),
        ]
      }
    }
    return rows
  }()

  private static let jumpRows: [OpcodeRow] = {
    var rows: [OpcodeRow] = [
      OpcodeRow(opcode: 0x05, form: .goto, fields: [.offset]),
      OpcodeRow(opcode: 0x06, form: .gotoLong, fields: [.immediate]),
      OpcodeRow(opcode: 0xe5, form: .mayGoto, fields: [.offset]),
      OpcodeRow(opcode: 0x85, form: .call, fields: [.source, .offset, .immediate]),
      OpcodeRow(opcode: 0x8d, form: .callRegister, fields: [.destination]),
      OpcodeRow(opcode: 0x95, form: .exit, fields: []),
    ]
    for (width, group) in [(OperandWidth.bits64, UInt8(0x05)), (.bits32, 0x06)] {
      for condition in JumpCondition.allCases {
        for source in OperandSource.allCases {
          rows.append(
            OpcodeRow(
              opcode: condition.rawValue | source.rawValue | group, form: .jumpIf(condition, width, source),
              fields: [.destination, .offset, source == .register ? .source : .immediate]))
        }
      }
    }
    return rows
  }()
}

extension MemorySize {
  /// The size's two bits in an opcode.
  package var modifier: UInt8 {
    switch self {
    case .word: 0x00
    case .half: 0x08
    case .byte: 0x10
    case .doubleWord: 0x18
    }
  }
}
