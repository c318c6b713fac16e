"""A pipeline with labels in a topic of their own: files, the cluster and a recomputation in Python give the same."""

import bisect
import collections
import csv
import gzip
import json
import random
import time
import unittest

from metrics_tests import parse, total
from pipeline_case import PipelineCase

EVENTS = 600
HOUR = 3_600_000
FIRST_MILLISECONDS = 1_709_251_200_000
PIPELINE = """\
pipeline: labelled
kafka: {brokers: embedded, group: labelled}
sources:
  payments:
    topic: payments
    key: card
    id: id
    time: {field: at, format: epoch-ms}
    fields:
      id: int
      card: string
      shop: string
      amount: {type: decimal, scale: 2}
  labels:
    topic: labels
    key: shop
    time: {field: at, format: epoch-ms}
    available: {field: known, format: epoch-ms}
    fields: {id: int, shop: string, fraud: bool}
features:
  - amount: amount
  - {by: card, over: [1h, 1d], aggregates: {card_count: count(), card_mean: mean(amount)}}
  - {by: shop, over: [1h, 1d], delay: 1h, aggregates: {frauds: sum(labels.fraud), risk: mean(labels.fraud) or 0}}
  - ratio: amount / card_mean_1d
decide:
  - review: risk_1d > 0.5
  - allow: true
output: {topic: scores, features: all}
dead_letter: {topic: letters}
merge: {wait: 30s}
"""
WINDOWS = {"1h": HOUR, "1d": 24 * HOUR}


def history(seed):
    """Payments and labels, each in the order in which they became available; no two payments at one time."""
    draw = random.Random(seed)
    payments, labels = [], []
    at = FIRST_MILLISECONDS
    for number in range(EVENTS):
        at += 1 + draw.randrange(400_000)
        payment = {"id": number, "card": f"card-{draw.randrange(12)}", "shop": f"shop-{draw.randrange(4)}", "at": at,
                   "amount": draw.randrange(90_000) + 0.25}  # fmt: skip
        payments.append(payment)
        if draw.randrange(4) > 0:
            labels.append({"id": number, "shop": payment["shop"], "at": at, "known": at + draw.randrange(5 * HOUR),
                           "fraud": draw.randrange(3) == 0})  # fmt: skip
    # Some become known at the very time of a payment, which then sees them.
    for label in labels[::7]:
        later = bisect.bisect_left(payments, label["known"], key=lambda payment: payment["at"])
        label["known"] = payments[min(later, EVENTS - 1)]["at"]
    labels.sort(key=lambda label: (label["known"], label["id"]))
    return payments, labels


def recomputed(payments, labels):
    """Every feature by the definition: each payment looks through all that came before it."""
    rows = {}
    for place, payment in enumerate(payments):
        row = {"amount": payment["amount"]}
        for name, length in WINDOWS.items():
            own = [one["amount"] for one in payments[:place + 1]
                   if one["card"] == payment["card"] and one["at"] > payment["at"] - length]  # fmt: skip
            row[f"card_count_{name}"] = len(own)
            row[f"card_mean_{name}"] = sum(own) / len(own)
            newest = payment["at"] - HOUR
            known = [one["fraud"] for one in labels
                     if one["known"] <= payment["at"] and one["shop"] == payment["shop"]
                     and newest - length < one["at"] <= newest]  # fmt: skip
            row[f"frauds_{name}"] = sum(known)
            row[f"risk_{name}"] = sum(known) / len(known) if known else 0
        row["ratio"] = row["amount"] / row["card_mean_1d"]
        rows[payment["id"]] = row
    return rows


