"""Stands before a cluster that knows neither TLS nor SASL, and asks for both. It shares no code with librdkafka.

What comes after the login goes on to the cluster as it is. In the cluster's answers the proxy's address takes the place
of the broker's: both names have nine letters, so that no length changes.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import ssl
import struct
import subprocess
import threading

API_VERSIONS, SASL_HANDSHAKE, SASL_AUTHENTICATE = 18, 17, 36
UNSUPPORTED_VERSION, SASL_AUTHENTICATION_FAILED = 35, 58
SCRAM_HASHES = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}
SCRAM_ROUNDS = 4096
CLUSTER_HOST, PROXY_HOST = b"127.0.0.1", b"localhost"


class Authority:
    """A throw-away certificate authority in a folder; all certificates hold for two days."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.certificate = self.make("-noenc", "-keyout", folder / f"{name}.key", name=name)

    def make(self, *options, name, host=None):
        path = self.folder / f"{name}.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "2",
             "-subj", f"/CN={host or name}", "-out", path, *options], check=True, capture_output=True)  # fmt: skip
        return path

    def issue(self, name, host=None, password=None):
        """A certificate of a host or a client, and its key: behind a password where there is one."""
        key = self.folder / f"{name}.key"
        password_file = self.folder / f"{name}.password"
        password_file.write_text(password or "")
        options = ["-passout", f"file:{password_file}"] if password else ["-noenc"]
        if host:
            options += ["-addext", f"subjectAltName=DNS:{host}"]
        signer = ["-CA", self.certificate, "-CAkey", self.folder / f"{self.name}.key"]
        options += [*signer, "-addext", "basicConstraints=critical,CA:FALSE", "-keyout", key]
        return self.make(*options, name=name, host=host), key


