/// Where the counts of each subject and group of events stand in a block.
///
///     | subject 0: all | segment 0 | segment 1 | ... | subject 1: all | ...
///       cells, missing, out of range
struct EvidenceLayout: Sendable {
    let subjects: [WatchedSubject]
    /// So many of the subjects, the first ones, are counted by segment, too.
    let segmentedSubjects: Int
    let segments: [SegmentField]
    /// By subject.
    private let starts: [Int]
    /// By segment field, the first of its groups; group 0 is all events.
    private let firstGroups: [Int]
    let groupCount: Int
    let countsTotal: Int

    init(subjects: [WatchedSubject], segmentedSubjects: Int, segments: [SegmentField]) {
        precondition(segmentedSubjects <= subjects.count)
        self.subjects = subjects
        self.segmentedSubjects = segmentedSubjects
        self.segments = segments
        var groups = 1
        firstGroups = segments.map { segment in
            defer { groups += segment.groupCount }
            return groups
        }
        groupCount = groups
        var total = 0
        starts = subjects.enumerated().map { index, subject in
            defer { total += subject.countsPerGroup * (index < segmentedSubjects ? groups : 1) }
            return total
        }
        countsTotal = total
    }

    func start(subject: Int, group: Int = 0) -> Int { starts[subject] + group * subjects[subject].countsPerGroup }

    /// The group of a value of a segment field.
    func group(segment: Int, value: Int) -> Int { firstGroups[segment] + value }

    /// The groups' names: all events, then each segment's.
    func segment(ofGroup group: Int) -> SeriesName.Segment? {
        if group == 0 { return nil }
        for (index, field) in segments.enumerated() where group < firstGroups[index] + field.groupCount {
            return field.segment(group - firstGroups[index])
        }
        return nil
    }
}
