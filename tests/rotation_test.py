"""Drills of docs/key-rotation.md, on real processes: delegated OCSP keys that the signer
makes itself, a lost key folder, and the rotation of the manifest key through the key
set. TRUST 4 and 6. Ten rotations in a row are in signer/ocsp_key_rotation_test.cc,
where the clock is moved."""

import datetime
import hashlib
import json
import re
import shutil
import signal
import sqlite3
import threading

import configs
import junit
from cluster import wait_until
from harness import ClusterCase


class Watch:
    """Asks all responders about a certificate all the time; every answer has to be
    valid and `status`."""

    def __init__(self, case, certificate, status):
        self.case, self.certificate, self.status = case, certificate, status
        self.wrong, self.asked = [], 0
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._work)
        self.thread.start()

    def _work(self):
        while not self.stopping.is_set():
            for url in self.case.urls:
                answer = self.case.openssl_ocsp(url, self.certificate, "-no_nonce")
                if "Error" in answer and "connect" in answer:
                    continue  # It is being restarted: clients ask another one.
                self.asked += 1
                if ("Response verify OK" not in answer
                        or f"{self.certificate}: {self.status}" not in answer):
                    self.wrong.append(answer)

    def end(self):
        self.stopping.set()
        self.thread.join()
        self.case.assertEqual(self.wrong, [])
        self.case.assertGreater(self.asked, 0)


class Rotation(ClusterCase):
    def restart(self, name):
        if self.cluster.alive(name):
            self.cluster.kill(name, signal.SIGTERM)
        self.cluster.start(name)

    def log(self, name):
        return (self.folder / "log" / (name + ".log")).read_text(errors="replace")

    def responder_names(self):
        return [r["name"] for r in self.cluster.responders()]

    def edit_signer(self, change):
        configs.edit(self.cluster, "signer", change)

    def rotate_ocsp_keys(self, folder, more=""):
        """Has the signer make its delegated OCSP keys itself, from its next start on."""
        def rotate(text):
            text, count = re.subn(r'(?m)^  ocsp_certificate_file: .*\n  ocsp_key {\n'
                                  r'(    .*\n)*  }\n', "  rotate_ocsp_key: true\n", text)
            self.assertEqual(count, 1, text)
            return text + (f'ocsp_key_rotation {{\n  folder: "{folder}"\n'
                           f'  country: "CH"\n  organization: "Example"\n{more}}}\n')
        self.edit_signer(rotate)

    def refresh_all(self):
        """Has each block signed again, as when it is due."""
        with sqlite3.connect(self.folder / "inventory.sqlite", timeout=30) as inventory:
            inventory.execute("update blocks set refresh_at = 1, lease_until = 0")
        def none_due():
            with sqlite3.connect(self.folder / "inventory.sqlite", timeout=30) as inventory:
                return inventory.execute("select count(*) from blocks where refresh_at <= 1"
                                         ).fetchone()[0] == 0
        wait_until("all blocks are signed again", none_due, 60)

    def responder_of(self, certificate):
        """SHA-256 of the certificate in the OCSP response: who signed it."""
        request = self.ocsp_request(certificate)
        reply = self.work / "reply.der"
        self.shell("curl", "-fsS", "-H", "Content-Type: application/ocsp-request",
                   "--data-binary", f"@{request}", "-o", reply, self.urls[0])
        text = self.shell("openssl", "ocsp", "-respin", reply, "-noverify", "-resp_text")
        pem = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", text,
                        re.DOTALL)[0]
        return hashlib.sha256(pem.encode()).hexdigest(), pem


