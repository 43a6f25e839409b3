"""Runs a whole Chancery cluster on this machine and takes it on a tour."""

import argparse
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from cluster import Cluster, Failed, wait_until
from parts import Postgres, SoftHsm

BOLD, DIM, GREEN, RED, PLAIN = (
    ("\033[1m", "\033[2m", "\033[32m", "\033[31m", "\033[0m")
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ else ("",) * 5)


def step(text):
    print(f"\n{BOLD}{text}{PLAIN}", flush=True)


class Tour:
    """Shows each step with the command that a person would type."""

    def __init__(self, cluster, work):
        self.cluster = cluster
        self.work = pathlib.Path(work)
        self.dir = cluster.folder

    def shell(self, arguments, expect=0, timeout=60):
        """Prints a command, runs it, prints what it says, returns that."""
        shown = shlex.join(map(str, arguments)).replace(
            str(self.cluster.binaries / "chancery") + " ", "chancery ")
        print(f"{DIM}${PLAIN} {shown}", flush=True)
        done = subprocess.run(list(map(str, arguments)), text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=self.cluster.environment, check=False,
                              timeout=timeout)
        for line in done.stdout.splitlines():
            print("  " + line, flush=True)
        if done.returncode != expect:
            raise Failed(f"exit code {done.returncode}, expected {expect}: {shown}")
        return done.stdout

    def chancery(self, *arguments):
        return self.shell(self.cluster.command("--dir", self.dir, *arguments))

    def ocsp(self, url, certificate):
        ca = self.dir / "ca"
        return self.shell(
            ["openssl", "ocsp", "-issuer", ca / "issuing.pem", "-cert", certificate,
             "-CAfile", ca / "bundle.pem", "-url", url, "-no_nonce"])

    def run(self):
        name = f"www-{int(time.time())}.example.com"
        request, key = self.work / "request.csr", self.work / "request.key"
        certificate = self.work / "certificate.pem"
        urls = [r["url"] for r in self.cluster.responders()]

        step("1. A certificate request, made by OpenSSL")
        self.shell(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                    "-out", request, "-subj", f"/CN={name}",
                    "-addext", f"subjectAltName=DNS:{name}"])

        step("2. The CA issues")
        self.chancery("issue", "--csr", request, "--out", certificate)
        self.shell(["openssl", "x509", "-in", certificate, "-noout", "-subject",
                    "-issuer", "-serial", "-dates", "-ext", "subjectAltName"])

        step("3. Every responder already answers: good")
        for url in urls:
            if "certificate.pem: good" not in self.ocsp(url, certificate):
                raise Failed(f"{url} does not answer good")

        step("4. Revoked because its key was stolen")
        started = time.monotonic()
        self.chancery("revoke", "--cert", certificate, "--reason", "keyCompromise")

        def all_revoked():
            return all(self._says_revoked(url, certificate) for url in urls)
        wait_until("every responder answers revoked", all_revoked, 20)
        print(f"  every responder answers revoked {time.monotonic() - started:.1f} s "
              "after the call")

        step("5. Every responder answers: revoked")
        for url in urls:
            if "certificate.pem: revoked" not in self.ocsp(url, certificate):
                raise Failed(f"{url} does not answer revoked")

        step("6. So does the CRL, once it is rebuilt")
        self._crl(urls[0], certificate)

        step("7. What the operator sees")
        self.chancery("cluster")
        self.chancery("list")

    def _says_revoked(self, url, certificate):
        ca = self.dir / "ca"
        done = subprocess.run(
            ["openssl", "ocsp", "-issuer", ca / "issuing.pem", "-cert", certificate,
             "-CAfile", ca / "bundle.pem", "-url", url, "-no_nonce"],
            capture_output=True, text=True, check=False, timeout=30)
        return "certificate.pem: revoked" in done.stdout

    def _crl(self, url, certificate):
        crl = self.work / "issuing.crl"
        ca = self.dir / "ca"
        fetch = ["curl", "-fsS", "-o", str(crl), url + "/crl/issuing.crl"]
        verify = ["openssl", "verify", "-crl_check", "-CRLfile", str(crl),
                  "-CAfile", str(ca / "bundle.pem"), str(certificate)]

        def listed():
            if subprocess.run(fetch, capture_output=True, check=False).returncode:
                return False
            done = subprocess.run(verify, capture_output=True, text=True, check=False)
            return "certificate revoked" in done.stderr + done.stdout
        wait_until("the CRL lists the certificate", listed, 60)
        self.shell(fetch)
        self.shell(verify, expect=2)


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="tools/quickstart",
        description="Builds Chancery, starts a cluster on this machine (an "
        "HSM-backed signer, an authority, a refresher, three responders) and "
        "takes it on a tour: issue, answer good, revoke, answer revoked.")
    parser.add_argument("--once", action="store_true",
                        help="take the tour, stop everything, exit 0 or 1")
    parser.add_argument("--dir", help="where the cluster's state lives; a second "
                        "start in the same folder resumes (default: a temporary "
                        "folder)")
    parser.add_argument("--postgres", action="store_true",
                        help="keep the inventory in a PostgreSQL that this starts, "
                        "instead of SQLite")
    parser.add_argument("--file-keys", action="store_true",
                        help="keep keys in files instead of a SoftHSM token")
    parser.add_argument("--binaries", required=True, help=argparse.SUPPRESS)
    return parser.parse_args()


