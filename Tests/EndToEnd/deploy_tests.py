"""docker-compose.yml, the Dockerfile and deploy/, held against the rest as far as it goes without containers.

What needs packages from PyPI (the schemas of compose and Kubernetes, hadolint) is in scripts/deploy_check.py.
"""

import os
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import docs_tests
import pipeline_case
from deploy_files import DEPLOY, containers, load, manifests, services, units
from docs_blocks import ROOT
from kill_processes import wait_until


class ComposeTests(unittest.TestCase):
    def setUp(self):
        self.compose = load(ROOT / "docker-compose.yml")

    def test_images_are_pinned(self):
        images = {service["image"] for service in services().values() if "build" not in service}
        self.assertGreaterEqual(len(images), 3)
        for image in images:
            self.assertRegex(image, r"^[\w./-]+:v?\d+\.\d+\.\d+$")
        self.assertEqual({service["image"] for service in services().values() if "build" in service}, {"riffle"})
        for image in re.findall(r"_IMAGE=(\S+)", (ROOT / "Dockerfile").read_text()):
            self.assertRegex(image, r"^swift:\d+\.\d+\.\d+-bookworm$|^debian:bookworm-\d{8}-slim$")

    def test_what_is_mounted_is_there(self):
        volumes, seen = set(self.compose["volumes"]), 0
        for name, service in services().items():
            for volume in service.get("volumes", []):
                source, target, *_ = volume.split(":")
                seen += 1
                if source.startswith("."):
                    self.assertTrue((ROOT / source).is_dir(), f"{name}: {source}")
                    self.assertTrue(volume.endswith(":ro"), volume)
                else:
                    self.assertIn(source, volumes)
                self.assertTrue(target.startswith("/"), volume)
        self.assertGreaterEqual(seen, 6)

    def test_nothing_is_published_beyond_this_machine(self):
        ports = [port for service in services().values() for port in service.get("ports", [])]
        self.assertGreaterEqual(len(ports), 3)
        for port in ports:
            self.assertTrue(port.startswith("127.0.0.1:"), port)

    def test_commands_parse(self):
        riffle_help, seen = docs_tests.Help(), 0
        for service in services().values():
            if service["image"] == "riffle":
                seen += 1
                self.assertIsNone(riffle_help.problem(["riffle", *service["command"].split()]))
        self.assertGreaterEqual(seen, 3)

    def test_what_listens_is_scraped_where_it_listens(self):
        targets = {
            target
            for job in load(DEPLOY / "prometheus/prometheus.yml")["scrape_configs"]
            for config in job["static_configs"]
            for target in config["targets"]
        }
        for name, service in services().items():
            listens = re.search(r"--http 0\.0\.0\.0:(\d+)", str(service.get("command")))
            if listens:
                self.assertIn(f"{name}:{listens[1]}", targets)
                self.assertIn(f"127.0.0.1:{listens[1]}:{listens[1]}", service["ports"])
                self.assertIn("RIFFLE_HTTP_TOKEN", service["environment"])
                self.assertEqual(service["healthcheck"]["test"][1:], ["riffle-health", "readyz"])
        self.assertIn("riffle:8080", targets)

    def test_no_secret_is_written_down(self):
        text = (ROOT / "docker-compose.yml").read_text()
        self.assertRegex(text, r"RIFFLE_HTTP_TOKEN: \$\{RIFFLE_HTTP_TOKEN:\?")
        (job,) = [
            job for job in load(DEPLOY / "prometheus/prometheus.yml")["scrape_configs"] if job["job_name"] == "riffle"
        ]
        secret = job["authorization"]["credentials_file"]
        (given,) = services()["prometheus"]["secrets"]
        self.assertEqual(secret, f"/run/secrets/{given['source']}")
        self.assertEqual(self.compose["secrets"][given["source"]], {"environment": "RIFFLE_HTTP_TOKEN"})
        # Compose refuses both together.
        self.assertNotIn("read_only", services()["prometheus"])
        self.assertIn(".env", (ROOT / ".gitignore").read_text().split())

    def test_the_pipeline_is_fine_as_it_is_run(self):
        for name in ("riffle", "monitor"):
            service = services()[name]
            given = {key: value for key, value in service["environment"].items() if key != "RIFFLE_HTTP_TOKEN"}
            pipeline = service["command"].split()[1]
            result = subprocess.run(
                [pipeline_case.RIFFLE, "check", pipeline],
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=60,
                env=os.environ | given,
            )
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("exactly-once", result.stdout)
            self.assertIn(f"snapshots in {given['RIFFLE_STATE']}", result.stdout)
            self.assertTrue(any(volume.endswith(f":{given['RIFFLE_STATE']}") for volume in service["volumes"]))

    def test_the_topics_are_those_of_the_pipeline(self):
        made = dict(re.findall(r"--topic (\S+) --partitions (\d+)", services()["topics"]["command"][0]))
        pipeline = load(ROOT / "pipelines/card-fraud/pipeline.yaml")
        sources = {source["topic"] for source in pipeline["sources"].values()}
        drift = pipeline["monitor"]["topic"]
        outputs = {pipeline[key]["topic"] for key in ("output", "dead_letter", "order")}
        self.assertEqual(set(made), sources | outputs | {drift, f"{drift}.closings"})
        self.assertEqual(made[pipeline["output"]["topic"]], made[pipeline["sources"]["transactions"]["topic"]])


