"""Revocation, from the call until what responders answer over HTTP.

The real programs on the cores of this machine, all together: a signer that has
imported the certificates, an authority, a refresher, three responders, with an
inventory in SQLite and then in PostgreSQL. Two CertID forms, as by default.

One by one: certificates spread over all blocks, each watched at all three
responders from the call on. In bulk: a tenth of all certificates, spread over
all blocks, with one call and an order.
"""

import json
import pathlib
import signal
import statistics
import time

from presign_bench import (CAPACITY, PATIENCE_SECONDS, RESPONDERS, Certificates,
                           PostgresInventory, Refresher, Signer, SqliteInventory)
from processes import (REFRESHER_URI, SIGNER_URI, Failed, Process, Responder, cores,
                       identity, make_tls, run, serial_of, wait_until)

BUDGETS = {"p99_ms": 200}
AUTHORITY_URI = "spiffe://bench/authority/one"
CLIENT_URI = "spiffe://bench/client/one"
APPROVER_URI = "spiffe://bench/approver/one"
MOST_SAMPLES = 500
# Last digits of certificates' numbers: those revoked alone, and together.
ALONE, TOGETHER = 5, 3
# Enough of each block to see when the last delta has arrived.
WATCHED = 20


def percentile(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


class Cluster:
    """All of it but the inventory, which is another each time."""

    def __init__(self, options, folder, tls, dataset, inventory):
        self.options, self.tls, self.dataset = options, tls, dataset
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.inventory = inventory
        self.signer = self.refresher = self.authority = None
        self.responders = []
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self):
        self.signer = Signer(
            self.options, self.folder / "signer", self.tls, self.dataset, forms="BOTH",
            more=f'grant {{ uri: "{AUTHORITY_URI}" role: ROLE_REVOKE role: ROLE_READ }}\n'
            f'grant {{ uri: "{APPROVER_URI}" role: ROLE_APPROVE }}\n')
        for i in range(RESPONDERS):
            (self.folder / f"r{i}").mkdir()
            self.responders.append(Responder(
                self.options.responder, self.folder / f"r{i}", self.dataset, self.tls))
            self.responders[-1].start()
        self.refresher = Refresher(
            self.options, self.folder, self.tls, self.inventory, self.signer,
            self.responders,
            more=f'grant {{ uri: "{AUTHORITY_URI}" role: ROLE_PUBLISH }}\n')
        wait_until("refresher", self.refresher.ready, PATIENCE_SECONDS, 0.1)
        for one in self.responders:
            wait_until("/readyz", lambda one=one: one.status("/readyz") == 200,
                       PATIENCE_SECONDS)
        self._start_authority()

    def _start_authority(self):
        self.socket = f"unix:{self.folder}/authority.sock"
        config = self.folder / "authority.textproto"
        config.write_text(
            identity(self.tls, "authority")
            + f'listen {{ address: "{self.socket}" }}\n'
            f'grant {{ uri: "{CLIENT_URI}" role: ROLE_REVOKE role: ROLE_READ }}\n'
            + self.inventory.config
            + f'signer {{ address: "{self.signer.socket}" expected_uri: "{SIGNER_URI}" }}\n'
            f'refresher {{ address: "{self.refresher.socket}" '
            f'expected_uri: "{REFRESHER_URI}" }}\nlogging {{ format: JSON }}\n')
        self.authority = Process(
            "authority", [self.options.authority, f"--config={config}"], self.folder)
        wait_until("authority", self._authority_listens, 60)
        (self.folder / "cli.textproto").write_text(
            identity(self.tls, "client")
            + f'authority {{ address: "{self.socket}" expected_uri: "{AUTHORITY_URI}" }}\n'
            'default_issuer: "bench"\n')

    def _authority_listens(self):
        self.authority.check_alive()
        return pathlib.Path(self.socket.removeprefix("unix:")).exists()

    def probe(self, *flags):
        return json.loads(run(
            self.options.tools / "revoke_probe", f"--request={self.dataset.request}",
            "--ports=" + ",".join(str(one.port) for one in self.responders),
            f"--certificates={self.dataset.certificates}", f"--tls={self.tls}",
            f"--address={self.socket}", f"--uri={AUTHORITY_URI}",
            f"--seconds={PATIENCE_SECONDS}", *flags))

    def one_by_one(self):
        """Milliseconds of each."""
        count = self.dataset.certificates // 10
        return self.probe("--revoke", f"--digit={ALONE}",
                          f"--stride={max(1, count // MOST_SAMPLES)}")["milliseconds"]

    def chancery(self, *arguments):
        return run(self.options.chancery, "--config", self.folder / "cli.textproto",
                   *arguments)

    def in_bulk(self):
        """(certificates, seconds until all answer, seconds until the call ended)."""
        numbers = range(TOGETHER, self.dataset.certificates, 10)
        serials = self.folder / "serials.txt"
        serials.write_text("".join(serial_of(n).hex() + "\n" for n in numbers))
        order = self.folder / "order"
        self.chancery("order", "make", "--issuer", "bench", "--file", serials, "--reason",
                      "superseded", "--out", order)
        self.chancery("order", "sign", order, "--cert", self.tls / "approver.pem",
                      "--key", self.tls / "approver.key")
        started = time.time()
        told = json.loads(self.chancery(
            "revoke", "--file", serials, "--reason", "superseded", "--order", order,
            "--json"))
        returned = time.time()
        if told["calls"][0]["revoked"] != len(numbers):
            raise Failed(f"revoked: {told['calls']}")
        seen = self.probe(f"--digit={TOGETHER}",
                          f"--stride={max(1, CAPACITY // 10 // WATCHED)}")
        # Then each of them, at each responder, out of the measured time.
        every = self.probe(f"--digit={9 if self.options.flip else TOGETHER}",
                           *(["--seconds=1"] if self.options.flip else []))
        if every["serials"] != len(numbers):
            raise Failed(f"watched {every['serials']} of {len(numbers)}")
        return len(numbers), max(seen["until"], returned) - started, returned - started

    def stop(self):
        for process in (self.authority, self.refresher and self.refresher.process,
                        self.signer and self.signer.process):
            if process is not None:
                process.stop(signal.SIGTERM)
        for one in self.responders:
            one.stop()


