import Diagnostics
import Foundation

/// What somebody may have meant with the path of a pipeline that is not there.
enum NearbyFile {
    /// Folders with more entries are not searched.
    private static let entriesMax = 10_000
    private static let suffixes = [".yaml", ".yml"]

    /// A sentence with the nearest file, or with those that there are; `nil` where nothing is near.
    static func suggestion(for path: String) -> String? {
        // What is there is meant, whatever keeps it from being read.
        if FileManager.default.fileExists(atPath: path) && !isFolder(path) { return nil }
        var found = path.hasPrefix("/") ? "/" : ""
        let parts = path.split(separator: "/").map(String.init)
        for (place, part) in parts.enumerated() {
            if isFolder(found + part) {
                found += part + "/"
                continue
            }
            let isLast = place == parts.count - 1
            let files = isLast ? pipelines(in: found) : []
            let choices = files + folders(in: found)
            // A name without its suffix is near, however short it is.
            let whole = files.first { $0 == part } ?? suffixes.lazy.map { part + $0 }.first { files.contains($0) }
            guard let near = whole ?? Suggestion.nearest(to: part, among: choices) else {
                return isLast ? list(files, in: found) : nil
            }
            found += near + (isFolder(found + near) ? "/" : "")
            if !isFolder(found) { return isLast ? said(found) : nil }
        }
        let files = pipelines(in: found)
        let main = files.contains("pipeline.yaml") ? "pipeline.yaml" : files.count == 1 ? files.first : nil
        return main.map { said(found + $0) } ?? list(files, in: found)
    }

    private static func said(_ path: String) -> String { "did you mean \"\(path)\"?" }

    private static func list(_ files: [String], in folder: String) -> String? {
        if files.isEmpty || files.count > Suggestion.choicesMax { return nil }
        return "there is " + files.map { "\"\(folder)\($0)\"" }.joined(separator: ", ")
    }

    private static func pipelines(in folder: String) -> [String] {
        entries(of: folder).filter { name in suffixes.contains { name.hasSuffix($0) } && !isFolder(folder + name) }
    }

    private static func folders(in folder: String) -> [String] { entries(of: folder).filter { isFolder(folder + $0) } }

    /// Names that can be shown as they are, in order.
    private static func entries(of folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? []
        if names.count > entriesMax { return [] }
        return names.filter { name in !name.hasPrefix(".") && !name.unicodeScalars.contains { $0.value < 0x20 } }
            .sorted()
    }

    private static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }
}
