import BPFTypeFormat
import SystemPackage

/// The types of a module, and the descriptor by which programs refer to them.
struct ModuleTypes: Sendable {
  var name: String
  var types: BTF
  var descriptor: Descriptor
}

extension LinuxKernel {
  /// The types of all modules that are loaded, read when first asked for.
  ///
  /// - Throws: ``BPFError`` when the kernel does not list them: that takes CAP_SYS_ADMIN.
  func moduleTypes() throws(BPFError) -> [ModuleTypes] {
    if let known = knownModules { return known }
    var modules: [ModuleTypes] = []
    for information in try allTypes() where information.isKernel && information.name != "vmlinux" {
      let subject = "types of module '\(information.name)'"
      // A module can go between the list and the look.
      do throws(BPFError) {
        modules.append(
          ModuleTypes(
            name: information.name, types: try types(identifier: information.identifier),
            descriptor: try open(.btfGetDescriptorByID, identifier: information.identifier, subject)))
      } catch {
        guard error.errno == .noSuchFileOrDirectory else { throw error }
      }
    }
    knownModules = modules
    return modules
  }

  /// The function or variable of a name that a module has, with the module; `nil` when none has it.
  func moduleSymbol(named name: String, kind: BTFKind) throws(BPFError) -> (type: BTFTypeID, module: ModuleTypes)? {
    let name = essentialName(name)
    for module in try moduleTypes() {
      // The kernel's own types stand under those of each module.
      guard let type = module.types.first(named: name, kind: kind),
        Int(type.rawValue) > module.types.base?.typeCount ?? 0
      else { continue }
      return (type, module)
    }
    return nil
  }
}
