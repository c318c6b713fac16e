#!/usr/bin/env python3
"""Twelve windows over a csv.gz: `riffle replay` beside DuckDB, end to end, in turns, with equal threads.

    bench_windows.py EVENTS.csv.gz --riffle .build/release/riffle [--threads 1] [--rounds 5] [--repeat 2]

EVENTS is what `handbook.py convert` writes. Both read the compressed file, compute count and mean of six RANGE windows
(customer: 1, 7, 30 days; terminal: the same, 7 days delayed) and write csv. --repeat appends the events again, later by
whole periods, so that there are more than a million. Needs `pip install duckdb`; nothing else.

DuckDB's RANGE takes all rows of the same instant, Riffle those that stand before: rows of one key at one instant differ,
and are counted. Everything else has to agree.
"""

import argparse
import csv
import datetime
import gzip
import os
import statistics
import subprocess
import sys
import tempfile
import time

import duckdb

PIPELINE = """pipeline: windows
kafka: {brokers: "localhost:9092", group: windows}
sources:
  transactions:
    topic: transactions
    key: customer_id
    id: transaction_id
    time: {field: tx_datetime, format: iso8601}
    fields:
      transaction_id: int
      customer_id: string
      terminal_id: string
      tx_amount: {type: decimal, scale: 2}
      tx_fraud: {type: bool, label: true}
    late: {after: 10m, then: score}
features:
  - by: customer_id
    over: [1d, 7d, 30d]
    aggregates:
      customer_tx: count()
      customer_mean: mean(tx_amount)
  - by: terminal_id
    over: [1d, 7d, 30d]
    delay: 7d
    aggregates:
      terminal_tx: count()
      terminal_risk: mean(tx_fraud) or 0
output: {topic: features, features: all}
dead_letter: {topic: dead}
"""

DAYS = [1, 7, 30]
COLUMNS = [
    f"{name}_{days}d" for name in ("customer_tx", "customer_mean", "terminal_tx", "terminal_risk") for days in DAYS
]


def query(source, target):
    windows, outputs = [], []
    for days in DAYS:
        # A window is open at its older end; times are whole microseconds.
        windows.append(
            f"c{days} AS (PARTITION BY customer_id ORDER BY tx_datetime RANGE BETWEEN "
            f"INTERVAL '{days * 86_400_000_000 - 1} microseconds' PRECEDING AND CURRENT ROW)"
        )
        windows.append(
            f"t{days} AS (PARTITION BY terminal_id ORDER BY tx_datetime RANGE BETWEEN "
            f"INTERVAL '{(days + 7) * 86_400_000_000 - 1} microseconds' PRECEDING AND "
            f"INTERVAL '{7 * 86_400_000_000} microseconds' PRECEDING)"
        )
        outputs.append(f"count(*) OVER c{days} AS customer_tx_{days}d")
        outputs.append(f"avg(tx_amount) OVER c{days} AS customer_mean_{days}d")
        outputs.append(f"count(*) OVER t{days} AS terminal_tx_{days}d")
        outputs.append(f"coalesce(avg(tx_fraud::INTEGER) OVER t{days}, 0) AS terminal_risk_{days}d")
    return (
        f"COPY (SELECT transaction_id, {', '.join(outputs)} FROM read_csv('{source}', types={{'tx_datetime': 'TIMESTAMP',"
        f" 'customer_id': 'VARCHAR', 'terminal_id': 'VARCHAR', 'tx_amount': 'DECIMAL(12,2)', 'tx_fraud': 'BOOLEAN'}})"
        f" WINDOW {', '.join(windows)}) TO '{target}' (HEADER, DELIMITER ',')"
    )


