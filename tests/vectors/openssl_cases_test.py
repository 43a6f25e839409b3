"""Our verdict on the OCSP responses of OpenSSL's own test suite is its recipe's.

The cases come from Debian's source package (tools/setup fetches them). They are
signed with SHA-1, so they are signed anew for this test (der_edit.py), and OpenSSL
judges what came of it first.
"""

import base64
import json
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import tempfile
import unittest

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

import der_edit
import junit

HOME = pathlib.Path(pwd.getpwuid(os.getuid()).pw_dir)
CASES = HOME / ".cache" / "chancery-testdata" / "openssl" / "test"
READER = os.path.abspath(os.environ["CHANCERY_BINARIES"].split()[0])
# The recipe's: the certificates have expired since.
AT_TIME = 1355875200

CALL = re.compile(r'test_ocsp\("([^"]*)",\s*"([^"]*)",\s*"([^"]*)",\s*"([^"]*)",'
                  r'\s*(\d),\s*(\d)(?:,\s*"([^"]*)")?\)')


def read_pem(path):
    """All that are in it, as DER."""
    blocks = re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----",
                        path.read_text(), re.DOTALL)
    return [x509.load_pem_x509_certificate(b.encode()).public_bytes(Encoding.DER)
            for b in blocks]


def to_pem(der):
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM).decode()


class OpenSslCasesTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        recipe = CASES / "recipes" / "80-test_ocsp.t"
        if not recipe.exists():
            raise AssertionError(f"{recipe} is missing: run tools/setup")
        cls.calls = CALL.findall(recipe.read_text())
        cls.work = pathlib.Path(tempfile.mkdtemp(prefix="chancery-ocsp-", dir="/tmp"))
        folder = CASES / "ocsp-tests"
        certificates = {p.name: read_pem(p) for p in sorted(folder.glob("*.pem"))}
        responses = {p.name: base64.b64decode(p.read_bytes())
                     for p in sorted(folder.glob("*.ors"))}
        keys = der_edit.Keys()
        for several in certificates.values():
            for certificate in several:
                keys.add(certificate)
        for response in responses.values():
            for _, start, _, end in der_edit.certificates(response):
                keys.add(response[start:end])
        (cls.work / "old").mkdir()
        for name, several in certificates.items():
            (cls.work / name).write_text(
                "".join(to_pem(keys.certificate(der)) for der in several))
            shutil.copy(folder / name, cls.work / "old")
        for name, der in responses.items():
            (cls.work / name).write_bytes(keys.response(der))
            (cls.work / "old" / name).write_bytes(der)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.work, ignore_errors=True)

    def openssl_accepts(self, call, folder):
        """As the recipe asks it."""
        _, response, trusted, untrusted, _, no_checks, option = call
        done = subprocess.run(
            ["openssl", "ocsp", "-respin", response, "-partial_chain", "-attime",
             str(AT_TIME), "-CAfile", trusted, option or "-verify_other",
             untrusted or trusted, "-no-CApath", "-no-CAstore"]
            + (["-no_cert_checks"] if no_checks == "1" else []),
            cwd=folder, capture_output=True, check=False, timeout=60)
        return done.returncode == 0

    def we_accept(self, call, folder):
        _, response, trusted, untrusted, _, _, _ = call
        name = response.split(".")[0].split("_")[-1]
        certificate, = folder.glob(f"{name}_Cert_*.pem")
        done = subprocess.run(
            [READER, "verdict", response, certificate.name, untrusted or trusted,
             trusted, str(AT_TIME)], cwd=folder, capture_output=True, text=True,
            check=True, timeout=60)
        verdict = json.loads(done.stdout)
        return verdict["ok"], verdict["why"]

    def test_the_recipe_has_its_cases(self):
        # 55, three of them again without checks of certificates, and a later one.
        self.assertGreaterEqual(len(self.calls), 55)

    def test_verdicts(self):
        for call in self.calls:
            wanted = call[4] == "0"
            with self.subTest(f"{call[0]}: {call[1]}, {call[2]}"):
                self.assertEqual(self.openssl_accepts(call, self.work), wanted,
                                 "OpenSSL itself")
                accepted, why = self.we_accept(call, self.work)
                self.assertEqual(accepted, wanted, why)

    def test_sha1_signatures_are_nobodys_word(self):
        for call in self.calls:
            with self.subTest(f"{call[0]}: {call[1]}, {call[2]}"):
                accepted, _ = self.we_accept(call, self.work / "old")
                self.assertFalse(accepted)


if __name__ == "__main__":
    junit.main()
