"""`chancery probe`, once and as a daemon, against responders that are right and
ones that are not."""

import json
import re
import signal
import subprocess
import urllib.request

import junit
from altering_proxy import UNAUTHORIZED, AlteringProxy
from cluster import wait_until
from harness import ClusterCase


def spoil(der):
    """Another signature, whatever its last byte was."""
    return der[:-1] + bytes([der[-1] ^ 1])


class Probe(ClusterCase):
    init_options = ("--responders", "2")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls("setUp")  # For its helpers; not run.
        cls.good, answer = case.issue("good.example.com")
        _, other = case.issue("revoked.example.com")
        cls.good_serial, cls.revoked_serial = answer["serial"], other["serial"]
        cls.cluster.run("revoke", cls.revoked_serial, "--reason", "superseded")
        wait_until("the probe is content",
                   lambda: case.cluster.run("probe", check=False).returncode == 0
                   and case.crl_lists(case.work / "revoked.example.com.pem"), 60)

    def probe(self, *options, code):
        done = self.cluster.run("probe", "--json", *options, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return json.loads(done.stdout)["results"]

    def verdicts(self, *options, code=1):
        return {result["verdict"] for result in self.probe(*options, code=code)}

    def files(self, url):
        """The simplest form: nothing but HTTP and public files."""
        return ("--url", url, "--issuer", self.ca / "issuing.pem", "--cert", self.good,
                "--revoked", self.revoked_serial, "--crl", "issuing.crl")

    def test_a_healthy_cluster(self):
        results = self.probe(code=0)
        # Good, revoked and unknown, in four ways, and a CRL, at two responders.
        self.assertEqual(len(results), 2 * (3 * 4 + 1))
        self.assertEqual({result["target"] for result in results}, set(self.urls))

    def test_files_are_enough(self):
        done = subprocess.run(
            [self.bin / "chancery", "probe", *map(str, self.files(self.urls[0]))],
            capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("RESPONDER", done.stdout)

    def test_what_is_wrong(self):
        cases = {
            "wrong-status": lambda request, answer: UNAUTHORIZED,
            "malformed": lambda request, answer: b"nonsense",
            "not-verified": lambda request, answer: spoil(answer) if len(answer) > 9
                            else answer,
        }
        for verdict, alter in cases.items():
            with self.subTest(verdict), AlteringProxy(self.urls[0], ocsp=alter) as proxy:
                self.assertIn(verdict, self.verdicts(*self.files(proxy.url)))
        with AlteringProxy(self.urls[0], crl=lambda path, body: spoil(body)) as proxy:
            self.assertEqual(self.verdicts(*self.files(proxy.url)), {"ok", "not-verified"})
        self.assertEqual(self.verdicts(*self.files("http://127.0.0.1:1")), {"unreachable"})
        self.assertIn("ends-soon", self.verdicts("--margin", "100000"))
        self.assertIn("wrong-status", self.verdicts(
            "--url", self.urls[0], "--issuer", self.ca / "issuing.pem",
            "--good", self.revoked_serial))

    def test_wrong_usage(self):
        for options in (("--good", "01"), ("--issuer", "x.pem"), ("--url", "https://x"),
                        ("--daemon", "--interval", "0")):
            done = self.cluster.run("probe", *options, check=False)
            self.assertEqual(done.returncode, 2, done.stdout + done.stderr)

    def test_a_daemon_exports_metrics(self):
        answers = {"wrong": False}

        def sometimes(request, answer):
            return UNAUTHORIZED if answers["wrong"] else answer
        with AlteringProxy(self.urls[0], ocsp=sometimes) as proxy:
            daemon = subprocess.Popen(
                self.cluster.command("--dir", self.folder, "probe", "--daemon", "--interval",
                                     "1", "--url", proxy.url, "--admin", "127.0.0.1:0"),
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            try:
                address = re.search(r"http://\S+", daemon.stderr.readline()).group()

                def metric(name):
                    with urllib.request.urlopen(address, timeout=5) as page:
                        text = page.read().decode()
                    found = re.search(rf"^{name}{{[^}}]*}} (\S+)$", text, re.MULTILINE)
                    return float(found.group(1)) if found else None
                wait_until("it is up", lambda: metric("chancery_probe_up") == 1)
                self.assertGreater(metric("chancery_probe_next_update_seconds"), 3600)
                self.assertGreaterEqual(metric("chancery_probe_oldest_answer_seconds"), 0)
                answers["wrong"] = True
                wait_until("it is not", lambda: metric("chancery_probe_up") == 0)
                self.assertGreater(metric("chancery_probe_mismatches_total"), 0)
                answers["wrong"] = False
                wait_until("it is again", lambda: metric("chancery_probe_up") == 1)
            finally:
                daemon.send_signal(signal.SIGTERM)
                out, _ = daemon.communicate(timeout=30)
            self.assertEqual(daemon.returncode, 0)
            self.assertIn("wrong-status", out)


if __name__ == "__main__":
    junit.main()
