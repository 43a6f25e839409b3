"""What tools/bench runs: one bench, its table, its budgets, its picture."""

import argparse
import importlib
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

from processes import Failed
from svg import draw

ROOT = pathlib.Path(__file__).resolve().parents[2]
BENCHES = ("responder", "storage", "bootstrap", "presign", "crl", "revoke", "issue")
TARGETS = ("//responder:chancery-responder", "//refresher:chancery-refresher",
           "//signer:chancery-signer", "//authority:chancery-authority",
           "//tools/chancery", "//tests/bench:revoke_probe",
           "//tests/bench:await_versions", "//tests/bench:import_certificates",
           "//tests/bench:make_certificates", "//tests/bench:token_speed",
           "//tests/bench:make_dataset", "//tests/bench:feed_responder",
           "//tests/bench:fill_inventory", "//tests/bench:epoll_loop",
           "//tests/bench:http_load", "//tools/chancery", "//tests/bench:fill_crl_ledger",
           "//tests/bench:crl_flow", "//tests/bench:issue_load")


def arguments(argv):
    parser = argparse.ArgumentParser(
        prog="tools/bench", description="Measures Chancery beside its peers. Exit code "
        "1: a budget is missed, or an answer was wrong.")
    parser.add_argument("bench", choices=BENCHES)
    parser.add_argument("--json", action="store_true", help="print only a JSON object")
    parser.add_argument("--svg", action="store_true",
                        help="write docs/bench/BENCH.svg and .json from this run")
    parser.add_argument("--dir", type=pathlib.Path,
                        default=pathlib.Path("~/.cache/chancery-bench").expanduser(),
                        help="keeps signed blocks for a day")
    parser.add_argument("--certificates", type=int, default=1_000_000)
    parser.add_argument("--certificates-memory", type=int, default=10_000_000,
                        help="storage: for memory and restart; figures of fewer than "
                        "10 million are scaled, and said to be")
    parser.add_argument("--rounds", type=int, default=12, help="responder: of paired slices")
    parser.add_argument("--slice", type=float, default=0.5, help="responder: seconds")
    parser.add_argument("--paced-seconds", type=float, default=5.0, help=argparse.SUPPRESS)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--bazel", default="bazel", help="with startup options, if any")
    parser.add_argument("--binaries", type=pathlib.Path,
                        help="a folder with all programs: nothing is built or installed")
    parser.add_argument("--flip", action="store_true",
                        help="expect the contrary of what is true, which must fail")
    parser.add_argument("--no-budgets", action="store_true",
                        help="do not judge speed (tests)")
    return parser.parse_args(argv)


def build(options):
    """Sets `tools` and each program to what was built."""
    if options.binaries is None:
        flags = ["-c", "opt", "--config=opt"]
        bazel = options.bazel.split()
        # Its progress is for people: standard output is for the result.
        done = subprocess.run([*bazel, "build", *flags, *TARGETS], cwd=ROOT,
                              stdout=sys.stderr, check=False)
        if done.returncode != 0:
            raise Failed("the build failed")
        where = subprocess.run([*bazel, "info", *flags, "bazel-bin"], cwd=ROOT,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               text=True, check=True)
        built = pathlib.Path(where.stdout.strip())
        options.tools = built / "tests/bench"
        options.responder = built / "responder/chancery-responder"
        options.refresher = built / "refresher/chancery-refresher"
        options.signer = built / "signer/chancery-signer"
        options.authority = built / "authority/chancery-authority"
        options.chancery = built / "tools/chancery/chancery"
    else:
        options.tools = options.binaries
        options.responder = options.binaries / "chancery-responder"
        options.refresher = options.binaries / "chancery-refresher"
        options.signer = options.binaries / "chancery-signer"
        options.authority = options.binaries / "chancery-authority"
        options.chancery = options.binaries / "chancery"


def table(rows):
    """Lines of text, and the gates that were missed."""
    lines = [f"{'':32} {'median':>10} {'min':>10} {'max':>10}   budget"]
    missed = []
    for label, value, low, high, budget, gate, better in rows:
        held = budget is None or (value >= budget if better == ">=" else value <= budget)
        verdict = ("" if budget is None else "ok" if held
                   else "MISSED" if gate else "below the aim")
        aim = "" if budget is None else f"{better} {budget:g}" + ("" if gate else " (aim)")
        lines.append(f"{label:32} {value:10,.3f} {low:10,.3f} {high:10,.3f}   "
                     f"{aim:14} {verdict}")
        if gate and not held:
            missed.append(f"{label} is {value:,.3f}, the budget is {better} {budget:g}")
    return lines, missed


def end(number, _):
    """Leaves by the same way as an exception, so that everything is cleared away."""
    raise SystemExit(128 + number)


def main(argv):
    options = arguments(argv)
    signal.signal(signal.SIGTERM, end)
    bench = importlib.import_module(f"{options.bench}_bench")
    # Short, for sockets' paths.
    folder = pathlib.Path(tempfile.mkdtemp(prefix="chancery-bench-", dir="/tmp"))
    try:
        build(options)
        options.dir.mkdir(parents=True, exist_ok=True)
        result = bench.measure(options, folder)
    except Failed as failure:
        print(f"tools/bench {options.bench}: {failure}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    lines, missed = table(bench.rows(result))
    if options.json:
        print(json.dumps(result, indent=1))
    else:
        print("\n".join([*lines, *bench.notes(result)]))
    if options.svg:
        docs = ROOT / "docs/bench"
        docs.mkdir(exist_ok=True)
        (docs / f"{options.bench}.json").write_text(json.dumps(result, indent=1) + "\n")
        (docs / f"{options.bench}.svg").write_text(draw(options.bench, bench.rows(result)))
    if options.no_budgets:
        return 0
    for line in missed:
        print(f"tools/bench {options.bench}: budget missed: {line}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