def install(built, folder):
    """Copies the programs to where the cluster is: the next build does not
    change them under it, and a person finds them."""
    folder.mkdir(parents=True, exist_ok=True)
    for program in pathlib.Path(built).iterdir():
        fresh = folder / (program.name + ".new")
        shutil.copy(program, fresh)
        fresh.replace(folder / program.name)
    return folder


def prepare(arguments, folder, postgres):
    hsm = None if arguments.file_keys else SoftHsm(folder / "softhsm")
    cluster = Cluster(folder, install(arguments.binaries, folder / "bin"),
                      hsm.environment() if hsm else None)
    print(f"Programs: {cluster.binaries}")
    if postgres is not None:
        postgres.connection_file(folder / "postgres.conninfo")
    if cluster.initialised():
        step(f"Resuming the cluster in {folder}")
        return cluster
    step("A new CA: root, issuing CA, OCSP signer, service identities")
    options = []
    if hsm is not None:
        hsm.make()
        options += hsm.init_arguments()
    if postgres is not None:
        options += ["--postgres-file", str(folder / "postgres.conninfo")]
    Tour(cluster, folder).chancery("init", *options)
    return cluster


def run(arguments, folder):
    postgres = Postgres(folder / "postgres") if arguments.postgres else None
    if postgres is None and (folder / "postgres").exists():
        raise Failed(f"{folder} was made with --postgres: say it again")
    try:
        if postgres is not None:
            postgres.start()
        with prepare(arguments, folder, postgres) as cluster:
            step("Starting " + ", ".join(p["name"] for p in cluster.processes()))
            cluster.start()
            for process in cluster.processes():
                print(f"  {process['name']:<12} {process['ready_url']}")
            for responder in cluster.responders():
                print(f"  {responder['name']:<12} answers OCSP and CRL at "
                      f"{responder['url']}")
            with tempfile.TemporaryDirectory(prefix="chancery-tour-") as work:
                Tour(cluster, work).run()
            print(f"\n{GREEN}The tour is over and everything held.{PLAIN}")
            if not arguments.once:
                shown = shlex.join(cluster.command("--dir", folder, "cluster"))
                print(f"The cluster runs on. Try:\n  {shown}\nCtrl-C stops it; start "
                      f"again with --dir {folder} to resume.", flush=True)
                wait_for_end(cluster)
    finally:
        if postgres is not None:
            postgres.stop()


def wait_for_end(cluster):
    """Until Ctrl-C or SIGTERM, or until a process ends by itself."""
    while True:
        for process in cluster.processes():
            if not cluster.alive(process["name"]):
                raise Failed(process["name"] + " ended by itself:\n"
                             + cluster.log_tail(process["name"]))
        time.sleep(0.5)


def end(*_):
    """A second SIGTERM, as from `timeout`, must not cut the stopping short."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(0)


def main():
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, end)
    folder = pathlib.Path(arguments.dir or tempfile.mkdtemp(prefix="chancery-")).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        run(arguments, folder)
    except KeyboardInterrupt:
        print("\nStopped.")
    except Failed as failure:
        print(f"\n{RED}quickstart: {failure}{PLAIN}\nLogs: {folder}/log",
              file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
