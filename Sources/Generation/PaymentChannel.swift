/// How a payment was made: part of generated events only where a pipeline reads it.
public enum PaymentChannel: UInt8, Hashable, Sendable, CaseIterable {
    case web
    case pos
    case atm
    /// Only with the drift that plants it.
    case wallet

    /// As events have it.
    public var name: StaticString {
        switch self {
        case .web: "web"
        case .pos: "pos"
        case .atm: "atm"
        case .wallet: "wallet"
        }
    }
}

/// In which quarter of the plane a payment's terminal stands: part of generated events only where a pipeline reads it.
public enum TerminalRegion: UInt8, Hashable, Sendable, CaseIterable {
    case southWest
    case southEast
    case northWest
    case northEast

    /// As events have it.
    public var name: StaticString {
        switch self {
        case .southWest: "south-west"
        case .southEast: "south-east"
        case .northWest: "north-west"
        case .northEast: "north-east"
        }
    }
}

/// Draws the channels of payments: each customer has one that eight of ten payments take, and the others are drawn like
/// the customers' own. Half of all payments are web, four of ten pos, one atm.
struct ChannelDraws {
    private var random: RandomSource
    private let own: [PaymentChannel]

    init(_ options: CardTransactionOptions) {
        random = RandomSource(seed: options.seed, stream: GeneratorStream.channels.rawValue)
        var own: [PaymentChannel] = []
        own.reserveCapacity(options.customers)
        for _ in 0..<options.customers { own.append(Self.draw(&random)) }
        self.own = own
    }

    private static func draw(_ random: inout RandomSource) -> PaymentChannel {
        switch random.below(10) {
        case 0..<5: .web
        case 5..<9: .pos
        default: .atm
        }
    }

    /// That of the day's next payment in time order.
    mutating func next(customer: Int) -> PaymentChannel {
        random.below(10) < 8 ? own[customer] : Self.draw(&random)
    }
}
