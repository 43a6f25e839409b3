"""Issuing: from a client's request until it has a certificate that is durable, in
the inventory, and answered for by three responders.

The real programs on the cores of this machine, all together, as `chancery init`
configures them, with an inventory in PostgreSQL; clients with a connection each.
Beside them, in the same run, Debian's `cfssl serve` with the same CA key, the same
requests and a database in the same PostgreSQL; it serves no OCSP.
"""

import json
import pathlib
import re
import statistics
import subprocess
import sys

from presign_bench import openssl_speed
from processes import Failed, Process, cores, free_port, listens, run, wait_until

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools/cluster"))
from cluster import Cluster  # pylint: disable=wrong-import-position
from parts import Postgres  # pylint: disable=wrong-import-position

BUDGETS = {"vs_cfssl_best": 1.2, "p50_ms_1": 6, "bulk_vs_raw_sign": 0.05}
CLIENTS = (1, 2, 4, 8, 16, 32, 64)
ROUNDS = 3
PAIRS = 7  # For the budgets that are ratios.
REQUESTS = 256
MOST_IN_BULK = 30_000
# CFSSL's certdb/pg/migrations, both of them (reference/cfssl.md section 4).
CFSSL_TABLES = """
CREATE TABLE certificates (serial_number bytea NOT NULL,
  authority_key_identifier bytea NOT NULL, ca_label bytea, status bytea NOT NULL,
  reason int, expiry timestamptz, revoked_at timestamptz, pem bytea NOT NULL,
  issued_at timestamptz, not_before timestamptz, metadata jsonb, sans jsonb,
  common_name text, PRIMARY KEY (serial_number, authority_key_identifier));
CREATE TABLE ocsp_responses (serial_number bytea NOT NULL,
  authority_key_identifier bytea NOT NULL, body bytea NOT NULL, expiry timestamptz,
  PRIMARY KEY (serial_number, authority_key_identifier),
  FOREIGN KEY (serial_number, authority_key_identifier)
  REFERENCES certificates (serial_number, authority_key_identifier));
"""


class Ours:
    """A cluster."""

    def __init__(self, options, folder, postgres):
        binaries = folder / "bin"
        binaries.mkdir()
        for path in (options.signer, options.responder, options.chancery,
                     options.authority, options.refresher):
            (binaries / path.name).symlink_to(path)
        self.folder = folder / "cluster"
        self.cluster = Cluster(self.folder, binaries)
        self.cluster.init("--responders", "3")
        conninfo = postgres.connection_file(folder / "conninfo")
        for name in ("authority", "refresher", "cli"):
            path = self.folder / "config" / f"{name}.textproto"
            path.write_text(re.sub(r"inventory \{[^}]*\}\n",
                                   f'inventory {{ postgres_file: "{conninfo}" }}\n',
                                   path.read_text()))
        signer = self.folder / "config/signer.textproto"
        signer.write_text(signer.read_text().replace(
            "  ocsp_validity_hours", "  cert_id_form: SHA1\n  ocsp_validity_hours", 1))
        self.tls = folder / "tls"
        self.tls.mkdir()
        for name, target in (("client.pem", "identity/example.pem"),
                             ("client.key", "identity/example.key"),
                             ("ca.pem", "service-ca/ca.pem")):
            (self.tls / name).symlink_to(self.folder / target)
        config = (self.folder / "config/authority.textproto").read_text()
        self.address = re.search(r'listen \{\s+address: "([^"]+)"', config)[1]

    def start(self):
        self.cluster.start()

    def stop(self):
        self.cluster.stop()

    def cpu_seconds(self):
        """User and system, by process, since each began."""
        out = {}
        for name, child in self.cluster.running.items():
            fields = pathlib.Path(f"/proc/{child.pid}/stat").read_text().rsplit(")")[1]
            user, system = map(int, fields.split()[11:13])
            out[name] = (user + system) / 100
        return out


