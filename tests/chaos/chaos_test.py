"""Kills every process at random moments of a run of issuances and revocations,
then proves that inventory, ledger, responders and CRL agree on each certificate.

    CHANCERY_CHAOS_ISSUE=1000 CHANCERY_CHAOS_REVOKE=200   the full run
    CHANCERY_CHAOS_SEED=7                                 repeats a run's choices
"""

import concurrent.futures
import json
import os
import random
import signal
import subprocess
import threading
import time

import configs
import junit
from cluster import wait_until
from harness import ClusterCase

ISSUE = int(os.environ.get("CHANCERY_CHAOS_ISSUE", "120"))
REVOKE = int(os.environ.get("CHANCERY_CHAOS_REVOKE", "30"))
SEED = int(os.environ.get("CHANCERY_CHAOS_SEED", str(random.SystemRandom().randrange(1 << 32))))


class Chaos(ClusterCase):
    """SQLite and file keys: the faults are the same, the runs are shorter."""

    init_options = ("--block-capacity", "64")
    issuances, revocations = ISSUE, REVOKE

    def setUp(self):
        print(f"CHANCERY_CHAOS_SEED={SEED}", flush=True)
        self.random = random.Random(SEED)
        self.issued = {}    # serial -> certificate path, acknowledged
        self.revoked = set()  # acknowledged
        self.lock = threading.Lock()
        self.stop_killing = threading.Event()
        self.kills = {}

    def test_all_agree_after_every_process_was_killed(self):
        killer = threading.Thread(target=self._kill_at_random)
        killer.start()
        try:
            with concurrent.futures.ThreadPoolExecutor(4) as workers:
                csr = self.request("chaos.example.com")
                list(workers.map(lambda n: self._issue(csr, n), range(self.issuances)))
                chosen = self.random.sample(sorted(self.issued), self.revocations)
                list(workers.map(self._revoke, chosen))
        finally:
            self.stop_killing.set()
            killer.join()
        self.assertEqual(len(self.issued), self.issuances)
        self.assertEqual(len(self.revoked), self.revocations)
        for process in self.cluster.processes():
            self.assertGreater(self.kills.get(process["name"], 0), 0, process["name"])
        self._prove_agreement()

    # --- the load -----------------------------------------------------------

    def _until_it_works(self, *arguments):
        """As a client would: repeats the same request until it is answered."""
        def attempt():
            done = subprocess.run(
                self.cluster.command("--dir", self.folder, *arguments),
                capture_output=True, text=True, check=False, timeout=60,
                env=self.cluster.environment)
            if done.returncode == 0:
                return done.stdout or "{}"
            self.assertTrue(any(word in done.stderr.lower() for word in (
                "unavailable", "deadline", "cancelled")), done.stderr)
            return None
        return json.loads(wait_until(" ".join(map(str, arguments)), attempt, 120))

    def _issue(self, csr, number):
        certificate = self.work / f"chaos-{number}.pem"
        answer = self._until_it_works("issue", "--csr", csr, "--request-id",
                                      f"chaos-{number}", "--out", certificate, "--json")
        with self.lock:
            self.assertNotIn(answer["serial"], self.issued)
            self.issued[answer["serial"]] = certificate

    def _revoke(self, serial):
        self._until_it_works("revoke", serial, "--reason", "superseded", "--json")
        with self.lock:
            self.revoked.add(serial)

    def _kill_at_random(self):
        names = [p["name"] for p in self.cluster.processes()]
        order = []
        while not (self.stop_killing.is_set() and len(self.kills) == len(names)):
            if not order:
                order = self.random.sample(names, len(names))
            name = order.pop()
            self.stop_killing.wait(self.random.uniform(0.05, 0.8))
            self.cluster.kill(name, signal.SIGKILL)
            self.kills[name] = self.kills.get(name, 0) + 1
            time.sleep(self.random.uniform(0, 0.3))  # How long it stays away.
            self.cluster.start(name)

    # --- the proof ----------------------------------------------------------

    def _prove_agreement(self):
        def fresh():
            return self.cluster.run("cluster", "--json", check=False).returncode == 0
        wait_until("every responder is reachable and nothing is behind", fresh, 60)
        inventory = self._inventory()
        self.assertLessEqual(set(self.issued), set(inventory))
        for serial in inventory:
            expected = "revoked" if serial in self.revoked else "good"
            self.assertEqual(inventory[serial]["status"], expected, serial)
            status = json.loads(self.cluster.run("status", serial, "--json").stdout)
            self.assertEqual(status["ledger"]["status"], expected, serial)
            for responder in status["responders"]:
                self.assertEqual(responder["status"], expected, (serial, responder))

        def listed():
            return self._crl_serials() == self.revoked
        wait_until("the CRL lists just the revoked", listed, 60)

    def _inventory(self):
        rows = json.loads(self.cluster.run("list", "--json", "--limit", "100000").stdout)
        return {row["serial"]: row for row in rows["certificates"]}

    def _crl_serials(self):
        text = self.shell("openssl", "crl", "-inform", "DER", "-in", self.crl(), "-noout",
                          "-text")
        return {line.split(":")[1].strip().lower() for line in text.splitlines() if "Serial Number:" in line}


class ChaosOfTwoRefreshers(Chaos):
    """They share a PostgreSQL; each is killed like everybody else."""

    postgres = True
    issuances, revocations = ISSUE // 2, REVOKE // 2

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            configs.add_refresher(cls.cluster, "refresher-2")
            cls.cluster.start()
        except Exception:
            cls.tearDownClass()
            raise


if __name__ == "__main__":
    junit.main()
