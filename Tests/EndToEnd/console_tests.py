"""`riffle run --http` from outside: every route, who may ask, and that asking changes nothing."""

import json
import os
import re
import signal
import socket
import time
import unittest
import urllib.error
import urllib.request

import jsonschema
from confluent_kafka import Producer

import pipeline_case
from kill_processes import ROOT, RUN_PROPERTIES, Process, wait_until
from metrics_tests import parse, total
from pipeline_case import DEADLINE_SECONDS, PipelineCase

PIPELINE = """\
pipeline: asked
kafka: {brokers: embedded, group: asked}
sources:
  payments:
    topic: payments
    key: card
    id: id
    time: {field: at, format: epoch-ms}
    fields: {id: int, card: string, shop: int, amount: {type: decimal, scale: 2}}
    late: {after: 1h, then: score}
features:
  - amount: amount
  - by: card
    over: [1h, 1d]
    aggregates: {payments: count(), mean: mean(amount), spread: stddev(amount), shops: distinct(shop)}
  - {by: shop, over: [1h], delay: 5m, aggregates: {sold: sum(amount)}}
decide: [{high: payments_1h > 3}, {low: true}]
output: {topic: scores, features: all}
dead_letter: {topic: letters}
state: {directory: STATE}
limits: {event_bytes: 1000 B}
"""
START = 1_709_251_200_000
EVENTS = 40
TOKEN = "a-token-of-many-characters"


def event(number):
    """Some out of order, some that tie."""
    at = START + number // 2 * 400_000 - (900_000 if number % 7 == 3 else 0)
    return {"id": number, "card": f"card-{number % 3}", "shop": number % 5, "at": at, "amount": number * 1.25}


