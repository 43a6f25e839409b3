"""What a refresher tells others: metrics for the alerts, and purges, posted to
endpoints that fail, are slow, refuse, go away and come back, by a refresher that is
killed meanwhile."""

import base64
import http.server
import json
import pathlib
import re
import signal
import threading
import urllib.parse
import urllib.request

import junit
from cluster import wait_until
from harness import ClusterCase

TOKEN = "a-token-that-nobody-may-see"


class Endpoint:
    """An HTTP endpoint on loopback that keeps what it is sent and answers with
    `status`; it can go away and come back at the same port."""

    def __init__(self, status=200):
        self.status = status
        self.tried, self.taken = [], []
        self.release = threading.Event()
        self.release.set()
        self.port = 0
        self.start()

    def start(self):
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                request = (self.path, dict(self.headers), json.loads(body))
                endpoint.tried.append(request)
                endpoint.release.wait(60)
                status = endpoint.status
                if 200 <= status < 300:
                    endpoint.taken.append(request)
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                except OSError:
                    pass  # It did not wait.

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def has(self, text):
        return any(text in json.dumps(body) for _, _, body in self.taken)


class PurgeTest(ClusterCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plain, cls.fastly, cls.cloudflare = Endpoint(), Endpoint(), Endpoint(201)
        cls.refused = Endpoint(403)
        cls.endpoints = [cls.plain, cls.fastly, cls.cloudflare, cls.refused]
        token = cls.work / "token"
        token.touch(mode=0o600)
        token.write_text(TOKEN + "\n")
        cls.config = cls.folder / "config" / "refresher.textproto"
        with cls.config.open("a") as config:
            config.write(f"""
purge {{ name: "plain" shape: PLAIN url: "{cls.plain.url}/hook"
        public_url: "http://ocsp.example.com" }}
purge {{ name: "fastly" shape: FASTLY url: "{cls.fastly.url}" id: "service1"
        token_file: "{token}" }}
purge {{ name: "cloudflare" shape: CLOUDFLARE url: "{cls.cloudflare.url}" id: "zone1"
        token_file: "{token}" by_url: true public_url: "http://ocsp.example.com" }}
purge {{ name: "refused" shape: PLAIN url: "{cls.refused.url}" }}
""")
        cls.cluster.kill("refresher", signal.SIGTERM)
        cls.cluster.start("refresher")

    @classmethod
    def tearDownClass(cls):
        for endpoint in cls.endpoints:
            endpoint.stop()
        super().tearDownClass()

    def revoke(self, name):
        """Issues and revokes; returns the serial."""
        _, answer = self.issue(name)
        self.cluster.run("revoke", answer["serial"], "--reason", "superseded")
        return answer["serial"].lower()

    def metric(self, name):
        process = self.cluster.process("refresher")
        base = process["ready_url"].removesuffix("/readyz")
        with urllib.request.urlopen(base + "/metrics", timeout=5) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(name + " ") or line.startswith(name + "{"):
                    yield line

    def test_a_each_kind_is_told_in_its_own_words(self):
        serial = self.revoke("words.example.com")
        tag = f"ocsp/issuing/{serial}"
        wait_until("plain has it", lambda: self.plain.has(tag), 60)
        wait_until("fastly has it", lambda: self.fastly.has(tag), 60)
        wait_until("cloudflare has it", lambda: self.cloudflare.taken, 60)
        path, _, body = next(r for r in self.plain.taken if serial in json.dumps(r[2]))
        self.assertEqual(path, "/hook")
        self.assertEqual(body["issuer"], "issuing")
        self.assertIn(serial, body["serials"])
        self.assertTrue(any(u.startswith("http://ocsp.example.com/M")
                            for u in body["urls"]))
        path, headers, body = self.fastly.taken[-1]
        self.assertEqual(path, "/service/service1/purge")
        self.assertEqual(headers["Fastly-Key"], TOKEN)
        self.assertEqual(list(body), ["surrogate_keys"])
        path, headers, body = self.cloudflare.taken[-1]
        self.assertEqual(path, "/zones/zone1/purge_cache")
        self.assertEqual(headers["Authorization"], "Bearer " + TOKEN)
        self.assertLessEqual(len(body["files"]), 100)
        # The CRL that names it follows.
        wait_until("its CRL is purged", lambda: self.plain.has("crl/issuing"), 60)

    def test_b_the_url_is_the_one_that_openssl_would_ask(self):
        certificate, answer = self.issue("url.example.com")
        request = self.ocsp_request(certificate).read_bytes()
        self.cluster.run("revoke", answer["serial"], "--reason", "superseded")
        url = "http://ocsp.example.com/" + urllib.parse.quote(
            base64.b64encode(request), safe="")
        wait_until("plain has the URL", lambda: self.plain.has(url), 60)

    def test_c_an_endpoint_that_fails_holds_up_nobody(self):
        before = len(self.refused.taken)
        serial = self.revoke("fails.example.com")
        wait_until("plain has it", lambda: self.plain.has(serial), 60)
        wait_until("refused was asked", lambda: self.refused.tried, 60)
        self.assertEqual(len(self.refused.taken), before)
        self.assertTrue(any('endpoint="refused"' in line and float(line.split()[-1]) > 0
                            for line in self.metric(
                                "chancery_refresher_purge_failures_total")))
        self.assertTrue(any('endpoint="refused"' in line and float(line.split()[-1]) > 0
                            for line in self.metric(
                                "chancery_refresher_purge_waiting_seconds")))

    def test_d_kill_9_loses_no_purge(self):
        self.plain.stop()
        self.fastly.release.clear()  # Slow: it holds the request.
        serials = [self.revoke(f"killed-{i}.example.com") for i in range(3)]
        asked = len(self.fastly.tried)
        wait_until("fastly is asked", lambda: len(self.fastly.tried) > asked or
                   any(serials[0] in json.dumps(r[2]) for r in self.fastly.tried), 60)
        self.cluster.kill("refresher")
        self.fastly.release.set()
        self.plain.start()
        self.cluster.start("refresher")
        for serial in serials:
            wait_until("plain has it", lambda: self.plain.has(serial), 90)
            wait_until("fastly has it", lambda: self.fastly.has(serial), 90)

    def test_e_an_endpoint_that_comes_back_gets_all_it_missed(self):
        self.plain.status = 503
        serials = [self.revoke(f"missed-{i}.example.com") for i in range(2)]
        asked = len(self.plain.tried)
        wait_until("plain is asked", lambda: len(self.plain.tried) > asked, 60)
        self.plain.status = 200
        for serial in serials:
            wait_until("plain has it", lambda: self.plain.has(serial), 90)

    def test_f_every_metric_that_an_alert_names_is_there(self):
        rules = pathlib.Path("deploy/prometheus/chancery.rules.yml").read_text()
        named = set(re.findall(r"\bchancery_[a-z_]+", rules))
        self.assertGreater(len(named), 10)
        exported = set()
        for process in self.cluster.processes():
            base = process["ready_url"].removesuffix("/readyz")
            with urllib.request.urlopen(base + "/metrics", timeout=5) as answer:
                exported.update(re.findall(r"(?m)^# TYPE (\S+)",
                                           answer.read().decode()))
        self.assertEqual(named - exported, set())

    def test_g_no_secret_is_in_the_logs(self):
        logs = list((self.folder / "log").glob("*.log"))
        self.assertGreater(len(logs), 4)
        for log in logs:
            self.assertNotIn(TOKEN, log.read_text(errors="replace"))

    def test_h_check_config_refuses_a_token_that_others_can_read(self):
        token = self.work / "token"
        token.chmod(0o644)
        try:
            text = self.shell(self.bin / "chancery-refresher", "--check-config",
                              f"--config={self.config}", expect=2)
        finally:
            token.chmod(0o600)
        self.assertIn("token_file", text)


if __name__ == "__main__":
    junit.main()
