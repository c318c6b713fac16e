#!/usr/bin/env python3
"""The card-fraud protocol on the Fraud Detection Handbook's data: the parts of `make handbook` that are not Riffle.

    handbook.py convert TRANSACTIONS.csv.gz OUT [--labels LABELS]
                                                           the raw data as events (.csv, .csv.gz, .ndjson, .ndjson.gz);
                                                           with --labels these come in a file of their own, a week later
    handbook.py compare EXPECTED.csv.gz FEATURES           features that Riffle computed against the exact integers
    handbook.py metrics TRANSACTIONS.csv.gz SCORES         ROC AUC, average precision and card precision@100

FEATURES and SCORES are what `riffle replay` wrote, or score records as they stand on the output topic, one a line.
Only the standard library is used, and none of Riffle's code, so that the figures are a second opinion. Exit codes:
0 fine, 1 something differs or is missing, 2 usage.
"""

import argparse
import collections
import contextlib
import csv
import datetime
import gzip
import io
import json
import sys
import zlib

FIRST_DAY = datetime.datetime(2018, 4, 1, tzinfo=datetime.timezone.utc)
DAY_SECONDS = 86_400
TRAIN_DAYS = range(115, 122)
TEST_DAYS = range(129, 136)
CARDS_CHECKED_DAILY = 100
EVENT_FIELDS = ["transaction_id", "tx_datetime", "customer_id", "terminal_id", "tx_amount", "tx_fraud"]
LABEL_FIELDS = ["transaction_id", "terminal_id", "tx_datetime", "labelled_at", "tx_fraud"]
LABEL_DELAY = datetime.timedelta(days=7)
WINDOWS = [1, 7, 30]
DIFFERENCES_SHOWN = 10


class Fault(Exception):
    """Input that cannot be used; the message is for the user."""


# --- files ---