class ConsoleTests(PipelineCase):
    PIPELINE = PIPELINE

    def setUp(self):
        super().setUp()
        self.cluster = self.start("cluster", "--pipeline", self.pipeline, "--topic=others:4")
        self.brokers = self.cluster.wait_for(r"embedded cluster at (\S+)").group(1)

    def run_pipeline(self, *options, pipeline=None):
        properties = [part for name in RUN_PROPERTIES for part in ("-X", name)]
        run = self.start("run", pipeline or self.pipeline, "--brokers", self.brokers, "--no-state", *options, *properties)
        if "--http" in options:
            self.url = run.wait_for(r"console at (http://\S+)/").group(1)
        return run

    def ask(self, path, body=None, **headers):
        """Status, content and headers of an answer."""
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=body, headers=headers)
        while True:
            try:
                with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS) as answer:
                    return answer.status, answer.read().decode(), answer.headers
            except urllib.error.HTTPError as error:
                if error.code != 429:
                    return error.code, error.read().decode(), error.headers
                time.sleep(int(error.headers["Retry-After"]))

    def json(self, path, body=None, status=200):
        found, text, _ = self.ask(path, body)
        self.assertEqual(found, status, f"{path}: {text}")
        return json.loads(text)

    def scored(self):
        return total(parse(self.ask("/metrics")[1]), "riffle_events_scored_total")

    def wait_until_ready(self):
        wait_until(lambda: self.ask("/readyz"), lambda: self.ask("/readyz")[0] == 200)

    def test_an_answer_is_what_the_event_then_gets_and_asking_changes_nothing(self):
        run = self.run_pipeline("--http", "127.0.0.1:0")
        self.wait_until_ready()
        answers = []
        # One connection for all: an event a time takes no client a time.
        producer = Producer({"bootstrap.servers": self.brokers, "partitioner": "murmur2_random", "linger.ms": 0})
        for number in range(EVENTS):
            answers.append(self.json("/v1/score", event(number)))
            explained = self.json("/v1/explain", event(number))
            self.assertEqual(explained["record"], answers[-1])
            self.assertIn("the pipeline asks for none", explained["note"])
            self.ask("/v1/features/card/card-1")
            producer.produce("payments", json.dumps(event(number)), f"card-{number % 3}")
            producer.flush(DEADLINE_SECONDS)
            wait_until(f"event {number} is scored", lambda wanted=number + 1: self.scored() == wanted)
        scores = self.read_scores(self.brokers, EVENTS)
        for number, answer in enumerate(answers):
            self.assertEqual(answer, scores[number], number)
        # Another group that nobody asks writes the same.
        quiet = self.folder / "quiet.yaml"
        quiet.write_text(self.pipeline.read_text().replace("group: asked", "group: quiet, start: earliest")
                         .replace("topic: scores", "topic: others"))  # fmt: skip
        unasked = self.run_pipeline("--until-end", pipeline=quiet)
        self.assertEqual(unasked.process.wait(DEADLINE_SECONDS), 0, unasked.text())
        self.assertIn(f"{EVENTS} events", unasked.text())
        others = {int(each["id"]): each for each in map(json.loads, self.read(self.brokers, "others", EVENTS))}
        self.assertEqual(others, scores)
        # As of the newest event, whichever card's it was.
        found = self.json("/v1/features/card/card-1")
        self.assertEqual(found["watermark"], "2024-03-01T02:06:40Z")
        last_day = [event(number)["amount"] for number in range(EVENTS) if number % 3 == 1]
        self.assertEqual(found["features"]["payments_1d"], len(last_day))
        self.assertAlmostEqual(found["features"]["mean_1d"], sum(last_day) / len(last_day), places=9)
        self.assertEqual(run.end(signal.SIGTERM), 0, run.text())

    def test_what_it_says_of_itself(self):
        self.run_pipeline("--http", "127.0.0.1:0")
        self.assertEqual(self.json("/livez"), {"alive": True})
        self.wait_until_ready()
        self.assertEqual(self.json("/readyz"), {"ready": True, "reasons": []})
        plan = self.json("/v1/pipeline")
        self.assertEqual((plan["pipeline"], plan["entities"]), ("asked", ["card", "shop"]))
        self.assertEqual(plan["features"][:3], ["amount", "payments_1h", "mean_1h"])
        document, reference = self.json("/openapi.json"), json.loads((ROOT / "docs/reference/openapi.json").read_text())
        described = document["components"]["schemas"].pop("Event")
        self.assertEqual(described["required"], ["id", "card", "shop", "amount", "at"])
        jsonschema.validate(event(1), described)
        reference["components"]["schemas"].pop("Event")
        self.assertEqual(document, reference)
        lines = [(f"card-{number % 3}", json.dumps(event(number))) for number in range(EVENTS)]
        self.publish(self.brokers, "payments", lines + [("card-1", "{")])

        wait_until("all events are counted", lambda: self.scored() == EVENTS)
        with urllib.request.urlopen(self.url + "/v1/stream", timeout=DEADLINE_SECONDS) as stream:
            self.assertEqual(stream.headers["Content-Type"], "text/event-stream")
            self.assertEqual(stream.readline(), b"event: history\n")
            while True:
                line = stream.readline().decode()
                sample = json.loads(line[6:]) if line.startswith("data: {") else {}
                if sample.get("scored") == EVENTS and sample["dead_lettered"] == 1:
                    break
        self.assertEqual(sample["dead_letters"], [{"name": "invalid-json", "count": 1}])
        self.assertEqual({lane["lag"] for lane in sample["lanes"]}, {0})
        self.assertEqual(sum(each["count"] for each in sample["decisions"]), EVENTS)
        self.assertEqual(sum(sample["scores"]["counts"]), 0, "there is no model")
        self.assertIn("nothing is watched", sample["drift"]["text"])
        page, text, headers = self.ask("/")
        self.assertEqual(page, 200)
        self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
        self.assertTrue(text.startswith("<!doctype html>"))

    def test_what_another_process_tells_of_drift_is_shown(self):
        alert = {"state": "firing", "severity": "critical", "fingerprint": "f", "pipeline": "asked", "series": "score",
                 "summary": "score has moved up", "startsAt": "2024-03-01T00:00:00Z", "causes": [{"series": "amount"}],
                 "segments": []}  # fmt: skip
        cluster = self.start("cluster", "--pipeline", self.pipeline)
        self.brokers = cluster.wait_for(r"embedded cluster at (\S+)").group(1)
        (self.folder / "watched.yaml").write_text(
            self.pipeline.read_text() + "monitor: {topic: drift, reference: reference.json, watch: [decisions]}\n")
        self.run_pipeline("--http", "127.0.0.1:0", pipeline=self.folder / "watched.yaml")

        def drift(wanted):
            """What the dashboard is told, as soon as it is what is wanted."""
            with urllib.request.urlopen(self.url + "/v1/stream", timeout=DEADLINE_SECONDS) as stream:
                for line in stream:
                    if line.startswith(b"data: {"):
                        found = json.loads(line[6:]).get("drift")
                        if found and wanted(found):
                            return found

        self.assertIn('There is no topic "drift" yet', drift(lambda found: "looked for" not in found["text"])["text"])
        producer = Producer({"bootstrap.servers": self.brokers, "allow.auto.create.topics": True})
        for value in ("no alert", json.dumps(alert), json.dumps({**alert, "fingerprint": "g", "pipeline": "another"})):
            producer.produce("drift", value, "f")
        producer.flush(DEADLINE_SECONDS)
        shown = drift(lambda found: found["alerts"])["alerts"]
        self.assertEqual([(each["series"], each["text"], each["until"]) for each in shown],
                         [("score", "score has moved up; with it amount", None)])  # fmt: skip
        producer.produce("drift", json.dumps({**alert, "state": "resolved", "endsAt": "2024-03-01T02:00:00Z"}), "f")
        producer.flush(DEADLINE_SECONDS)
        over = drift(lambda found: found["alerts"][0]["until"])["alerts"]
        self.assertEqual([each["until"] for each in over], ["2024-03-01T02:00:00Z"])

    def test_what_makes_no_sense_is_refused(self):
        self.run_pipeline("--http", "127.0.0.1:0")
        self.wait_until_ready()
        self.assertEqual(self.json("/v1/score", b"{", status=400)["code"], "invalid-json")
        self.assertEqual(self.json("/v1/score", {"id": 1}, status=400)["code"], "field-missing")
        self.assertEqual(self.json("/v1/score", event(1) | {"at": "x"}, status=400)["code"], "invalid-time")
        self.assertEqual(self.json("/v1/score", event(1) | {"more": "x" * 1000}, status=413)["code"], "body-too-long")
        self.assertEqual(self.json("/v1/features/bank/1", status=404)["code"], "unknown")
        self.assertEqual(self.json("/v1/features/card/nobody", status=404)["code"], "unknown")
        self.assertEqual(self.json("/nothing", status=404)["code"], "no-such-path")
        self.assertEqual(self.ask("/v1/score")[0], 405)
        self.assertEqual(self.ask("/metrics", Host="evil.example")[0], 403)

    def test_it_is_ready_only_while_it_can_work(self):
        run = self.run_pipeline("--http", "127.0.0.1:0")
        status, text, _ = self.ask("/readyz")
        if status == 503:
            self.assertEqual([each["code"] for each in json.loads(text)["reasons"]], ["no-partitions"])
            self.assertEqual(self.json("/v1/score", event(1), status=503)["code"], "not-now")
        self.wait_until_ready()
        self.cluster.end(signal.SIGKILL)
        wait_until(lambda: self.ask("/readyz"), lambda: "broker-away" in self.ask("/readyz")[1])
        self.assertEqual(self.ask("/livez")[0], 200)
        run.end(signal.SIGKILL)

    def test_others_than_this_machine_need_a_token(self):
        def run(token):
            environment = {name: text for name, text in os.environ.items() if name != "RIFFLE_HTTP_TOKEN"}
            if token is not None:
                environment["RIFFLE_HTTP_TOKEN"] = token
            run = Process("env", "-i", *[f"{name}={text}" for name, text in environment.items()], pipeline_case.RIFFLE, "run",
                          self.pipeline, "--brokers", self.brokers, "--no-state", "--http", "0.0.0.0:0")  # fmt: skip
            self.addCleanup(run.close)
            return run

        for token, words in [(None, "needs a token: set RIFFLE_HTTP_TOKEN"), ("short", "at least 16 characters")]:
            refused = run(token)
            self.assertEqual(refused.process.wait(DEADLINE_SECONDS), 2)
            self.assertIn(words, refused.text())
        port = run(TOKEN).wait_for(r"console at http://0.0.0.0:(\d+)/").group(1)
        self.url = f"http://127.0.0.1:{port}"
        for path, wanted in [("/metrics", 401), ("/v1/pipeline", 401), ("/livez", 200), ("/", 200)]:
            self.assertEqual(self.ask(path)[0], wanted, path)
        self.assertEqual(self.ask("/metrics", Authorization=f"Bearer {TOKEN}x")[0], 401)
        self.assertEqual(self.ask("/metrics", Authorization=f"Bearer {TOKEN}")[0], 200)

    def test_a_port_that_is_taken_is_said_before_anything_is_read(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            refused = Process(pipeline_case.RIFFLE, "run", self.pipeline, "--brokers", self.brokers, "--no-state", "--http", address)
            self.addCleanup(refused.close)
            self.assertEqual(refused.process.wait(DEADLINE_SECONDS), 1)
            self.assertIn("another program listens there", refused.text())
            self.assertNotIn("joining", refused.text())

    def test_the_end_does_not_wait_for_listeners(self):
        run = self.run_pipeline("--http", "127.0.0.1:0")
        with urllib.request.urlopen(self.url + "/v1/stream", timeout=DEADLINE_SECONDS) as stream:
            self.assertEqual(stream.readline(), b"event: history\n")
            self.assertEqual(run.end(signal.SIGTERM), 0, run.text())
            self.assertTrue(re.search(rb"event: sample", stream.read()))


if __name__ == "__main__":
    unittest.main()
