/// What the verifier has to know of a kernel function (kfunc) and the kernel's BTF does not have: its flags and the
/// programs that may call it. What its parameters are, BTF and ``KernelArgumentRule`` say.
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
    /// `bpf_wq_init`.
    case initializeWork
    /// `bpf_wq_start`.
    case startWork
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

extension KernelFunction {
  /// What the table has of a kernel function, by the name in the kernel's types; `nil` for one that it does not know.
  package static func named(_ name: String) -> KernelFunction? { byName[name] }

  /// The names of all kernel functions in the table, in alphabetical order.
  package static var allNames: [String] { byName.keys.sorted() }
}
