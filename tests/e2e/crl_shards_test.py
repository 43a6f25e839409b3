"""An issuer whose CRL is in shards, with deltas, as clients that are not ours see
it."""

import re

import junit
from cluster import Failed, wait_until
from harness import ClusterCase

SHARDS = 4


class CrlShardsTest(ClusterCase):
    init_options = ("--crl-shards", str(SHARDS), "--delta-crl-minutes", "60",
                    "--responders", "2")

    def get(self, path, url=None):
        """A CRL in PEM, fetched by curl, or None."""
        der = self.work / "fetched.crl"
        got = self.shell("curl", "-sS", "-o", der, "-w", "%{http_code}",
                         (url or self.urls[0]) + path, expect=None)
        if got.strip() != "200":
            return None
        return self.shell("openssl", "crl", "-inform", "DER", "-in", der)

    def text(self, pem):
        return self.shell("openssl", "crl", "-noout", "-text", stdin=pem.encode())

    def shard_of(self, certificate):
        """By its cRLDistributionPoints."""
        text = self.shell("openssl", "x509", "-in", certificate, "-noout", "-ext",
                          "crlDistributionPoints")
        return int(re.search(r"URI:http://\S+/crl/issuing/(\d+)\.crl", text)[1])

    def verify(self, certificate, *pems):
        crls = self.work / "crls.pem"
        crls.write_text("".join(pems))
        return self.shell("openssl", "verify", "-crl_check", "-extended_crl",
                          "-use_deltas", "-CAfile", self.ca / "bundle.pem", "-CRLfile",
                          crls, certificate, expect=None)

    def full(self, shard, url=None):
        return self.get(f"/crl/issuing/{shard}.crl", url)

    def listing(self, serial, url=None):
        """The shards whose full CRL lists a serial."""
        return [shard for shard in range(SHARDS)
                if serial in self.text(self.full(shard, url))]

    def serial_of(self, certificate):
        return self.shell("openssl", "x509", "-in", certificate, "-noout",
                          "-serial").strip().split("=")[1]

    def setUp(self):
        wait_until("every shard is served", lambda: all(
            self.full(shard, url) for shard in range(SHARDS) for url in self.urls), 60)

    def test_exactly_the_shard_that_a_certificate_names_lists_it(self):
        certificate, _ = self.issue("sharded.example.com")
        own, serial = self.shard_of(certificate), self.serial_of(certificate)
        numbers = {shard: self.text(self.full(shard)) for shard in range(SHARDS)}
        self.assertIn("OK", self.verify(certificate, self.full(own)))
        other = (own + 1) % SHARDS
        self.assertIn("different CRL scope", self.verify(certificate, self.full(other)))
        self.cluster.run("revoke", "--cert", certificate, "--reason", "superseded")
        for url in self.urls:
            wait_until("its shard lists it", lambda: self.listing(serial, url) == [own], 60)
        self.assertIn("certificate revoked", self.verify(certificate, self.full(own)))
        for shard in range(SHARDS):
            self.assertEqual(self.text(self.full(shard)) == numbers[shard], shard != own)
        self.assertIn("Issuing Distribution Point: critical", self.text(self.full(own)))

    def test_a_delta_brings_what_an_older_full_one_lacks(self):
        certificate, _ = self.issue("delta.example.com")
        own, serial = self.shard_of(certificate), self.serial_of(certificate)
        old = self.full(own)
        self.assertIn(f"/crl/issuing/{own}-delta.crl", self.text(old))
        self.cluster.run("revoke", "--cert", certificate, "--reason", "keyCompromise")

        def listed():
            delta = self.get(f"/crl/issuing/{own}-delta.crl")
            return delta if delta and serial in self.text(delta) else None
        delta = wait_until("the delta lists it", listed, 60)
        self.assertIn("Delta CRL Indicator: critical", self.text(delta))
        self.assertIn("certificate revoked", self.verify(certificate, old, delta))
        # The other tests look at what changes by their own doing.
        wait_until("its shard lists it", lambda: self.listing(serial) == [own], 60)

    def test_gnutls_reads_a_shard(self):
        pem = self.work / "shard.pem"
        pem.write_text(self.full(0))
        text = self.shell("certtool", "--crl-info", "--infile", pem)
        self.assertIn("CRL Number", text)
        self.shell("certtool", "--verify-crl", "--load-ca-certificate",
                   self.ca / "issuing.pem", "--infile", pem)

    def test_what_there_is_not_is_404(self):
        for path in (f"/crl/issuing/{SHARDS}.crl", "/crl/issuing.crl",
                     "/crl/issuing/00.crl", "/crl/issuing/0-delta", "/crl/issuing/.crl"):
            self.assertIsNone(self.get(path), path)

    def test_the_number_of_shards_cannot_change(self):
        config = self.folder / "config" / "signer.textproto"
        before = config.read_text()
        self.cluster.kill("signer")
        try:
            config.write_text(before.replace(f"crl_shards: {SHARDS}", "crl_shards: 5"))
            with self.assertRaises(Failed) as refused:
                self.cluster.start("signer")
            self.assertIn(f"this issuer began with {SHARDS}", str(refused.exception))
        finally:
            config.write_text(before)
            self.cluster.running.pop("signer", None)
            self.cluster.start("signer")


if __name__ == "__main__":
    junit.main()
