"""`chancery audit` finds every fault that is planted in a real cluster, and
finds nothing in one that is healthy, busy or not."""

import contextlib
import json
import shutil
import signal
import sqlite3
import threading

import junit
from altering_proxy import UNAUTHORIZED, AlteringProxy
from cluster import wait_until
from harness import ClusterCase


class AuditCase(ClusterCase):
    init_options = ("--block-capacity", "16", "--responders", "2")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls("setUp")  # For its helpers; not run.
        cls.csr = case.request("audited.example.com")
        cls.serials = [cls.issue_one(f"n{i}") for i in range(20)]
        for serial in cls.serials[2:6]:
            cls.cluster.run("revoke", serial, "--reason", "superseded")
        wait_until("everything is published",
                   lambda: not case.audit("--patience", "0")["counts"]
                   and case.crl_has(cls.serials[5]), 60)

    @classmethod
    def issue_one(cls, name):
        answer = cls.cluster.run("issue", "--csr", cls.csr, "--request-id", name, "--json")
        return json.loads(answer.stdout)["serial"]

    def crl_has(self, serial):
        self.crl()
        text = self.shell("openssl", "crl", "-inform", "DER", "-in",
                          self.work / "issuing.crl", "-noout", "-text")
        return serial.upper() in text

    # --- the audit ----------------------------------------------------------

    def audit(self, *options, urls=None, code=None):
        """Runs it; returns its report. `urls` are other responders'."""
        arguments = ["audit", "--json", *options]
        if urls is not None:
            arguments = ["--config", self.config_with(urls), *arguments]
        done = self.cluster.run(*arguments, check=False)
        self.assertTrue(done.stdout, done.stderr)
        report = json.loads(done.stdout)
        if code is not None:
            self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return report

    def config_with(self, urls):
        source = (self.folder / "config" / "cli.textproto").read_text()
        lines = [line for line in source.splitlines()
                 if not line.startswith("responder_url")]
        lines += [f'responder_url: "{url}"' for url in urls]
        path = self.work / "cli-altered.textproto"
        path.write_text("\n".join(lines) + "\n")
        return path

    def assert_clean(self, *options):
        report = self.audit(*options, code=0)
        self.assertTrue(report["clean"], report)
        return report

    def assert_finds(self, *names, serial=None, **how):
        """Exit code 1, and each of these among the findings."""
        report = self.audit("--patience", "2", *how.pop("options", ()), code=1, **how)
        for name in names:
            self.assertIn(name, report["counts"], report)
        if serial is not None:
            found = [finding for finding in report["findings"]
                     if finding["name"] == names[0]
                     and finding["evidence"].get("serial") == serial]
            self.assertTrue(found, report)
        return report

    def forge(self, *arguments):
        return self.shell(self.bin / "forge", *arguments)

    @contextlib.contextmanager
    def inventory(self):
        with contextlib.closing(sqlite3.connect(self.folder / "inventory.sqlite",
                                                timeout=20)) as database:
            with database:
                yield database


