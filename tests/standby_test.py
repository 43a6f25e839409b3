"""Drills of docs/backup-and-standby.md, on real processes: a signer restored from an
old backup, a clone of it, and the promotion of a standby. TRUST 2.9 and 3."""

import json
import pathlib
import re
import shutil
import signal
import sqlite3
import time
import unittest

import configs
import junit
from cluster import Failed, wait_until
from harness import ClusterCase


class Drill(ClusterCase):
    """One signer, one refresher, three responders; heads every second."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            configs.edit(cls.cluster, "signer",
                         lambda text: text + "head_interval_seconds: 1\n")
            cls.restart("signer")
            wait_until("it was shown a head", lambda: not (
                cls.folder / "ledger" / "first-start").exists())
        except Exception:
            cls.tearDownClass()
            raise

    @classmethod
    def restart(cls, name):
        if cls.cluster.alive(name):
            cls.cluster.kill(name, signal.SIGTERM)
        cls.cluster.start(name)

    def path(self, name):
        return self.folder / name

    def standing(self, *options):
        """What `chancery signer status` says, which also has an exit code."""
        done = self.cluster.run("signer", "status", "--json", *options, check=False)
        if done.returncode not in (0, 1) or not done.stdout:
            return {"state": "AWAY", "why": done.stderr}
        state = json.loads(done.stdout)
        self.assertEqual(done.returncode, 0 if state["state"] == "ACTIVE" else 1)
        return state

    def wait_state(self, *states, options=(), seconds=60):
        found = {}
        def reached():
            found.update(self.standing(*options))
            return found if found["state"] in states else None
        try:
            return wait_until(f"the signer is {' or '.join(states)}", reached, seconds)
        except Failed as failed:
            raise Failed(f"{failed}: {found}") from None

    def log(self, name):
        path = self.folder / "log" / (name + ".log")
        return path.read_text(errors="replace") if path.exists() else ""

    def revoke(self, certificate):
        self.cluster.run("revoke", "--cert", certificate, "--reason", "keyCompromise")

    def serial(self, certificate):
        return self.shell("openssl", "x509", "-in", certificate, "-noout",
                          "-serial").strip().split("=")[1]

    def feed_is_whole(self):
        """The inventory has all that the signer has, and its head says so."""
        size = self.standing()["ledger_size"]
        shown = configs.metrics(self.cluster, "refresher")
        return shown["chancery_refresher_ledger_followed"] >= size

    def audit(self):
        done = self.cluster.run("audit", "--ledger-dir", self.path("ledger"), check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    # --- other signers ------------------------------------------------------

    def add_signer(self, name, folder, more=""):
        """A process with the signer's identity, keys and configuration, and a ledger
        of its own; returns the CLI's options that reach it."""
        listen, admin = f"unix:{self.work}/{name}.sock", configs.free_address()
        text = (self.folder / "config" / "signer.textproto").read_text()
        for block, address in (("listen", listen), ("admin", admin)):
            text, count = re.subn(rf'(?m)^({block} {{\n  address: ).*$',
                                  rf'\g<1>"{address}"', text)
            self.assertEqual(count, 1, text)
        text, count = re.subn(r'(?m)^ledger_dir: .*$', f'ledger_dir: "{folder}"', text)
        self.assertEqual(count, 1, text)
        text, count = re.subn(r'(?m)^(audit_log {\n  path: ).*$',
                              rf'\g<1>"{self.work}/{name}.audit"', text)
        self.assertEqual(count, 1, text)
        path = self.folder / "config" / f"{name}.textproto"
        path.write_text(text + more)
        path.chmod(0o600)
        configs.describe(self.cluster, lambda description: description["processes"].append(
            {"name": name, "binary": "chancery-signer",
             "config": f"config/{name}.textproto",
             "ready_url": f"http://{admin}/readyz"}))
        return listen

    def spawn(self, name):
        self.cluster.spawn(self.cluster.process(name))

    def target(self, text, service, address):
        """`text` with another address of a service that it calls."""
        text, count = re.subn(rf'(?m)^({service} {{\n  address: ).*$',
                              rf'\g<1>"{address}"', text)
        self.assertEqual(count, 1, text)
        return text

    def issue_of_one_just_active(self, name):
        """It says so a moment before it serves. The certificate's path."""
        def issued():
            try:
                return self.issue(name)
            except Failed as failed:
                self.assertIn("unavailable", str(failed))
                return None
        return wait_until("the signer issues", issued)[0]

    def copy_ledger(self, to):
        """A backup: the folder of a signer that does not run."""
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(self.path("ledger"), to)


