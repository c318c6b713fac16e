"""What tests share that write a pipeline of their own, start it beside a cluster and look at both with kcat."""

import json
import subprocess
import tempfile
import unittest
from pathlib import Path

from kill_processes import Process

RIFFLE = None
DEADLINE_SECONDS = 90


class PipelineCase(unittest.TestCase):
    """A test with a folder, which is removed afterwards, and in it a pipeline: the class's `PIPELINE`."""

    PIPELINE = ""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.pipeline = self.folder / "pipeline.yaml"
        self.pipeline.write_text(self.PIPELINE.replace("STATE", str(self.folder / "state")))

    def command(self, *arguments, stdin=None):
        return subprocess.run([str(argument) for argument in arguments], input=stdin, capture_output=True, text=True,
                              timeout=DEADLINE_SECONDS)  # fmt: skip

    def riffle(self, *arguments, status=0):
        """A command to its end; what it said."""
        result = self.command(RIFFLE, *arguments)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return result.stdout + result.stderr

    def start(self, *arguments):
        """A command that runs until the test is over."""
        process = Process(RIFFLE, *arguments)
        self.addCleanup(process.close)
        return process

    def start_cluster(self):
        """An embedded cluster with the pipeline's topics in a process of its own; its address."""
        return self.start("cluster", "--pipeline", self.pipeline).wait_for(r"embedded cluster at (\S+)").group(1)

    def kcat(self, *arguments, stdin=None):
        result = self.command("kcat", *arguments, stdin=stdin)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def publish(self, brokers, topic, events):
        """Publishes pairs of key and value, each to its key's partition as Java's clients would."""
        lines = "".join(f"{key}|{value}\n" for key, value in events)
        self.kcat("-b", brokers, "-P", "-t", topic, "-K", "|", "-X", "partitioner=murmur2_random", stdin=lines)

    def read(self, brokers, topic, count):
        """So many values of a topic, waited for."""
        return self.kcat("-b", brokers, "-C", "-t", topic, "-o", "beginning", "-c", str(count), "-q").splitlines()

    def read_scores(self, brokers, count):
        """So many scores, waited for; by the event's number."""
        scores = {int(score["id"]): score for score in map(json.loads, self.read(brokers, "scores", count))}
        self.assertEqual(len(scores), count)
        return scores
