package import BPFObject
package import BPFTypeFormat

/// What the verifier has to know of a kernel function (kfunc): its parameters from the kernel's BTF and the suffixes of
/// their names, its flags and the programs that may call it from a table, since BTF has neither.
package struct KernelFunction: Hashable, Sendable {
  /// The name, such as `bpf_task_work_schedule_resume_impl`.
  package let name: String
  /// The flags.
  package let flags: Flags
  /// The programs that may call it.
  package let programs: KernelFunctionPrograms
  /// What a call means to the verifier beyond its prototype.
  package let role: Role?

  /// The flags of a kernel function (`KF_*`).
  package struct Flags: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// `KF_ACQUIRE`: the result is a reference to give back.
    package static let acquire = Flags(rawValue: 1 << 0)
    /// `KF_RELEASE`: the argument's reference is given back.
    package static let release = Flags(rawValue: 1 << 1)
    /// `KF_RET_NULL`: the result may be null.
    package static let mayReturnNull = Flags(rawValue: 1 << 2)
    /// `KF_TRUSTED_ARGS`: pointers have to be trusted, and must not be null.
    package static let trustedArguments = Flags(rawValue: 1 << 4)
    /// `KF_SLEEPABLE`: it may sleep.
    package static let sleepable = Flags(rawValue: 1 << 5)
    /// `KF_DESTRUCTIVE`: needs CAP_SYS_BOOT.
    package static let destructive = Flags(rawValue: 1 << 6)
    /// `KF_RCU`: pointers may be protected by RCU instead of trusted.
    package static let rcu = Flags(rawValue: 1 << 7)
    /// `KF_ITER_NEW`: makes an iterator on the stack.
    package static let iteratorNew = Flags(rawValue: 1 << 8)
    /// `KF_ITER_NEXT`: takes the next element, null at the end.
    package static let iteratorNext = Flags(rawValue: 1 << 9)
    /// `KF_ITER_DESTROY`: ends the iterator.
    package static let iteratorDestroy = Flags(rawValue: 1 << 10)
    /// `KF_RCU_PROTECTED`: to be called, and its result used, within an RCU section.
    package static let rcuProtected = Flags(rawValue: 1 << 11)
    /// `KF_FASTCALL`: it keeps the argument registers that it does not use.
    package static let fastCall = Flags(rawValue: 1 << 12)
    /// `KF_ARENA_RET`: the result points into the arena.
    package static let returnsArena = Flags(rawValue: 1 << 13)
    /// `KF_ARENA_ARG1`: the first argument may point into the arena.
    package static let firstArgumentInArena = Flags(rawValue: 1 << 14)
    /// `KF_ARENA_ARG2`: the second argument may point into the arena.
    package static let secondArgumentInArena = Flags(rawValue: 1 << 15)
  }

  /// Kernel functions that the verifier knows by name, grouped by what it does for them.
  package enum Role: Hashable, Sendable {
    /// `bpf_obj_new_impl`: an object of a type of the program.
    case newObject
    /// `bpf_percpu_obj_new_impl`.
    case newPerCPUObject
    /// `bpf_obj_drop_impl`.
    case dropObject
    /// `bpf_percpu_obj_drop_impl`.
    case dropPerCPUObject
    /// `bpf_refcount_acquire_impl`.
    case acquireObject
    /// `bpf_list_push_front_impl` and `…_back_impl`.
    case pushToList
    /// `bpf_list_pop_front` and `…_back`.
    case popFromList
    /// `bpf_list_front` and `…_back`.
    case peekList
    /// `bpf_rbtree_add_impl`.
    case addToTree
    /// `bpf_rbtree_remove`.
    case removeFromTree
    /// `bpf_rbtree_first`, `…_root`, `…_left`, `…_right`.
    case peekTree
    /// `bpf_rcu_read_lock`.
    case rcuLock
    /// `bpf_rcu_read_unlock`.
    case rcuUnlock
    /// `bpf_preempt_disable`.
    case disablePreemption
    /// `bpf_preempt_enable`.
    case enablePreemption
    /// `bpf_local_irq_save`.
    case saveInterrupts
    /// `bpf_local_irq_restore`.
    case restoreInterrupts
    /// `bpf_res_spin_lock`, and with `_irqsave` the interrupts' state as well.
    case resilientLock(savesInterrupts: Bool)
    /// `bpf_res_spin_unlock`, and with `_irqrestore`.
    case resilientUnlock(restoresInterrupts: Bool)
    /// `bpf_throw`.
    case throwException
    /// `bpf_dynptr_from_skb` and its relatives: make a dynptr of the packet.
    case dynptrFromPacket(DynptrPacket)
    /// `bpf_dynptr_slice` and `…_rdwr`: memory of a dynptr.
    case dynptrSlice(isWritable: Bool)
    /// `bpf_dynptr_clone`.
    case cloneDynptr
    /// `bpf_cast_to_kern_ctx`.
    case castToKernelContext
    /// `bpf_rdonly_cast`.
    case readOnlyCast
    /// `bpf_wq_set_callback_impl`.
    case setWorkCallback
    /// `bpf_task_work_schedule_*`.
    case scheduleTaskWork
    /// `bpf_iter_css_task_new`: not everywhere that its set says.
    case iterateTasksOfCgroup
    /// `bpf_xdp_pull_data` and others after which pointers to the packet are of no use.
    case changesPacket
  }

  /// The packets that dynptrs are made of.
  package enum DynptrPacket: Hashable, Sendable {
    case skb
    case skbMetadata
    case xdp
  }
}

