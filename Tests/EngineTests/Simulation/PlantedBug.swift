@testable import Engine

/// A bug that the simulation has to find.
enum PlantedBug: String, CaseIterable {
    case commitBeforeAcknowledgement, snapshotAhead, resendAfterRevoke, swappedTies, lostOrder, shortHorizon,
        epochNotChecked, skippedCounter, offByOne, deadLetterOutside
}

/// What a planted bug remembers.
struct PlantState {
    var calls = 0
}

/// Where a value passes that a planted bug changes.
enum PlantPlace {
    case commit
    case horizon
    case committed(SimulatedInstance)
}

/// Bugs are planted where the engine meets the world, or in what it keeps: its code knows nothing of them.
extension SimulatedWorld {
    func isPlanted(_ candidate: PlantedBug) -> Bool { bug == candidate }

    func plant(_ place: PlantPlace, _ value: Int64) -> Int64 {
        switch place {
        case .commit: isPlanted(.offByOne) ? value + 1 : value
        // A window too short is what a rebuild sees.
        case .horizon: isPlanted(.shortHorizon) ? value + PaymentPlan.day : value
        case .committed: value
        }
    }

    /// A snapshot that is ahead of the commit is used all the same, as if what it holds were committed.
    func plant(_ place: PlantPlace, _ committed: Int64?, partition: Int) -> Int64? {
        guard isPlanted(.snapshotAhead), case .committed(let instance) = place, let committed,
            let store = instance.engine.snapshots, let manifest = try? store.candidates().first?.manifest
        else { return committed }
        let lane = manifest.header.lanes.first {
            Scenario.lane(topic: $0.topic, partition: Int($0.partition)) == partition
        }
        return max(committed, lane?.offset ?? 0)
    }

    /// Its other half: a snapshot gets its name before what it holds is committed.
    func plantPassing(_ instance: SimulatedInstance) {
        guard isPlanted(.snapshotAhead) else { return }
        for lane in instance.engine.lanes { lane.finishedOffset = lane.stateOffset }
    }

    func losesOrder() -> Bool {
        guard isPlanted(.lostOrder) else { return false }
        plantState.calls += 1
        return plantState.calls % 3 == 0
    }

    func plantAssigned(_ instance: SimulatedInstance) {
        switch bug {
        case .swappedTies: plantState.calls += 1
        case .skippedCounter: if !instance.engine.accounts.isEmpty { instance.engine.accounts[0].consumed &+= 1 }
        default: break
        }
        if isPlanted(.swappedTies) { instance.engine.lanesInOrder.reverse() }
    }
}
