"""`riffle explain`: one event's way, its windows held against the events of the file gone through one by one."""

import collections
import csv
import datetime
import gzip
import json

import jsonschema

from kill_processes import ROOT
from pipeline_case import PipelineCase

SHIPPED = ROOT / "pipelines" / "card-fraud"
DAY = datetime.timedelta(days=1)


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


class ShippedTests(PipelineCase):
    """Payments of the sample that is shipped."""

    PAYMENTS = 20_000

    def setUp(self):
        super().setUp()

        def rows(name):
            with gzip.open(SHIPPED / name, "rt", newline="") as lines:
                return list(csv.DictReader(lines))

        # The first half of the month, and the labels that were known by then.
        self.payments = rows("sample.csv.gz")[: self.PAYMENTS]
        last = moment(self.payments[-1]["tx_datetime"])
        self.labels = [label for label in rows("sample-labels.csv.gz") if moment(label["labelled_at"]) <= last]
        self.inputs = []
        for name, found in [("transactions", self.payments), ("labels", self.labels)]:
            path = self.folder / f"{name}.csv"
            with open(path, "w", newline="") as out:
                writer = csv.DictWriter(out, found[0].keys())
                writer.writeheader()
                writer.writerows(found)
            self.inputs += ["--input", f"{name}={path}"]

    def explain(self, *options, status=0):
        return self.riffle("explain", SHIPPED / "pipeline.yaml", *self.inputs, *options, status=status)

    def known(self, payment, days):
        """The labels of the payment's terminal in its delayed window, as far as they have come."""
        at = moment(payment["tx_datetime"])
        return [label for label in self.labels if label["terminal_id"] == payment["terminal_id"]
                and at - (days + 7) * DAY < moment(label["tx_datetime"]) <= at - 7 * DAY
                and moment(label["labelled_at"]) <= at]  # fmt: skip

    def test_windows_hold_what_the_file_says(self):
        by_customer = collections.defaultdict(list)
        for payment in self.payments:
            by_customer[payment["customer_id"]].append((moment(payment["tx_datetime"]), payment))
        schema = json.loads((ROOT / "schemas" / "explanation.v1.schema.json").read_text())
        seen = collections.Counter()
        # The first, the last, and the last at a terminal of which something was known.
        chosen = [self.payments[0], self.payments[-1],
                  next(payment for payment in reversed(self.payments) if self.known(payment, 30))]  # fmt: skip
        for payment in chosen:
            account = json.loads(self.explain("--id", payment["transaction_id"], "--events", "1000", "--format", "json"))
            jsonschema.validate(account, schema)
            self.assertEqual(account["fields"]["customer_id"], payment["customer_id"])
            self.assertEqual(account["outcome"], "scored")
            at = moment(payment["tx_datetime"])
            features = {feature["name"]: feature["value"] for feature in account["features"]}
            windows = {(window["by"], window["over"], window["source"]): window for window in account["windows"]}
            for days in (1, 7, 30):
                window = windows["customer_id", f"{days}d", "transactions"]
                wanted = [(when, one) for when, one in by_customer[payment["customer_id"]]
                          if at - days * DAY < when <= at]  # fmt: skip
                self.assertEqual(window["events"], len(wanted))
                self.assertEqual([moment(event["time"]) for event in window["shown"]], [when for when, _ in wanted])
                amounts = [event["values"]["tx_amount"] for event in window["shown"]]
                self.assertEqual(amounts, [float(one["tx_amount"]) for _, one in wanted])
                self.assertEqual([event["current"] for event in window["shown"]], [one is payment for _, one in wanted])
                self.assertEqual(features[f"customer_tx_{days}d"], len(wanted))
                self.assertAlmostEqual(features[f"customer_mean_{days}d"], sum(amounts) / len(amounts), 9)
                known = self.known(payment, days)
                window = windows["terminal_id", f"{days}d", "labels"]
                self.assertEqual(window["events"], len(known))
                self.assertEqual(moment(window["up_to"]), at - 7 * DAY)
                seen["labels"] += len(known)
                seen["payments"] += len(wanted)
        self.assertTrue(seen["payments"] > 10 and seen["labels"] > 0, seen)

    def test_it_says_what_a_replay_says(self):
        target = self.folder / "rows.ndjson"
        self.riffle("replay", SHIPPED / "pipeline.yaml", *self.inputs, "--output", target)
        rows = [json.loads(line) for line in target.read_text().splitlines()]
        blocked = max(rows, key=lambda row: row["score"])
        account = json.loads(self.explain("--id", blocked["transaction_id"], "--format", "json"))
        self.assertEqual((account["score"], account["decision"]), (blocked["score"], blocked["decision"]))
        for feature in account["features"]:
            self.assertEqual(feature["value"], blocked[feature["name"]], feature)
        self.assertTrue(account["record_has_reasons"])
        self.assertEqual([rule["holds"] for rule in account["rules"]], [blocked["score"] >= 0.9, True, True])
        text = self.explain("--id", blocked["transaction_id"])
        for wanted in ["decision block, to topic card.scores", "\nwindows\n", "\nfeatures\n", "\nrules\n",
                       "reasons (the score has them, since score >= 0.5 is true)"]:  # fmt: skip
            self.assertIn(wanted, text)
        self.assertLessEqual(max(map(len, text.splitlines())), 120)

    def test_events_that_are_not_there(self):
        self.assertIn('no event of the input has the id "no-such"', self.explain("--id", "no-such", status=1))
        self.assertIn("no event begins on line", self.explain("--line", "1", status=1))
        self.assertIn("expected one of --id, --line and --event", self.explain(status=2))


