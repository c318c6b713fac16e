public import Configuration

extension BaselineSettings {
    /// What a pipeline's `monitor` section asks for.
    public init(_ plan: PipelinePlan, _ monitor: MonitorSpec) {
        self.init(pipeline: plan.spec.name.value, watch: MonitorPlan.Watch(plan, monitor))
        model = plan.spec.models.isEmpty ? nil : plan.spec.models.map(\.name.value).joined(separator: "+")
        bucketMicroseconds = monitor.bucketMicroseconds
        lateMicroseconds = monitor.lateMicroseconds
    }
}
