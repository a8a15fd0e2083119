// swift-tools-version: 6.2
import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

// Tests import what they look into, not every module whose members they touch.
let testSettings: [SwiftSetting] = [.enableUpcomingFeature("ExistentialAny"), .treatAllWarnings(as: .error)]

let cSettings: [CSetting] = [
    .define("_GNU_SOURCE"),
    .enableWarning("all"),
    .enableWarning("extra"),
    .treatAllWarnings(as: .error),
]

let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioWebSocket: Target.Dependency = .product(name: "NIOWebSocket", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let systemPackage: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let serviceLifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")

let package = Package(
    name: "nemoclaw",
    products: [
        .executable(name: "nemoclaw", targets: ["NemoClawCLI"]),
        .executable(name: "nemoclaw-supervisor", targets: ["Supervisor"]),
        .executable(name: "nemoclaw-sandbox-worker", targets: ["SandboxWorker"]),
        .executable(name: "nemoclaw-init", targets: ["SandboxInit"]),
        .executable(name: "openclaw", targets: ["OpenClaw"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.0"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: [
        .target(name: "CSandbox", cSettings: cSettings),
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .target(name: "Shared", dependencies: [logging, systemPackage], swiftSettings: swiftSettings),
        .executableTarget(
            name: "Supervisor",
            dependencies: [
                "Shared", "CSandbox", nioCore, nioPosix, nioHTTP1, nioSSL, crypto, logging, systemPackage,
                serviceLifecycle, argumentParser,
                .product(name: "X509", package: "swift-certificates"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "SandboxWorker",
            dependencies: [
                "Shared", "CSandbox", nioCore, nioPosix, nioHTTP1, nioWebSocket, crypto, logging, systemPackage,
                serviceLifecycle,
            ],
            swiftSettings: swiftSettings
        ),
        .executableTarget(name: "SandboxInit", dependencies: ["Shared", "CSandbox"], swiftSettings: swiftSettings),
        .executableTarget(
            name: "OpenClaw",
            dependencies: [
                "Shared", nioCore, nioPosix, nioHTTP1, nioWebSocket, nioSSL, crypto, systemPackage, argumentParser,
            ],
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "NemoClawCLI",
            dependencies: ["Shared", systemPackage, argumentParser],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "TestSupport",
            dependencies: ["Shared", systemPackage],
            path: "Tests/TestSupport",
            swiftSettings: swiftSettings
        ),
        .testTarget(name: "SharedTests", dependencies: ["Shared"], swiftSettings: testSettings),
        .testTarget(
            name: "CSandboxTests",
            dependencies: ["CSandbox", "Shared", "TestSupport"],
            swiftSettings: testSettings
        ),
        .testTarget(
            name: "SupervisorTests",
            dependencies: [
                "Supervisor", "Shared", "TestSupport", nioCore, nioPosix, nioHTTP1, nioEmbedded, nioSSL, crypto,
            ],
            swiftSettings: testSettings
        ),
        .testTarget(
            name: "SandboxWorkerTests",
            dependencies: [
                "SandboxWorker", "Shared", "TestSupport", "CSandbox", systemPackage, nioWebSocket, logging, nioCore,
                nioPosix, nioHTTP1, nioEmbedded, crypto,
            ],
            swiftSettings: testSettings
        ),
        .testTarget(
            name: "OpenClawTests",
            dependencies: ["OpenClaw", "Shared", "TestSupport", nioCore, nioPosix, crypto, systemPackage],
            swiftSettings: testSettings
        ),
        .testTarget(
            name: "NemoClawCLITests",
            dependencies: ["NemoClawCLI", "Shared", "TestSupport"],
            swiftSettings: testSettings
        ),
        .testTarget(name: "EndToEndTests", dependencies: ["Shared", "TestSupport"], swiftSettings: testSettings),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .gnu17
)
