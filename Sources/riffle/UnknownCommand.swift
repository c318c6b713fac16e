import ArgumentParser
import Diagnostics

/// A command that there is not, and the one that may have been meant.
enum UnknownCommand {
    /// What to say; `nil` where the arguments name a command, or begin with an option.
    static func message(_ arguments: [String], below root: any ParsableCommand.Type) -> String? {
        var command = root
        var path = "riffle"
        for argument in arguments where argument != "help" {
            let known = command.configuration.subcommands
            if known.isEmpty || argument.hasPrefix("-") { return nil }
            if let next = known.first(where: { $0.configuration.commandName == argument }) {
                command = next
                path += " \(argument)"
                continue
            }
            // The default command takes the word: `riffle bench pipeline.yaml`.
            if command.configuration.defaultSubcommand != nil { return nil }
            let names = known.compactMap { $0.configuration.commandName }
            let nearest = Suggestion.nearest(to: argument, among: names + ["version"])
                .map { "did you mean \"\($0 == "version" ? "--version" : $0)\"?" }
            return "Error: \"\(path)\" has no command \(argument.quoted)\n"
                + (nearest ?? "it has \(names.joined(separator: ", "))") + "\n"
                + "  See '\(path) --help' for more information."
        }
        return nil
    }
}
