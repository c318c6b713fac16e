"""`riffle check --format json`, by its schema, and what stands in it."""

import json
import os
import shutil
import unittest
from pathlib import Path

import jsonschema
import pipeline_case

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = jsonschema.Draft202012Validator(json.loads((ROOT / "schemas/check.v1.schema.json").read_text()))
GOLDENS = ROOT / "Tests/ConfigurationTests/Goldens"
PIPELINES = [*sorted((ROOT / "pipelines").glob("*/pipeline.yaml")), ROOT / "pipelines/card-fraud/replay-labelled.yaml"]


class CheckReportTests(pipeline_case.PipelineCase):
    def report(self, *arguments, status):
        """What is printed, and nothing on standard error."""
        result = self.command(pipeline_case.RIFFLE, "check", *arguments, "--format", "json")
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        self.assertEqual(result.stderr, "")
        report = json.loads(result.stdout)
        SCHEMA.validate(report)
        self.assertEqual(report["ok"], status == 0)
        for severity in ["error", "warning"]:
            count = sum(problem["severity"] == severity for problem in report["diagnostics"])
            self.assertEqual(report[f"{severity}s"], count)
        return report

    def test_the_shipped_pipelines_have_no_problem_and_the_summary_says_what_the_text_says(self):
        self.assertGreaterEqual(len(PIPELINES), 4)
        for pipeline in PIPELINES:
            with self.subTest(pipeline=pipeline.parent.name):
                report = self.report(pipeline, status=0)
                self.assertEqual(report["diagnostics"], [])
                text = self.riffle("check", pipeline)
                self.assertIn(f"plan {report['plan']}\n", text)
                summary = report["summary"]
                self.assertIn(f"features  {', '.join(summary['features'])}\n", text)
                for source in summary["sources"]:
                    self.assertIn(f"{source['name']}: topic {source['topic']}, ", text)
                for model in summary["models"]:
                    self.assertIn(f"{len(model['inputs'])} inputs, {model['version']}\n", text)
                self.assertEqual("run one instance" in text, summary["order"]["single_instance"])
                self.assertEqual(f"is recorded in topic {summary['order']['topic']}" in text,
                                 summary["order"]["topic"] is not None)  # fmt: skip
                self.assertEqual("monitor   watches" in text, summary["monitor"] is not None)
                if summary["monitor"]:
                    self.assertIn(f"watches {', '.join(summary['monitor']['watches'])}\n", text)

    def test_a_reference_that_no_monitor_could_use_is_an_error(self):
        folder = self.folder / "watched"
        shutil.copytree(ROOT / "pipelines/sensor-readings", folder)
        reference = folder / "references/readings.json"
        whole = reference.read_text()
        for text in ("", whole[:100], "[1]", whole.replace('"missing":0', '"missing":1', 1)):
            reference.write_text(text)
            report = self.report(folder / "pipeline.yaml", status=2)
            self.assertEqual([problem["code"] for problem in report["diagnostics"]], ["unusable-reference"], text[:20])
            self.assertGreater(report["diagnostics"][0]["line"], 1)
        reference.write_text(whole)
        self.assertEqual(self.report(folder / "pipeline.yaml", status=0)["diagnostics"], [])
        reference.unlink()
        report = self.report(folder / "pipeline.yaml", status=0)
        self.assertEqual([problem["code"] for problem in report["diagnostics"]], ["missing-reference"])

    def test_a_kind_of_model_with_one_name_is_said_once(self):
        text = self.riffle("check", ROOT / "pipelines/account-takeover/pipeline.yaml")
        for line in text.splitlines():
            words = line.split(", ")
            self.assertEqual(len(words), len(set(words)), line)

    def test_card_fraud_in_figures(self):
        summary = self.report(ROOT / "pipelines/card-fraud/pipeline.yaml", status=0)["summary"]
        customer, terminal = summary["entities"][0], summary["entities"][-1]
        self.assertEqual((customer["field"], customer["is_topic_key"]), ("customer_id", True))
        self.assertEqual(customer["horizon_seconds"], 30 * 86_400 + 600)
        self.assertEqual((terminal["field"], terminal["horizon_seconds"]), ("terminal_id", 37 * 86_400 + 600))
        bytes_per_key = [load["bytes"] for load in customer["bytes_per_key"]]
        self.assertEqual(bytes_per_key, sorted(bytes_per_key))
        self.assertTrue(summary["order"]["matters"])

    def test_every_golden_is_told_as_its_text_is(self):
        cases = [folder for folder in sorted(GOLDENS.iterdir()) if (folder / "pipeline.yaml").exists()]
        self.assertGreater(len(cases), 200)
        seen = set()
        for folder in cases[::4]:
            if (folder / "case.txt").exists():
                continue
            with self.subTest(case=folder.name):
                expected = (folder / "expected.txt").read_text()
                report = self.report(folder / "pipeline.yaml", status=2 if " error: " in expected else 0)
                for problem in report["diagnostics"]:
                    seen.add(problem["code"])
                    if problem["code"] == "kafka-property":
                        continue
                    place = f":{problem['line']}:{problem['column']}" if "line" in problem else ""
                    message = problem["message"].replace(f"{folder}/", "")
                    self.assertIn(f"{place}: {problem['severity']}: {message} [{problem['code']}]\n", expected)
                    self.assertEqual(problem["file"], str(folder / "pipeline.yaml"))
        self.assertGreater(len(seen), 20)

    def test_a_file_that_is_not_there_and_the_file_with_properties(self):
        report = self.report("no/such.yaml", status=2)
        self.assertEqual([problem["code"] for problem in report["diagnostics"]], ["unreadable-file"])
        self.assertIsNone(report["pipeline"])
        text = (ROOT / "pipelines/card-fraud/pipeline.yaml").read_text()
        shutil.copytree(ROOT / "pipelines/card-fraud/models", self.folder / "models")
        text = text.replace("  start: earliest", "  properties_file: secret.properties\n  start: earliest")
        self.pipeline.write_text(text)
        secret = self.folder / "secret.properties"
        secret.write_text("sasl.usrname=hunter\n")
        os.chmod(secret, 0o600)
        report = self.report(self.pipeline, status=2)
        problem = next(problem for problem in report["diagnostics"] if problem["severity"] == "error")
        self.assertEqual((problem["file"], problem["line"]), (str(secret), 1))
        self.assertNotIn("hunter", json.dumps(report))

    def test_notes_have_their_own_places(self):
        report = self.report(GOLDENS / "duplicate-topic/pipeline.yaml", status=2)
        note = report["diagnostics"][0]["notes"][0]
        self.assertLess(note["line"], report["diagnostics"][0]["line"])
        lines = (GOLDENS / "duplicate-topic/pipeline.yaml").read_text().splitlines()
        problem = report["diagnostics"][0]
        named = lines[problem["line"] - 1][problem["column"] - 1:problem["end_column"] - 1]  # fmt: skip
        self.assertIn(named, problem["message"])


