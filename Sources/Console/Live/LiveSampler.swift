import ServiceLifecycle

/// Takes a sample every so often and feeds it to whoever listens, until the console stops.
struct LiveSampler: Service {
    let port: any ConsolePort
    let feed: LiveFeed
    let milliseconds: Int64

    func run() async {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                feed.publish(port.sample())
                try? await Task.sleep(for: .milliseconds(milliseconds))
            }
        }
        feed.close()
    }
}
