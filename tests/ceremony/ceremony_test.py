"""Ceremonies with real tokens (SoftHSM), held against OpenSSL."""

import datetime
import hashlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import junit
from harness import binaries
from parts import SOFTHSM_MODULES

DAY = datetime.datetime(2027, 1, 31)  # Of the example in docs/ceremony.md.
MODULE = next(m for m in SOFTHSM_MODULES if os.path.exists(m))


def at(days, seconds=0):
    """A time that many days from this morning, as ceremonies have it."""
    today = datetime.datetime.utcnow().replace(hour=0, minute=0, second=0, microsecond=0)
    when = today + datetime.timedelta(days=days, seconds=seconds)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def example():
    """The text in the documentation, as if DAY were today."""
    text = pathlib.Path("docs/ceremony.md").read_text()
    found = re.search(r"```textproto\n(.*?)```", text, re.S)[1]
    today = datetime.datetime.utcnow().replace(hour=0, minute=0, second=0, microsecond=0)

    def moved(match):
        when = datetime.datetime.strptime(match[0], "%Y-%m-%dT%H:%M:%SZ")
        return (when - DAY + today).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", moved, found)
    return text.replace("/usr/lib/softhsm/libsofthsm2.so", MODULE)


def tree(folder):
    """Every file below `folder` with its hash, but for the tokens, which each login
    changes: `objects` tells what is in those."""
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in sorted(pathlib.Path(folder).rglob("*"))
            if p.is_file() and "tokens" not in p.parts}


