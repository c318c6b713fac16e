"""Instances of one group that come, go, die and are frozen under load: nobody else ends, and every event is answered.

Their pipeline has windows of the topic's key alone, as it has to be where several instances share partitions. With
`RIFFLE_KILL_BROKERS` and `RIFFLE_KILL_DELIVERY` the same goes against real brokers: docs/CONTRIBUTING.md.
"""

import os
import random
import re
import signal
import unittest
from collections import defaultdict

from kill_history import Oracle, Shape
from kill_processes import DEADLINE_SECONDS, DELIVERY, PARTITIONS, wait_until
from kill_stage import Stage, say

SEED = int(os.environ.get("RIFFLE_KILL_SEED", random.randrange(1 << 32)))
ASSIGNMENT = re.compile(r"partitions assigned.*? partitions=(\d+)|partitions (?:revoked|lost)")
KEYED = Shape(has_terminals=False)


class Group(Stage):
    """Runs of one group, each with a state directory of its own."""

    def __init__(self, test, name, seed):
        super().__init__(test, name, seed, KEYED)
        self.members = {}

    def join(self, name, instance=None, directory=None):
        """Another run; `instance` is its name in transactions, where it has to be somebody else's."""
        state = self.cluster.folder / f"state-{directory or name}"
        process = self.cluster.run_pipeline(instance=instance or name, state=state)
        self.test.addCleanup(process.close)
        self.members[name] = process
        self.share()

    def share(self):
        """Until each has partitions, all partitions are somebody's, and all is committed that was published."""

        def is_shared():
            for process in self.members.values():
                process.check_it_runs()
            return self.is_shared()

        wait_until(
            lambda: "\n".join(["partitions shared by", *(each.text() for each in self.members.values())]), is_shared)
        self.wait_for_commit(self.members.values())

    def is_shared(self):
        counts = []
        for process in self.members.values():
            held = 0
            for found in ASSIGNMENT.finditer(process.text()):
                held = int(found[1] or 0)
            counts.append(held)
        return sum(counts) == PARTITIONS and min(counts) > 0

    def leave(self, name, number=signal.SIGTERM):
        """One goes, in order or not; the others have what it had."""
        process = self.members.pop(name)
        self.test.assertEqual(process.end(number), 0 if number == signal.SIGTERM else -number, process.text())
        self.share()

    def freeze(self, name):
        """A member stops in the middle of its work, without an end."""
        self.join(name)
        seen = self.witness.count(self.cluster.scores)
        self.publisher.add_burst(6_000)
        wait_until("scores of the burst", lambda: self.witness.count(self.cluster.scores) > seen + 500)
        process = self.members.pop(name)
        process.process.send_signal(signal.SIGSTOP)
        return process

    def thaw(self, process, name):
        """It goes on, when it is out of the group and its transaction is over: what it sends now must count for
        nothing, or be told from what is new. It comes back, or ends."""
        written = self.cluster.open_ends(*self.outputs)
        self.witness.wait_for(written)
        self.publisher.add_burst(2_000)
        process.process.send_signal(signal.SIGCONT)
        self.members[name] = process
        wait_until(
            lambda: f"the end of it, or partitions for it:\n{process.text()}",
            lambda: process.process.poll() is not None or self.is_shared())
        if process.process.poll() is not None:
            del self.members[name]
            self.test.assertEqual(process.process.returncode, 1, process.text())
        self.share()

    def finish(self):
        self.publisher.stop()
        self.wait_for_commit(self.members.values())
        for process in self.members.values():
            self.test.assertEqual(process.end(signal.SIGTERM), 0, process.text())
        self.witness.wait_for(self.cluster.ends(*self.outputs))
        self.check_everything()

    def check_everything(self):
        """Each event has answers, all the same: what its partition gives when it is read from the beginning. They
        stand in order, and the recipe of docs/DELIVERY.md leaves one of each. With exactly-once it has one."""
        events = self.witness.events()
        answers = self.answers(events)
        oracles = defaultdict(lambda: Oracle(self.shape))
        for origin, event in events.items():
            wanted = oracles[event.partition()].answer(event.value().decode(), event.timestamp()[1])
            for each in answers[origin]:
                self.test.assertEqual(each, wanted, f"{origin}: {event.value()}")
        again = sum(len(found) - 1 for found in answers.values())
        say(f"{self.cluster.name}: {len(events)} events; {again} outputs were sent again")


class RebalanceTests(unittest.TestCase):
    def setUp(self):
        say(f"seed {SEED}")

    def test_members_come_and_go_under_load_and_nobody_else_ends(self):
        group = Group(self, "rebalance", SEED)
        group.join("first")
        group.publisher.add_burst(2_000)
        group.join("second")
        group.leave("second")
        group.publisher.add_burst(2_000)
        group.join("second")
        group.leave("first", signal.SIGKILL)
        group.publisher.add_burst(2_000)
        group.join("third")
        group.finish()

    def test_a_member_that_was_frozen_doubles_nothing_when_it_wakes_up(self):
        group = Group(self, "frozen", SEED)
        frozen = group.freeze("first")
        group.join("second")
        group.thaw(frozen, "first")
        group.finish()

    @unittest.skipUnless(DELIVERY == "exactly-once", "only transactions have names")
    def test_a_frozen_member_whose_name_another_has_taken_ends(self):
        group = Group(self, "fenced", SEED)
        frozen = group.freeze("first")
        group.join("second", instance="first")
        frozen.process.send_signal(signal.SIGCONT)
        self.assertEqual(frozen.process.wait(DEADLINE_SECONDS), 1, frozen.text())
        self.assertRegex(frozen.text(), "FENCED|INVALID_PRODUCER_EPOCH")
        group.finish()
