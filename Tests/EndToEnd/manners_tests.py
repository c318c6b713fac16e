"""What every command does for people: examples, versions, colours, exit codes, and answers to common mistakes."""

import json
import os
import pty
import re
import shlex
import signal
import socket
import subprocess
import unittest
from pathlib import Path

import pipeline_case

ROOT = Path(__file__).resolve().parents[2]
FRAUD = ROOT / "pipelines/card-fraud"
MODEL = FRAUD / "models/card-fraud.json"


def in_a_terminal(command, **environment):
    """What a command writes where standard error is a terminal."""
    ours, theirs = pty.openpty()
    variables = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs, env=variables | environment)
    os.close(theirs)
    written = b""
    while True:
        try:
            piece = os.read(ours, 65_536)
        except OSError:  # Linux' way to say that the other side has gone.
            break
        if not piece:
            break
        written += piece
    os.close(ours)
    process.wait(timeout=pipeline_case.DEADLINE_SECONDS)
    return written.decode()


class HelpTests(pipeline_case.PipelineCase):
    WIDE = 10_000

    def pages(self, path=(), columns=80):
        """Every command with its help, as terminals of so many columns show it."""
        result = subprocess.run([pipeline_case.RIFFLE, "help", *path], env=os.environ | {"COLUMNS": str(columns)},
                                capture_output=True, text=True, timeout=pipeline_case.DEADLINE_SECONDS)  # fmt: skip
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        text = result.stdout
        yield path, text
        listed = text.partition("SUBCOMMANDS:")[2].partition("See '")[0]
        for name in re.findall(r"^  ([a-z][\w-]*)", listed, re.MULTILINE):
            yield from self.pages((*path, name), columns)

    def introductions(self, columns):
        """What every command's help says before its options, by command."""
        return {" ".join(["riffle", *path]): text.partition("\n\nUSAGE:")[0].splitlines()
                for path, text in self.pages(columns=columns)}  # fmt: skip

    def examples(self, lines):
        """The examples among the lines of a help; each may go on over several lines."""
        start = next(number for number, line in enumerate(lines) if re.fullmatch("Examples?:", line))
        lines = lines[start + 1 :]
        lines = lines[: lines.index("")] if "" in lines else lines
        return re.sub(r" \\\n {4}(?! )", " ", "\n".join(lines)).splitlines()

    def commands(self, example):
        """The words of each `riffle` command in a line of shell."""
        words = shlex.shlex(example, posix=True, punctuation_chars=True)
        words.whitespace_split = True
        command = []
        for word in [*words, "|"]:
            if re.fullmatch("[|&<>;]+", word):
                if command[:1] == ["riffle"]:
                    yield command[1:]
                command = []
            else:
                command.append(word)

    def test_every_command_has_an_example_that_names_it_and_those_that_do_something_their_exit_codes(self):
        seen = 0
        for path, text in self.pages():
            with self.subTest(command=" ".join(path)):
                seen += 1
                self.assertRegex(text, r"Examples?:\n")
                self.assertRegex(text.partition("xample")[2], re.escape(" ".join(["riffle", *path])))
                if "SUBCOMMANDS:" not in text:
                    # Lines are broken at the terminal's width.
                    codes = " ".join(text.partition("Exit codes:")[2].split())
                    self.assertRegex(codes, r"^0 [a-z].*, 2 ")
        self.assertGreater(seen, 25)

    def test_paragraphs_are_broken_by_the_terminal_alone_and_lists_and_examples_never(self):
        narrow = self.introductions(80)
        for command, lines in self.introductions(self.WIDE).items():
            with self.subTest(command=command):
                for line, following in zip(lines, lines[1:]):
                    # A blank line ends what comes before a paragraph; lists and examples are indented.
                    self.assertTrue(not line or not following or following.startswith("  "), following)
                indented = [line for line in lines if line.startswith(" ")]
                self.assertEqual([line for line in indented if len(line) > 78], [])
                self.assertEqual([line for line in narrow[command] if line.startswith(" ")], indented)
                self.assertEqual([line for line in narrow[command] if len(line) > 80], [])

    def test_examples_can_be_pasted_and_name_options_and_values_that_there_are(self):
        seen = 0
        for command, lines in self.introductions(80).items():
            for example in self.examples(lines):
                with self.subTest(command=command, example=example):
                    # Two blanks before each: what follows a line without a backslash is an example of its own.
                    self.assertRegex(example, r"^  [^ ].*[^ \\]$")
                    commands = list(self.commands(example))
                    self.assertGreater(len(commands), 0)
                    for words in commands:
                        seen += 1
                        if "help" in words or "--help" in words:
                            self.riffle(*words)
                            continue
                        # An option that there is not is told when all others have been parsed, and keeps the command
                        # from being run.
                        answer = self.riffle(*words, "--no-such-option", status=2)
                        self.assertIn("Error: Unknown option '--no-such-option'\n", answer)
        self.assertGreater(seen, 50)

    def test_commands_are_grouped(self):
        text = self.riffle("--help")
        everyday = text.partition("EVERYDAY SUBCOMMANDS:")[2].partition("TOOL SUBCOMMANDS:")[0]
        self.assertEqual(re.findall(r"^  ([a-z][\w-]*)", everyday, re.MULTILINE),
                         ["run", "check", "replay", "test", "explain", "tap", "monitor", "baseline", "train"])  # fmt: skip

    def test_the_version_names_what_it_is_built_with(self):
        build = r"(debug|release)"
        self.assertRegex(self.riffle("--version"),
                         rf"^riffle \d+\.\d+\.\d+ \({build}, librdkafka \d+\.\d+\.\d+, simdjson \d+\.\d+\.\d+\)\n$")  # fmt: skip

    def test_completion_scripts(self):
        for shell, mark in [("bash", "complete "), ("zsh", "#compdef riffle"), ("fish", "complete -c ")]:
            self.assertIn(mark, self.riffle("--generate-completion-script", shell))

    def test_a_misspelt_command_is_answered_with_the_right_one(self):
        for words, meant in [(["chekc", "x"], "check"), (["model", "inspct", "m.json"], "inspect")]:
            self.assertIn(f'did you mean "{meant}"?', self.riffle(*words, status=2))
        self.assertIn("it has inspect, verify", self.riffle("state", "frobnicate", status=2))
        self.assertIn('did you mean "--version"?', self.riffle("version", status=2))

    def test_a_command_that_one_is_without_takes_its_first_word(self):
        words = [FRAUD / "replay-labelled.yaml", "--events", "1000", "--rounds", "1"]
        hashes = [re.search(r"hash\s+(\w+)", self.riffle("bench", *name, *words)).group(1) for name in [["phases"], []]]
        self.assertEqual(hashes[0], hashes[1])
        self.assertIn("missing.yaml", self.riffle("bench", self.folder / "missing.yaml", status=2))


