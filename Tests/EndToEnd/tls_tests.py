"""TLS and SASL between Riffle and a cluster: what is let through, what is refused, and that no secret is printed.

The cluster of `riffle cluster` speaks neither; a proxy before it does, and passes on what comes after the login.
"""

import json
import os
import re
import signal
import subprocess
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pipeline_case
from kill_processes import DEADLINE_SECONDS, Process
from secure_proxy import Authority, SecureProxy

# Kafka's numbers of the requests of a pipeline's life.
PRODUCE, FETCH, METADATA, OFFSET_COMMIT, JOIN_GROUP = 0, 1, 3, 8, 11
USER = "friend-of-the-group"
PASSWORD = "hunter2-is-no-password"
KEY_PASSWORD = "hunter2-opens-the-key"
ELSEWHERE = "kafka.elsewhere.example"
EVENTS = 5
PIPELINE = """
pipeline: NAME
kafka:
  brokers: BROKERS
  properties: {debug: all, broker.address.family: v4, EXTRA}
  properties_file: kafka.properties
sources:
  payments:
    topic: payments
    key: card
    id: id
    time: {field: at, format: epoch-s}
    fields: {id: int, card: string}
features:
  - {by: card, over: [1h], aggregates: {n: count()}}
output: {topic: NAME.scores, features: all}
dead_letter: {topic: NAME.dead-letter}
"""


class Client:
    """A pipeline with properties of its own, and the proxy that it has to pass."""

    def __init__(self, case, name, properties, certificate=None, extra="", **proxy):
        self.case, self.name = case, name
        self.proxy = SecureProxy(case.brokers, certificate or case.server, **proxy)
        case.addCleanup(self.proxy.close)
        folder = case.folder / name
        folder.mkdir()
        self.pipeline = folder / "pipeline.yaml"
        text = PIPELINE.replace("NAME", name).replace("BROKERS", self.proxy.address)
        self.pipeline.write_text(text.replace("EXTRA", extra))
        file = folder / "kafka.properties"
        file.write_text("".join(f"{key}={value}\n" for key, value in properties.items()))
        file.chmod(0o600)

    def run(self, *options, level="debug"):
        """A run, and all that it prints."""
        process = Process(pipeline_case.RIFFLE, "run", self.pipeline, "--no-state", "--log-level", level, *options)
        self.case.addCleanup(process.close)
        return process

    def run_to_end(self):
        process = self.run("--until-end")
        return process.process.wait(DEADLINE_SECONDS), process.text()


