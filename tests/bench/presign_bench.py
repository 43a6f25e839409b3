"""Presigning end to end: every block of an inventory signed again, stored, and
held by three responders.

The real programs on the cores of this machine, all together: a signer that has
imported the certificates, a refresher with an inventory in SQLite and then in
PostgreSQL, three responders. One CertID form (SHA1): one signature for each
certificate. All blocks are made due by refresh_at in the inventory, as the
passing of two days would have.
"""

import contextlib
import json
import os
import pathlib
import re
import signal
import sqlite3
import statistics
import subprocess
import sys
import time
import urllib.request

from processes import (IMPORTER_URI, REFRESHER_URI, RESPONDER_URI, SIGNER_URI, Dataset,
                       Failed, Process, Responder, cores, free_port, identity, make_tls,
                       run, wait_until)
from verify import Judge

sys.path.append(str(pathlib.Path(__file__).absolute().parents[2] / "tools/cluster"))
from parts import Postgres, SoftHsm  # noqa: E402

BUDGETS = {"vs_openssl_speed": 0.5, "vs_softhsm_sign_and_verify": 0.8}
CAPACITY = 4096
RESPONDERS = 3
ROUNDS = 3
# A token makes a tenth of the signatures.
MOST_IN_TOKEN = 250_000
PATIENCE_SECONDS = 3600


class Certificates(Dataset):
    """A CA's certificates, to be imported."""

    name, maker = "imports", "make_certificates"

    @property
    def blocks(self):
        return (self.certificates + CAPACITY - 1) // CAPACITY


class Signer:
    """With all the certificates in its ledger. `token`: where its OCSP key is;
    `more`: of its configuration."""

    def __init__(self, options, folder, tls, dataset, token=None, forms="SHA1", more=""):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.socket = f"unix:{self.folder}/signer.sock"
        key = f'file: "{dataset.folder}/ocsp.key"'
        if token is not None:
            key = (f'pkcs11_uri: "pkcs11:token={token.label};object=ocsp;type=private" '
                   f'pkcs11_module: "{token.module}" pin_file: "{token.pin_file}"')
        config = self.folder / "signer.textproto"
        config.write_text(
            identity(tls, "signer") + f'listen {{ address: "{self.socket}" }}\n'
            f'grant {{ uri: "{REFRESHER_URI}" role: ROLE_PRESIGN role: ROLE_CRL '
            "role: ROLE_READ }\n"
            f'grant {{ uri: "{IMPORTER_URI}" role: ROLE_IMPORT }}\n'
            "logging { format: JSON }\n"
            f'ledger_dir: "{self.folder}/ledger"\n'
            f'manifest_key {{ file: "{dataset.folder}/manifest.key" }}\n'
            f'issuer {{ name: "bench" certificate_file: "{dataset.folder}/issuer.pem" '
            f'key {{ file: "{dataset.folder}/ca.key" }} '
            f'ocsp_certificate_file: "{dataset.folder}/delegate.pem" '
            f"ocsp_key {{ {key} }} cert_id_form: {forms} "
            f"block_capacity: {CAPACITY} }}\n"
            "allow_import: true\n" + more)
        self.process = Process("signer", [options.signer,
                                          f"--config={config}"], self.folder)
        try:
            wait_until("signer", self._listens, 60)
            self.imported = json.loads(run(
                options.tools / "import_certificates", f"--dir={dataset.folder}",
                f"--tls={tls}", f"--address={self.socket}", f"--uri={SIGNER_URI}"))
            if self.imported["added"] != dataset.certificates:
                raise Failed(f"imported: {self.imported}")
        except BaseException:
            self.process.stop(signal.SIGKILL)
            raise

    def _listens(self):
        self.process.check_alive()
        return pathlib.Path(self.socket.removeprefix("unix:")).exists()