class CeremonyCase(unittest.TestCase):
    """A folder, two tokens, two operators."""

    def setUp(self):
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="chancery-ceremony-", dir="/tmp"))
        self.bin = binaries()
        self.addCleanup(shutil.rmtree, self.work, True)
        self.addCleanup(shutil.rmtree, self.bin, True)
        (self.work / "tokens").mkdir()
        conf = self.work / "softhsm2.conf"
        conf.write_text(f"directories.tokendir = {self.work}/tokens\n"
                        "objectstore.backend = file\nlog.level = ERROR\n")
        self.environment = {**os.environ, "SOFTHSM2_CONF": str(conf)}
        for token in ("root", "issuing"):
            self.private(f"{token}.pin", f"{token}-pin\n")
            self.shell("softhsm2-util", "--init-token", "--free", "--label", token,
                       "--pin", f"{token}-pin", "--so-pin", "so-pin-1")
        for name in ("alice", "bob", "key-set-c"):
            self.shell("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt",
                       "ec_paramgen_curve:P-256", "-out", f"{name}.key")
            os.chmod(self.work / f"{name}.key", 0o600)
            self.shell("openssl", "pkey", "-in", f"{name}.key", "-pubout", "-out",
                       f"{name}.pub.pem")
        self.private("a.password", "password of a\n")
        self.private("b.password", "password of b\n")

    # --- doing ---------------------------------------------------------------

    def private(self, name, text):
        path = self.work / name
        path.write_text(text)
        os.chmod(path, 0o600)
        return path

    def shell(self, *arguments, expect=0, stdin=None):
        done = subprocess.run(list(map(str, arguments)), cwd=self.work, input=stdin,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=self.environment, check=False, timeout=120)
        text = done.stdout.decode(errors="replace")
        if expect is not None:
            self.assertEqual(done.returncode, expect,
                             f"{' '.join(map(str, arguments))}\n{text}")
        return text

    def ceremony(self, *arguments, expect=0):
        return self.shell(self.bin / "chancery", "ceremony", *arguments, expect=expect)

    def write(self, name, text):
        (self.work / name).write_text(text)
        return name

    def objects(self, token):
        """Labels of the keys in a token, as OpenSC sees them."""
        text = self.shell("pkcs11-tool", "--module", MODULE, "--token-label", token,
                          "--login", "--pin", f"{token}-pin", "--list-objects")
        return sorted(re.findall(r"label:\s+(\S+)", text))

    def key_id(self, public_key):
        """SHA-256 of a SubjectPublicKeyInfo, by OpenSSL."""
        der = subprocess.run(["openssl", "pkey", "-pubin", "-in", self.work / public_key,
                              "-outform", "DER"], capture_output=True, check=True).stdout
        return hashlib.sha256(der).hexdigest()

    def sha256(self, certificate):
        """SHA-256 of a certificate's DER, by OpenSSL."""
        text = self.shell("openssl", "x509", "-in", certificate, "-noout", "-fingerprint",
                          "-sha256")
        return text.strip().split("=")[1].replace(":", "").lower()

    # --- texts -----------------------------------------------------------------

    OPERATORS = ('operator { name: "alice" public_key_file: "alice.pub.pem"'
                 ' key { file: "alice.key" } }\n')

    def head(self, identity):
        return f'id: "{identity}"\noutput_dir: "{identity}"\n{self.OPERATORS}'

    @staticmethod
    def token_key(name, label, number, key_type="ecdsa-p256", token="root"):
        return (f'key {{ name: "{name}" type: "{key_type}" source {{ pkcs11_uri: '
                f'"pkcs11:token={token};object={label};id=%{number:02x}" pkcs11_module: '
                f'"{MODULE}" pin_file: "{token}.pin" }} }}\n')

    @staticmethod
    def body(name, not_before, not_after, usage=("key_cert_sign", "crl_sign"), more=""):
        usages = " ".join(f'key_usage: "{u}"' for u in usage)
        subject = (f'subject {{ type: "C" value: "XX" }} subject {{ type: "O" value: "Test" }}'
                   f' subject {{ type: "CN" value: "{name}" }}') if name else ""
        return (f'certificate {{ {subject} not_before: "{not_before}" not_after: '
                f'"{not_after}" {usages} {more} }}')

    def root(self, name="root", days=3650, more=""):
        return (f'step {{ root {{ name: "{name}" key: "{name}" '
                + self.body(f"Test {name}", at(-1), at(days), more=more) + " } }\n")

    def generate(self, *names, more=""):
        return "".join(f'step {{ generate_key {{ key: "{n}" {more} }} }}\n' for n in names)

    def known(self, name, folder, key=""):
        key = f' key: "{key}"' if key else ""
        path = f"{folder}/{name}.pem"
        return (f'certificate {{ name: "{name}" file: "{path}" sha256: '
                f'"{self.sha256(path)}"{key} }}\n')

    def make_root(self, identity="first", more_keys="", more_steps="", extractable=False):
        """A root in a token, by a ceremony; returns its text."""
        text = (self.head(identity) + self.token_key("root", "root-1", 1) + more_keys
                + self.generate("root", more="extractable_under_wrap: true"
                                if extractable else "")
                + self.root() + more_steps)
        self.ceremony(self.write(f"{identity}.textproto", text))
        return text