class ImageTests(unittest.TestCase):
    def setUp(self):
        self.text = (ROOT / "Dockerfile").read_text()
        self.lines = re.sub(r"\\\n\s*(#.*\n\s*)*", " ", self.text).splitlines()

    def last(self, instruction):
        return [line.split(None, 1)[1] for line in self.lines if line.startswith(instruction + " ")][-1]

    def test_it_does_not_run_as_root(self):
        user = self.last("USER")
        self.assertGreater(int(user), 0)
        self.assertIn(f"--uid {user} ", self.text)

    def test_what_is_copied_is_there_and_in_the_context(self):
        allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
        copied = [line.split()[1:-1] for line in self.lines if line.startswith("COPY ") and "--from=" not in line]
        sources = [source for sources in copied for source in sources if not source.startswith("--")]
        self.assertGreaterEqual(len(sources), 5)
        for source in sources:
            # With a star it is copied where it is there.
            self.assertTrue(source.endswith("*") or (ROOT / source).exists(), source)
            self.assertTrue(any(source.rstrip("*").startswith(path) for path in allowed), source)

    def test_health_and_end(self):
        self.assertIn('["riffle-health", "livez"]', self.last("HEALTHCHECK"))
        self.assertEqual(self.last("STOPSIGNAL"), "SIGTERM")
        for label in ("title", "version", "revision", "created"):
            self.assertIn(f"org.opencontainers.image.{label}=", self.last("LABEL"))

    def test_the_state_directory_is_the_users(self):
        state = re.search(r"^ENV RIFFLE_STATE=(\S+)$", self.text, re.MULTILINE)[1]
        self.assertRegex(self.text, rf"install -d -o riffle -g riffle -m 0700 {state}\b")


