"""Seeded card payments, and what Riffle has to say of them, computed anew from their bytes.

Nothing here comes from Riffle but what its documents say: windows are (t - w, t], with a delay (t - d - w, t - d]; of
events with one key those before in order are seen; late is what lies further than `late.after` behind the highest time.
"""

import bisect
import json
import random
from collections import defaultdict
from fractions import Fraction
from typing import NamedTuple

PIPELINE = """
pipeline: {name}
kafka:
  brokers: {brokers}
  delivery: {delivery}
  commit_every: 250ms
{kafka}sources:
  payments:
    topic: {name}.payments
{key}    id: id
    time: {{field: at, format: epoch-ms}}
    fields:
      id: int
      customer: string
      terminal: string
      amount: {{type: decimal, scale: 2, optional: true}}
    late: {{after: 6h, then: dead-letter}}
    ahead: 1h
features:
  - amount: amount
  - by: customer
    over: [1m, 10m]
    aggregates: {{customer_count: count(), customer_sum: sum(amount), customer_mean: mean(amount)}}
{terminals}output: {{topic: {name}.scores, features: all}}
dead_letter: {{topic: {name}.dead-letter}}
limits: {{batch_events: 200}}
state: {{directory: state, snapshot_every: "1s or 2_000 events", keep: 5}}
"""

CUSTOMERS_AND_TERMINALS = """  - by: terminal
    over: [1m, 10m]
    delay: 30s
    aggregates: {past_count: count(), past_mean: mean(amount)}
  - by: terminal
    over: [5m]
    aggregates: {terminal_count: count(), terminal_sum: sum(amount)}
  - share: amount / terminal_sum_5m
decide:
  - busy: terminal_count_5m >= 5
  - calm: "true"
"""

CUSTOMERS_ALONE = """decide:
  - busy: customer_count_1m >= 5
  - calm: "true"
"""


class Shape(NamedTuple):
    """What matters for delivery in a pipeline: whose windows it has, and whether its events have keys."""

    has_terminals: bool = True
    has_keys: bool = True
    score_partitions: int = 4

    def pipeline(self, name, brokers, delivery, kafka=()):
        """Its text; `kafka` are further lines of that section."""
        return PIPELINE.format(
            name=name, brokers=brokers, delivery=delivery, kafka="".join(f"  {line}\n" for line in kafka),
            key="    key: customer\n" if self.has_keys else "",
            terminals=CUSTOMERS_AND_TERMINALS if self.has_terminals else CUSTOMERS_ALONE)  # fmt: skip

    @property
    def foreign(self):
        """How names of features begin that depend on more than the events of one partition."""
        windows = ("past_", "terminal_", "share") if self.has_terminals else ()
        return windows if self.has_keys else (*windows, "customer_")

    def settled(self, answer):
        """What of an answer cannot come out otherwise after a restart, in whatever order partitions are merged."""
        if answer[0] != "score" or not self.foreign:
            return answer
        return answer[0], {name: value for name, value in answer[1].items() if not name.startswith(self.foreign)}


BEGIN_MILLISECONDS = 1_740_816_000_000  # 2025-03-01T08:00:00Z
SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
LATE_AFTER = 6 * HOUR
FAR_AHEAD = 4_102_444_800_000  # 2100-01-01
STEP_MILLISECONDS = 60
CUSTOMERS, TERMINALS = 300, 60


class History:
    """Events without end: ties, events out of order by up to 20 s, late ones, and some that cannot be used."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.count = 0

    def next(self):
        """A record's key and value."""
        choose = self.random
        number = self.count
        self.count += 1
        time = BEGIN_MILLISECONDS + number * STEP_MILLISECONDS
        if choose.random() < 0.5:
            time -= time % SECOND
        if choose.random() < 0.1:
            time -= choose.randrange(20 * SECOND)
        event = {
            "id": number,
            "at": time,
            "customer": f"c{choose.randrange(CUSTOMERS)}",
            # A few terminals have most of the payments, so that their windows hold something.
            "terminal": f"t{min(choose.randrange(TERMINALS), choose.randrange(TERMINALS))}",
            "amount": choose.randrange(1, 100_000) / 100,
        }
        if choose.random() < 0.03:
            del event["amount"]
        # The first events set the watermark, without which nothing is late.
        kind = choose.random() if number > 200 else 1
        if kind < 0.01:
            event["at"] = time - LATE_AFTER - HOUR - choose.randrange(3 * HOUR)
        elif kind < 0.015:
            event["at"] = FAR_AHEAD
        elif kind < 0.02:
            del event["terminal"]
        elif kind < 0.025:
            event["at"] = "soon"
        text = json.dumps(event, separators=(",", ":"))
        return event["customer"], text[:-1] if 0.025 <= kind < 0.03 else text