class SqliteInventory:
    """A file."""

    name = "sqlite"

    def __init__(self, folder):
        self.path = pathlib.Path(folder) / "inventory.sqlite"
        self.config = f'inventory {{ sqlite_file: "{self.path}" }}\n'

    def make_due(self):
        with contextlib.closing(sqlite3.connect(self.path, timeout=60)) as database:
            with database:
                database.execute("UPDATE blocks SET refresh_at = ?", (int(time.time()),))

    def pids(self):
        return []

    def stop(self):
        pass


class PostgresInventory:
    """A server of its own."""

    name = "postgres"

    def __init__(self, folder):
        self.server = Postgres(pathlib.Path(folder) / "postgres")
        self.server.start()
        path = self.server.connection_file(pathlib.Path(folder) / "conninfo")
        self.config = f'inventory {{ postgres_file: "{path}" }}\n'

    def make_due(self):
        run("psql", "-h", self.server.sockets, "-U", "chancery", "-d", "postgres",
            "-qc", f"UPDATE blocks SET refresh_at = {int(time.time())}")

    def pids(self):
        parent = self.server.process.pid
        children = pathlib.Path(f"/proc/{parent}/task/{parent}/children").read_text()
        return [parent, *map(int, children.split())]

    def stop(self):
        self.server.stop()


class Refresher:
    """The daemon, which follows the ledger into its inventory."""

    def __init__(self, options, folder, tls, inventory, signer, responders, more=""):
        self.admin = free_port()
        self.socket = f"unix:{folder}/{inventory.name}.sock"
        config = pathlib.Path(folder) / f"refresher-{inventory.name}.textproto"
        config.write_text(
            identity(tls, "refresher")
            + f'listen {{ address: "{self.socket}" }}\n'
            f'admin {{ address: "127.0.0.1:{self.admin}" }}\n'
            + inventory.config
            + f'signer {{ address: "{signer.socket}" expected_uri: "{SIGNER_URI}" }}\n'
            + "".join(f'responder {{ name: "r{i}" target {{ address: "{one.socket}" '
                      f'expected_uri: "{RESPONDER_URI}" }} }}\n'
                      for i, one in enumerate(responders))
            + f'name: "bench-{inventory.name}"\nlogging {{ format: JSON }}\n' + more)
        self.process = Process(f"refresher-{inventory.name}",
                               [options.refresher, f"--config={config}"], folder)

    def ready(self):
        """Whether it has followed the ledger to its end."""
        self.process.check_alive()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/readyz",
                                        timeout=10) as answer:
                return answer.status == 200
        except OSError:
            return False


