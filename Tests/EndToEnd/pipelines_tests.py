"""The pipelines that are shipped: features recomputed in Python, files remade, and live scores equal to a replay's.

Their READMEs' commands and figures are held against the program by `docs_tests`.
"""

import bisect
import collections
import csv
import datetime
import gzip
import json
import math
import re
import statistics

from confluent_kafka import Producer

from kill_processes import ROOT
from pipeline_case import PipelineCase

MICROSECONDS = 1_000_000
HOUR, DAY = 3600 * MICROSECONDS, 86_400 * MICROSECONDS
# So many events are published; what the embedded cluster keeps of a topic is bounded.
LIVE = 4000


class Windows:
    """Events of each key in the order of time, and those of them that a window covers: (t - length, t]."""

    def __init__(self):
        self.times, self.events = collections.defaultdict(list), collections.defaultdict(list)

    def add(self, key, at, event):
        assert not self.times[key] or self.times[key][-1] < at, "the sample is in the order of time"
        self.times[key].append(at)
        self.events[key].append(event)

    def of(self, key, at, length, include_current=True):
        times = self.times[key]
        first = bisect.bisect_right(times, at - length)
        last = bisect.bisect_right(times, at) if include_current else bisect.bisect_left(times, at)
        return self.events[key][first:last]


class ShippedCase(PipelineCase):
    """One of the folders under `pipelines`: its name, the topics, and how a row of its sample becomes an event."""

    NAME = LABEL = TOPIC = SCORES = LETTERS = KEY = ID = ""
    TYPES = {}

    def setUp(self):
        super().setUp()
        self.shipped = ROOT / "pipelines" / self.NAME
        self.pipeline = self.shipped / "pipeline.yaml"
        self.sample = self.shipped / "sample.csv.gz"

    def replay(self, name, *options, source=None):
        """The rows of a replay of the sample, and the text of the file."""
        target = self.folder / name
        self.riffle("replay", self.pipeline, "--input", source or self.sample, "--output", target, *options)
        text = gzip.decompress(target.read_bytes()).decode() if name.endswith(".gz") else target.read_text()
        return list(csv.DictReader(text.splitlines())), text

    def logged(self):
        with gzip.open(self.sample, "rt", newline="") as lines:
            return list(csv.DictReader(lines))

    def remake_sample(self):
        made = self.folder / "made.csv.gz"
        result = self.command("/usr/bin/python3", self.shipped / "make_sample.py", "--output", made)
        self.assertEqual(result.returncode, 0, result.stderr)
        # Not the bytes of the archive: they depend on the version of zlib.
        self.assertEqual(gzip.decompress(made.read_bytes()), gzip.decompress(self.sample.read_bytes()))

    def check_is_fine(self):
        said = self.riffle("check", self.pipeline)
        self.assertIn(f'pipeline "{self.NAME}" is fine', said)
        self.assertNotIn("warning", said)

    def first(self, count):
        """A file of the first events of the sample that have a key, and they themselves."""
        rows = [row for row in self.logged()[:count] if row[self.KEY]]
        source = self.folder / "first.csv"
        with open(source, "w", newline="") as out:
            writer = csv.DictWriter(out, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)
        return source, rows

    def check_determinism(self):
        source, _ = self.first(2 * LIVE)
        texts = [self.replay(f"{workers}.csv", "--workers", workers, source=source)[1] for workers in ["1", "2", "2"]]
        self.assertEqual(texts, texts[:1] * 3)

    def event(self, row):
        """What a producer would publish: no label, no empty fields."""
        kept = {name: self.TYPES.get(name, str)(value) for name, value in row.items() if value != ""}
        return {name: value for name, value in kept.items() if name not in (self.LABEL, "kind")}

    def check_live_equals_replay(self):
        """Publishes the first events of the sample and two broken ones; every score is the replay's, bit for bit."""
        brokers = self.start_cluster()
        producer = Producer({"bootstrap.servers": brokers, "partitioner": "murmur2_random"})
        source, rows = self.first(LIVE)
        for row in rows:
            producer.produce(self.TOPIC, key=row[self.KEY], value=json.dumps(self.event(row)))
        producer.produce(self.TOPIC, key="x", value="{")
        producer.produce(self.TOPIC, key="x", value=json.dumps({self.KEY: "x"}))
        self.assertEqual(producer.flush(60), 0)
        said = self.riffle("run", self.pipeline, "--brokers", brokers, "--until-end", "--no-state")
        self.assertIn(f"{LIVE} scored, 2 dead-lettered", said)
        letters = self.kcat("-b", brokers, "-C", "-t", self.LETTERS, "-e", "-q", "-f", "%h\n").splitlines()
        self.assertEqual(len(letters), 2)
        self.assertIn("riffle-error-code=invalid-json", letters[0])
        self.assertIn("riffle-error-code=field-missing", letters[1])

        records = [json.loads(line) for line in self.read(brokers, self.SCORES, LIVE)]
        target = self.folder / "replayed.ndjson"
        self.riffle("replay", self.pipeline, "--input", source, "--output", target)
        replayed = {str(row[self.ID]): row for row in map(json.loads, target.read_text().splitlines())}
        self.assertEqual(len(replayed), LIVE)
        for record in records:
            row = replayed.pop(record["id"])
            for name in ["score", "decision", "fields"]:
                self.assertEqual(record[name], row[name])
            for name, value in record["features"].items():
                self.assertEqual(value, row[name], name)
        self.assertEqual(replayed, {})
        return records

    def assert_remade(self, made, shipped):
        """The same bytes; where the C library computes otherwise in a last bit, the same but for last digits.

        A reference of an older version of the format, which stands at its end, is as good if its content is the same.
        """
        texts = [re.sub(r'"version":\d+}\n$', "", path.read_text()) for path in (made, shipped)]
        if texts[0] == texts[1]:
            return
        number = r"-?[0-9]+\.[0-9]+(?:e-?[0-9]+)?|[0-9a-f]{64}"
        self.assertEqual(*[re.sub(number, "#", text) for text in texts])
        for one, other in zip(*[re.findall(number, text) for text in texts], strict=True):
            if len(one) != 64:
                self.assertTrue(math.isclose(float(one), float(other), rel_tol=1e-9), (one, other))

    def assert_close(self, text, wanted, name, row, relative=1e-12):
        if wanted is None:
            self.assertEqual(text, "", (name, row))
        else:
            close = math.isclose(float(text), wanted, rel_tol=relative, abs_tol=1e-12)
            self.assertTrue(close, (name, text, wanted, row))


