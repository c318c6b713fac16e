/// A straight line through measured points by least squares, and how certain its slope is.
///
/// The standard error takes the points' deviations for independent. Samples of one process seldom are, so that the true
/// error is larger: a slope below two of them is no growth, one of three need not be.
public struct TrendLine: Hashable, Sendable {
    /// One point; x is a time as a rule.
    public struct Point: Hashable, Sendable {
        public let x: Double
        public let y: Double

        public init(x: Double, y: Double) {
            self.x = x
            self.y = y
        }
    }

    /// In units of y by units of x.
    public let slope: Double
    /// The standard error of `slope`; 0 where all points lie on the line.
    public let slopeError: Double
    /// The mean of y.
    public let mean: Double
    /// From the first x to the last.
    public let span: Double

    /// A smaller share of the mean, over the whole span, is not called growth.
    public static let growthShareLeast = 0.01
    /// Slopes below so many standard errors are taken for chance.
    public static let errorsLeast = 2.0

    /// - Returns: `nil` for fewer than three points, points of one x only, and numbers that are not finite.
    public init?(_ points: [Point]) {
        guard points.count >= 3, points.allSatisfy({ $0.x.isFinite && $0.y.isFinite }) else { return nil }
        let count = Double(points.count)
        let meanX = points.reduce(0) { $0 + $1.x } / count
        let meanY = points.reduce(0) { $0 + $1.y } / count
        // From the means, since sums of squares of large numbers would cancel.
        var squares = 0.0
        var products = 0.0
        for point in points {
            squares += (point.x - meanX) * (point.x - meanX)
            products += (point.x - meanX) * (point.y - meanY)
        }
        guard squares > 0 else { return nil }
        let slope = products / squares
        let residuals = points.reduce(0) { sum, point in
            let residual = point.y - meanY - slope * (point.x - meanX)
            return sum + residual * residual
        }
        self.slope = slope
        slopeError = (residuals / (count - 2) / squares).squareRoot()
        mean = meanY
        span = (points.map(\.x).max() ?? 0) - (points.map(\.x).min() ?? 0)
    }

    /// By how much y rises over the span of the points; negative where it falls.
    public var growth: Double { slope * span }

    /// Whether y rises by more than chance and by enough to speak of.
    public var isGrowing: Bool {
        slope > Self.errorsLeast * slopeError && growth > Self.growthShareLeast * abs(mean)
    }
}