def repeat(source, target, times):
    """Writes the events `times` times over, each pass later by whole days; returns how many there are."""
    with gzip.open(source, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    header, rows = rows[0], rows[1:]
    place, identity = header.index("tx_datetime"), header.index("transaction_id")
    form = "%Y-%m-%dT%H:%M:%SZ"
    first, last = (datetime.datetime.strptime(rows[index][place], form) for index in (0, -1))
    period = datetime.timedelta(days=(last - first).days + 1)
    with gzip.open(target, "wt", 6, encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
        for number in range(1, times):
            for row in rows:
                moved = datetime.datetime.strptime(row[place], form) + number * period
                row = list(row)
                row[place], row[identity] = moved.strftime(form), str(int(row[identity]) + number * 1_000_000_000)
                writer.writerow(row)
    return len(rows) * times


def run_duckdb(source, target, threads):
    start = time.perf_counter()
    connection = duckdb.connect(config={"threads": threads})
    connection.execute(query(source, target))
    connection.close()
    return time.perf_counter() - start


def run_riffle(riffle, pipeline, source, target, threads):
    start = time.perf_counter()
    command = [riffle, "replay", pipeline, "--input", source, "--output", target, "--workers", str(threads)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        sys.exit(f"riffle failed:\n{finished.stderr}")
    return time.perf_counter() - start


def compare(mine, theirs, source):
    """How many rows both have, how many differ, and how many share key and instant with another row."""
    differences = " OR ".join(
        # A mean over no rows is missing in both.
        f"abs(coalesce(a.{name}, -1) - coalesce(b.{name}, -1)) > 1e-9 * (1 + abs(coalesce(a.{name}, 0)))"
        for name in COLUMNS
    )
    # By the first rows alone a rate that is long 0 would be taken for an integer.
    types = "types={" + ", ".join(f"'{name}': 'DOUBLE'" for name in COLUMNS) + "}"
    connection = duckdb.connect()
    total, different = connection.execute(
        f"SELECT count(*), count(*) FILTER ({differences}) FROM read_csv('{mine}', {types}) AS a"
        f" JOIN read_csv('{theirs}', {types}) AS b ON a.transaction_id = b.transaction_id"
    ).fetchone()
    ties = connection.execute(
        "SELECT coalesce(sum(n), 0) FROM ("
        f"SELECT count(*) AS n FROM read_csv('{source}') GROUP BY customer_id, tx_datetime HAVING count(*) > 1 UNION ALL "
        f"SELECT count(*) AS n FROM read_csv('{source}') GROUP BY terminal_id, tx_datetime HAVING count(*) > 1)"
    ).fetchone()[0]
    return total, different, int(ties)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("events")
    parser.add_argument("--riffle", required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repeat", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        pipeline, source = os.path.join(folder, "windows.yaml"), os.path.join(folder, "events.csv.gz")
        mine, theirs = os.path.join(folder, "riffle.csv"), os.path.join(folder, "duckdb.csv")
        with open(pipeline, "w", encoding="utf-8") as file:
            file.write(PIPELINE)
        count = repeat(arguments.events, source, arguments.repeat)
        print(f"{count} rows, {arguments.threads} thread(s), DuckDB {duckdb.__version__}")
        seconds = {"riffle": [], "duckdb": []}
        for number in range(arguments.rounds):
            # Who begins alternates, so that a machine that grows slower favours neither.
            for name in ("riffle", "duckdb") if number % 2 == 0 else ("duckdb", "riffle"):
                if name == "riffle":
                    spent = run_riffle(arguments.riffle, pipeline, source, mine, arguments.threads)
                else:
                    spent = run_duckdb(source, theirs, arguments.threads)
                seconds[name].append(spent)
            print(f"round {number + 1}: riffle {seconds['riffle'][-1]:.2f} s, duckdb {seconds['duckdb'][-1]:.2f} s")
        medians = {name: statistics.median(values) for name, values in seconds.items()}
        for name, median in medians.items():
            print(f"{name:8} {median:.2f} s, {count / median:,.0f} rows/s")
        print(f"riffle is {medians['duckdb'] / medians['riffle']:.2f} times as fast")
        total, different, ties = compare(mine, theirs, source)
        print(f"{different} of {total} rows differ; {ties} share key and instant with another")
        return 0 if total == count and different <= ties else 1


if __name__ == "__main__":
    sys.exit(main())