def milliseconds_of(text):
    at = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (at - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)) // datetime.timedelta(milliseconds=1)


def kilometres(one, other):
    """The haversine formula, on a sphere of the earth's mean radius."""
    (lat1, lon1), (lat2, lon2) = [[math.radians(float(degrees)) for degrees in place] for place in (one, other)]
    square = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * 6371.0088 * math.asin(math.sqrt(square))


class AccountTakeoverTests(ShippedCase):
    NAME, LABEL, KEY, ID = "account-takeover", "attack", "account", "login_id"
    TOPIC, SCORES, LETTERS = "auth.logins", "auth.scores", "auth.dead-letter"
    TYPES = {"login_id": int, "latitude": float, "longitude": float, "success": lambda text: text == "true"}

    def test_the_pipeline_and_its_sample_are_what_they_claim(self):
        self.check_is_fine()
        self.remake_sample()
        self.check_determinism()

    def test_model_and_reference_are_remade(self):
        model, reference = self.folder / "odd-login.json", self.folder / "logins.json"
        self.riffle("train", "isolation-forest", self.pipeline, "--input", self.sample, "--from", "2025-03-10",
                    "--to", "2025-03-31", "--output", model)  # fmt: skip
        self.assert_remade(model, self.shipped / "models/odd-login.json")
        self.replay("quiet.csv.gz", "--from", "2025-03-17", "--to", "2025-03-31")
        self.riffle("baseline", self.pipeline, "--input", self.folder / "quiet.csv.gz", "--output", reference)
        self.assert_remade(reference, self.shipped / "references/logins.json")

    def test_features_are_those_of_a_recomputation(self):
        rows, _ = self.replay("rows.csv")
        by_id = {row["login_id"]: row for row in rows}
        accounts, addresses, devices = Windows(), Windows(), Windows()
        seen = collections.Counter()
        for login in self.logged():
            if login["login_id"] not in by_id:
                seen["broken"] += 1
                continue
            row, at = by_id[login["login_id"]], milliseconds_of(login["at"]) * 1000
            event = (at, login)
            accounts.add(login["account"], at, event)
            addresses.add(login["ip"], at, event)
            devices.add(login["device"], at, event)
            # All attacks, and enough of the others.
            if login["attack"] == "true" or int(login["login_id"]) % 5 == 0:
                self.check_account(login, row, at, accounts, seen)
                self.check_sharing(login, row, at, addresses, devices)
        self.assertEqual(seen["broken"], 8)
        # What is compared does happen.
        self.assertTrue(all(seen[name] > 30 for name in ["new_device", "new_country", "fast", "placed"]), seen)

    def check_account(self, login, row, at, accounts, seen):
        hour = [login for _, login in accounts.of(login["account"], at, HOUR)]
        self.assertEqual(int(row["account_failures_1h"]), sum(login["success"] == "false" for login in hour))
        self.assertEqual(int(row["account_ips_1h"]), len({login["ip"] for login in hour}))
        known = [one for one in accounts.of(login["account"], at, 30 * DAY, False) if one[1]["success"] == "true"]
        with_this = known + [(at, login)] * (login["success"] == "true")
        for field, feature in [("device", "new_device"), ("country", "new_country")]:
            before, now = {one[1][field] for one in known}, {one[1][field] for one in with_this}
            new = bool(known) and len(now) > len(before)
            self.assertEqual(row[feature], "1" if new else "0", login)
            seen[feature] += new
        since = (at - known[-1][0]) / MICROSECONDS if known else None
        self.assert_close(row["since_30d"], since, "since", login, 0)
        placed = [one[1] for one in known if one[1]["latitude"]]
        km = 0.0
        if placed and login["latitude"]:
            seen["placed"] += 1
            last = placed[-1]
            km = kilometres((last["latitude"], last["longitude"]), (login["latitude"], login["longitude"]))
        self.assertAlmostEqual(float(row["km"]), km, 6, login)
        # A login that failed is itself no successful one: the time since the last counts all the same.
        kmh = 0.0 if since is None else float(row["km"]) / max(since, 60) * 3600
        self.assert_close(row["kmh"], kmh, "kmh", login)
        seen["fast"] += kmh > 1000

    def check_sharing(self, login, row, at, addresses, devices):
        for length, name in [(600 * MICROSECONDS, "10m"), (DAY, "1d")]:
            window = [login for _, login in addresses.of(login["ip"], at, length)]
            self.assertEqual(int(row[f"ip_logins_{name}"]), len(window))
            self.assertEqual(int(row[f"ip_accounts_{name}"]), len({login["account"] for login in window}))
            self.assertEqual(int(row[f"ip_failures_{name}"]), sum(login["success"] == "false" for login in window))
        self.assertEqual(float(row["ip_failed_share"]), int(row["ip_failures_1d"]) / int(row["ip_logins_1d"]))
        window = [login for _, login in devices.of(login["device"], at, DAY)]
        self.assertEqual(int(row["device_accounts_1d"]), len({login["account"] for login in window}))
        self.assertEqual(int(row["device_countries_1d"]), len({login["country"] for login in window}))

    def test_live_scores_are_those_of_a_replay_and_say_why(self):
        records = self.check_live_equals_replay()
        texts = set()
        for record in records:
            self.assertEqual(bool(record["reasons"]), record["score"] >= 0.6, record)
            contributions = [reason["contribution"] for reason in record["reasons"]]
            self.assertEqual(contributions, sorted(contributions, reverse=True))
            texts |= {reason.get("text") for reason in record["reasons"]}
        self.assertIn("far from the last login", texts)


