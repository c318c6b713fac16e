#!/usr/bin/env python3
"""Makes sample.csv.gz: three weeks of readings of invented machines, with faults in the last. Needs only Python 3.9.

    python3 make_sample.py [--seed 5] [--output sample.csv.gz]

The same seed makes the same readings. Twelve machines stand at three sites and tell every ten minutes how warm they
are, how much they shake, at which pressure and current they run. Machines of a site share its weather and its shifts;
now and then one is stopped for some hours, and a reading is lost, which are no faults. In the third week

  stuck   one value stays what it was for hours, to the last digit
  spike   one value of one reading is far off
  drift   the temperature rises by a little with each reading, for a day or more; it counts from two degrees on
  noise   one value begins to jump about, for hours
  gap     a machine says nothing for hours; the reading that ends it counts

`fault` is true for each such reading; `kind` says which, and no pipeline reads it.
"""

import argparse
import csv
import datetime
import gzip
import io
import math
import random
from pathlib import Path

START = datetime.datetime(2025, 5, 5, tzinfo=datetime.timezone.utc)
DAYS = 21
SITES = {"north": 4, "south": 4, "river": 4}
STEP = 600
PER_HOUR = 3600 // STEP
PER_DAY = 24 * PER_HOUR
FIRST_FAULT = 14 * PER_DAY
BROKEN = 6000
COLUMNS = ["reading_id", "at", "machine", "site", "temperature", "vibration", "pressure", "current", "fault", "kind"]
# How much a value varies from reading to reading on a good day, and the digits that its sensor gives.
VALUES = {"temperature": (0.35, 2), "vibration": (0.08, 3), "pressure": (0.03, 3), "current": (0.5, 2)}


class Draw(random.Random):
    """Random numbers, made of `random()` alone, whose sequence Python keeps from version to version."""

    def below(self, count):
        return int(self.random() * count)

    def one(self, values):
        return values[self.below(len(values))]

    def span(self, low, high):
        return low + (high - low) * self.random()

    def normal(self):
        return math.sqrt(-2 * math.log(1.0 - self.random())) * math.cos(2 * math.pi * self.random())


def shift(step):
    """How much there is to do at a site: two shifts on workdays, one on Saturdays."""
    day, hour = step // PER_DAY % 7, step % PER_DAY / PER_HOUR
    if day == 6 or (day == 5 and hour >= 14):
        return 0.15
    return 0.9 if 6 <= hour < 22 else 0.25


def good_days(draw, site_weather):
    """A machine's readings as they would be without faults: a list of values for each step."""
    load, warmth, wander = 0.3, 0.0, 0.0
    traits = {name: draw.span(0.94, 1.06) for name in ["temperature", "vibration", "current"]}
    pressure = draw.span(5.6, 6.4)
    stopped_until = -1
    for step in range(DAYS * PER_DAY):
        if step > stopped_until and draw.random() < 1 / (10 * PER_DAY):
            stopped_until = step + PER_HOUR // 2 + draw.below(3 * PER_HOUR)
        wanted = 0.0 if step <= stopped_until else shift(step)
        load += 0.7 * (wanted - load)
        warmth += 0.12 * (load - warmth)
        wander = 0.97 * wander + 0.1 * draw.normal()
        noise = {name: spread * draw.normal() for name, (spread, _) in VALUES.items()}
        yield {
            "temperature": site_weather[step] + traits["temperature"] * 32 * warmth + wander + noise["temperature"],
            "vibration": traits["vibration"] * (0.6 + 2.2 * load) * (1 + noise["vibration"]),
            "pressure": pressure - 0.3 * load + noise["pressure"],
            "current": traits["current"] * (2 + 24 * load) + noise["current"],
        }  # fmt: skip


def weather(draw):
    """A site's temperature: days, and fronts that pass."""
    front = 0.0
    base = draw.span(14, 19)
    for step in range(DAYS * PER_DAY):
        front = 0.998 * front + 0.07 * draw.normal()
        yield base + 4 * math.sin(2 * math.pi * (step / PER_DAY - 0.4)) + front


class Machine:
    def __init__(self, draw, site, name, site_weather):
        self.draw, self.site, self.name = draw, site, name
        self.readings = list(good_days(draw, site_weather))
        self.kinds = [""] * len(self.readings)
        self.silent = [draw.random() < 0.004 for _ in self.readings]

    def free(self, first, count):
        """Whether there is no fault from some hours before to some hours after."""
        around = self.kinds[max(first - 6 * PER_HOUR, 0): first + count + 6 * PER_HOUR]
        return first + count < len(self.kinds) and not any(around)

    def plant(self, kind, first, count):
        draw, rows = self.draw, self.readings[first: first + count]
        name = draw.one(list(VALUES))
        if kind == "stuck":
            for row in rows:
                row[name] = self.readings[first - 1][name]
        elif kind == "spike":
            far = draw.span(12, 30) * draw.one([-1, 1]) * VALUES[name][0]
            rows[0][name] = max(rows[0][name] + far * (1 if name != "vibration" else 2), 0)
        elif kind == "drift":
            step = draw.span(8, 16) / count
            for number, row in enumerate(rows):
                row["temperature"] += step * (number + 1)
            unseen = int(2 / step)
            first, count = first + unseen, count - unseen
        elif kind == "noise":
            for row in rows:
                row[name] = max(row[name] + 7 * VALUES[name][0] * draw.normal(), 0)
        elif kind == "gap":
            self.silent[first: first + count] = [True] * count
            self.silent[first + count] = False
            self.kinds[first + count] = kind
            return
        self.kinds[first: first + count] = [kind] * count


def plant(draw, machines):
    lengths = {"stuck": (3, 9), "spike": (0, 0), "drift": (20, 36), "noise": (2, 6), "gap": (2, 5)}
    for kind, times in [("drift", 4), ("stuck", 10), ("noise", 10), ("gap", 8), ("spike", 40)]:
        low, high = lengths[kind]
        while times > 0:
            machine = draw.one(machines)
            count = max(1, int(draw.span(low, high) * PER_HOUR))
            first = FIRST_FAULT + draw.below(DAYS * PER_DAY - FIRST_FAULT)
            if machine.free(first, count):
                machine.plant(kind, first, count)
                times -= 1


def rows(draw, machines):
    """In the order of time; machines tell one after the other, a little before or after their turn."""
    number = 0
    for step in range(DAYS * PER_DAY):
        for place, machine in enumerate(machines):
            at = step * STEP * 1000 + place * 40_000 + draw.below(16_000)
            if machine.silent[step]:
                continue
            number += 1
            values = [f"{machine.readings[step][name]:.{digits}f}" for name, (_, digits) in VALUES.items()]
            if number % BROKEN == 0 and not machine.kinds[step]:
                values[draw.below(4)] = ""
            kind = machine.kinds[step]
            milliseconds = int(START.timestamp()) * 1000 + at
            yield [number, milliseconds, machine.name, machine.site, *values, str(bool(kind)).lower(), kind]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("sample.csv.gz"))
    options = parser.parse_args()
    draw = Draw(options.seed)
    machines = []
    for site, count in SITES.items():
        site_weather = list(weather(draw))
        machines += [Machine(draw, site, f"{site}-{number + 1}", site_weather) for number in range(count)]
    plant(draw, machines)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows(draw, machines))
    options.output.write_bytes(gzip.compress(text.getvalue().encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
