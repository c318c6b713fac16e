"""A broker that takes SASL handshakes on 127.0.0.1 and refuses every password. It shares no code with librdkafka."""

import socket
import struct
import threading

API_VERSIONS, SASL_HANDSHAKE, SASL_AUTHENTICATE = 18, 17, 36
SASL_AUTHENTICATION_FAILED = 58
# Metadata is named so that clients see a whole broker; nobody gets so far as to ask.
VERSIONS = [(API_VERSIONS, 0, 0), (SASL_HANDSHAKE, 0, 1), (SASL_AUTHENTICATE, 0, 0), (3, 0, 1)]


class SASLBroker:
    def __init__(self, mechanism):
        self.mechanism = mechanism
        # What clients sent as their first message.
        self.attempts = []
        self.changed = threading.Condition()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.listener.close()

    def wait_for_attempts(self, count, seconds):
        with self.changed:
            return self.changed.wait_for(lambda: len(self.attempts) >= count, seconds)

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection:
            try:
                while True:
                    (size,) = struct.unpack(">i", self.exactly(connection, 4))
                    request = self.exactly(connection, size)
                    answer = self.answer(*struct.unpack(">hhi", request[:8]), request[8:])
                    connection.sendall(struct.pack(">i", len(answer)) + answer)
            except (ConnectionError, OSError):
                return

    @staticmethod
    def exactly(connection, count):
        data = b""
        while len(data) < count:
            more = connection.recv(count - len(data))
            if not more:
                raise ConnectionError
            data += more
        return data

    def answer(self, key, version, correlation, rest):
        head = struct.pack(">i", correlation)
        if key == API_VERSIONS:
            # 35: version 3 is not known here; the client asks again with version 0.
            error = 0 if version == 0 else 35
            body = b"".join(struct.pack(">hhh", *entry) for entry in VERSIONS)
            return head + struct.pack(">hi", error, len(VERSIONS)) + body
        if key == SASL_HANDSHAKE:
            name = self.mechanism.encode()
            return head + struct.pack(">hih", 0, 1, len(name)) + name
        if key == SASL_AUTHENTICATE:
            (client_length,) = struct.unpack(">h", rest[:2])
            (length,) = struct.unpack(">i", rest[2 + client_length:6 + client_length])
            with self.changed:
                self.attempts.append(rest[6 + client_length:6 + client_length + length])
                self.changed.notify_all()
            message = b"Authentication failed: invalid username or password"
            return head + struct.pack(">hh", SASL_AUTHENTICATION_FAILED, len(message)) + message + struct.pack(">i", 0)
        raise ConnectionError