class ExampleTest(CeremonyCase):
    """The example of the documentation, from the dry run to the transcript."""

    def test_runs_as_documented(self):
        file = self.write("example.textproto", example())
        before = tree(self.work)
        text = self.ceremony(file, "--dry-run")
        self.assertIn("Nothing was touched", " ".join(text.split()))
        self.assertIn("Example CA 1", text)
        self.assertEqual(tree(self.work), before)
        self.assertFalse((self.work / "2027-example").exists())

        self.ceremony(file)
        out = self.work / "2027-example"
        self.assertFalse((self.work / "2027-example.partial").exists())
        self.assertFalse((out / "journal").exists())
        self.check_certificates()
        self.check_crl()
        self.check_keys(out)
        self.check_transcript(out)
        self.check_second_run(file, out)

    def check_certificates(self):
        root, issuing, ocsp = (f"2027-example/{n}.pem" for n in ("root", "issuing", "ocsp"))
        self.shell("openssl", "verify", "-x509_strict", "-check_ss_sig", "-CAfile", root, root)
        self.shell("openssl", "verify", "-x509_strict", "-CAfile", root, issuing)
        self.shell("openssl", "verify", "-x509_strict", "-CAfile", root, "-untrusted", issuing,
                   "-purpose", "ocsphelper", ocsp)
        text = self.shell("openssl", "x509", "-in", issuing, "-noout", "-text")
        for expected in ("CA:TRUE, pathlen:0", "DNS:example.com", "IP:0.0.0.0/0.0.0.0",
                         "X509v3 Name Constraints: critical", "1.3.6.1.4.1.32473.1.1",
                         "CPS: http://example.com/cps", "URI:http://crl.example.com/root.crl",
                         "CA Issuers - URI:http://crl.example.com/root.cer",
                         "01:f2:a5:c1:d0:99:3b:7e:44:aa:10:c2:b3:5d:8e:97:f1",
                         "X509v3 Basic Constraints: critical", "Certificate Sign, CRL Sign"):
            self.assertIn(expected, text)
        text = self.shell("openssl", "x509", "-in", ocsp, "-noout", "-text")
        self.assertIn("OCSP No Check", text)
        self.assertIn("OCSP Signing", text)
        # Everything passes our own lints too.
        self.shell(self.bin / "chancery", "lint", "--set", "rfc5280", root, issuing, ocsp,
                   "2027-example/root.crl")

    def check_crl(self):
        pem = self.shell("openssl", "crl", "-inform", "DER", "-in", "2027-example/root.crl")
        (self.work / "root.crl.pem").write_text(pem)
        self.shell("openssl", "verify", "-crl_check", "-CAfile", "2027-example/root.pem",
                   "-CRLfile", "root.crl.pem", "2027-example/issuing.pem")
        self.assertIn("verify OK", self.shell(
            "openssl", "crl", "-in", "root.crl.pem", "-noout", "-CAfile",
            "2027-example/root.pem"))

    def check_keys(self, out):
        self.assertEqual(self.objects("root"),
                         ["backup-2027", "root-2027", "root-2027"])
        self.assertEqual(self.objects("issuing"),
                         sorted(["issuing-2027", "ocsp-2027-1", "manifest-2027"] * 2))
        self.assertEqual((out / "key-set-a.key").stat().st_mode & 0o777, 0o600)
        self.shell("openssl", "pkey", "-in", "2027-example/key-set-a.key", "-passin",
                   "file:a.password", "-noout")
        self.shell("openssl", "pkey", "-in", "2027-example/key-set-a.key", "-passin",
                   "pass:wrong", "-noout", expect=1)

    def check_transcript(self, out):
        transcript = "2027-example/transcript.textproto"
        text = (out / "transcript.textproto").read_text()
        self.assertIn('manufacturer: "SoftHSM project"', text)
        self.assertIn('model: "SoftHSM v2"', text)
        self.assertRegex(text, r'serial: "[0-9a-f]{16}"')
        self.assertIn('firmware_version: "2.6"', text)
        self.assertIn(self.key_id("2027-example/root.pub.pem"), text)
        self.assertIn(hashlib.sha256((out / "issuing.pem").read_bytes()).hexdigest(), text)
        self.assertIn(hashlib.sha256((self.work / "example.textproto").read_bytes())
                      .hexdigest(), text)
        # Alice signed; bob was not there.
        self.assertIn("1 of 2 operators have signed",
                      self.ceremony("verify", transcript, expect=1))
        self.ceremony("sign", transcript, "--as", "bob", "--key", "alice.key", expect=1)
        self.ceremony("sign", transcript, "--as", "bob", "--key", "bob.key")
        self.ceremony("sign", transcript, "--as", "bob", "--key", "bob.key", expect=1)
        self.ceremony("verify", transcript, "--operator", "alice.pub.pem", "--operator",
                      "bob.pub.pem", "--ceremony", "example.textproto")
        self.ceremony("verify", transcript, "--operator", "alice.pub.pem", expect=1)
        for name in ("alice", "bob"):
            self.shell("openssl", "dgst", "-sha256", "-verify", f"{name}.pub.pem",
                       "-signature", out / f"transcript.textproto.{name}.sig",
                       stdin=b"chancery/ceremony/v1\0" + text.encode())
        # Whatever changes is found.
        for name in ("issuing.pem", "ceremony.textproto", "transcript.textproto"):
            kept = (out / name).read_bytes()
            (out / name).write_bytes(kept + b"\n")
            self.assertIn("WRONG", self.ceremony("verify", transcript, expect=1))
            (out / name).write_bytes(kept)
        self.ceremony("verify", transcript)

    def check_second_run(self, file, out):
        before = tree(self.work)
        objects = self.objects("root"), self.objects("issuing")
        self.assertIn("has been performed", self.ceremony(file, expect=3))
        # Its outputs are gone to a safe: the keys tell.
        elsewhere = self.work / "safe"
        out.rename(elsewhere)
        self.assertIn("the token already has a secret key with label=backup-2027", self.ceremony(file, expect=3))
        elsewhere.rename(out)
        self.assertEqual(tree(self.work), before)
        self.assertEqual((self.objects("root"), self.objects("issuing")), objects)