class RestoredBackup(Drill):
    def test_it_stops_and_is_caught_up(self):
        early, _ = self.issue("early.example.com")
        self.cluster.kill("signer", signal.SIGTERM)
        backup = self.work / "backup"
        self.copy_ledger(backup)
        self.cluster.start("signer")
        late, _ = self.issue("late.example.com")
        self.revoke(early)
        self.wait_status(early, "revoked")
        wait_until("the ledger is followed", self.feed_is_whole)
        size = self.standing()["ledger_size"]
        head = self.work / "newest.head"
        wait_until("a head about all of it", lambda: self._saved(head) >= size)

        # The machine is lost. Without a refresher nobody tells the new one.
        self.cluster.kill("signer")
        self.cluster.kill("refresher")
        shutil.rmtree(self.path("ledger"))
        shutil.copytree(backup, self.path("ledger"))
        self.spawn("signer")
        waiting = self.wait_state("AWAITS_HEAD")
        self.assertIn("nobody has shown the newest head", waiting["why"])
        self.assertLess(waiting["ledger_size"], size)
        self._assert_signs_nothing("nobody has shown")
        # An operator can, by hand.
        done = self.cluster.run("signer", "show-head", "--head", head, "--json",
                                check=False)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(json.loads(done.stdout)["state"], "BEHIND", done.stdout)
        self._assert_signs_nothing("ledger behind")
        # Whoever starts it again is told the same.
        self.cluster.kill("signer", signal.SIGTERM)
        self.spawn("signer")
        self.wait_state("BEHIND")
        self.assert_status(early, "revoked")

        # The refresher brings it what the inventory has.
        self.cluster.start("refresher")
        self.wait_state("ACTIVE")
        self.cluster.wait_ready(self.cluster.process("signer"))
        self.assertGreaterEqual(self.standing()["ledger_size"], size)
        self.assertIn("ledger behind", self.log("signer"))
        self.wait_status(early, "revoked")
        self.wait_status(late, "good")
        # And it goes on: also with blocks of which it has no bytes.
        next_one, _ = self.issue("next.example.com")
        self.wait_status(next_one, "good")
        self.revoke(late)
        self.wait_status(late, "revoked")
        wait_until("the CRL has both",
                   lambda: self.crl_lists(early) and self.crl_lists(late))
        wait_until("the ledger is followed", self.feed_is_whole)
        self.cluster.kill("signer", signal.SIGTERM)
        self.audit()
        self.cluster.start("signer")

    def test_of_an_inventory_that_dropped_what_it_lacks(self):
        self.issue("before.example.com")
        self.cluster.kill("signer", signal.SIGTERM)
        backup, whole = self.work / "backup", self.work / "whole"
        self.copy_ledger(backup)
        self.cluster.start("signer")
        self.issue("late.example.com")
        wait_until("the ledger is followed", self.feed_is_whole)
        self.cluster.kill("signer", signal.SIGTERM)
        self.cluster.kill("refresher", signal.SIGTERM)
        # As keep_feed_days does after years.
        with sqlite3.connect(self.folder / "inventory.sqlite") as database:
            (first,), = database.execute("select max(size) from ledger_roots")
            database.execute("delete from ledger_roots where size < ?", (first,))
            database.execute("delete from ledger_entries where entry_index < ?", (first,))
        database.close()

        self.copy_ledger(whole)
        shutil.rmtree(self.path("ledger"))
        shutil.copytree(backup, self.path("ledger"))
        self.spawn("signer")
        self.wait_state("AWAITS_HEAD")
        self.spawn("refresher")
        has = self.wait_state("BEHIND")["ledger_size"]
        why = f"from entry {first} on, and this signer has {has}"
        wait_until("the refresher says so", lambda: why in self.log("refresher"))
        done = self.cluster.run("signer", "catch-up", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(why, done.stderr)
        self.assertIn("a newer copy of ledger_dir", done.stderr)
        self.assertEqual(self.standing()["ledger_size"], has)
        self._assert_signs_nothing("ledger behind")

        # One that is new enough is fed, and goes on.
        self.cluster.kill("signer", signal.SIGTERM)
        shutil.rmtree(self.path("ledger"))
        shutil.copytree(whole, self.path("ledger"))
        self.spawn("signer")
        self.wait_state("ACTIVE")
        leaf = self.issue_of_one_just_active("on.example.com")
        self.wait_status(leaf, "good")

    def _saved(self, head):
        """Saves the inventory's newest head; the entries that it is about."""
        done = self.cluster.run("signer", "save-head", "--head", head, check=False)
        if done.returncode != 0:
            return -1
        # A signed message: its length, then format u8, time u64, size u64.
        return int.from_bytes(head.read_bytes()[13:21], "big")

    def _assert_signs_nothing(self, why):
        csr = self.request("refused.example.com")
        done = self.cluster.run("issue", "--csr", csr, "--out", self.work / "refused.pem",
                                check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertFalse((self.work / "refused.pem").exists())
        done = self.cluster.run("revoke", "--direct", "--cert", self.work /
                                "late.example.com.pem", "--reason", "superseded", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(why, done.stderr)


class TokenRemembers(Drill):
    softhsm = True

    def test_a_restored_backup_is_refused_without_a_refresher(self):
        configs.edit(self.cluster, "signer", lambda text: text + "head_in_token: true\n")
        early, _ = self.issue("early.example.com")
        self._restart_and_keep_head()
        self.cluster.kill("signer", signal.SIGTERM)
        backup = self.work / "backup"
        self.copy_ledger(backup)
        self.cluster.start("signer")
        self.revoke(early)
        self.wait_status(early, "revoked")
        self._restart_and_keep_head()
        wait_until("the ledger is followed", self.feed_is_whole)
        size = self.standing()["ledger_size"]

        # Nobody but the token tells it; for the newest ledger that is enough.
        self.cluster.kill("refresher")
        self.cluster.kill("signer")
        self.spawn("signer")
        self.wait_state("ACTIVE")
        self.cluster.kill("signer")
        shutil.rmtree(self.path("ledger"))
        shutil.copytree(backup, self.path("ledger"))
        self.spawn("signer")
        behind = self.wait_state("BEHIND")
        self.assertLess(behind["ledger_size"], size)
        self.assertIn("ledger behind", behind["why"])

        self.cluster.start("refresher")
        self.wait_state("ACTIVE")
        self.assertGreaterEqual(self.standing()["ledger_size"], size)
        self.wait_status(early, "revoked")

    def _restart_and_keep_head(self):
        """The first head after a start is kept in the token at once."""
        before = self.log("signer").count("head_kept_in_token")
        self.restart("signer")
        wait_until("the token has the head",
                   lambda: self.log("signer").count("head_kept_in_token") > before)


class Clone(Drill):
    def test_it_is_refused(self):
        first, _ = self.issue("first.example.com")
        self.cluster.kill("signer", signal.SIGTERM)
        copy = self.work / "clone"
        self.copy_ledger(copy)
        # It is at work: others hold a head that the copy has not.
        mark = int(time.time()) + 1
        time.sleep(max(0, mark - time.time()))
        self.cluster.start("signer")
        wait_until("the signer's next head is held", lambda: configs.metrics(
            self.cluster, "refresher")["chancery_refresher_head_at_seconds"] >= mark)
        address = self.add_signer("clone", copy)
        # Its refresher has the same inventory.
        configs.add_refresher(self.cluster, "refresher-2")
        configs.edit(self.cluster, "refresher-2",
                     lambda text: self.target(text, "signer", address))
        self.spawn("clone")
        self.spawn("refresher-2")
        at_clone = ("--address", address)
        # Its head would be the first that it did not make; so are all others'.
        self.wait_state("WAITS", "BEHIND", options=at_clone)
        second, _ = self.issue("second.example.com")
        self.revoke(first)
        self.wait_status(first, "revoked")
        for _ in range(20):
            self.assertNotEqual(self.standing(*at_clone)["state"], "ACTIVE")
            self.assertEqual(self.standing()["state"], "ACTIVE")
        self.cluster.kill("clone", signal.SIGTERM)
        self.cluster.kill("refresher-2", signal.SIGTERM)

        # One that was told not to wait begins, and goes its own way until it is
        # shown what others hold.
        careless = self.work / "careless"
        shutil.rmtree(copy)
        self.cluster.kill("signer", signal.SIGTERM)
        self.copy_ledger(careless)
        self.cluster.start("signer")
        address = self.add_signer("careless", careless)
        configs.edit(self.cluster, "careless",
                     lambda text: text.replace("await_head: true", "await_head: false"))
        at_careless = ("--address", address)
        self.spawn("careless")
        self.wait_state("ACTIVE", options=at_careless)
        # It revokes what nobody will hear of.
        configs.edit(self.cluster, "cli", lambda text: self._keep(
            text, self.target(text, "signer", address)))
        self.cluster.run("revoke", "--direct", "--cert", second, "--reason", "superseded",
                         check=False)
        configs.edit(self.cluster, "cli", lambda _: self.cli)
        third, _ = self.issue("third.example.com")
        wait_until("the ledger is followed", self.feed_is_whole)
        configs.edit(self.cluster, "refresher-2",
                     lambda text: self.target(text, "signer", address))
        self.spawn("refresher-2")
        told = self.wait_state("FORKED", options=at_careless)
        self.assertIn("ledger forked", told["why"])
        for _ in range(20):
            self.assertNotEqual(self.standing(*at_careless)["state"], "ACTIVE")
            self.assertEqual(self.standing()["state"], "ACTIVE")
        self.assert_status(second, "good")
        self.assert_status(third, "good")
        self.assert_status(first, "revoked")
        # The alarm.
        self.assertIn("may_not_sign", self.log("careless"))
        self.assertIn("signer_may_not_sign", self.log("refresher-2"))
        self.cluster.kill("careless", signal.SIGTERM)
        self.cluster.kill("refresher-2", signal.SIGTERM)
        self.cluster.kill("signer", signal.SIGTERM)
        self.audit()
        self.cluster.start("signer")

    def _keep(self, before, after):
        self.cli = before
        return after


class LateHead(Drill):
    """A clone's head that the signer is shown only after it made a later one."""

    def test_it_is_noticed(self):
        # Its maker counts as alive for 22 seconds.
        configs.edit(self.cluster, "signer", lambda text: text.replace(
            "head_interval_seconds: 1\n", "head_interval_seconds: 10\n"))
        first, _ = self.issue("first.example.com")
        wait_until("the ledger is followed", self.feed_is_whole)
        self.cluster.kill("signer", signal.SIGTERM)
        copy = self.work / "clone"
        self.copy_ledger(copy)
        self.cluster.start("signer")
        self.wait_state("ACTIVE")
        # From now on nobody but this test shows it anything.
        self.cluster.kill("refresher", signal.SIGTERM)
        since = time.time()
        address = self.add_signer("clone", copy)
        configs.edit(self.cluster, "clone",
                     lambda text: text.replace("await_head: true", "await_head: false"))
        configs.add_refresher(self.cluster, "refresher-2")
        configs.edit(self.cluster, "refresher-2",
                     lambda text: self.target(text, "signer", address))
        self.spawn("clone")
        self.spawn("refresher-2")
        head = self.work / "clones.head"
        wait_until("the clone's head is held", lambda: self._made(head) > since)
        made = self._made(head)

        self.cluster.run("revoke", "--direct", "--cert", first, "--reason", "superseded")
        wait_until("the signer made a later one", lambda: configs.metrics(
            self.cluster, "signer")["chancery_signer_head_at_seconds"] > made)
        self.assertEqual(self.standing()["state"], "ACTIVE")
        done = self.cluster.run("signer", "show-head", "--head", head, "--json",
                                check=False)
        told = json.loads(done.stdout)
        self.assertEqual(told["state"], "WAITS", told)
        self.assertIn("was not made here", told["why"])
        wait_until("the signer says so", lambda: "may_not_sign" in self.log("signer")
                   and "another signer: a head of" in self.log("signer"))

        # Without the clone it goes on.
        self.cluster.kill("clone", signal.SIGTERM)
        self.cluster.kill("refresher-2", signal.SIGTERM)
        self.cluster.start("refresher")
        self.wait_state("ACTIVE")
        self.wait_status(first, "revoked")
        self.assertGreater(self._made(head), made)

    def _made(self, head):
        """Saves the inventory's newest head; the time that it is of."""
        self.cluster.run("signer", "save-head", "--head", head)
        # A signed message: its length, then format u8, time u64.
        return int.from_bytes(head.read_bytes()[5:13], "big") / 1e6


class Promotion(Drill):
    def test_a_standby_takes_over(self):
        early, _ = self.issue("early.example.com")
        folder = self.work / "standby"
        folder.mkdir(mode=0o700)
        address = self.add_signer("standby", folder, "standby: true\n")
        at_standby = ("--address", address)
        signer = re.search(r'(?m)^signer {\n  address: .*\n  expected_uri: (.*)$',
                           (self.folder / "config" / "refresher.textproto").read_text())
        configs.edit(self.cluster, "refresher", lambda text: text +
                     f'standby {{\n  address: "{address}"\n'
                     f'  expected_uri: {signer[1]}\n}}\n')
        self.restart("refresher")
        self.spawn("standby")
        self.wait_state("STANDBY", options=at_standby)
        self.revoke(early)
        late, _ = self.issue("late.example.com")
        wait_until("the ledger is followed", self.feed_is_whole)
        wait_until("the standby has all", lambda: self.standing(*at_standby)["ledger_size"]
                   >= self.standing()["ledger_size"])
        self.assertEqual(self.standing(*at_standby)["state"], "STANDBY")

        # The signer's machine is lost.
        old = self.work / "old"
        self.cluster.kill("signer")
        self.copy_ledger(old)
        promoted = self.cluster.run("signer", "promote", "--json", *at_standby)
        promoted = json.loads(promoted.stdout)
        self.assertEqual((promoted["state"], promoted["epoch"]), ("ACTIVE", 2))
        self._expect_that_the_old_one_does_not_begin()
        shutil.rmtree(self.path("ledger"))
        shutil.copytree(old, self.path("ledger"))
        for name in ("refresher", "authority", "cli"):
            configs.edit(self.cluster, name,
                         lambda text: self.target(text, "signer", address))
        for name in ("refresher", "authority"):
            self.restart(name)
        self.wait_status(early, "revoked")
        self.wait_status(late, "good")
        next_one, _ = self.issue("next.example.com")
        self.assertTrue(self.serial(next_one).startswith("02"), self.serial(next_one))
        self.assertTrue(self.serial(late).startswith("01"), self.serial(late))
        self.revoke(late)
        self.wait_status(late, "revoked")
        self.wait_status(next_one, "good")
        wait_until("the CRL has both",
                   lambda: self.crl_lists(early) and self.crl_lists(late))

        # The old one comes back, and is told by the refresher of those days.
        self.spawn("signer")
        options = ("--address", self._address_of("signer"))
        self.wait_state("AWAITS_HEAD", options=options)
        head = self.work / "newest.head"
        def shown():
            self.cluster.run("signer", "save-head", "--head", head)
            self.cluster.run("signer", "show-head", "--head", head, *options, check=False)
            return self.standing(*options)["state"] != "AWAITS_HEAD"
        wait_until("it was shown a head of epoch 2", shown)
        self.assertNotEqual(self.standing(*options)["state"], "ACTIVE")
        # It can stand by in its turn.
        self.cluster.run("signer", "catch-up", *options)
        self.assertEqual(self.standing(*options)["state"], "STANDBY")
        self.assertEqual(self.standing(*options)["epoch"], 2)
        # The one that was promoted stays it after a restart.
        self.restart("standby")
        self.assertEqual(self.standing()["state"], "ACTIVE")
        self.cluster.kill("standby", signal.SIGTERM)
        done = self.cluster.run("audit", "--ledger-dir", folder, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def _expect_that_the_old_one_does_not_begin(self):
        """It comes back while all still have its address: the refresher knows the
        standby, too."""
        options = ("--address", self._address_of("signer"))
        for restarted in ("signer", "refresher"):
            self.cluster.kill("refresher", signal.SIGKILL)
            # Not ready before it has followed a ledger to its end.
            self.spawn("signer" if restarted == "refresher" else "refresher")
            if restarted == "refresher":
                self.wait_state("BEHIND", "AWAITS_HEAD", options=options)
            self.spawn(restarted)
            self.wait_state("BEHIND", options=options)
            for _ in range(10):
                self.assertEqual(self.standing(*options)["state"], "BEHIND")
                time.sleep(0.5)
            self.cluster.kill("signer", signal.SIGKILL)
        log = (self.folder / "log" / "refresher.log").read_text()
        self.assertIn("signer_superseded", log)

    def _address_of(self, name):
        text = (self.folder / "config" / f"{name}.textproto").read_text()
        return re.search(r'(?m)^listen {\n  address: "(.*)"$', text)[1]


if __name__ == "__main__":
    junit.main()
