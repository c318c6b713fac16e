"""`riffle baseline`: scores from files and from a topic in, a reference out, which is never replaced in silence."""

import collections
import datetime
import gzip
import hashlib
import json
import random

from pipeline_case import PipelineCase

SCORES = 3000
PIPELINE = """\
pipeline: watched
kafka: {brokers: embedded, group: watched}
sources:
  payments:
    topic: payments
    key: card
    id: id
    time: {field: at, format: iso8601}
    fields: {id: int, card: string, channel: string, amount: {type: decimal, scale: 2}}
  labels:
    topic: labels
    time: {field: known, format: iso8601}
    fields: {id: int, fraud: {type: bool, label: true}}
features:
  - amount: amount
  - {by: card, over: [1h], aggregates: {payments: count()}}
decide:
  - block: amount > 90
  - allow: "true"
output: {topic: scores, features: [amount], fields: [channel]}
dead_letter: {topic: letters}
monitor:
  topic: drift
  reference: references/watched.json
  segments: [channel]
  labels: {source: labels}
"""


def records(seed):
    """Score records as `riffle run` writes them, without a model."""
    draw = random.Random(seed)
    at = datetime.datetime(2024, 3, 1, tzinfo=datetime.timezone.utc)
    for number in range(SCORES):
        at += datetime.timedelta(seconds=draw.randrange(120))
        amount = draw.randrange(1, 10_000) / 100
        yield {
            "id": str(number), "pipeline": "watched", "event_time": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "score": None,
            "decision": "block" if amount > 90 else "allow", "reasons": [], "features": {"amount": amount},
            "fields": {"channel": draw.choice(["web", "web", "web", "app", "pos"])},
        }  # fmt: skip


