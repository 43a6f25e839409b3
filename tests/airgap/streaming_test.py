"""Files as large as a private policy may have them, and no more memory for it.

CHANCERY_AIRGAP_RECORDS says how many presigned records cross the gap: 100,000
unless it is set, up to 1,000,000.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, "tests/airgap")

import junit
import key_set
from cluster import Cluster
from harness import binaries
from root_signer import CHANNEL, RootSigner, no_network

RECORDS = int(os.environ.get("CHANCERY_AIRGAP_RECORDS", "100000"))
OFFLINE = no_network()
# A signer keeps 16 decoded blocks of about a megabyte, whatever there are. The file with
# a million records has 660 MB and 245 blocks.
MOST_BYTES = 250 << 20


def peak_bytes(command, **options):
    """Runs a command; (its output, its peak of memory, its seconds)."""
    with tempfile.TemporaryFile() as out:
        begun = time.monotonic()
        child = subprocess.Popen(list(map(str, command)), stdout=out, stderr=subprocess.STDOUT,
                                 **options)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - begun
        out.seek(0)
        text = out.read().decode(errors="replace")
    if child.returncode != 0:
        raise AssertionError(f"{command}: {child.returncode}\n{text[-2000:]}")
    return text, usage.ru_maxrss << 10, seconds


@unittest.skipIf(OFFLINE is None, "network namespaces are not permitted here (unshare --net)")
class Streaming(unittest.TestCase):
    def setUp(self):
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="chancery-airgap-", dir="/tmp"))
        self.addCleanup(shutil.rmtree, self.work, ignore_errors=True)
        self.bin = binaries()
        self.addCleanup(shutil.rmtree, self.bin, ignore_errors=True)
        # Only its folder is used: configuration, keys, an empty inventory.
        self.cluster = Cluster(self.work / "cluster", self.bin)
        self.cluster.init("--responders", "1")
        self.root = RootSigner(self.work / "offline", self.bin / "chancery", OFFLINE)
        ca = self.cluster.folder / "ca"
        self.root.make(ca / "key-set", "http://127.0.0.1:1", operators=2, capacity=4096)
        pem = self.root.path("root.pem")
        (ca / "key-set").write_bytes(key_set.make(
            2, [(self.root.path("manifest.key"), [key_set.issuer_id(pem)])], [("root", pem)],
            ca / "key-set-root.key", self.work))

    def test_memory_does_not_grow_with_the_file(self):
        subprocess.run([self.bin / "fill_ledger",
                        f"--config={self.root.path('signer.textproto')}",
                        f"--certificates={RECORDS}"], check=True)
        request, result = self.work / "request", self.work / "result"
        self.cluster.run("airgap", "export", "--channel", CHANNEL, "--out", request, "--due",
                         "--no-head")
        self.root.approve(request, 1, 2)
        figures = {"records": RECORDS}

        _, figures["sign_peak"], figures["sign_seconds"] = peak_bytes(
            [self.bin / "chancery", "airgap",
             *self.root.sign_arguments(request, result, "--confirm-clock")])
        figures["file_bytes"] = result.stat().st_size
        text, figures["import_peak"], figures["import_seconds"] = peak_bytes(self.cluster.command(
            "--dir", self.cluster.folder, "airgap", "import", result, "--channel", CHANNEL))
        entries = int(re.search(r"Ledger entries: +(\d+)", text).group(1))
        self.assertGreater(entries, RECORDS)
        _, figures["show_peak"], _ = peak_bytes(
            [self.bin / "chancery", "airgap", "show", result])
        print(json.dumps(figures), file=sys.stderr)

        # A record has two signatures of 64 octets, and its certificate is in the feed.
        self.assertGreater(figures["file_bytes"], RECORDS * (128 + 250))
        for what in ("sign_peak", "import_peak", "show_peak"):
            self.assertLess(figures[what], MOST_BYTES, figures)
        count = subprocess.run(
            ["python3", "-c", "import sqlite3, sys; print(sqlite3.connect(sys.argv[1])"
             ".execute('select count(*) from certificates').fetchone()[0])",
             self.cluster.folder / "inventory.sqlite"], text=True, capture_output=True,
            check=True).stdout
        self.assertEqual(int(count), RECORDS)


if __name__ == "__main__":
    junit.main()
