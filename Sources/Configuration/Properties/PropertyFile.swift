public import Diagnostics
import Foundation

/// The file of settings for librdkafka that `kafka.properties_file` names: `name=value` lines, values secret.
public struct PropertyFile: Sendable {
    /// Relative to the working directory, or absolute.
    public let path: String
    /// As it may be shown: values, comments and whatever is no setting are masked.
    public let source: SourceText
    /// In file order, to be checked against librdkafka's own answer. Values are secret, whatever their names: never
    /// print them.
    public let properties: [PropertySpec]
    /// Problems with places in this file.
    public var diagnostics: [Diagnostic]

    /// The largest file that is read.
    public static let bytesMax = 65_536

    /// Reads the bytes of such a file; whatever is wrong is in `diagnostics`.
    public static func load(
        bytes: [UInt8], path: String, problemsMax: Int = DiagnosticGathering.problemsMaxDefault
    ) -> PropertyFile {
        let problems = DiagnosticGathering(problemsMax: problemsMax)
        var reader = PropertyFileReader(problems)
        reader.read(bytes)
        return PropertyFile(
            path: path, source: SourceText(path: path, text: reader.masked.joined(separator: "\n")),
            properties: reader.properties, diagnostics: problems.diagnostics)
    }
}

extension PipelineFile {
    /// Reads the file that `kafka.properties_file` names into `propertyFile`; does nothing where there is none.
    ///
    /// What keeps it from being read is added to `diagnostics`, what is wrong in it to its own. A replay needs no
    /// cluster and does not call this: who trains a model need not know the cluster's password.
    public mutating func readPropertyFile() {
        guard let spec, let file = spec.kafka.propertiesFile else { return }
        var found: [Diagnostic] = []
        defer { diagnostics = (diagnostics + found.map(spec.redacted)).sortedByPosition() }
        func refuse(_ reason: String, suggestion: String? = nil) {
            found.append(
                Diagnostic(
                    code: "unreadable-properties",
                    "properties file \(file.written.written.quoted) cannot be read: \(reason)", at: file.written.range,
                    suggestion: suggestion))
        }
        switch PropertyFileContent.read(file.path, bytesMax: PropertyFile.bytesMax) {
        case .success(let content):
            if content.isOpenToOthers {
                found.append(
                    Diagnostic(
                        .warning, code: "open-properties",
                        "properties file \(file.written.written.quoted) is open to other users (mode \(content.modeText))",
                        at: file.written.range, suggestion: "take their rights away: chmod 600"))
            }
            propertyFile = .load(bytes: content.bytes, path: file.path, problemsMax: problemsMax)
            checkDoubles()
        case .failure(.system(let code)):
            refuse(
                String(cString: strerror(code)).lowercased(),
                suggestion: file.path == file.written.value ? nil : "the path is relative to the pipeline file")
        case .failure(.notAFile): refuse("it is not a file")
        case .failure(.tooLarge):
            let most = UnitLiteral.text(Int64(PropertyFile.bytesMax), in: UnitLiteral.sizes)
            refuse("it is larger than \(most)", suggestion: "a line for each property, and nothing else")
        }
    }

    /// A setting that stands in both files would have two values, and nobody could say which holds.
    private mutating func checkDoubles() {
        guard let spec, let file = propertyFile else { return }
        let inside = Dictionary(
            file.properties.map { ($0.name.value, $0.name.range) }, uniquingKeysWith: { first, _ in first })
        for property in spec.kafka.properties {
            guard let range = inside[property.name.value] else { continue }
            propertyFile?.diagnostics.append(
                Diagnostic(
                    code: "duplicate-key",
                    "property \(property.name.value.quoted) also stands in \(path), line \(property.name.range.start.line)",
                    at: range, suggestion: "keep one of them"))
        }
    }

    /// Whether anything keeps the pipeline from running, in this file or in the one with properties.
    public var hasErrors: Bool { diagnostics.hasErrors || propertyFile?.diagnostics.hasErrors == true }
}

/// The bytes of a file with secrets, and who may read it.
struct PropertyFileContent {
    enum Failure: Error {
        /// An `errno`.
        case system(Int32)
        case notAFile
        case tooLarge
    }

    let bytes: [UInt8]
    private let mode: mode_t

    /// Whether anyone but the owner may read or change it. Who may change it may choose the brokers' certificate.
    var isOpenToOthers: Bool { mode & 0o066 != 0 }
    /// In octal digits: `0644`.
    var modeText: String { "0" + String(mode & 0o777, radix: 8) }

    /// Reads a regular file of at most so many bytes. Neither a pipe without a writer nor an endless device blocks it.
    static func read(_ path: String, bytesMax: Int) -> Result<PropertyFileContent, Failure> {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return .failure(.system(errno)) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return .failure(.system(errno)) }
        guard status.st_mode & S_IFMT == S_IFREG else { return .failure(.notAFile) }
        var bytes = [UInt8](repeating: 0, count: bytesMax + 1)
        var count = 0
        while count <= bytesMax {
            let more = bytes.withUnsafeMutableBytes { buffer in
                Foundation.read(descriptor, buffer.baseAddress! + count, bytesMax + 1 - count)
            }
            if more < 0 {
                if errno == EINTR { continue }
                return .failure(.system(errno))
            }
            if more == 0 { break }
            count += more
        }
        guard count <= bytesMax else { return .failure(.tooLarge) }
        return .success(PropertyFileContent(bytes: Array(bytes[..<count]), mode: status.st_mode))
    }
}
