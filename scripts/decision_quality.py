#!/usr/bin/env python3
"""How good a pipeline's decisions were, by what became known: needs only Python 3.9.

    scripts/decision_quality.py ROWS EVENTS --label attack [--kind kind] [--score 0.6] [--episodes machine]

ROWS are what `riffle replay` wrote (.csv or .csv.gz), EVENTS what it read, with the label and an id of the same name in
each row. For each decision: how many events had it, and how many of them were positive. With --score the same of all
events with at least that score. With --kind, a column of EVENTS that says of positives what they were: how many of each
kind had which decision. With --episodes as well, a column that says whose an event is: positives of one kind that follow
each other there are one episode, and it is found if one of its events had another decision than the most frequent one.
"""

import argparse
import collections
import csv
import gzip
import itertools


def table(path):
    opened = gzip.open(path, "rt", newline="") if path.endswith(".gz") else open(path, newline="")
    with opened as lines:
        yield from csv.DictReader(lines)


def percent(part, whole):
    return f"{100 * part / whole:.1f} %" if whole else "-"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows")
    parser.add_argument("events")
    parser.add_argument("--label", required=True)
    parser.add_argument("--kind")
    parser.add_argument("--score", type=float)
    parser.add_argument("--episodes")
    options = parser.parse_args()
    if options.episodes and not options.kind:
        parser.error("--episodes needs --kind")

    rows = {}
    name = None
    for row in table(options.rows):
        name = name or next(iter(row))
        rows[row[name]] = (row["decision"], float(row["score"] or "nan"))
    events, positives = collections.Counter(), collections.Counter()
    kinds, runs = collections.defaultdict(collections.Counter), collections.defaultdict(list)
    for event in table(options.events):
        if event[name] not in rows or event[options.label] == "":
            continue
        decision, score = rows[event[name]]
        positive = event[options.label] in ("true", "1")
        groups = [decision, "all"]
        if options.score is not None and score >= options.score:
            groups.append(f"score >= {options.score:g}")
        for group in groups:
            events[group] += 1
            positives[group] += positive
        if positive and options.kind:
            kinds[event[options.kind]][decision] += 1
        if options.episodes:
            runs[event[options.episodes]].append((event[options.kind] if positive else None, decision))

    print(f"{'':<16}{'events':>8}{'positive':>10}{'precision':>11}{'recall':>9}")
    for group in sorted(events, key=lambda group: (group == "all", group.startswith("score"), group)):
        print(f"{group:<16}{events[group]:>8}{positives[group]:>10}{percent(positives[group], events[group]):>11}"
              f"{percent(positives[group], positives['all']):>9}")  # fmt: skip
    for kind in sorted(kinds):
        parts = ", ".join(f"{count} {decision}" for decision, count in sorted(kinds[kind].items()))
        print(f"{kind}: {parts}")
    usual = max((group for group in events if group != "all"), key=events.get, default=None)
    there, found = collections.Counter(), collections.Counter()
    for run in runs.values():
        for kind, episode in itertools.groupby(run, key=lambda one: one[0]):
            there[kind] += 1
            found[kind] += any(decision != usual for _, decision in episode)
    for kind in sorted(kind for kind in there if kind is not None):
        print(f"{kind}: {found[kind]} of {there[kind]} found")


if __name__ == "__main__":
    main()
