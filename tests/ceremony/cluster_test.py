"""A cluster whose keys, certificates and key set were made by a ceremony."""

import os
import re
import shutil
import subprocess

import junit
from ceremony_test import CeremonyCase, at
from cluster import Failed, wait_until
from harness import ClusterCase
from parts import SoftHsm

NAMES = ("root", "issuing", "ocsp", "manifest")


def ceremony_text(hsm):
    """Keys in the cluster's token; the key set signed by two of three roots."""
    keys = "".join(
        f'key {{ name: "{name}" type: "ecdsa-p256" source {{ pkcs11_uri: "pkcs11:token='
        f'{hsm.label};object=held-{name};id=%e{i}" pkcs11_module: "{hsm.module}" pin_file: '
        f'"{hsm.pin_file}" }} }}\n' for i, name in enumerate(NAMES))
    keys += "".join(f'key {{ name: "{name}" type: "ecdsa-p256" source {{ file: "{name}.key" }} }}\n'
                    for name in ("set-a", "set-b"))
    body, usage = CeremonyCase.body, ("digital_signature",)
    made = "".join(f'step {{ generate_key {{ key: "{n}" }} }}\n'
                   for n in NAMES + ("set-a", "set-b"))
    return (
        'id: "cluster"\noutput_dir: "held"\noperator { name: "alice" public_key_file: '
        '"alice.pub.pem" key { file: "alice.key" } }\n' + keys + made
        + 'step { root { name: "root" key: "root" ' + body("Root", at(-1), at(3650)) + " } }\n"
        + 'step { intermediate { name: "issuing" issuer: "root" key: "issuing" '
        + body("CA", at(-1), at(1825), more="path_length: 0") + " } }\n"
        + 'step { ocsp_signer { name: "ocsp" issuer: "issuing" key: "ocsp" '
        + body("OCSP", at(-1), at(13), usage) + " } }\n"
        + 'step { crl { name: "root" issuer: "root" number: 1 first: true next_update: "'
        + at(180) + '" } }\n'
        + 'step { key_set { name: "key-set" version: 1 epoch: 1 manifest_key { key: "manifest" '
        f'issuer: "issuing" not_before: "{at(-1)}" not_after: "{at(1825)}" }} issuer {{ name: '
        '"issuing" certificate: "issuing" } signed_by: "set-a" signed_by: "set-b" '
        'other_root_file: "set-c.pub.pem" threshold: 2 } }\n')


class CeremonyClusterTest(ClusterCase):
    softhsm = True
    init_options = ("--responders", "2")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            cls.cluster.stop()
            cls.hold()
            cls.rewire()
            cls.cluster.start()
        except Exception:
            cls.tearDownClass()
            raise

    @classmethod
    def hold(cls):
        for name in ("alice", "set-c"):
            key, public = cls.work / f"{name}.key", cls.work / f"{name}.pub.pem"
            subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt",
                            "ec_paramgen_curve:P-256", "-out", key], check=True)
            os.chmod(key, 0o600)
            subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", public],
                           check=True)
        (cls.work / "held.textproto").write_text(ceremony_text(SoftHsm(cls.work / "softhsm")))
        done = subprocess.run(cls.cluster.command("ceremony", cls.work / "held.textproto"),
                              env=cls.cluster.environment, capture_output=True, text=True,
                              check=False, timeout=120)
        if done.returncode != 0:
            raise Failed(done.stdout + done.stderr)

    @classmethod
    def rewire(cls):
        """The cluster that init made, with what the ceremony made instead."""
        held, ca = cls.work / "held", cls.folder / "ca"
        for name in ("root.pem", "issuing.pem", "ocsp.pem", "key-set", "key-set-root.pem"):
            shutil.copyfile(held / name, ca / name)
        (ca / "bundle.pem").write_bytes((held / "root.pem").read_bytes()
                                        + (held / "issuing.pem").read_bytes())
        config = cls.folder / "config" / "signer.textproto"
        text, count = re.subn(
            r";object=(manifest|issuing|ocsp)-[^\"]*",
            lambda m: f";object=held-{m[1]};id=%e{NAMES.index(m[1])}", config.read_text())
        if count != 3:
            raise Failed(f"{count} keys in {config}, not 3")
        config.write_text(text)
        for name in ("ledger", "cache"):
            shutil.rmtree(cls.folder / name)
            (cls.folder / name).mkdir(mode=0o700)
        # Nobody holds a head of this ledger yet.
        (cls.folder / "ledger" / "first-start").touch(0o600)
        for path in cls.folder.glob("inventory.sqlite*"):
            path.unlink()

    def test_issues_and_revokes(self):
        certificate, answer = self.issue("held.example.com")
        # One that has just started may take a moment longer than the answer waits.
        self.assertEqual(answer["responders_total"], 2)
        self.wait_status(certificate, "good")
        self.shell("openssl", "verify", "-x509_strict", "-CAfile", self.ca / "root.pem",
                   "-untrusted", self.ca / "issuing.pem", certificate)
        self.assert_status(certificate, "good", "-no_nonce")
        self.cluster.run("revoke", "--cert", certificate, "--reason", "superseded")
        self.wait_status(certificate, "revoked")
        wait_until("the CRL lists it", lambda: self.crl_lists(certificate), 60)

    def test_a_responder_needs_two_of_the_three_roots(self):
        key_set = self.ca / "key-set"
        whole = key_set.read_bytes()
        size = int.from_bytes(whole[:4], "big")
        # message, key id, signature | key id, signature: without the second.
        first = 4 + size + 32
        cut = first + 2 + int.from_bytes(whole[first:first + 2], "big")
        self.assertLess(cut, len(whole))
        self.cluster.kill("responder-2")
        try:
            key_set.write_bytes(whole[:cut])
            with self.assertRaises(Failed) as refused:
                self.cluster.start("responder-2")
            self.assertIn("signed by 1 of 3 pinned roots, and 2 have to",
                          str(refused.exception))
        finally:
            key_set.write_bytes(whole)
            self.cluster.running.pop("responder-2", None)
            self.cluster.start("responder-2")


if __name__ == "__main__":
    junit.main()
