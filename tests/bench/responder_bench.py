"""OCSP requests per CPU-second, beside a bare loop, nginx and cfssl."""

import statistics

from processes import (Cfssl, Dataset, EpollLoop, Load, Nginx, Responder, cores,
                       make_tls)
from verify import verify_samples

BUDGETS = {"popular_vs_epoll": 0.85, "random_vs_epoll": 0.75, "unknown_vs_epoll": 0.85}
# Information: DESIGN.md section 7 aims at these.
AIMS = {"popular_vs_nginx": 1.4, "popular_vs_cfssl": 5.0}

# One round: each of ours lies beside what it is compared with.
ROUND = ("loop", "popular", "loop", "random", "loop", "nginx", "popular", "cfssl",
         "small_loop", "unknown", "small_loop")


class Servers:
    """Everything that is running, and how to put load on each by name."""

    def __init__(self, options, folder):
        self.options = options
        server, other = cores()
        self.dataset = Dataset(options.tools, options.dir, options.certificates)
        self.running = []
        try:
            self._start(folder, make_tls(folder / "tls"), server, other)
        except BaseException:
            self.stop()
            raise

    def _start(self, folder, tls, server, other):
        tools = self.options.tools
        responder = Responder(self.options.responder, folder, self.dataset, tls, server)
        self.running.append(responder)
        responder.start()
        responder.feed(tools)
        headers, body = responder.exchange(0)
        few_headers, unauthorized = responder.exchange(1 << 41)
        loop = EpollLoop(tools, folder, "loop", headers, body, server)
        self.running.append(loop)
        small = EpollLoop(tools, folder, "small_loop", few_headers, unauthorized, server)
        self.running.append(small)
        nginx = Nginx(folder, headers, body, server)
        self.running.append(nginx)
        cfssl = Cfssl(folder, responder, server)
        self.running.append(cfssl)
        self.load = Load(tools, folder, self.dataset, other, self.options.connections)
        self.running.append(self.load)
        of_ours = {"port": responder.port, "pids": responder.process.pid,
                   "certificates": self.dataset.certificates,
                   "flip": int(self.options.flip)}
        of_loop = {"method": "get", "constant": 1,
                   "certificates": self.dataset.certificates}
        self.fields = {
            "popular": {**of_ours, "mix": "popular"},
            "random": {**of_ours, "mix": "random"},
            "unknown": {**of_ours, "mix": "unknown"},
            "loop": {**of_loop, "port": loop.port, "pids": loop.pids[0],
                     "mix": "popular"},
            "small_loop": {**of_loop, "port": small.port, "pids": small.pids[0],
                           "mix": "unknown"},
            "nginx": {"port": nginx.port, "pids": ",".join(map(str, nginx.pids)),
                      "constant": 1, "method": "fixed", "path": nginx.path},
            "cfssl": {"port": cfssl.port, "pids": cfssl.pids[0], "method": "post",
                      "mix": "random",
                      "certificates": min(Cfssl.responses, self.dataset.certificates)},
        }

    def slice(self, name, **more):
        fields = {**self.fields[name], "seconds": self.options.slice, **more}
        return self.load.slice(**fields)

    def stop(self):
        for process in reversed(self.running):
            process.stop()


def _ratios(rounds):
    """Of each round: ours by the mean of its neighbours of the other kind."""
    found = {name: [] for name in (*BUDGETS, *AIMS)}
    for speeds in rounds:
        loops = [s for n, s in speeds if n == "loop"]
        small = [s for n, s in speeds if n == "small_loop"]
        one = {n: s for n, s in speeds if n not in ("loop", "small_loop", "popular")}
        first, beside_peers = [s for n, s in speeds if n == "popular"]
        found["popular_vs_epoll"].append(first / statistics.mean(loops[0:2]))
        found["random_vs_epoll"].append(one["random"] / statistics.mean(loops[1:3]))
        found["unknown_vs_epoll"].append(one["unknown"] / statistics.mean(small))
        found["popular_vs_nginx"].append(beside_peers / one["nginx"])
        found["popular_vs_cfssl"].append(beside_peers / one["cfssl"])
    return found


def _spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def measure(options, folder):
    servers = Servers(options, folder)
    try:
        for name in dict.fromkeys(ROUND):
            servers.slice(name)  # Warm.
        rounds = []
        answers = 0
        walls = []
        for _ in range(options.rounds):
            speeds = []
            for name in ROUND:
                outcome = servers.slice(name)
                speeds.append((name, outcome["requests"]
                               / max(outcome["cpu_seconds"], 1e-9)))
                if name == "popular":
                    walls.append(outcome["requests"] / outcome["seconds"])
                answers += outcome["requests"]
            rounds.append(speeds)
        paced = servers.slice("popular", seconds=options.paced_seconds,
                              rate=statistics.median(walls) / 2)
    finally:
        servers.stop()
    verified = verify_samples(servers.load.samples, servers.dataset, options.flip)
    ratios = {name: _spread(values) for name, values in _ratios(rounds).items()}
    speeds = {name: _spread([s for speeds in rounds for n, s in speeds if n == name])
              for name in dict.fromkeys(ROUND)}
    result = {name: round(spread["median"], 3) for name, spread in ratios.items()}
    result["p99_ms"] = round(paced["p99_ms"], 3)
    result["details"] = {
        "ratios": ratios, "requests_per_cpu_second": speeds,
        "paced": {"rate": statistics.median(walls) / 2, "p50_ms": paced["p50_ms"],
                  "p99_ms": paced["p99_ms"], "max_ms": paced["max_ms"]},
        "rounds": options.rounds, "slice_seconds": options.slice,
        "certificates": options.certificates, "connections": options.connections,
        "answers_looked_at": answers, "answers_verified": verified}
    return result


def rows(result):
    """(label, value, low, high, budget, is it a gate, better) for people."""
    for name, spread in result["details"]["ratios"].items():
        yield (name, spread["median"], spread["min"], spread["max"],
               BUDGETS.get(name, AIMS.get(name)), name in BUDGETS, ">=")


def notes(result):
    details = result["details"]
    yield "requests per CPU-second (median, min - max):"
    for name, spread in details["requests_per_cpu_second"].items():
        yield (f"  {name:12} {spread['median']:10,.0f} "
               f"{spread['min']:10,.0f} - {spread['max']:,.0f}")
    paced = details["paced"]
    yield (f"latency at {paced['rate']:,.0f} requests/s: p50 {paced['p50_ms']:.3f} ms, "
           f"p99 {paced['p99_ms']:.3f} ms, max {paced['max_ms']:.1f} ms")
    yield (f"{details['answers_looked_at']:,} answers looked at, "
           f"{details['answers_verified']:,} of ours verified with their signatures")
