#!/usr/bin/python3
"""Kills, rebalances and frozen members alone, on brokers that are there: `make kill-test KAFKA=host:port`.

    RIFFLE_KILL_BROKERS=host:port RIFFLE_KILL_DELIVERY=exactly-once Tests/EndToEnd/kill_kafka.py --riffle PATH

docs/CONTRIBUTING.md says what it does and prints.
"""

import argparse
import sys
import unittest
from pathlib import Path

import kill_tests
import pipeline_case
import rebalance_tests
from kill_processes import BROKERS, DELIVERY


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--riffle", required=True)
    pipeline_case.RIFFLE = str(Path(parser.parse_args().riffle).resolve())
    if DELIVERY not in ("at-least-once", "exactly-once"):
        sys.exit(f'RIFFLE_KILL_DELIVERY is "{DELIVERY}": write at-least-once or exactly-once')
    if not BROKERS:
        sys.exit("RIFFLE_KILL_BROKERS is not set: write the brokers to go to, such as localhost:9092")
    load = unittest.defaultTestLoader.loadTestsFromTestCase
    suite = unittest.TestSuite(map(load, [rebalance_tests.RebalanceTests, kill_tests.KillTests]))
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    failed = len(result.failures) + len(result.errors)
    print(f"{DELIVERY} on {BROKERS}: {result.testsRun - failed - len(result.skipped)} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
