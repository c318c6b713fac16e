"""`riffle monitor --report`: the page that it writes, taken apart as a browser would."""

import html.parser
import json
import os
import re
import signal
import time
import unittest

from confluent_kafka import Producer

import monitor_tests
from kill_processes import wait_until
from pipeline_case import PipelineCase

BYTES_MAX = 300_000
HOSTILE = '<script>alert("1")</script><img src=x onerror=alert(2)>'
VOID = {"meta", "line", "rect", "path", "br", "i"}
# What may be left open in HTML: the next one ends it.
OPEN = {"tr", "td", "th", "dt", "dd", "p"}


class Page(html.parser.HTMLParser):
    """What is on a page: tables as rows of text, by section; and what is wrong with it."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.problems, self.stack = [], [], [], []
        self.headings, self.tables, self.captions, self.images, self.facts = [], [], [], [], []
        self.feed(text)
        self.close()
        if self.stack:
            self.problems.append(f"open at the end: {self.stack}")

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append(tag)
        if tag in ("script", "img", "iframe", "link", "object", "image", "use"):
            self.problems.append(f"a <{tag}>")
        for name, value in attributes.items():
            if name.startswith("on") or (name in ("src", "href") and not value.startswith("#")):
                self.problems.append(f"{name}={value}")
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag == "svg":
            self.images.append(attributes.get("aria-label", ""))
        if tag in ("tr", "td", "th") and not self.tables:
            self.problems.append(f"a <{tag}> outside of a table")
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")
        if tag in ("h1", "h2", "h3"):
            self.headings.append("")
        if tag == "figcaption":
            self.captions.append("")
        if tag == "dd":
            self.facts.append("")
        if tag not in VOID and tag not in OPEN:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.stack.pop()

    def handle_endtag(self, tag):
        if tag in VOID or tag in OPEN:
            return
        if not self.stack or self.stack[-1] != tag:
            self.problems.append(f"</{tag}> in {self.stack[-3:]}")
            return
        self.stack.pop()

    def handle_data(self, text):
        if any(tag in self.stack for tag in ("h1", "h2", "h3")):
            self.headings[-1] += text
        elif "figcaption" in self.stack:
            self.captions[-1] += text
        elif "table" in self.stack and self.tables[-1] and self.tables[-1][-1]:
            self.tables[-1][-1][-1] += text
        elif "dl" in self.stack and self.facts:
            self.facts[-1] += text


class ReportTests(PipelineCase):
    PIPELINE = monitor_tests.PIPELINE.replace(
        "  segments: [channel]\n", "  segments: [channel]\n  rate: {below: 300 per 5m}\n"
        "  labels: {source: labels, join: id, within: 6h, window: 2h}\n")  # fmt: skip

    def setUp(self):
        super().setUp()
        history = list(monitor_tests.scores(1, 40_000))
        self.write("history.ndjson", history)
        self.write("known.ndjson", monitor_tests.labels(2, history))
        self.riffle("baseline", self.pipeline, "--input", self.folder / "history.ndjson",
                    "--labels", self.folder / "known.ndjson")  # fmt: skip
        records = list(monitor_tests.scores(3, 50_000, "risk", 12_000, 24_000))
        for record in records[30_000:36_000:9]:
            record["fields"]["channel"] = HOSTILE
        # An hour in which nothing comes.
        del records[40_000:42_000]
        self.scores, self.known = records, list(monitor_tests.labels(5, records))
        self.write("scores.ndjson", self.scores)
        self.write("labels.ndjson", self.known)
        self.path = self.folder / "report.html"

    def write(self, name, records):
        (self.folder / name).write_text(monitor_tests.lines(records))

    def report(self, *options):
        self.riffle("monitor", self.pipeline, *options, "--report", self.path)
        text = self.path.read_text()
        self.assertLess(len(text.encode()), BYTES_MAX)
        page = Page(text)
        self.assertEqual(page.problems, [])
        self.assertEqual(len(page.ids), len(set(page.ids)))
        self.assertTrue(all(page.images))
        return text, page

    def of_files(self):
        return self.report("--input", self.folder / "scores.ndjson", "--labels", self.folder / "labels.ndjson",
                           "--output", self.folder / "alerts.ndjson")  # fmt: skip

    def test_it_says_what_the_alerts_say_and_nothing_that_a_name_says(self):
        text, page = self.of_files()
        alerts = [json.loads(line)["data"] for line in (self.folder / "alerts.ndjson").read_text().splitlines()]
        fired = {}
        for alert in alerts:
            fired.setdefault((alert["fingerprint"], alert["startsAt"]), alert)
        rows = page.tables[0][1:]
        self.assertEqual([row[0].split()[0] for row in rows], [alert["series"] for alert in fired.values()])
        for row, alert in zip(rows, fired.values()):
            effect = alert["evidence"]["effect"].replace(" -> ", " → ").replace(" %", "\u00a0%")
            self.assertEqual(row[1], effect)
            cause = alert["causes"][0]["series"] if alert["causes"] else "–"
            self.assertEqual(row[6].split(":")[0], cause)
        told = [alert["series"] for alert in fired.values()]
        self.assertIn("score", told)
        self.assertIn("rate.below", told)
        self.assertIn("unseen(channel)", told)
        series = [heading for heading in page.headings if heading in told]
        self.assertEqual(series[0], told[0])
        self.assertIn("Performance", page.headings)
        self.assertTrue(any("Scores in 5" in caption for caption in page.captions))
        self.assertNotIn("<script", text)
        self.assertNotIn("<img", text)
        self.assertIn("Content-Security-Policy", text)
        # Precision over all windows, from the tables that the page has of it.
        recount = {record["id"]: record["decision"] for record in self.scores}
        blocked = [label["fraud"] for label in self.known if recount[label["id"]] == "block"]
        decisions = next(table for table in page.tables if table[0][0] == "Decision, all windows")
        block = next(row for row in decisions if row[0] == "block")
        self.assertEqual(int(block[1].replace(",", "")), len(blocked))
        self.assertAlmostEqual(float(block[2].split("\u00a0")[0]), 100 * sum(blocked) / len(blocked), delta=0.06)

    def test_the_same_scores_make_the_same_bytes_over_files_and_over_topics(self):
        text, _ = self.of_files()
        again, _ = self.of_files()
        self.assertEqual(text, again)
        brokers = self.start("cluster", "--topic", "scores:4", "--topic", "labels:2", "--topic", "letters:1", "--topic",
                             "drift:1", "--topic", "drift.closings:1").wait_for(r"embedded cluster at (\S+)").group(1)  # fmt: skip
        producer = Producer({"bootstrap.servers": brokers})
        # The embedded cluster keeps about 5 MiB a partition.
        for topic, records, partitions in [("scores", self.scores, 4), ("labels", self.known, 2)]:
            for record in records:
                producer.produce(topic, json.dumps(record), partition=int(record["id"]) % partitions)
                producer.poll(0)
        producer.flush()
        told, page = self.report("--brokers", brokers, "--until-end", "--no-state", "-X", "fetch.wait.max.ms=20")
        source = "<dt>From<dd>"
        self.assertEqual([line for line in told.splitlines() if source not in line],
                         [line for line in text.splitlines() if source not in line])  # fmt: skip
        self.assertIn("scores (4 partitions), labels (2 partitions)", page.facts[1])

        # While it runs a page is made when it is asked for, and each is whole.
        self.path.unlink()
        monitor = self.start("monitor", self.pipeline, "--brokers", brokers, "--no-state", "--report", self.path,
                             "-X", "fetch.wait.max.ms=20")  # fmt: skip
        monitor.wait_for("no state")
        self.assertFalse(self.path.exists())
        deadline = time.monotonic() + 60
        rows = 0
        while rows < 40_000 and time.monotonic() < deadline:
            os.kill(monitor.process.pid, signal.SIGHUP)
            wait_until("a page", self.path.exists, 30)
            page = Page(self.path.read_text())
            self.assertEqual(page.problems, [])
            rows = int(re.match(r"(?:\d+,?)+", page.facts[0])[0].replace(",", ""))
        self.assertGreaterEqual(rows, 40_000)
        before = self.path.stat().st_mtime_ns
        self.assertEqual(monitor.end(signal.SIGTERM), 0)
        self.assertGreater(self.path.stat().st_mtime_ns, before, "one is made at the end")
        self.assertEqual(Page(self.path.read_text()).problems, [])

    def test_what_is_asked_for_wrongly_is_said(self):
        scores = self.folder / "scores.ndjson"
        self.assertIn("--calibrate", self.riffle("monitor", self.pipeline, "--calibrate", scores, "--report", self.path, status=2))
        said = self.riffle("monitor", self.pipeline, "--input", scores, "--report", self.path, "--report-every", "5m", status=2)
        self.assertIn("--report-every", said)
        nowhere = self.folder / "none" / "report.html"
        said = self.riffle("monitor", self.pipeline, "--input", scores, "--output", self.folder / "a", "--report", nowhere, status=1)
        self.assertIn("cannot be written", said)


if __name__ == "__main__":
    unittest.main()