class BaselineTests(PipelineCase):
    PIPELINE = PIPELINE

    def setUp(self):
        super().setUp()
        self.records = list(records(7))
        self.reference = self.folder / "references" / "watched.json"
        self.scores = self.folder / "scores.ndjson"
        self.scores.write_text("".join(json.dumps(record) + "\n" for record in self.records))

    def content(self, path=None):
        """A reference's content, whose digest is the one it names."""
        file = json.loads((path or self.reference).read_text())
        self.assertEqual((file["format"], file["version"]), ("riffle-reference", 3))
        text = json.dumps(file["content"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        self.assertEqual(hashlib.sha256(text.encode()).hexdigest(), file["sha256"])
        return file["content"]

    @staticmethod
    def counts(series):
        """Counts by the value of their cell, or by the category."""
        grid = series["grid"]
        cells = series.get("categories", []) + ["(other)"] if "categories" in series else grid.get("values")
        if cells is None:
            step = (grid["highest"] - grid["lowest"]) / (grid["cells"] - 1)
            cells = [grid["lowest"] + step * cell for cell in range(grid["cells"])]
        total = collections.Counter()
        for stratum in series["strata"]:
            for cell, count in zip(stratum["cells"], stratum["counts"]):
                total[cells[cell]] += count
        return total

    def test_counts_are_those_of_the_file(self):
        said = self.riffle("baseline", self.pipeline, "--input", self.scores)
        self.assertIn(f"written to {self.reference}", said)
        self.assertEqual(self.reference.stat().st_mode & 0o044, 0o044, "others may read it")
        content = self.content()
        series = content["series"]
        self.assertEqual(content["origin"]["events"], SCORES)
        channels = collections.Counter(record["fields"]["channel"] for record in self.records)
        self.assertEqual(self.counts(series["channel"]), channels)
        self.assertEqual(sum(self.counts(series["amount"]).values()), SCORES)
        decisions = collections.Counter(record["decision"] for record in self.records)
        self.assertEqual(self.counts(series["decision=block"]), {0.0: decisions["allow"], 1.0: decisions["block"]})
        web = [record["features"]["amount"] for record in self.records if record["fields"]["channel"] == "web"]
        self.assertEqual(sum(self.counts(series["amount{channel=web}"]).values()), len(web))
        self.assertEqual(content["origin"]["segments"], {"channel": [name for name, _ in channels.most_common()]})
        self.assertNotIn("score", series, "there is no model")

    def test_a_reference_is_not_replaced_in_silence(self):
        self.riffle("baseline", self.pipeline, "--input", self.scores)
        before = self.reference.read_bytes()
        self.assertIn("is the same already", self.riffle("baseline", self.pipeline, "--input", self.scores))
        other = self.folder / "other.ndjson.gz"
        with gzip.open(other, "wt") as out:
            out.writelines(json.dumps(record) + "\n" for record in records(8))
        said = self.riffle("baseline", self.pipeline, "--input", other, status=2)
        self.assertIn(json.loads(before)["sha256"], said)
        self.assertIn("--replace", said)
        self.assertIn("amount: ", said)
        self.assertEqual(self.reference.read_bytes(), before)
        self.assertIn("replaces sha256", self.riffle("baseline", self.pipeline, "--input", other, "--replace"))
        self.assertNotEqual(self.content(), json.loads(before)["content"])
        self.reference.write_text("not a reference")
        self.assertIn("no reference that could be read", self.riffle("baseline", self.pipeline, "-i", other, status=2))
        self.assertEqual(sorted(self.reference.parent.iterdir()), [self.reference])

    def test_times_and_labels(self):
        labels = self.folder / "labels.csv"
        rows = [f"{number},2024-04-01T00:00:00Z,{'true' if number % 4 == 0 else 'false'}\n" for number in range(1000)]
        labels.write_text("id,known,fraud\n" + "".join(rows))
        day = self.records[SCORES // 2]["event_time"][:10]
        path = self.folder / "made.json"
        self.riffle("baseline", self.pipeline, "-i", self.scores, "--labels", labels, "--to", day, "-o", path)
        content = self.content(path)
        inside = [record for record in self.records if record["event_time"] < day]
        self.assertEqual(content["origin"]["events"], len(inside))
        known = [record for record in inside if int(record["id"]) < 1000]
        positive = sum(int(record["id"]) % 4 == 0 for record in known)
        self.assertEqual(content["origin"]["labels"], {"labelled": len(known), "positive": positive})
        blocked = [record for record in known if record["decision"] == "block"]
        right = sum(int(record["id"]) % 4 == 0 for record in blocked)
        self.assertEqual(self.counts(content["series"]["precision(block)"])[1.0], right)

    def test_a_topic_says_what_the_file_says(self):
        brokers = self.start_cluster()
        self.publish(brokers, "scores", [(record["id"], json.dumps(record)) for record in self.records])
        self.riffle("baseline", self.pipeline, "--input", self.scores)
        other = self.folder / "topic.json"
        self.riffle("baseline", self.pipeline, "--from-topic", "--brokers", brokers, "-o", other)
        from_file, from_topic = self.content()["series"], self.content(other)["series"]
        for name in ["amount", "channel", "decision=block", "missing(amount)", "amount{channel=app}"]:
            self.assertEqual(self.counts(from_file[name]), self.counts(from_topic[name]), name)
        # What does not exist is said at once.
        text = self.pipeline.read_text().replace("{topic: scores", "{topic: missing-topic")
        self.pipeline.write_text(text)
        said = self.riffle("baseline", self.pipeline, "--from-topic", "--brokers", brokers, "-o", other, status=1)
        self.assertIn('topic "missing-topic" does not exist', said)

    def test_what_is_wrong_is_said(self):
        empty = self.folder / "empty.ndjson"
        empty.write_text("")
        for arguments, status, message in [
            ([], 2, "expected either --input or --from-topic"),
            (["--from-topic"], 2, "give its address with --brokers"),
            (["--input", self.scores, "--brokers", "a:1"], 2, "--brokers needs --from-topic"),
            (["--input", empty], 1, "it is empty"),
            (["--input", self.folder / "none.ndjson"], 1, "none.ndjson"),
            (["--input", self.scores, "--to", "2020-01-01"], 1, "the history has none"),
            (["--input", self.scores, "--from", "2024-03-02", "--to", "2024-03-01"], 2, "--from has to be before --to"),
        ]:
            with self.subTest(arguments):
                self.assertIn(message, self.riffle("baseline", self.pipeline, *arguments, status=status))
                self.assertFalse(self.reference.exists())
        text = self.pipeline.read_text()
        self.pipeline.write_text(text[: text.index("monitor:")])
        self.assertIn('no "monitor" section', self.riffle("baseline", self.pipeline, "-i", self.scores, status=2))