def measure_one(options, folder, tls, dataset, kind):
    inventory = kind(folder)
    cluster = None
    try:
        cluster = Cluster(options, folder / f"cluster-{kind.name}", tls, dataset, inventory)
        alone = cluster.one_by_one()
        count, seconds, call_seconds = cluster.in_bulk()
    finally:
        if cluster is not None:
            cluster.stop()
        inventory.stop()
    return {"p50_ms": round(statistics.median(alone), 1),
            "p99_ms": round(percentile(alone, 0.99), 1),
            "max_ms": round(max(alone), 1), "samples": len(alone),
            "bulk_per_second": round(count / seconds), "bulk": count,
            "bulk_seconds": round(seconds, 2), "bulk_call_seconds": round(call_seconds, 2),
            "min_ms": round(min(alone), 1)}


def measure(options, folder):
    tls = make_tls(folder / "tls", (AUTHORITY_URI, CLIENT_URI, APPROVER_URI))
    dataset = Certificates(options.tools, options.dir, options.certificates)
    of = {kind.name: measure_one(options, folder, tls, dataset, kind)
          for kind in (SqliteInventory, PostgresInventory)}
    # Of the two inventories, the worse.
    return {"p50_ms": max(one["p50_ms"] for one in of.values()),
            "p99_ms": max(one["p99_ms"] for one in of.values()),
            "bulk_per_second": min(one["bulk_per_second"] for one in of.values()),
            **{name: {key: one[key] for key in ("p50_ms", "p99_ms", "bulk_per_second")}
               for name, one in of.items()},
            "details": {"certificates": options.certificates, "responders": RESPONDERS,
                        "cores": len(cores()[0] | cores()[1]), **of}}


def rows(result):
    for name in ("sqlite", "postgres"):
        one = result["details"][name]
        low, high = one["min_ms"], one["max_ms"]
        yield (f"{name} p50_ms", one["p50_ms"], low, high, None, False, "<=")
        yield (f"{name} p99_ms", one["p99_ms"], low, high, BUDGETS["p99_ms"], True, "<=")
        rate = one["bulk_per_second"]
        yield (f"{name} bulk_per_second", rate, rate, rate, None, False, ">=")


def notes(result):
    details = result["details"]
    yield (f"{details['certificates']:,} certificates, two CertID forms, "
           f"{details['responders']} responders, {details['cores']} cores for all: from "
           "the Revoke call until the last responder answers `revoked` over HTTP")
    for name in ("sqlite", "postgres"):
        one = details[name]
        yield (f"{name}: {one['samples']} one by one, at most {one['max_ms']} ms; "
               f"{one['bulk']:,} with one call, spread over all blocks, in "
               f"{one['bulk_seconds']} s until all answer (the call: "
               f"{one['bulk_call_seconds']} s)")