class SchemaTests(pipeline_case.PipelineCase):
    def test_schemas_are_those_of_the_project(self):
        versioned = ["score", "dead-letter", "alert", "performance", "check", "test-report", "explanation"]
        files = {"pipeline": "pipeline.schema.json", "tests": "pipeline-tests.schema.json"}
        files |= {name: f"{name}.v1.schema.json" for name in versioned}
        self.assertEqual(set(files.values()), {path.name for path in (ROOT / "schemas").iterdir()})
        for name, file in files.items():
            self.assertEqual(self.riffle("schema", name), (ROOT / "schemas" / file).read_text())
        self.assertEqual(self.riffle("schema"), self.riffle("schema", "pipeline"))
        self.assertIn("dead-letter", self.riffle("schema", "dead-lettre", status=2))


class ColourTests(pipeline_case.PipelineCase):
    def test_colours_are_for_terminals_that_want_them(self):
        self.pipeline.write_text("pipelin: x\n")
        command = [pipeline_case.RIFFLE, "check", str(self.pipeline)]
        coloured = in_a_terminal(command, TERM="xterm")
        self.assertIn("\x1b[1;31merror:\x1b[0m", coloured)
        self.assertIn("\x1b", in_a_terminal(command, TERM="xterm", NO_COLOR=""))
        for environment in [{"TERM": "dumb"}, {"TERM": "xterm", "NO_COLOR": "1"}]:
            plain = in_a_terminal(command, **environment)
            self.assertIn("error: ", plain)
            self.assertNotIn("\x1b", plain)
        self.assertNotIn("\x1b", self.command(*command).stderr)

    def test_progress_is_drawn_in_a_terminal_alone(self):
        command = [pipeline_case.RIFFLE, "replay", FRAUD / "replay-labelled.yaml", "--input", FRAUD / "sample.csv.gz",
                   "--output", self.folder / "out.csv"]  # fmt: skip
        command = [str(word) for word in command]
        self.assertIn("\r\x1b[K", in_a_terminal(command, TERM="xterm"))
        self.assertNotIn("\x1b", in_a_terminal(command, TERM="dumb"))
        self.assertNotIn("\x1b", self.command(*command).stderr)


