#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

// `sin`, `cos` and `asin` come from the platform's C library, as the logarithms do.
extension FunctionSpec {
    /// By the haversine formula, which keeps its digits for places that are near each other.
    static let haversine = FunctionSpec(
        "haversine_km", [Parameter("lat1"), Parameter("lon1"), Parameter("lat2"), Parameter("lon2")],
        summary: "Kilometres between two places in degrees on a sphere of radius 6,371.0088 km (within 0.6 % of the "
            + "ellipsoid); missing where a latitude lies outside of -90 to 90 or a longitude outside of -360 to 360.",
        examples: [
            Example("haversine_km(52.3702, 4.8952, 52.3702, 4.8952)", 0),
            Example("haversine_km(0, 0, 0, 180)", 6_371.0088 * .pi), Example("haversine_km(91, 0, 0, 0)", nil),
        ],
        kernel: { arguments, output in
            let (latitude1, longitude1) = (arguments.numbers(0), arguments.numbers(1))
            let (latitude2, longitude2) = (arguments.numbers(2), arguments.numbers(3))
            for row in 0..<arguments.rows {
                let isOnEarth =
                    isPlace(latitude1[row], longitude1[row]) && isPlace(latitude2[row], longitude2[row])
                let distance = kilometres(latitude1[row], longitude1[row], latitude2[row], longitude2[row])
                output[row] = isOnEarth ? missingUnlessFinite(distance) : .nan
            }
        })
}

/// False where one of them is missing.
private func isPlace(_ latitude: Double, _ longitude: Double) -> Bool {
    latitude.magnitude <= 90 && longitude.magnitude <= 360
}

private func kilometres(_ latitude1: Double, _ longitude1: Double, _ latitude2: Double, _ longitude2: Double) -> Double
{
    let degree = Double.pi / 180
    let north = sin((latitude2 - latitude1) * degree / 2)
    let east = sin((longitude2 - longitude1) * degree / 2)
    let square = north * north + cos(latitude1 * degree) * cos(latitude2 * degree) * east * east
    // Rounding may lift the square of opposite places above 1.
    return 2 * 6_371.0088 * asin(min(1, square).squareRoot())
}
