"""An event over which the process dies again and again is set aside, and everything else is scored.

Nothing in Riffle dies on purpose. So an event is sent that takes some milliseconds to read, and the process is killed
while the file of what it has in work says that it is at it: it is stopped first and looked at again, so that no kill
comes too late unseen.
"""

import json
import mmap
import os
import signal
import struct
import subprocess
import time

from kill_history import recorded_order
from kill_processes import RUN_PROPERTIES, wait_until
from pipeline_case import DEADLINE_SECONDS, PipelineCase

# A poll comes every microsecond; only a machine that is very busy misses one of the events.
ATTEMPTS_MAX = 10
POISON = "payments/0"
POISON_BYTES = 900_000


class InFlightFile:
    """What a process has in work; see `Sources/Engine/Quarantine/InFlightRecord.swift`."""

    SIGNAL, LANE_COUNT, IS_SINGLE, SINGLE_OFFSET, SINGLE_NAME = 16, 24, 40, 48, 64
    LANES, NAME_BYTES, LANE_BYTES = 320, 256, 272

    def __init__(self, path):
        with open(path, "rb") as file:
            self.memory = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)

    def number(self, place):
        return struct.unpack_from("<q", self.memory, place)[0]

    def name(self, place):
        (length,) = struct.unpack_from("<H", self.memory, place)
        return self.memory[place + 2 : place + 2 + length].decode()

    @property
    def signal(self):
        return self.number(self.SIGNAL)

    def place_of(self, lane):
        """Where the offsets of a lane stand; `None` before it is assigned."""
        for index in range(self.number(self.LANE_COUNT)):
            place = self.LANES + index * self.LANE_BYTES
            if self.name(place) == lane:
                return place + self.NAME_BYTES
        return None

    def is_in_work(self, lane, offset):
        place = self.place_of(lane)
        return place is not None and self.number(place) <= offset < self.number(place + 8)

    def is_alone_in_work(self, lane, offset):
        return (self.number(self.IS_SINGLE) != 0 and self.number(self.SINGLE_OFFSET) == offset
                and self.name(self.SINGLE_NAME) == lane)  # fmt: skip

    def has_passed(self, lane, offset):
        place = self.place_of(lane)
        return place is not None and self.number(place) > offset


