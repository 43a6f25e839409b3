"""Responders behind one host name, each on a network of its own that can be cut.

The test moves into a network and a mount namespace of its own, in which it
unplugs responders from a bridge and says what the name means: it needs root, and
leaves nothing behind, however it ends.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import agreement
import configs
import junit
from cluster import wait_until
from harness import ClusterCase
from load import Load

HOST = "responders.chancery.test"
PORT = 9443
INSIDE = "CHANCERY_TEST_NAMESPACE"


def move_into_a_namespace():
    """Starts this test again where its networks are nobody else's."""
    if os.environ.get(INSIDE):
        return
    if os.getuid() != 0:
        sys.exit("network_test: needs root: it makes network namespaces")
    if shutil.which("ip") is None:
        sys.exit("network_test: `ip` is not installed: run tools/setup")
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", "--net", "--mount", "--propagation", "private",
                          sys.executable, *sys.argv])


def ip(*arguments):
    subprocess.run(["ip", *map(str, arguments)], check=True, timeout=30)


class Network:
    """A switch with a plug for each responder, and what names mean on it."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        pathlib.Path("/run/netns").mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "none", "/run/netns"], check=True)
        ip("link", "add", "switch", "type", "bridge")
        ip("addr", "add", "10.77.0.1/24", "dev", "switch")
        ip("link", "set", "switch", "up")
        self.hosts = self.folder / "hosts"
        self.name_is([])
        switch = self.folder / "nsswitch.conf"
        switch.write_text("hosts: files\n")
        for path, target in ((self.hosts, "/etc/hosts"), (switch, "/etc/nsswitch.conf")):
            pathlib.Path(target).touch()
            subprocess.run(["mount", "--bind", str(path), target], check=True)

    @staticmethod
    def address(number):
        return f"10.77.0.{10 + number}"

    def add(self, number):
        """Returns what runs a program behind the new plug."""
        name, plug = f"responder-{number}", f"plug-{number}"
        ip("netns", "add", name)
        ip("link", "add", plug, "type", "veth", "peer", "name", "eth0", "netns", name)
        ip("-n", name, "addr", "add", f"{self.address(number)}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            ip("-n", name, "link", "set", device, "up")
        ip("link", "set", plug, "up")
        self.plug(number)
        return ["ip", "netns", "exec", name]

    @staticmethod
    def plug(number):
        ip("link", "set", f"plug-{number}", "master", "switch")

    @staticmethod
    def unplug(number):
        """What is sent goes nowhere, and nobody is told."""
        ip("link", "set", f"plug-{number}", "nomaster")

    def name_is(self, numbers):
        """In place, since the file is mounted."""
        lines = ["127.0.0.1 localhost"]
        lines += [f"{self.address(number)} {HOST}" for number in numbers]
        self.hosts.write_text("\n".join(lines) + "\n")


class Responders(ClusterCase):
    init_options = ("--block-capacity", "16")

    @classmethod
    def setUpClass(cls):
        cls.network = None
        super().setUpClass()  # As `init` makes it; then as it is to be.
        try:
            cls.cluster.stop()
            cls.network = Network(cls.work)
            for number in (1, 2, 3):
                cls._move(number)
            target = (
                'responder {\n  name: "edge"\n  resolve_seconds: 1\n  forget_seconds: 2\n'
                f'  target {{\n    address: "{HOST}:{PORT}"\n'
                f'    expected_uri: "spiffe://chancery/responder/responder-1"\n  }}\n}}\n')
            configs.edit(cls.cluster, "refresher", lambda text: cls._without_responders(text)
                         + target + "converge_interval_ms: 1000\n")
            cls.network.name_is([1, 2, 3])
            cls.cluster.start()
            cls._await_caught_up(1, 2, 3)
        except Exception:
            cls.tearDownClass()
            raise

    @staticmethod
    def _without_responders(text):
        kept, inside = [], False
        for line in text.splitlines(keepends=True):
            inside = inside or line.startswith("responder {")
            if not inside:
                kept.append(line)
            inside = inside and line.rstrip() != "}"
        return "".join(kept)

    @classmethod
    def _move(cls, number):
        """Puts a responder behind its plug, with the identity that all share."""
        name = f"responder-{number}"
        cls.cluster.prefixes[name] = cls.network.add(number)
        path = cls.folder / "config" / f"{name}.textproto"
        text = path.read_text().replace(f"identity/{name}.", "identity/responder-1.")
        moved = {}
        for line in text.splitlines():
            if "127.0.0.1:" in line:
                old = line.split('"')[1]
                in_listen = line.startswith("  ") and "listen {" in text.split(line)[0][-12:]
                port = PORT if in_listen else int(old.rsplit(":", 1)[1])
                moved[old] = f"{cls.network.address(number)}:{port}"
        for other in [path, cls.folder / "config" / "cli.textproto",
                      cls.folder / "config" / "signer.textproto",
                      cls.folder / "cluster.json"]:
            content = text if other == path else other.read_text()
            for old, new in moved.items():
                content = content.replace(f'{old}"', f'{new}"').replace(f"{old}/", f"{new}/")
            other.write_text(content)

    # --- what the refresher sees ---------------------------------------------

    @classmethod
    def _seen(cls):
        """Name -> state of each responder, as `chancery cluster` shows it."""
        done = cls.cluster.run("cluster", "--json", check=False)
        return {r["name"]: r for r in json.loads(done.stdout)["responders"]}

    @classmethod
    def _name(cls, number):
        return f"edge/{cls.network.address(number)}"

    @classmethod
    def _shown(cls, what, number):
        key = f'chancery_refresher_responder_{what}{{responder="{cls._name(number)}"}}'
        return configs.metrics(cls.cluster, "refresher").get(key)

    @classmethod
    def _await_caught_up(cls, *numbers):
        wait_until(f"responders {numbers} have everything", lambda: all(
            cls._shown("caught_up", number) == 1 and cls._shown("ready", number) == 1
            for number in numbers), 60)

    def _status_at(self, number, certificate):
        text = self.openssl_ocsp(self.cluster.url_of(f"responder-{number}"), certificate,
                                 "-no_nonce", "-timeout", "5")
        for status in ("good", "revoked"):
            if f"{certificate}: {status}" in text:
                return status
        return text

    def _revoke(self, certificate):
        """Returns how many responders had it, and the seconds it took."""
        begun = time.monotonic()
        done = self.cluster.run("revoke", "--cert", certificate, "--reason", "superseded",
                                "--json")
        return json.loads(done.stdout)["responders_acknowledged"], time.monotonic() - begun

    def _others_are_not_held_up(self, away, certificates):
        """Revokes while responder `away` is silent; what is acknowledged is true."""
        # The first may wait for it: a second, then it counts as late.
        self._revoke(certificates[0])
        for certificate in certificates[1:]:
            acknowledged, seconds = self._revoke(certificate)
            self.assertEqual(acknowledged, 2)
            # Whoever waited for it would wait until its call ends, 10 s.
            self.assertLess(seconds, 5)
            for number in {1, 2, 3} - {away}:
                self.assertEqual(self._status_at(number, certificate), "revoked")

    def setUp(self):
        self.network.name_is([1, 2, 3])
        self._await_caught_up(1, 2, 3)

    # --- the tests -----------------------------------------------------------

    def test_a_cut_network_holds_up_nobody_and_is_made_good(self):
        certificates = [self.issue(f"cut-{n}.example.com")[0] for n in range(4)]
        self._await_caught_up(1, 2, 3)
        self.network.unplug(1)
        try:
            self._others_are_not_held_up(1, certificates)
            # Its connection is half open: nothing says so but silence.
            wait_until("it is seen to be away", lambda: not self._seen()[
                self._name(1)]["reachable"], 40)
            pushed, _ = self._revoke(self.issue("cut-more.example.com")[0])
            self.assertEqual(pushed, 2)
        finally:
            self.network.plug(1)
        self._await_caught_up(1, 2, 3)
        for certificate in certificates:
            self.assertEqual(self._status_at(1, certificate), "revoked")

    def test_a_stopped_responder_holds_up_nobody(self):
        certificates = [self.issue(f"stopped-{n}.example.com")[0] for n in range(4)]
        self._await_caught_up(1, 2, 3)
        process = self.cluster.running["responder-2"]
        process.send_signal(signal.SIGSTOP)
        try:
            self._others_are_not_held_up(2, certificates)
        finally:
            process.send_signal(signal.SIGCONT)
        self._await_caught_up(1, 2, 3)
        for certificate in certificates:
            self.assertEqual(self._status_at(2, certificate), "revoked")

    def test_one_that_was_away_is_sent_just_what_it_lacks(self):
        load = Load(self, "away")
        try:
            load.await_more(issued=40, revoked=0)
        finally:
            load.stop()
        self._await_caught_up(1, 2, 3)
        self.cluster.kill("responder-3")
        # A hundred versions of a few blocks, as in an hour.
        chosen = sorted(set(load.issued) - load.revoked)[:10]
        for serial in chosen:
            self.cluster.run("revoke", serial, "--reason", "superseded")
        lacked = self._repaired_by_start(3)
        # One that has nothing is sent everything.
        self.cluster.kill("responder-3")
        shutil.rmtree(self.folder / "cache" / "responder-3")
        everything = self._repaired_by_start(3)
        print(f"away: {lacked} of {everything} (updates, bytes)", flush=True)
        self.assertGreater(lacked[0], 0)
        # Its deltas, and not the blocks that they change.
        self.assertLessEqual(lacked[0], len(chosen))
        self.assertLess(lacked[1], everything[1] / 2)
        agreement.prove(self, load.issued, load.revoked | set(chosen))

    def test_what_the_name_means_is_followed(self):
        self.network.name_is([1, 2])
        wait_until("the third is dropped", lambda: self._name(3) not in self._seen(), 30)
        wait_until("nor is it shown", lambda: self._shown("reachable", 3) is None, 30)
        certificate, answer = self.issue("name.example.com")
        self.assertEqual(answer["responders_acknowledged"], 2)
        # A name that says nothing drops nobody.
        self.network.name_is([])
        refusals = self._refusals()
        wait_until("the resolver has failed", lambda: self._refusals() > refusals, 90)
        self.assertEqual(set(self._seen()), {self._name(1), self._name(2)})
        self.network.name_is([2, 3])
        self._await_caught_up(2, 3)
        self.assertEqual(self._status_at(3, certificate), "good")
        wait_until("the first is dropped", lambda: self._name(1) not in self._seen(), 30)
        acknowledged, _ = self._revoke(certificate)
        self.assertEqual(acknowledged, 2)

    def test_once_fills_whatever_the_name_means(self):
        certificate, _ = self.issue("once.example.com")
        self.cluster.kill("refresher", signal.SIGTERM)
        shutil.rmtree(self.folder / "cache" / "responder-2")
        self.cluster.kill("responder-2")
        self.cluster.spawn(self.cluster.process("responder-2"))
        try:
            wait_until("it listens", lambda: self.shell(
                self.bin / "chancery-refresher", "--once",
                f"--config={self.folder / 'config' / 'refresher.textproto'}",
                expect=None) is not None and self._status_at(2, certificate) == "good", 60)
        finally:
            self.cluster.start("refresher")
            self.cluster.wait_ready(self.cluster.process("responder-2"))

    def _repaired_by_start(self, number):
        """Starts a responder; how many updates, and bytes, made it ready."""
        def repaired():
            return [self._shown(f"{what}_repaired", number) for what in ("updates", "bytes")]
        before = repaired()
        self.cluster.start(f"responder-{number}")  # Ready: it has everything.
        # What is shown is up to a second old.
        wait_until("it is shown", lambda: repaired()[0] > before[0], 30)
        return [after - at for after, at in zip(repaired(), before)]

    def _refusals(self):
        log = (self.folder / "log" / "refresher.log").read_text()
        return log.count("loop=discovery")


if __name__ == "__main__":
    move_into_a_namespace()
    os.environ["no_proxy"] = "*"
    ip("link", "set", "lo", "up")
    junit.main()