class MistakeTests(pipeline_case.PipelineCase):
    """What is typed wrong most often: what is said, and that it is said on standard error."""

    def setUp(self):
        super().setUp()
        self.paths = {}
        for name, content in [("empty.csv", b""), ("other.csv", b"a,b\n1,2\n"), ("bytes.dat", b"PK\x03\x04\x1b[2J\x00")]:
            self.paths[name] = self.folder / name
            self.paths[name].write_bytes(content)
        self.paths["folder"] = self.folder / "folder"
        self.paths["folder"].mkdir()
        self.paths["missing"] = self.folder / "missing"

    def refused(self, status, *arguments):
        result = self.command(pipeline_case.RIFFLE, *arguments)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        self.assertNotRegex(result.stdout + result.stderr, r"Fatal error|Swift/|[\x00-\x08\x0b-\x1f]")
        return result.stderr

    def test_files_that_are_not_there_folders_empty_ones_and_others(self):
        labelled, out = FRAUD / "replay-labelled.yaml", self.folder / "out.csv"
        commands = {
            "check": (2, lambda file: ["check", file]),
            "replay": (1, lambda file: ["replay", labelled, "--input", file, "--input-format", "csv", "-o", out]),
            "train": (1, lambda file: ["train", "isolation-forest", "--table", file, "--features", "x", "-o", out]),
            "model inspect": (2, lambda file: ["model", "inspect", file]),
            "model predict": (1, lambda file: ["model", "predict", MODEL, "--input", file, "--output", out]),
            "baseline": (1, lambda file: ["baseline", FRAUD / "pipeline.yaml", "--input", file, "--output", out]),
            "monitor": (1, lambda file: ["monitor", FRAUD / "pipeline.yaml", "--input", file]),
            "drift compare": (1, lambda file: ["drift", "compare", file, file]),
            "state inspect": (1, lambda file: ["state", "inspect", file]),
        }
        said = {"missing": "no such file or directory", "folder": "directory", "empty.csv": "empty|no pipeline|no snapshot|truncated",
                "bytes.dat": "."}  # fmt: skip
        for name, (status, arguments) in commands.items():
            for kind, text in said.items():
                with self.subTest(command=name, file=kind):
                    path = self.paths[kind]
                    result = self.command(pipeline_case.RIFFLE, *arguments(path))
                    answer = result.stdout + result.stderr
                    # What is no option's fault is none of usage; a table without a wanted column may be either's.
                    self.assertIn(result.returncode, [status, 2] if kind == "bytes.dat" else [status], answer)
                    self.assertNotRegex(answer, r"Fatal error|[\x00-\x08\x0b-\x1f]")
                    self.assertIn(path.name, answer)
                    if (name, kind) != ("state inspect", "folder"):
                        self.assertRegex(answer.lower(), text)

    def test_errors_begin_with_who_says_them(self):
        data, missing = self.paths["bytes.dat"], self.paths["missing"]
        for words, status in [
            (["model", "inspect", missing], 2),
            (["model", "predict", data, "--input", "x.csv", "--output", "y.csv"], 2),
            (["model", "predict", MODEL, "--input", missing, "--output", self.folder / "y.csv"], 1),
            (["drift", "compare", missing, missing], 1),
            (["state", "inspect", self.paths["folder"]], 1),
        ]:
            with self.subTest(words=words):
                self.assertRegex(self.refused(status, *words), rf"^riffle {words[0]}: ")
        self.assertRegex(self.refused(2, "bench", "models", missing, "--input", "x.csv"), "^riffle bench models: ")

    def test_snapshots_are_described_as_json_as_everything_is(self):
        command = [pipeline_case.RIFFLE, "state", "inspect", self.paths["bytes.dat"]]
        result = self.command(*command, "--format", "json")
        self.assertEqual(result.returncode, 1)
        self.assertIsInstance(json.loads(result.stdout), dict)
        self.assertEqual(self.command(*command, "--json").stdout, result.stdout)
        self.assertNotIn("--json", self.riffle("state", "inspect", "--help"))

    def test_brokers_that_do_not_answer(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            nobody = f"127.0.0.1:{taken.getsockname()[1]}"
            said = self.refused(1, "dead-letter", "list", FRAUD / "pipeline.yaml", "--brokers", nobody)
            self.assertIn("no broker answers: is the cluster up", said)

    def test_a_port_in_use_and_a_file_that_cannot_be_written(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            said = self.refused(1, "run", FRAUD / "pipeline.yaml", "--no-state", "--for", "1s", "--http", f"127.0.0.1:{port}")
            self.assertIn("another program listens there", said)
        said = self.refused(1, "replay", FRAUD / "replay-labelled.yaml", "--input", FRAUD / "sample.csv.gz", "--output",
                            self.folder / "no/out.csv")  # fmt: skip
        self.assertIn("cannot be written: no such file or directory", said)

    def test_the_last_line_of_a_run_on_its_own_cluster_is_what_it_did(self):
        process = self.start("run", FRAUD / "pipeline.yaml", "--no-state")
        brokers = process.wait_for(r"embedded cluster at (\S+)").group(1)
        self.kcat("-P", "-b", brokers, "-t", "card.transactions", stdin="no event\n")
        process.wait_for("it goes to the dead letters")
        self.assertEqual(process.end(signal.SIGINT), 0)
        log = process.text()
        self.assertRegex(log.splitlines()[-1], r"^1 events in .* 1 dead-lettered$")

    def test_wrong_values_name_the_option_and_what_is_expected(self):
        for words, text in [
            (["check", FRAUD / "pipeline.yaml", "--format", "xml"], "'text' and 'json'"),
            (["run", FRAUD / "pipeline.yaml", "--for", "soon"], "such as 30s or 10m"),
            (["replay", FRAUD / "pipeline.yaml", "--input", "x.csv", "--output", "y.csv"], "transactions=FILE"),
            (["drift", "detect", "page-hinkly", "x.csv"], "page-hinkley"),
        ]:
            with self.subTest(words=words):
                self.assertIn(text, self.refused(2, *words))

    def test_whoever_stops_reading_is_no_failure_that_is_told(self):
        command = f"{pipeline_case.RIFFLE} schema | head -n 1"
        result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
        self.assertEqual((result.stdout, result.stderr), ("{\n", ""))
        command = (f"{pipeline_case.RIFFLE} replay {FRAUD}/replay-labelled.yaml --input {FRAUD}/sample.csv.gz --output - "
                   "--output-format csv 2> errors | head -n 1")  # fmt: skip
        result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, cwd=self.folder)
        self.assertIn("score", result.stdout)
        self.assertNotRegex((self.folder / "errors").read_text(), "(?i)error|pipe")


if __name__ == "__main__":
    unittest.main()