class LabelsTests(PipelineCase):
    PIPELINE = PIPELINE

    def setUp(self):
        super().setUp()
        self.payments, self.labels = history(seed=5)
        self.inputs = []
        for name, rows in [("payments", self.payments), ("labels", self.labels)]:
            path = self.folder / f"{name}.csv.gz"
            with gzip.open(path, "wt", newline="") as file:
                writer = csv.DictWriter(file, rows[0])
                writer.writeheader()
                writer.writerows(rows)
            self.inputs += ["--input", f"{name}={path}"]

    def replay(self, *arguments):
        target = self.folder / "rows.csv"
        self.riffle("replay", self.pipeline, *arguments, "-o", target)
        with open(target) as lines:
            return list(csv.DictReader(lines))

    def test_files_cluster_and_python_agree(self):
        rows = self.replay(*self.inputs)
        wanted = recomputed(self.payments, self.labels)
        self.assertEqual(len(rows), EVENTS)
        risks = collections.Counter()
        for row in rows:
            for name, value in wanted[int(row["id"])].items():
                self.assertEqual(float(row[name]), value, f"{name} of {row['id']}")
            risks[row["risk_1d"]] += 1
        self.assertGreater(len(risks), 20, "labels decide something")

        brokers = self.start_cluster()
        for topic, key, events in [("labels", "shop", self.labels), ("payments", "card", self.payments)]:
            self.publish(brokers, topic, [(event[key], json.dumps(event)) for event in events])
        said = self.riffle("run", self.pipeline, "--brokers", brokers, "--until-end")
        self.assertIn(f"{EVENTS} scored, {len(self.labels)} absorbed", said)
        lines = self.read(brokers, "scores", EVENTS)
        scores = {int(score["id"]): score for score in map(json.loads, lines)}
        self.assertEqual(len(scores), EVENTS)
        for row in rows:
            score = scores[int(row["id"])]
            self.assertEqual(row["decision"], score["decision"])
            for name, value in score["features"].items():
                self.assertEqual(float(row[name]), value, f"{name} of {row['id']}")

        from_topics = self.replay("--from-topics", "--brokers", brokers)
        self.assertEqual(sorted(map(str, from_topics)), sorted(map(str, rows)))
        recorded = self.folder / "scores.ndjson"
        recorded.write_text("\n".join(lines))
        said = self.riffle("replay", self.pipeline, "--from-topics", "--brokers", brokers, "--compare", recorded)
        self.assertRegex(said, rf"risk_1d +{EVENTS} +0 +0")
        self.compare(recorded, lines)

    def compare(self, recorded, lines):
        """What was recorded, held against the files: equal, and then with one of each mistake in it."""
        said = self.riffle("replay", self.pipeline, *self.inputs, "--compare", recorded)
        self.assertIn(f"{EVENTS} events compared", said)
        changed = json.loads(lines[10])
        before = changed["features"]["risk_1d"]
        changed["features"]["risk_1d"] = 0.123
        stranger = dict(json.loads(lines[11]), id="123456789")
        recorded.write_text("\n".join(lines[:10] + [json.dumps(changed)] + lines[12:] + [json.dumps(stranger), lines[0]]))
        said = self.riffle("replay", self.pipeline, *self.inputs, "--compare", recorded, status=1)
        self.assertRegex(said, rf"risk_1d +{EVENTS - 2} +1 +0")
        self.assertRegex(said, rf"risk_1h +{EVENTS - 1} +0 +0")
        self.assertIn(f"risk_1d of {changed['id']}: recorded 0.123, computed {float(before)}", said)
        self.assertIn(f"1 missing: computed, and in no record, such as {json.loads(lines[11])['id']}\n", said)
        self.assertIn(f"1 extra: recorded, and not computed, such as line {EVENTS}\n", said)
        self.assertIn("1 records repeated", said)
        rows = self.folder / "rows.ndjson"
        self.riffle("replay", self.pipeline, *self.inputs, "--output", rows)
        said = self.riffle("replay", self.pipeline, *self.inputs, "--compare", rows)
        self.assertRegex(said, rf"risk_1d +{EVENTS} +0 +0")
        recorded.write_text("\n".join(lines[:3] + ["{}"]))
        said = self.riffle("replay", self.pipeline, *self.inputs, "--compare", recorded, status=1)
        self.assertIn("line 4 is no score record", said)

    def test_chosen_rows_are_what_they_are_among_all(self):
        rows = self.replay(*self.inputs)
        start, end = "2024-03-02T00:00:00Z", "2024-03-02T12:00:00Z"
        chosen = self.replay(*self.inputs, "--from", "2024-03-02", "--to", end)
        self.assertGreater(len(chosen), 20)
        self.assertEqual(chosen, [row for row in rows if start <= row["event_time"] < end])
        sample = self.replay(*self.inputs, "--keys", "30%")
        cards = {payment["id"]: payment["card"] for payment in self.payments}
        kept = {cards[int(row["id"])] for row in sample}
        self.assertTrue(0 < len(kept) < 12)
        self.assertEqual(sample, [row for row in rows if cards[int(row["id"])] in kept])
        labelled = {label["id"] for label in self.labels}
        known = self.replay(*self.inputs, "--labelled-only")
        self.assertEqual(known, [row for row in rows if int(row["id"]) in labelled])

    def test_each_source_has_its_own_policy_for_late_events(self):
        """Whatever becomes of a label, the books of its partition balance, and payments are dealt with as they say."""
        start = FIRST_MILLISECONDS
        payments = [{"id": number, "card": "c", "shop": "s", "at": at, "amount": 1.5}
                    for number, at in enumerate([start, start - 2 * HOUR, start + HOUR])]  # fmt: skip
        tomorrow = int(time.time() * 1000) + 24 * HOUR
        labels = [{"id": 0, "shop": "s", "at": start - 9 * HOUR, "known": known, "fraud": True}
                  for known in [start, start - 2 * HOUR, tomorrow, start + 1]]  # fmt: skip
        brokers = self.start_cluster()
        self.publish(brokers, "labels", [(label["shop"], json.dumps(label)) for label in labels])
        self.publish(brokers, "payments", [(payment["card"], json.dumps(payment)) for payment in payments])
        text = self.pipeline.read_text()
        for policy, absorbed, dropped, letters in [
            ("score", 3, 0, {"time-ahead": 1}), ("drop", 2, 1, {"time-ahead": 1}),
            ("dead-letter", 2, 0, {"time-ahead": 1, "late": 1}),
        ]:  # fmt: skip
            with self.subTest(policy=policy):
                late = f"    late: {{after: 1h, then: {policy}}}\n    ahead: 1h\nfeatures:"
                self.assertIn("\nfeatures:", text)
                self.pipeline.write_text(
                    text.replace("\nfeatures:", "\n" + late).replace("group: labelled", f"group: {policy}"))
                metrics = self.folder / f"{policy}.prom"
                self.riffle("run", self.pipeline, "--brokers", brokers, "--until-end", "--no-state", "--metrics-file", metrics)
                samples = parse(metrics.read_text())
                # What becomes of an event, by topic.
                for name, of_labels, of_payments in [
                    ("consumed", 4, 3), ("absorbed", absorbed, 0), ("scored", 0, 3), ("late_dropped", dropped, 0),
                    ("dead_lettered", sum(letters.values()), 0), ("late", 1, 1), ("muted", 0, 0), ("released", 0, 0),
                ]:  # fmt: skip
                    for topic, wanted in [("labels", of_labels), ("payments", of_payments)]:
                        found = total(samples, f"riffle_events_{name}_total", topic=topic)
                        self.assertEqual(found, wanted, f"{name} of {topic}")
                for code in ["time-ahead", "late"]:
                    found = total(samples, "riffle_dead_letters_total", topic="labels", code=code)
                    self.assertEqual(found, letters.get(code, 0), code)
                self.assertEqual(total(samples, "riffle_dead_letters_total", topic="payments"), 0)
                for series, consumed in samples["riffle_events_consumed_total"]:
                    place = {name: series[name] for name in ["topic", "partition"]}
                    fates = ["scored", "absorbed", "dead_lettered", "late_dropped", "muted", "released"]
                    self.assertEqual(
                        consumed, sum(total(samples, f"riffle_events_{fate}_total", **place) for fate in fates), place)

    def test_what_does_not_fit_together_is_said(self):
        for arguments, said in [
            (["-i", self.inputs[1]], "no --input for source \"labels\""),
            (["-i", "payments.csv"], "expected payments=FILE or labels=FILE"),
            (["-i", "payments=-", "-i", "labels=-"], "standard input can be read once"),
            (["-i", self.inputs[1], "-i", "labels=-", "--labelled-only"], "twice"),
            ([*self.inputs, "--from", "2024-03-02", "--to", "2024-03-01"], "--from is not before --to"),
            ([*self.inputs, "--keys", "0%"], "--keys"),
        ]:
            with self.subTest(arguments=arguments):
                self.assertIn(said, self.riffle("replay", self.pipeline, *arguments, "-o", self.folder / "no.csv", status=2))


if __name__ == "__main__":
    unittest.main()