class OcspKeys(Rotation):
    def test_the_signer_makes_its_own_and_survives_their_loss(self):
        good, _ = self.issue("good.example.com")
        gone, _ = self.issue("gone.example.com")
        self.cluster.run("revoke", "--cert", gone, "--reason", "keyCompromise")
        self.wait_status(gone, "revoked")
        before, _ = self.responder_of(good)
        watch = Watch(self, good, "good")
        try:
            keys = self.work / "ocsp-keys"
            self.rotate_ocsp_keys(keys)
            self.restart("signer")
            self.refresh_all()
            wait_until("the new key signs", lambda: self.responder_of(good)[0] != before)
            first, pem = self.responder_of(good)
            self._check_delegate(pem)
            self.assert_status(good, "good")
            self.assert_status(gone, "revoked")
            self.assertEqual([p.stat().st_mode & 0o777 for p in keys.iterdir()], [0o600] * 2)

            # The folder is lost, or was stolen.
            self.cluster.kill("signer", signal.SIGTERM)
            shutil.rmtree(keys)
            self.cluster.start("signer")
            self.refresh_all()
            wait_until("another key signs", lambda: self.responder_of(good)[0] != first)
            def delegates():
                listed = json.loads(self.cluster.run(
                    "list", "--profile", "ocsp-signer", "--json").stdout)
                return {c["serial"] for c in listed["certificates"]}
            wait_until("both are listed", lambda: len(delegates()) == 2)
            stolen = self.work / "stolen.pem"
            stolen.write_text(pem)
            self.cluster.run("revoke", "--cert", stolen, "--reason", "keyCompromise")
            wait_until("the CRL has it", lambda: self.crl_lists(stolen))
        finally:
            watch.end()
        self.assert_status(good, "good")
        self.assert_status(gone, "revoked")

    def _check_delegate(self, pem):
        path = self.work / "delegate.pem"
        path.write_text(pem)
        text = self.shell("openssl", "x509", "-in", path, "-noout", "-text")
        self.assertIn("Subject: C = CH, O = Example, CN = OCSP", text)
        self.assertIn("OCSP Signing", text)
        self.assertIn("OCSP No Check", text)
        self.shell("openssl", "verify", "-partial_chain", "-trusted",
                   self.ca / "issuing.pem", path)


class OcspKeysInAToken(Rotation):
    softhsm = True

    def test_they_are_made_there_and_found_again(self):
        good, _ = self.issue("good.example.com")
        self.wait_status(good, "good")
        before, _ = self.responder_of(good)
        folder = self.work / "ocsp-certificates"
        self.rotate_ocsp_keys(folder, "  key {\n"
                              f'    pkcs11_uri: "pkcs11:token={self.hsm.label}"\n'
                              f'    pkcs11_module: "{self.hsm.module}"\n'
                              f'    pin_file: "{self.hsm.pin_file}"\n  }}\n')
        self.restart("signer")
        self.refresh_all()
        wait_until("the new key signs", lambda: self.responder_of(good)[0] != before)
        first, _ = self.responder_of(good)
        self.assert_status(good, "good")
        self.assertEqual([p.suffix for p in folder.iterdir()], [".pem"])
        made = self._keys()
        self.assertEqual(len(made), 1)

        # The folder is lost; the key is not, and gets another certificate.
        self.cluster.kill("signer", signal.SIGTERM)
        shutil.rmtree(folder)
        self.cluster.start("signer")
        self.refresh_all()
        wait_until("the new certificate is used",
                   lambda: self.responder_of(good)[0] != first)
        self.assert_status(good, "good")
        self.assertEqual(self._keys(), made)

    def _keys(self):
        """Labels of the private keys in the token that the signer made itself."""
        pin = self.hsm.pin_file.read_text().strip()
        text = self.shell("pkcs11-tool", "--module", self.hsm.module, "--token-label",
                          self.hsm.label, "--login", "--pin", pin, "--list-objects",
                          "--type", "privkey")
        return re.findall(r"(?m)^  label: +(ocsp-\d+)$", text)


