"""A cluster in a process of its own, pipelines that can be killed beside it, and a client that sees all they write."""

import os
import re
import subprocess
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Producer, TopicPartition

from kill_history import PIPELINE, History

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_SECONDS = 60
PARTITIONS = 4
# The cluster lets a group's first member wait 3 s, which a session has to outlast.
RUN_PROPERTIES = ["session.timeout.ms=3200", "heartbeat.interval.ms=500", "fetch.wait.max.ms=20"]


def wait_until(what, condition, seconds=DEADLINE_SECONDS):
    """The condition's value as soon as it is true."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(0.01)


class Process:
    """A command with its log."""

    def __init__(self, *arguments):
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [str(argument) for argument in arguments], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=self.log)

    def text(self):
        # By position, since the process writes at the same one.
        size = os.fstat(self.log.fileno()).st_size
        return os.pread(self.log.fileno(), size, 0).decode(errors="replace")

    def wait_for(self, pattern):
        def found():
            match = re.search(pattern, self.text())
            if not match and self.process.poll() is not None:
                raise AssertionError(f"ended with {self.process.returncode} before {pattern!r}:\n{self.text()}")
            return match

        return wait_until(lambda: f"{pattern!r} in\n{self.text()}", found)

    def end(self, number):
        """Sends a signal, and waits for the end."""
        self.process.send_signal(number)
        return self.process.wait(DEADLINE_SECONDS)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.close()


class Cluster(Process):
    """`riffle cluster` with the topics of one pipeline, which it also describes."""

    def __init__(self, riffle, name, folder):
        self.riffle, self.name, self.folder = riffle, name, Path(folder)
        self.source, self.scores = f"{name}.payments", f"{name}.scores"
        self.letters, self.order = f"{name}.dead-letter", f"{name}.order"
        self.topics = {self.source: PARTITIONS, self.scores: PARTITIONS, self.letters: 1, self.order: 1}
        options = [f"--topic={topic}:{count}" for topic, count in self.topics.items()]
        super().__init__(riffle, "cluster", *options)
        self.brokers = self.wait_for(r"embedded cluster at (\S+)").group(1)
        self.pipeline = self.folder / "pipeline.yaml"
        self.pipeline.write_text(PIPELINE.format(name=name, brokers=self.brokers))
        # It never joins the group: it only asks what is committed.
        self.asker = Consumer({"bootstrap.servers": self.brokers, "group.id": name, "enable.auto.commit": False})

    def run_pipeline(self, linger_milliseconds=5):
        """Outputs stay in the process for so long before they are sent, and are lost with it."""
        options = [word for each in [*RUN_PROPERTIES, f"linger.ms={linger_milliseconds}"] for word in ("-X", each)]
        return Process(self.riffle, "run", self.pipeline, "--log-level", "info", *options)

    def committed(self):
        """The group's offset of each partition of the source; 0 where there is none."""
        wanted = [TopicPartition(self.source, partition) for partition in range(PARTITIONS)]
        found = self.asker.committed(wanted, timeout=DEADLINE_SECONDS)
        return {f"{each.topic}/{each.partition}": max(0, each.offset) for each in found}

    def ends(self, *topics):
        return {
            (topic, partition): self.asker.get_watermark_offsets(TopicPartition(topic, partition))[1]
            for topic in topics for partition in range(self.topics[topic])}  # fmt: skip

    def close(self):
        self.asker.close()
        super().close()


class Witness:
    """Reads all topics from their beginning, as records come, so that what the cluster forgets is not missed."""

    def __init__(self, cluster):
        self.records = defaultdict(list)
        self.failure = None
        self.consumer = Consumer(
            {"bootstrap.servers": cluster.brokers, "group.id": "witness", "enable.auto.commit": False,
             "auto.offset.reset": "error", "fetch.wait.max.ms": 20})  # fmt: skip
        self.consumer.assign(
            [TopicPartition(topic, partition, OFFSET_BEGINNING)
             for topic, count in cluster.topics.items() for partition in range(count)])  # fmt: skip
        self.is_ending = threading.Event()
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        while not self.is_ending.is_set() and self.failure is None:
            for message in self.consumer.consume(1_000, timeout=0.05):
                if message.error():
                    if message.error().code() != KafkaError._PARTITION_EOF and not message.error().retriable():
                        self.failure = str(message.error())
                    continue
                records = self.records[message.topic(), message.partition()]
                if message.offset() != len(records):
                    place = f"{message.topic()}/{message.partition()}"
                    self.failure = f"{place}: offset {message.offset()} after {len(records)} records"
                records.append(message)

    def check(self):
        if self.failure:
            raise AssertionError(f"the topics cannot be read whole: {self.failure}")

    def count(self, topic):
        self.check()
        return sum(len(records) for (name, _), records in list(self.records.items()) if name == topic)

    def wait_for(self, ends):
        """Until everything before these offsets is read."""

        def is_read():
            self.check()
            return all(len(self.records[key]) >= end for key, end in ends.items())

        wait_until(lambda: f"records up to {ends}", is_read)

    def of(self, topic, starts=None, ends=None):
        """A topic's records, partition by partition, between these offsets."""
        for key in sorted(key for key in list(self.records) if key[0] == topic):
            start = starts.get(key, 0) if starts else 0
            yield from self.records[key][start : ends[key] if ends else None]

    def close(self):
        self.is_ending.set()
        self.thread.join()
        self.consumer.close()


class Publisher:
    """Publishes a history to the source in small bursts, so many events a second; each to its key's partition."""

    def __init__(self, cluster, seed, rate):
        self.history = History(seed)
        self.topic = cluster.source
        self.producer = Producer(
            {"bootstrap.servers": cluster.brokers, "partitioner": "murmur2_random", "linger.ms": 1,
             "enable.idempotence": True})  # fmt: skip
        self.rate, self.extra = rate, 0
        self.failures = []
        self.is_ending = threading.Event()
        self.thread = threading.Thread(target=self.publish)
        self.thread.start()

    def publish(self):
        begin = time.monotonic()
        while not self.is_ending.wait(0.02):
            self.publish_up_to(int((time.monotonic() - begin) * self.rate) + self.extra)

    def publish_up_to(self, count):
        while self.history.count < count:
            key, text = self.history.next()
            self.producer.produce(self.topic, text.encode(), key, on_delivery=self.delivered)
            self.producer.poll(0)

    def add_burst(self, count):
        """As fast as it goes, at once or with the last events."""
        self.extra += count

    def delivered(self, error, _):
        if error:
            self.failures.append(str(error))

    def stop(self):
        """Ends it; everything is delivered then."""
        self.is_ending.set()
        self.thread.join()
        left = self.producer.flush(DEADLINE_SECONDS)
        if left or self.failures:
            raise AssertionError(f"{left} events not delivered; {self.failures[:3]}")

    def close(self):
        """Ends it, whatever is not delivered yet."""
        self.is_ending.set()
        self.thread.join()
        self.producer.purge()