class PlantedFaults(AuditCase):
    """Each test plants one fault and takes it out again."""

    def setUp(self):
        self.assert_clean()

    def altered(self, **rules):
        """The first responder answers otherwise; the second is as it is."""
        return AlteringProxy(self.urls[0], **rules)

    def asked_about(self, serial, request):
        return bytes.fromhex(serial) in request

    # --- what responders serve ----------------------------------------------

    def test_a_record_that_a_responder_does_not_have(self):
        with self.altered(ocsp=lambda request, answer: UNAUTHORIZED
                          if self.asked_about(self.serials[3], request) else answer) as proxy:
            report = self.assert_finds("answer-missing", serial=self.serials[3],
                                       urls=[proxy.url, self.urls[1]])
        self.assertEqual(report["findings"][0]["evidence"]["where"], proxy.url)

    def test_a_responder_that_keeps_to_old_answers(self):
        answers = {}

        def keep(request, answer):
            return answers.setdefault(request, answer)
        with self.altered(ocsp=keep) as proxy:
            urls = [proxy.url, self.urls[1]]
            self.audit(urls=urls, code=0)
            self.cluster.run("revoke", self.serials[6], "--reason", "superseded")
            self.wait_status_of(self.serials[6], "revoked")
            self.assert_finds("answer-status-differs", serial=self.serials[6], urls=urls)

    def wait_status_of(self, serial, status):
        def reached():
            shown = json.loads(self.cluster.run("status", serial, "--json",
                                                check=False).stdout)
            return all(r["status"] == status for r in shown["responders"])
        wait_until(f"{serial} is {status}", reached, 30)

    def test_a_responder_that_calls_everything_good(self):
        good = {}

        def always_good(request, answer):
            if self.asked_about(self.serials[0], request):
                good.setdefault(len(request), answer)
            return answer if answer != UNAUTHORIZED else good.get(len(request), answer)
        with self.altered(ocsp=always_good) as proxy:
            self.assert_finds("unissued-serial-answered", urls=[proxy.url, self.urls[1]])

    def test_an_answer_that_nobody_signed(self):
        def flip(request, answer):
            if not self.asked_about(self.serials[1], request):
                return answer
            # A digit of the last time in what is signed.
            at = answer.rindex(b"Z", 0, 400) - 1
            return answer[:at] + bytes([answer[at] ^ 1]) + answer[at + 1:]
        with self.altered(ocsp=flip) as proxy:
            self.assert_finds("answer-not-verified", serial=self.serials[1],
                              urls=[proxy.url, self.urls[1]])

    def test_a_responder_that_is_down_is_not_passed_over(self):
        self.cluster.kill("responder-2", signal.SIGTERM)
        try:
            report = self.audit("--patience", "1", code=2)
            self.assertIn(self.urls[1], " ".join(report["not_checked"]))
        finally:
            self.cluster.start("responder-2")
            wait_until("it is clean again",
                       lambda: self.audit()["clean"], 60)

    # --- CRLs ---------------------------------------------------------------

    def forged_crl(self, serial, change):
        path = self.work / "forged.crl"
        self.forge("crl", self.folder, serial, change, path)
        content = path.read_bytes()
        return self.altered(crl=lambda path, body: content)

    def test_a_crl_with_a_missing_entry(self):
        with self.forged_crl(self.serials[4], "drop") as proxy:
            self.assert_finds("crl-entry-missing", "crl-not-in-ledger",
                              serial=self.serials[4], urls=[proxy.url, self.urls[1]])

    def test_a_crl_with_an_extra_entry(self):
        with self.forged_crl(self.serials[0], "add") as proxy:
            self.assert_finds("crl-entry-extra", "crl-not-in-ledger",
                              serial=self.serials[0], urls=[proxy.url, self.urls[1]])

    def test_an_old_crl(self):
        old = self.crl().read_bytes()
        self.cluster.run("revoke", self.serials[7], "--reason", "superseded")
        wait_until("a new CRL", lambda: self.crl_has(self.serials[7]), 60)
        wait_until("it is everywhere", lambda: self.audit()["clean"], 30)
        with self.altered(crl=lambda path, body: old) as proxy:
            self.assert_finds("crl-stale", urls=[proxy.url, self.urls[1]])

    # --- the inventory ------------------------------------------------------

    @contextlib.contextmanager
    def changed_row(self, table, statement, *values):
        """Changes rows of a table, and puts it back as it was. The refresher,
        which would mend some of it, is away meanwhile."""
        self.cluster.kill("refresher", signal.SIGTERM)
        with self.inventory() as database:
            before = database.execute(f"SELECT * FROM {table}").fetchall()
            database.execute(statement, values)
        try:
            yield
        finally:
            with self.inventory() as database:
                database.execute(f"DELETE FROM {table}")
                marks = ",".join("?" * len(before[0]))
                database.executemany(f"INSERT INTO {table} VALUES ({marks})", before)
            self.cluster.start("refresher")

    def test_a_row_set_back_to_good(self):
        with self.changed_row("certificates", "UPDATE certificates SET status = 0, reason = 0, "
                              "revoked_at = 0 WHERE serial = ?",
                              bytes.fromhex(self.serials[2])):
            self.assert_finds("inventory-status-differs", serial=self.serials[2])

    def test_a_row_that_was_deleted(self):
        with self.changed_row("certificates", "DELETE FROM certificates WHERE serial = ?",
                              bytes.fromhex(self.serials[2])):
            self.assert_finds("inventory-row-missing", serial=self.serials[2])

    def test_a_row_of_a_certificate_that_was_never_issued(self):
        nobody = "0a" * 16
        with self.changed_row("certificates", "UPDATE certificates SET serial = ? WHERE serial = ?",
                              bytes.fromhex(nobody), bytes.fromhex(self.serials[8])):
            self.assert_finds("inventory-row-unissued", "inventory-row-missing", serial=nobody)

    def test_a_block_whose_bytes_were_changed(self):
        with self.inventory() as database:
            block_id, data = database.execute("SELECT block_id, data FROM blocks").fetchone()
        data = data[:-1] + bytes([data[-1] ^ 1])
        with self.changed_row("blocks", "UPDATE blocks SET data = ? WHERE block_id = ?",
                              data, block_id):
            self.assert_finds("block-damaged")

    def test_a_block_that_is_missing(self):
        with self.inventory() as database:
            block_id, = database.execute("SELECT block_id FROM blocks").fetchone()
        with self.changed_row("blocks", "DELETE FROM blocks WHERE block_id = ?", block_id):
            self.assert_finds("inventory-block-missing")


