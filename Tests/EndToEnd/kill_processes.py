"""A cluster, pipelines that can be killed beside it, and a client that sees all they write.

The cluster is `riffle cluster` in a process of its own, or, with `RIFFLE_KILL_BROKERS`, a real one:
docs/CONTRIBUTING.md.
"""

import os
import random
import re
import secrets
import subprocess
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from kill_history import History, Shape

ROOT = Path(__file__).resolve().parents[2]
BROKERS = os.environ.get("RIFFLE_KILL_BROKERS", "")
DELIVERY = os.environ.get("RIFFLE_KILL_DELIVERY", "at-least-once")
PROPERTIES = os.environ.get("RIFFLE_KILL_PROPERTIES", "")
DEADLINE_SECONDS = 120 if BROKERS else 60
PARTITIONS = 4
# The embedded cluster lets a group's first member wait 3 s, which a session has to outlast; a real one takes no session
# under 6 s (`group.min.session.timeout.ms`).
SESSION_MILLISECONDS = 6_000 if BROKERS else 3_200
RUN_PROPERTIES = [
    f"session.timeout.ms={SESSION_MILLISECONDS}", "heartbeat.interval.ms=500", "fetch.wait.max.ms=20"]  # fmt: skip


def client_properties():
    """What clients here need to be let in."""
    lines = Path(PROPERTIES).read_text().splitlines() if PROPERTIES else []
    pairs = (line.partition("=") for line in lines if line.strip() and not line.lstrip().startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


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

    def check_it_runs(self):
        if self.process.poll() is not None:
            raise AssertionError(f"ended with {self.process.returncode}:\n{self.text()}")

    def end(self, number):
        """Sends a signal, and waits for the end."""
        self.process.send_signal(number)
        return self.process.wait(DEADLINE_SECONDS)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.close()


class Cluster:
    """Brokers with the topics of one pipeline, which it also describes."""

    def __init__(self, riffle, name, folder, shape=None, delivery=DELIVERY):
        self.riffle, self.folder, self.shape = riffle, Path(folder), shape or Shape()
        self.delivery, self.is_exact = delivery, delivery == "exactly-once"
        self.name = f"riffle-{name}-{secrets.token_hex(4)}" if BROKERS else name
        self.source, self.scores = f"{self.name}.payments", f"{self.name}.scores"
        self.letters, self.order = f"{self.name}.dead-letter", f"{self.name}.order"
        self.topics = {
            self.source: PARTITIONS, self.scores: self.shape.score_partitions, self.letters: 1, self.order: 1}
        self.brokers, self.process, self.admin = BROKERS, None, None
        if BROKERS:
            self.make_topics()
        else:
            options = [f"--topic={topic}:{count}" for topic, count in self.topics.items()]
            self.process = Process(riffle, "cluster", *options)
            self.brokers = self.process.wait_for(r"embedded cluster at (\S+)").group(1)
        # They never join the group: they only ask what is committed, and where topics end, with what is not yet
        # committed and without.
        self.asker = self.consumer(self.name, "read_committed")
        self.peeker = self.consumer(self.name, "read_uncommitted")

    def make_topics(self):
        """Where others are, too, under a name that nobody has; replicas and retention are the brokers' own."""
        self.admin = AdminClient({"bootstrap.servers": self.brokers, **client_properties()})
        wanted = [NewTopic(topic, count, -1) for topic, count in self.topics.items()]
        for made in self.admin.create_topics(wanted, operation_timeout=DEADLINE_SECONDS).values():
            made.result(DEADLINE_SECONDS)

    def consumer(self, group, isolation, **more):
        return Consumer(
            {"bootstrap.servers": self.brokers, "group.id": group, "enable.auto.commit": False,
             "isolation.level": isolation, **more, **client_properties()})  # fmt: skip

    def producer(self, **more):
        return Producer({"bootstrap.servers": self.brokers, "enable.idempotence": True, **more, **client_properties()})

    def pipeline(self, instance=None):
        """Its file; `instance` is for several runs at a time, which need names where there are transactions."""
        lines = [f"instance: {self.name}-{instance}"] if instance and self.is_exact else []
        if PROPERTIES:
            lines.append(f"properties_file: {Path(PROPERTIES).resolve()}")
        path = self.folder / f"pipeline-{instance}.yaml" if lines and instance else self.folder / "pipeline.yaml"
        path.write_text(self.shape.pipeline(self.name, self.brokers, self.delivery, lines))
        return path

    def run_pipeline(self, linger_milliseconds=5, instance=None, state=None):
        """Outputs stay in the process for so long before they are sent, and are lost with it."""
        options = [word for each in [*RUN_PROPERTIES, f"linger.ms={linger_milliseconds}"] for word in ("-X", each)]
        if self.is_exact:
            # What a dead instance leaves open is over sooner than by default.
            options += ["-X", "transaction.timeout.ms=10000"]
        if state:
            options += ["--state", state]
        return Process(self.riffle, "run", self.pipeline(instance), "--log-level", "info", *options)

    def committed(self):
        """The group's offset of each partition of the source; 0 where there is none."""
        wanted = [TopicPartition(self.source, partition) for partition in range(PARTITIONS)]
        found = self.asker.committed(wanted, timeout=DEADLINE_SECONDS)
        return {f"{each.topic}/{each.partition}": max(0, each.offset) for each in found}

    def ends(self, *topics):
        """Up to where readers of what is committed see topics: before the first transaction that is still open."""
        return self.ends_of(self.asker, topics)

    def ends_of(self, consumer, topics):
        return {
            (topic, partition): consumer.get_watermark_offsets(TopicPartition(topic, partition))[1]
            for topic in topics for partition in range(self.topics[topic])}  # fmt: skip

    def open_ends(self, *topics):
        """Up to where topics are written, whether that is committed or not."""
        return self.ends_of(self.peeker, topics)

    def close(self):
        self.asker.close()
        self.peeker.close()
        if self.process:
            self.process.close()
        if self.admin:
            for gone in self.admin.delete_topics(list(self.topics), operation_timeout=DEADLINE_SECONDS).values():
                gone.result(DEADLINE_SECONDS)


class Witness:
    """Reads all topics from their beginning, as records come, so that what the cluster forgets is not missed."""

    def __init__(self, cluster):
        self.records = defaultdict(list)
        # Behind the last record, or behind what ends a transaction, which is no record and has an offset.
        self.positions = defaultdict(int)
        self.has_gaps = bool(BROKERS)
        self.failure = None
        self.source = cluster.source
        self.consumer = cluster.consumer(
            f"{cluster.name}-witness", "read_committed", **{"auto.offset.reset": "error", "fetch.wait.max.ms": 20,
            "enable.partition.eof": True})  # fmt: skip
        self.consumer.assign(
            [TopicPartition(topic, partition, OFFSET_BEGINNING)
             for topic, count in cluster.topics.items() for partition in range(count)])  # fmt: skip
        self.is_ending = threading.Event()
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        while not self.is_ending.is_set() and self.failure is None:
            for message in self.consumer.consume(1_000, timeout=0.05):
                key = message.topic(), message.partition()
                if message.error():
                    if message.error().code() == KafkaError._PARTITION_EOF:
                        self.positions[key] = max(self.positions[key], message.offset())
                    elif not message.error().retriable():
                        self.failure = str(message.error())
                    continue
                if not self.has_gaps and message.offset() != self.positions[key]:
                    self.failure = f"{key[0]}/{key[1]}: offset {message.offset()} after {self.positions[key]} records"
                self.records[key].append(message)
                self.positions[key] = message.offset() + 1

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
            return all(self.positions[key] >= end for key, end in ends.items())

        wait_until(lambda: f"records up to {ends}", is_read)

    def of(self, topic, starts=None, ends=None):
        """A topic's records, partition by partition, between these offsets."""
        for key in sorted(key for key in list(self.records) if key[0] == topic):
            start = starts.get(key, 0) if starts else 0
            for record in self.records[key]:
                if start <= record.offset() and (ends is None or record.offset() < ends[key]):
                    yield record

    def events(self):
        """What there is to score, by origin."""
        return {f"{each.topic()}/{each.partition()}/{each.offset()}": each for each in self.of(self.source)}

    def close(self):
        self.is_ending.set()
        self.thread.join()
        self.consumer.close()


class Publisher:
    """Publishes a history to the source in small bursts, so many events a second; each to its key's partition."""

    def __init__(self, cluster, seed, rate):
        self.history = History(seed)
        self.topic, self.has_keys = cluster.source, cluster.shape.has_keys
        self.random = random.Random(seed)
        self.producer = cluster.producer(**{"partitioner": "murmur2_random", "linger.ms": 1})
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
            self.produce(text, key)
            self.producer.poll(0)

    def produce(self, text, key):
        if self.has_keys:
            self.producer.produce(self.topic, text.encode(), key, on_delivery=self.delivered)
        else:
            partition = self.random.randrange(PARTITIONS)
            self.producer.produce(self.topic, text.encode(), partition=partition, on_delivery=self.delivered)

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


class Stranger:
    """A producer of somebody else, who publishes events in transactions, and takes some of them back."""

    # Behind all numbers of the publisher.
    FIRST_ABORTED = 1_000_000_000

    def __init__(self, cluster, seed):
        self.history, self.topic = History(seed), cluster.source
        name = f"{cluster.name}-stranger"
        self.producer = cluster.producer(**{"transactional.id": name, "partitioner": "murmur2_random"})
        self.producer.init_transactions(DEADLINE_SECONDS)

    def publish(self, count, is_aborted):
        """A transaction of so many events, which the brokers have in any case."""
        self.producer.begin_transaction()
        for _ in range(count):
            key, text = self.history.next()
            if is_aborted:
                text = re.sub(r'"id":(\d+)', lambda found: f'"id":{self.FIRST_ABORTED + int(found[1])}', text)
            self.producer.produce(self.topic, text.encode(), key)
        self.producer.flush(DEADLINE_SECONDS)
        if is_aborted:
            self.producer.abort_transaction(DEADLINE_SECONDS)
        else:
            self.producer.commit_transaction(DEADLINE_SECONDS)