class RefusalTest(CeremonyCase):
    """What must not happen, does not, and leaves nothing."""

    def assert_refused(self, text, why, code=1):
        before, objects = tree(self.work), self.objects("root")
        name = self.write("refused.textproto", text)
        message = self.ceremony(name, expect=code)
        self.assertIn(why, " ".join(message.split()))
        os.remove(self.work / name)
        self.assertEqual(tree(self.work), before)
        self.assertEqual(self.objects("root"), objects)

    def test_overwrites_nothing(self):
        (self.work / "there").mkdir()
        self.assert_refused(
            self.head("there") + self.token_key("root", "r", 1) + self.generate("root")
            + self.root(), "overwrites nothing")

    def test_a_lint_refuses_before_anything_is_touched(self):
        # Step 4 asks for what the root's path length does not allow; a root that
        # allows no CA at all is right in itself.
        self.assert_refused(
            self.head("lint") + self.token_key("root", "r", 1)
            + self.token_key("ca", "c", 2) + self.generate("root", "ca")
            + self.root(more="path_length: 0")
            + 'step { intermediate { name: "ca" issuer: "root" key: "ca" '
            + self.body("Test ca", at(-1), at(100)) + " } }\n",
            "step 4 intermediate: certificate: a CA, below one whose path length allows none")

    def test_a_certificate_may_not_outlive_its_issuer(self):
        self.assert_refused(
            self.head("long") + self.token_key("root", "r", 1)
            + self.token_key("ca", "c", 2) + self.generate("root", "ca")
            + self.root(days=100) + 'step { intermediate { name: "ca" issuer: "root" key: "ca" '
            + self.body("Test ca", at(-1), at(101)) + " } }\n", "notAfter is after the issuer's")

    def test_a_chosen_set_of_lints_counts(self):
        self.assert_refused(
            'lint_set { name: "br" level: "error" }\n' + self.head("br")
            + self.token_key("root", "r", 1, "ed25519") + self.generate("root") + self.root(),
            "lint br_")

    def test_an_error_in_the_middle_undoes_what_was_made(self):
        # Both keys are there when step 3 finds that one may not leave.
        text = (self.head("undo") + self.token_key("root", "r", 1)
                + self.token_key("wrap", "w", 2, "aes-256")
                + self.generate("wrap", "root")
                + 'step { backup_key { name: "b" key: "root" wrapping_key: "wrap" } }\n')
        self.assert_refused(text, "was made never to leave the token")

    def test_a_wrong_pin_is_told_before_anything_is_made(self):
        self.private("root.pin", "wrong\n")
        text = (self.head("pin") + self.token_key("root", "r", 1) + self.generate("root")
                + self.root())
        message = self.ceremony(self.write("pin.textproto", text), expect=1)
        self.assertIn("refused the PIN as wrong", message)
        self.assertFalse((self.work / "pin.partial").exists())

    def test_an_input_with_another_hash(self):
        self.make_root()
        known = self.known("root", "first", key="root")
        text = (self.head("second") + self.token_key("root", "root-1", 1) + re.sub(
            r'sha256: "..', 'sha256: "00', known)
            + f'step {{ crl {{ name: "c" issuer: "root" number: 1 first: true next_update: '
            f'"{at(30)}" }} }}\n')
        self.assert_refused(text, "its SHA-256 is")

    def test_kill_leaves_a_state_that_the_next_run_explains(self):
        text = (self.head("killed") + self.token_key("root", "killed-root", 1)
                + self.token_key("slow", "killed-slow", 2, "rsa-4096")
                + self.generate("root") + self.generate("slow")
                + self.root() + self.root("slow"))
        file = self.write("killed.textproto", text)
        journal = self.work / "killed.partial" / "journal"
        process = subprocess.Popen([self.bin / "chancery", "ceremony", file], cwd=self.work,
                                   env=self.environment, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not (journal.exists() and "begins step 2" in journal.read_text()):
            self.assertIsNone(process.poll(), "it ended before it could be killed")
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.002)
        # A second one, meanwhile, keeps away.
        self.assertIn("is at work", self.ceremony(file, expect=1))
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)
        self.assertFalse((self.work / "killed").exists())
        before = tree(self.work)
        message = " ".join(self.ceremony(file, expect=1).split())
        self.assertIn("was interrupted", message)
        self.assertIn("did step 1 generate_key: made ecdsa-p256 key \"root\"", message)
        self.assertIn("object=killed-slow", message)
        self.assertEqual(tree(self.work), before)


