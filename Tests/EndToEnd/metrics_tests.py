"""`riffle run --metrics-file` beside a cluster in another process: what is in the file is what happened."""

import json
import re
import stat
import unittest

from confluent_kafka import Producer

from kill_processes import RUN_PROPERTIES, wait_until
from pipeline_case import DEADLINE_SECONDS, PipelineCase

EVENTS = 60
BAD_EVENTS = [
    ('{"id":1000,"card":"c","at":', "invalid-json"),
    ('{"id":1001,"card":"c","at":1709251200000}', "field-missing"),
    ('{"id":1002,"card":"c","at":"yesterday","amount":1}', "invalid-time"),
    ('{"id":1003,"card":"c","at":"today","amount":1}', "invalid-time"),
]
PIPELINE = """\
pipeline: metered
kafka: {brokers: embedded, group: metered}
sources:
  payments:
    topic: payments
    key: card
    id: id
    time: {field: at, format: epoch-ms}
    fields: {id: int, card: string, amount: {type: decimal, scale: 2}}
    late: {after: 1h, then: drop}
features:
  - amount: amount
  - {by: card, over: [1h], aggregates: {payments: count()}}
decide: [{allow: true}]
output: {topic: scores, features: all}
dead_letter: {topic: letters}
state: {directory: STATE}
"""
SAMPLE = re.compile(r'^([a-z_:]+)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\\\]|\\\\.)*)"(?:,|$)')


def parse(text):
    """Samples by name: lists of (labels, value). Refuses what is not in the text format."""
    samples, types = {}, {}
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in types, line
            types[name] = kind
            continue
        if line.startswith("# HELP "):
            assert len(line.split(" ", 3)) == 4, line
            continue
        match = SAMPLE.match(line)
        assert match, line
        name, labels, value = match.groups()
        family = name if name in types else re.sub(r"_(bucket|sum|count)$", "", name)
        assert family in types, f"no type before {line}"
        samples.setdefault(name, []).append((dict(LABEL.findall(labels or "")), float(value)))
    return samples


def total(samples, name, **labels):
    """The sum over all series with these labels."""
    return sum(value for found, value in samples.get(name, []) if labels.items() <= found.items())


