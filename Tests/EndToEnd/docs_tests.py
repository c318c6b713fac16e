"""Every command, pipeline, figure and link in the docs and READMEs is run, parsed or resolved.

* A `yaml` block with `pipeline:` goes through `riffle check` as it stands; any other is a fragment: its sections take
  the place of those of the pipeline that is the first block of docs/PIPELINE.md, or of the one that a comment before
  the block names, `<!-- riffle: fragment of PATH -->`.
* The commands of an `sh` block are run one after the other, all blocks of a page in one copy of the project, but for
  those that need a cluster, a build or a network (`FOREIGN`, `needs_a_cluster`). A block that cannot be run says why:
  `<!-- riffle: not run, REASON -->`. Of every `riffle` command, also within prose and in blocks that are not run,
  subcommand and options have to be in its help.
* A `text` block right behind an `sh` block is what that block prints, line for line, other lines left out; `…` stands
  for the rest of a line.
* A `json` line that is a score record is held against its schema; every other one has to be JSON.
"""

import csv
import gzip
import json
import os
import random
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import jsonschema

import docs_blocks
import pipeline_case
from docs_blocks import ROOT

BASE = "docs/PIPELINE.md"
# Programs that build, fetch or need what a test has not. That they are named is all that is looked at.
FOREIGN = {"make", "git", "cd", "docker", "kubectl", "curl", "kcat", "sudo", "swift"}
# What a fragment cannot have here: the files that it names, secrets among them.
FORGIVEN = {"model-unreadable", "unreadable-properties"}
DEADLINE_SECONDS = 300


class Help:
    """Subcommands and options as the program itself tells them."""

    def __init__(self):
        self.pages = {}

    def page(self, path):
        if path not in self.pages:
            result = subprocess.run([pipeline_case.RIFFLE, "help", *path], capture_output=True, text=True, timeout=60)
            self.pages[path] = result.stdout
        return self.pages[path]

    def subcommands(self, path):
        listed = self.page(path).partition("SUBCOMMANDS:")[2]
        return dict(re.findall(r"^  ([a-z][\w-]*)( \(default\))?", listed, re.MULTILINE))

    def options(self, path):
        listed = self.page(path).partition("OPTIONS:")[2].partition("SUBCOMMANDS:")[0]
        # An option's line begins with it; what its description mentions may belong to another command.
        named = " ".join(re.findall(r"^  (-.*?)(?:  |$)", listed, re.MULTILINE))
        # The parser's own, which no page shows.
        unlisted = set() if path else {"--generate-completion-script"}
        return set(re.findall(r"(?<![\w-])--?[A-Za-z][\w-]*", named)) | {"-h", "--help", "--version"} | unlisted

    def problem(self, words):
        """What is wrong with a `riffle` command, or nothing."""
        path, rest = (), [word for word in words[1:] if word != "help"]
        while rest and self.subcommands(path):
            known = self.subcommands(path)
            if rest[0] in known:
                path, rest = (*path, rest[0]), rest[1:]
                continue
            default = next((name for name, mark in known.items() if mark), None)
            if default is None or not rest:
                break
            path = (*path, default)
        if rest and not rest[0].startswith("-") and self.subcommands(path):
            return f'"{" ".join(words)}": there is no "{rest[0]}" under "{" ".join(["riffle", *path])}"'
        for word in rest:
            option = re.match(r"--?[A-Za-z][\w-]*", word)
            if option and option[0] not in self.options(path):
                return f'"{" ".join(["riffle", *path])}" has no option {option[0]}'
        return None


def is_riffle(words):
    return bool(words) and words[0] in ("riffle", "$riffle", "./riffle", ".build/release/riffle")


def needs_a_cluster(words):
    """Whether a `riffle` command wants brokers, takes long, or looks at what only a run beside them leaves."""
    if words[1] in ("run", "dead-letter", "state", "cluster", "demo", "bench", "tap"):
        return True
    if words[1] == "monitor":
        return not {"--input", "-i", "--calibrate"} & set(words)
    if words[1] == "generate":
        return "--output" not in words
    return bool({"--brokers", "--from-topic", "--from-topics"} & set(words))


