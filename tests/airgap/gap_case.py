"""A cluster, a signer on a machine that has no network device at all, and the steps
by which files go between them."""

import time
import unittest

import key_set
from cluster import wait_until
from harness import ClusterCase
from root_signer import CHANNEL, RootSigner, no_network

OFFLINE = no_network()
SKIPPED = ("network namespaces are not permitted here (unshare --net): the offline half "
           "cannot be shown to need no network")


@unittest.skipIf(OFFLINE is None, SKIPPED)
class GapCase(ClusterCase):
    """A running cluster, and a signer that is offline. Subclasses say which."""

    # Instead of a root: a CA with two above it.
    below_a_root = False
    init_options = ("--block-capacity", "16", "--responders", "2")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            cls.cluster.stop()
            cls.root = RootSigner(cls.work / "offline", cls.bin / "chancery", OFFLINE)
            cls.root.make(cls.folder / "ca" / "key-set", cls.cluster.responders()[0]["url"],
                          below_a_root=cls.below_a_root)
            cls.stick = cls.work / "stick"
            cls.stick.mkdir()
            cls._pin_both()
            cls.cluster.start()
        except Exception:
            cls.tearDownClass()
            raise

    @classmethod
    def _pin_both(cls):
        """A key set with both signers: what responders pin from now on."""
        online, offline = cls.folder / "ca" / "issuing.pem", cls.root.certificate
        made = key_set.make(
            2, [(cls.folder / "ca" / "manifest.key", [key_set.issuer_id(online)]),
                (cls.root.path("manifest.key"), [key_set.issuer_id(offline)])],
            [("issuing", online), (cls.root.name, offline)],
            cls.folder / "ca" / "key-set-root.key", cls.work)
        (cls.folder / "ca" / "key-set").write_bytes(made)

    # --- the three steps -----------------------------------------------------

    def export(self, *items, expect=0):
        request = self.stick / "request"
        def run():
            return self.cluster.run("airgap", "export", "--channel", CHANNEL, "--out",
                                    request, *items, check=False)
        # The first heads of a new cluster are on their way.
        done = run()
        deadline = time.monotonic() + 20
        while "has no head" in done.stderr and time.monotonic() < deadline:
            time.sleep(0.2)
            done = run()
        self.assertEqual(done.returncode, expect, done.stderr + done.stdout)
        return request if expect == 0 else done

    def sign(self, request, *more):
        result = self.stick / "result"
        done = self.root.sign(request, result, *more)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        return result

    def bring(self, result, *more, expect=0):
        done = self.cluster.run("airgap", "import", result, "--channel", CHANNEL, *more,
                                check=False)
        self.assertEqual(done.returncode, expect, done.stderr + done.stdout)
        return done.stdout + done.stderr

    def exchange(self, *items):
        request = self.export(*items)
        self.root.approve(request, 1, 2)
        result = self.sign(request)
        self.bring(result, "--certificates", self.work / "issued")
        return result

    def device(self, name):
        """Issues a certificate across the gap; its path."""
        self.exchange("--csr", self.request(name), "--issuer", self.root.name,
                      "--profile", "device", "--request-id", name, "--due")
        return self.work / "issued" / f"{name}.pem"

    def root_status(self, url, certificate):
        return self.shell("openssl", "ocsp", "-issuer", self.root.certificate,
                          "-verify_other", self.root.certificate, "-cert", certificate,
                          "-CAfile", self.root.trusted, "-no_nonce", "-url", url, expect=None)

    def await_root_status(self, certificate, status):
        def reached():
            return all(f"{certificate}: {status}" in answer and "Response verify OK" in answer
                       for answer in (self.root_status(url, certificate) for url in self.urls))
        wait_until(f"all responders answer {status}", reached, 40)

    def root_crl(self, url):
        path = self.work / "root.crl"
        self.shell("curl", "-fsS", "-o", path, f"{url}/crl/{self.root.name}.crl")
        return self.shell("openssl", "crl", "-inform", "DER", "-in", path, "-noout", "-text",
                          "-CAfile", self.root.certificate)

    def serial(self, certificate):
        return self.shell("openssl", "x509", "-in", certificate, "-noout",
                          "-serial").strip().split("=")[1]
