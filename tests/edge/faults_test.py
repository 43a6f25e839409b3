"""A responder whose disk is full, whose cache is damaged, whose clock jumps."""

import os
import pathlib
import random
import resource
import shutil
import subprocess
import time
import urllib.parse
import urllib.request

import junit
from cryptography.x509 import ocsp
from cluster import http_ok, wait_until
from harness import ClusterCase

RESPONDER = "responder-1"
DAY = 86400


class FaultsTest(ClusterCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ready_url = cls.cluster.process(RESPONDER)["ready_url"]
        cls.url = cls.cluster.url_of(RESPONDER)
        cls.cache = cls.folder / "cache" / RESPONDER

    def setUp(self):
        wait_until("ready", lambda: http_ok(self.ready_url), 30)

    def metric(self, name):
        at = urllib.parse.urljoin(self.ready_url, "/metrics")
        with urllib.request.urlopen(at, timeout=5) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(name):
                    return float(line.rsplit(" ", 1)[1])
        raise AssertionError(f"no {name}")

    def restart(self):
        self.cluster.kill(RESPONDER)
        self.cluster.start(RESPONDER)

    def ask(self, certificate):
        """The response of this responder, read by another implementation."""
        request = urllib.request.Request(
            self.url, self.ocsp_request(certificate).read_bytes(),
            {"Content-Type": "application/ocsp-request"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return (ocsp.load_der_ocsp_response(answer.read()),
                    answer.headers.get("Cache-Control", ""))

    # --- no room on the disk ----------------------------------------------------

    def test_a_full_disk_stops_no_revocation_and_mends_itself(self):
        first, _ = self.issue("full-disk")
        self.wait_status(first, "good")
        pid = self.cluster.running[RESPONDER].pid
        # What a full disk does, for this process alone: no write gets through.
        before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, before[1]))
        try:
            second, _ = self.issue("full-disk-2")
            self.cluster.run("revoke", "--cert", first)
            # In memory, where it is answered from.
            self.wait_status(first, "revoked")
            self.wait_status(second, "good")
            wait_until("it says so", lambda:
                       self.metric("chancery_responder_cache_failing") == 1)
        finally:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
        self.assertIsNone(self.cluster.running[RESPONDER].poll())
        third, _ = self.issue("full-disk-3")
        wait_until("it writes again", lambda: (
            self.issue(f"again-{time.monotonic_ns()}"),
            self.metric("chancery_responder_cache_failing") == 0)[1])
        self.restart()
        for certificate, status in ((first, "revoked"), (second, "good"), (third, "good")):
            self.wait_status(certificate, status)
        wait_until("the CRL has it", lambda: self.crl_lists(first, self.url))

    # --- damage -----------------------------------------------------------------

    def test_a_damaged_cache_is_filled_again(self):
        good, _ = self.issue("damaged")
        bad, _ = self.issue("damaged-2")
        self.cluster.run("revoke", "--cert", bad)
        self.wait_status(bad, "revoked")
        noise = random.Random(6960)

        def flip(path):
            data = bytearray(path.read_bytes())
            for _ in range(1 + len(data) // 1000):
                data[noise.randrange(len(data))] ^= 1 << noise.randrange(8)
            path.write_bytes(data)

        def cut(path):
            os.truncate(path, path.stat().st_size // 2)

        kinds = ("*.log", "*.sst", "*.blob", "MANIFEST-*", "CURRENT", "*.crl", "*")
        tried = 0
        for pattern in kinds:
            for damage in (flip, cut):
                self.cluster.kill(RESPONDER)
                files = [p for p in self.cache.rglob(pattern)
                         if p.is_file() and p.stat().st_size > 0]
                for path in files:
                    damage(path)
                    tried += 1
                self.cluster.start(RESPONDER)
                self.wait_status(good, "good")
                self.wait_status(bad, "revoked")
                # Heads speak of responses: a CRL that was damaged may come later.
                wait_until("the CRL has it", lambda: (
                    http_ok(self.url + "/crl/issuing.crl")
                    and self.crl_lists(bad, self.url)))
        self.assertGreater(tried, len(kinds))
        # Nothing at all.
        self.cluster.kill(RESPONDER)
        shutil.rmtree(self.cache)
        self.cluster.start(RESPONDER)
        self.wait_status(bad, "revoked")

    # --- a clock that jumps -------------------------------------------------------

    def test_a_clock_that_jumps(self):
        certificate, _ = self.issue("clock")
        self.wait_status(certificate, "good")
        library = next(pathlib.Path("/usr/lib").rglob("libfaketimeMT.so.1"))
        offset = self.work / "offset"

        def jump(seconds):
            offset.write_text(f"{seconds:+d}\n")

        jump(0)
        environment = self.cluster.environment
        self.cluster.kill(RESPONDER)
        self.cluster.environment = {
            **(environment or os.environ), "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(offset), "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # AddressSanitizer wants to be the first library, and need not be.
            "ASAN_OPTIONS":
                os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
        try:
            try:
                self.cluster.start(RESPONDER)
            finally:
                self.cluster.environment = environment
            self.wait_status(certificate, "good")
            response, _ = self.ask(certificate)
            left = (response.next_update_utc if hasattr(response, "next_update_utc")
                    else response.next_update).timestamp() - time.time()
            self.assertGreater(left, 0)
            # Past the end of what it holds, before the beginning, and back.
            for seconds in (60 * DAY, 0, -60 * DAY, 0, 400 * DAY, 0):
                jump(seconds)
                expected = (ocsp.OCSPResponseStatus.SUCCESSFUL if seconds == 0 else
                            ocsp.OCSPResponseStatus.TRY_LATER)
                wait_until(f"{expected} {seconds} seconds off", lambda e=expected:
                           self.ask(certificate)[0].response_status == e)
                response, cache_control = self.ask(certificate)
                if seconds == 0:
                    self.assertEqual(response.certificate_status,
                                     ocsp.OCSPCertStatus.GOOD)
                else:
                    self.assertEqual(cache_control, "no-store")
                self.assertIsNone(self.cluster.running[RESPONDER].poll())
            # Minutes: what it holds is still current, and no connection is dropped.
            client = subprocess.Popen(
                ["curl", "-sS", "-m", "20", "--limit-rate", "1", "-o", "/dev/null",
                 self.url + "/healthz"])
            for seconds in (600, -600, 0):
                jump(seconds)
                self.ask(certificate)
            self.assertEqual(client.wait(20), 0)
            self.cluster.run("revoke", "--cert", certificate)
            self.wait_status(certificate, "revoked")
        finally:
            self.restart()


if __name__ == "__main__":
    junit.main()