class LifeTest(CeremonyCase):
    """What comes after a CA's first day."""

    def crl_text(self, path):
        return self.shell("openssl", "crl", "-inform", "DER", "-in", path, "-noout", "-text")

    def test_a_cross_certificate_leads_to_the_other_root(self):
        self.make_root("old")
        text = (self.head("new") + self.token_key("root", "root-1", 1)
                + self.token_key("other", "other-1", 9, "rsa-2048")
                + self.token_key("ca", "ca-1", 8) + self.known("root", "old", "root")
                + self.generate("other", "ca") + self.root("other")
                + 'step { intermediate { name: "ca" issuer: "other" key: "ca" '
                + self.body("Test ca", at(-1), at(300), more="path_length: 0") + " } }\n"
                + 'step { cross_certificate { name: "other-by-root" issuer: "root" of: "other" '
                + self.body("", at(-1), at(400)) + " } }\n")
        self.ceremony(self.write("new.textproto", text))
        chain = self.work / "chain.pem"
        chain.write_text((self.work / "new/other-by-root.pem").read_text())
        self.shell("openssl", "verify", "-x509_strict", "-CAfile", "new/other.pem", "new/ca.pem")
        self.shell("openssl", "verify", "-x509_strict", "-CAfile", "old/root.pem", "-untrusted",
                   "chain.pem", "new/ca.pem")
        self.shell("openssl", "verify", "-CAfile", "old/root.pem", "new/ca.pem", expect=2)

    def test_an_intermediate_for_a_request(self):
        self.shell("openssl", "req", "-new", "-newkey", "rsa:3072", "-nodes", "-keyout",
                   "sub.key", "-out", "sub.csr", "-subj", "/CN=ignored")
        self.make_root("csr", more_steps='step { intermediate { name: "sub" issuer: "root" '
                       'csr_file: "sub.csr" ' + self.body("Test sub", at(-1), at(300))
                       + " } }\n")
        self.shell("openssl", "verify", "-x509_strict", "-CAfile", "csr/root.pem", "csr/sub.pem")
        text = self.shell("openssl", "x509", "-in", "csr/sub.pem", "-noout", "-subject")
        self.assertIn("CN = Test sub", text)
        self.assertEqual(self.shell("openssl", "x509", "-in", "csr/sub.pem", "-noout", "-pubkey"),
                         self.shell("openssl", "pkey", "-in", "sub.key", "-pubout"))

    def test_operators_may_sign_with_tokens(self):
        text = (self.head("cards") + self.token_key("carol", "carol", 1, token="issuing")
                + self.token_key("dave", "dave", 2, "rsa-2048", token="issuing")
                + self.generate("carol", "dave"))
        self.ceremony(self.write("cards.textproto", text))
        uri = f"pkcs11:token=issuing;object=%s;id=%s?module-path={MODULE}"
        self.OPERATORS = (
            'operator { name: "carol" public_key_file: "cards/carol.pub.pem" key { pkcs11_uri: "'
            + uri % ("carol", "%01") + '" pin_file: "issuing.pin" } }\n'
            'operator { name: "dave" public_key_file: "cards/dave.pub.pem" }\n')
        self.make_root()
        transcript = self.work / "first/transcript.textproto"
        self.ceremony("verify", transcript, expect=1)
        self.ceremony("sign", transcript, "--as", "dave", "--pkcs11-uri",
                      uri % ("dave", "%02"), "--pin-file", "issuing.pin")
        self.ceremony("verify", transcript, "--operator", "cards/carol.pub.pem", "--operator",
                      "cards/dave.pub.pem")
        for name in ("carol", "dave"):
            self.shell("openssl", "dgst", "-sha256", "-verify", f"cards/{name}.pub.pem",
                       "-signature", f"first/transcript.textproto.{name}.sig",
                       stdin=b"chancery/ceremony/v1\0" + transcript.read_bytes())

    def test_what_is_revoked_stays_revoked(self):
        self.make_root(more_steps='step { crl { name: "crl" issuer: "root" number: 7 first: true'
                       f' next_update: "{at(30)}" revoked {{ serial: "0a0b0c" date: "{at(-1)}" '
                       'reason: "superseded" } } }\n')
        self.assertIn("Serial Number: 0A0B0C", self.crl_text("first/crl.crl"))
        time.sleep(1.1)  # Its thisUpdate has to be later.

        def second(number, revoked=""):
            return (self.head("second") + self.token_key("root", "root-1", 1)
                    + self.known("root", "first", "root")
                    + f'step {{ crl {{ name: "crl" issuer: "root" number: {number} '
                    f'previous_file: "first/crl.crl" next_update: "{at(30)}" {revoked} }} }}\n')
        self.assertIn("number 7 is not above", self.ceremony(
            self.write("second.textproto", second(7)), expect=1))
        self.assertIn("is revoked already", self.ceremony(self.write(
            "second.textproto", second(8, f'revoked {{ serial: "0a0b0c" date: "{at(-1)}" '
                                          'reason: "cessationOfOperation" }')), expect=1))
        self.ceremony(self.write("second.textproto", second(
            8, f'revoked {{ serial: "0d" date: "{at(0)}" }}')))
        text = self.crl_text("second/crl.crl")
        self.assertIn("Serial Number: 0A0B0C", text)
        self.assertIn("Superseded", text)
        self.assertIn("Serial Number: 0D", text)
        self.shell("openssl", "crl", "-inform", "DER", "-in", "second/crl.crl", "-noout",
                   "-CAfile", "first/root.pem")

    def test_a_key_is_backed_up_destroyed_and_restored(self):
        self.make_root(extractable=True,
                       more_keys=self.token_key("wrap", "wrap-1", 2, "aes-256"),
                       more_steps=self.generate("wrap") + 'step { backup_key { name: "safe" '
                       'key: "root" wrapping_key: "wrap" } }\n')
        # RFC 5649: PKCS #8 in blocks of 8 octets and one more.
        self.assertEqual((self.work / "first/safe.wrapped").stat().st_size % 8, 0)
        self.assertEqual((self.work / "first/safe.wrapped").stat().st_mode & 0o777, 0o600)
        key_id = self.key_id("first/root.pub.pem")

        def destroy(wanted):
            return (self.head("destroyed") + self.token_key("root", "root-1", 1)
                    + f'step {{ destroy_key {{ key: "root" key_id: "{wanted}" }} }}\n')
        self.assertIn("not that of the key to be destroyed", self.ceremony(
            self.write("d.textproto", destroy("0" * 64)), expect=1))
        self.assertEqual(self.objects("root"), ["root-1", "root-1", "wrap-1"])
        self.ceremony(self.write("d.textproto", destroy(key_id)))
        self.assertEqual(self.objects("root"), ["wrap-1"])
        self.assertIn(f"destroyed key \\\"root\\\", key id {key_id}",
                      (self.work / "destroyed/transcript.textproto").read_text())

        def restore(public_key):
            return (self.head("restored") + self.token_key("root", "root-1", 1)
                    + self.token_key("wrap", "wrap-1", 2, "aes-256")
                    + self.known("root", "first", "root")
                    + 'step { restore_key { key: "root" wrapping_key: "wrap" wrapped_file: '
                    f'"first/safe.wrapped" public_key_file: "{public_key}" }} }}\n'
                    'step { crl { name: "crl" issuer: "root" number: 1 first: true next_update: '
                    f'"{at(30)}" }} }}\n')
        # Another public key: the restored one does not prove to be its half.
        self.ceremony(self.write("r.textproto", restore("alice.pub.pem")), expect=1)
        self.assertEqual(self.objects("root"), ["wrap-1"])
        self.ceremony(self.write("r.textproto", restore("first/safe.pub.pem")))
        self.assertEqual(self.objects("root"), ["root-1", "root-1", "wrap-1"])
        self.shell("openssl", "crl", "-inform", "DER", "-in", "restored/crl.crl", "-noout",
                   "-CAfile", "first/root.pem")

    def test_the_end_of_a_ca(self):
        self.make_root(more_keys=self.token_key("ca", "ca-1", 2),
                       more_steps=self.generate("ca")
                       + 'step { intermediate { name: "ca" issuer: "root" key: "ca" '
                       + self.body("Test ca", at(-1), at(300)) + " } }\n"
                       + 'step { crl { name: "crl" issuer: "root" number: 1 first: true '
                       f'next_update: "{at(30)}" }} }}\n')
        time.sleep(1.1)

        def end(revoked, count=1):
            return (self.head("end") + self.token_key("root", "root-1", 1)
                    + self.known("root", "first", "root") + self.known("ca", "first")
                    + 'step { end_of_life { last_crl { name: "last" issuer: "root" number: 2 '
                    f'previous_file: "first/crl.crl" {revoked} }} issued_file: "first/ca.pem" '
                    f'issued_count: {count} key_id: "{self.key_id("first/root.pub.pem")}" }} }}\n')
        revoked = (f'revoked {{ certificate: "ca" date: "{at(0)}" '
                   'reason: "cessationOfOperation" }')
        self.assertIn("not in the last CRL",
                      self.ceremony(self.write("end.textproto", end("")), expect=1))
        self.assertIn("holds 1 certificates, not 2", self.ceremony(
            self.write("end.textproto", end(revoked, 2)), expect=1))
        self.assertIn("root-1", self.objects("root"))
        self.assertIn("DESTROY", self.ceremony(
            self.write("end.textproto", end(revoked)), "--dry-run"))
        self.assertIn("root-1", self.objects("root"))
        self.ceremony("end.textproto")
        self.assertNotIn("root-1", self.objects("root"))
        # TRUST 2.10: to the end of the CA's certificate and no further.
        self.assertEqual(
            self.shell("openssl", "crl", "-inform", "DER", "-in", "end/last.crl", "-noout",
                       "-nextupdate").strip().split("=")[1],
            self.shell("openssl", "x509", "-in", "first/root.pem", "-noout",
                       "-enddate").strip().split("=")[1])
        (self.work / "last.pem").write_text(self.shell(
            "openssl", "crl", "-inform", "DER", "-in", "end/last.crl"))
        self.assertIn("certificate revoked", self.shell(
            "openssl", "verify", "-crl_check", "-CAfile", "first/root.pem", "-CRLfile",
            "last.pem", "first/ca.pem", expect=2))
        self.ceremony("verify", "end/transcript.textproto", "--operator", "alice.pub.pem")
        self.assertIn("has been performed", self.ceremony("end.textproto", expect=3))


if __name__ == "__main__":
    junit.main()
