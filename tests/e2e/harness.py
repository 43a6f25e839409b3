"""What every test of whole clusters shares: a cluster, and clients that are
not ours (OpenSSL, GnuTLS, curl, NSS)."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from cluster import Cluster, wait_until
from parts import Postgres, SoftHsm


def binaries():
    """One folder with links to all programs under test."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="chancery-bin-", dir="/tmp"))
    for path in os.environ["CHANCERY_BINARIES"].split():
        (folder / pathlib.Path(path).name).symlink_to(pathlib.Path(path).resolve())
    return folder


def resident_bytes(pid):
    """The memory that a process has now."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) << 10
    raise AssertionError("no VmRSS")


class ClusterCase(unittest.TestCase):
    """A cluster for the tests of a class. Subclasses choose what it stands on."""

    softhsm = False
    postgres = False
    init_options = ()

    @classmethod
    def make_softhsm(cls):
        return SoftHsm(cls.work / "softhsm")

    @classmethod
    def setUpClass(cls):
        cls.work = pathlib.Path(tempfile.mkdtemp(prefix="chancery-e2e-", dir="/tmp"))
        cls.bin = binaries()
        cls.database = None
        options = list(cls.init_options)
        environment = None
        if cls.softhsm:
            cls.hsm = cls.make_softhsm()
            cls.hsm.make()
            environment = cls.hsm.environment()
            options += cls.hsm.init_arguments()
        cls.folder = cls.work / "cluster"
        if cls.postgres:
            cls.database = Postgres(cls.work / "postgres")
            cls.database.start()
            options += ["--postgres-file",
                        cls.database.connection_file(cls.work / "conninfo")]
        cls.cluster = Cluster(cls.folder, cls.bin, environment)
        try:
            cls.cluster.init(*options)
            cls.cluster.start()
        except Exception:
            cls.tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.cluster.stop()
        if cls.database is not None:
            cls.database.stop()
        shutil.rmtree(cls.work, ignore_errors=True)
        shutil.rmtree(cls.bin, ignore_errors=True)

    # --- what a person does -------------------------------------------------

    @property
    def ca(self):
        return self.folder / "ca"

    @property
    def urls(self):
        return [r["url"] for r in self.cluster.responders()]

    def shell(self, *arguments, expect=0, stdin=None):
        """Runs a command; returns what it printed (both streams)."""
        done = subprocess.run(list(map(str, arguments)), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, input=stdin, check=False,
                              timeout=60, env=self.cluster.environment)
        text = done.stdout.decode(errors="replace")
        if expect is not None:
            self.assertEqual(done.returncode, expect,
                             f"{' '.join(map(str, arguments))}\n{text}")
        return text

    def request(self, name, key=("ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
                extra=()):
        """A CSR by `openssl req`; returns its path."""
        path = self.work / f"{name}.csr"
        self.shell("openssl", "req", "-new", "-newkey", *key, "-nodes", "-keyout",
                   self.work / f"{name}.key", "-out", path, "-subj", f"/CN={name}",
                   "-addext", f"subjectAltName=DNS:{name}", *extra)
        return path

    def issue(self, name, **more):
        """Issues for a new key; returns (path of the certificate alone, JSON answer)."""
        csr = self.request(name, **more)
        certificate = self.work / f"{name}.pem"
        answer = self.cluster.run("issue", "--csr", csr, "--out", certificate,
                                  "--chain-out", self.work / f"{name}.chain.pem", "--json")
        return certificate, json.loads(answer.stdout)

    def ocsp_request(self, certificate):
        """An OCSPRequest without a nonce by `openssl ocsp`; returns its path (DER)."""
        path = self.work / "request.der"
        self.shell("openssl", "ocsp", "-issuer", self.ca / "issuing.pem", "-cert",
                   certificate, "-no_nonce", "-reqout", path)
        return path

    def openssl_ocsp(self, url, certificate, *options):
        return self.shell("openssl", "ocsp", "-issuer", self.ca / "issuing.pem",
                          *options, "-cert", certificate, "-CAfile",
                          self.ca / "bundle.pem", "-url", url, expect=None)

    def assert_status(self, certificate, status, *options):
        """Every responder answers `status`, verified by OpenSSL."""
        for url in self.urls:
            answer = self.openssl_ocsp(url, certificate, *options)
            self.assertIn("Response verify OK", answer)
            self.assertIn(f"{certificate}: {status}", answer)

    def wait_status(self, certificate, status, seconds=20):
        def reached():
            return all(f"{certificate}: {status}" in
                       self.openssl_ocsp(url, certificate, "-no_nonce")
                       for url in self.urls)
        wait_until(f"all responders answer {status}", reached, seconds)

    def crl(self, url=None):
        """The issuing CA's CRL, fetched by curl; returns its path (DER)."""
        path = self.work / "issuing.crl"
        self.shell("curl", "-fsS", "-o", path, (url or self.urls[0]) + "/crl/issuing.crl")
        return path

    def crl_lists(self, certificate, url=None):
        self.crl(url)
        text = self.shell("openssl", "verify", "-crl_check", "-CRLfile",
                          self.work / "issuing.crl", "-CAfile",
                          self.ca / "bundle.pem", certificate, expect=None)
        return "certificate revoked" in text
