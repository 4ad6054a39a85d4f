public import BPFObject
import SystemPackage

/// What the kernel says of a link (`struct bpf_link_info`).
public struct LinuxLinkInformation: Hashable, Sendable {
  /// The number of the kind.
  public var kindNumber: UInt32
  /// The identifier.
  public var identifier: UInt32
  /// The identifier of the program.
  public var program: UInt32
  /// What the program is attached to there, for kinds that tell it.
  public var attachType: AttachType?
  /// The index of the network interface, 0 when it is gone; `nil` for other kinds.
  public var interface: UInt32?
  /// The identifier of the control group.
  public var controlGroup: UInt64?
  /// The name of the tracepoint or of the kind of iterator.
  public var name: String?
  /// The kind, `nil` when Merops does not know the number.
  public var kind: LinuxLinkKind? { LinuxLinkKind(rawValue: kindNumber) }
}

/// The kinds of links (`enum bpf_link_type`).
public enum LinuxLinkKind: UInt32, Hashable, Sendable, CaseIterable {
  /// `BPF_LINK_TYPE_RAW_TRACEPOINT`.
  case rawTracepoint = 1
  /// `BPF_LINK_TYPE_TRACING`.
  case tracing = 2
  /// `BPF_LINK_TYPE_CGROUP`.
  case controlGroup = 3
  /// `BPF_LINK_TYPE_ITER`.
  case iterator = 4
  /// `BPF_LINK_TYPE_NETNS`.
  case networkNamespace = 5
  /// `BPF_LINK_TYPE_XDP`.
  case express = 6
  /// `BPF_LINK_TYPE_PERF_EVENT`.
  case perfEvent = 7
  /// `BPF_LINK_TYPE_KPROBE_MULTI`.
  case kernelProbes = 8
  /// `BPF_LINK_TYPE_STRUCT_OPS`.
  case structOperations = 9
  /// `BPF_LINK_TYPE_NETFILTER`.
  case netfilter = 10
  /// `BPF_LINK_TYPE_TCX`.
  case trafficControl = 11
  /// `BPF_LINK_TYPE_UPROBE_MULTI`.
  case userProbes = 12
  /// `BPF_LINK_TYPE_NETKIT`.
  case netkit = 13
  /// `BPF_LINK_TYPE_SOCKMAP`.
  case socketMap = 14
}

extension LinuxKernel {
  func linkInformation(_ descriptor: Descriptor, for subject: String) throws(BPFError) -> LinuxLinkInformation {
    var words = try linkWords(descriptor, [], nil, for: subject)
    var information = LinuxLinkInformation(kindNumber: words[0], identifier: words[1], program: words[2])
    switch information.kind {
    case .rawTracepoint, .iterator:
      // Once more, with room for a name; a longer one is cut.
      let name = KernelBuffer(count: 128)
      words = [UInt32](repeating: 0, count: 16)
      words[4] = UInt32(truncatingIfNeeded: name.address)
      words[5] = UInt32(truncatingIfNeeded: name.address >> 32)
      words[6] = UInt32(truncatingIfNeeded: name.count)
      words = try linkWords(descriptor, words, name, for: subject)
      information.name = name.text
    case .tracing, .netkit, .trafficControl, .networkNamespace, .controlGroup, .express:
      let isLast = information.kind == .controlGroup
      let isFirst = information.kind == .tracing
      if information.kind != .express {
        information.attachType = AttachType(rawValue: isFirst ? words[4] : isLast ? words[6] : words[5])
      }
      switch information.kind {
      case .controlGroup: information.controlGroup = UInt64(words[4]) | UInt64(words[5]) << 32
      case .express, .trafficControl, .netkit: information.interface = words[4]
      default: break
      }
    default: break
    }
    return information
  }

  private func linkWords(
    _ descriptor: Descriptor, _ words: [UInt32], _ name: KernelBuffer?, for subject: String
  ) throws(BPFError) -> [UInt32] {
    let buffer = words.isEmpty ? KernelBuffer(count: 64) : KernelBuffer(words: words)
    var attributes = InfoAttributes(
      descriptor: descriptor.rawValue, infoSize: UInt32(truncatingIfNeeded: buffer.count), info: buffer.address)
    do throws(Errno) {
      try systemCalls.perform(.objectGetInfo, &attributes, keeping: buffer, name)
    } catch { throw BPFError(subject, .objectGetInfo, error) }
    withExtendedLifetime(descriptor) {}
    return buffer.words(16)
  }

  /// What the kernel says of the link of an identifier.
  ///
  /// - Throws: ``BPFError`` with ENOENT when it is gone.
  public func linkInformation(identifier: UInt32) throws(BPFError) -> LinuxLinkInformation {
    let subject = "link #\(identifier)"
    return try linkInformation(try open(.linkGetDescriptorByID, identifier: identifier, subject), for: subject)
  }
}
