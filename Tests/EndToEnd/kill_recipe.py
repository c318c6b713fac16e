"""The recipe of docs/DELIVERY.md that drops duplicates, run as it stands there, by a reader that crashes, too."""

import random
import sqlite3
from collections import Counter, defaultdict
from itertools import pairwise

import docs_blocks
from docs_blocks import ROOT

DOCUMENT = ROOT / "docs/DELIVERY.md"
FUNCTION = "handle_once"
CRASH_SHARE = 0.01


class CrashError(Exception):
    """The reader is killed here."""


class AtEndError(Exception):
    """There is nothing more to read."""


def recipe_text():
    """The block that the document gives its readers."""
    found = [block.text for block in docs_blocks.blocks(DOCUMENT.read_text()) if block.language == "python"]
    [text] = [text for text in found if f"def {FUNCTION}(" in text]
    return text


def origin_of(message):
    return dict(message.headers())["riffle-origin"].decode()


class Reader:
    """A consumer of what was read already: partitions in turn as chance has it, each from where it was committed."""

    def __init__(self, records, seed):
        self.random = random.Random(seed)
        self.partitions = defaultdict(list)
        for each in records:
            self.partitions[each.topic(), each.partition()].append(each)
        self.committed = dict.fromkeys(self.partitions, 0)
        self.places = {}
        self.crashes = 0
        self.start()

    def start(self):
        self.positions = dict(self.committed)

    def crash(self):
        if self.random.random() < CRASH_SHARE:
            self.crashes += 1
            raise CrashError

    def poll(self, _):
        self.crash()
        if self.random.random() < 0.01:
            return None
        left = [key for key in self.partitions if self.positions[key] < len(self.partitions[key])]
        if not left:
            raise AtEndError
        key = self.random.choice(left)
        message = self.partitions[key][self.positions[key]]
        self.positions[key] += 1
        self.places[id(message)] = key, self.positions[key]
        return message

    def commit(self, message):
        self.crash()
        # Commits arrive late, or not at all, as a client's do that does not wait for them.
        if self.random.random() < 0.5:
            key, position = self.places[id(message)]
            self.committed[key] = max(self.committed[key], position)


def handled(records, seed, text=None):
    """What a reader handles that follows the recipe, crashes now and then and starts again; the number of crashes."""
    names = {}
    exec(compile(text or recipe_text(), str(DOCUMENT), "exec"), names)
    handle_once, reader = names[FUNCTION], Reader(records, seed)
    store = sqlite3.connect(":memory:")
    store.execute("create table effects (origin text)")

    def handle(message, store):
        reader.crash()
        store.execute("insert into effects values (?)", (origin_of(message),))
        reader.crash()

    while True:
        try:
            handle_once(reader, store, handle)
        except CrashError:
            store.rollback()
            reader.start()
        except AtEndError:
            return Counter(origin for (origin,) in store.execute("select origin from effects")), reader.crashes


def check(test, records, wanted, seed):
    """Each wanted event is handled once; how many records were left out."""
    counts, crashes = handled(records, seed)
    doubled = {origin: count for origin, count in counts.items() if count > 1}
    test.assertEqual(doubled, {}, "handled more than once")
    test.assertEqual(set(counts), set(wanted), "lost, or not asked for")
    if len(records) > 1_000:
        test.assertGreater(crashes, 0)
    return len(records) - len(wanted)


def first_outputs_in_order(test, records):
    """Within an output partition, first outputs come in the order of their events, whoever sent them again in between:
    the order per key, and what the recipe rests on."""
    lanes = defaultdict(dict)
    for each in records:
        topic, partition, offset = origin_of(each).rsplit("/", 2)
        lanes[each.topic(), each.partition(), topic, partition].setdefault(int(offset))
    for lane, offsets in lanes.items():
        for before, after in pairwise(offsets):
            test.assertLess(before, after, f"{lane}: out of order")