class QuarantineTests(PipelineCase):
    PIPELINE = """
pipeline: guarded
kafka: {brokers: BROKERS, group: guarded, commit_every: 100ms}
sources:
  payments:
    topic: payments
    key: card
    id: id
    time: {field: at, format: epoch-s}
    fields: {id: int, card: string, shop: string}
features:
  - {by: shop, over: [30d], aggregates: {n: count()}}
output: {topic: scores, features: all}
dead_letter: {topic: dead-letter}
limits: {event_bytes: 1MiB}
state: {directory: STATE}
"""

    def setUp(self):
        super().setUp()
        topics = ["payments:2", "scores:2", "dead-letter:1", "guarded.order:1"]
        cluster = self.start("cluster", *(f"--topic={topic}" for topic in topics))
        self.brokers = cluster.wait_for(r"embedded cluster at (\S+)").group(1)
        self.pipeline.write_text(self.pipeline.read_text().replace("BROKERS", self.brokers))
        self.state = self.folder / "state"
        # By partition.
        self.sent = [0, 0]
        self.misses = 0

    def begin(self, *options):
        properties = [word for each in RUN_PROPERTIES for word in ("-X", each)]
        return self.start("run", self.pipeline, "--log-level", "info", *properties, *options)

    def send(self, partition, *values):
        """Events of one shop, each a second after the one before it; what is given comes along."""
        lines = ""
        for value in values:
            number = sum(self.sent)
            event = {"id": number, "card": f"c{partition}", "shop": "s", "at": 1_000 + number} | value
            lines += json.dumps(event, separators=(",", ":")) + "\n"
            self.sent[partition] += 1
        self.kcat("-b", self.brokers, "-P", "-t", "payments", "-p", str(partition), stdin=lines)

    def send_poison(self):
        """An event that takes long to read, among others; its offset."""
        self.send(1, {}, {})
        self.send(0, {}, {"padding": [1] * (POISON_BYTES // 2)}, {})
        return self.sent[0] - 2

    def records(self, topic):
        lines = self.kcat("-b", self.brokers, "-C", "-t", topic, "-J", "-e", "-q").splitlines()
        records = [json.loads(line) for line in lines]
        for record in records:
            record["headers"] = dict(zip(record["headers"][::2], record["headers"][1::2], strict=True))
        return records

    def order(self):
        return recorded_order(self.order_values())

    def order_values(self):
        # As bytes, which kcat's JSON does not keep.
        command = ["kcat", "-b", self.brokers, "-C", "-t", "guarded.order", "-e", "-q", "-f", "%S %s\\n"]
        data = subprocess.run(command, capture_output=True, timeout=DEADLINE_SECONDS, check=True).stdout
        place, values = 0, []
        while place < len(data):
            begin = data.index(b" ", place) + 1
            length = int(data[place : begin - 1])
            values.append(data[begin : begin + length])
            place = begin + length + 1
        return values

    def scores(self):
        """The last score's count of each event."""
        return {each["headers"]["riffle-origin"]: json.loads(each["payload"])["features"]["n_30d"]
                for each in self.records("scores")}  # fmt: skip

    def kill_over(self, process, number, is_at_it, lane, offset):
        """Kills the process while it is at the event; `False`: that could not be had, whether it runs on or is dead."""
        path = self.state / "guarded.in-flight"
        wait_until(process.text, path.exists)
        file = InFlightFile(path)
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not is_at_it(file, lane, offset):
            self.assertIsNone(process.process.poll(), process.text())
            self.assertLess(time.monotonic(), deadline, process.text())
            if file.has_passed(lane, offset):
                return False
        process.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.process.pid, os.WSTOPPED)
        is_hit = is_at_it(file, lane, offset)
        if is_hit:
            process.process.send_signal(number)
        process.process.send_signal(signal.SIGCONT)
        if not is_hit:
            return False
        self.assertEqual(process.process.wait(DEADLINE_SECONDS), -number, process.text())
        # A fault is noted by the dying process itself; until then it goes on.
        return is_at_it(file, lane, offset) and file.signal == (0 if number == signal.SIGKILL else number)

    def die_over_one_event(self, first, *others):
        """Dies over an event, and each time it is alone in work after that; its offset, and the next process."""
        process = self.begin()
        self.send(0, {}, {}, {})
        self.send(1, {}, {}, {})
        wait_until(process.text, lambda: len(self.scores()) == 6)
        for _ in range(ATTEMPTS_MAX):
            offset = self.send_poison()
            if self.is_killed_at_every_start(process, first, others, offset):
                return offset, self.begin()
            self.misses += 1
            if process.process.poll() is not None:
                process = self.begin()
        self.fail(f"not once in {ATTEMPTS_MAX} attempts did the process die at the right moment")

    def is_killed_at_every_start(self, process, first, others, offset):
        if not self.kill_over(process, first, InFlightFile.is_in_work, POISON, offset):
            return False
        if f"{POISON}/{offset}" in self.order()[0]:
            return False
        for number in others:
            process = self.begin()
            if not self.kill_over(process, number, InFlightFile.is_alone_in_work, POISON, offset):
                # Whatever it does now, it does not die of this event.
                process.close()
                return False
            self.assertIn("the last process did not end in order", process.text())
            self.assertNotIn("killed the process twice", process.text())
        return True

    def expect_all_but(self, offset):
        """Everything is scored once in order, and one event is no score, is in no window and has its place in order."""
        origins = {f"payments/{partition}/{each}" for partition in [0, 1] for each in range(self.sent[partition])}
        poison = f"{POISON}/{offset}"
        wait_until(lambda: f"scores of {origins - {poison} - set(self.scores())}",
                   lambda: set(self.scores()) >= origins - {poison})  # fmt: skip
        order, quarantined = self.order()
        self.assertEqual(sorted(order), sorted(origins))
        self.assertEqual(quarantined, [poison])
        order.remove(poison)
        self.assertEqual(self.scores(), {origin: place + 1 for place, origin in enumerate(order)})
        (letter,) = self.records("dead-letter")
        self.assertEqual(letter["headers"]["riffle-error-code"], "quarantined")
        self.assertEqual(letter["headers"]["riffle-origin"], poison)
        # The bytes are kept: somebody has to find out what was wrong with them.
        self.assertGreater(len(letter["payload"]), POISON_BYTES)

    def check_quarantine(self, *numbers):
        offset, process = self.die_over_one_event(*numbers)
        process.wait_for(f"an event killed the process twice.*origin={POISON}/{offset}\n")
        self.expect_all_but(offset)
        self.send(0, {}, {})
        self.expect_all_but(offset)
        self.assertEqual(process.end(signal.SIGTERM), 0, process.text())
        return offset

    def test_an_event_that_kills_twice_is_set_aside_for_good(self):
        offset = self.check_quarantine(signal.SIGSEGV, signal.SIGSEGV)
        # Where the windows are rebuilt from the log, the event comes by again.
        for path in self.state.glob("*.snapshot"):
            path.unlink()
        process = self.begin()
        self.send(1, {})
        self.expect_all_but(offset)
        self.assertIn("windows are rebuilt from the log", process.text())
        self.assertNotIn("killed the process twice", process.text())
        self.assertNotIn("did not end in order", process.text())
        self.assertEqual(process.end(signal.SIGTERM), 0, process.text())
        # Another machine knows of it by the recorded order.
        process = self.begin("--state", self.folder / "elsewhere")
        self.send(0, {})
        self.expect_all_but(offset)
