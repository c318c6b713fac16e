#!/usr/bin/env python3
"""Holds records against one of the JSON Schemas in schemas/.

    kcat -C -e -b HOST:PORT -t card.scores | scripts/check_records.py schemas/score.v1.schema.json
    kcat -C -e -J -b HOST:PORT -t card.dead-letter | scripts/check_records.py schemas/dead-letter.v1.schema.json

Reads one JSON object a line from standard input. An object as `kcat -J` prints it is taken as {key, value, headers}.
Needs python3-jsonschema. Exit codes: 0 all records valid, 1 some are not or there are too few, 2 usage.
"""

import argparse
import json
import sys

import jsonschema

FAILURES_SHOWN = 10


def unique_members(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError("duplicate member " + next(repr(n) for n in names if names.count(n) > 1))
    return members


def refuse_constant(name):
    raise ValueError(f"{name} is not JSON")


def parse(line):
    """One line as strict JSON: no NaN, no duplicate members, valid UTF-8."""
    return json.loads(line.decode("utf-8"), object_pairs_hook=unique_members, parse_constant=refuse_constant)


def record_of_kcat(record):
    """The {key, value, headers} of what `kcat -J` prints; anything else as it is."""
    if not isinstance(record, dict) or "payload" not in record or "offset" not in record:
        return record
    headers = record.get("headers", [])
    return {
        "key": record.get("key"),
        "value": record["payload"],
        "headers": dict(zip(headers[0::2], headers[1::2])),
    }


def failures(validator, line):
    """Every reason why the line is not a valid record."""
    try:
        record = record_of_kcat(parse(line))
    except ValueError as error:
        return [f"not JSON: {error}"]
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(record)]


def main():
    parser = argparse.ArgumentParser(description="Holds the records on standard input against a JSON Schema.")
    parser.add_argument("schema", help="a file of schemas/")
    parser.add_argument("--at-least", type=int, default=1, metavar="N", help="fewer records are a failure (default 1)")
    arguments = parser.parse_args()
    try:
        with open(arguments.schema, encoding="utf-8") as file:
            schema = json.load(file)
        jsonschema.Draft202012Validator.check_schema(schema)
    except (OSError, ValueError, jsonschema.SchemaError) as error:
        print(f"check_records: {arguments.schema}: {error}", file=sys.stderr)
        return 2
    validator = jsonschema.Draft202012Validator(schema)
    records = invalid = 0
    for number, line in enumerate(sys.stdin.buffer, start=1):
        if not line.strip():
            continue
        records += 1
        reasons = failures(validator, line)
        if not reasons:
            continue
        invalid += 1
        if invalid <= FAILURES_SHOWN:
            for reason in reasons:
                print(f"line {number}: {reason}", file=sys.stderr)
    print(f"{records} records, {invalid} invalid under {schema['$id']}")
    if records < arguments.at_least:
        print(f"check_records: expected at least {arguments.at_least} records", file=sys.stderr)
        return 1
    return 1 if invalid else 0


if __name__ == "__main__":
    sys.exit(main())