class Cfssl:
    """`cfssl serve`, signing with the same key."""

    def __init__(self, folder, ours, postgres):
        postgres.sql("CREATE DATABASE cfssl")
        run("psql", "-h", postgres.sockets, "-U", "chancery", "-d", "cfssl", "-qc",
            CFSSL_TABLES)
        (folder / "db.json").write_text(json.dumps({
            "driver": "postgres",
            "data_source": f"host={postgres.sockets} user=chancery dbname=cfssl "
                           "sslmode=disable"}))
        (folder / "cfssl.json").write_text(json.dumps({"signing": {"default": {
            "usages": ["digital signature", "server auth"], "expiry": "2160h",
            "ocsp_url": "http://127.0.0.1:1", "crl_url": "http://127.0.0.1:1/issuing.crl",
        }}}))
        self.port = free_port()
        # Its log of each request, at level INFO, would be much of its work.
        self.process = Process(
            "cfssl", ["cfssl", "serve", "-address=127.0.0.1", f"-port={self.port}",
                      f"-ca={ours.folder}/ca/issuing.pem",
                      f"-ca-key={ours.folder}/ca/issuing.key",
                      f"-config={folder}/cfssl.json", f"-db-config={folder}/db.json",
                      "-loglevel=4"], folder)
        wait_until("cfssl", self._listens, 30)

    def _listens(self):
        self.process.check_alive()
        return listens(self.port)

    def stop(self):
        self.process.stop()


