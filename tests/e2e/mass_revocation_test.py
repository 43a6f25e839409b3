"""Mass revocation on a whole cluster: killed in the middle and called again, up
to the limit and past it with a second person's order."""

import concurrent.futures
import json
import os
import random
import signal
import subprocess
import time

import junit
from cluster import wait_until
from harness import ClusterCase

LIMIT = 30
ROUNDS = int(os.environ.get("CHANCERY_MASS_ROUNDS", "6"))
EACH = 30
SEED = int(os.environ.get("CHANCERY_MASS_SEED", str(random.SystemRandom().randrange(1 << 32))))


class MassRevocation(ClusterCase):
    """Small blocks, so that a call has many steps."""

    init_options = ("--block-capacity", "8")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        print(f"CHANCERY_MASS_SEED={SEED}", flush=True)
        cls.random = random.Random(SEED)
        cls.cluster.kill("signer", signal.SIGTERM)
        config = cls.folder / "config/signer.textproto"
        config.write_text(config.read_text() + f"max_revocations_per_hour: {LIMIT}\n")
        cls.cluster.start("signer")

    # --- steps ----------------------------------------------------------------

    def issue_many(self, number, name):
        """{serial: certificate path} of new certificates."""
        csr = self.request(f"{name}.example.com")

        def one(index):
            path = self.work / f"{name}-{index}.pem"
            answer = json.loads(self.cluster.run(
                "issue", "--csr", csr, "--request-id", f"{name}-{index}", "--out", path,
                "--json").stdout)
            return answer["serial"], path
        with concurrent.futures.ThreadPoolExecutor(4) as workers:
            return dict(workers.map(one, range(number)))

    def serial_file(self, serials, name):
        path = self.work / f"{name}.txt"
        path.write_text("# To be revoked.\n" + "\n".join(serials) + "\n")
        return path

    def order(self, file, name, signer="approver", reason="superseded"):
        path = self.work / f"{name}.order"
        self.cluster.run("order", "make", "--file", file, "--reason", reason, "--out", path)
        self.cluster.run("order", "sign", path, "--as", signer, "--file", file)
        return path

    def revoke(self, file, *options, reason="superseded", check=True):
        done = self.cluster.run("revoke", "--file", file, "--reason", reason, "--json",
                                *options, check=check)
        return done if not check else json.loads(done.stdout)

    def crl_serials(self, url):
        text = self.shell("openssl", "crl", "-inform", "DER", "-in", self.crl(url),
                          "-noout", "-text")
        return {line.split(":")[1].strip().lower() for line in text.splitlines()
                if "Serial Number:" in line}

    def expect_revoked_everywhere(self, issued):
        """The ledger, the inventory, every responder and its CRL say so."""
        def fresh():
            return self.cluster.run("cluster", "--json", check=False).returncode == 0
        wait_until("nothing is behind", fresh, 60)

        def answered(serial):
            # Exits with 1 for as long as they differ.
            told = self.cluster.run("status", serial, "--json", check=False).stdout
            status = json.loads(told) if told else None
            return status is not None and {status["ledger"]["status"], status["inventory"]["status"],
                    *(one["status"] for one in status["responders"])} == {"revoked"}
        for serial in issued:
            wait_until(f"{serial} is revoked everywhere", lambda s=serial: answered(s), 30)
        for url in self.urls:
            wait_until("the CRL lists them",
                       lambda u=url: set(issued) <= self.crl_serials(u), 60)

    # --- tests ----------------------------------------------------------------

    def test_one_call_revokes_all_and_lists_what_it_could_not(self):
        issued = self.issue_many(12, "one-call")
        unknown = "01" + "ab" * 16
        file = self.serial_file([*issued, unknown], "one-call")
        order = self.order(file, "one-call")
        done = self.revoke(file, "--order", order, check=False)
        self.assertEqual(done.returncode, 1, done.stderr)
        told = json.loads(done.stdout)
        self.assertEqual(told["calls"][0]["revoked"], len(issued))
        self.assertEqual([one["serial"] for one in told["refused"]], [unknown])
        self.assertIn("never issued", told["refused"][0]["why"])
        self.expect_revoked_everywhere(issued)
        some = next(iter(issued.values()))
        self.assert_status(some, "revoked", "-no_nonce")

    def test_the_limit_holds_and_a_second_person_lifts_it(self):
        issued = self.issue_many(LIMIT + 5, "limit")
        file = self.serial_file(issued, "limit")
        refused = self.revoke(file, check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn(f"max_revocations_per_hour is {LIMIT}", refused.stderr)
        self.assertIn("second identity", refused.stderr)
        # Whoever asks cannot sign it too.
        for signer in ("operator", "authority"):
            own = self.order(file, f"limit-{signer}", signer)
            refused = self.revoke(file, "--order", own, check=False)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("order: ", refused.stderr)
        # An order for others, or for another reason, is none for these.
        other = self.order(self.serial_file(list(issued)[1:], "limit-other"), "limit-other")
        self.assertIn("order: count", self.revoke(file, "--order", other, check=False).stderr)
        order = self.order(file, "limit")
        self.assertIn("the request for keyCompromise", self.revoke(
            file, "--order", order, reason="keyCompromise", check=False).stderr)
        self.assert_status(next(iter(issued.values())), "good", "-no_nonce")
        done = self.revoke(file, "--order", order)
        self.assertEqual(done["calls"][0]["revoked"], len(issued))
        self.expect_revoked_everywhere(issued)
        # Again changes nothing; the order is no other request's.
        again = self.revoke(file, "--order", order)
        self.assertEqual(again["calls"][0]["already_revoked"], len(issued))
        stolen = self.revoke(file, "--order", order, "--request-id", "x", check=False)
        self.assertIn("was used for another request", stolen.stderr)

    def test_killed_in_the_middle_it_goes_on(self):
        everything = {}
        victims = ["cli", "authority", "signer"]
        for number in range(ROUNDS):
            victim = victims[number % len(victims)]
            issued = self.issue_many(EACH, f"kill-{number}")
            everything.update(issued)
            file = self.serial_file(issued, f"kill-{number}")
            order = self.order(file, f"kill-{number}")
            child = subprocess.Popen(
                self.cluster.command("--dir", self.folder, "revoke", "--file", file,
                                     "--reason", "superseded", "--order", order),
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env=self.cluster.environment)
            time.sleep(self.random.uniform(0.01, 0.25))
            if victim == "cli":
                child.kill()
            else:
                self.cluster.kill(victim, signal.SIGKILL)
                self.cluster.start(victim)
            child.wait(60)

            def finished(file=file, order=order):
                done = self.revoke(file, "--order", order, check=False)
                if done.returncode == 0:
                    return json.loads(done.stdout)
                self.assertIn("unavailable", done.stderr.lower())
                return None
            call = wait_until("the rest is done", finished, 60)["calls"][0]
            self.assertEqual(call["total"], EACH)
            self.assertEqual(call["revoked"] + call["already_revoked"], EACH)
        self.expect_revoked_everywhere(everything)


if __name__ == "__main__":
    junit.main()