def cpu_seconds(pid):
    """Of a process and of its children that have ended."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except FileNotFoundError:
        return 0
    return sum(map(int, stat[11:13])) / os.sysconf("SC_CLK_TCK")


def forget_peak(pid):
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak_bytes(pid):
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) * 1024 if found else 0


class Cluster:
    """Signer, responders, and one refresher after the other."""

    def __init__(self, options, folder, tls, dataset, token=None):
        self.options, self.tls, self.dataset = options, tls, dataset
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.signer = None
        self.responders = []
        try:
            self.signer = Signer(options, self.folder / "signer", tls, dataset, token)
            for i in range(RESPONDERS):
                (self.folder / f"r{i}").mkdir()
                self.responders.append(Responder(
                    options.responder, self.folder / f"r{i}", dataset, tls))
                self.responders[-1].start()
        except BaseException:
            self.stop()
            raise

    def await_all(self, newer_than):
        """When the last responder had all blocks, in seconds since 1970."""
        return float(run(
            self.options.tools / "await_versions", f"--tls={self.tls}",
            "--addresses=" + ",".join(one.socket for one in self.responders),
            f"--uri={RESPONDER_URI}", f"--blocks={self.dataset.blocks}",
            f"--newer_than={newer_than}", f"--seconds={PATIENCE_SECONDS}"))

    def processes(self, refresher, inventory):
        """name -> pids of what works in a refresh."""
        return {"signer": [self.signer.process.pid],
                "refresher": [refresher.process.pid],
                "responders": [one.process.pid for one in self.responders],
                **({"postgres": inventory.pids()} if inventory.pids() else {})}

    def refresh(self, refresher, inventory):
        """One complete refresh: what it took, of whom."""
        time.sleep(1.1)  # A response is at least a second younger than the last.
        who = self.processes(refresher, inventory)
        for pid in sum(who.values(), []):
            forget_peak(pid)
        before = {name: sum(map(cpu_seconds, pids)) for name, pids in who.items()}
        newer_than = int(time.time() * 1e6)
        inventory.make_due()
        started = time.time()
        seconds = self.await_all(newer_than) - started
        who = self.processes(refresher, inventory)
        cpu = {name: (sum(map(cpu_seconds, pids)) - before[name]) * 1e6
               / self.dataset.certificates for name, pids in who.items()}
        peak = {name: max(map(peak_bytes, pids)) / 1e6 for name, pids in who.items()}
        return {"seconds": seconds, "per_second": self.dataset.certificates / seconds,
                "cpu_us": cpu, "peak_mb": peak}

    def run(self, inventory, raw):
        """Follows, then refreshes ROUNDS times, beside `raw()`."""
        started = time.monotonic()
        refresher = Refresher(self.options, self.folder, self.tls, inventory,
                              self.signer, self.responders)
        try:
            wait_until("refresher", refresher.ready, PATIENCE_SECONDS, 0.1)
            followed = time.monotonic() - started
            self.await_all(0)
            for one in self.responders:
                wait_until("/readyz", lambda one=one: one.status("/readyz") == 200, 120)
            rounds = []
            raws = [raw()]
            for _ in range(ROUNDS):
                rounds.append(self.refresh(refresher, inventory))
                raws.append(raw())
                # Those around it: the machine may not be the same all the time.
                rounds[-1]["ratio"] = rounds[-1]["per_second"] / statistics.mean(raws[-2:])
            self.judge()
        finally:
            refresher.process.stop()
        return {"followed_seconds": followed, "rounds": rounds, "raw_per_second": raws}

    def judge(self):
        """Asks each responder about some certificates."""
        judge = Judge(self.dataset, self.options.flip)
        count = self.dataset.certificates
        for one in self.responders:
            for number in range(0, count, max(1, count // 50)):
                judge.check(number, one.exchange(number)[1])

    def stop(self):
        for one in self.responders:
            one.stop()
        if self.signer is not None:
            self.signer.process.stop()


def openssl_speed():
    """P-256 signatures per second of all cores, by OpenSSL alone."""
    done = subprocess.run(
        ["openssl", "speed", "-multi", str(len(cores()[0] | cores()[1])), "-seconds",
         "3", "ecdsap256"], capture_output=True, text=True, check=False)
    found = re.search(r"ecdsa \(nistp256\)\s+\S+\s+\S+\s+([\d.]+)", done.stdout)
    if found is None:
        raise Failed("openssl speed: " + done.stdout + done.stderr)
    return float(found[1])


def token_speed(options, token, dataset):
    """C_Sign and one verification, in a loop; the best number of threads up to
    as many as the signer uses."""
    return max(json.loads(run(
        options.tools / "token_speed", f"--module={token.module}",
        f"--pin_file={token.pin_file}", "--label=ocsp",
        f"--certificate={dataset.folder}/delegate.pem", f"--threads={threads}",
        "--seconds=2"))["per_second"]
        for threads in range(1, len(cores()[0] | cores()[1]) + 1))


def measure_software(options, folder, tls):
    dataset = Certificates(options.tools, options.dir, options.certificates)
    cluster = Cluster(options, folder / "software", tls, dataset)
    out = {"imported": cluster.signer.imported}
    try:
        for kind in (SqliteInventory, PostgresInventory):
            inventory = kind(folder)
            try:
                out[kind.name] = cluster.run(inventory, openssl_speed)
            finally:
                inventory.stop()
    finally:
        cluster.stop()
    return out


def measure_token(options, folder, tls):
    dataset = Certificates(options.tools, options.dir,
                           min(options.certificates, MOST_IN_TOKEN))
    token = SoftHsm(folder / "token")
    token.make()
    os.environ.update(token.environment())
    run("softhsm2-util", "--import", dataset.folder / "ocsp.key", "--token", token.label,
        "--label", "ocsp", "--id", "01", "--pin", token.pin_file.read_text().strip())
    (folder / "token-inventory").mkdir()
    inventory = SqliteInventory(folder / "token-inventory")
    cluster = Cluster(options, folder / "token-cluster", tls, dataset, token)
    try:
        return {"certificates": dataset.certificates, **cluster.run(
            inventory, lambda: token_speed(options, token, dataset))}
    finally:
        cluster.stop()


def summary(run_of, ratio):
    rounds = run_of["rounds"]
    return {"signatures_per_second": round(statistics.median(
                one["per_second"] for one in rounds)),
            ratio: round(statistics.median(one["ratio"] for one in rounds), 3),
            "peak_memory_mb": round(max(max(one["peak_mb"].values()) for one in rounds))}


def measure(options, folder):
    tls = make_tls(folder / "tls")
    software = measure_software(options, folder, tls)
    token = measure_token(options, folder, tls)
    result = {name: summary(software[name], "vs_openssl_speed")
              for name in ("sqlite", "postgres")}
    result["softhsm"] = summary(token, "vs_softhsm_sign_and_verify")
    both = [result["sqlite"], result["postgres"]]
    # Of the two inventories, the worse.
    return {"signatures_per_second": min(one["signatures_per_second"] for one in both),
            "vs_openssl_speed": min(one["vs_openssl_speed"] for one in both),
            "vs_softhsm_sign_and_verify": result["softhsm"]["vs_softhsm_sign_and_verify"],
            "peak_memory_mb": max(one["peak_memory_mb"] for one in result.values()),
            **result,
            "details": {"certificates": options.certificates, "responders": RESPONDERS,
                        "cores": len(cores()[0] | cores()[1]),
                        "software": software, "softhsm": token}}


def rows(result):
    details = result["details"]
    runs = {**details["software"], "softhsm": details["softhsm"]}
    for name, ratio in (("sqlite", "vs_openssl_speed"), ("postgres", "vs_openssl_speed"),
                        ("softhsm", "vs_softhsm_sign_and_verify")):
        rounds = runs[name]["rounds"]
        for key, field in (("signatures_per_second", "per_second"), (ratio, "ratio")):
            values = [one[field] for one in rounds]
            yield (f"{name} {key}", statistics.median(values), min(values), max(values),
                   BUDGETS.get(key), True, ">=")
        peaks = [max(one["peak_mb"].values()) for one in rounds]
        yield (f"{name} peak_memory_mb", max(peaks), min(peaks), max(peaks), None, False,
               "<=")


def notes(result):
    details = result["details"]
    software = details["software"]
    yield (f"{details['certificates']:,} certificates (SoftHSM: "
           f"{details['softhsm']['certificates']:,}), one CertID form, "
           f"{details['responders']} responders, {details['cores']} cores for all; from "
           "the moment at which all blocks are due until the last responder has the "
           f"last of them; the median of {ROUNDS}, each beside the raw rate before and "
           "after it")
    yield (f"import: {software['imported']['seconds']:.0f} s; following the ledger, with "
           "all blocks into the inventory: "
           + ", ".join(f"{name} {software[name]['followed_seconds']:.0f} s"
                       for name in ("sqlite", "postgres")))
    for name, one in (("sqlite", software["sqlite"]), ("postgres", software["postgres"]),
                      ("softhsm", details["softhsm"])):
        middle = sorted(one["rounds"], key=lambda r: r["per_second"])[len(one["rounds"]) // 2]
        yield (f"{name}: raw {statistics.median(one['raw_per_second']):,.0f}/s; CPU us for "
               "each certificate: " + ", ".join(
                   f"{who} {us:.1f}" for who, us in middle["cpu_us"].items())
               + "; peak MB: " + ", ".join(
                   f"{who} {mb:.0f}" for who, mb in middle["peak_mb"].items()))