class ManifestKey(Rotation):
    def keyset(self, *arguments):
        return self.shell(self.cluster.binaries / "chancery", "keyset", *arguments)

    def install(self, path, version):
        """As an operator does: whole, at once; responders take it while they run."""
        staged = self.ca / "key-set.new"
        shutil.copy(path, staged)
        staged.rename(self.ca / "key-set")
        for name in self.responder_names():
            wait_until(f"{name} takes key set {version}",
                       lambda: f"key_set_taken version={version}" in self.log(name))

    def head_key(self):
        """SHA-256 of the key that signed the inventory's newest head, in hex."""
        path = self.work / "head"
        self.cluster.run("signer", "save-head", "--head", path)
        data = path.read_bytes()
        size = int.from_bytes(data[:4], "big")
        return data[4 + size:4 + size + 32].hex()

    def test_it_changes_hands_without_a_gap(self):
        good, _ = self.issue("good.example.com")
        gone, _ = self.issue("gone.example.com")
        self.cluster.run("revoke", "--cert", gone, "--reason", "keyCompromise")
        self.wait_status(gone, "revoked")
        root = ("--root", self.ca / "key-set-root.pem")
        signs = ("--root-key", self.ca / "key-set-root.key")
        wait_until("there is a head", lambda: self._try(self.head_key))
        old = self.head_key()
        self.assertIn(old, self.keyset("show", self.ca / "key-set", *root))
        first = self.work / "key-set.1"
        shutil.copy(self.ca / "key-set", first)
        watches = [Watch(self, good, "good"), Watch(self, gone, "revoked")]
        try:
            # Version 2 has both keys.
            key, public = self.ca / "manifest-2.key", self.work / "manifest-2.pub"
            self.shell("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt",
                       "ec_paramgen_curve:P-256", "-out", key)
            key.chmod(0o600)
            self.shell("openssl", "pkey", "-in", key, "-pubout", "-out", public)
            both = self.work / "key-set.2"
            # The signer takes it five minutes after its time.
            begins = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=5)
            self.keyset("add", first, *root, *signs, "--key", public, "--from",
                        begins.strftime("%Y-%m-%dT%H:%M:%SZ"), "--until", "2040-01-01",
                        "--out", both)
            self.install(both, 2)
            self.edit_signer(lambda text: text + f'next_manifest_key {{\n  file: "{key}"\n}}\n')
            self.restart("signer")
            # Nothing is issued, nothing is due: all blocks are signed anew by themselves.
            wait_until("the new key signs heads", lambda: self.head_key() != old)
            wait_until("it has signed all blocks", self._all_by_the_present_key)
            # Version 3 has only the new one.
            only = self.work / "key-set.3"
            self.keyset("remove", both, *root, *signs, "--id", old, "--out", only)
            self.install(only, 3)
            for name in self.responder_names():
                self.assertNotIn("block_dropped", self.log(name))
            self.assertEqual(
                [r["ready"] for r in self._cluster()["responders"]], [True] * 3)
            last, _ = self.issue("last.example.com")
            self.wait_status(last, "good")
        finally:
            for watch in watches:
                watch.end()
        self.wait_status(good, "good")
        self.wait_status(gone, "revoked")
        # A set that somebody else signed is refused.
        forged = self.work / "forged"
        forged.write_bytes(only.read_bytes()[:-1] + b"x")
        text = self.shell(self.cluster.binaries / "chancery", "keyset", "show", forged, *root,
                          expect=1)
        self.assertIn("signature is wrong", text)
        name = self.responder_names()[0]
        shutil.copy(forged, self.ca / "key-set.new")
        (self.ca / "key-set.new").rename(self.ca / "key-set")
        wait_until(f"{name} refuses it", lambda: "key_set_refused" in self.log(name))
        self.wait_status(good, "good")
        # An older one is no way back.
        self.cluster.kill(name, signal.SIGTERM)
        shutil.copy(both, self.ca / "key-set")
        self.cluster.spawn(self.cluster.process(name))
        wait_until(f"{name} does not start", lambda: not self.cluster.alive(name))
        self.assertIn("versions only grow", self.log(name))
        shutil.copy(forged, self.ca / "key-set")
        self.cluster.spawn(self.cluster.process(name))
        wait_until(f"{name} does not start", lambda: not self.cluster.alive(name))
        self.assertIn("signature is wrong", self.log(name))
        shutil.copy(only, self.ca / "key-set")
        self.cluster.start(name)

    def _cluster(self):
        return json.loads(self.cluster.run("cluster", "--json").stdout)

    def _all_by_the_present_key(self):
        state = self._cluster()
        return (state["blocks_by_former_key"] == 0
                and all(r["ready"] and r["blocks_behind"] == 0 for r in state["responders"]))

    @staticmethod
    def _try(call):
        try:
            return call()
        except Exception:  # Not there yet.
            return None


if __name__ == "__main__":
    junit.main()
