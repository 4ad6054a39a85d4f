import BPFObject
import Synchronization
public import SystemPackage

/// A program that runs when something happens. Dropping the value detaches the program.
///
/// Several places can be one attachment; what is asked of it then is asked of each.
public struct LinuxAttachment: ~Copyable {
  private(set) var links: [LinuxLink]

  init(_ links: [LinuxLink]) { self.links = links }

  /// An attachment to nothing, to which others can be added.
  public init() { links = [] }

  /// Takes over what another attachment holds.
  public mutating func add(_ other: consuming LinuxAttachment) { links += other.links }

  /// Detaches the program. A counter stops at once; what else runs the program may do so until the last descriptor of the
  /// link is closed, of which a process that has forked and not executed yet has a copy.
  public consuming func detach() {}

  /// The number of links.
  public var linkCount: Int { links.count }

  /// What the kernel says of the links.
  public func information() throws(BPFError) -> [LinuxLinkInformation] {
    var found: [LinuxLinkInformation] = []
    for link in links { found.append(try link.kernel.linkInformation(link.descriptor, for: link.subject)) }
    return found
  }

  /// Puts another program in the place of the attached one, with nothing missed between (`BPF_LINK_UPDATE`).
  ///
  /// Links to interfaces, control groups, network namespaces and iterators can do that; others end in an error.
  ///
  /// - Parameters:
  ///   - program: the program, of the same type and for the same place.
  ///   - old: the program that has to be there, `nil` for any.
  public func update(to program: LinuxProgram, replacing old: LinuxProgram? = nil) throws(BPFError) {
    for link in links {
      var attributes = LinkUpdateAttributes(
        linkDescriptor: link.descriptor.rawValue, programDescriptor: program.descriptor.rawValue)
      if let old {
        // `BPF_F_REPLACE`.
        attributes.flags = 4
        attributes.oldProgramDescriptor = old.descriptor.rawValue
      }
      do throws(Errno) { try link.kernel.systemCalls.perform(.linkUpdate, &attributes) } catch {
        var failure = BPFError(link.subject, .linkUpdate, error)
        if error == .invalidArgument || error == BPFError.notSupported {
          failure.advice = "links of this kind keep their program: attach the other one and detach this one"
        }
        if error == .notPermitted, old != nil {
          failure.problem = "another program is attached there"
          failure.advice = ""
        }
        throw failure
      }
    }
  }

  /// Takes the program out of its place while the links stay (`BPF_LINK_DETACH`), which others may hold.
  ///
  /// Links to interfaces, control groups and network namespaces can do that; others end in an error.
  public func unhook() throws(BPFError) {
    for link in links {
      var attributes = LinkAttributes(linkDescriptor: link.descriptor.rawValue)
      do throws(Errno) { try link.kernel.systemCalls.perform(.linkDetach, &attributes) } catch {
        throw BPFError(link.subject, .linkDetach, error)
      }
    }
  }

  /// Gives the link a name in a bpf file system: the program stays attached until the file is removed. Only an attachment
  /// of one link can be pinned.
  public func pin(at path: FilePath) throws(BPFError) {
    guard let link = links.first, links.count == 1 else {
      throw .refusal("an attachment of \(links.count) links", "it has no one link to pin")
    }
    try link.kernel.pin(link.descriptor, at: path, link.subject)
    link.isPinned.store(true, ordering: .releasing)
  }

  /// The text that an iterator gives now, each time from the beginning (`BPF_ITER_CREATE` and read(2)).
  public func text() throws(BPFError) -> String { String(decoding: try output(), as: UTF8.self) }

  /// The bytes that an iterator gives now, each time from the beginning.
  public func output() throws(BPFError) -> [UInt8] {
    var bytes: [UInt8] = []
    for link in links {
      var attributes = LinkAttributes(linkDescriptor: link.descriptor.rawValue)
      let calls = link.kernel.systemCalls
      do throws(Errno) {
        let file = Descriptor(try calls.perform(.iteratorCreate, &attributes), calls)
        bytes += try calls.readToEnd(file)
      } catch {
        var failure = BPFError(link.subject, .iteratorCreate, error)
        if error == .invalidArgument { failure.advice = "only links of iterators give text" }
        throw failure
      }
    }
    return bytes
  }
}

/// One link of the kernel, and what it is on. It goes with the last reference.
final class LinuxLink: Sendable {
  let descriptor: Descriptor
  /// What the link is on, which has to outlive it.
  let event: Descriptor?
  let subject: String
  let kernel: LinuxKernel
  /// Whether the program is to stay attached when this value has gone.
  let isPinned = Atomic(false)

  init(_ descriptor: Descriptor, event: Descriptor? = nil, subject: String, kernel: LinuxKernel) {
    self.descriptor = descriptor
    self.event = event
    self.subject = subject
    self.kernel = kernel
  }

  deinit {
    if let event, !isPinned.load(ordering: .acquiring) {
      // PERF_EVENT_IOC_DISABLE, since others may have copies of the descriptors.
      _ = kernel.systemCalls.perform(.ioctl, Int(event.rawValue), 0x2401)
    }
    descriptor.close()
    event?.close()
  }
}

extension LinuxKernel {
  /// The link that is pinned at a path. Dropping the value does not detach: the file holds the link as well.
  ///
  /// - Throws: ``BPFError`` with ENOENT when there is no such file.
  public func pinnedLink(at path: FilePath) throws(BPFError) -> LinuxAttachment {
    let subject = "the link at \(path)"
    let descriptor = try pinned(at: path, "the link")
    return LinuxAttachment([LinuxLink(descriptor, subject: subject, kernel: self)])
  }
}
