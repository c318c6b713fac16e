"""`riffle test`: the shipped pipelines' own tests, and what a person and a CI server see of tests that fail."""

import json
import xml.etree.ElementTree

import jsonschema

from kill_processes import ROOT
from pipeline_case import PipelineCase


class ShippedTests(PipelineCase):
    """Every pipeline that is shipped has tests, and they pass."""

    def test_they_pass(self):
        pipelines = sorted(ROOT.glob("pipelines/*/pipeline.yaml"))
        self.assertGreaterEqual(len(pipelines), 3)
        for pipeline in pipelines:
            with self.subTest(pipeline=pipeline.parent.name):
                said = self.riffle("test", pipeline)
                self.assertRegex(said, r"\n[0-9]+ tests: [0-9]+ passed\n$")
                self.assertNotIn("FAIL", said)

    def test_they_can_fail(self):
        """With a feature computed otherwise, or another threshold, some test of each pipeline notices."""
        changes = {
            "card-fraud": [("delay: 7d", "delay: 6d"), ("then: score", "then: drop"), ("score >= 0.9", "score >= 0.99"),
                           ("mean(labels.tx_fraud) or 0", "mean(labels.tx_fraud)")],
            "account-takeover": [("include_current: false", "include_current: true"),
                                 ("ip_accounts_10m >= 10", "ip_accounts_10m >= 11")],
            "sensor-readings": [("then: dead-letter", "then: score"), ("silence_1d > 3_600", "silence_1d > 3_601")],
        }  # fmt: skip
        for name, replacements in changes.items():
            folder = ROOT / "pipelines" / name
            text = (folder / "pipeline.yaml").read_text().replace("models/", f"{folder}/models/")
            for old, new in replacements:
                with self.subTest(pipeline=name, change=new):
                    self.assertIn(old, text)
                    self.pipeline.write_text(text.replace(old, new))
                    said = self.riffle("test", self.pipeline, *sorted((folder / "tests").glob("*.yaml")), status=1)
                    self.assertIn("  FAIL  ", said)


class ReportTests(PipelineCase):
    PIPELINE = """
pipeline: small
kafka: {brokers: embedded}
sources:
  payments:
    topic: payments
    key: card
    id: id
    time: {field: at, format: epoch-s}
    fields: {id: string, card: string, amount: {type: decimal, scale: 2}}
    late: {after: 1m, then: drop}
features:
  - {by: card, over: [1h], aggregates: {n: count(), spent: sum(amount)}}
decide: [{stop: n_1h > 2}, {go: true}]
output: {topic: scores}
dead_letter: {topic: dead}
"""

    TESTS = """
defaults: {payments: {card: a, amount: 1}}
tests:
  - name: two & more
    steps:
      - event: {id: x1, at: 1000}
      - event: {id: x2, at: 2000}
      - event: {id: x3, at: 1500}
        expect: {outcome: dropped, late: true}
    expect:
      - {id: x2, features: {n_1h: 3, spent_1h: "> 5"}, decision: stop}
  - name: one
    steps:
      - event: {id: x1, at: 1000}
        expect: {features: {n_1h: 1}, decision: go}
"""

    def setUp(self):
        super().setUp()
        (self.folder / "tests").mkdir()
        self.tests = self.folder / "tests" / "some.yaml"
        self.tests.write_text(self.TESTS)

    def test_a_failure_is_readable(self):
        said = self.riffle("test", self.pipeline, status=1)
        for line in ["  FAIL  two & more", "  ok    one", "event x2 at 1970-01-01T00:33:20Z: feature n_1h",
                     "            expected  3", "            got       2", "            n_1h is count()",
                     "1h by card: (1969-12-31T23:33:20Z, 1970-01-01T00:33:20Z], 2 events of payments",
                     "              1970-01-01T00:16:40Z  event x1  amount=1",
                     "            * 1970-01-01T00:33:20Z  event x2  amount=1",
                     "expected  stop", "2 tests: 1 passed, 1 failed"]:  # fmt: skip
            self.assertIn(line + "\n", said)
        self.assertNotIn("\x1b", said)

    def test_reports_for_machines(self):
        junit = self.folder / "report.xml"
        said = self.riffle("test", self.pipeline, "--format", "json", "--junit", junit, status=1)
        report = json.loads(said)
        schema = json.loads((ROOT / "schemas" / "test-report.v1.schema.json").read_text())
        jsonschema.validate(report, schema)
        self.assertEqual((report["tests"], report["failed"], report["errors"]), (2, 1, False))
        whats = [difference["what"] for difference in report["files"][0]["tests"][0]["differences"]]
        self.assertEqual(whats, ["feature n_1h", "feature spent_1h", "decision"])
        suites = xml.etree.ElementTree.parse(junit).getroot()
        self.assertEqual(suites.attrib, {"name": "small", "tests": "2", "failures": "1", "errors": "0"})
        cases = suites.findall("testsuite/testcase")
        self.assertEqual([case.attrib["name"] for case in cases], ["two & more", "one"])
        self.assertIn("expected  > 5", cases[0].find("failure").text)
        self.assertIsNone(cases[1].find("failure"))

    def test_mistakes_are_told_with_their_place(self):
        self.tests.write_text(self.TESTS.replace("n_1h: 3", "m_1h: 3").replace("id: x2, features", "id: x9, features"))
        said = self.riffle("test", self.pipeline, status=2)
        self.assertIn('feature "m_1h" is not defined [unknown-feature]', said)
        self.assertIn('did you mean "n_1h"?', said)
        self.assertIn('no event of the test has the id "x9" [unknown-id]', said)
        self.assertIn("tests/some.yaml:11:14: error:", said)
        said = self.riffle("test", self.pipeline, "--format", "json", status=2)
        report, _ = json.JSONDecoder().raw_decode(said)
        jsonschema.validate(report, json.loads((ROOT / "schemas" / "test-report.v1.schema.json").read_text()))
        self.assertTrue(report["errors"])

    def test_choosing(self):
        self.assertIn("1 test: 1 passed", self.riffle("test", self.pipeline, "--only", "one"))
        self.assertIn("holds \"three\"", self.riffle("test", self.pipeline, "--only", "three", status=2))
        self.assertIn("cannot be read", self.riffle("test", self.pipeline, self.folder / "none.yaml", status=2))
        self.tests.unlink()
        self.assertIn("there is no file of tests", self.riffle("test", self.pipeline, status=2))
