"""Three refreshers share one PostgreSQL; one is killed while it holds leases."""

import os
import signal

import agreement
import configs
import junit
from cluster import wait_until
from harness import ClusterCase
from load import Load

LEASE_SECONDS = 5


class Refreshers(ClusterCase):
    """Every certificate has a block of its own, so that there is much to share."""

    postgres = True
    init_options = ("--block-capacity", "1")
    names = ("refresher", "refresher-2", "refresher-3")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            configs.edit(cls.cluster, "refresher",
                         lambda text: text + f"lease_seconds: {LEASE_SECONDS}\n")
            for name in cls.names[1:]:
                configs.add_refresher(cls.cluster, name)
            cls.cluster.kill("refresher", signal.SIGTERM)
            cls.cluster.start()
        except Exception:
            cls.tearDownClass()
            raise

    def _due(self):
        return int(self.database.sql("select count(*) from blocks where refresh_at <= "
                                     "extract(epoch from now())")[0][0])

    def _leased(self, owner):
        return self.database.sql("select block_id from blocks where lease_owner = "
                                 f"'{owner}' and refresh_at <= 1")

    def _signed(self, name):
        return configs.metrics(self.cluster, name)["chancery_refresher_blocks_signed"]

    def test_one_is_killed_in_mid_refresh_and_the_others_finish(self):
        load = Load(self, "leases")
        try:
            load.await_more(issued=60, revoked=20)
        finally:
            load.stop()
        self._all_share()
        held = self._kill_in_mid_refresh("refresher-2")
        # The others do their part at once, and its part when its leases end.
        wait_until("no block is due", lambda: self._due() == 0, 60)
        for block in held:
            owners = self.database.sql("select refresh_at > 1, lease_owner from blocks "
                                       f"where block_id = '{block}'")
            self.assertEqual(owners, [["t", ""]])
        agreement.prove(self, load.issued, load.revoked)
        self.cluster.start("refresher-2")
        # The one that clients are told of: authority finds it away.
        self.cluster.kill("refresher")
        more = Load(self, "without")
        try:
            more.await_more(issued=4, revoked=2)
        finally:
            more.stop()
        wait_until("another has followed the ledger",
                   lambda: self._followed("refresher-2"), 60)
        self.cluster.start("refresher")
        agreement.prove(self, {**load.issued, **more.issued}, load.revoked | more.revoked)

    def _all_share(self):
        before = {name: self._signed(name) for name in self.names}

        def each_signed():
            if self._due() == 0:
                self.database.sql("update blocks set refresh_at = 1")
            return all(self._signed(name) > before[name] for name in self.names)
        wait_until("every refresher has signed some", each_signed, 120)
        wait_until("no block is due", lambda: self._due() == 0, 60)

    def _kill_in_mid_refresh(self, name):
        """Stops it at some moment until that is one at which it holds leases."""
        process = self.cluster.running[name]

        def caught():
            self.database.sql("update blocks set refresh_at = 1")
            os.kill(process.pid, signal.SIGSTOP)
            held = self._leased(name)
            if not held:
                os.kill(process.pid, signal.SIGCONT)
            return held
        held = wait_until(f"{name} holds leases", caught, 120)
        self.cluster.kill(name)
        return [block for (block,) in held]

    def _followed(self, name):
        shown = configs.metrics(self.cluster, name)
        return (shown["chancery_refresher_ledger_followed"]
                == shown["chancery_refresher_ledger_size"])


if __name__ == "__main__":
    junit.main()
