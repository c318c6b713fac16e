"""The recipe that drops duplicates, over a topic that is worse than a cluster's; and each of its parts left out."""

import random
import unittest
from collections import Counter

import kill_recipe

INPUTS, OUTPUTS, KEYS = 3, 4, 50
SEED = random.randrange(1 << 32)


class Record:
    """A score as a consumer gives it."""

    def __init__(self, partition, source, offset):
        self.values = partition, f"payments/{source}/{offset}".encode()

    def topic(self):
        return "scores"

    def partition(self):
        return self.values[0]

    def headers(self):
        return [("riffle-origin", self.values[1])]

    def error(self):
        return None


def resent(choose):
    """Scores of each input partition, of which every sender repeats a stretch, while the one before it goes on for a
    while, not knowing that it was passed over."""
    records = []
    for source in range(INPUTS):
        # By its key an event always goes to the same partition.
        outputs = [hash((source, choose.randrange(KEYS))) % OUTPUTS for _ in range(1_500)]
        sent = 0
        senders = [0]
        while senders:
            place = choose.randrange(len(senders))
            for _ in range(choose.randrange(1, 40)):
                if senders[place] < len(outputs):
                    records.append(Record(outputs[senders[place]], source, senders[place]))
                    senders[place] += 1
            sent = max(sent, *senders)
            if len(senders) > 2 or choose.random() < 0.05:
                senders.pop(0)
            if not senders or choose.random() < 0.05:
                # What is committed is at most what was sent.
                senders.append(max(0, sent - choose.randrange(60)))
            if min(senders) >= len(outputs):
                break
    return records


class RecipeTests(unittest.TestCase):
    def setUp(self):
        print(f"seed {SEED}", flush=True)
        choose = random.Random(SEED)
        self.records = resent(choose)
        self.wanted = {kill_recipe.origin_of(each) for each in self.records}

    def test_each_event_is_handled_once(self):
        self.assertEqual(len(self.wanted), INPUTS * 1_500)
        self.assertGreater(len(self.records), len(self.wanted) + 500)
        kill_recipe.first_outputs_in_order(self, self.records)
        for seed in range(5):
            kill_recipe.check(self, self.records, self.wanted, SEED + seed)

    def test_without_any_of_its_parts_it_doubles_or_loses(self):
        text = kill_recipe.recipe_text()
        commit = [line for line in text.splitlines() if "consumer.commit" in line][0]
        handling = "        with store:"
        for name, old, new in [
            ("one place for all output partitions", "/{message.partition()} from", " from"),
            ("one place for all input partitions", " from {source}", ""),
            ("what is not above is new", " where excluded.latest > latest", ""),
            ("two commits", "            if is_new", "        store.commit()\n        if is_new"),
            ("committed before it is handled", handling, f"{commit}\n{handling}"),
        ]:  # fmt: skip
            with self.subTest(name):
                self.assertEqual(text.count(old), 1)
                counts, _ = kill_recipe.handled(self.records, SEED, self.broken(text, old, new))
                self.assertNotEqual(counts, Counter(self.wanted))

    @staticmethod
    def broken(text, old, new):
        broken = text.replace(old, new)
        if "store.commit()" in new:
            handling = "    handle(message, store)"
            broken = broken.replace(f"            {handling}", f"        {handling}\n            store.commit()")
        return broken
