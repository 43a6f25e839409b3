"""Clients that issue and revoke until they are told to stop."""

import concurrent.futures
import json
import subprocess
import threading

from cluster import wait_until


class Load:
    """Remembers what was acknowledged. Each client repeats its request, under
    the same id, until it is answered, as a careful client does."""

    def __init__(self, case, prefix, clients=3):
        self.case = case
        self.prefix = prefix
        self.csr = case.request(f"{prefix}.example.com")
        self.lock = threading.Lock()
        self.issued = {}     # serial -> request id, acknowledged
        self.certificates = {}  # request id -> PEM bytes
        self.revoked = set()  # acknowledged
        self.next = 0
        self.stopping = threading.Event()
        self.workers = concurrent.futures.ThreadPoolExecutor(clients)
        self.clients = [self.workers.submit(self._work) for _ in range(clients)]

    def await_more(self, issued, revoked):
        """Until so many more of each were acknowledged; raises what went wrong."""
        with self.lock:
            wanted = (len(self.issued) + issued, len(self.revoked) + revoked)

        def done():
            for client in self.clients:
                if client.done():
                    client.result()
            with self.lock:
                return len(self.issued) >= wanted[0] and len(self.revoked) >= wanted[1]
        wait_until(f"{issued} more certificates and {revoked} revocations", done, 240)

    def stop(self):
        self.stopping.set()
        for client in self.clients:
            client.result()
        self.workers.shutdown()

    def issue(self, request_id):
        """Returns the serial; the certificate is in `certificates`."""
        path = self.case.work / f"{request_id}.pem"
        answer = self._until_it_works("issue", "--csr", self.csr, "--request-id",
                                      request_id, "--out", path, "--json")
        with self.lock:
            self.certificates[request_id] = path.read_bytes()
        return answer["serial"]

    def _work(self):
        while not self.stopping.is_set():
            with self.lock:
                number = self.next
                self.next += 1
            request_id = f"{self.prefix}-{number}"
            serial = self.issue(request_id)
            with self.lock:
                self.issued[serial] = request_id
            if number % 2 == 0:
                self._until_it_works("revoke", serial, "--reason", "superseded", "--json")
                with self.lock:
                    self.revoked.add(serial)

    def _until_it_works(self, *arguments):
        cluster = self.case.cluster

        def attempt():
            done = subprocess.run(
                cluster.command("--dir", cluster.folder, *arguments),
                capture_output=True, text=True, check=False, timeout=120,
                env=cluster.environment)
            if done.returncode == 0:
                return done.stdout or "{}"
            if not any(word in done.stderr.lower()
                       for word in ("unavailable", "deadline", "cancelled")):
                raise AssertionError(done.stderr)
            return None
        return json.loads(wait_until(" ".join(map(str, arguments)), attempt, 240))