class ServiceTests(unittest.TestCase):
    """What supervises a run asks for what there is, and leaves it the time that it needs."""

    def test_commands_parse(self):
        riffle_help = docs_tests.Help()
        found = [shlex.split(line) for line in re.findall(r"(?m)^ExecStart=\S+/(riffle .*)$", units())]
        found += [["riffle", *container["args"]] for container in containers()]
        self.assertGreaterEqual(len(found), 3)
        for words in found:
            self.assertIsNone(riffle_help.problem([word for word in words if not word.startswith("$")]))

    def test_a_stop_has_time_to_drain(self):
        # A fifth of librdkafka's max.poll.interval.ms, five minutes, and what is written at the end.
        given = {
            services()["riffle"]["stop_grace_period"].removesuffix("s"),
            *re.findall(r"(?m)^TimeoutStopSec=(\d+)$", units()),
        }
        given |= {
            str(one["spec"]["template"]["spec"]["terminationGracePeriodSeconds"])
            for one in manifests()
            if one["kind"] == "StatefulSet"
        }
        self.assertEqual(given, {"90"})

    def test_units_are_verified_by_systemd(self):
        program = shutil.which("systemd-analyze")
        if program is None:
            self.skipTest("no systemd-analyze")
        with tempfile.TemporaryDirectory() as folder:
            for path in DEPLOY.glob("systemd/*.service"):
                unit = Path(folder) / path.name.replace("@", "@tried")
                unit.write_text(
                    path.read_text().replace("/usr/local/bin/riffle", str(Path(pipeline_case.RIFFLE).resolve()))
                )
                result = subprocess.run(
                    [program, "verify", "--man=no", unit], capture_output=True, text=True, timeout=60
                )
                self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_units_differ_only_in_what_they_run(self):
        def kept(text):
            return [
                line
                for line in text.splitlines()
                if not re.match(r"#|Description|Environment=|Exec|StateDirectory=", line)
            ]

        run, monitor = ((DEPLOY / f"systemd/{name}@.service").read_text() for name in ("riffle", "riffle-monitor"))
        self.assertEqual(kept(run), kept(monitor))
        self.assertIn("RestartPreventExitStatus=2", kept(run))

    def test_pods_are_those_that_services_and_volumes_mean(self):
        by_kind = {}
        for one in manifests():
            by_kind.setdefault(one["kind"], {})[one["metadata"]["name"]] = one
        for name, one in by_kind["StatefulSet"].items():
            labels = one["spec"]["template"]["metadata"]["labels"]
            service = by_kind["Service"][one["spec"]["serviceName"]]
            self.assertLessEqual(service["spec"]["selector"].items(), labels.items())
            self.assertLessEqual(one["spec"]["selector"]["matchLabels"].items(), labels.items())
            (container,) = one["spec"]["template"]["spec"]["containers"]
            claimed = {claim["metadata"]["name"] for claim in one["spec"]["volumeClaimTemplates"]}
            self.assertEqual({mount["name"] for mount in container["volumeMounts"]}, claimed)
            (config,) = [source["configMapRef"]["name"] for source in container["envFrom"]]
            state = by_kind["ConfigMap"][config]["data"]["RIFFLE_STATE"]
            self.assertTrue(
                any(state.startswith(mount["mountPath"] + "/") for mount in container["volumeMounts"]), name
            )
            (address,) = re.findall(r"--http \S+:(\d+)", " ".join(container["args"]))
            self.assertEqual([str(port["containerPort"]) for port in container["ports"]], [address])
            user = re.search(r"(?m)^USER (\d+)$", (ROOT / "Dockerfile").read_text())[1]
            self.assertEqual(str(one["spec"]["template"]["spec"]["securityContext"]["runAsUser"]), user)
            self.assertRegex(container["image"], r":\d+\.\d+\.\d+$")


class HealthTests(pipeline_case.PipelineCase):
    """deploy/docker/riffle-health asks the console of a run that lives."""

    PIPELINE = """\
pipeline: health
kafka: {brokers: embedded, group: health}
sources:
  payments: {topic: payments, key: card, id: id, time: {field: at, format: epoch-ms}, fields: {id: int, card: string}}
features: [{by: card, over: [1h], aggregates: {payments: count()}}]
decide: [{allow: true}]
output: {topic: scores, features: all}
dead_letter: {topic: letters}
"""

    def health(self, path, pid):
        return self.command(DEPLOY / "docker/riffle-health", path, pid)

    def test_ready_unknown_and_gone(self):
        process = self.start("run", self.pipeline, "--http", "127.0.0.1:0")
        port = process.wait_for(r"console at http://127\.0\.0\.1:(\d+)/")[1]
        # The command line says port 0; the test's stand-in says the one that was taken.
        words = ["bash", "-c", "read -r", "riffle", "run", "--http"]
        for host in ("127.0.0.1", "0.0.0.0"):
            stand_in = subprocess.Popen([*words, f"{host}:{port}"], stdin=subprocess.PIPE)
            try:
                self.assertEqual(self.health("livez", stand_in.pid).returncode, 0)
                wait_until("ready", lambda: self.health("readyz", stand_in.pid).returncode == 0)
                missing = self.health("nothing", stand_in.pid)
                self.assertEqual(missing.returncode, 1)
                self.assertIn("no-such-path", missing.stdout)
            finally:
                stand_in.communicate(b"\n")
        self.assertNotEqual(self.health("livez", stand_in.pid).returncode, 0)

    def test_without_a_console_it_is_well(self):
        self.assertEqual(self.health("livez", os.getpid()).returncode, 0)

    def test_nobody_answers(self):
        stand_in = subprocess.Popen(
            ["bash", "-c", "read -r", "riffle", "run", "--http=127.0.0.1:1"], stdin=subprocess.PIPE
        )
        try:
            self.assertNotEqual(self.health("livez", stand_in.pid).returncode, 0)
        finally:
            stand_in.communicate(b"\n")