def command_problems(text, riffle_help):
    """What is wrong with the `riffle` and `make` commands of a page."""
    found, makefile = [], (ROOT / "Makefile").read_text()
    for block in docs_blocks.blocks(text):
        if block.language == "sh":
            for words in docs_blocks.commands(block.text):
                problem = riffle_help.problem(words) if is_riffle(words) else None
                if problem:
                    found.append(f"line {block.line}: {problem}")
                if words[0] == "make" and not re.search(rf"^{words[1]}:", makefile, re.MULTILINE):
                    found.append(f'line {block.line}: there is no "make {words[1]}"')
    for line, span in docs_blocks.spans(text):
        if span.startswith("riffle "):
            words = [re.split(r"[\[|]", word)[0] for word in span.split()]
            problem = riffle_help.problem([word for word in words if word])
            if problem:
                found.append(f"line {line}: {problem}")
    return found


def link_problems(path, text, pages):
    found = []
    for line, target in docs_blocks.links(text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (ROOT / path.parent / name).resolve() if name else ROOT / path
        if not file.exists():
            found.append(f"line {line}: {target}: there is no such file")
        elif anchor and file.suffix == ".md":
            page = pages.get(file.relative_to(ROOT)) or file.read_text()
            if anchor not in docs_blocks.anchors(page):
                found.append(f"line {line}: {target}: there is no such heading")
    return found


def merged(fragment, base):
    """A pipeline with the fragment's sections in the place of its own."""
    parts, own = docs_blocks.sections(base), docs_blocks.sections(fragment)
    if "models" in own:
        parts.pop("model", None)
    return "\n".join(line for lines in (parts | own).values() for line in lines) + "\n"


def environment_for(text):
    """Variables without a default have some value."""
    names = {name: "set-by-a-test" for name in re.findall(r"\$\{(\w+)\}", text)}
    return {key: value for key, value in os.environ.items() if not key.startswith("RIFFLE_")} | names


def yaml_problems(text):
    """What `riffle check` has against the pipelines of a page, and against what fragments make of others."""
    found = []
    for block in docs_blocks.blocks(text):
        if block.language != "yaml":
            continue
        whole = "pipeline" in docs_blocks.sections(block.text)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "pipeline.yaml"
            pipeline = block.text
            if not whole:
                named = re.fullmatch(r"fragment of (\S+)", block.mark or "")
                if named:
                    shutil.copytree((ROOT / named[1]).parent, folder, dirs_exist_ok=True)
                base = (ROOT / named[1]).read_text() if named else docs_blocks.blocks((ROOT / BASE).read_text())[0].text
                pipeline = merged(pipeline, base)
            file.write_text(pipeline)
            result = subprocess.run([pipeline_case.RIFFLE, "check", str(file)], capture_output=True, text=True,
                                    timeout=60, env=environment_for(pipeline))  # fmt: skip
        errors = re.findall(r"^(?:\S+: )?error: .*|^\S+:\d+:\d+: error: .*", result.stderr, re.MULTILINE)
        bad = [error for error in errors if whole or not any(f"[{code}]" in error for code in FORGIVEN)]
        if bad or (result.returncode != 0 and not errors):
            found.append(f"line {block.line}: {bad or result.stderr}")
    return found


def json_problems(text):
    schema = jsonschema.Draft202012Validator(json.loads((ROOT / "schemas/score.v1.schema.json").read_text()))
    found = []
    for block in docs_blocks.blocks(text):
        if block.language != "json":
            continue
        for line in block.lines:
            # Members of a record stand without its braces.
            whole = line.lstrip().startswith("{")
            try:
                value = json.loads(line if whole else "{" + line + "}")
            except ValueError as error:
                found.append(f"line {block.line}: {error}")
                continue
            if whole and "event_time" in value and "score" in value:
                found += [f"line {block.line}: {error.message}" for error in schema.iter_errors(value)]
    return found


def write_rows(path, names, rows):
    opened = gzip.open(path, "wt") if path.suffix == ".gz" else open(path, "w")
    with opened as out:
        if ".ndjson" in path.name:
            out.writelines(json.dumps(dict(zip(names, row))) + "\n" for row in rows)
        else:
            out.writelines(",".join(map(str, row)) + "\n" for row in [names, *rows])


class Examples:
    """Files by the names that pages use as if they were the reader's own, made when a page names one."""

    def __init__(self, folder, page):
        self.folder = folder
        self.draw = random.Random(1)
        pipeline = "replay-labelled.yaml" if page == "docs/MODELS.md" else "pipeline.yaml"
        if page in ("docs/MODELS.md", "docs/DRIFT.md", "docs/RUNBOOK.md"):
            shipped = folder / "pipelines/card-fraud"
            shutil.copy(shipped / pipeline, folder / "pipeline.yaml")
            shutil.copytree(shipped / "models", folder / "models")
            shutil.copy(shipped / "sample.csv.gz", folder / "history.csv.gz")
            shutil.copy(shipped / "sample-labels.csv.gz", folder / "labels.csv.gz")
        if page == "docs/MODELS.md":
            shutil.copy(ROOT / "Tests/ModelsTests/Fixtures/LightGBM/binary.txt", folder / "model.txt")
            shutil.copy(folder / "models/card-fraud.json", folder / "model.json")
            width = len(self.inputs_of(folder / "model.txt"))
            rows = [[self.number() for _ in range(width)] for _ in range(500)]
            write_rows(folder / "X.csv", [f"x{number}" for number in range(width)], rows)
        if page == "docs/DRIFT.md":
            for name in ["july.txt", "august.txt", "scores.txt"]:
                (folder / name).write_text("".join(f"{self.number()}\n" for _ in range(2000)))
            for name in ["a.csv", "b.csv", "a.ndjson.gz", "b.ndjson.gz"]:
                write_rows(folder / name, ["score"], [[self.number()] for _ in range(2000)])
            self.replay("rows.csv.gz", "scores.ndjson", "scores.ndjson.gz", "good-times.ndjson.gz",
                        "last-quarter.ndjson.gz", "history.ndjson.gz")  # fmt: skip
            shutil.copy(folder / "labels.csv.gz", folder / "known.csv.gz")
            with gzip.open(folder / "labels.csv.gz", "rt", newline="") as lines:
                names, *rows = csv.reader(lines)
            rows = [[int(row[0]), *row[1:4], row[4] == "true"] for row in rows]
            write_rows(folder / "labels.ndjson.gz", names, rows)
        if page == "docs/RUNBOOK.md":
            self.replay("last-quarter.ndjson.gz")
            command = [pipeline_case.RIFFLE, "baseline", "pipeline.yaml", "-i", "last-quarter.ndjson.gz"]
            subprocess.run(command, cwd=self.folder, check=True, capture_output=True, timeout=DEADLINE_SECONDS)

    def forget(self):
        """Each block of docs/DRIFT.md begins with a pipeline that has no reference."""
        if (self.folder / "july.txt").exists():
            shutil.rmtree(self.folder / "references", ignore_errors=True)

    def number(self):
        return round(self.draw.random(), 4)

    def inputs_of(self, model):
        command = [pipeline_case.RIFFLE, "model", "inspect", model, "--format", "json"]
        said = subprocess.run(command, capture_output=True, text=True, check=True)
        return json.loads(said.stdout)["model"]["inputs"]

    def replay(self, *names):
        """The rows of two days, in each of these files."""
        for name in names:
            subprocess.run(
                [pipeline_case.RIFFLE, "replay", "pipeline.yaml", "-i", "transactions=history.csv.gz", "-i",
                 "labels=labels.csv.gz", "-o", name, "--from", "2025-01-15", "--to", "2025-01-17"], cwd=self.folder,
                check=True, capture_output=True, timeout=DEADLINE_SECONDS)  # fmt: skip


class Scratch:
    """A copy of what the docs' commands need, with `riffle` in the path."""

    def __init__(self, folder, page=""):
        self.folder = Path(folder) / "project"
        for name in ["pipelines", "scripts", "docs", "schemas"]:
            shutil.copytree(ROOT / name, self.folder / name, ignore=shutil.ignore_patterns("state", "__pycache__"))
        self.examples = Examples(self.folder, page)
        binaries = Path(folder) / "bin"
        binaries.mkdir()
        (binaries / "riffle").symlink_to(pipeline_case.RIFFLE)
        self.environment = environment_for("") | {"PATH": f"{binaries}:/usr/bin:/bin"}

    def problems(self, text):
        """Runs the blocks of a page in order; what failed, or printed something else than the page says."""
        found, printed = [], {}
        for block in docs_blocks.blocks(text):
            if block.language == "text" and block.previous in printed:
                lines = [" ".join(line.split()) for line in printed[block.previous].splitlines()]
                for line in filter(None, block.lines):
                    known, cut, _ = " ".join(line.split()).partition("…")
                    if not any(one.startswith(known) if cut else one == known for one in lines):
                        found.append(f"line {block.line}: not printed: {line}")
            if block.language != "sh" or (block.mark or "").startswith("not run, "):
                continue
            script = self.script(block)
            self.examples.forget()
            result = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=self.folder, env=self.environment,
                                    capture_output=True, text=True, timeout=DEADLINE_SECONDS)  # fmt: skip
            printed[block] = result.stdout
            if result.returncode != 0:
                found.append(f"line {block.line}: status {result.returncode}: {script}{result.stderr}")
        return found

    def script(self, block):
        """The lines of a block that can be run here."""
        lines = []
        for line in docs_blocks.command_lines(block.text):
            parsed = list(docs_blocks.commands(line))
            foreign = any(words[0] in FOREIGN or words[0].startswith("riffle=") for words in parsed)
            if not foreign and not any(is_riffle(words) and needs_a_cluster(words) for words in parsed):
                lines.append(re.sub(r"^(\$riffle|\.build/release/riffle)\b", "riffle", line))
        return "\n".join(lines) + "\n"