class SecureTests(unittest.TestCase):
    CLIENTS = ["key-in-file", "key-in-environment", "other-name", "plain", "scram-256", "scram-512", "oauth"]

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.authority, cls.stranger = Authority(cls.folder, "authority"), Authority(cls.folder, "stranger")
        cls.server = cls.authority.issue("server", "localhost")
        cls.elsewhere = cls.authority.issue("elsewhere", ELSEWHERE)
        cls.client = cls.authority.issue("client", password=KEY_PASSWORD)
        os.environ["RIFFLE_TEST_KEY_PASSWORD"] = KEY_PASSWORD
        cls.addClassCleanup(os.environ.pop, "RIFFLE_TEST_KEY_PASSWORD")
        topics = ["payments", *(f"{name}.{kind}" for name in cls.CLIENTS for kind in ["scores", "dead-letter"])]
        cluster = Process(pipeline_case.RIFFLE, "cluster", *(f"--topic={topic}:1" for topic in topics))
        cls.addClassCleanup(cluster.close)
        cls.brokers = cluster.wait_for(r"embedded cluster at (\S+)").group(1)
        events = "".join(json.dumps({"id": each, "card": "c", "at": 1000 + each}) + "\n" for each in range(EVENTS))
        subprocess.run(["kcat", "-b", cls.brokers, "-P", "-t", "payments"], input=events, text=True, check=True)

    def tls(self, **properties):
        trusted = {"security.protocol": "ssl", "ssl.ca.location": self.authority.certificate}
        return trusted | {name.replace("_", "."): value for name, value in properties.items()}

    def login(self, mechanism, **properties):
        return self.tls(security_protocol="sasl_ssl", sasl_mechanisms=mechanism, **properties)

    def expect_no_secret(self, text, client):
        self.assertNotIn("hunter", text.lower())
        for _, _, _, secret in client.proxy.logins:
            for part in secret.decode(errors="replace").split("."):
                # The head of an unsecured token is the same for everybody.
                if part and not part.startswith("eyJhbGci"):
                    self.assertNotIn(part, text)

    def scores(self, client):
        result = subprocess.run(["kcat", "-b", self.brokers, "-C", "-t", f"{client.name}.scores", "-e", "-q"],
                                capture_output=True, text=True, timeout=DEADLINE_SECONDS)  # fmt: skip
        return [(int(score["id"]), score["features"]) for score in map(json.loads, result.stdout.splitlines())]

    def test_whoever_is_known_reads_and_scores(self):
        password = {"sasl_username": USER, "sasl_password": PASSWORD}
        key = {"ssl_certificate_location": self.client[0], "ssl_key_location": self.client[1]}
        users = {"users": {USER: PASSWORD}}
        certificates = {"client_authority": self.authority.certificate}
        clients = [
            Client(self, "key-in-file", self.tls(**key, ssl_key_password=KEY_PASSWORD), **certificates),
            Client(self, "key-in-environment", self.tls(**key), **certificates,
                   extra="ssl.key.password: '${RIFFLE_TEST_KEY_PASSWORD}'"),
            # That a certificate of another host is refused below is for its name alone.
            Client(self, "other-name", self.tls(ssl_endpoint_identification_algorithm="none"), self.elsewhere),
            Client(self, "plain", self.login("PLAIN", **password), **users),
            Client(self, "scram-256", self.login("SCRAM-SHA-256", **password), **users),
            Client(self, "scram-512", self.login("SCRAM-SHA-512", **password), **users),
            Client(self, "oauth", self.login(
                "OAUTHBEARER", enable_sasl_oauthbearer_unsecure_jwt="true",
                sasl_oauthbearer_config=f"principal={USER}"), **users),
        ]  # fmt: skip
        self.assertEqual([client.name for client in clients], self.CLIENTS)
        with ThreadPoolExecutor(len(clients)) as pool:
            results = list(pool.map(Client.run_to_end, clients))
        for client, (status, text) in zip(clients, results, strict=True):
            with self.subTest(client.name):
                self.assertEqual(status, 0, text[-2_000:])
                self.assertEqual(self.scores(client), [(each, {"n_1h": each + 1}) for each in range(EVENTS)])
                self.check_passage(client)
                self.assertRegex(text, "debug librdkafka (SSL|SECURITY|SEND)")
                self.expect_no_secret(text, client)

    def check_passage(self, client):
        proxy = client.proxy
        self.assertEqual(set(proxy.hellos), {"localhost"})
        subject = "client" if client.name.startswith("key") else None
        self.assertEqual(set(proxy.handshakes), {subject})
        self.assertLessEqual({PRODUCE, FETCH, METADATA, OFFSET_COMMIT, JOIN_GROUP}, set(proxy.forwarded))
        mechanism = {"plain": "PLAIN", "scram-256": "SCRAM-SHA-256", "scram-512": "SCRAM-SHA-512",
                     "oauth": "OAUTHBEARER"}.get(client.name)  # fmt: skip
        logins = {(mechanism, USER, True)} if mechanism else set()
        self.assertEqual({login[:3] for login in proxy.logins}, logins)
        if mechanism == "PLAIN":
            # What must not be printed has been sent.
            self.assertEqual(proxy.logins[0][3], f"\0{USER}\0{PASSWORD}".encode())

    def test_whoever_is_not_known_is_told_why_and_where(self):
        """At the level that logs have unless somebody asks for more: a warning names the broker and what to look at."""
        users = {"users": {USER: PASSWORD + "-any-more"}}
        password = {"sasl_username": USER, "sasl_password": PASSWORD}
        not_verified = "certificate verify failed.*verify that ssl.ca.location is correctly configured"
        refused = [
            (Client(self, "wrong-authority", self.tls(ssl_ca_location=self.stranger.certificate)), not_verified),
            (Client(self, "wrong-host", self.tls(), self.elsewhere), not_verified),
            (Client(self, "wrong-plain", self.login("PLAIN", **password), **users), "Authentication failed"),
            (Client(self, "wrong-scram", self.login("SCRAM-SHA-512", **password), **users), "Authentication failed"),
        ]  # fmt: skip
        processes = [client.run(level="notice") for client, _ in refused]
        for (client, pattern), process in zip(refused, processes, strict=True):
            with self.subTest(client.name):
                process.wait_for(rf"warning .*{re.escape(client.proxy.address)}.*{pattern}")
                self.assertEqual(process.end(signal.SIGTERM), 0, process.text())
                self.expect_no_secret(process.text(), client)
                # Only librdkafka's debug lines name the user.
                self.assertNotIn(USER, process.text())
                self.assertGreater(len(client.proxy.hellos), 0)
                self.assertEqual(client.proxy.forwarded, [])
                if client.name.endswith(("authority", "host")):
                    self.assertEqual(client.proxy.handshakes, [])
                if client.name.startswith("wrong-") and client.proxy.users:
                    self.assertEqual({login[1:3] for login in client.proxy.logins}, {(USER, False)})
