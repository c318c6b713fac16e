import Diagnostics
import Events

/// Turns the read keys of one source into its schema: types, bounds, time, and references to fields.
struct SourceReader {
    private let problems: DiagnosticGathering
    private let source: SectionValue
    private let name: Located<String>
    private var fields: [FieldSpec] = []
    private var plans: [FieldPlan] = []
    private var pathRanges: [SourceRange] = []
    private(set) var faulty = FaultyNames()

    private init(_ source: SectionValue, named name: Located<String>, _ problems: DiagnosticGathering) {
        self.problems = problems
        self.source = source
        self.name = name
    }

    /// The source, as far as it could be read; `faulty` gets the names that were reported.
    static func read(
        _ source: SectionValue, named name: Located<String>, isScored: Bool, faulty: inout FaultyNames,
        into problems: DiagnosticGathering
    ) -> SourceSpec {
        var reader = SourceReader(source, named: name, problems)
        reader.readFields()
        let time = reader.readTime("time")
        let available = source.keyRanges["available"] == nil ? time : reader.readTime("available")
        let key = reader.reference("key", types: "string or int") { $0 == .string || $0 == .int }
        let id = reader.reference("id", types: "string or int") { $0 == .string || $0 == .int }
        if isScored, source.keyRanges["id"] == nil { reader.reportMissingID() }
        if let id, reader.plans[id.index.rawValue].isOptional || reader.plans[id.index.rawValue].isNullable {
            reader.wrongField(id.name, "must be there in every event to be the id", field: id.index)
        }
        reader.checkPaths()
        faulty = reader.faulty
        let ahead = source.microsecondsOrStandard("ahead")
        let late = source.section("late")
        let empty = Located("", at: source.range, written: "")
        return SourceSpec(
            name: name, topic: source.text("topic") ?? empty,
            schema: EventSchema(fields: reader.plans, time: time ?? .record, aheadMicroseconds: ahead),
            available: available ?? .record, fields: reader.fields, key: key, id: id,
            late: LateSpec(
                afterMicroseconds: (late ?? SectionValue(spec: PipelineSyntax.late, title: "late", range: source.range))
                    .microsecondsOrStandard("after"),
                action: late?.text("then").flatMap { LateAction(rawValue: $0.value) } ?? .score),
            lateRange: source.keyRanges["late"], aheadRange: source.keyRanges["ahead"])
    }

    private func reportMissingID() {
        problems.error(
            "missing-key", "\(source.title) has no \("id".quoted)", at: source.range,
            suggestion: "add \"id: FIELD\", the field that names an event in its score")
    }

    // MARK: - Fields

    private mutating func readFields() {
        guard let entries = source.map("fields") else {
            faulty.areUnbounded = true
            return
        }
        for entry in entries {
            guard let value = entry.value, let (type, section) = type(of: value, in: entry) else {
                faulty.names.insert(entry.name.value)
                // Whoever refers to a field of an illegal name spells it right.
                if let mended = NameRule.identifier.mended(entry.name.value) { faulty.names.insert(mended) }
                continue
            }
            let reading = FieldReader(problems: problems, name: entry.name, type: type, section: section)
            plans.append(reading.plan())
            pathRanges.append(section?.keyRanges["path"] ?? entry.name.range)
            fields.append(FieldSpec(name: entry.name, type: type, isLabel: reading.isLabel))
        }
    }

    private func type(of value: SpecValue, in entry: MapEntry) -> (FieldType, SectionValue?)? {
        switch value {
        case .text(let short):
            guard short.value != "decimal" else {
                problems.error(
                    "missing-key", "decimal field \(entry.name.value.quoted) has no \("scale".quoted)", at: short.range,
                    suggestion: "write {type: decimal, scale: 2}")
                return nil
            }
            return type(named: short, section: nil, in: entry).map { ($0, nil) }
        case .section(let section):
            guard let type = section.text("type") else { return nil }
            return self.type(named: type, section: section, in: entry).map { ($0, section) }
        default: return nil
        }
    }

    private func type(named type: Located<String>, section: SectionValue?, in entry: MapEntry) -> FieldType? {
        switch type.value {
        case "int": return .int
        case "float": return .float
        case "bool": return .bool
        case "string": return .string
        case "decimal":
            if let scale = section?.integer("scale") { return .decimal(scale: Int(scale.value)) }
            guard section?.isFaulty("scale") != true else { return nil }
            problems.error(
                "missing-key", "decimal field \(entry.name.value.quoted) has no \("scale".quoted)", at: type.range,
                suggestion: "add \"scale: 2\", the digits behind the point")
            return nil
        default:
            if let format = section?.text("format").flatMap({ TimeFormat(rawValue: $0.value) }) { return .time(format) }
            guard section?.isFaulty("format") != true else { return nil }
            if let format = timeFormat(of: entry.name.value) { return .time(format) }
            problems.error(
                "missing-key", "time field \(entry.name.value.quoted) has no \("format".quoted)", at: type.range,
                suggestion: "write {type: time, format: iso8601}")
            return nil
        }
    }

    /// The format that the source's `time` or `available` gives a field.
    private func timeFormat(of field: String) -> TimeFormat? {
        for key in ["time", "available"] {
            guard let time = source.section(key), time.text("field")?.value == field else { continue }
            if let format = time.text("format").flatMap({ TimeFormat(rawValue: $0.value) }) { return format }
        }
        return nil
    }

    // MARK: - Time