class DocsTests(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.pages = docs_blocks.documents()
        cls.help = Help()

    def each(self, problems):
        for path, text in self.pages.items():
            with self.subTest(str(path)):
                self.assertEqual(problems(path, text), [])

    def test_commands_are_those_that_there_are(self):
        self.each(lambda path, text: command_problems(text, self.help))

    def test_commands_of_containers_are_those_that_there_are(self):
        found = re.findall(r"^    command: (.+)$", (ROOT / "docker-compose.yml").read_text(), re.MULTILINE)
        self.assertGreaterEqual(len(found), 3)
        for command in found:
            self.assertIsNone(self.help.problem(["riffle", *command.split()]))

    def test_links_resolve(self):
        self.each(lambda path, text: link_problems(path, text, self.pages))

    def test_pipelines_and_fragments_are_right(self):
        self.each(lambda path, text: yaml_problems(text))

    def test_records_are_right(self):
        self.each(lambda path, text: json_problems(text))

    def test_commands_run_and_print_what_the_page_says(self):
        for path, text in self.pages.items():
            if any(block.language == "sh" for block in docs_blocks.blocks(text)):
                with self.subTest(str(path)), tempfile.TemporaryDirectory() as folder:
                    self.assertEqual(Scratch(folder, str(path)).problems(text), [])

    def test_marks_are_known(self):
        for path, text in self.pages.items():
            for block in docs_blocks.blocks(text):
                if block.mark:
                    self.assertRegex(block.mark, r"^(not run, .{10,}|fragment of \S+)$", f"{path}:{block.line}")


class DocsMutationTests(unittest.TestCase):
    """Mistakes in a page are found."""

    def setUp(self):
        self.path = Path("pipelines/account-takeover/README.md")
        self.text = (ROOT / self.path).read_text()
        self.help = Help()

    def broken(self, old, new, text=None):
        text = text or self.text
        self.assertIn(old, text)
        return text.replace(old, new, 1)

    def test_a_misspelt_option_or_subcommand_is_found(self):
        self.assertEqual(command_problems(self.text, self.help), [])
        for old, new, said in [
            ("--metrics attack", "--metric attack", "has no option --metric"),
            ("riffle baseline pipelines", "riffle basline pipelines", 'no "basline" under "riffle"'),
            ("riffle train isolation-forest pipe", "riffle train forest pipe", 'no "forest" under "riffle train"'),
            ("`riffle run pipelines", "`riffle start pipelines", 'no "start" under "riffle"'),
        ]:
            self.assertRegex(str(command_problems(self.broken(old, new), self.help)), said)
        self.assertIn("make tset", str(command_problems("```sh\nmake tset\n```\n", self.help)))

    def test_a_wrong_pipeline_is_found(self):
        text = (ROOT / "docs/PIPELINE.md").read_text()
        for old, new in [
            ("sasl.username: riffle", "sasl.user: riffle"), ("    top: 3 ", "    tops: 3 "),
            ("mean(fraud)", "mean(fruad)"), ("score: 0.7 * xgb", "score: 0.7 * xbg"),
            ("watch: [score, decisions", "watch: [scores, decisions"),
        ]:  # fmt: skip
            self.assertEqual(len(yaml_problems(self.broken(old, new, text))), 1, new)

    def test_a_broken_link_is_found(self):
        pages = docs_blocks.documents()
        delivery, reasons = "../../docs/DELIVERY.md", "PIPELINE.md#reasons"
        for old, new in [(delivery, delivery[3:]), (reasons, reasons[:-1])]:
            self.assertEqual(len(link_problems(self.path, self.broken(old, new), pages)), 1)

    def test_a_wrong_record_is_found(self):
        self.assertEqual(len(json_problems(self.broken('"score":0.7', '"score":null,"scored":0.7'))), 1)
        self.assertEqual(len(json_problems(self.broken('"login_id":1,', '"login_id":1'))), 1)

    def test_a_wrong_figure_and_a_failing_command_are_found(self):
        with tempfile.TemporaryDirectory() as folder:
            prints = "```sh\nprintf 'roc_auc  0.9\\nmore\\n'\n```\n\n```text\nroc_auc 0.9\n```\n"
            page = prints + "\n```sh\nfalse\n```\n"
            self.assertEqual(len(Scratch(folder).problems(page)), 1)
        with tempfile.TemporaryDirectory() as folder:
            wrong = page.replace("text\nroc_auc 0.9", "text\nroc_auc 0.8").replace("false", "riffle run x.yaml")
            self.assertEqual(Scratch(folder).problems(wrong), ["line 5: not printed: roc_auc 0.8"])


class RunbookTests(unittest.TestCase):
    """Whatever code the sources know is in the runbook, and no other."""

    def setUp(self):
        self.text = (ROOT / "docs/RUNBOOK.md").read_text()

    def codes(self, heading):
        """What stands between backquotes in the first column of a chapter's last table."""
        chapter = self.text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
        table = chapter.split("\n\n")[-3 if heading == "Alerts" else -1]
        rows = [line for line in table.splitlines() if line[:2] == "| "]
        return {code for row in rows for code in re.findall(r"`([^`]+)`", row.split("|")[1])}

    @staticmethod
    def source(path, pattern):
        found = re.findall(pattern, (ROOT / "Sources" / path).read_text(), re.MULTILINE)
        assert found, f"nothing in {path}"
        return set(found)

    def test_every_reason_of_a_stop(self):
        cases = self.source("Telemetry/StopReason.swift", r"^    case (\w+)(?: = \"([\w-]+)\")?$")
        self.assertEqual(self.codes("It stopped"), {written or name for name, written in cases})

    def test_every_code_of_a_dead_letter(self):
        codes = self.source("Events/Fault.swift", r"^        case \.\w+: \"([\w-]+)\"$") - {"none"}
        too_large = self.source("Engine/Delivery/DeadLetterCounts.swift", r"scoreTooLarge = \"([\w-]+)\"")
        self.assertEqual(self.codes("Dead letters"), codes | too_large)

    def test_every_kind_of_series(self):
        texts = self.source("Monitoring/Series/SeriesName.swift", r"case \.\w+(?:\(let \w+\))?: \"(.+)\"$")
        kinds = {re.sub(r"\\\(\w+(?: \?\? \"[^\"]*\")?\)", "NAME", text) for text in texts}
        known = {re.sub(r"\([^()]*\)", "(NAME)", code) for code in self.codes("Alerts")}
        self.assertLessEqual(kinds, known)
        limits = self.source("Monitoring/Limits/LimitSettings.swift", r"(?s)enum LimitName: [^{]*\{(.*?)\n\}").pop()
        cases = re.findall(r"^    case (\w+)(?: = \"([\w.]+)\")?$", limits, re.MULTILINE)
        names = {quoted or name for name, quoted in cases}
        self.assertGreaterEqual(len(names), 4)
        self.assertLessEqual(names, known)

    def test_every_metric_that_is_named(self):
        reference = (ROOT / "docs/reference/metrics.md").read_text()
        for name in set(re.findall(r"riffle_\w+", self.text)):
            self.assertIn(f"`{name}`", reference)
