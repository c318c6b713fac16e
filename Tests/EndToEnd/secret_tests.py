"""No secret in anything that riffle prints, however wrong things are and however much is logged."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from sasl_broker import SASLBroker

ROOT = Path(__file__).resolve().parents[2]
PIPELINE = ROOT / "pipelines/card-fraud/pipeline.yaml"
RIFFLE = None
DEADLINE_SECONDS = 60
SECRET = "hunter2-is-no-password"
USER = "hunter-of-the-group"


class SecretTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.environment = dict(os.environ, KAFKA_PASSWORD=SECRET, KAFKA_USER=USER)

    def pipeline(self, kafka, properties=None, mode=0o600):
        """The shipped pipeline with another `kafka:`; a file with properties beside it."""
        lines = PIPELINE.read_text().splitlines(keepends=True)
        start = next(index for index, line in enumerate(lines) if line.startswith("kafka:"))
        end = next(index for index in range(start + 1, len(lines)) if lines[index][:1].isalpha())
        model = ROOT / "pipelines/card-fraud/models/card-fraud.json"
        text = "".join(lines[:start]) + kafka + "".join(lines[end:])
        path = self.folder / "pipeline.yaml"
        path.write_text(text.replace("models/card-fraud.json", str(model)))
        if properties is not None:
            secrets = self.folder / "kafka.properties"
            secrets.write_text(properties)
            secrets.chmod(mode)
        return path

    def check(self, path):
        result = subprocess.run([RIFFLE, "check", path], capture_output=True, text=True, timeout=DEADLINE_SECONDS,
                                env=self.environment)  # fmt: skip
        return result.returncode, result.stdout + result.stderr

    def expect_no_secret(self, text):
        self.assertNotIn("hunter", text.lower())

    def test_a_wrong_password_is_in_no_log(self):
        in_file = f"security.protocol=sasl_plaintext\nsasl.username={USER}\nsasl.password={SECRET}\n"
        in_environment = (
            "  properties:\n    security.protocol: sasl_plaintext\n    sasl.mechanisms: %s\n    debug: all\n"
            "    sasl.username: ${KAFKA_USER}\n    sasl.password: ${KAFKA_PASSWORD}\n")
        with_file = "  properties: {sasl.mechanisms: %s, debug: all}\n  properties_file: kafka.properties\n"
        for mechanism, kafka, properties, form in [
            ("PLAIN", with_file, in_file, "text"),
            ("PLAIN", in_environment, None, "json"),
            ("SCRAM-SHA-256", with_file, in_file, "json"),
        ]:
            with self.subTest(mechanism=mechanism, form=form):
                broker = SASLBroker(mechanism)
                self.addCleanup(broker.close)
                path = self.pipeline(f"kafka:\n  brokers: {broker.address}\n" + kafka % mechanism, properties)
                status, text = self.check(path)
                self.assertEqual(status, 0, text)
                self.expect_no_secret(text)
                text = self.run_until_refused(path, form, broker)
                self.assertIn("invalid username or password", text)
                self.assertIn("debug", text)
                self.expect_no_secret(text)
                # The client did send what it must not print.
                self.assertIn((SECRET if mechanism == "PLAIN" else USER).encode(), broker.attempts[0])

    def run_until_refused(self, path, form, broker):
        with tempfile.TemporaryFile("w+") as log:
            process = subprocess.Popen(
                [RIFFLE, "run", path, "--log-level", "debug", "--log-format", form], stdout=log, stderr=log,
                env=self.environment)
            try:
                self.assertTrue(broker.wait_for_attempts(3, DEADLINE_SECONDS), "no client came")
            finally:
                process.kill()
                process.wait()
            log.seek(0)
            return log.read()

    def test_what_is_wrong_with_secrets_is_said_without_them(self):
        for properties, code in [
            (SECRET, "invalid-property-line"),
            (f"{SECRET}==", "kafka-property"),
            (f"sasl.pasword={SECRET}", "kafka-property"),
            (f"security.protocol={SECRET}", "kafka-property"),
            (f"ssl.key.pem={SECRET}\nsecurity.protocol=ssl", "kafka-property"),
            (f"ssl.ca.location=/{SECRET}\nsecurity.protocol=ssl", "kafka-property"),
            (f"group.id={SECRET}", "kafka-property"),
            (f"sasl.password={SECRET}\nsasl.password={SECRET}", "duplicate-key"),
        ]:
            with self.subTest(code=code, line=properties.split("=")[0]):
                path = self.pipeline(
                    "kafka:\n  brokers: 127.0.0.1:1\n  properties_file: kafka.properties\n", properties)
                status, text = self.check(path)
                self.assertEqual(status, 2, text)
                self.assertIn(f"[{code}]", text)
                self.expect_no_secret(text)

    def test_a_pipeline_from_a_stranger_runs_no_program_while_it_is_checked(self):
        mark = self.folder / "was-here"
        for name, value in [
            ("sasl.kerberos.kinit.cmd", f"touch {mark}"),
            ("sasl.kerberos.keytab", f"x\\\"; touch {mark}; \\\""),
            ("sasl.kerberos.principal", f"$(touch {mark})"),
            ("plugin.library.paths", "own.so"),
        ]:
            with self.subTest(name=name):
                path = self.pipeline(
                    "kafka:\n  brokers: 127.0.0.1:1\n  properties:\n    security.protocol: sasl_plaintext\n"
                    f"    sasl.mechanisms: GSSAPI\n    {name}: \"{value}\"\n")
                status, text = self.check(path)
                self.assertEqual(status, 2, text)
                self.assertIn("[kafka-property]", text)
                self.assertFalse(mark.exists())