class OnlineTests(pipeline_case.PipelineCase):
    PIPELINE = """
pipeline: payments
kafka: {brokers: embedded}
sources:
  payments: {topic: payments, key: card, id: id, time: record, fields: {id: int, card: string}}
features: [{by: card, over: 1d, aggregates: {count: count()}}]
output: {topic: scores}
dead_letter: {topic: letters}
"""

    def report(self, *arguments, status):
        result = self.command(pipeline_case.RIFFLE, "check", self.pipeline, "--online", "--format", "json", *arguments)
        self.assertEqual((result.returncode, result.stderr), (status, ""), result.stdout)
        report = json.loads(result.stdout)
        SCHEMA.validate(report)
        return report

    def test_a_cluster_is_asked_and_the_groups_lag_told(self):
        brokers = self.start_cluster()
        self.publish(brokers, "payments", [("a", json.dumps({"id": number, "card": "a"})) for number in range(5)])
        report = self.report("--brokers", brokers, status=0)
        self.assertEqual(report["cluster"]["lag"], None)
        self.assertEqual([topic["role"] for topic in report["cluster"]["topics"]], ["source", "scores", "dead-letters"])
        self.assertTrue(all(topic["partitions"] for topic in report["cluster"]["topics"]))
        # The embedded cluster does not know the question.
        self.assertEqual([problem["code"] for problem in report["diagnostics"]], ["unknown-retention"])
        self.riffle("run", self.pipeline, "--brokers", brokers, "--no-state", "--until-end")
        self.publish(brokers, "payments", [("a", json.dumps({"id": number, "card": "a"})) for number in range(3)])
        self.assertEqual(self.report("--brokers", brokers, status=0)["cluster"]["lag"], 3)
        self.assertIn("group payments: 3 records to read", self.riffle("check", self.pipeline, "--online", "--brokers", brokers))
        self.pipeline.write_text(self.pipeline.read_text().replace("topic: payments", "topic: paymnts"))
        problem = self.report("--brokers", brokers, status=2)["diagnostics"][-1]
        self.assertEqual((problem["code"], problem["suggestion"]), ("missing-topic", 'did you mean "payments"?'))

    def test_nobody_answers(self):
        problem = self.report("--brokers", "127.0.0.1:1", status=2)["diagnostics"][0]
        self.assertEqual(problem["code"], "cluster-unreachable")
        self.assertIn("Connection refused", problem["message"])
        for arguments in [["--online"], ["--brokers", "localhost:9092"]]:
            self.assertIn("--brokers", self.riffle("check", self.pipeline, *arguments, status=2))


if __name__ == "__main__":
    unittest.main()
