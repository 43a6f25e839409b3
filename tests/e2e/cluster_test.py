"""The main job end to end, driven by clients that we did not write."""

import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import urllib.parse
import urllib.request

import junit
from cluster import Failed, wait_until
from harness import ClusterCase


class MainJob:
    """Runs on each combination of inventory and keys (below)."""

    def test_issued_is_good_everywhere_and_revoked_soon_after(self):
        certificate, answer = self.issue("tour.example.com")
        self.assertEqual(answer["responders_acknowledged"], 3)
        self.shell("openssl", "verify", "-CAfile", self.ca / "bundle.pem", certificate)
        self.assert_status(certificate, "good", "-no_nonce")
        self.cluster.run("revoke", "--cert", certificate, "--reason", "keyCompromise")
        self.wait_status(certificate, "revoked")
        text = self.openssl_ocsp(self.urls[0], certificate, "-no_nonce")
        self.assertIn("Reason: keyCompromise", text)
        wait_until("the CRL lists it", lambda: self.crl_lists(certificate), 60)
        self.shell("openssl", "crl", "-inform", "DER", "-in", self.crl(), "-noout",
                   "-CAfile", self.ca / "bundle.pem", "-verify")

    def test_openssl_asks_in_every_way(self):
        certificate, _ = self.issue("ways.example.com")
        for options in ((), ("-no_nonce",), ("-sha1",), ("-sha256",),
                        ("-sha256", "-no_nonce"), ("-nonce",)):
            for url in self.urls:
                answer = self.openssl_ocsp(url, certificate, *options)
                self.assertIn("Response verify OK", answer, options)
                self.assertIn(f"{certificate}: good", answer, options)

    def test_get_by_curl_equals_post(self):
        certificate, _ = self.issue("get.example.com")
        request = self.ocsp_request(certificate)
        encoded = urllib.parse.quote(base64.b64encode(request.read_bytes()), safe="")
        by_get, by_post = self.work / "get.der", self.work / "post.der"
        headers = self.shell("curl", "-fsS", "-D", "-", "-o", by_get,
                             f"{self.urls[0]}/{encoded}")
        self.shell("curl", "-fsS", "-o", by_post, "--data-binary", f"@{request}", "-H",
                   "Content-Type: application/ocsp-request", self.urls[0] + "/")
        self.assertEqual(by_get.read_bytes(), by_post.read_bytes())
        fields = dict(line.split(": ", 1) for line in headers.splitlines() if ": " in line)
        fields = {name.lower(): value.strip() for name, value in fields.items()}
        self.assertEqual(fields["content-type"], "application/ocsp-response")
        for name in ("date", "expires", "last-modified"):
            self.assertTrue(fields[name].endswith(" GMT"), fields[name])
        self.assertIn("max-age=", fields["cache-control"])
        again = self.shell("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-H",
                           f"If-None-Match: {fields['etag']}",
                           f"{self.urls[0]}/{encoded}")
        self.assertEqual(again, "304")

    def test_gnutls_accepts_the_answer(self):
        certificate, _ = self.issue("gnutls.example.com")
        text = self.shell(
            "ocsptool", f"--ask={self.urls[0]}", f"--load-cert={certificate}",
            f"--load-issuer={self.ca / 'issuing.pem'}",
            f"--load-trust={self.ca / 'bundle.pem'}", expect=None)
        self.assertIn("Certificate Status: good", text)
        self.assertNotIn("FAILED", text.upper())

    def test_nss_accepts_certificate_and_answer(self):
        certificate, _ = self.issue("nss.example.com")
        database = self.work / "nss"
        database.mkdir(exist_ok=True)
        self.shell("certutil", "-N", "-d", f"sql:{database}", "--empty-password")
        for name, trust in (("root", "CT,C,C"), ("issuing", ",,")):
            self.shell("certutil", "-A", "-d", f"sql:{database}", "-n", name, "-t", trust,
                       "-i", self.ca / f"{name}.pem")
        self.shell("certutil", "-A", "-d", f"sql:{database}", "-n", "leaf", "-t", ",,",
                   "-i", certificate)
        self.shell("certutil", "-V", "-d", f"sql:{database}", "-n", "leaf", "-u", "V")

    def test_the_crl_honours_conditions(self):
        self.issue("crl.example.com")
        wait_until("a CRL", lambda: self._code("/crl/issuing.crl") == "200", 30)
        headers = self.shell("curl", "-fsSI", self.urls[0] + "/crl/issuing.crl")
        fields = {line.split(": ", 1)[0].lower(): line.split(": ", 1)[1].strip()
                  for line in headers.splitlines() if ": " in line}
        self.assertEqual(fields["content-type"], "application/pkix-crl")
        self.assertEqual(self._code("/crl/issuing.crl", "-H",
                                    f"If-None-Match: {fields['etag']}"), "304")
        self.assertEqual(self._code("/crl/issuing.crl", "-H",
                                    f"If-Modified-Since: {fields['last-modified']}"), "304")
        self.assertEqual(self._code("/crl/nobody.crl"), "404")

    def _code(self, path, *options):
        return self.shell("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}",
                          *options, self.urls[0] + path, expect=None)

    def test_the_chain_comes_along_in_each_format(self):
        name = "chain.example.com"
        csr, out = self.request(name), self.work / "with-chain"
        password = self.work / "password"
        password.write_text("sesame\n")
        password.chmod(0o600)
        (self.work / f"{name}.key").chmod(0o600)

        answer = self.cluster.run("issue", "--csr", csr, "--out", out, "--request-id",
                                  name, "--json")
        self.shell("openssl", "verify", "-CAfile", self.ca / "root.pem", "-untrusted", out,
                   out)
        # The same request again, and a later look-up.
        self.cluster.run("issue", "--csr", csr, "--request-id", name, "--format", "pkcs12",
                         "--key", self.work / f"{name}.key", "--out-password",
                         f"file:{password}", "--out", f"{out}.p12")
        text = self.shell("openssl", "pkcs12", "-nokeys", "-passin", f"file:{password}",
                          "-in", f"{out}.p12")
        self.assertEqual(text.count("BEGIN CERTIFICATE"), 2)
        self.cluster.run("show", json.loads(answer.stdout)["serial"], "--format", "pkcs7",
                         "--out", f"{out}.p7")
        text = self.shell("openssl", "pkcs7", "-print_certs", "-in", f"{out}.p7")
        self.assertEqual(text.count("BEGIN CERTIFICATE"), 2)

    def test_repeating_a_request_gives_the_same_certificate(self):
        csr = self.request("twice.example.com")
        outputs = []
        for number in (1, 2):
            out = self.work / f"twice-{number}.pem"
            self.cluster.run("issue", "--csr", csr, "--out", out, "--request-id", "same")
            outputs.append(out.read_bytes())
        self.assertEqual(outputs[0], outputs[1])
        other = self.request("other.example.com")
        done = self.cluster.run("issue", "--csr", other, "--request-id", "same", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("request_id", done.stderr)

    def test_list_and_status_agree_with_what_was_done(self):
        certificate, answer = self.issue("listed.example.com")
        serial = answer["serial"]
        rows = json.loads(self.cluster.run("list", "--text", "listed.example.com",
                                           "--json").stdout)
        self.assertEqual([row["serial"] for row in rows["certificates"]], [serial])
        status = json.loads(self.cluster.run("status", serial, "--json").stdout)
        self.assertEqual(status["inventory"]["status"], "good")
        self.assertEqual(status["ledger"]["status"], "good")
        self.assertEqual([r["status"] for r in status["responders"]], ["good"] * 3)
        self.cluster.run("revoke", serial, "--reason", "superseded")
        self.wait_status(certificate, "revoked")
        status = json.loads(self.cluster.run("status", serial, "--json").stdout)
        self.assertEqual(status["inventory"]["status"], "revoked")
        self.assertEqual(status["inventory"]["reason"], "superseded")

    def test_a_hold_can_be_released(self):
        certificate, answer = self.issue("held.example.com")
        self.cluster.run("revoke", answer["serial"], "--reason", "certificateHold")
        self.wait_status(certificate, "revoked")
        self.cluster.run("release", answer["serial"])
        self.wait_status(certificate, "good")

    def test_the_cluster_command_sees_every_responder_fresh(self):
        self.issue("fresh.example.com")

        def fresh():
            done = self.cluster.run("cluster", "--json", check=False)
            return done.returncode == 0 and json.loads(done.stdout)
        seen = wait_until("the cluster is fresh", fresh, 30)
        self.assertEqual(len(seen["responders"]), 3)
        self.assertTrue(all(r["reachable"] and r["blocks_behind"] == 0
                            for r in seen["responders"]))

    def test_every_process_shows_its_metrics_and_health(self):
        for process in self.cluster.processes():
            base = process["ready_url"].removesuffix("/readyz")
            for path in ("/healthz", "/metrics"):
                with urllib.request.urlopen(base + path, timeout=5) as answer:
                    self.assertEqual(answer.status, 200)
                    self.assertTrue(answer.read())

    def test_a_responder_whose_folder_was_deleted_serves_again(self):
        certificate, _ = self.issue("deleted.example.com")
        self.cluster.kill("responder-2")
        shutil.rmtree(self.folder / "cache" / "responder-2")
        self.cluster.start("responder-2")
        self.wait_status(certificate, "good", 60)

    def test_once_reports_that_all_is_fresh(self):
        self.issue("once.example.com")
        self.cluster.kill("refresher", signal.SIGTERM)
        try:
            self.shell(self.bin / "chancery-refresher", "--once",
                       f"--config={self.folder / 'config' / 'refresher.textproto'}")
        finally:
            self.cluster.start("refresher")


class BadInput:
    """Every refusal names the field, the value and the rule."""

    def refused(self, *arguments, says, code=1):
        done = self.cluster.run(*arguments, check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        for word in says:
            self.assertIn(word.lower(), done.stderr.lower())

    def test_a_malformed_csr(self):
        path = self.work / "bad.csr"
        path.write_text("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n"
                        "-----END CERTIFICATE REQUEST-----\n")
        self.refused("issue", "--csr", path, says=["csr"])

    def test_a_csr_with_a_bad_signature(self):
        csr = self.request("forged.example.com")
        der = self.work / "forged.der"
        self.shell("openssl", "req", "-in", csr, "-outform", "DER", "-out", der)
        raw = bytearray(der.read_bytes())
        raw[raw.index(b"forged.example.com")] = ord("F")
        der.write_bytes(raw)
        self.refused("issue", "--csr", der, says=["signature"])

    def test_a_weak_key(self):
        csr = self.request("weak.example.com", key=("rsa:1024",))
        self.refused("issue", "--csr", csr, says=["1024", "2048"])

    def test_an_unknown_profile_and_issuer(self):
        csr = self.request("unknown.example.com")
        self.refused("issue", "--csr", csr, "--profile", "nonsense",
                     says=["profile", "nonsense"])
        self.refused("issue", "--csr", csr, "--issuer", "nobody", says=["issuer", "nobody"])

    def test_revoking_what_was_never_issued_or_for_no_reason(self):
        self.refused("revoke", "0123456789abcdef", says=["0123456789abcdef"])
        _, answer = self.issue("reason.example.com")
        self.refused("revoke", answer["serial"], "--reason", "7", says=["reason", "7"],
                     code=2)  # The command line itself is wrong.

    def test_revoked_never_becomes_good(self):
        _, answer = self.issue("never.example.com")
        self.cluster.run("revoke", answer["serial"], "--reason", "superseded")
        self.refused("release", answer["serial"], says=["only a held certificate"])
        self.refused("revoke", answer["serial"], "--reason", "certificateHold",
                     says=["revoked"])

    def test_malformed_ocsp_by_get_and_post(self):
        out = self.work / "malformed.der"
        for arguments in (("--data-binary", "garbage", "-H",
                           "Content-Type: application/ocsp-request", self.urls[0] + "/"),
                          (self.urls[0] + "/AAAA",)):
            self.shell("curl", "-sS", "-o", out, *arguments)
            # OCSPResponse { responseStatus malformedRequest(1) }, RFC 6960.
            self.assertEqual(out.read_bytes(), bytes.fromhex("30030a0101"))

    def test_a_body_over_the_limit(self):
        large = self.work / "large"
        large.write_bytes(b"x" * 1_000_000)
        code = self.shell("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}",
                          "--data-binary", f"@{large}", "-H",
                          "Content-Type: application/ocsp-request", "-H", "Expect:",
                          self.urls[0] + "/", expect=None)
        self.assertIn("413", code)

    def test_an_unknown_serial_is_unauthorized_and_not_cached(self):
        certificate, _ = self.issue("known.example.com")
        del certificate
        text = self.shell("openssl", "ocsp", "-issuer", self.ca / "issuing.pem",
                          "-serial", "0x1234567890", "-CAfile", self.ca / "bundle.pem",
                          "-url", self.urls[0], expect=None)
        self.assertIn("unauthorized (6)", text)


class SqliteAndFiles(MainJob, BadInput, ClusterCase):
    pass


class PostgresAndSoftHsm(MainJob, ClusterCase):
    softhsm = True
    postgres = True

    def test_the_database_down_is_unavailable_and_then_well_again(self):
        certificate, _ = self.issue("before.example.com")
        self.database.process.send_signal(signal.SIGQUIT)
        self.database.process.wait(timeout=30)
        csr = self.request("during.example.com")
        done = self.cluster.run("issue", "--csr", csr, "--request-id", "during",
                                check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("unavailable", done.stderr.lower())
        self.assert_status(certificate, "good", "-no_nonce")
        self.database.start()

        def works():
            return self.cluster.run("issue", "--csr", csr, "--request-id", "during",
                                    check=False).returncode == 0
        wait_until("issuing again", works, 60)


class Refusals(ClusterCase):
    """What must not start, does not, and says why."""

    softhsm = True

    def start_fails(self, binary, config, says):
        done = subprocess.run([str(self.bin / binary), f"--config={config}"],
                              capture_output=True, text=True, timeout=60, check=False,
                              env=self.cluster.environment)
        self.assertNotEqual(done.returncode, 0)
        for word in says:
            self.assertIn(word.lower(), done.stderr.lower())

    def edited(self, name, change):
        """A copy of a process' configuration, changed."""
        source = (self.folder / "config" / f"{name}.textproto").read_text()
        path = self.work / f"{name}-edited.textproto"
        path.write_text(change(source))
        os.chmod(path, 0o600)
        return path

    def test_an_unknown_field(self):
        path = self.edited("responder-1", lambda text: text + "\nno_such_field: 1\n")
        self.start_fails("chancery-responder", path, ["no_such_field"])

    def test_a_port_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            path = self.edited("responder-1", lambda text: "\n".join(
                f'http_address: "127.0.0.1:{port}"' if line.startswith("http_address:")
                else line.replace("responder-1/cache", "responder-x/cache")
                for line in text.splitlines()))
            self.cluster.kill("responder-1", signal.SIGTERM)
            try:
                self.start_fails("chancery-responder", path, [str(port)])
            finally:
                self.cluster.start("responder-1")

    def test_a_wrong_pin_and_a_missing_token(self):
        self.cluster.kill("signer", signal.SIGTERM)
        try:
            wrong = self.work / "wrong-pin"
            wrong.write_text("not-the-pin\n")
            os.chmod(wrong, 0o600)
            pin = str(self.work / "softhsm" / "pin")
            path = self.edited("signer", lambda text: text.replace(pin, str(wrong)))
            self.start_fails("chancery-signer", path, ["pin"])
            path = self.edited("signer",
                               lambda text: text.replace("token=chancery", "token=elsewhere"))
            self.start_fails("chancery-signer", path, ["elsewhere"])
        finally:
            self.cluster.start("signer")

    def test_help_version_and_check_config(self):
        for process in self.cluster.processes():
            binary = self.bin / process["binary"]
            self.assertIn("--config", self.shell(binary, "--help", expect=None))
            self.assertRegex(self.shell(binary, "--version"), r"\d+\.\d+")
            self.shell(binary, "--check-config",
                       f"--config={self.folder / process['config']}")

    def test_sigterm_is_a_clean_end(self):
        codes = self.cluster.stop()
        self.assertEqual(set(codes.values()), {0}, codes)
        self.cluster.start()

    def test_a_second_init_is_refused(self):
        with self.assertRaises(Failed):
            self.cluster.init()


if __name__ == "__main__":
    junit.main()
