"""`riffle replay --from-topics` beside the `riffle run` that scored the same events, in a process of its own."""

import csv
import json
import random
import unittest

import pipeline_case

EVENTS = 400
FIRST_MILLISECONDS = 1_709_251_200_000
PIPELINE = """\
pipeline: topics
kafka: {brokers: embedded, group: topics}
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
features:
  - amount: amount
  - {by: card, over: [1h, 1d], aggregates: {card_count: count(), card_mean: mean(amount)}}
  - {by: shop, over: [1h, 1d], aggregates: {shop_count: count(), shop_mean: mean(amount)}}
  - ratio: amount / shop_mean_1h
decide:
  - review: shop_count_1h > 5
  - allow: true
output: {topic: scores, features: all}
dead_letter: {topic: letters}
merge: {wait: 1ms}
"""


def events(seed):
    draw = random.Random(seed)
    for number in range(EVENTS):
        at = FIRST_MILLISECONDS + number * 144_000 - draw.randrange(900_000)
        yield {"id": number, "card": f"card-{draw.randrange(12)}", "shop": f"shop-{draw.randrange(4)}", "at": at,
               "amount": draw.randrange(90_000) + 0.25}  # fmt: skip


class TopicReplayTests(pipeline_case.PipelineCase):
    PIPELINE = PIPELINE

    def replay(self, *arguments):
        return self.command(pipeline_case.RIFFLE, "replay", self.pipeline, *arguments)

    def test_the_rows_of_a_topic_are_what_was_scored(self):
        brokers = self.start("run", self.pipeline).wait_for(r"embedded cluster at (\S+)").group(1)
        # By thirds, the last one first: in order of arrival the shops' windows are others than in order of time.
        all_events = list(events(seed=11))
        third = EVENTS // 3
        done = 0
        for part in [all_events[2 * third:], all_events[:third], all_events[third:2 * third]]:
            self.publish(brokers, "payments", [(event["card"], json.dumps(event)) for event in part])
            done += len(part)
            scores = self.read_scores(brokers, done)
        target = self.folder / "features.csv"
        result = self.replay("--from-topics", "--brokers", brokers, "-o", target)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(f"{EVENTS} rows read, {EVENTS} scored", result.stderr)
        with open(target) as lines:
            rows = list(csv.DictReader(lines))
        self.assertEqual(sorted(int(row["id"]) for row in rows), sorted(scores))
        for row in rows:
            score = scores[int(row["id"])]
            self.assertEqual(row["decision"], score["decision"])
            self.assertEqual(row["event_time"], score["event_time"])
            for name, value in score["features"].items():
                self.assertEqual(None if row[name] == "" else float(row[name]), value, f"{name} of {row['id']}")
        again = self.folder / "again.csv"
        result = self.replay("--from-topics", "--brokers", brokers, "--since", "30d", "-o", again)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(again.read_bytes(), target.read_bytes())
        # Merged by time alone, as from a file, some would be others.
        source = self.folder / "events.ndjson"
        source.write_text("".join(json.dumps(event) + "\n" for event in sorted(all_events, key=lambda one: one["at"])))
        result = self.replay("-i", source, "-o", again)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertNotEqual(sorted(again.read_text().splitlines()), sorted(target.read_text().splitlines()))

    def test_what_does_not_fit_together_is_said(self):
        target = self.folder / "features.csv"
        for arguments, said in [
            ([], "either --input or --from-topics"),
            (["--from-topics", "-i", "events.csv"], "either --input or --from-topics"),
            (["-i", "events.csv", "--since", "1d"], "--since needs --from-topics"),
            (["-i", "events.csv", "--brokers", "127.0.0.1:1"], "--brokers needs --from-topics"),
            (["--from-topics", "--input-format", "csv"], "not of a topic"),
            (["--from-topics"], "give it with --brokers"),
        ]:
            with self.subTest(arguments=arguments):
                result = self.replay(*arguments, "-o", target)
                self.assertEqual(result.returncode, 2, result.stderr)
                self.assertIn(said, result.stderr)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["pipeline.yaml"])
