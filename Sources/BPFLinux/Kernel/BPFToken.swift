public import SystemPackage

/// Rights that the owner of a bpf file system has delegated to a user namespace (BPF token, Linux 6.9): with it a process
/// that has no rights of its own on the machine may make maps and load types and programs, as far as the mount says
/// (`delegate_cmds`, `delegate_maps`, `delegate_progs`, `delegate_attachs`).
public final class BPFToken: Sendable {
  let descriptor: Descriptor

  init(_ descriptor: Descriptor) { self.descriptor = descriptor }
}

extension LinuxKernel {
  /// The token of a bpf file system (`BPF_TOKEN_CREATE`).
  ///
  /// - Parameter folder: where it is mounted, in a user namespace that is not the machine's first.
  /// - Throws: ``BPFError``: EOPNOTSUPP in the first user namespace, ENOENT when nothing is delegated, EINVAL when the kernel
  ///   knows no tokens or the folder is no such file system.
  public func makeToken(of folder: FilePath) throws(BPFError) -> BPFToken {
    let subject = "the BPF token of \(folder)"
    let name = KernelBuffer(folder.string)
    let opened = withExtendedLifetime(name) {
      systemCalls.perform(.openFile, Int(truncatingIfNeeded: name.address))
    }
    guard opened >= 0 else {
      throw BPFError(subject, .systemCall("open", Errno(rawValue: Int32(truncatingIfNeeded: -opened))))
    }
    let directory = Descriptor(Int32(truncatingIfNeeded: opened), systemCalls)
    var attributes = TokenCreateAttributes(fileSystemDescriptor: directory.rawValue)
    do throws(Errno) {
      let token = Descriptor(try systemCalls.perform(.tokenCreate, &attributes), systemCalls)
      withExtendedLifetime(directory) {}
      return BPFToken(token)
    } catch {
      // EOPNOTSUPP has another number on other systems than Linux.
      let advice =
        switch error.rawValue {
        case 95: "tokens are for user namespaces; the machine's first one has no need of them"
        case Errno.noSuchFileOrDirectory.rawValue:
          "mount the file system with delegate_cmds, delegate_maps, delegate_progs"
        case Errno.invalidArgument.rawValue: "tokens need Linux 6.9 and the root of a bpf file system"
        default: ""
        }
      throw BPFError(subject, .systemCall(BPFCommandNumber.tokenCreate.name, error), advice: advice)
    }
  }

  /// The same kernel, where maps, types and programs are made with the rights of a token.
  public func using(_ token: BPFToken) -> LinuxKernel {
    var kernel = self
    kernel.token = token
    return kernel
  }
}
