"""The benches run, with numbers too small to judge speed by, and a wrong answer
fails them."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

import junit
from processes import wait_until

BENCH = pathlib.Path("tests/bench/bench.py")
KEYS = {
    "responder": ("popular_vs_epoll", "random_vs_epoll", "unknown_vs_epoll",
                  "popular_vs_nginx", "popular_vs_cfssl", "p99_ms"),
    "storage": ("disk_bytes_per_certificate", "disk_peak_bytes_per_certificate",
                "memory_bytes_10m", "restart_seconds_10m"),
    "bootstrap": ("seconds_1m",),
    "presign": ("signatures_per_second", "vs_openssl_speed",
                "vs_softhsm_sign_and_verify", "peak_memory_mb"),
    "crl": ("seconds_1m", "build_vs_sha256sum", "flow_vs_sha256sum",
            "peak_memory_mb", "vs_openssl_20k"),
    "revoke": ("p50_ms", "p99_ms", "bulk_per_second"),
    "issue": ("per_second_64", "p50_ms_1", "bulk_per_second", "bulk_vs_raw_sign",
              "vs_cfssl_best"),
}


class BenchTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.work = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.work.name)
        for path in os.environ["CHANCERY_BINARIES"].split():
            path = pathlib.Path(path)
            (cls.folder / path.name).symlink_to(path.resolve())

    @classmethod
    def tearDownClass(cls):
        cls.work.cleanup()

    def bench(self, name, *more):
        return subprocess.run(
            [sys.executable, str(BENCH), name, "--json", f"--binaries={self.folder}",
             f"--dir={self.folder}/data", "--certificates=6000",
             "--certificates-memory=6000", "--rounds=1", "--slice=0.1",
             "--paced-seconds=0.3", *more],
            capture_output=True, text=True, check=False)

    def test_each_bench_has_its_figures(self):
        for name, keys in KEYS.items():
            with self.subTest(name):
                done = self.bench(name, "--no-budgets")
                self.assertEqual(done.returncode, 0, done.stderr)
                result = json.loads(done.stdout)
                for key in keys:
                    self.assertGreater(result[key], 0, key)

    def test_a_wrong_answer_fails_the_bench(self):
        for name in KEYS:
            with self.subTest(name):
                done = self.bench(name, "--no-budgets", "--flip")
                self.assertEqual(done.returncode, 1, done.stdout)
                self.assertIn("certificate ", done.stderr)
                self.assertEqual(done.stdout, "")

    def test_a_missed_budget_fails_the_bench(self):
        # Scaled from 64 certificates, no start is short enough.
        done = self.bench("bootstrap", "--certificates=64")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("budget missed: seconds_1m", done.stderr)
        self.assertIn("seconds_1m", json.loads(done.stdout))

    def test_no_process_outlives_the_bench(self):
        for how in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(how):
                bench = subprocess.Popen(
                    [sys.executable, str(BENCH), "storage",
                     f"--binaries={self.folder}", f"--dir={self.folder}/data",
                     "--certificates=6000", "--certificates-memory=6000"],
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                try:
                    child = wait_until("responder", lambda: responder_of(bench.pid), 60)
                    work = folder_of(child)
                    bench.send_signal(how)
                    bench.wait(60)
                    wait_until("its end", lambda: not runs(child), 60)
                    if how == signal.SIGTERM:
                        self.assertFalse(work.exists())
                    shutil.rmtree(work, ignore_errors=True)
                finally:
                    bench.kill()
                    bench.wait()


def runs(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def folder_of(pid):
    """What the bench that started this responder made for it: /tmp/NAME."""
    config = re.search(rb"--config=(/tmp/[^/]+)/",
                       pathlib.Path(f"/proc/{pid}/cmdline").read_bytes())
    return pathlib.Path(config[1].decode())


def responder_of(pid):
    """The responder among a process's children."""
    for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        try:
            if pathlib.Path(f"/proc/{child}/comm").read_text().startswith("chancery-respon"):
                return int(child)
        except (FileNotFoundError, ProcessLookupError):
            pass
    return None


if __name__ == "__main__":
    junit.main()
