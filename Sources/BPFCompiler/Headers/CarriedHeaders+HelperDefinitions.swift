import BPFInstructions

extension CarriedHeaders {
  /// `<bpf/bpf_helper_defs.h>`: each helper function as a constant pointer whose value is its number.
  static let helperDefinitions: String = {
    let structures = HelperFunction.structures.map { "struct \($0);" }
    let functions = HelperFunction.all.map(\.definition)
    return """
      /* The helper functions: calling one is a call of its number. */
      #ifndef __BPF_HELPER_DEFS__
      #define __BPF_HELPER_DEFS__

      #ifndef __bpf_fastcall
      #if __has_attribute(bpf_fastcall)
      #define __bpf_fastcall __attribute__((bpf_fastcall))
      #else
      #define __bpf_fastcall
      #endif
      #endif

      \(structures.joined(separator: "\n"))

      \(functions.joined(separator: "\n"))

      #endif

      """
  }()
}
