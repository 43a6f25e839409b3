"""Clients that want all of a responder, and one that wants an answer: it never
waits for a second."""

import http.client
import multiprocessing
import os
import resource
import selectors
import socket
import time
import urllib.parse

import junit
from cryptography.x509 import ocsp
from cluster import wait_until
from harness import ClusterCase, resident_bytes

RESPONDER = "responder-1"
IDLE = 10_000
SECONDS = 5  # Of each kind of load.
# Memory that a connection may cost, in the process.
BYTES_PER_CONNECTION = 16 << 10


def ask_correctly(at, request, ended, out):
    """Connects, asks, reads the answer, closes; 20 times a second. Sends how
    long each answer took, and what went wrong."""
    waits, failures = [], []
    while not ended.wait(0.05):
        begun = time.monotonic()
        try:
            connection = http.client.HTTPConnection(*at, timeout=10)
            connection.request("POST", "/", request,
                               {"Content-Type": "application/ocsp-request"})
            answer = connection.getresponse()
            body = answer.read()
            connection.close()
            status = ocsp.load_der_ocsp_response(body).certificate_status
            if answer.status != 200 or status != ocsp.OCSPCertStatus.GOOD:
                raise AssertionError(f"HTTP {answer.status}, {status}")
        except Exception as error:
            failures.append(repr(error))
        waits.append(time.monotonic() - begun)
    out.send((waits, failures))


