import BPFObject
import SystemPackage

extension LinuxProgram {
  /// The traffic of an interface (tcx, Linux 6.6): after the programs that are there already.
  func linkTraffic(
    _ interface: NetworkInterface, _ direction: LinuxAttachPoint.TrafficDirection
  ) throws(BPFError) -> LinuxLink {
    let type = direction == .ingress ? AttachType.tcxIngress : .tcxEgress
    // A program of the section `tc` may be attached either way; one that names a way only that.
    guard kind.attachType == 0 || kind.attachType == type.rawValue else {
      throw .refusal(subject, "its section '\(kind.prefix)' is for the other direction")
    }
    let index = try kernel.index(of: interface)
    var attributes = OrderedLinkAttributes(
      programDescriptor: descriptor.rawValue, targetDescriptor: Int32(bitPattern: index), attachType: type.rawValue)
    return try createLink(&attributes, on: "interface \(interface)")
  }

  /// A netkit device, on the side that the program's section names.
  func linkDevice(_ interface: NetworkInterface) throws(BPFError) -> LinuxLink {
    let type = AttachType(rawValue: kind.attachType)
    guard let type, [.netkitPrimary, .netkitPeer].contains(type) else {
      throw .refusal(
        subject, "its section '\(kind.prefix)' is not for netkit devices",
        advice: "write SEC(\"netkit/primary\") or SEC(\"netkit/peer\")")
    }
    let index = try kernel.index(of: interface)
    var attributes = OrderedLinkAttributes(
      programDescriptor: descriptor.rawValue, targetDescriptor: Int32(bitPattern: index), attachType: type.rawValue)
    return try createLink(&attributes, on: "netkit device \(interface)")
  }

  func linkNetfilter(_ hook: NetfilterHook) throws(BPFError) -> LinuxLink {
    var attributes = NetfilterLinkAttributes(
      programDescriptor: descriptor.rawValue, attachType: AttachType.netfilter.rawValue,
      family: hook.family.rawValue, hook: hook.place.rawValue, priority: hook.priority,
      netfilterFlags: hook.defragments ? 1 : 0)
    return try createLink(&attributes, on: "netfilter")
  }

  /// A control group.
  func linkGroup(_ path: FilePath) throws(BPFError) -> LinuxLink {
    let group = try kernel.open(path.string, for: "control group \(path)")
    do throws(BPFError) {
      return try createLink(on: "control group \(path)", to: group.rawValue, try attachType, keeping: group)
    } catch {
      var failure = error
      if error.errno == .badFileDescriptor {
        failure.problem = "it is no folder of a cgroup2 file system"
        failure.advice = "mount one (mount -t cgroup2 none FOLDER) or look below /sys/fs/cgroup"
      }
      throw failure
    }
  }
}
