"""Pipelines that are killed again and again, and what is left of their promises: see `Trial.check_everything`.

Their clusters live in processes of their own. A member that was killed keeps its place in the group for its session
time-out, which is nearly all of a round: so several trials run side by side. `RIFFLE_KILL_ROUNDS` (50) says how often
they are killed, `RIFFLE_KILL_SEED` repeats a run as far as processes can be repeated. With `RIFFLE_KILL_BROKERS`,
`RIFFLE_KILL_DELIVERY` and `RIFFLE_KILL_PROPERTIES` the same goes against real brokers: docs/CONTRIBUTING.md.
"""

import json
import os
import random
import re
import signal
import subprocess
import time
import unittest
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor

from confluent_kafka.admin import AdminClient

from kill_history import Oracle, Shape, recorded_order
from kill_processes import BROKERS, DEADLINE_SECONDS, DELIVERY, Process, Stranger, wait_until
from kill_recipe import origin_of
from kill_stage import Stage, say

RIFFLE = None
ROUNDS = int(os.environ.get("RIFFLE_KILL_ROUNDS", "50"))
SEED = int(os.environ.get("RIFFLE_KILL_SEED", random.randrange(1 << 32)))
TRIALS = 4
# What is published without keys, to a pipeline whose scores have another number of partitions.
KEYLESS = Shape(has_keys=False, score_partitions=3)
# Of the kills, so many must have hit outputs that were sent and not committed. A kill comes when a score is seen, which
# with transactions is when there may be nothing open.
HITS_MIN_SHARE = 0.25 if DELIVERY == "exactly-once" else 0.8
FAULTS = {"invalid-json", "field-missing", "invalid-time", "time-ahead", "late"}


