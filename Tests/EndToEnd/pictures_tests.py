"""The pictures of docs/CONCEPTS.md: what they show is what happens."""

import json
import re

from kill_processes import ROOT
from pipeline_case import PipelineCase


class PictureTests(PipelineCase):
    PIPELINE = """\
pipeline: pictures
kafka: {brokers: embedded}
sources:
  events:
    topic: events
    id: id
    time: {field: at, format: iso8601}
    fields: {id: string, key: string}
    ahead: 3650d
features:
  - {by: key, over: [1h], aggregates: {n: count()}}
output: {topic: scores, features: all}
dead_letter: {topic: letters}
"""

    def picture(self, beginning):
        """The lines of the first block with a line that begins so."""
        pictures = re.findall(r"```\n(.*?)```", (ROOT / "docs/CONCEPTS.md").read_text(), re.DOTALL)
        return next(text for text in pictures if re.search(rf"^ *{beginning}", text, re.MULTILINE)).splitlines()

    @staticmethod
    def event(clock):
        return json.dumps({"id": clock, "at": f"2026-01-01T{clock}:00Z", "key": "a"})

    def test_out_of_order(self):
        rows = [line.split() for line in self.picture("arrives")[1:]]
        clocks = [[word for word in row if re.fullmatch(r"\d\d:\d\d", word)] for row in rows]
        counts = [next(int(word) for word in row if word.isdigit()) for row in rows]
        self.assertEqual(counts, [len(seen) - 1 for seen in clocks])
        source, target = self.folder / "events.ndjson", self.folder / "rows.ndjson"
        source.write_text("".join(self.event(seen[0]) + "\n" for seen in clocks))
        self.riffle("replay", self.pipeline, "--input", source, "--output", target)
        replayed = [json.loads(line) for line in target.read_text().splitlines()]
        wanted = [(seen[0], count) for seen, count in zip(clocks, counts)]
        self.assertEqual([(row["id"], row["n_1h"]) for row in replayed], wanted)

    def test_the_order_over_partitions(self):
        lines = self.picture("partition 0")
        lanes = [re.findall(r"\d\d:\d\d", line.split("·")[0]) for line in lines if "partition" in line]
        wanted = re.findall(r"\d\d:\d\d", next(line for line in lines if "taken as" in line))
        self.assertEqual(sorted(wanted), sorted(sum(lanes, [])))
        topics = ["events:2", "scores:1", "letters:1", "pictures.order:1"]
        cluster = self.start("cluster", *[f"--topic={topic}" for topic in topics])
        brokers = cluster.wait_for(r"embedded cluster at (\S+)").group(1)
        for partition, clocks in enumerate(lanes):
            text = "".join(self.event(clock) + "\n" for clock in clocks)
            self.kcat("-b", brokers, "-P", "-t", "events", "-p", str(partition), stdin=text)
        target = self.folder / "rows.ndjson"
        self.riffle("replay", self.pipeline, "--from-topics", "--brokers", brokers, "--output", target)
        self.assertEqual([json.loads(line)["id"] for line in target.read_text().splitlines()], wanted)
