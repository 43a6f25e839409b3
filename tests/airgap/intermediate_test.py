"""An offline signer whose CA is no root: two levels below one, whose key it does not
have. The middle one says which names its certificates may hold."""

import json
import os
import sys

sys.path.insert(0, "tests/airgap")

import junit
from cluster import wait_until
from gap_case import GapCase


class BelowARoot(GapCase):
    below_a_root = True

    def certificates(self, path):
        """Those in a PEM file, each alone in a file: the first is its own."""
        end = "-----END CERTIFICATE-----\n"
        texts = [text + end for text in path.read_text().split(end)[:-1]]
        files = [self.work / f"{path.stem}-{n}.pem" for n in range(len(texts))]
        for file, text in zip(files, texts):
            file.write_text(text)
        return files

    def fingerprint(self, path):
        return self.shell("openssl", "x509", "-in", path, "-noout", "-fingerprint", "-sha256")

    def facts(self, path):
        return self.shell("openssl", "x509", "-in", path, "-noout", "-enddate", "-issuer",
                          "-ext", "authorityInfoAccess,crlDistributionPoints")

    def test_1_a_certificate_comes_back_with_its_chain(self):
        made = self.certificates(self.device("first.devices.test"))
        # The chain up to the root, which whoever trusts it has.
        self.assertEqual([self.fingerprint(path) for path in made[1:]],
                         [self.fingerprint(self.root.path(name))
                          for name in ("devices.pem", "policy.pem")])
        chain = self.work / "chain.pem"
        chain.write_text("".join(path.read_text() for path in made[1:]))
        self.shell("openssl", "verify", "-x509_strict", "-CAfile", self.root.trusted,
                   "-untrusted", chain, made[0])
        # Without it nobody gets to the root.
        self.shell("openssl", "verify", "-CAfile", self.root.trusted, made[0], expect=2)
        # The profile says 365 days, the CA has 200.
        mine, cas = self.facts(made[0]), self.facts(made[1])
        end = cas[cas.index("notAfter="):].splitlines()[0]
        self.assertIn(end, mine)
        self.assertIn("Offline devices", mine)
        self.assertIn("/crl/devices.crl", mine)

        self.await_root_status(made[0], "good")
        wait_until("the CRL is served", lambda: "verify OK" in self.root_crl(self.urls[0]), 40)
        listed = json.loads(self.cluster.run("list", "--json").stdout)
        self.assertIn(self.serial(made[0]).lower(),
                      [c["serial"].lower() for c in listed["certificates"]])

    def test_2_a_revocation_crosses_the_gap(self):
        leaf = self.certificates(self.device("stolen.devices.test"))[0]
        self.await_root_status(leaf, "good")
        self.exchange("--revoke", self.serial(leaf), "--issuer", "devices", "--reason",
                      "keyCompromise", "--due")
        self.await_root_status(leaf, "revoked")
        serial = self.serial(leaf)
        for url in self.urls:
            wait_until("the CRL names it", lambda at=url: serial in self.root_crl(at), 40)

    def test_3_what_a_ca_above_does_not_permit_is_refused_alone(self):
        request = self.export("--csr", self.request("elsewhere.test"), "--issuer", "devices",
                              "--profile", "device", "--request-id", "elsewhere", "--due")
        self.root.approve(request, 1, 2)
        result = self.stick / "result"
        done = self.root.sign(request, result)
        self.assertEqual(done.returncode, 1, done.stderr)
        text = self.bring(result, "--certificates", self.work / "issued", expect=1)
        self.assertIn("item 0: refused: ", text)
        self.assertIn("elsewhere.test", text)
        self.assertFalse((self.work / "issued" / "elsewhere.pem").exists())
        # The rest of the file was signed, and the next one follows it.
        self.await_root_status(
            self.certificates(self.device("next.devices.test"))[0], "good")

    def test_4_a_profile_that_the_issuer_does_not_have_is_refused(self):
        request = self.export("--csr", self.request("ca.devices.test"), "--issuer", "devices",
                              "--profile", "server", "--request-id", "unknown")
        self.root.approve(request, 1, 2)
        done = self.root.sign(request, self.stick / "result")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("server", self.bring(self.stick / "result", expect=1))


if __name__ == "__main__":
    os.environ["no_proxy"] = "*"
    junit.main()