class OutcomeTests(PipelineCase):
    """Events that are no scores say why."""

    PIPELINE = """
pipeline: small
kafka: {brokers: embedded}
sources:
  payments:
    topic: payments
    key: card
    id: id
    time: {field: at, format: epoch-s}
    fields: {id: string, card: string, amount: {type: decimal, scale: 2}, note: {type: string, optional: true}}
    late: {after: 1m, then: drop}
features:
  - {by: card, over: [1h], aggregates: {n: count(), notes: distinct(note)}}
  - {by: card, over: [1d], accuracy: tiled(10%), aggregates: {spent: sum(amount)}}
  - {by: card, over: all, aggregates: {ever: max(amount)}}
  - double: amount * 2
decide: [{stop: n_1h > 2}, {go: true}]
output: {topic: scores}
dead_letter: {topic: dead}
"""

    EVENTS = """{"id":"a","card":"x","at":1000,"amount":1,"note":"hello"}
{"id":"b","card":"x","at":2000,"amount":2.5}
{"id":"c","card":"x","at":1500,"amount":3}
{"id":"d","card":"x","at":2000,"amount":"much"}
{"id":"a","card":"x","at":2001,"amount":4,"note":"hello"}
{"id":"e"
"""

    def explain(self, *options, stdin=None, status=0):
        source = self.folder / "events.ndjson"
        source.write_text(self.EVENTS)
        return self.command_of("explain", self.pipeline, "--input", source, *options, stdin=stdin, status=status)

    def command_of(self, *arguments, stdin, status):
        import pipeline_case

        result = self.command(pipeline_case.RIFFLE, *arguments, stdin=stdin)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return result.stdout + result.stderr

    def test_each_outcome(self):
        self.assertIn("outcome  dropped: it is late, and late.then is drop", self.explain("--id", "c"))
        self.assertIn("500s behind the newest before it: late, since more than 1m", self.explain("--id", "c"))
        fault = self.explain("--id", "d")
        self.assertIn("dead letter wrong-type, to topic dead", fault)
        self.assertIn('{"id":"d","card":"x","at":2000,"amount":"much"}', fault)
        self.assertIn("dead letter invalid-json", self.explain("--line", "6"))
        twice = self.explain("--id", "a")
        self.assertIn("line 1\n", twice)
        self.assertIn("line 5\n", twice)
        self.assertIn("2 events have this id", twice)

    def test_the_text(self):
        text = self.explain("--line", "2")
        wanted = """place    events.ndjson, line 2
source   payments
time     1970-01-01T00:33:20Z
order    the newest so far
outcome  scored, decision go, to topic scores

fields
  id      "b"
  card    "x"
  amount  2.50
  note    absent
  at      1970-01-01T00:33:20Z

windows
  1h by card: (1969-12-31T23:33:20Z, 1970-01-01T00:33:20Z], 2 events of payments
      1970-01-01T00:16:40Z  note=#"""
        self.assertTrue(text.startswith(wanted), text)
        for line in ["    * 1970-01-01T00:33:20Z  note=-", "  all by card: all that came before, up to 1970-01-01T00:33:20Z, as sums",
                     "  double    5    amount * 2", "  n_1h      2    count()", "  →  go    true   true", "     stop  false  n_1h > 2"]:  # fmt: skip
            self.assertIn(line + "\n", text)
        self.assertIn("  1d by card: [1969-12-31T00:00:00Z, 1970-01-01T00:33:20Z], 1 tile of 144m with events\n", text)

    def test_an_event_from_standard_input(self):
        event = '{"id":"z","card":"x","at":2002,"amount":9}\n'
        account = json.loads(self.explain("--event", "-", "--format", "json", stdin=event))
        self.assertEqual(account["place"], {"input": "-", "line": 1})
        features = {feature["name"]: feature["value"] for feature in account["features"]}
        self.assertEqual((features["n_1h"], features["ever_all"], account["decision"]), (4, 9, "stop"))
        # Without a history it is the first.
        import pipeline_case

        alone = self.command(pipeline_case.RIFFLE, "explain", self.pipeline, "--event", "-", stdin=event)
        self.assertEqual(alone.returncode, 0, alone.stderr)
        self.assertIn("order    nothing came before it", alone.stdout)