class Trial(Stage):
    """A pipeline that is killed; what was sent and not committed whenever it was."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.ends = self.cluster.ends(*self.outputs)
        self.seen = 0
        self.repeats = Counter()
        self.faults = Counter()
        self.logs = []

    def start(self):
        process = self.cluster.run_pipeline(self.random.choice([1, 1, 20, 100]))
        self.test.addCleanup(process.close)
        return process

    def wait_for_scores(self, process, count=1):
        """Until so many have been sent since the process before this one ended."""
        wanted = self.seen + count

        def is_scored():
            process.check_it_runs()
            return self.witness.count(self.cluster.scores) >= wanted

        wait_until(lambda: f"{count} scores from\n{process.text()}", is_scored)

    def kill(self, process, number=signal.SIGKILL):
        """Kills it; how many events had outputs and were not committed. Each of them has to be sent once more, or was
        in a transaction that nobody will see."""
        self.test.assertEqual(process.end(number), -number, process.text())
        if self.cluster.is_exact:
            # What was open when it died is counted by its records: the replacement aborts it.
            ends = self.cluster.ends(*self.outputs)
            hidden = sum(self.cluster.open_ends(*self.outputs).values()) - sum(ends.values())
            self.sent(process, ends)
            self.finish(process)
            return max(0, hidden)
        ends, committed = self.settled()
        uncommitted = {origin for origin in self.sent(process, ends) if self.is_uncommitted(origin, committed)}
        self.repeats.update(uncommitted)
        self.finish(process)
        return len(uncommitted)

    @staticmethod
    def is_uncommitted(origin, committed):
        lane, offset = origin.rsplit("/", 1)
        return int(offset) >= committed[lane]

    def settled(self):
        """Ends and committed offsets, once the cluster has worked off what the dead process had sent it."""
        before = None
        while True:
            now = self.cluster.ends(*self.outputs), self.cluster.committed()
            if now == before:
                return now
            before = now
            time.sleep(0.1)

    def sent(self, process, ends):
        """Origins of what a process sent that has ended; none of them twice."""
        self.witness.wait_for(ends)
        origins = [origin_of(each) for topic in self.outputs for each in self.witness.of(topic, self.ends, ends)]
        self.ends = ends
        self.seen = self.witness.count(self.cluster.scores)
        twice = Counter(origins) - Counter(set(origins))
        # On a machine that is too busy a process may be thrown out of its group: it begins anew where it has committed.
        if not re.search("partitions lost|has passed this instance over", process.text()):
            self.test.assertEqual(twice, Counter(), "sent twice by one process")
        self.repeats.update(twice)
        return set(origins)

    def finish(self, process):
        self.logs.append(process.text())
        process.close()

    def finish_stream(self):
        """Ends the publisher, lets a last process come to the end, and stops it in order."""
        self.publisher.stop()
        process = self.start()
        self.wait_for_commit([process])
        self.test.assertEqual(process.end(signal.SIGTERM), 0, process.text())
        self.witness.wait_for(self.cluster.ends(self.cluster.order))
        self.sent(process, self.cluster.ends(*self.outputs))
        self.finish(process)

    def check_everything(self):
        """After any number of kills:

        1. Every event has an output, and nothing else has one; it went to the dead letters if and only if it had to,
           with the right code.
        2. It has exactly one output more than kills that hit it between sending and committing: what is committed is
           not sent again. With exactly-once it has one.
        3. The recorded order tells of every event, once and without a gap, and sets none aside.
        4. The last output of each event is bit for bit what the recorded order gives: the state came back whole.
        5. Outputs of one event are equal but for windows of an entity that is not the topic's key.
        6. First outputs stand in the order of their events, and the recipe of docs/DELIVERY.md leaves one of each.
        """
        test, events = self.test, self.witness.events()
        order, quarantined = recorded_order([each.value() for each in self.witness.of(self.cluster.order)])
        test.assertEqual(quarantined, [])
        test.assertEqual(len(order), len(set(order)))
        if not self.witness.has_gaps:
            test.assertEqual(len(order), len(events))
        # What ends a transaction has an offset, and is no event.
        order = [origin for origin in order if origin in events]
        test.assertEqual(set(order), set(events))
        answers = self.answers(events)
        again = Counter({origin: len(found) - 1 for origin, found in answers.items() if len(found) > 1})
        test.assertEqual(again, self.repeats)
        oracle = Oracle(self.shape)
        differing = 0
        for place, origin in enumerate(order):
            event = events[origin]
            wanted = oracle.answer(event.value().decode(), event.timestamp()[1])
            *earlier, last = answers[origin]
            test.assertEqual(last, wanted, f"{origin}, event {place} in order: {event.value()}")
            for each in earlier:
                differing += each != wanted
                test.assertEqual(self.shape.settled(each), self.shape.settled(wanted), origin)
        codes = [found[-1][1] for found in answers.values() if found[-1][0] == "dead-letter"]
        self.faults = Counter(codes)
        say(f"{self.cluster.name}: {len(events)} events, {len(codes)} of them dead letters; {again.total()} outputs "
            f"were sent again, {differing} of them with other windows")  # fmt: skip



class RandomKills:
    """Some rounds of one trial, and what they came to."""

    def __init__(self, trial, rounds):
        self.trial, self.rounds = trial, rounds
        self.kills = self.hits = self.early = self.forgotten = 0

    def run(self):
        trial, choose = self.trial, self.trial.random
        for _ in range(self.rounds):
            if choose.random() < 0.1:
                # In the rebuild, or before it.
                process = trial.start()
                time.sleep(choose.uniform(0.05, 7))
                trial.kill(process)
                self.early += 1
            if choose.random() < 0.15:
                # Another machine has no snapshot: the log and the recorded order are all there is.
                for path in trial.state.glob("*.snapshot"):
                    path.unlink()
                    self.forgotten += 1
            if choose.random() < 0.3:
                trial.publisher.add_burst(3_000)
            process = trial.start()
            trial.wait_for_scores(process)
            # Half of the kills come at once, while it catches up.
            time.sleep(choose.uniform(0, choose.choice([0.05, 1])))
            self.hits += trial.kill(process) > 0
            self.kills += 1
        trial.finish_stream()
        trial.check_everything()
        return self


class ClusterTests(unittest.TestCase):
    def test_it_has_the_topics_that_it_was_told_to_make(self):
        cluster = Process(
            RIFFLE, "cluster", "--topic=more:3", "--topic=a.b_c-1:1", "--pipeline=pipelines/card-fraud/pipeline.yaml")
        self.addCleanup(cluster.close)
        brokers = cluster.wait_for(r"embedded cluster at (\S+)").group(1)
        topics = AdminClient({"bootstrap.servers": brokers}).list_topics(timeout=DEADLINE_SECONDS).topics
        counts = {name: len(topic.partitions) for name, topic in topics.items()}
        self.assertEqual(counts.pop("more"), 3)
        self.assertEqual(counts.pop("a.b_c-1"), 1)
        self.assertEqual(counts.pop("card.transactions"), 4)
        self.assertEqual(counts.pop("card.labels"), 4)
        self.assertEqual(counts.pop("card.scores"), 4)
        self.assertEqual(set(counts.values()), {1}, counts)
        self.assertEqual(cluster.end(signal.SIGTERM), 0, cluster.text())

    def test_what_is_no_topic_is_refused(self):
        for topics, status, text in [
            (["a:0"], 2, "a:0"), (["a"], 2, "name:partitions"), (["a:1001"], 2, "a:1001"), (["a b:1"], 2, "a b:1"),
            (["..:1"], 2, "..:1"), (["a:99999999999999999999"], 2, "invalid"), (["a:1", "a:2"], 1, "named twice"),
        ]:  # fmt: skip
            with self.subTest(topics=topics):
                options = [f"--topic={topic}" for topic in topics]
                result = subprocess.run(
                    [RIFFLE, "cluster", *options], capture_output=True, text=True, timeout=DEADLINE_SECONDS)
                self.assertEqual(result.returncode, status, result.stderr)
                self.assertIn(text, result.stderr)


class KillTests(unittest.TestCase):
    def setUp(self):
        say(f"seed {SEED}")

    def test_killed_at_random_moments_it_loses_nothing_and_forgets_nothing(self):
        begin = time.monotonic()
        shares = [len(range(index, ROUNDS, TRIALS)) for index in range(TRIALS)]
        shapes = {TRIALS - 1: KEYLESS}
        trials = [Trial(self, f"killed-{index}", SEED + index, shapes.get(index)) for index in range(TRIALS)]
        with ThreadPoolExecutor(TRIALS) as pool:
            done = list(pool.map(lambda each: RandomKills(*each).run(), zip(trials, shares, strict=True)))
        kills, hits = sum(each.kills for each in done), sum(each.hits for each in done)
        logs = [log for trial in trials for log in trial.logs]
        sources = Counter(
            re.sub(r"\d+", "N", found) for log in logs
            for found in re.findall(r"windows are rebuilt from (memory|snapshot \d+|the log)", log))  # fmt: skip
        say(f"{kills} kills in {time.monotonic() - begin:.0f} s, {hits} between sending and committing, "
            f"{sum(each.early for each in done)} more at the start; rebuilt from {dict(sources)}; "
            f"{sum('did not end in order' in log for log in logs)} careful starts")  # fmt: skip
        self.assertEqual(kills, ROUNDS)
        self.assertGreaterEqual(hits, HITS_MIN_SHARE * ROUNDS)
        if ROUNDS >= 50:
            self.assertGreater(sources["snapshot N"], 0)
            self.assertGreater(sources["the log"], 0)
            self.assertEqual({code for trial in trials for code in trial.faults}, FAULTS)

    def test_after_a_crash_of_its_own_it_goes_one_event_at_a_time(self):
        trial = Trial(self, "crashed", SEED)
        process = trial.start()
        trial.wait_for_scores(process, 200)
        # In a backlog events are in work at any moment.
        trial.publisher.add_burst(6_000)
        trial.wait_for_scores(process, 1_000)
        trial.kill(process, signal.SIGSEGV)
        trial.finish_stream()
        self.assertIn(
            "the last process did not end in order: what it was working on goes one event at a time", trial.logs[-1])
        self.assertNotIn("killed the process twice", trial.logs[-1])
        trial.check_everything()

    def test_transactions_answer_each_event_once(self):
        # The embedded cluster takes transactions, but keeps no offsets of them: nobody can be killed and go on there.
        trial = Trial(self, "exact", SEED, delivery="exactly-once")
        process = trial.start()
        trial.publisher.add_burst(3_000)
        trial.wait_for_scores(process, 500)
        trial.publisher.stop()
        count = trial.publisher.history.count

        def is_answered():
            process.check_it_runs()
            return sum(trial.witness.count(topic) for topic in trial.outputs) >= count

        wait_until(lambda: f"{count} answers of\n{process.text()}", is_answered)
        self.assertEqual(process.end(signal.SIGTERM), 0, process.text())
        trial.sent(process, trial.cluster.ends(*trial.outputs))
        trial.finish(process)
        trial.witness.wait_for(trial.cluster.ends(trial.cluster.order))
        trial.check_everything()

    @unittest.skipUnless(BROKERS, "the embedded cluster shows what was aborted")
    def test_what_somebody_takes_back_is_not_scored(self):
        trial = Trial(self, "aborted", SEED)
        stranger = Stranger(trial.cluster, SEED + 1)
        for _ in range(3):
            process = trial.start()
            for is_aborted in [True, False, True]:
                stranger.publish(200, is_aborted)
                trial.wait_for_scores(process, trial.witness.count(trial.cluster.scores) - trial.seen + 50)
            trial.kill(process)
            stranger.publish(200, is_aborted=True)
        trial.finish_stream()
        numbers = [int(json.loads(each.value())["id"]) for each in trial.witness.of(trial.cluster.scores)]
        self.assertLess(max(numbers), Stranger.FIRST_ABORTED)
        trial.check_everything()

    def test_a_full_disk_costs_snapshots_and_no_scores(self):
        trial = Trial(self, "full", SEED)
        fill, make_room = self.small_disk(trial.state)
        process = trial.start()
        process.wait_for("snapshot written")
        fill()
        process.wait_for("snapshot not written; the stream goes on")
        trial.wait_for_scores(process, trial.witness.count(trial.cluster.scores) + 300)
        make_room()
        saved = process.text().count("snapshot written")
        wait_until(process.text, lambda: process.text().count("snapshot written") > saved)
        trial.kill(process)
        trial.finish_stream()
        self.assertRegex(trial.logs[-1], r"windows are rebuilt from snapshot \d+")
        trial.check_everything()

    def small_disk(self, state):
        """What fills the directory's disk, and what makes room: a real one where that is allowed, else it goes away."""
        state.mkdir(mode=0o700)
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=32m,mode=700", "tmpfs", state], capture_output=True)
        if mounted.returncode == 0:
            self.addCleanup(subprocess.run, ["umount", "-l", state])
            filler = state / "filler"

            def fill():
                with open(filler, "wb", buffering=0) as file:
                    try:
                        while True:
                            file.write(bytes(4_096))
                    except OSError:
                        return

            return fill, filler.unlink
        away = state.with_name("away")

        def take_away():
            state.rename(away)
            state.write_text("")

        def bring_back():
            state.unlink()
            away.rename(state)

        return take_away, bring_back