/// Kinds of programs as the sets of kernel functions have them.
package struct KernelFunctionPrograms: OptionSet, Hashable, Sendable {
  package let rawValue: UInt32
  package init(rawValue: UInt32) { self.rawValue = rawValue }

  /// `BTF_KFUNC_HOOK_COMMON`: every program.
  package static let all = KernelFunctionPrograms(rawValue: 1 << 0)
  /// XDP.
  package static let xdp = KernelFunctionPrograms(rawValue: 1 << 1)
  /// tc classifiers and actions.
  package static let trafficControl = KernelFunctionPrograms(rawValue: 1 << 2)
  /// struct_ops.
  package static let structOperations = KernelFunctionPrograms(rawValue: 1 << 3)
  /// Tracing: tracepoints, raw tracepoints, perf events, fentry and the like, LSM, iterators.
  package static let tracing = KernelFunctionPrograms(rawValue: 1 << 4)
  /// syscall.
  package static let systemCall = KernelFunctionPrograms(rawValue: 1 << 5)
  /// `BPF_PROG_TYPE_TRACING` with an attach type that modifies a return value.
  package static let modifyReturn = KernelFunctionPrograms(rawValue: 1 << 6)
  /// cgroup_skb, cgroup_sock, cgroup_device, cgroup_sock_addr, cgroup_sockopt, cgroup_sysctl, sock_ops.
  package static let cgroup = KernelFunctionPrograms(rawValue: 1 << 7)
  /// Actions of tc.
  package static let trafficAction = KernelFunctionPrograms(rawValue: 1 << 8)
  /// sk_skb.
  package static let socketSKB = KernelFunctionPrograms(rawValue: 1 << 9)
  /// socket filters.
  package static let socketFilter = KernelFunctionPrograms(rawValue: 1 << 10)
  /// Lightweight tunnels.
  package static let lightweightTunnel = KernelFunctionPrograms(rawValue: 1 << 11)
  /// netfilter.
  package static let netfilter = KernelFunctionPrograms(rawValue: 1 << 12)
  /// kprobes and uprobes.
  package static let kprobe = KernelFunctionPrograms(rawValue: 1 << 13)
  /// LSM, which is one with tracing for most sets.
  package static let lsm = KernelFunctionPrograms(rawValue: 1 << 14)
}

/// A parameter of a kernel function, from its prototype in BTF.
package struct KernelFunctionParameter: Hashable, Sendable {
  /// The name as in the prototype, with its suffixes.
  package let name: String
  /// The type in the kernel's types, as written.
  package let type: BTFTypeID
  /// What it has to be.
  package let kind: Kind
  /// The pointer may be null (`__nullable`, `__opt`).
  package let isNullable: Bool

  /// What an argument has to be.
  package enum Kind: Hashable, Sendable {
    /// A number.
    case scalar
    /// A constant (`__k`).
    case constant
    /// A buffer's size that has to be a constant (`__szk`), of the parameter before.
    case constantSize
    /// A buffer's size (`__sz`), of the parameter before.
    case size
    /// A constant that is the size of the memory the result points to (`rdonly_buf_size`, `rdwr_buf_size`).
    case resultSize(isWritable: Bool)
    /// Not looked at; the verifier fills it in (`__ign`, `__prog`).
    case ignored
    /// The context of the program.
    case context
    /// A map (`__map`, `struct bpf_map *`).
    case map
    /// An object of the program (`__alloc`).
    case allocatedObject
    /// An object of the program with a reference count (`__refcounted_kptr`).
    case referenceCountedObject
    /// A `struct bpf_dynptr`; with `isUninitialized` (`__uninit`) a slot that becomes one.
    case dynptr(isUninitialized: Bool, isConstant: Bool)
    /// The iterator's state on the stack (`struct bpf_iter_…`), by the structure's name.
    case iterator(String)
    /// A list head, list node, tree root or tree node.
    case listHead
    case listNode
    case treeRoot
    case treeNode
    /// A function of the program (`__cb`, or a function pointer).
    case function
    /// A text with a zero byte in a read-only, frozen map (`__str`).
    case constantText
    /// A field of a map value: `struct bpf_wq`, `struct bpf_timer`, `struct bpf_task_work`.
    case workQueue
    case timer
    case taskWork
    /// `struct bpf_res_spin_lock`.
    case resilientSpinLock
    /// The state of interrupts on the stack (`__irq_flag`).
    case interruptFlags
    /// Memory whose size is the next parameter.
    case memory
    /// Memory of a fixed number of bytes: a pointer to a type of numbers alone.
    case fixedMemory(byteCount: Int)
    /// A structure of the kernel, by its type.
    case kernelObject(BTFTypeID)
    /// A pointer whose target the verifier cannot describe (`void *`).
    case untyped
  }
}

extension KernelFunction {
  /// What the table has of a kernel function, by the name in the kernel's types; `nil` for one that it does not know.
  package static func named(_ name: String) -> KernelFunction? { byName[name] }

  static let byName: [String: KernelFunction] = [:]
}

extension KernelFunctionPrograms {
  /// The sets whose functions programs of a kind may call, ``all`` always among them.
  package init(kind: ProgramKind) { self = .all }
}
