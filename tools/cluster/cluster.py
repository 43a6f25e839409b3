"""A Chancery cluster on this machine: its processes started, watched, killed.

Used by tools/quickstart and by tests/. `chancery init` makes the folder and
writes cluster.json, which names each process:

    {"processes": [{"name": "signer", "binary": "chancery-signer",
                    "config": "config/signer.textproto",
                    "ready_url": "http://127.0.0.1:1234/readyz"}, ...],
     "responders": [{"name": "responder-1", "url": "http://127.0.0.1:2345"}]}
"""

import json
import os
import pathlib
import signal
import subprocess
import time
import urllib.error
import urllib.request


class Failed(Exception):
    """A step of the cluster did not work; the text says what and why."""


def wait_until(what, check, seconds=30.0):
    """Polls `check` until it returns something true, which is returned."""
    deadline = time.monotonic() + seconds
    while True:
        got = check()
        if got:
            return got
        if time.monotonic() > deadline:
            raise Failed(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.02)


def http_ok(url):
    """Whether a GET of `url` answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


class Cluster:
    """The processes of one folder. Use as a context manager."""

    def __init__(self, folder, binaries, environment=None):
        self.folder = pathlib.Path(folder)
        self.binaries = pathlib.Path(binaries)
        self.environment = {**os.environ, **(environment or {})}
        self.running = {}
        # What a process is run by, such as ["ip", "netns", "exec", "one"].
        self.prefixes = {}
        self.description = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def initialised(self):
        return (self.folder / "cluster.json").exists()

    def command(self, *arguments):
        return [str(self.binaries / "chancery"), *map(str, arguments)]

    def run(self, *arguments, check=True):
        """Runs the CLI against this folder and returns the finished process."""
        done = subprocess.run(
            self.command("--dir", self.folder, *arguments), text=True,
            capture_output=True, env=self.environment, check=False, timeout=120)
        if check and done.returncode != 0:
            raise Failed(f"chancery {' '.join(map(str, arguments))}: exit code "
                         f"{done.returncode}\n{done.stderr}{done.stdout}")
        return done

    def init(self, *arguments):
        self.run("init", *arguments)

    def load(self):
        self.description = json.loads((self.folder / "cluster.json").read_text())
        return self.description

    def processes(self):
        return self.load()["processes"]

    def process(self, name):
        return next(p for p in self.processes() if p["name"] == name)

    def responders(self):
        return self.load()["responders"]

    def url_of(self, responder):
        return next(r["url"] for r in self.responders() if r["name"] == responder)

    def start(self, name=None):
        """Starts one process, or all that are not running, and waits for them."""
        wanted = [p for p in self.processes() if name in (None, p["name"])
                  and not self.alive(p["name"])]
        (self.folder / "log").mkdir(exist_ok=True)
        for process in wanted:
            self.spawn(process)
        for process in wanted:
            self.wait_ready(process)

    def spawn(self, process):
        log = open(self.folder / "log" / (process["name"] + ".log"), "ab")
        with log:
            self.running[process["name"]] = subprocess.Popen(
                self.prefixes.get(process["name"], [])
                + [str(self.binaries / process["binary"]),
                 "--config=" + str(self.folder / process["config"])],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self.environment, start_new_session=True)

    def wait_ready(self, process, seconds=60):
        """Until /readyz says yes; a process that ended is an error at once."""
        def ready():
            code = self.running[process["name"]].poll()
            if code is not None:
                raise Failed(f"{process['name']} ended with code {code}:\n"
                             + self.log_tail(process["name"]))
            return http_ok(process["ready_url"])
        try:
            wait_until(f"{process['name']} ready", ready, seconds)
        except Failed as failure:
            raise Failed(f"{failure}\n{self.log_tail(process['name'])}") from None

    def log_tail(self, name, lines=15):
        path = self.folder / "log" / (name + ".log")
        if not path.exists():
            return "(no log)"
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])

    def alive(self, name):
        return name in self.running and self.running[name].poll() is None

    def kill(self, name, how=signal.SIGKILL):
        """Sends a signal and waits for the end; returns the exit code."""
        process = self.running.pop(name)
        process.send_signal(how)
        return process.wait(timeout=30)

    def stop(self):
        """SIGTERM to all, in the reverse order of their start."""
        codes = {}
        for name in reversed(list(self.running)):
            if self.alive(name):
                try:
                    codes[name] = self.kill(name, signal.SIGTERM)
                except subprocess.TimeoutExpired:
                    codes[name] = self.kill_group(name)
        self.running.clear()
        return codes

    def kill_group(self, name):
        process = self.running.get(name)
        if process is None:
            return -signal.SIGKILL
        os.killpg(process.pid, signal.SIGKILL)
        return process.wait()