class HostileTest(ClusterCase):

    @classmethod
    def setUpClass(cls):
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < IDLE + 1000:
            raise AssertionError(f"RLIMIT_NOFILE is {hard}, {IDLE + 1000} are needed")
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        # AddressSanitizer keeps 256 MB of what was freed, and surrounds the rest with
        # as much again; memory is measured here.
        cls.overhead = 2 if "ASAN_OPTIONS" in os.environ else 1
        os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + (
            ":quarantine_size_mb=0:thread_local_quarantine_size_kb=0")
        super().setUpClass()
        try:
            cls.url = cls.cluster.url_of(RESPONDER)
            at = urllib.parse.urlsplit(cls.url)
            cls.at = (at.hostname, at.port)
        except Exception:
            cls.tearDownClass()
            raise

    def setUp(self):
        name = self.id().rsplit(".", 1)[1].replace("_", "-")
        certificate, _ = self.issue(name[:40])
        self.wait_status(certificate, "good")
        self.request_der = self.ocsp_request(certificate).read_bytes()
        self.process = self.cluster.running[RESPONDER]

    def memory(self):
        return resident_bytes(self.process.pid)

    def beside(self, attack):
        """Runs it beside the correct client; its result."""
        # A process of its own: threads of this one would wait for one another.
        ended = multiprocessing.Event()
        ours, its = multiprocessing.Pipe()
        correct = multiprocessing.Process(
            target=ask_correctly, args=(self.at, self.request_der, ended, its))
        correct.start()
        try:
            result = attack()
        finally:
            ended.set()
            waits, failures = ours.recv()
            correct.join()
        self.assertEqual(failures, [])
        self.assertGreater(len(waits), 5)
        slowest = max(waits)
        self.assertLess(slowest, 1)
        self.assertIsNone(self.process.poll())
        print(f"{self.id().rsplit('.', 1)[1]}: {len(waits)} answers, "
              f"the slowest after {slowest * 1000:.0f} ms")
        return result

    def connect(self, number=0):
        """From one of several addresses: each has 28,000 ports and no more."""
        client = socket.socket()
        client.bind((f"127.0.1.{1 + number % 100}", 0))
        client.connect(self.at)
        client.setblocking(False)
        return client

    def post(self):
        """The request as it goes over the wire."""
        return (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: "
                b"application/ocsp-request\r\nContent-Length: %d\r\n\r\n"
                % len(self.request_der) + self.request_der)

    def lua(self):
        path = self.work / "post.lua"
        body = "".join(f"\\{octet:03d}" for octet in self.request_der)
        path.write_text('wrk.method = "POST"\n'
                        f'wrk.body = "{body}"\n'
                        'wrk.headers["Content-Type"] = "application/ocsp-request"\n')
        return path

    # --- more load than it can serve -------------------------------------------

    def test_wrk(self):
        text = self.beside(lambda: self.shell(
            "wrk", "-t", "2", "-c", "400", "-d", f"{SECONDS}s", "-s", self.lua(), self.url))
        self.assertNotIn("Non-2xx", text)
        self.assertNotIn("Socket errors", text)

    def test_h2load(self):
        body = self.work / "body"
        body.write_bytes(self.request_der)
        text = self.beside(lambda: self.shell(
            "h2load", "--h1", "-t", "1", "-c", "200", "-m", "8", "-D", SECONDS,
            "-d", body, "-H", "content-type: application/ocsp-request", self.url))
        self.assertIn(" 0 failed, 0 errored, 0 timeout", text)

    def test_a_flood_of_unknown_serials(self):
        # The last octets of the request are the serial's.
        unknown = self.request_der[:-4] + b"\x5a\x5a\x5a\x5a"
        self.assertNotEqual(unknown, self.request_der)
        connection = http.client.HTTPConnection(*self.at, timeout=10)
        connection.request("POST", "/", unknown)
        self.assertEqual(
            ocsp.load_der_ocsp_response(connection.getresponse().read()).response_status,
            ocsp.OCSPResponseStatus.UNAUTHORIZED)
        connection.close()
        known, self.request_der = self.request_der, unknown
        script = self.lua()
        self.request_der = known
        text = self.beside(lambda: self.shell(
            "wrk", "-t", "2", "-c", "400", "-d", f"{SECONDS}s", "-s", script, self.url))
        self.assertNotIn("Socket errors", text)

    # --- clients that take their time -------------------------------------------

    def test_ten_thousand_idle_connections(self):
        # What earlier tests gave back to the allocator would hide the growth.
        self.cluster.kill(RESPONDER)
        self.cluster.start(RESPONDER)
        self.process = self.cluster.running[RESPONDER]
        before = self.memory()

        def attack():
            clients = [self.connect(i) for i in range(IDLE)]
            time.sleep(SECONDS)  # They are there; that is all they do.
            ask = self.post()
            # Every hundredth is served like any other.
            for client in clients[::100]:
                client.setblocking(True)
                client.settimeout(5)
                client.sendall(ask)
                self.assertTrue(client.recv(65536).startswith(b"HTTP/1.1 200 "))
            grown = self.memory() - before
            for client in clients:
                client.close()
            return grown

        grown = self.beside(attack)
        self.assertLess(grown, IDLE * BYTES_PER_CONNECTION)
        print(f"{grown // IDLE} bytes for each idle connection")

    def test_requests_that_come_octet_by_octet(self):
        head = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "

        def attack():
            clients = [self.connect(i) for i in range(2000)]
            for client in clients:
                client.send(head)
            refused = 0
            begun = time.monotonic()
            # The first request has to be whole 10 seconds after connecting.
            while time.monotonic() < begun + 15 and refused < len(clients):
                time.sleep(0.5)
                for i, client in enumerate(clients):
                    if client is None:
                        continue
                    try:
                        client.send(b"x")
                        answer = client.recv(4096)
                    except BlockingIOError:
                        continue
                    except ConnectionError:
                        answer = b""
                    if answer:
                        self.assertTrue(answer.startswith(b"HTTP/1.1 408 "), answer)
                    refused += 1
                    client.close()
                    clients[i] = None
            return refused

        self.assertEqual(self.beside(attack), 2000)

    def test_answers_that_nobody_takes(self):
        ask = self.post()
        before = self.memory()

        def attack():
            clients = [self.connect(i) for i in range(300)]
            selector = selectors.DefaultSelector()
            for client in clients:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                selector.register(client, selectors.EVENT_WRITE)
            end = time.monotonic() + SECONDS
            most = 0
            while time.monotonic() < end:
                # As many requests as the kernel takes, and not one answer read.
                for key, _ in selector.select(0.1):
                    try:
                        key.fileobj.send(ask * 50)
                    except (BlockingIOError, ConnectionError):
                        pass
                most = max(most, self.memory())
            for client in clients:
                client.close()
            return most - before

        # limits.output_bytes and one buffer of input for each, and some.
        self.assertLess(self.beside(attack), self.overhead * 300 * (256 << 10))

    def test_connections_that_end_in_the_middle(self):
        def attack():
            end = time.monotonic() + SECONDS
            count = 0
            while time.monotonic() < end:
                client = self.connect(count)
                client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 90\r\n\r\nab")
                if count % 2:  # A reset rather than an end.
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                      b"\1\0\0\0\0\0\0\0")
                client.close()
                count += 1
            return count

        self.assertGreater(self.beside(attack), 1000)


if __name__ == "__main__":
    junit.main()