class OfflineLedger(AuditCase):
    """Faults in a copy of the ledger, as from a signer that was taken over."""

    def setUp(self):
        self.cluster.kill("signer", signal.SIGTERM)
        self.copy = self.work / "ledger-copy"
        shutil.rmtree(self.copy, ignore_errors=True)
        shutil.copytree(self.folder / "ledger", self.copy)

    def tearDown(self):
        self.cluster.start("signer")

    def damaged(self, *arguments):
        self.forge("ledger", self.copy, self.folder, *arguments)

    def assert_finds_in_copy(self, *names, **how):
        self.assert_finds(*names, options=("--ledger-dir", str(self.copy), "--no-inventory",
                                           "--no-responders"), **how)

    def test_the_copy_is_clean(self):
        # Also beside inventory and responders, with the signer down.
        self.assert_clean("--ledger-dir", str(self.copy))

    def test_an_entry_that_was_changed(self):
        self.damaged("flip", "0")
        self.assert_finds_in_copy("ledger-root-differs")

    def test_a_revocation_that_was_taken_back(self):
        self.damaged("release", self.serials[2])
        self.assert_finds_in_copy("unrevoked", serial=self.serials[2])

    def test_two_manifests_of_one_version(self):
        self.damaged("manifest", "version")
        self.assert_finds_in_copy("manifest-version-twice")

    def test_a_broken_manifest_chain(self):
        self.damaged("manifest", "previous")
        self.assert_finds_in_copy("manifest-chain-broken")

    def test_a_status_root_that_does_not_follow(self):
        self.damaged("manifest", "status-root")
        self.assert_finds_in_copy("status-root-differs")

    def test_a_ledger_that_is_not_there(self):
        done = self.cluster.run("audit", "--ledger-dir", str(self.work / "nowhere"), check=False)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)