class SecureProxy:
    """Listens on localhost, with TLS where it has a certificate, and with users lets nobody through without a login.

    `hellos` holds the name that each client wanted to talk to, `handshakes` the subject of its certificate (`None`: it
    showed none) once it trusts the proxy's, `logins` the mechanism, the user, whether it was let through and what it
    sent as its secret, and `forwarded` the numbers of the requests that went on to the cluster.
    """

    def __init__(self, cluster, certificate=None, client_authority=None, users=None):
        self.cluster_host, port = cluster.split(":")
        self.cluster_port = int(port)
        self.users = users
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*certificate)
            if client_authority:
                self.context.verify_mode = ssl.CERT_REQUIRED
                self.context.load_verify_locations(client_authority)
            self.context.sni_callback = lambda connection, name, context: self.note(self.hellos, name)
        self.hellos, self.handshakes, self.logins, self.forwarded = [], [], [], []
        self.changed = threading.Condition()
        self.loop = asyncio.new_event_loop()
        # A client that hangs up in the middle of something is what is tested.
        self.loop.set_exception_handler(lambda _, found: None)
        server = asyncio.start_server(self.serve, "127.0.0.1", 0, ssl=self.context)
        self.server = self.loop.run_until_complete(server)
        self.port = self.server.sockets[0].getsockname()[1]
        self.address = f"localhost:{self.port}"
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.server.close()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()

    def note(self, notes, entry):
        with self.changed:
            notes.append(entry)
            self.changed.notify_all()

    def wait_for(self, condition, seconds):
        with self.changed:
            return self.changed.wait_for(condition, seconds)

    # The life of a connection

    async def serve(self, reader, writer):
        upstream = None
        try:
            if self.context:
                subject = (writer.get_extra_info("peercert") or {}).get("subject")
                self.note(self.handshakes, subject[0][0][1] if subject else None)
            upstream = await asyncio.open_connection(self.cluster_host, self.cluster_port)
            if self.users is not None:
                await self.log_in(reader, writer, upstream)
            await self.pass_on(reader, writer, upstream)
        except (OSError, EOFError, ValueError, asyncio.IncompleteReadError):
            pass
        finally:
            for each in [writer, upstream and upstream[1]]:
                if each:
                    each.close()

    @staticmethod
    async def frame(reader):
        (size,) = struct.unpack(">i", await reader.readexactly(4))
        return await reader.readexactly(size)

    @staticmethod
    def send(writer, data):
        writer.write(struct.pack(">i", len(data)) + data)

    async def pass_on(self, reader, writer, upstream):
        async def requests():
            while True:
                request = await self.frame(reader)
                self.note(self.forwarded, struct.unpack(">h", request[:2])[0])
                self.send(upstream[1], request)
                await upstream[1].drain()

        async def answers():
            old = CLUSTER_HOST + struct.pack(">i", self.cluster_port)
            new = PROXY_HOST + struct.pack(">i", self.port)
            while True:
                self.send(writer, (await self.frame(upstream[0])).replace(old, new))
                await writer.drain()

        tasks = [asyncio.ensure_future(requests()), asyncio.ensure_future(answers())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # The login

    async def log_in(self, reader, writer, upstream):
        """Answers until somebody is logged in; a refusal ends the connection."""
        mechanism = None
        while True:
            request = await self.frame(reader)
            key, version, correlation = struct.unpack(">hhi", request[:8])
            head = struct.pack(">i", correlation)
            if key == API_VERSIONS and version > 0:
                self.send(writer, head + struct.pack(">hi", UNSUPPORTED_VERSION, 0))
            elif key == API_VERSIONS:
                self.send(upstream[1], request)
                answer = await self.frame(upstream[0])
                (count,) = struct.unpack(">i", answer[6:10])
                known = struct.pack(">hhhhhh", SASL_HANDSHAKE, 0, 1, SASL_AUTHENTICATE, 0, 0)
                self.send(writer, answer[:6] + struct.pack(">i", count + 2) + answer[10 : 10 + 6 * count] + known)
            elif key == SASL_HANDSHAKE:
                mechanism = self.body(request, 2).decode()
                name = mechanism.encode()
                self.send(writer, head + struct.pack(">hih", 0, 1, len(name)) + name)
            elif key == SASL_AUTHENTICATE and mechanism:
                async def exchange(answer, head=head):
                    self.send(writer, head + struct.pack(">hhi", 0, -1, len(answer)) + answer)
                    following = await self.frame(reader)
                    return struct.unpack(">i", following[4:8])[0], self.body(following, 4)

                user, correlation, last = await self.judge(mechanism, self.body(request, 4), correlation, exchange)
                head = struct.pack(">i", correlation)
                if user is None:
                    text = b"Authentication failed"
                    refusal = struct.pack(">hh", SASL_AUTHENTICATION_FAILED, len(text)) + text + struct.pack(">i", 0)
                    self.send(writer, head + refusal)
                    await writer.drain()
                    raise ValueError("refused")
                self.send(writer, head + struct.pack(">hhi", 0, -1, len(last)) + last)
                return
            else:
                raise ValueError(f"request {key} without a login")

    @staticmethod
    def body(request, length_bytes):
        """The one field behind the head, whose length comes before it."""
        (client,) = struct.unpack(">h", request[8:10])
        place = 10 + max(0, client)
        length = int.from_bytes(request[place : place + length_bytes], "big")
        return request[place + length_bytes : place + length_bytes + length]

    async def judge(self, mechanism, first, correlation, exchange):
        """The user, or `None` for a refusal; the number of the request to answer, and what to answer it with."""
        secret, last = first, b""
        if mechanism == "PLAIN":
            _, user, password = first.decode().split("\0")
            is_known = self.users.get(user) == password
        elif mechanism == "OAUTHBEARER":
            # RFC 7628; the unsecured token is base64 of a head and of claims, with an empty signature.
            token = first.split(b"auth=Bearer ")[1].split(b"\x01")[0]
            claims = token.split(b".")[1]
            user = json.loads(base64.urlsafe_b64decode(claims + b"=" * (-len(claims) % 4)))["sub"]
            secret, is_known = token, user in self.users
        else:
            hash_name = SCRAM_HASHES[mechanism]
            bare = first.decode().split(",", 2)[2]
            fields = dict(field.split("=", 1) for field in bare.split(","))
            user, salt = fields["n"], os.urandom(16)
            nonce = fields["r"] + base64.b64encode(os.urandom(18)).decode()
            challenge = f"r={nonce},s={base64.b64encode(salt).decode()},i={SCRAM_ROUNDS}"
            correlation, final = await exchange(challenge.encode())
            without_proof, proof = final.decode().rsplit(",p=", 1)
            message = f"{bare},{challenge},{without_proof}".encode()
            salted = hashlib.pbkdf2_hmac(hash_name, self.users.get(user, "").encode(), salt, SCRAM_ROUNDS)
            client_key = hmac.digest(salted, b"Client Key", hash_name)
            signature = hmac.digest(hashlib.new(hash_name, client_key).digest(), message, hash_name)
            expected = bytes(left ^ right for left, right in zip(client_key, signature, strict=True))
            is_known = user in self.users and hmac.compare_digest(base64.b64decode(proof), expected)
            server = hmac.digest(hmac.digest(salted, b"Server Key", hash_name), message, hash_name)
            secret, last = proof.encode(), b"v=" + base64.b64encode(server)
        self.note(self.logins, (mechanism, user, is_known, secret))
        return user if is_known else None, correlation, last