@contextlib.contextmanager
def open_text(path, mode):
    """A text file, compressed where its name ends in .gz. The same content always gives the same bytes."""
    if not path.endswith(".gz"):
        with open(path, mode, encoding="utf-8", newline="") as file:
            yield file
    elif mode == "r":
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            yield file
    else:
        with open(path, "wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as compressed:
            with io.TextIOWrapper(compressed, encoding="utf-8", newline="") as file:
                yield file


def is_ndjson(path):
    return path.removesuffix(".gz").endswith((".ndjson", ".jsonl"))


def read_rows(path, columns):
    """Yields the values of the columns as text (None: missing) from csv or ndjson, those of score records too."""
    with open_text(path, "r") as file:
        if is_ndjson(path):
            yield from rows_of_ndjson(path, file, columns)
            return
        reader = csv.reader(file)
        header = next(reader, None)
        if header is None:
            raise Fault(f"{path}: empty")
        absent = [name for name in columns if name not in header]
        if absent:
            raise Fault(f"{path}: no column {', '.join(absent)}")
        places = [header.index(name) for name in columns]
        for row in reader:
            if len(row) != len(header):
                raise Fault(f"{path}:{reader.line_num}: {len(row)} columns, the header has {len(header)}")
            yield [row[place] if row[place] != "" else None for place in places]


def rows_of_ndjson(path, file, columns):
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            # Numbers stay text, so that nothing is rounded on the way.
            record = json.loads(line, parse_float=str, parse_int=str)
            features = record.get("features")
        except (ValueError, AttributeError) as error:
            raise Fault(f"{path}:{number}: not a JSON object: {error}") from None
        fields = {**record, **features} if isinstance(features, dict) else record
        if "transaction_id" not in fields and "id" in fields:
            fields["transaction_id"] = fields["id"]
        absent = [name for name in columns if name not in fields]
        if absent:
            raise Fault(f"{path}:{number}: no {', '.join(absent)}")
        yield [text_of(fields[name]) for name in columns]


def text_of(value):
    if isinstance(value, bool):
        return "1" if value else "0"
    return value


def parse_number(text):
    """The number that a column holds: flags may be written as true and false; None where it is missing or no number."""
    if text in ("true", "false"):
        return float(text == "true")
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


def read_transactions(path):
    """Yields (id, seconds since the first day, customer, terminal, amount, is fraud) from the handbook's data."""
    columns = ["TRANSACTION_ID", "TX_TIME_SECONDS", "CUSTOMER_ID", "TERMINAL_ID", "TX_AMOUNT", "TX_FRAUD_SCENARIO"]
    for identity, seconds, customer, terminal, amount, scenario in read_rows(path, columns):
        yield identity, int(seconds), customer, terminal, amount, int(scenario) > 0


# --- convert ---


TEXT_FIELDS = {"tx_datetime", "labelled_at", "customer_id", "terminal_id"}


def begin_rows(path, out, fields):
    if not is_ndjson(path):
        out.write(",".join(fields) + "\n")


def write_row(path, out, fields, values):
    """Values are text as it is to stand there: an amount keeps its two decimals."""
    if is_ndjson(path):
        quoted = [f'"{value}"' if name in TEXT_FIELDS else value for name, value in zip(fields, values)]
        out.write("{" + ",".join(f'"{name}":{value}' for name, value in zip(fields, quoted)) + "}\n")
    else:
        out.write(",".join(values) + "\n")


def time_text(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def convert(arguments):
    fields = EVENT_FIELDS[:-1] if arguments.labels else EVENT_FIELDS
    count = frauds = labels = 0
    waiting = collections.deque()
    with contextlib.ExitStack() as files:
        out = files.enter_context(open_text(arguments.output, "w"))
        begin_rows(arguments.output, out, fields)
        if arguments.labels:
            labels_out = files.enter_context(open_text(arguments.labels, "w"))
            begin_rows(arguments.labels, labels_out, LABEL_FIELDS)
        for identity, seconds, customer, terminal, amount, is_fraud in read_transactions(arguments.transactions):
            moment = FIRST_DAY + datetime.timedelta(seconds=seconds)
            fraud = "true" if is_fraud else "false"
            values = [identity, time_text(moment), customer, terminal, amount, fraud]
            write_row(arguments.output, out, fields, values[: len(fields)])
            if arguments.labels:
                waiting.append((moment + LABEL_DELAY, [identity, terminal, time_text(moment), fraud]))
                # Known at the very time of a transaction is known in time for it.
                while waiting[0][0] <= moment:
                    known, (*label, value) = waiting.popleft()
                    write_row(arguments.labels, labels_out, LABEL_FIELDS, [*label, time_text(known), value])
                    labels += 1
            count += 1
            frauds += is_fraud
    print(f"{arguments.output}: {count} events, {frauds} of them fraud")
    if arguments.labels:
        print(f"{arguments.labels}: {labels} labels, those known before the last event")
    return 0


# --- compare ---


def compared_features():
    """The names of the values that are compared, in the pipeline's order."""
    names = ["weekend", "night"]
    for window in WINDOWS:
        names += [f"customer_tx_{window}d", f"customer_mean_{window}d"]
    for window in WINDOWS:
        names += [f"terminal_tx_{window}d", f"terminal_risk_{window}d"]
    return names


def expected_values(integers):
    """The exact values, as the nearest doubles, that the integers of one expected row stand for.

    Dividing two Python integers rounds once, correctly: whoever divides in two steps differs in the last bit.
    """
    values = [float(integers[0]), float(integers[1])]
    for place in range(2, 8, 2):
        count, cents = integers[place : place + 2]
        values += [float(count), cents / (100 * count) if count else None]
    for place in range(8, 14, 2):
        count, frauds = integers[place : place + 2]
        values += [float(count), frauds / count if count else 0.0]
    return values


def read_expected(path):
    columns = ["TRANSACTION_ID", "WEEKEND", "NIGHT"]
    columns += [f"C_{kind}_{window}" for window in WINDOWS for kind in ("NB", "SUM_CENTS")]
    columns += [f"T_{kind}_{window}" for window in WINDOWS for kind in ("NB", "FRAUD")]
    return {row[0]: tuple(int(text) for text in row[1:]) for row in read_rows(path, columns)}


def same_integer(integers, place, value):
    """Whether a mean or risk that is not the nearest double still stands for the expected sum or number of frauds."""
    count, total = integers[place - 1 : place + 1]
    if value is None:
        return False
    implied = value * count * (100 if place < 8 else 1)
    # Far above what doubles lose here, far below one cent or one fraud.
    return abs(implied - total) <= 1e-3


def compare(arguments):
    names = compared_features()
    expected = read_expected(arguments.expected)
    seen = set()
    others = duplicates = different = last_bits = rows_different = 0
    by_feature = dict.fromkeys(names, 0)
    for identity, *texts in read_rows(arguments.features, ["transaction_id", *names]):
        integers = expected.get(identity)
        if integers is None:
            others += 1
            continue
        if identity in seen:
            duplicates += 1
        seen.add(identity)
        wrong = 0
        for place, (name, text, right) in enumerate(zip(names, texts, expected_values(integers))):
            value = parse_number(text)
            if value == right:
                continue
            wrong += 1
            by_feature[name] += 1
            if place >= 2 and place % 2 == 1 and same_integer(integers, place, value):
                last_bits += 1
            if different + wrong <= DIFFERENCES_SHOWN:
                print(f"transaction {identity}: {name} is {text}, expected {right!r}", file=sys.stderr)
        different += wrong
        rows_different += wrong > 0
    missing = len(expected) - len(seen)
    print(f"{different} of {len(expected)} x {len(names)} values differ, in {rows_different} rows")
    for name, count in by_feature.items():
        if count:
            print(f"  {name}: {count}")
    if last_bits:
        print(f"  {last_bits} of them only by rounding: the sum or number behind them is right")
    print(f"{missing} rows missing, {duplicates} duplicate, {others} other rows not compared")
    return 1 if different or missing or duplicates else 0


# --- metrics ---


def roc_auc(scores, labels):
    """The probability that a fraud has a higher score than a genuine row; equal scores count half."""
    order = sorted(range(len(scores)), key=scores.__getitem__)
    frauds = sum(labels)
    twice_pairs_won = genuine_below = 0
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and scores[order[end]] == scores[order[start]]:
            end += 1
        tied_frauds = sum(labels[row] for row in order[start:end])
        tied_genuine = end - start - tied_frauds
        twice_pairs_won += tied_frauds * (2 * genuine_below + tied_genuine)
        genuine_below += tied_genuine
        start = end
    return twice_pairs_won / (2 * frauds * (len(labels) - frauds))


def average_precision(scores, labels):
    """The sum of precision times gain in recall over thresholds, equal scores being one threshold."""
    order = sorted(range(len(scores)), key=scores.__getitem__, reverse=True)
    frauds = sum(labels)
    found = 0
    total = 0.0
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and scores[order[end]] == scores[order[start]]:
            end += 1
        gained = sum(labels[row] for row in order[start:end])
        found += gained
        total += gained / frauds * (found / end)
        start = end
    return total


def card_precision(days):
    """The mean over the days of the share of compromised cards among the 100 with the highest scores.

    `days` holds rows (customer, score, is fraud) by day. A card found on one day is not checked again. Equal scores
    rank by customer number.
    """
    found = set()
    precisions = []
    for day in sorted(days):
        cards = {}
        for customer, score, is_fraud in days[day]:
            if customer not in found:
                best, compromised = cards.get(customer, (score, False))
                cards[customer] = (max(best, score), compromised or is_fraud)
        ranked = sorted(cards, key=lambda customer: (-cards[customer][0], int(customer)))
        hits = [customer for customer in ranked[:CARDS_CHECKED_DAILY] if cards[customer][1]]
        found.update(hits)
        precisions.append(len(hits) / CARDS_CHECKED_DAILY)
    return sum(precisions) / len(precisions)


def test_rows(transactions):
    """The protocol's test rows by day: (id, customer, is fraud), customers known to be compromised left out.

    A customer is known from a fraud in the training week, or from one on a test day with seven days' delay.
    """
    frauds = {}
    rows = {day: [] for day in TEST_DAYS}
    for identity, seconds, customer, _, _, is_fraud in transactions:
        day = seconds // DAY_SECONDS
        if is_fraud:
            frauds.setdefault(day, set()).add(customer)
        if day in rows:
            rows[day].append((identity, customer, is_fraud))
    known = set().union(*(frauds.get(day, set()) for day in TRAIN_DAYS))
    delay = 7
    kept = {}
    for day in TEST_DAYS:
        known |= frauds.get(day - delay - 1, set())
        kept[day] = [row for row in rows[day] if row[1] not in known]
    return kept


def metrics(arguments):
    days = test_rows(read_transactions(arguments.transactions))
    wanted = {identity for rows in days.values() for identity, _, _ in rows}
    found = {}
    duplicates = 0
    for identity, text in read_rows(arguments.scores, ["transaction_id", "score"]):
        if identity not in wanted:
            continue
        score = parse_number(text)
        if score is None or score != score:
            raise Fault(f"{arguments.scores}: transaction {identity}: no score")
        duplicates += identity in found
        found[identity] = score
    missing = len(wanted) - len(found)
    if missing or duplicates:
        print(f"{missing} scores missing, {duplicates} duplicate", file=sys.stderr)
        return 1
    scored = {day: [(card, found[key], fraud) for key, card, fraud in rows] for day, rows in days.items()}
    scores = [row[1] for day in TEST_DAYS for row in scored[day]]
    labels = [row[2] for day in TEST_DAYS for row in scored[day]]
    figures = [roc_auc(scores, labels), average_precision(scores, labels), card_precision(scored)]
    if arguments.expect:
        return tell(arguments.name, figures, arguments.expect)
    print(f"{len(labels)} rows, {sum(labels)} frauds")
    print(f"ROC AUC            {figures[0]:.6f}")
    print(f"average precision  {figures[1]:.6f}")
    print(f"card precision@{CARDS_CHECKED_DAILY} {figures[2]:.6f}")
    return 0


def tell(name, figures, expected):
    """One line of a table; 1 where a figure, rounded to as many digits as expected, is another."""
    cells = []
    wrong = 0
    for figure, text in zip(figures, expected, strict=True):
        rounded = f"{figure:.{len(text.partition('.')[2])}f}"
        is_equal = rounded == text
        wrong += not is_equal
        cells.append(f"{figure:.6f} " + (f"= {text}" if is_equal else f"IS NOT {text}"))
    print(f"{name:26}" + "  ".join(f"{cell:19}" for cell in cells))
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description="The card-fraud protocol on the Fraud Detection Handbook's data.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("convert", help="write the raw data as events")
    command.add_argument("transactions")
    command.add_argument("output", help="a name in .csv, .csv.gz, .ndjson or .ndjson.gz")
    command.add_argument("--labels", metavar="LABELS", help="a file for the labels, named as the output")
    command.set_defaults(run=convert)
    command = commands.add_parser("compare", help="hold computed features against the exact ones")
    command.add_argument("expected")
    command.add_argument("features")
    command.set_defaults(run=compare)
    command = commands.add_parser("metrics", help="measure scores by the protocol")
    command.add_argument("transactions")
    command.add_argument("scores")
    command.add_argument(
        "--expect", nargs=3, metavar="FIGURE", help="ROC AUC, average precision and card precision, to their digits")
    command.add_argument("--name", default="", help="what the line of a table begins with, with --expect")
    command.set_defaults(run=metrics)
    arguments = parser.parse_args()
    try:
        return arguments.run(arguments)
    except (Fault, OSError, EOFError, UnicodeDecodeError, csv.Error, zlib.error) as error:
        print(f"handbook: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