def fault_of(text, record_milliseconds):
    """The event and `None`, or `None` and the code of its dead letter."""
    try:
        event = json.loads(text)
    except ValueError:
        return None, "invalid-json"
    if "terminal" not in event:
        return None, "field-missing"
    if not isinstance(event["at"], int):
        return None, "invalid-time"
    if event["at"] > record_milliseconds + HOUR:
        return None, "time-ahead"
    return event, None


class Windows:
    """The past of one entity's keys: sorted times, and the amounts in hundredths beside them."""

    def __init__(self):
        self.times = defaultdict(list)
        self.amounts = defaultdict(list)

    def insert(self, key, time, amount):
        place = bisect.bisect_right(self.times[key], time)
        self.times[key].insert(place, time)
        self.amounts[key].insert(place, amount)

    def window(self, key, time, length, delay=0):
        """Count, sum and mean of what lies in (time - delay - length, time - delay]."""
        times = self.times[key]
        first = bisect.bisect_right(times, time - delay - length)
        last = bisect.bisect_right(times, time - delay)
        amounts = [amount for amount in self.amounts[key][first:last] if amount is not None]
        mean = float(Fraction(sum(amounts), len(amounts) * 100)) if amounts else None
        return last - first, float(Fraction(sum(amounts), 100)), mean


class Oracle:
    """What becomes of events in the order in which they are given."""

    def __init__(self, shape):
        self.shape = shape
        self.watermark = None
        self.customers = Windows()
        self.terminals = Windows()

    def answer(self, text, record_milliseconds):
        """`("score", features, decision)` or `("dead-letter", code)`."""
        event, code = fault_of(text, record_milliseconds)
        if code:
            return "dead-letter", code
        time = event["at"]
        if self.watermark is not None and time < self.watermark - LATE_AFTER:
            return "dead-letter", "late"
        self.watermark = time if self.watermark is None else max(self.watermark, time)
        amount = round(event["amount"] * 100) if "amount" in event else None
        customer, terminal = event["customer"], event["terminal"]
        self.customers.insert(customer, time, amount)
        self.terminals.insert(terminal, time, amount)
        features = {"amount": None if amount is None else amount / 100}
        for name, length in [("1m", MINUTE), ("10m", 10 * MINUTE)]:
            values = self.customers.window(customer, time, length)
            for aggregate, value in zip(["count", "sum", "mean"], values, strict=True):
                features[f"customer_{aggregate}_{name}"] = value
        if not self.shape.has_terminals:
            return "score", features, "busy" if features["customer_count_1m"] >= 5 else "calm"
        for name, length in [("1m", MINUTE), ("10m", 10 * MINUTE)]:
            count, _, mean = self.terminals.window(terminal, time, length, delay=30 * SECOND)
            features[f"past_count_{name}"], features[f"past_mean_{name}"] = count, mean
        count, total, _ = self.terminals.window(terminal, time, 5 * MINUTE)
        features["terminal_count_5m"], features["terminal_sum_5m"] = count, total
        features["share"] = features["amount"] / total if amount is not None and total else None
        return "score", features, "busy" if count >= 5 else "calm"


class OrderRecord:
    """A record of the order topic: LEB128 numbers; lanes, each with its start; runs of lanes; quarantined events."""

    def __init__(self, data):
        self.data, self.place = data, 1
        if data[0] != 1:
            raise ValueError(f"version {data[0]}")
        self.starts, names = [], []
        for _ in range(self.number()):
            length = self.number()
            names.append(data[self.place : self.place + length].decode())
            self.place += length
            self.starts.append((names[-1], self.number()))
        self.runs, self.quarantined = [], []
        while self.place < len(data):
            lane = self.number()
            if lane == len(names):
                break
            self.runs.append((names[lane], self.number()))
        while self.place < len(data):
            lane = self.number()
            self.quarantined.append((names[lane], self.number()))

    def number(self):
        value = shift = 0
        while True:
            byte = self.data[self.place]
            self.place += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7


def recorded_order(values):
    """Origins in the order that was recorded, and those set aside; the first record that tells of an offset holds."""
    positions, order, quarantined = defaultdict(int), [], []
    for value in values:
        record = OrderRecord(value)
        ends = dict(record.starts)
        for name, start in record.starts:
            if start > positions[name]:
                raise ValueError(f"nothing tells of {name} from {positions[name]} to {start}")
        for name, span in record.runs:
            ends[name] += span
            order += [f"{name}/{offset}" for offset in range(positions[name], ends[name])]
            positions[name] = max(positions[name], ends[name])
        quarantined += [f"{name}/{offset}" for name, offset in record.quarantined]
    return order, quarantined
