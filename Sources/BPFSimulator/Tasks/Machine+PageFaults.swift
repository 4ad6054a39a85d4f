/// Page faults of tasks that may sleep.
extension Machine {
  /// Brings a page in while the task sleeps; its CPU is free for whatever the page's handler does.
  func serve(
    _ fault: UserMemory.PageFault, for task: SimulatedTask, on cpu: CPU, meanwhile handler: (() -> Void)?
  ) {
    record(.pageFault(fault), on: cpu)
    spend(fault.isMajor ? configuration.costs.majorFault : configuration.costs.minorFault)
    if let handler { sleep(task, on: cpu, during: handler) }
  }

  /// Puts the current task of a CPU to sleep for as long as `body` takes, and gives it its CPU back.
  private func sleep(_ task: SimulatedTask, on cpu: CPU, during body: () -> Void) {
    let contexts = cpu.takeContexts()
    let activity = cpu.activityDepth
    let state = task.state
    cpu.activityDepth = 0
    task.state = .waitingForPage
    switchTo(cpu.idleTask, on: cpu)
    body()
    settle()
    switchTo(task, on: cpu)
    task.state = state
    cpu.activityDepth = activity
    cpu.restoreContexts(contexts)
  }
}
