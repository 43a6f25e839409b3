"""A CRL with a million entries, from the signer's ledger to three responders.

A cluster as `chancery init` makes it: the real signer over a ledger that was
filled before, an inventory in SQLite and then in PostgreSQL, three responders. What a refresher does
with a CRL is done by crl_flow, with the refresher's own parts: the rest of a
refresher would sign a million OCSP responses meanwhile. OpenSSL makes a CRL of
20,000 entries beside ours.
"""

import json
import pathlib
import re
import statistics
import subprocess
import sys
import time
import urllib.request

from presign_bench import PostgresInventory, SqliteInventory
from processes import Failed, Process, run, wait_until

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools/cluster"))
from cluster import Cluster, http_ok  # pylint: disable=wrong-import-position

BUDGETS = {"build_vs_sha256sum": 3, "flow_vs_sha256sum": 10, "peak_memory_mb": 256}
PEER_ENTRIES = 20_000
RUNS = 5
CRL_PATH = "/crl/issuing.crl"


def peak_bytes(process):
    """The most memory that a process has had."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024


def timed(*command):
    started = time.monotonic()
    run(*command)
    return time.monotonic() - started


class Bench:
    """The cluster, without a refresher and an authority."""

    def __init__(self, options, folder):
        self.options = options
        self.folder = folder / "cluster"
        self.binaries = folder / "bin"
        self.binaries.mkdir()
        for path in (options.signer, options.responder, options.chancery):
            (self.binaries / path.name).symlink_to(path)
        self.cluster = Cluster(self.folder, self.binaries)
        self.cluster.init("--responders", "3")
        self.filled = 0
        self.peak = {}  # Bytes, by process.

    def config(self, name):
        return self.folder / "config" / f"{name}.textproto"

    def fill(self, entries):
        run(self.options.tools / "fill_crl_ledger", f"--config={self.config('signer')}",
            f"--first={self.filled}", f"--entries={entries - self.filled}")
        self.filled = entries

    def flow(self, inventory):
        """What crl_flow says of each of RUNS, and the CRL that is served then."""
        processes = []
        config = self.folder / f"flow-{inventory.name}.textproto"
        config.write_text(re.sub(r"inventory \{[^}]*\}\n", inventory.config,
                                 self.config("refresher").read_text()))
        try:
            for process in self.cluster.processes():
                if process["binary"] in ("chancery-signer", "chancery-responder"):
                    processes.append(self.start(process))
            flow = Process("crl_flow", [self.options.tools / "crl_flow",
                                        f"--config={config}"],
                           self.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            processes.append(flow)
            lines = [self.run_once(flow) for _ in range(RUNS)]
            for process in processes:
                self.peak[process.name] = max(self.peak.get(process.name, 0),
                                              peak_bytes(process))
            return lines, self.fetch()
        finally:
            # Servers wait for those who are connected.
            for process in reversed(processes):
                process.stop()

    def run_once(self, flow):
        flow.child.stdin.write(b"\n")
        flow.child.stdin.flush()
        line = flow.child.stdout.readline()
        if not line:
            flow.child.wait()
            flow.check_alive()
        # Responders compress what they serve already: not within the next run.
        wait_until("compressed CRLs", self.all_compressed, 120, pause=0.1)
        return json.loads(line)

    def all_compressed(self):
        def is_compressed(responder):
            request = urllib.request.Request(
                responder["url"] + CRL_PATH, method="HEAD",
                headers={"Accept-Encoding": "gzip"})
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.headers["Content-Encoding"] == "gzip"
        return all(map(is_compressed, self.cluster.responders()))

    def start(self, described):
        """Until it answers; a responder is not ready without a refresher."""
        process = Process(described["name"],
                          [self.binaries / described["binary"],
                           f"--config={self.folder / described['config']}"], self.folder)
        url = described["ready_url"]
        if described["binary"] == "chancery-responder":
            url = self.cluster.url_of(described["name"]) + "/healthz"

        def answers():
            process.check_alive()
            return http_ok(url)
        wait_until(described["name"], answers, 120)
        return process

    def fetch(self):
        """The CRL that every responder serves; all have the same."""
        served = set()
        for responder in self.cluster.responders():
            with urllib.request.urlopen(responder["url"] + CRL_PATH,
                                        timeout=60) as answer:
                served.add(answer.read())
        if len(served) != 1:
            raise Failed("the responders do not serve the same CRL")
        return served.pop()

    def judge(self, crl, entries):
        """OpenSSL verifies it and finds all entries, and one that we know."""
        path = self.folder / "served.crl"
        path.write_bytes(crl)
        text = run("openssl", "crl", "-inform", "DER", "-in", path, "-CAfile",
                   self.folder / "ca/bundle.pem", "-verify", "-noout", "-text")
        found = text.count("Serial Number:")
        if (found == entries) == self.options.flip:
            raise Failed(f"certificate count: the CRL has {found} entries, "
                         f"the ledger {entries}")
        return path

    def by_openssl(self, entries):
        """Seconds of `openssl ca -gencrl` for as many entries."""
        folder = self.folder / "openssl"
        folder.mkdir()
        index = folder / "index.txt"
        index.write_text("".join(
            f"R\t391231235959Z\t240101000000Z,keyCompromise\t01{number:030X}\tunknown\t"
            f"/CN={number}\n" for number in range(entries)))
        (folder / "index.txt.attr").write_text("unique_subject = no\n")
        (folder / "number").write_text("01\n")
        config = folder / "ca.cnf"
        config.write_text(
            f"[ca]\ndefault_ca=it\n[it]\ndatabase={index}\ncrlnumber={folder}/number\n"
            "default_md=sha256\ndefault_crl_days=7\ncrl_extensions=e\n[e]\n"
            "authorityKeyIdentifier=keyid\n")
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-keyout", folder / "ca.key", "-out",
            folder / "ca.pem", "-days", "30", "-subj", "/CN=peer")
        return statistics.median(
            timed("openssl", "ca", "-gencrl", "-config", config, "-cert",
                  folder / "ca.pem", "-keyfile", folder / "ca.key", "-out",
                  folder / "crl.pem") for _ in range(RUNS))


def column(lines, name):
    # The first fills caches that a signer in service has full.
    return [line[name] for line in lines[1:]] or [line[name] for line in lines]


def measure(options, folder):
    bench = Bench(options, folder)
    peer_entries = min(PEER_ENTRIES, options.certificates)
    bench.fill(peer_entries)
    (folder / "small").mkdir()
    small, crl = bench.flow(SqliteInventory(folder / "small"))
    bench.judge(crl, peer_entries)
    openssl = bench.by_openssl(peer_entries)

    bench.fill(options.certificates)
    results = {kind.name: measure_with(bench, kind, folder, options.certificates)
               for kind in (SqliteInventory, PostgresInventory)}
    return {
        "bench": "crl",
        "entries": options.certificates,
        # Of the two inventories, the worse.
        **{key: max(one[key] for one in results.values())
           for key in ("seconds_1m", "build_vs_sha256sum", "flow_vs_sha256sum")},
        "peak_memory_mb": max(bench.peak.values()) / 1e6,
        "peak_memory_mb_of": {name: peak / 1e6 for name, peak in bench.peak.items()},
        "vs_openssl_20k": openssl / statistics.median(column(small, "signed_seconds")),
        "openssl_seconds": openssl,
        **results,
    }


def measure_with(bench, kind, folder, entries):
    inventory = kind(folder)
    try:
        lines, crl = bench.flow(inventory)
    finally:
        inventory.stop()
    path = bench.judge(crl, entries)
    sha256sum = statistics.median(timed("sha256sum", path) for _ in range(2 * RUNS + 1))
    built = column(lines, "signed_seconds")
    served = column(lines, "served_seconds")
    return {
        "bytes": len(crl),
        "seconds_1m": statistics.median(served) * 1_000_000 / entries,
        "build_seconds": statistics.median(built),
        "stored_seconds": statistics.median(column(lines, "stored_seconds")),
        "sha256sum_seconds": sha256sum,
        "build_vs_sha256sum": statistics.median(built) / sha256sum,
        "build_vs_sha256sum_range": [min(built) / sha256sum, max(built) / sha256sum],
        "flow_vs_sha256sum": statistics.median(served) / sha256sum,
        "flow_vs_sha256sum_range": [min(served) / sha256sum, max(served) / sha256sum],
    }


def rows(result):
    for name in ("sqlite", "postgres"):
        one = result[name]
        for label, key in (("build, of sha256sum", "build_vs_sha256sum"),
                           ("ledger to responders, of it", "flow_vs_sha256sum")):
            yield (f"{name}: {label}", one[key], *one[f"{key}_range"], BUDGETS[key],
                   True, "<=")
    for label, key, better in (
            ("largest process, MB", "peak_memory_mb", "<="),
            ("ledger to responders, s", "seconds_1m", "<="),
            ("20,000 entries, of openssl", "vs_openssl_20k", ">=")):
        value = result[key]
        yield label, value, value, value, BUDGETS.get(key), key in BUDGETS, better


def notes(result):
    yield ""
    for name in ("sqlite", "postgres"):
        one = result[name]
        yield (f"{name}: {result['entries']:,} entries, {one['bytes'] / 1e6:.1f} MB: built, "
               "signed, read again and verified in "
               f"{one['build_seconds']:.3f} s, in the inventory after "
               f"{one['stored_seconds']:.3f} s; sha256sum takes "
               f"{one['sha256sum_seconds']:.3f} s.")
    yield (f"`openssl ca -gencrl` of {PEER_ENTRIES:,} takes "
           f"{result['openssl_seconds']:.3f} s.")
