// Deferred task work, as the kfuncs `bpf_task_work_schedule_resume` and `bpf_task_work_schedule_signal` have it, without
// a kernel around it.
//
// A program asks, from wherever it runs, that a callback of its object be run by a certain thread just before that thread
// next returns to user mode. This module holds what makes that safe: the state machine of one request, the life of the
// memory that a request needs, the work list of a thread and the list of steps that wait for interrupts to be enabled.
//
// It knows no map, no program, no task and no engine: those are 64-bit tokens, and an engine answers for them through
// `TaskWorkResources`. It never blocks, allocates or takes a lock on a path that `schedule` or `release` can take; it
// never waits for a callback; it never calls a callback itself other than through a closure that it was given.