class StolenManifestKey(AuditCase):
    """Blocks under the real manifest key that the ledger knows nothing of.
    Nobody mends them until the block is signed again."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.to_revoke = iter(cls.serials[9:16])
        # How long a signer stands still for another one depends on it.
        config = cls.folder / "config" / "signer.textproto"
        config.write_text(config.read_text() + "head_interval_seconds: 1\n")
        cls.cluster.kill("signer", signal.SIGTERM)
        cls.cluster.start("signer")

    def setUp(self):
        self.assert_clean()
        self.cluster.kill("refresher", signal.SIGTERM)

    def tearDown(self):
        # A new certificate and a revocation have both blocks signed again.
        self.cluster.start("refresher")
        self.issue_one(self.id())
        self.cluster.run("revoke", next(self.to_revoke), "--reason", "superseded")
        for one in self.cluster.responders():
            self.cluster.kill(one["name"])
            shutil.rmtree(self.folder / "cache" / one["name"])
            self.cluster.start(one["name"])
        wait_until("it is clean again", lambda: self.audit()["clean"], 60)

    def forged_at(self, serial, change, where="responder-1", key="real"):
        self.forge("block", self.folder, serial, change, key, where)

    def test_a_dropped_record_at_a_responder(self):
        self.forged_at(self.serials[1], "drop")
        self.assert_finds("answer-missing", serial=self.serials[1])

    def test_a_revoked_certificate_made_good_at_a_responder(self):
        self.forged_at(self.serials[3], "good")
        self.assert_finds("answer-status-differs", serial=self.serials[3])

    def test_another_reason_at_a_responder(self):
        self.forged_at(self.serials[3], "reason:5")
        self.assert_finds("answer-revocation-differs", serial=self.serials[3])

    def test_a_serial_that_was_never_issued(self):
        nobody = "0b" * 16
        self.forged_at(self.serials[18], f"extra:{nobody}")
        self.forged_at(self.serials[18], f"extra:{nobody}", "inventory")
        self.assert_finds("record-of-unissued-serial", "block-not-in-ledger",
                          "unissued-serial-answered", serial=nobody)

    def test_a_head_with_an_old_version_of_a_block(self):
        self.forge("head", self.folder)
        self.assert_finds("head-index-differs")
        # The signer is shown a head that it did not make: it stands still for as long
        # as whoever made it may be at work.
        self.cluster.start("refresher")
        log = self.folder / "log" / "signer.log"
        wait_until("the signer stands still",
                   lambda: "was not made here" in log.read_text(errors="replace"), 60)
        self.cluster.wait_ready(self.cluster.process("signer"))
        self.cluster.kill("refresher", signal.SIGTERM)

    def test_a_block_of_another_key_in_the_inventory(self):
        self.forged_at(self.serials[18], "good", "inventory", "other")
        self.assert_finds("manifest-not-verified", "block-not-in-ledger")


class ShardedCrls(AuditCase):
    """Every revoked certificate is on exactly one of three CRLs."""

    init_options = (*AuditCase.init_options, "--crl-shards", "3")
    SHARDS = range(3)

    def shard(self, number):
        path = self.work / f"{number}.crl"
        self.shell("curl", "-fsS", "-o", path, f"{self.urls[0]}/crl/issuing/{number}.crl")
        return path.read_bytes()

    def crl_has(self, serial):
        return any(bytes.fromhex(serial) in self.shard(number) for number in self.SHARDS)

    def test_they_are_clean_and_each_entry_is_once(self):
        self.assert_clean()
        shards = [self.shard(number) for number in self.SHARDS]
        for number, serial in enumerate(self.serials):
            on = sum(bytes.fromhex(serial) in shard for shard in shards)
            self.assertEqual(on, 1 if 2 <= number < 6 else 0, serial)

    def test_a_shard_served_as_another(self):
        first = self.shard(0)
        with AlteringProxy(self.urls[0], crl=lambda path, body: first) as proxy:
            self.assert_finds("crl-scope-wrong", urls=[proxy.url, self.urls[1]])

    def test_a_shard_that_is_not_served(self):
        with AlteringProxy(self.urls[0], crl=lambda path, body:
                           b"" if path.endswith("/2.crl") else body) as proxy:
            self.assert_finds("crl-damaged", urls=[proxy.url, self.urls[1]])


class Busy(AuditCase):
    """Audits while certificates are issued and revoked without pause."""

    def test_a_busy_cluster_is_clean(self):
        stop = threading.Event()
        failures = []

        def work(number):
            at = 0
            try:
                while not stop.is_set():
                    at += 1
                    serial = self.issue_one(f"busy {number} {at}")
                    if at % 2:
                        self.cluster.run("revoke", serial, "--reason", "superseded")
            except Exception as failure:  # Shown by the main thread.
                failures.append(failure)
        workers = [threading.Thread(target=work, args=(n,)) for n in range(3)]
        for worker in workers:
            worker.start()
        try:
            sizes = [self.assert_clean()["ledger_size"] for _ in range(6)]
        finally:
            stop.set()
            for worker in workers:
                worker.join()
        self.assertEqual(failures, [])
        self.assertEqual(sizes, sorted(set(sizes)), "the ledger grew meanwhile")


if __name__ == "__main__":
    junit.main()