class MetricsTests(PipelineCase):
    PIPELINE = PIPELINE

    def setUp(self):
        super().setUp()
        self.file = self.folder / "riffle.prom"
        self.brokers = self.start_cluster()

    def run_pipeline(self):
        properties = [part for name in RUN_PROPERTIES for part in ("-X", name)]
        return self.start("run", self.pipeline, "--brokers", self.brokers, "--metrics-file", self.file,
                          "--metrics-every", "100ms", *properties)  # fmt: skip

    def wait_for(self, condition):
        """The file's samples as soon as they meet the condition; each of its states has to be whole."""
        def found():
            samples = parse(self.file.read_text()) if self.file.exists() else {}
            return samples if condition(samples) else None

        return wait_until(lambda: self.file.read_text() if self.file.exists() else "no file", found)

    def test_the_file_tells_what_became_of_every_event(self):
        run = self.run_pipeline()
        start = 1_709_251_200_000
        good = [(f"card-{number % 7}", json.dumps(
            {"id": number, "card": f"card-{number % 7}", "at": start + number * 60_000, "amount": 1.5}))
            for number in range(EVENTS)]  # fmt: skip
        self.publish(self.brokers, "payments", good + [("card-1", text) for text, _ in BAD_EVENTS])
        everything = EVENTS + len(BAD_EVENTS)
        samples = self.wait_for(
            lambda found: total(found, "riffle_events_scored_total") + total(found, "riffle_events_dead_lettered_total")
            + total(found, "riffle_events_late_dropped_total") == everything
            and total(found, "riffle_offset_commits_total") >= 1
            and found.get("riffle_kafka_brokers_up"))  # fmt: skip
        self.assertEqual(total(samples, "riffle_events_consumed_total"), everything)
        self.assertEqual(total(samples, "riffle_events_in_flight"), 0)
        self.assertEqual(total(samples, "riffle_consumer_lag_offsets"), 0)
        self.assertEqual(len(samples["riffle_consumer_lag_offsets"]), 4)
        self.assertEqual(total(samples, "riffle_partitions_assigned"), 4)
        self.assertEqual(total(samples, "riffle_rebalances_total", kind="assigned"), 1)
        self.assertEqual(total(samples, "riffle_state_keys"), 7)
        self.assertEqual(total(samples, "riffle_batch_events_sum"), everything)
        self.assertEqual(total(samples, "riffle_event_to_score_seconds_count"), EVENTS)
        self.assertGreater(total(samples, "riffle_event_to_score_seconds_sum"), 0)
        for phase in ("decode", "features", "score", "encode", "send"):
            self.assertGreater(total(samples, "riffle_phase_seconds_total", phase=phase), 0, phase)
        for code in {code for _, code in BAD_EVENTS}:
            wanted = sum(1 for _, other in BAD_EVENTS if other == code)
            self.assertEqual(total(samples, "riffle_dead_letters_total", code=code), wanted, code)
        self.assertEqual(total(samples, "riffle_dead_letters_total"), len(BAD_EVENTS))
        self.assertGreaterEqual(total(samples, "riffle_kafka_brokers_up", client="producer"), 1)
        self.assertEqual(total(samples, "riffle_stops_total"), 0)
        for name, series in samples.items():
            for labels, _ in series:
                self.assertEqual(labels["pipeline"], "metered", name)

        self.assertEqual(run.end(15), 0, run.text())
        last = parse(self.file.read_text())
        self.assertEqual(total(last, "riffle_stops_total", reason="requested"), 1)
        self.assertEqual(total(last, "riffle_snapshots_written_total"), 1)
        self.assertEqual(total(last, "riffle_events_consumed_total"), everything)
        # Nothing is this instance's any more.
        self.assertNotIn("riffle_consumer_lag_offsets", last)
        self.assertEqual(stat.S_IMODE(self.file.stat().st_mode), 0o644)
        self.assertEqual([path.name for path in self.folder.glob("riffle.prom*")], ["riffle.prom"])
        self.assertIn(f"{everything} events", run.text())

    def test_transactions_are_counted(self):
        text = self.pipeline.read_text().replace("brokers: embedded", f'brokers: "{self.brokers}"')
        self.pipeline.write_text(text.replace("group: metered", "group: metered, delivery: exactly-once"))
        run = self.run_pipeline()
        self.publish(self.brokers, "payments", [("card-1", text) for text, _ in BAD_EVENTS])
        samples = self.wait_for(
            lambda found: total(found, "riffle_events_dead_lettered_total") == len(BAD_EVENTS)
            and total(found, "riffle_transactions_total", outcome="committed") >= 1)
        self.assertEqual(
            total(samples, "riffle_transaction_commit_seconds_count"),
            total(samples, "riffle_transactions_total", outcome="committed"))
        self.assertGreater(total(samples, "riffle_transaction_commit_seconds_sum"), 0)
        self.assertEqual(run.end(15), 0, run.text())

    def test_a_broken_event_is_shown_in_the_log_with_its_trace_and_a_thousand_are_one_line(self):
        trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        properties = [part for name in RUN_PROPERTIES for part in ("-X", name)]
        run = self.start("run", self.pipeline, "--brokers", self.brokers, "--metrics-file", self.file, "--metrics-every", "100ms",
                         "--log-format", "json", *properties)  # fmt: skip
        producer = Producer({"bootstrap.servers": self.brokers})
        good = json.dumps({"id": 1, "card": "card-1", "at": 1_709_251_200_000, "amount": 1.5})
        for number in range(1_000):
            producer.produce("payments", BAD_EVENTS[0][0], partition=2, headers={"traceparent": trace if number == 0 else "\n\x1b[2J"})
        producer.produce("payments", good, "card-1", headers={"traceparent": trace, "tracestate": "a=b"})
        producer.flush(DEADLINE_SECONDS)
        self.wait_for(lambda found: total(found, "riffle_events_dead_lettered_total") == 1_000
                      and total(found, "riffle_events_scored_total") == 1)  # fmt: skip
        lines = [json.loads(line) for line in run.text().splitlines() if line.startswith("{")]
        shown = [line for line in lines if line.get("code") == "invalid-json"]
        self.assertEqual(len(shown), 1, run.text())
        self.assertEqual({name: shown[0][name] for name in ("level", "topic", "partition", "offset", "traceparent")},
                         {"level": "notice", "topic": "payments", "partition": "2", "offset": "0", "traceparent": trace})  # fmt: skip
        # What is said of an event goes on with it.
        headers = self.kcat("-b", self.brokers, "-C", "-e", "-q", "-t", "scores", "-f", "%h\n")
        self.assertIn(f"traceparent={trace},tracestate=a=b", headers)
        letters = self.kcat("-b", self.brokers, "-C", "-e", "-q", "-t", "letters", "-c", "1", "-f", "%h\n")
        self.assertIn(f"traceparent={trace}", letters)
        self.assertEqual(run.end(15), 0, run.text())

    def test_a_run_that_fails_says_why_in_its_last_file(self):
        self.pipeline.write_text(self.pipeline.read_text().replace("topic: payments", "topic: absent"))
        run = self.run_pipeline()
        self.assertEqual(run.process.wait(DEADLINE_SECONDS), 1, run.text())
        samples = parse(self.file.read_text())
        self.assertEqual(total(samples, "riffle_stops_total", reason="other"), 1, run.text())
        self.assertEqual(total(samples, "riffle_stops_total"), 1)

    def test_how_often_needs_a_file(self):
        self.assertIn("--metrics-every needs --metrics-file", self.riffle("run", "absent.yaml", "--metrics-every", "5s", status=2))

    def test_a_path_that_cannot_be_written_is_an_error_before_anything_is_read(self):
        self.file = self.folder / "absent" / "riffle.prom"
        run = self.run_pipeline()
        self.assertEqual(run.process.wait(DEADLINE_SECONDS), 2, run.text())
        self.assertIn(f'metrics file "{self.file}" cannot be written: No such file or directory', run.text())
