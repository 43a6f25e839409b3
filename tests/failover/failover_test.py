"""The primary of two PostgreSQL servers is killed under load; its standby, which
lacks the last of what the primary acknowledged, takes over.

Nothing that a client was told may be lost: rows that replication lost come back
from the signer's ledger.
"""

import pathlib
import shutil
import tempfile

import agreement
import configs
import junit
from cluster import Cluster, wait_until
from harness import ClusterCase, binaries
from load import Load
from parts import Postgres, Standby


class Failover(ClusterCase):
    """Two refreshers, three responders, a primary and a streaming standby."""

    @classmethod
    def setUpClass(cls):
        cls.work = pathlib.Path(tempfile.mkdtemp(prefix="chancery-failover-", dir="/tmp"))
        cls.bin = binaries()
        cls.folder = cls.work / "cluster"
        cls.cluster = Cluster(cls.folder, cls.bin)
        cls.database = cls.primary = Postgres(cls.work / "primary")
        cls.standby = None
        try:
            cls.primary.start()
            cls.standby = Standby(cls.work / "standby", cls.primary)
            cls.standby.start()
            wait_until("the standby follows", cls.standby.streams, 60)
            cls.cluster.init("--block-capacity", "16", "--postgres-file",
                             cls.standby.connection_file(cls.work / "conninfo"))
            for config in ("refresher",):
                configs.edit(cls.cluster, config, lambda text: text + "lease_seconds: 5\n")
            configs.add_refresher(cls.cluster, "refresher-2")
            cls.cluster.start()
        except Exception:
            cls.tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.cluster.stop()
        for server in (cls.standby, cls.primary):
            if server is not None:
                server.stop()
        shutil.rmtree(cls.work, ignore_errors=True)
        shutil.rmtree(cls.bin, ignore_errors=True)

    @staticmethod
    def _count(server, condition="true"):
        return int(server.sql(f"select count(*) from certificates where {condition}")[0][0])

    def test_nothing_acknowledged_is_lost(self):
        load = Load(self, "failover")
        try:
            load.await_more(issued=10, revoked=4)
            # Every block is due: refreshes are part of the load.
            self.primary.sql("update blocks set refresh_at = 1")
            load.await_more(issued=4, revoked=2)

            self.standby.stop_following()
            load.await_more(issued=8, revoked=3)
            self.primary.sql("update blocks set refresh_at = 1")
            lost = self._count(self.primary) - self._count(self.standby)
            lost_revocations = (self._count(self.primary, "status = 2")
                                - self._count(self.standby, "status = 2"))
            self.primary.kill_machine()
            self.assertGreater(lost, 0)
            self.assertGreater(lost_revocations, 0)

            self.standby.promote()
            load.await_more(issued=8, revoked=3)
        finally:
            load.stop()
        wait_until("no block is due", self._nothing_due, 60)
        agreement.prove(self, load.issued, load.revoked)
        # What was asked for under these ids is what is given again.
        before = dict(load.certificates)
        for serial, request_id in load.issued.items():
            self.assertEqual(load.issue(request_id), serial)
            self.assertEqual(load.certificates[request_id], before[request_id])
        self.assertEqual(self._count(self.standby), len(load.issued))
        for name in ("refresher", "refresher-2"):
            shown = configs.metrics(self.cluster, name)
            self.assertEqual(shown["chancery_refresher_ledger_followed"],
                             shown["chancery_refresher_ledger_size"])

    def _nothing_due(self):
        return self.standby.sql("select count(*) from blocks where refresh_at <= "
                                "extract(epoch from now())") == [["0"]]


if __name__ == "__main__":
    junit.main()
