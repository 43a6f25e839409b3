"""Profiles of both kinds, validity of one request and keys that get nothing,
from the configuration's files to what clients see."""

import datetime
import hashlib
import json
import signal
import subprocess

import junit
from harness import ClusterCase

CFSSL = {
    "signing": {
        "default": {"expiry": "168h"},
        "profiles": {
            "www": {
                "usages": ["signing", "key encipherment", "server auth"],
                "expiry": "720h",
                "name_whitelist": r"^[a-z]+\.example\.com$",
                "Policies": [{"ID": "1.3.6.1.4.1.99999.1", "Qualifiers": [
                    {"Type": "id-qt-cps", "Value": "https://example.com/cps"}]}],
                "auth_key": "clients",
            },
        },
    },
    "auth_keys": {"clients": {"type": "standard", "key": "0123456789abcdef"}},
}

WEB = """
profile {
  name: "web"
  validity_hours: 240
  key_usage: "digital_signature"
  extended_key_usage: "server_auth"
  allow_dns: true
  allow_wildcard: true
  names { permitted_dns: "example.com" excluded_dns: "payroll.example.com" }
  must_staple: true
}
"""


class PolicyTest(ClusterCase):
    init_options = ("--responders", "1")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            cls.cluster.kill("signer", signal.SIGTERM)
            cfssl = cls.work / "cfssl.json"
            cfssl.write_text(json.dumps(CFSSL))
            cls.blocked = cls.work / "blocked.txt"
            cls.blocked.write_text("# leaked\n")
            cls.config = cls.folder / "config/signer.textproto"
            text = cls.config.read_text()
            assert text.count('profile: "server"') == 1, text
            cls.config.write_text(
                text.replace('profile: "server"',
                             'profile: "server" profile: "www" profile: "web"')
                + WEB + f'cfssl_config_file: "{cfssl}"\n'
                + f'blocked_key_file: "{cls.blocked}"\n')
            cls.cluster.start("signer")
        except Exception:
            cls.tearDownClass()
            raise

    def restart_signer(self):
        self.cluster.kill("signer", signal.SIGTERM)
        self.cluster.start("signer")

    def ask(self, csr, profile, *options):
        """The finished `chancery issue`, and the certificate's path."""
        path = csr.with_suffix(".pem")
        return self.cluster.run("issue", "--csr", csr, "--profile", profile, "--out",
                                path, *options, check=False), path

    def assert_refused(self, done, *parts):
        self.assertNotEqual(done.returncode, 0)
        for part in parts:
            self.assertIn(part, done.stderr)

    def test_a_profile_of_cfssls_file_issues(self):
        done, certificate = self.ask(self.request("cfssl.example.com"), "www")
        self.assertEqual(done.returncode, 0, done.stderr)
        text = self.shell("openssl", "x509", "-in", certificate, "-noout", "-text")
        self.assertIn("Policy: 1.3.6.1.4.1.99999.1", text)
        self.assertIn("CPS: https://example.com/cps", text)
        self.shell("openssl", "verify", "-CAfile", self.ca / "bundle.pem", certificate)
        done, _ = self.ask(self.request("two.words.example.com"), "www")
        self.assert_refused(done, "two.words.example.com", 'profile "www"')
        log = (self.folder / "log/signer.log").read_text()
        self.assertIn("signing.profiles.www.auth_key", log)
        self.assertNotIn("0123456789abcdef", log)

    def test_names_obey_the_profile(self):
        done, certificate = self.ask(self.request("web.example.com"), "web")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("status_request", self.shell(
            "openssl", "x509", "-in", certificate, "-noout", "-text"))
        for name, why in (("web.example.org", "is only example.com"),
                          ("a.payroll.example.com", "payroll.example.com is excluded"),
                          ("*.example.com", "payroll.example.com is excluded")):
            done, _ = self.ask(self.request(name), "web")
            self.assert_refused(done, name, why, 'profile "web"')

    def test_an_unknown_profile_is_refused(self):
        done, _ = self.ask(self.request("unknown.example.com"), "default")
        self.assert_refused(done, '"default"')

    def test_a_request_may_ask_for_less_time(self):
        end = (datetime.datetime.utcnow() + datetime.timedelta(days=2)).replace(
            microsecond=0)
        csr = self.request("short.example.com")
        done, certificate = self.ask(csr, "web", "--not-after", end.isoformat() + "Z")
        self.assertEqual(done.returncode, 0, done.stderr)
        shown = self.shell("openssl", "x509", "-in", certificate, "-noout", "-enddate")
        self.assertEqual(shown.strip(), "notAfter=" + end.strftime("%b %e %H:%M:%S %Y GMT"))
        end += datetime.timedelta(days=30)
        done, _ = self.ask(csr, "web", "--not-after", end.isoformat() + "Z")
        self.assert_refused(done, "not_after", end.isoformat(), "ends at")

    def test_a_compromised_key_gets_nothing_more(self):
        csr = self.request("lost.example.com")
        done, certificate = self.ask(csr, "web")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.cluster.run("revoke", "--cert", certificate, "--reason", "keyCompromise")
        done, _ = self.ask(csr, "web")
        self.assert_refused(done, "key: SHA-256", "keyCompromise")
        self.restart_signer()
        done, _ = self.ask(csr, "server")
        self.assert_refused(done, "key: SHA-256", "keyCompromise")

    def test_a_listed_key_gets_nothing(self):
        csr = self.request("leaked.example.com")
        der = subprocess.run(
            f"openssl req -in {csr} -noout -pubkey | openssl pkey -pubin -outform DER",
            shell=True, capture_output=True, check=True).stdout
        with open(self.blocked, "a", encoding="ascii") as file:
            file.write(hashlib.sha256(der).hexdigest() + "\n")
        self.restart_signer()
        done, _ = self.ask(csr, "web")
        self.assert_refused(done, "it is in the list", "blocked.txt")

    def test_a_wrong_configuration_is_named(self):
        text = self.config.read_text()
        for change, field in ((("must_staple: true", "require_scts: true"),
                               "require_scts"),
                              ((str(self.blocked), "/nowhere"), "/nowhere")):
            wrong = self.work / "wrong.textproto"
            wrong.write_text(text.replace(*change))
            done = subprocess.run([self.bin / "chancery-signer", f"--config={wrong}",
                                   "--check-config"], capture_output=True, text=True,
                                  timeout=60, check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(field, done.stdout + done.stderr)


if __name__ == "__main__":
    junit.main()
