import BPFTypeFormat
import Testing

@Suite(.enabled(if: CompiledC.isAvailable, "needs clang with the BPF target")) struct SpecialFieldsTests {
  /// The kernel's structures as programs see them, and structures that rows have in them.
  static let prelude = """
    typedef unsigned long long u64; typedef unsigned int u32;
    #define aligned8 __attribute__((aligned(8)))
    #define packed __attribute__((packed))
    #define kptr __attribute__((btf_type_tag("kptr")))
    #define kptr_untrusted __attribute__((btf_type_tag("kptr_untrusted")))
    #define percpu_kptr __attribute__((btf_type_tag("percpu_kptr")))
    #define uptr __attribute__((btf_type_tag("uptr")))
    #define user __attribute__((btf_type_tag("user")))
    #define contains(what) __attribute__((btf_decl_tag("contains:" what)))
    struct bpf_task_work { u64 opaque; } aligned8;
    struct bpf_timer { u64 opaque[2]; } aligned8;
    struct bpf_wq { u64 opaque[2]; } aligned8;
    struct bpf_spin_lock { u32 value; };
    struct bpf_res_spin_lock { u32 value; };
    struct bpf_list_head { u64 opaque[2]; } aligned8;
    struct bpf_list_node { u64 opaque[3]; } aligned8;
    struct bpf_rb_root { u64 opaque[2]; } aligned8;
    struct bpf_rb_node { u64 opaque[4]; } aligned8;
    struct bpf_refcount { u32 opaque; };
    struct local { int a; };
    typedef struct local local_t;
    typedef struct local kptr *local_pointer;
    typedef struct bpf_task_work task_work_t;
    struct forwarded;
    union both { int a; };
    struct inner { int a; struct bpf_task_work work; };
    struct middle { struct inner inner; };
    typedef struct inner inner_t;
    struct bits { int low : 3; int high : 5; };
    struct kptrs { int a; struct local kptr *p[2]; };
    struct item { int x; struct bpf_list_node node; struct bpf_rb_node tree; } made;

    """

  enum Expected {
    case fields([(SpecialFields.Kind, Int)])
    case absent(SpecialFields.Absence)
    /// No record, since the only candidate is ignored for this reason.
    case ignored(SpecialFields.Ignored.Reason)
  }

  /// Compiles all rows as structures of one source and compares the answer for each.
  func check(_ rows: [(String, Expected)], prelude: String = prelude) throws {
    var source = prelude
    for (index, row) in rows.enumerated() {
      source += "struct row\(index) { \(row.0) }; struct row\(index) value\(index);\n"
    }
    let btf = try CompiledC(source).types()
    for (index, row) in rows.enumerated() {
      let id = try #require(btf.first(named: "row\(index)", kind: .structure))
      let found = try SpecialFields.find(in: btf, value: id)
      let isRight =
        switch row.1 {
        case .fields(let fields):
          found.absence == nil && found.fields.map(\.kind) == fields.map(\.0)
            && found.fields.map(\.offset) == fields.map(\.1)
        case .absent(let absence):
          found.fields.isEmpty && found.absence == absence
        case .ignored(let reason):
          found.fields.isEmpty && found.absence == .noFields && found.ignored.map(\.reason) == [reason]
        }
      #expect(isRight, "\(row.0): \(found)")
    }
  }

  @Test("a task work is recognised exactly where Linux 6.18 recognises it (specification 3.1)")
  func taskWork() throws {
    try check([
      ("struct bpf_task_work w;", .fields([(.taskWork, 0)])),
      ("int a; struct bpf_task_work w; int b;", .fields([(.taskWork, 8)])),
      ("int a; struct inner i;", .fields([(.taskWork, 16)])),
      ("int a; struct middle m;", .fields([(.taskWork, 16)])),
      ("int a; struct { int b; struct bpf_task_work w; };", .fields([(.taskWork, 16)])),
      ("int a; struct bpf_task_work w[1];", .fields([(.taskWork, 8)])),
      ("int a; struct bpf_task_work w[1][1];", .fields([(.taskWork, 8)])),
      ("int a; struct inner i[1];", .fields([(.taskWork, 16)])),
      ("struct bpf_task_work none[0]; struct bpf_task_work w;", .fields([(.taskWork, 0)])),
      ("u64 c; struct bpf_task_work w;", .fields([(.taskWork, 8)])),
      ("struct bpf_timer t; struct bpf_task_work w;", .fields([(.timer, 0), (.taskWork, 16)])),
      ("struct bpf_wq q; struct bpf_task_work w;", .fields([(.workQueue, 0), (.taskWork, 16)])),
      ("struct bpf_spin_lock l; struct bpf_task_work w;", .fields([(.spinLock, 0), (.taskWork, 8)])),
      ("struct bpf_task_work a; struct bpf_task_work b;", .absent(.duplicate(.taskWork))),
      ("int a; struct bpf_task_work w[2];", .absent(.duplicate(.taskWork))),
      ("int a; struct inner i[2];", .absent(.duplicate(.taskWork))),
      ("union { struct bpf_task_work w; u64 x; } u;", .ignored(.inUnion)),
      ("int a; union { struct bpf_task_work w; u64 x; };", .ignored(.inUnion)),
      ("union { struct { struct bpf_task_work w; } s; u64 x; } u;", .absent(.noFields)),
      ("char c; struct bpf_task_work w packed;", .ignored(.misaligned(offset: 1))),
      ("u64 c; task_work_t w;", .ignored(.notDirect)),
      ("u64 c; const struct bpf_task_work w;", .ignored(.notDirect)),
      ("u64 c; volatile struct bpf_task_work w;", .ignored(.notDirect)),
      ("u64 c; inner_t i;", .absent(.noFields)),
      ("u64 c; const struct inner i;", .absent(.noFields)),
      ("int a;", .absent(.noFields)),
      ("int low : 8; int high : 8; struct bpf_task_work w;", .fields([(.taskWork, 8)])),
      ("int low : 3; int high : 5; struct bpf_task_work w;", .absent(.bitField(structure: "row27", member: "high"))),
      ("struct bpf_task_work w; struct bits b;", .absent(.bitField(structure: "bits", member: "high"))),
      ("struct bpf_task_work w; union { struct bits b; int c; } u;", .fields([(.taskWork, 0)])),
      ("struct bpf_task_work w; int flexible[];", .fields([(.taskWork, 0)])),
      ("struct bpf_task_work w; int (*f)(int); void *p; int **q;", .fields([(.taskWork, 0)])),
    ])
    try check(
      [("int a; struct bpf_task_work w;", .ignored(.wrongSize(byteCount: 16)))],
      prelude: "struct bpf_task_work { long a, b; };\n")
  }

  @Test("a value that is itself a task work, a union or an integer has no record; one behind a typedef has")
  func valueTypes() throws {
    let btf = try CompiledC(
      Self.prelude
        + """
        typedef struct { int a; struct bpf_task_work w; } value_t;
        value_t v; union choice { struct bpf_task_work w; u64 x; } u;
        """
    ).types()
    func find(_ name: String, _ kind: BTFKind) throws -> SpecialFields {
      try SpecialFields.find(in: btf, value: #require(btf.first(named: name, kind: kind)))
    }
    #expect(try find("bpf_task_work", .structure).absence == .noFields)
    #expect(try find("choice", .union).absence == .notStructure)
    #expect(try find("int", .integer).absence == .notStructure)
    #expect(try find("value_t", .typedef).fields == [.init(kind: .taskWork, offset: 8)])
  }

  @Test("the other special fields are recognised as Linux 6.18 recognises them")
  func otherFields() throws {
    let offsets = { (kind: SpecialFields.Kind, all: [Int]) in Expected.fields(all.map { (kind, $0) }) }
    try check([
      ("struct bpf_timer a; struct bpf_timer b;", .absent(.duplicate(.timer))),
      ("struct bpf_res_spin_lock a; struct bpf_res_spin_lock b;", .absent(.duplicate(.resilientSpinLock))),
      ("struct bpf_spin_lock a; struct bpf_res_spin_lock b;", .absent(.twoKindsOfLock)),
      ("struct bpf_refcount a; struct bpf_refcount b;", offsets(.referenceCount, [0, 4])),
      ("struct bpf_list_node a; struct bpf_rb_node b;", .absent(.noFields)),
      ("struct local kptr *p;", offsets(.referencedPointer, [0])),
      ("struct local kptr_untrusted *p;", offsets(.untrustedPointer, [0])),
      ("struct local percpu_kptr *p;", offsets(.perCPUPointer, [0])),
      ("struct local uptr *p;", offsets(.userPointer, [0])),
      ("int a; struct local kptr *p[3];", offsets(.referencedPointer, [8, 16, 24])),
      ("struct local kptr *p[11];", offsets(.referencedPointer, (0..<11).map { 8 * $0 })),
      ("struct local kptr *p[12];", .absent(.tooMany)),
      ("struct local kptr *p[10]; struct bpf_timer t; struct bpf_wq q;", .absent(.tooMany)),
      ("int a; struct kptrs s[2][2];", offsets(.referencedPointer, [16, 24, 40, 48, 64, 72, 88, 96])),
      ("struct local kptr * volatile p;", offsets(.referencedPointer, [0])),
      ("struct local kptr * const p;", .absent(.noFields)),
      ("const struct local kptr *p;", offsets(.referencedPointer, [0])),
      ("local_t kptr *p;", offsets(.referencedPointer, [0])),
      ("local_pointer p;", .absent(.noFields)),
      ("int kptr *p;", .absent(.badPointer(structure: "row19", member: "p"))),
      ("void kptr *p;", .absent(.badPointer(structure: "row20", member: "p"))),
      ("union both kptr *p;", .absent(.badPointer(structure: "row21", member: "p"))),
      ("struct forwarded kptr *p;", .absent(.badPointer(structure: "row22", member: "p"))),
      ("struct local kptr kptr_untrusted *p;", .absent(.badPointer(structure: "row23", member: "p"))),
      (
        "struct local user *p; struct bpf_task_work w;",
        .absent(.unknownPointerTag(structure: "row24", member: "p", tag: "user"))
      ),
      ("union { struct local user *p; u64 x; }; struct bpf_task_work w;", .fields([(.taskWork, 8)])),
      (
        "struct { char c; struct local user *p; } packed s; int z; struct bpf_task_work w;", .fields([(.taskWork, 16)])
      ),
      (
        "struct bpf_spin_lock l; struct bpf_list_head h contains(\"item:node\");",
        .fields([(.spinLock, 0), (.listHead, 8)])
      ),
      (
        "struct bpf_res_spin_lock l; struct bpf_list_head h[2] contains(\"item:node\");",
        .fields([(.resilientSpinLock, 0), (.listHead, 8), (.listHead, 24)])
      ),
      (
        "struct bpf_spin_lock l; struct bpf_rb_root r contains(\"item:tree\");",
        .fields([(.spinLock, 0), (.treeRoot, 8)])
      ),
      ("struct bpf_list_head h contains(\"item:node\");", .absent(.noLock)),
      ("struct bpf_spin_lock l; struct bpf_list_head h;", .absent(.badContents(structure: "row31", member: "h"))),
      (
        "struct bpf_spin_lock l; struct bpf_list_head h contains(\"item\");",
        .absent(.badContents(structure: "row32", member: "h"))
      ),
      (
        "struct bpf_spin_lock l; struct bpf_list_head h contains(\"item:tree\");",
        .absent(.badContents(structure: "row33", member: "h"))
      ),
      (
        "struct bpf_spin_lock l; struct bpf_list_head h contains(\"nothing:node\");",
        .absent(.badContents(structure: "row34", member: "h"))
      ),
    ])
  }

  @Test("a root says what it is made of and a pointer what it points to")
  func targets() throws {
    let btf = try CompiledC(
      Self.prelude
        + """
        struct row { struct bpf_spin_lock l; struct bpf_list_head h contains("item:node"); local_t kptr *p; };
        struct row value;
        """
    ).types()
    let row = try #require(btf.first(named: "row", kind: .structure))
    let item = try #require(btf.first(named: "item", kind: .structure))
    let local = try #require(btf.first(named: "local", kind: .structure))
    let fields = try SpecialFields.find(in: btf, value: row)
    #expect(fields.first(.listHead)?.target == .elements(item, nodeOffset: 8))
    #expect(fields.first(.referencedPointer)?.target == .pointee(local))
  }

  @Test("the variables of a data section are searched, each with the size that the section gives")
  func dataSection() throws {
    var btf = try CompiledC(
      Self.prelude
        + """
        #define section(name) __attribute__((section(name)))
        struct bpf_spin_lock l section(".data.A"); struct bpf_list_head h contains("item:node") section(".data.A");
        struct local kptr *p section(".data.A"); int filler section(".data.A");
        """
    ).types()
    let id = try #require(btf.first(named: ".data.A", kind: .dataSection))
    // A linker or loader fills in the offsets and the size.
    var builder = try BTFBuilder(btf)
    var section = try btf[id]
    guard case .dataSection(var variables) = section.kind else { return }
    let order = ["l": 0, "filler": 4, "h": 8, "p": 24]
    for index in variables.variables.indices {
      let name = try btf.name(of: variables.variables[index].type)
      variables.variables[index].offset = UInt32(try #require(order[name]))
    }
    variables.variables.sort { $0.offset < $1.offset }
    variables.byteCount = 32
    section.kind = .dataSection(variables)
    builder.replace(id, with: section)
    btf = try BTF(builder)
    let fields = try SpecialFields.find(in: btf, value: id)
    #expect(fields.fields.map(\.kind) == [.spinLock, .listHead, .referencedPointer])
    #expect(fields.fields.map(\.offset) == [0, 8, 24])
  }

  @Test("a structure that contains itself ends the search")
  func cycle() throws {
    var builder = BTFBuilder()
    let id = builder.add(
      BTFType(
        name: "s", kind: .structure(.init(byteCount: 8, members: [.init(name: "s", type: BTFTypeID(1), bitOffset: 0)]))
      ))
    let found = try SpecialFields.find(in: BTF(builder), value: id)
    #expect(found.absence == .tooDeep)
  }
}
