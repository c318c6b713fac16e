import Drift
import Testing

/// What holds of every detector in the catalogue.
@Suite struct DetectorStateTests {
    static let names = DetectorCatalogue.standard.detectors.map { $0.name }
    /// Parameters with which a short stream fills windows, and alarms.
    static let brisk: [String: [(name: String, value: String)]] = [
        "adwin": [("clock", "1"), ("delta", "0.5"), ("max_buckets", "1")],
        "kswin": [("window_size", "20"), ("stat_size", "5"), ("alpha", "0.2")],
        "page-hinkley": [("threshold", "0.5"), ("min_instances", "5")],
        "ddm": [("warm_start", "10")], "eddm": [("warm_start", "5")],
        "fhddm": [("sliding_window_size", "12"), ("short_window_size", "4"), ("confidence_level", "0.05")],
        "hddm-a": [("two_sided_test", "true"), ("drift_confidence", "0.1")],
        "hddm-w": [("two_sided_test", "true"), ("drift_confidence", "0.2")],
    ]

    private struct Generator {
        var state: UInt64

        /// SplitMix64.
        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return z ^ (z >> 31)
        }

        mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
    }

    /// A stream that changes every hundred values; of zeros and ones for detectors of such.
    private static func stream(_ detector: NamedDetector, seed: UInt64, count: Int) -> [Double] {
        var generator = Generator(state: seed)
        let isBinary = type(of: detector.detector).isBinary
        return (0..<count).map { index in
            let level = index / 100 % 2 == 0 ? 0.1 : 0.7
            let drawn = generator.unit()
            return isBinary ? (drawn < level ? 1 : 0) : level * drawn
        }
    }

    @Test(arguments: names)
    func aStateAtAnyPlaceGoesOnAsIfNothingHadBeen(name: String) throws {
        let made = try NamedDetector(name, Self.brisk[name] ?? [])
        var original = made
        var alarmCount = 0
        let seed: UInt64 = 11
        for (index, value) in Self.stream(made, seed: seed, count: 700).enumerated() {
            if index % 13 == 0 {
                var restored = made
                try restored.restore(original.state)
                #expect(restored.state == original.state)
                // The restored one takes the stream over.
                original = restored
            }
            if original.update(value) { alarmCount += 1 }
        }
        var whole = made
        let expected = Self.stream(made, seed: seed, count: 700).count { whole.update($0) }
        #expect(alarmCount == expected, "seed \(seed)")
        #expect(expected > 1, "the stream makes it alarm")
        #expect(whole.state == original.state)
    }

    @Test(arguments: names)
    func damagedStatesAreRefusedOrHarmless(name: String) throws {
        let made = try NamedDetector(name, Self.brisk[name] ?? [])
        var original = made
        for value in Self.stream(made, seed: 5, count: 333) { _ = original.update(value) }
        let state = original.state
        for length in 0..<state.count {
            var cut = made
            #expect(throws: DetectorRefusal.self) { try cut.restore(Array(state[..<length])) }
        }
        var longer = made
        #expect(throws: DetectorRefusal.self) { try longer.restore(state + [0]) }
        var generator = Generator(state: 77)
        for round in 0..<400 {
            var bytes = state
            for _ in 0...(round % 3) {
                bytes[Int(generator.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: generator.next())
            }
            var damaged = made
            do { try damaged.restore(bytes) } catch { continue }
            // What was taken over must neither trap nor grow.
            for value in Self.stream(made, seed: 6, count: 150) { _ = damaged.update(value) }
            #expect(damaged.state.count < 4 * state.count + 4_096, "seed 77, round \(round)")
        }
    }

    @Test(arguments: names)
    func whatIsNotFiniteIsPassedOver(name: String) throws {
        var detector = try NamedDetector(name, Self.brisk[name] ?? [])
        for value in Self.stream(detector, seed: 3, count: 60) { _ = detector.update(value) }
        let state = detector.state
        let isAlarmed = [Double.nan, .infinity, -.infinity].map { detector.update($0) }
        #expect(isAlarmed == [false, false, false])
        #expect(detector.state == state)
        for value in [Double.greatestFiniteMagnitude, -Double.greatestFiniteMagnitude, 0, 1e300] {
            _ = detector.update(value)
        }
        var restored = try NamedDetector(name, Self.brisk[name] ?? [])
        try restored.restore(detector.state)
        #expect(restored.state == detector.state)
    }

    @Test func statesAreOfOneDetectorAndItsParameters() throws {
        let adwin = try NamedDetector("adwin")
        var other = try NamedDetector("adwin", [("delta", "0.1")])
        #expect(throws: DetectorRefusal("the state is of other parameters of adwin")) {
            try other.restore(adwin.state)
        }
        var test = try NamedDetector("page-hinkley")
        #expect(throws: DetectorRefusal("the state is of another detector than page-hinkley")) {
            try test.restore(adwin.state)
        }
    }

    @Test func whatIsNotKnownIsSaidWithWhatIs() {
        Self.expect(
            "adwim", [],
            "there is no detector \"adwim\"; there are adwin, page-hinkley, kswin, ddm, eddm, hddm-a, hddm-w, fhddm")
        Self.expect(
            "ddm", [("delta", "1")],
            "ddm has no parameter \"delta\"; it has warm_start, warning_threshold, drift_threshold")
        Self.expect("ddm", [("warm_start", "x")], "ddm: warm_start is \"x\", but may be 0 to 1000000000")
        Self.expect("ddm", [("warm_start", "1"), ("warm_start", "2")], "ddm: warm_start is given twice")
        Self.expect("adwin", [("delta", "nan")], "adwin: delta is \"nan\", but may be 1e-300 to 1.0")
        Self.expect(
            "page-hinkley", [("mode", "sideways")], "page-hinkley: mode is \"sideways\", but may be both, up, down")
        Self.expect(
            "kswin", [("stat_size", "51")],
            "kswin: stat_size is 51, but may be at most half of window_size, which is 100")
        Self.expect("eddm", [("beta", "0.99")], "eddm: beta is 0.99, but may be at most alpha, which is 0.95")
        Self.expect(
            "fhddm", [("short_window_size", "101")],
            "fhddm: short_window_size is 101, but may be at most sliding_window_size, which is 100")
    }

    private static func expect(_ name: String, _ parameters: [(name: String, value: String)], _ message: String) {
        #expect(throws: DetectorRefusal(message)) { try NamedDetector(name, parameters) }
    }

    /// Every default is within its own range, and every name is written as users write it.
    @Test func parametersDescribeThemselves() throws {
        for detector in DetectorCatalogue.standard.detectors {
            let given = detector.parameters.map { (name: $0.name, value: $0.defaultValue) }
            _ = try NamedDetector(detector.name, given)
            #expect(Set(detector.parameters.map { $0.name }).count == detector.parameters.count)
        }
        #expect(Set(Self.names).count == Self.names.count)
    }
}
