"""A new responder filled by a refresher, from nothing to serving.

The real refresher with a SQLite inventory that was filled before. Its signer is
away: it needs none to hand on what the inventory has, and an inventory whose
ledger was followed before counts as whole meanwhile.
"""

import http.client
import signal
import time

from processes import (REFRESHER_URI, RESPONDER_URI, SIGNER_URI, Dataset, Failed,
                       Process, Responder, identity, is_revoked, make_tls, run)
from verify import Judge

BUDGETS = {"seconds_1m": 15}
MILLION = 1_000_000
CAPACITY = 4096
PATIENCE_SECONDS = 600


def fill_inventory(options, folder, dataset):
    path = folder / "inventory.sqlite"
    run(options.tools / "fill_inventory", f"--dir={dataset.folder}",
        f"--inventory={path}", f"--signer={SIGNER_URI}")
    return path


def start_refresher(options, folder, tls, inventory, responder):
    config = folder / "refresher.textproto"
    config.write_text(
        identity(tls, "refresher")
        + f'listen {{ address: "unix:{folder}/refresher.sock" }}\n'
        f'inventory {{ sqlite_file: "{inventory}" }}\n'
        f'signer {{ address: "unix:{folder}/nobody.sock" expected_uri: "{SIGNER_URI}" }}\n'
        f'responder {{ name: "one" target {{ address: "{responder.socket}" '
        f'expected_uri: "{RESPONDER_URI}" }} }}\n'
        'name: "bench"\nlogging { format: JSON }\n')
    return Process("refresher", [options.refresher, f"--config={config}"], folder)


class Prober:
    """One certificate of each block, none revoked, asked about until it is good."""

    def __init__(self, responder, flip):
        self.responder = responder
        self.judge = Judge(responder.dataset, flip)
        count = responder.dataset.certificates
        self.missing = [first + is_revoked(first) for first in range(0, count, CAPACITY)]
        self.connection = http.client.HTTPConnection("127.0.0.1", responder.port,
                                                     timeout=30)

    def ask(self):
        """Whether every block answers now; what is `unauthorized` is asked again."""
        while self.missing:
            number = self.missing[-1]
            self.connection.request(
                "POST", "/", self.responder.dataset.ask(number),
                {"Content-Type": "application/ocsp-request"})
            body = self.connection.getresponse().read()
            if len(body) == 5:
                return False
            self.judge.check(number, body)
            self.missing.pop()
        return True


def one_bootstrap(options, folder, tls, inventory, dataset):
    folder.mkdir()
    responder = Responder(options.responder, folder, dataset, tls)
    refresher = None
    started = time.monotonic()
    try:
        responder.start()
        refresher = start_refresher(options, folder, tls, inventory, responder)
        prober = Prober(responder, options.flip)
        while not prober.ask() or responder.status("/readyz") != 200:
            responder.process.check_alive()
            refresher.check_alive()
            if time.monotonic() - started > PATIENCE_SECONDS:
                raise Failed(f"not filled within {PATIENCE_SECONDS} s:\n"
                             + refresher.log.read_text()[-2000:])
            time.sleep(0.02)
        return time.monotonic() - started
    finally:
        if refresher is not None:
            refresher.stop(signal.SIGTERM)
        responder.stop()


def measure(options, folder):
    tls = make_tls(folder / "tls")
    dataset = Dataset(options.tools, options.dir, options.certificates)
    inventory = fill_inventory(options, folder, dataset)
    took = sorted(one_bootstrap(options, folder / f"run-{i}", tls, inventory, dataset)
                  for i in range(3))
    scale = MILLION / options.certificates
    return {"seconds_1m": round(took[1] * scale, 2),
            "details": {"certificates": options.certificates,
                        "scaled": options.certificates != MILLION,
                        "seconds": [seconds * scale for seconds in took]}}


def rows(result):
    low, median, high = result["details"]["seconds"]
    yield ("seconds_1m", median, low, high, BUDGETS["seconds_1m"], True, "<=")


def notes(result):
    details = result["details"]
    yield (f"{details['certificates']:,} certificates"
           + (", SCALED to a million" if details["scaled"] else "")
           + ": both processes started, until one certificate of each block was "
           "answered rightly and /readyz said so; the median of three")