class SensorReadingsTests(ShippedCase):
    NAME, LABEL, KEY, ID = "sensor-readings", "fault", "machine", "reading_id"
    TOPIC, SCORES, LETTERS = "plant.readings", "plant.scores", "plant.dead-letter"
    VALUES = ["temperature", "vibration", "pressure", "current"]
    TYPES = {"reading_id": int, "at": int} | dict.fromkeys(VALUES, float)

    def test_the_pipeline_and_its_sample_are_what_they_claim(self):
        self.check_is_fine()
        self.remake_sample()
        self.check_determinism()

    def test_the_reference_is_remade(self):
        reference = self.folder / "readings.json"
        self.replay("good.csv.gz", "--from", "2025-05-08", "--to", "2025-05-19")
        self.riffle("baseline", self.pipeline, "--input", self.folder / "good.csv.gz", "--output", reference)
        self.assert_remade(reference, self.shipped / "references/readings.json")

    def test_features_are_those_of_a_recomputation(self):
        rows, _ = self.replay("rows.csv")
        by_id = {row["reading_id"]: row for row in rows}
        machines, sites = Windows(), Windows()
        stuck = broken = 0
        for reading in self.logged():
            if reading["reading_id"] not in by_id:
                broken += 1
                continue
            row, at = by_id[reading["reading_id"]], int(reading["at"]) * 1000
            event = {name: float(reading[name]) for name in self.VALUES} | {"at": at}
            machines.add(reading["machine"], at, event)
            sites.add(reading["site"], at, event)
            # Each seventh row is enough, and quick.
            if int(reading["reading_id"]) % 7 == 0:
                self.check_reading(reading, event, row, machines, sites)
                stuck += row["decision"] == "stuck"
        self.assertEqual(broken, 5)
        self.assertGreater(stuck, 20)

    def check_reading(self, reading, event, row, machines, sites):
        def mean(window, value):
            return math.fsum(map(value, window)) / len(window) if window else None

        at, machine, site = event["at"], reading["machine"], reading["site"]
        before = machines.of(machine, at, HOUR, False)
        for name, value in [
            ("temperature_level_1h", lambda one: one["temperature"]),
            ("shake_level_1h", lambda one: one["vibration"] / (0.4 + 0.09 * one["current"])),
            ("press_level_1h", lambda one: one["pressure"] + 0.0125 * one["current"]),
        ]:
            self.assert_close(row[name], mean(before, value), name, reading)
        hour = machines.of(machine, at, HOUR)
        for name in self.VALUES:
            numbers = [one[name] for one in hour]
            spread = statistics.stdev(numbers) if len(numbers) > 1 else None
            self.assert_close(row[f"{name}_spread_1h"], spread, name, reading, 1e-9)
        day = machines.of(machine, at, DAY, False)
        silence = (at - day[-1]["at"]) / MICROSECONDS if day else None
        self.assert_close(row["silence_1d"], silence, "silence", reading, 0)
        warmth = {}
        for length, name in [(2 * HOUR, "2h"), (3 * DAY, "3d")]:
            for windows, key, entity in [(machines, machine, "machine"), (sites, site, "site")]:
                warmth[entity, name] = mean(windows.of(key, at, length), lambda one: one["temperature"])
                self.assert_close(row[f"{entity}_warmth_{name}"], warmth[entity, name], entity, reading)
        warmer = (warmth["machine", "2h"] - warmth["site", "2h"]) - (warmth["machine", "3d"] - warmth["site", "3d"])
        self.assertAlmostEqual(float(row["warmer"]), max(warmer, 0), 9)

    def test_live_scores_are_those_of_a_replay(self):
        records = self.check_live_equals_replay()
        missing = [record["score"] for record in records if record["score"] is None]
        self.assertTrue(0 < len(missing) < LIVE // 4, "the model says nothing before it has seen something")
