"""A pipeline's cluster, somebody who publishes, somebody who sees everything; and what has to hold in the end."""

import json
import random
import sys
import tempfile
from collections import defaultdict

import kill_recipe
import pipeline_case
from kill_processes import DELIVERY, Cluster, Publisher, Witness, wait_until
from kill_recipe import origin_of

EVENTS_A_SECOND = 150


def say(text):
    print(text, file=sys.stderr, flush=True)


class Stage:
    """A cluster, a publisher and a witness."""

    def __init__(self, test, name, seed, shape=None, delivery=DELIVERY):
        self.test, self.seed = test, seed
        self.random = random.Random(seed)
        folder = tempfile.TemporaryDirectory()
        test.addCleanup(folder.cleanup)
        self.cluster = Cluster(pipeline_case.RIFFLE, name, folder.name, shape, delivery)
        self.shape = self.cluster.shape
        test.addCleanup(self.cluster.close)
        self.witness = Witness(self.cluster)
        test.addCleanup(self.witness.close)
        self.publisher = Publisher(self.cluster, seed, EVENTS_A_SECOND)
        test.addCleanup(self.publisher.close)
        self.state = self.cluster.folder / "state"
        self.outputs = [self.cluster.scores, self.cluster.letters]

    def wait_for_commit(self, processes):
        """Until everything is committed that the source holds now; none of the processes may end meanwhile."""
        self.witness.wait_for(self.cluster.ends(self.cluster.source))
        wanted = defaultdict(int)
        for each in self.witness.of(self.cluster.source):
            wanted[f"{each.topic()}/{each.partition()}"] = each.offset() + 1

        def is_committed():
            for process in processes:
                process.check_it_runs()
            committed = self.cluster.committed()
            return all(committed[lane] >= end for lane, end in wanted.items())

        wait_until(lambda: "\n".join(["everything committed by", *(each.text() for each in processes)]), is_committed)

    def answers(self, events):
        """What came of each event, in the order in which it came; all in the right order, and for whoever can tell
        outputs of one event by the documented recipe, once."""
        test, answers = self.test, defaultdict(list)
        for topic in self.outputs:
            records = list(self.witness.of(topic))
            for each in records:
                origin = origin_of(each)
                test.assertIn(origin, events)
                test.assertEqual(each.key(), events[origin].key(), origin)
                answers[origin].append(self.answer_of(each))
            kill_recipe.first_outputs_in_order(test, records)
        test.assertEqual(set(answers), set(events))
        scored = {origin for origin, found in answers.items() if found[0][0] == "score"}
        scores = list(self.witness.of(self.cluster.scores))
        dropped = kill_recipe.check(test, scores, scored, self.seed)
        say(f"{self.cluster.name}: of {len(scores)} scores the recipe drops {dropped}; {len(scored)} events are left")
        if self.cluster.is_exact:
            doubled = [origin for origin, found in answers.items() if len(found) > 1]
            test.assertEqual(doubled, [], "more than one output")
        return answers

    def answer_of(self, message):
        """An output as the oracle would say it."""
        if message.topic() == self.cluster.letters:
            return "dead-letter", dict(message.headers())["riffle-error-code"].decode()
        record = json.loads(message.value())
        return "score", record["features"], record["decision"]
