"""Disk, memory and restart of a responder with many certificates."""

import os
import pathlib
import signal
import threading
import time

from processes import Dataset, Failed, Responder, cores, is_revoked, make_tls
from verify import Judge

BUDGETS = {"disk_bytes_per_certificate": 110, "disk_peak_bytes_per_certificate": 150,
           "memory_bytes_10m": 1.2e9, "restart_seconds_10m": 5}
TEN_MILLION = 10_000_000
REFRESHES = 3


def disk_bytes(folder, of=lambda status: status.st_size):
    """What the files below `folder` hold."""
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            try:
                total += of(os.stat(os.path.join(where, name)))
            except FileNotFoundError:
                pass  # RocksDB has just removed it.
    return total


class DiskPeak:
    """The largest disk_bytes while it is entered."""

    def __init__(self, folder):
        self.folder = folder
        self.peak = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._watch)

    def _watch(self):
        while not self.ended.wait(0.02):
            self.peak = max(self.peak, disk_bytes(self.folder))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


def settled_disk_bytes(folder, seconds=3, patience=60):
    """disk_bytes once it has not changed for a while."""
    deadline = time.monotonic() + patience
    size, since = disk_bytes(folder), time.monotonic()
    while time.monotonic() - since < seconds and time.monotonic() < deadline:
        time.sleep(0.1)
        now = disk_bytes(folder)
        if now != size:
            size, since = now, time.monotonic()
    return size


def probe(responder, numbers, flip=False):
    """Asks about each and judges the answers with signatures."""
    judge = Judge(responder.dataset, flip)
    for number in numbers:
        judge.check(number, responder.exchange(number)[1])
    judge.check(1 << 41, responder.exchange(1 << 41)[1])


def spread_over(certificates, count=200):
    return range(0, certificates, max(1, certificates // count))


def drop_page_cache():
    """Whether this machine lets us."""
    os.sync()
    try:
        pathlib.Path("/proc/sys/vm/drop_caches").write_text("3")
    except OSError:
        return False
    return True


def refreshes(options, responder, first, shuffle):
    """Bytes for each certificate at rest, at the peak, and written by each of
    REFRESHES."""
    written = responder.written_bytes()
    with DiskPeak(responder.cache) as watched:
        for number in range(REFRESHES):
            responder.feed(options.tools, first + number, shuffle)
        rest = settled_disk_bytes(responder.cache)
    written = (responder.written_bytes() - written) / REFRESHES
    return [size / options.certificates for size in (rest, max(rest, watched.peak), written)]


def measure_disk(options, folder, tls):
    dataset = Dataset(options.tools, options.dir, options.certificates)
    folder.mkdir()
    responder = Responder(options.responder, folder, dataset, tls)
    try:
        responder.start()
        responder.feed(options.tools)
        fresh = settled_disk_bytes(responder.cache)
        in_order = refreshes(options, responder, 1, shuffle=False)
        allocated = disk_bytes(responder.cache, lambda status: status.st_blocks * 512)
        shuffled = refreshes(options, responder, 1 + REFRESHES, shuffle=True)
        probe(responder, spread_over(options.certificates), options.flip)
    finally:
        responder.stop()
    return {"allocated": allocated, "fresh": fresh / options.certificates,
            "in_order": in_order, "shuffled": shuffled}


def timed_start(responder):
    started = time.monotonic()
    responder.start()
    return time.monotonic() - started


def restart(responder, flip):
    """Kills it; seconds until /healthz answers and a probe gets `good`."""
    responder.stop(signal.SIGKILL)
    cold = drop_page_cache()
    last = max(n for n in range(max(0, responder.dataset.certificates - 100),
                                responder.dataset.certificates) if not is_revoked(n))
    started = time.monotonic()
    responder.start()
    body = responder.exchange(last)[1]
    seconds = time.monotonic() - started
    Judge(responder.dataset, flip).check(last, body)
    return seconds, cold


def measure_memory(options, folder, tls):
    count = options.certificates_memory
    dataset = Dataset(options.tools, options.dir, count)
    folder.mkdir()
    responder = Responder(options.responder, folder, dataset, tls)
    try:
        empty_seconds = timed_start(responder)
        empty = responder.process.rss_bytes()
        responder.feed(options.tools)
        probe(responder, spread_over(count), options.flip)
        filled = responder.process.rss_bytes()
        responder.feed(options.tools, refresh=1)
        refreshed = responder.process.rss_bytes()
        restarts = [restart(responder, options.flip) for _ in range(3)]
        probe(responder, spread_over(count), options.flip)
        restarted = responder.process.rss_bytes()
    except Failed as failure:
        raise Failed(f"with {count} certificates: {failure}") from failure
    finally:
        responder.stop()
    scale = TEN_MILLION / count
    at_all = sorted(seconds for seconds, _ in restarts)
    return {"certificates": count, "scaled": count != TEN_MILLION,
            "empty_rss": empty, "filled_rss": filled, "refreshed_rss": refreshed,
            "restarted_rss": restarted,
            # What an empty one takes does not grow with certificates.
            "memory_bytes": empty + (max(filled, refreshed, restarted) - empty) * scale,
            "restart_seconds": [empty_seconds + (seconds - empty_seconds) * scale
                                for seconds in at_all],
            "page_cache_dropped": all(cold for _, cold in restarts)}


def measure(options, folder):
    tls = make_tls(folder / "tls")
    disk = measure_disk(options, folder / "disk", tls)
    memory = measure_memory(options, folder / "memory", tls)
    rest, peak, _ = disk["in_order"]
    return {"disk_bytes_per_certificate": round(rest, 1),
            "disk_peak_bytes_per_certificate": round(peak, 1),
            "memory_bytes_10m": round(memory["memory_bytes"]),
            "restart_seconds_10m": round(memory["restart_seconds"][1], 2),
            "details": {"certificates": options.certificates,
                        "disk_fresh_bytes_per_certificate": disk["fresh"],
                        "disk_allocated_bytes": disk["allocated"],
                        "disk_in_order": disk["in_order"], "disk_shuffled": disk["shuffled"],
                        "refreshes": REFRESHES, "memory": memory,
                        "cores": len(cores()[0] | cores()[1])}}


def rows(result):
    for name, budget in BUDGETS.items():
        value = low = high = result[name]
        if name == "restart_seconds_10m":
            low, _, high = result["details"]["memory"]["restart_seconds"]
        yield (name, value, low, high, budget, True, "<=")


def notes(result):
    details, memory = result["details"], result["details"]["memory"]
    yield (f"disk: {details['certificates']:,} certificates, "
           f"{details['disk_fresh_bytes_per_certificate']:.1f} bytes each when fresh, "
           f"then {details['refreshes']} complete refreshes; "
           f"{details['disk_allocated_bytes'] / 1e6:,.0f} MB of blocks")
    for order in ("in_order", "shuffled"):
        rest, peak, written = details[f"disk_{order}"]
        yield (f"disk, refreshed {order.replace('_', ' ')}: {rest:.1f} bytes at rest, "
               f"{peak:.1f} at the peak, {written:.1f} written by a refresh")
    if memory["scaled"]:
        yield (f"memory and restart: SCALED from {memory['certificates']:,} "
               "certificates to 10 million")
    yield (f"memory: {memory['filled_rss']:,} bytes when filled, "
           f"{memory['refreshed_rss']:,} when refreshed, "
           f"{memory['restarted_rss']:,} after a restart, {memory['empty_rss']:,} empty")
    yield ("restart: killed, page cache "
           + ("dropped" if memory["page_cache_dropped"] else "NOT dropped (needs root)")
           + ", until /healthz and an answer that is right")
