"""A responder that takes the place of another while clients ask: none of them
sees it."""

import http.client
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.parse

import junit
from cryptography import x509
from cryptography.x509 import ocsp
from cluster import http_ok, wait_until
from harness import ClusterCase

RESPONDER = "responder-1"
RESTARTS = 4


class Client(threading.Thread):
    """Asks about one certificate, over and over, until it is told to end."""

    def __init__(self, at, request, serial, keep_alive, pause):
        super().__init__()
        self.at, self.request, self.serial = at, request, serial
        self.keep_alive, self.pause = keep_alive, pause
        self.ended = threading.Event()
        self.answers, self.failures, self.slowest = 0, [], 0.0

    def run(self):
        connection = None
        while not self.ended.wait(self.pause):
            begun = time.monotonic()
            try:
                if connection is None:
                    connection = http.client.HTTPConnection(*self.at, timeout=10)
                connection.request("POST", "/", self.request,
                                   {"Content-Type": "application/ocsp-request"})
                answer = connection.getresponse()
                body = answer.read()
                if answer.status != 200:
                    raise AssertionError(f"HTTP status {answer.status}")
                read = ocsp.load_der_ocsp_response(body)
                if (read.response_status != ocsp.OCSPResponseStatus.SUCCESSFUL
                        or read.serial_number != self.serial):
                    raise AssertionError(f"{read.response_status}")
                self.answers += 1
            except Exception as error:  # Each is a request that was dropped.
                self.failures.append(repr(error))
                connection = None
            if connection is not None and not self.keep_alive:
                connection.close()
                connection = None
            self.slowest = max(self.slowest, time.monotonic() - begun)
        if connection is not None:
            connection.close()


class RestartTest(ClusterCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            cls.socket = cls.work / "handover"
            config = cls.folder / f"config/{RESPONDER}.textproto"
            config.write_text(config.read_text()
                              + f'\nhandover_socket: "{cls.socket}"\n')
            cls.cluster.kill(RESPONDER, signal.SIGTERM)
            cls.cluster.start(RESPONDER)
        except Exception:
            cls.tearDownClass()
            raise

    def setUp(self):
        url = self.cluster.url_of(RESPONDER)
        at = urllib.parse.urlsplit(url)
        self.at = (at.hostname, at.port)
        wait_until("ready", lambda: http_ok(url + "/readyz"), 30)

    def log(self):
        return (self.folder / f"log/{RESPONDER}.log").read_text()

    def succeed(self):
        """The next process takes over; the one before ends by itself."""
        before = self.cluster.running[RESPONDER]
        process = self.cluster.process(RESPONDER)
        self.cluster.spawn(process)
        self.assertEqual(before.wait(30), 0)
        self.cluster.wait_ready(process)
        self.assertIsNone(self.cluster.running[RESPONDER].poll())

    def clients(self, certificate):
        serial = x509.load_pem_x509_certificate(certificate.read_bytes()).serial_number
        request = self.ocsp_request(certificate).read_bytes()
        kinds = [(True, 0.002), (True, 0.002), (False, 0.005), (False, 0.005),
                 # Between two requests nearly all of the time.
                 (True, 0.2), (True, 0.5), (True, 0.9)]
        return [Client(self.at, request, serial, *kind) for kind in kinds]

    def test_no_request_is_lost_when_another_process_takes_over(self):
        certificate, _ = self.issue("handed-over")
        self.wait_status(certificate, "good")
        clients = self.clients(certificate)
        for client in clients:
            client.start()
        try:
            for _ in range(RESTARTS):
                before = [client.answers for client in clients]
                self.succeed()
                # A head that was kept makes it ready at once: sooner than the
                # slowest client asks again.
                wait_until("each client is answered", lambda: all(
                    client.failures or client.answers > answers
                    for client, answers in zip(clients, before)), 30)
        finally:
            for client in clients:
                client.ended.set()
            for client in clients:
                client.join()
        for client in clients:
            self.assertEqual(client.failures, [])
            self.assertGreaterEqual(client.answers, RESTARTS)
            self.assertLess(client.slowest, 1)
        print(f"{sum(c.answers for c in clients)} answers over {RESTARTS} restarts, "
              f"the slowest after {max(c.slowest for c in clients):.3f} s")
        # Connections that were between two requests have moved.
        moved = [int(n) for n in re.findall(r'handed_over.*?connections\W+(\d+)',
                                            self.log())]
        self.assertEqual(len(moved), RESTARTS)
        self.assertGreater(min(moved), 0)
        # The last one takes updates.
        self.cluster.run("revoke", "--cert", certificate)
        self.wait_status(certificate, "revoked")

    def test_the_old_process_goes_on_when_the_new_one_dies(self):
        certificate, _ = self.issue("not-handed-over")
        self.wait_status(certificate, "good")
        serving = self.cluster.running[RESPONDER]
        clients = self.clients(certificate)
        for client in clients:
            client.start()
        try:
            # One that cannot open its cache, and one that never says a word.
            config = self.folder / f"config/{RESPONDER}.textproto"
            broken = self.work / "broken.textproto"
            broken.write_text(re.sub(r'cache_dir: "[^"]*"', 'cache_dir: "/dev/null/x"',
                                     config.read_text()))
            asked = self.log().count("handover_asked")
            successor = subprocess.run(
                [self.bin / "chancery-responder", f"--config={broken}"], check=False,
                timeout=30, capture_output=True, text=True)
            self.assertEqual(successor.returncode, 1, successor.stderr)
            self.assertIn("/dev/null/x", successor.stdout + successor.stderr)
            wait_until("the old one goes on", lambda: (
                self.log().count("handover_asked") > asked
                and "handover_failed" in self.log()))
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as mute:
                mute.settimeout(30)
                mute.connect(str(self.socket))
                passed = socket.recv_fds(mute, 1, 253)
                self.assertEqual(passed[0], b"S")
                self.assertGreater(len(passed[1]), 0)
                for fd in passed[1]:
                    socket.socket(fileno=fd).close()
            self.cluster.run("revoke", "--cert", certificate)
            self.wait_status(certificate, "revoked")
        finally:
            for client in clients:
                client.ended.set()
            for client in clients:
                client.join()
        self.assertIsNone(serving.poll())
        for client in clients:
            self.assertEqual(client.failures, [])
        self.succeed()

    def test_only_its_own_user_may_take_over(self):
        self.assertEqual(self.socket.stat().st_mode & 0o777, 0o600)


if __name__ == "__main__":
    junit.main()
