#!/usr/bin/env python3
"""Writes a pipeline of about 1,000 lines to standard output: what `riffle check` is measured with.

    scripts/wide_pipeline.py > wide.yaml && time riffle check wide.yaml > /dev/null
"""

import sys

FIELDS = 60
WINDOWS = ["1h", "1d", "7d", "30d"]


def lines(most):
    yield from ["pipeline: wide", 'kafka: {brokers: "localhost:9092"}', "sources:", "  payments:", "    topic: payments",
                "    key: card", "    id: payment_id", "    time: {field: paid_at, format: iso8601}", "    fields:",
                "      payment_id: int", "      card: string", "      shop: string", "      device: string"]  # fmt: skip
    yield from (f"      amount_{field}: {{type: decimal, scale: 2, min: 0}}" for field in range(FIELDS))
    yield "features:"
    for group in range(most):
        here, next_one = f"amount_{group % FIELDS}", f"amount_{(group + 1) % FIELDS}"
        yield from [f"  - by: {['card', 'shop', 'device'][group % 3]}", f"    over: [{', '.join(WINDOWS)}]",
                    f"    where: {here} > {group}", "    aggregates:"]  # fmt: skip
        calls = ["count()", f"sum({here})", f"mean({next_one} * 2 + {here})", f"max({here})", f"stddev({here})"]
        yield from (f"      g{group}_{call.partition('(')[0]}: {call}" for call in calls)
        for number in range(8):
            yield (f"  - e{group}_{number}: log1p(amount_{(group + number) % FIELDS}) / "
                   f"max(g{group}_mean_{WINDOWS[number % 4]}, 1) or 0")  # fmt: skip
    yield "decide:"
    yield from (f"  - rule_{number}: e{number % most}_1 > {number} and g{number % most}_count_1h > {number}" for number in range(40))
    yield from ['  - allow: "true"', "output: {topic: payment.scores, features: [e0_1, e1_2]}",
                "dead_letter: {topic: payment.dead-letter}"]  # fmt: skip


if __name__ == "__main__":
    sys.stdout.writelines(line + "\n" for line in lines(51))
