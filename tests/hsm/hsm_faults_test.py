"""A cluster whose token fails: what a client and an operator see, and that signing
goes on by itself once the fault has gone."""

import concurrent.futures
import json
import re
import signal
import subprocess
import time

import agreement
import configs
import junit
from cluster import Failed, wait_until
from faulty_hsm import FaultyHsm
from harness import ClusterCase


class HsmFaults(ClusterCase):
    softhsm = True
    init_options = ("--responders", "1")

    @classmethod
    def make_softhsm(cls):
        return FaultyHsm(cls.work / "softhsm", cls.bin / "libfaulty_pkcs11.so")

    def setUp(self):
        self.pid = self.cluster.running["signer"].pid
        self.hsm.command()
        self.issued = {}
        self.revoked = set()

    def tearDown(self):
        self.hsm.command()

    # --- what a client does -------------------------------------------------

    def run_once(self, *arguments):
        return subprocess.run(
            self.cluster.command("--dir", self.folder, *arguments), text=True,
            capture_output=True, check=False, timeout=60, env=self.cluster.environment)

    def try_issue(self, name):
        """One request; repeated under its id it is the same."""
        certificate = self.work / f"{name}.pem"
        csr = self.work / f"{name}.csr"
        if not csr.exists():
            self.request(name)
        done = self.run_once("issue", "--csr", csr, "--request-id", name, "--out",
                             certificate, "--json")
        if done.returncode == 0:
            self.issued[json.loads(done.stdout)["serial"]] = certificate
            self.shell("openssl", "verify", "-CAfile", self.ca / "bundle.pem",
                       certificate)
        else:
            self.assertFalse(certificate.exists())
        return done

    def refused(self, name):
        done = self.try_issue(name)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stderr.lower(), "unavailable|internal|deadline")

    def recovers(self, name, seconds=40):
        """It is issued in the end, by the signer that runs since the start."""
        wait_until(f"{name} is issued",
                   lambda: self.try_issue(name).returncode == 0, seconds)
        self.assertEqual(self.pid, self.cluster.running["signer"].pid)
        self.assertTrue(self.cluster.alive("signer"))

    # --- what an operator sees ----------------------------------------------

    def label(self, name):
        """The CKA_LABEL of a key of the signer, such as "issuing"."""
        text = (self.folder / "config" / "signer.textproto").read_text()
        return re.search(rf"object=({name}-[0-9a-f]+)", text)[1]

    def signer_log(self):
        return (self.folder / "log" / "signer.log").read_text()

    def metric(self, name):
        return configs.metrics(self.cluster, "signer")[name]

    # --- the faults ---------------------------------------------------------

    def test_a_token_that_was_pulled_out_is_found_in_another_slot(self):
        self.recovers("before.example.com")
        before = self.metric("chancery_signer_token_connections")
        self.hsm.command("absent")
        self.refused("pulled.example.com")
        self.hsm.command("slots 5")
        self.recovers("pulled.example.com")
        self.assertIn("no token matches", self.log_of_authority())
        wait_until("the connection is counted", lambda: self.metric(
            "chancery_signer_token_connections") > before)
        agreement.prove(self, self.issued, self.revoked | self.elsewhere_revoked())

    def log_of_authority(self):
        return (self.folder / "log" / "authority.log").read_text()

    def elsewhere_revoked(self):
        """By the other tests of this cluster."""
        rows = json.loads(self.cluster.run("list", "--json", "--limit", "1000").stdout)
        return {row["serial"] for row in rows["certificates"] if row["status"] == "revoked"}

    def test_passing_errors_are_not_seen_by_a_client(self):
        for fault in ("fail C_Sign CKR_DEVICE_ERROR next 2",
                      "fail * CKR_SESSION_HANDLE_INVALID next 2",
                      "fail C_SignInit CKR_USER_NOT_LOGGED_IN next 2"):
            self.hsm.command(fault)
            name = re.sub("[^a-z]", "", fault.lower()) + ".example.com"
            self.assertEqual(self.try_issue(name).returncode, 0, fault)

    def test_one_failing_key_leaves_the_others_alone(self):
        self.recovers("early.example.com")
        serial, certificate = next(iter(self.issued.items()))
        self.hsm.command(f"fail C_Sign CKR_DEVICE_ERROR key {self.label('issuing')}")
        for _ in range(4):
            self.refused("late.example.com")
        wait_until("the key is shown as failing", lambda: self.metric(
            "chancery_signer_keys_failing") == 1)
        # OCSP and manifest keys are in the same token.
        self.assertEqual(self.run_once("revoke", serial, "--reason", "superseded")
                         .returncode, 0)
        self.wait_status(certificate, "revoked")
        self.hsm.command()
        self.recovers("late.example.com")
        wait_until("the key is well", lambda: self.metric(
            "chancery_signer_keys_failing") == 0)

    def test_a_wrong_signature_never_leaves_the_signer(self):
        self.hsm.command(f"corrupt key {self.label('issuing')}")
        for _ in range(5):
            self.refused("wrong.example.com")
        self.hsm.command()
        self.recovers("wrong.example.com")

    def test_what_failed_in_the_middle_is_finished_when_it_is_repeated(self):
        for key in ("ocsp", "manifest"):
            self.hsm.command(f"fail C_Sign CKR_DEVICE_ERROR key {self.label(key)}")
            self.refused(f"{key}.example.com")
            self.hsm.command()
            self.recovers(f"{key}.example.com")
            listed = json.loads(self.cluster.run(
                "list", "--json", "--limit", "1000").stdout)["certificates"]
            self.assertEqual(sum(f"{key}.example.com" in json.dumps(row)
                                 for row in listed), 1)
        for certificate in self.issued.values():
            self.assert_status(certificate, "good", "-no_nonce")

    def test_a_refused_pin_is_tried_once_until_an_operator_acts(self):
        self.hsm.command("absent")
        self.refused("pin.example.com")
        self.hsm.command("fail C_Login CKR_PIN_INCORRECT", "log C_Login")

        def tried():
            self.refused("pin.example.com")
            return self.hsm.calls("C_Login")
        wait_until("the PIN is tried", tried)
        until = time.monotonic() + 3
        while time.monotonic() < until:
            self.refused("pin.example.com")
        self.assertEqual(self.hsm.calls("C_Login"), 1)
        self.assertIn("refused the PIN as wrong", self.log_of_authority())
        self.hsm.command("log C_Login")
        self.refused("pin.example.com")
        self.assertEqual(self.hsm.calls("C_Login"), 0)
        self.hsm.pin_file.touch()
        self.recovers("pin.example.com")

    def test_it_does_not_start_with_a_last_try_or_another_key(self):
        refusals = [("flags 0x20000", "--confirm-pin"),
                    (f"swap {self.label('issuing')} {self.label('ocsp')}",
                     "another key has this name"),
                    ("absent", "no token matches")]
        self.cluster.kill("signer", signal.SIGTERM)
        try:
            for command, reason in refusals:
                self.hsm.command(command, "log C_Login")
                with self.assertRaises(Failed) as failure:
                    self.cluster.start("signer")
                self.assertIn(reason, str(failure.exception))
                self.cluster.running.pop("signer")
                if "swap" not in command:
                    self.assertEqual(self.hsm.calls("C_Login"), 0)
        finally:
            self.hsm.command()
            self.cluster.start("signer")
        self.pid = self.cluster.running["signer"].pid
        self.recovers("started.example.com")

    def test_all_agree_after_many_faults_under_load(self):
        faults = ["absent", "slots 3", "fail C_Sign CKR_DEVICE_ERROR next 7",
                  "fail C_SignInit CKR_SESSION_CLOSED next 5", "corrupt next 3",
                  "absent", "", "fail * CKR_DEVICE_REMOVED next 4", "delay C_Sign 50"]
        names = [f"load{n}.example.com" for n in range(24)]
        with concurrent.futures.ThreadPoolExecutor(3) as workers:
            running = [workers.submit(self.recovers, name, 120) for name in names]
            while not all(one.done() for one in running):
                self.hsm.command(faults[0])
                faults.append(faults.pop(0))
                time.sleep(0.4)
                if all(one.done() for one in running[:16]):
                    self.hsm.command()
                    break
            for one in running:
                one.result()
        agreement.prove(self, self.issued, self.elsewhere_revoked())


if __name__ == "__main__":
    junit.main()
