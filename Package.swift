// swift-tools-version: 6.1
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .unsafeFlags(["-warnings-as-errors"]),
    // Tests run with the checks of exclusive access; what is shipped need not pay for them in each event.
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

/// A Swift target with the project's settings.
func target(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// The tests of a target, which may see its internals.
func tests(_ name: String, _ dependencies: [Target.Dependency] = [], data: [String] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.byName(name: name)] + dependencies, exclude: data, swiftSettings: strict)
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")
// A package below Hummingbird has a target of the same name as one of ours. The alias finds it only where the trait that
// needs it is on, and without the alias the package does not resolve.
let hummingbird = Target.Dependency.product(
    name: "Hummingbird", package: "hummingbird", moduleAliases: ["Configuration": "SwiftConfiguration"])
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let network = [
    Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types"),
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
    .product(name: "NIOPosix", package: "swift-nio"),
]
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
    name: "riffle",
    products: [.executable(name: "riffle", targets: ["riffle"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.0.0"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.5.0"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.34.1"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift.git", from: "0.2.0"),
        .package(
            url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1",
            traits: ["ConfigurationSupport"]),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.0.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.0.0"),
    ],
    targets: [
        // Layer 0: the C and C++ surfaces, positions and problems, events as columns, the pool.
        .systemLibrary(name: "CRdkafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "CSimdjson", linkerSettings: [.linkedLibrary("simdjson")]),
        target("Diagnostics"),
        target("Events", ["CSimdjson"]),
        target("Telemetry", [metrics]),
        target("Workers"),
        // Layer 1: what Riffle computes, and the cluster.
        target("Features", ["Diagnostics", "Events"]),
        target("Models", ["Events"]),
        target("Drift"),
        target("Generation", ["Events"]),
        target("Kafka", ["CRdkafka", "Diagnostics"]),
        // Layer 2: from a file to a plan, from a plan to a running engine.
        target("Configuration", ["Diagnostics", "Events", "Features", "Models", crypto, yams]),
        target("Engine", ["Events", "Features", "Models", "Workers"]),
        // Layer 3: services.
        target(
            "Scoring",
            [
                "Configuration", "CZlib", "Diagnostics", "Drift", "Engine", "Events", "Features", "Generation", "Kafka",
                "Models", "Telemetry", "Workers",
                crypto, histogram, logging, metrics,
            ]),
        target(
            "Monitoring",
            [
                "Configuration", "Drift", "Engine", "Events", "Features", "Generation", "Kafka", "Telemetry", "Workers",
                crypto, logging, metrics,
            ]),
        target("Console", ["Events", "Telemetry", hummingbird, lifecycle, logging] + network),
        // Layer 4: commands.
        .executableTarget(
            name: "riffle",
            dependencies: [
                "Configuration", "Console", "Diagnostics", "Drift", "Engine", "Events", "Features", "Generation",
                "Kafka",
                "Models",
                "Monitoring", "Scoring", "Telemetry", "Workers",
                argumentParser, histogram, logging,
            ],
            // Links to `schemas/`: what `riffle schema` prints is what stands there.
            resources: [.embedInCode("Schemas")], swiftSettings: strict, linkerSettings: [.linkedLibrary("mimalloc")]),

        .testTarget(name: "TidyTests", swiftSettings: strict),
        tests("Diagnostics"),
        tests("Events", ["CSimdjson"]),
        tests("Telemetry", [metrics]),
        tests("Workers"),
        tests("Features", ["Diagnostics", "Events", "Workers"]),
        tests("Models", ["Events"], data: ["Fixtures"]),
        tests("Drift", data: ["Goldens"]),
        tests("Generation", ["Events"]),
        tests("Kafka"),
        tests("Configuration", ["Diagnostics", "Events", "Features", "Models", "Telemetry"], data: ["Goldens"]),
        tests(
            "Engine", ["Configuration", "Diagnostics", "Events", "Features", "Models", "Workers"]),
        tests(
            "Scoring",
            [
                "Configuration", "Diagnostics", "Engine", "Events", "Features", "Generation", "Kafka", "Models",
                "Telemetry", "Workers", logging,
            ]),
        tests("Console", [logging]),
        tests("Monitoring", ["Drift", "Engine", "Events", "Generation", "Kafka", "Telemetry"]),
        // The allocation counter replaces malloc in its whole process: a target, and a run, of its own.
        .target(name: "CAllocationCounter"),
        .testTarget(
            name: "AllocationTests",
            dependencies: [
                "CAllocationCounter", "Diagnostics", "Drift", "Engine", "Events", "Features", "Models", "Monitoring",
                "Workers",
            ],
            swiftSettings: strict),
    ],
    cxxLanguageStandard: .cxx17
)