class Load:
    """Clients of either."""

    def __init__(self, options, folder, ours, cfssl):
        requests = folder / "csrs"
        requests.mkdir()
        key = folder / "client.key"
        run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-out", key)
        for number in range(REQUESTS):
            run("openssl", "req", "-new", "-key", key, "-subj",
                f"/CN=host-{number}.example.com", "-addext",
                f"subjectAltName=DNS:host-{number}.example.com,DNS:www.example.com",
                "-out", requests / f"{number}.pem")
        self.folder = folder
        self.process = Process(
            "issue_load",
            [options.tools / "issue_load", f"--csrs={requests}", f"--tls={ours.tls}",
             f"--authority={ours.address}", "--uri=spiffe://chancery/authority/authority",
             f"--cfssl_port={cfssl.port}", f"--sample={folder}/sample.pem"],
            folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def slice(self, **fields):
        line = " ".join(f"{key}={value}" for key, value in fields.items()) + "\n"
        self.process.child.stdin.write(line.encode())
        self.process.child.stdin.flush()
        answer = self.process.child.stdout.readline()
        if not answer:
            self.process.child.wait()
            self.process.check_alive()
        return json.loads(answer)

    def stop(self):
        self.process.stop()


def judge(options, folder, ours):
    """OpenSSL verifies what the last slice got first, and every responder says that
    it is good."""
    sample = folder / "sample.pem"
    run("openssl", "verify", "-CAfile", ours.folder / "ca/root.pem", "-untrusted",
        ours.folder / "ca/issuing.pem", sample)
    for responder in ours.cluster.responders():
        text = run("openssl", "ocsp", "-issuer", ours.folder / "ca/issuing.pem", "-cert",
                   sample, "-CAfile", ours.folder / "ca/bundle.pem", "-no_nonce",
                   "-url", responder["url"])
        if (f"{sample}: good" in text) == options.flip:
            raise Failed(f"certificate {sample.name}: {responder['name']} says:\n{text}")


def measure_clients(options, load):
    """By kind and number of clients, outcomes of the rounds, taken in turn."""
    outcomes = {(kind, clients): [] for kind in ("authority", "cfssl")
                for clients in CLIENTS}
    for _ in range(min(ROUNDS, options.rounds)):
        for clients in CLIENTS:
            for kind in ("authority", "cfssl"):
                outcomes[kind, clients].append(load.slice(
                    kind=kind, clients=clients, seconds=6 * options.slice))
    return outcomes


def rate(outcome):
    return outcome["issued"] / outcome["seconds"]


def best_of_cfssl(outcomes):
    """The number of clients with which it issues most, by its median."""
    return max(CLIENTS, key=lambda clients: statistics.median(
        map(rate, outcomes["cfssl", clients])))


def measure_pairs(options, load, clients):
    """Ours with 64 clients and cfssl's best, one right after the other: the machine
    is slower at times, for longer than a pair takes."""
    seconds = 6 * options.slice
    return [(load.slice(kind="authority", clients=CLIENTS[-1], seconds=seconds),
             load.slice(kind="cfssl", clients=clients, seconds=seconds))
            for _ in range(min(PAIRS, options.rounds))]


def measure_bulk(options, load):
    """In turn with what OpenSSL alone does: [(outcome, signatures per second)]."""
    return [(load.slice(kind="bulk", count=min(MOST_IN_BULK, options.certificates)),
             openssl_speed()) for _ in range(min(PAIRS, options.rounds))]


def measure(options, folder):
    postgres = Postgres(folder / "postgres")
    postgres.start()
    ours = cfssl = load = None
    try:
        ours = Ours(options, folder, postgres)
        ours.start()
        cfssl = Cfssl(folder, ours, postgres)
        load = Load(options, folder, ours, cfssl)
        load.slice(kind="authority", clients=4, seconds=1)
        judge(options, folder, ours)
        outcomes = measure_clients(options, load)
        best = best_of_cfssl(outcomes)
        pairs = measure_pairs(options, load, best)
        before = ours.cpu_seconds()
        bulk = measure_bulk(options, load)
        after = ours.cpu_seconds()
        judge(options, folder, ours)
    finally:
        for one in (load, cfssl, ours):
            if one is not None:
                one.stop()
        postgres.stop()
    for theirs, number in (("authority", CLIENTS[-1]), ("cfssl", best)):
        outcomes[theirs, number] += [pair[theirs == "cfssl"] for pair in pairs]
    rates = {f"{kind}_{clients}": [rate(one) for one in found]
             for (kind, clients), found in outcomes.items()}
    bulk_rates = [rate(one) for one, _ in bulk]
    count = sum(one["issued"] for one, _ in bulk)
    alone = [one["p50_ms"] for one in outcomes["authority", 1]]
    versus = {"vs_cfssl_best": [rate(one) / rate(other) for one, other in pairs],
              "bulk_vs_raw_sign": [rate(one) / raw for one, raw in bulk]}
    return {
        "per_second_64": statistics.median(rates[f"authority_{CLIENTS[-1]}"]),
        "p50_ms_1": statistics.median(alone),
        "bulk_per_second": statistics.median(bulk_rates),
        **{name: statistics.median(found) for name, found in versus.items()},
        "details": {
            "cores": len(cores()[0] | cores()[1]),
            "raw_sign_per_second": [raw for _, raw in bulk],
            "cfssl_best_per_second": statistics.median(rates[f"cfssl_{best}"]),
            "cfssl_best_clients": best, **versus,
            "per_second": rates, "bulk_per_second": bulk_rates,
            "p50_ms_1": alone,
            "p50_ms_1_cfssl": [one["p50_ms"] for one in outcomes["cfssl", 1]],
            "p99_ms_64": [one["p99_ms"] for one in outcomes["authority", 64]],
            "bulk_cpu_us_per_certificate": {
                name: round(1e6 * (after[name] - before[name]) / count, 1)
                for name in after}}}


def rows(result):
    details = result["details"]
    for name, better in (("vs_cfssl_best", ">="), ("p50_ms_1", "<="),
                         ("bulk_vs_raw_sign", ">=")):
        yield (name, result[name], min(details[name]), max(details[name]),
               BUDGETS[name], True, better)
    bulk = details["bulk_per_second"]
    yield "bulk_per_second", result["bulk_per_second"], min(bulk), max(bulk), None, False, ">="
    for name, found in details["per_second"].items():
        kind, clients = name.split("_")
        yield (f"{'ours' if kind == 'authority' else kind}, {clients} clients, per second",
               statistics.median(found), min(found), max(found), None, False, ">=")


def notes(result):
    details = result["details"]
    yield (f"{details['cores']} cores for clients, all processes and PostgreSQL; three "
           "responders hold each certificate's first OCSP record before it is handed out; "
           "one CertID form. cfssl serves no OCSP.")
    yield (f"cfssl is best with {details['cfssl_best_clients']} clients: "
           f"{details['cfssl_best_per_second']:,.0f} a second; alone it answers in "
           f"{statistics.median(details['p50_ms_1_cfssl']):.1f} ms.")
    yield (f"raw: {statistics.median(details['raw_sign_per_second']):,.0f} signatures a "
           "second by openssl speed. In bulk, CPU of a certificate in microseconds: "
           + ", ".join(f"{name} {value:.0f}" for name, value in
                       details["bulk_cpu_us_per_certificate"].items()))