    /// What `time` or `available` says.
    private mutating func readTime(_ key: String) -> TimeOrigin? {
        if source.text(key) != nil { return .record }
        guard let time = source.section(key) else { return nil }
        let format = time.text("format").flatMap { TimeFormat(rawValue: $0.value) }
        let field = time.text("field")
        if format == .record {
            guard let range = time.keyRanges["field"] else { return .record }
            problems.error(
                "inapplicable-key", "\("field".quoted) does not apply to the record's own time", at: range,
                suggestion: "write \"\(key): record\"")
            return nil
        }
        guard let field else {
            if time.keyRanges["field"] == nil, format != nil {
                problems.error(
                    "missing-key", "\(key.quoted) has no \("field".quoted)", at: time.range,
                    suggestion: "add the field that holds the time, or write \"\(key): record\"")
            }
            return nil
        }
        if let index = plans.firstIndex(where: { $0.name == field.value }) {
            return declaredTime(field, at: index, format: format)
        }
        guard let format, !faulty.names.contains(field.value) else {
            faulty.names.insert(field.value)
            return nil
        }
        plans.append(FieldPlan(name: field.value, path: [field.value], type: .time(format)))
        pathRanges.append(field.range)
        fields.append(FieldSpec(name: field, type: .time(format), isLabel: false))
        return .field(FieldIndex(plans.count - 1))
    }

    private func declaredTime(_ field: Located<String>, at index: Int, format: TimeFormat?) -> TimeOrigin? {
        guard case .time(let declared) = plans[index].type else {
            wrongField(
                field, "is \(plans[index].type.phrase) and cannot be the time", field: FieldIndex(index),
                suggestion: "declare it as \"time\", or leave it out of \"fields\"")
            return nil
        }
        guard !plans[index].isLabel else {
            wrongField(field, "is a label and cannot be the time", field: FieldIndex(index))
            return nil
        }
        if let format, declared != format {
            wrongField(
                field, "is declared as \(declared.rawValue.quoted) and read here as \(format.rawValue.quoted)",
                field: FieldIndex(index), suggestion: "give one format")
            return nil
        }
        return .field(FieldIndex(index))
    }

    // MARK: - References

    private func reference(
        _ key: String, types: String, fits: (FieldType) -> Bool
    ) -> SourceSpec.FieldReference? {
        guard let text = source.text(key) else { return nil }
        return Self.reference(
            text, as: key, in: (fields, plans), types: types, faulty: faulty, problems: problems, fits: fits)
    }

    /// The field that a key names, if it exists and fits; else it is reported, unless its declaration was.
    static func reference(
        _ text: Located<String>, as key: String, in declared: (fields: [FieldSpec], plans: [FieldPlan]),
        types: String, faulty: FaultyNames, problems: DiagnosticGathering, fits: (FieldType) -> Bool
    ) -> SourceSpec.FieldReference? {
        guard let index = declared.plans.firstIndex(where: { $0.name == text.value }) else {
            guard !faulty.mayHold(text.value) else { return nil }
            let fitting = declared.plans.filter { fits($0.type) && !$0.isLabel }.map(\.name)
            problems.error(
                "unknown-field", "field \(text.written.quoted) is not declared", at: text.range,
                suggestion: text.isFromEnvironment ? nil : Suggestion.text(for: text.value, among: fitting))
            return nil
        }
        let plan = declared.plans[index]
        let note = Diagnostic.Note("declared here", at: declared.fields[index].name.range)
        guard fits(plan.type), !plan.isLabel else {
            let reason = fits(plan.type) ? "is a label" : "is \(plan.type.phrase)"
            problems.error(
                "wrong-field", "field \(text.written.quoted) \(reason) and cannot be \(key.quoted)", at: text.range,
                suggestion: "choose a field of type \(types)", notes: [note])
            return nil
        }
        return SourceSpec.FieldReference(name: text, index: FieldIndex(index))
    }

    private func wrongField(
        _ text: Located<String>, _ reason: String, field: FieldIndex, suggestion: String? = nil
    ) {
        problems.error(
            "wrong-field", "field \(text.written.quoted) \(reason)", at: text.range, suggestion: suggestion,
            notes: [.init("declared here", at: fields[field.rawValue].name.range)])
    }

    // MARK: - Paths

    /// Two fields at one place, or one inside the other, cannot both be read.
    private func checkPaths() {
        var byPath: [[String]: Int] = [:]
        for (index, plan) in plans.enumerated() {
            if let earlier = byPath[plan.path] {
                pathConflict(index, "reads the same place as \(plans[earlier].name.quoted)", earlier)
            } else {
                byPath[plan.path] = index
            }
        }
        for (index, plan) in plans.enumerated() where plan.path.count > 1 {
            for length in 1..<plan.path.count {
                guard let outer = byPath[Array(plan.path.prefix(length))] else { continue }
                pathConflict(index, "lies inside \(plans[outer].name.quoted), which is one value", outer)
            }
        }
    }

    private func pathConflict(_ index: Int, _ reason: String, _ earlier: Int) {
        problems.error(
            "path-conflict", "field \(plans[index].name.quoted) \(reason)", at: pathRanges[index],
            suggestion: "read another place, or keep one of them",
            notes: [.init("declared here", at: fields[earlier].name.range)])
    }
}

extension FieldType {
    /// `a decimal`, for messages.
    var phrase: String {
        switch self {
        case .int: "an int"
        case .float: "a float"
        case .bool: "a bool"
        case .string: "a string"
        case .decimal: "a decimal"
        case .time: "a time"
        }
    }

    var name: String {
        switch self {
        case .int: "int"
        case .float: "float"
        case .bool: "bool"
        case .string: "string"
        case .decimal: "decimal"
        case .time: "time"
        }
    }
}
