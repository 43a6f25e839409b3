"""A cluster, and a root signer on a machine that has no network device at all.

Files go between them. What comes of it is judged by OpenSSL and curl, at the
responders; what may not be, by what it leaves behind: nothing.
"""

import hashlib
import json
import os
import pathlib
import pty
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, "tests/airgap")

import configs
import junit
import key_set
from cluster import wait_until
from gap_case import OFFLINE, GapCase
from root_signer import CHANNEL


def content_hash(path):
    """The file's name, found as FORMAT.md says."""
    data, at = pathlib.Path(path).read_bytes(), 5
    while at < len(data):
        size = int.from_bytes(data[at:at + 4], "big")
        if data[at + 4:at + 6] == b"\xa2\x01":
            return hashlib.sha256(data[:at]).digest()
        at += 4 + size
    raise AssertionError("no trailer")


def clock(offset):
    """What runs a command whose clock is wrong by so much."""
    library = next(pathlib.Path("/usr/lib").rglob("libfaketimeMT.so.1"))
    return ["env", f"LD_PRELOAD={library}", f"FAKETIME={offset}",
            "FAKETIME_DONT_FAKE_MONOTONIC=1",
            # AddressSanitizer wants to be the first library, and need not be.
            "ASAN_OPTIONS=" + os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"]


class AirGap(GapCase):
    def refused(self, why, request, *more, prefix=()):
        """The request is refused with the reason, and changes nothing."""
        before = self.offline_state()
        done = self.root.sign(request, self.stick / "refused", *more, prefix=prefix)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(why, done.stderr)
        self.assertEqual(self.offline_state(), before)
        self.assertFalse((self.stick / "refused").exists())

    def offline_state(self):
        """All that the offline signer remembers: its files, and its ledger."""
        folder = self.root.path("ledger/airgap")
        files = ({p.name: p.read_bytes() for p in folder.glob("*") if p.name != "lock"}
                 if folder.exists() else {})
        crls = self.root.path("ledger/crls")
        files.update({p.name: p.read_bytes() for p in crls.glob("*")} if crls.exists() else {})
        return files

    # --- what works ----------------------------------------------------------

    def test_1_the_offline_half_has_no_network(self):
        devices = subprocess.run([*OFFLINE, "cat", "/proc/net/dev"], text=True,
                                 capture_output=True, check=True).stdout.splitlines()[2:]
        self.assertEqual([line.split(":")[0].strip() for line in devices], ["lo"])
        routes = subprocess.run([*OFFLINE, "cat", "/proc/net/route"], text=True,
                                capture_output=True, check=True).stdout.splitlines()[1:]
        self.assertEqual(routes, [])
        url = self.urls[0]
        self.assertEqual(self.shell("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}",
                                    url + "/crl/issuing.crl"), "200")
        done = subprocess.run([*OFFLINE, "curl", "-sS", url], capture_output=True, check=False)
        self.assertNotEqual(done.returncode, 0)

    def test_2_a_certificate_its_ocsp_and_its_crl_cross_the_gap(self):
        certificate = self.device("first")
        self.shell("openssl", "verify", "-CAfile", self.root.path("root.pem"), certificate)
        self.await_root_status(certificate, "good")
        wait_until("the CRL is served", lambda: "verify OK" in self.root_crl(self.urls[0]), 40)
        # The issuing CA goes on beside it.
        leaf, _ = self.issue("beside")
        self.wait_status(leaf, "good")
        listed = json.loads(self.cluster.run("list", "--json").stdout)
        self.assertIn(self.serial(certificate).lower(),
                      [c["serial"].lower() for c in listed["certificates"]])

    def test_3_a_revocation_crosses_the_gap(self):
        certificate = self.device("stolen")
        self.await_root_status(certificate, "good")
        self.exchange("--revoke", self.serial(certificate), "--issuer", "root", "--reason",
                      "keyCompromise", "--due")
        self.await_root_status(certificate, "revoked")
        self.assertIn("keyCompromise", self.root_status(self.urls[0], certificate))
        serial = self.serial(certificate)
        for url in self.urls:
            wait_until("the CRL names it", lambda at=url: serial in self.root_crl(at), 40)

    def test_4_blocks_and_crls_by_name(self):
        self.device("named")
        result = self.exchange("--crl", "root", "--due", "--due-hours", "2160")
        shown = json.loads(self.root.run("show", result, "--json").stdout)
        kinds = [item["kind"] for item in shown["items"]]
        self.assertEqual(kinds.count("outcome"), 2)
        self.assertGreaterEqual(kinds.count("block"), 1)
        self.assertEqual(kinds.count("CRL"), 1)
        block = next(item["block"] for item in shown["items"] if item["kind"] == "block")
        again = self.exchange("--block", block)
        self.assertIn(block, self.root.run("show", again).stdout)

    def test_5_files_are_readable(self):
        request = self.export("--csr", self.request("shown"), "--issuer", "root", "--profile",
                              "device", "--request-id", "shown-1")
        text = self.root.run("show", request).stdout
        for part in ("request", CHANNEL, "shown-1", "CN=shown", "DNS:shown", "EC P-256",
                     "nobody has signed it", content_hash(request).hex()):
            self.assertIn(part, text)
        self.root.approve(request, 1, 2)
        shown = json.loads(self.root.run("show", request, "--json").stdout)
        self.assertEqual(shown["sha256"], content_hash(request).hex())
        self.assertEqual(shown["items"][0]["subject"], "CN=shown")
        self.assertEqual(len(shown["signatures"]), 2)
        # The terminal shows the same before anything is signed.
        done = self.root.sign(request, self.stick / "result")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("shown-1", done.stdout)
        self.bring(self.stick / "result")

    def test_6_signatures_are_openssls(self):
        request = self.export("--crl", "root")
        self.root.approve(request, 3, 1)
        result = self.sign(request)
        shown = json.loads(self.root.run("show", request, "--json").stdout)
        ids = [hashlib.sha256(key_set.spki(self.root.path(f"operator-{n}.key"))).hexdigest()
               for n in (3, 1)]
        self.assertEqual([s["key_id"] for s in shown["signatures"]], ids)
        for path, kind, key in ((request, b"request", "operator-1.key"),
                                (result, b"result", "manifest.key")):
            message = self.work / "message"
            message.write_bytes(b"chancery/airgap-" + kind + b"/v1\0" + content_hash(path))
            # The last record: tag and size of Record and Signature, key id, signature.
            data = path.read_bytes()
            public = self.work / "public.pem"
            key_set.openssl("pkey", "-in", self.root.path(key), "-pubout", "-out", public)
            key_id = hashlib.sha256(key_set.spki(self.root.path(key))).digest()
            at = data.rindex(key_id) + 32
            signature = data[at + 2:at + 2 + data[at + 1]]
            (self.work / "signature").write_bytes(signature)
            self.assertIn("Verified OK", self.shell(
                "openssl", "dgst", "-sha256", "-verify", public, "-signature",
                self.work / "signature", message))
        self.bring(result)

    # --- what must not ---------------------------------------------------------

    def test_7_replays_and_strangers(self):
        request = self.export("--crl", "root")
        self.refused("0 of the operators", request)
        self.root.approve(request, 2)
        self.refused("1 of the operators", request)
        done = self.root.run("approve", request, "--key", self.root.path("operator-2.key"))
        self.assertIn("has signed it already", done.stderr)
        # An operator that nobody pins.
        self.root._key("stranger.key")
        self.root.run("approve", request, "--key", self.root.path("stranger.key"))
        self.refused("1 of the operators", request)
        self.root.approve(request, 3)
        first = self.sign(request).read_bytes()

        # The same request gets the same bytes, however often.
        kept = self.stick / "kept"
        kept.write_bytes(request.read_bytes())
        self.assertEqual(self.sign(kept).read_bytes(), first)
        self.bring(self.stick / "result")
        self.assertIn("imported before", self.bring(self.stick / "result"))

        # Another request of that number, made by whoever has the online half.
        state = self.folder / "airgap" / "state"
        honest = state.read_bytes()
        text = honest.decode()
        last = text.rindex("exchange {")
        state.write_text(text[:last] + text[text.index("}", last) + 2:])
        usurper = self.export("--csr", self.request("usurper"), "--issuer", "root",
                              "--profile", "device")
        self.root.approve(usurper, 1, 2)
        self.refused("another one of this number was signed", usurper)
        # And a history that is not the signer's.
        state.write_bytes(honest)
        text = honest.decode()
        hash_at = text.rindex('request_sha256: "') + 17
        state.write_text(text[:hash_at] + "00" * 32 + text[hash_at + 64:])
        liar = self.export("--crl", "root")
        self.root.approve(liar, 1, 2)
        self.refused("follows one with SHA-256", liar)
        state.write_bytes(honest)

        # Results, the other way.
        other = self.export("--crl", "root")
        self.assertIn("imported before", self.bring(self.stick / "result"))
        self.assertIn("is a request", self.bring(other, expect=1))
        self.root.approve(other, 1, 2)
        self.bring(self.sign(other))

    def test_8_tampering(self):
        request = self.export("--csr", self.request("tampered"), "--issuer", "root",
                              "--profile", "device")
        self.root.approve(request, 1, 2)
        whole = request.read_bytes()
        for at in (7, len(whole) // 3, len(whole) - 90):
            request.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1:])
            before = self.offline_state()
            self.assertEqual(self.root.sign(request, self.stick / "refused").returncode, 1)
            self.assertEqual(self.offline_state(), before)
        request.write_bytes(whole[:-100])
        self.refused("cut off", request)
        request.write_bytes(whole)
        result = self.sign(request)
        whole = result.read_bytes()
        for at in (len(whole) // 2, len(whole) - 20):
            result.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1:])
            self.bring(result, expect=1)
        result.write_bytes(whole[:len(whole) // 2])
        self.assertIn("cut off", self.bring(result, expect=1))
        result.write_bytes(whole)
        self.bring(result)

    def test_9_the_clock(self):
        request = self.export("--crl", "root")
        self.root.approve(request, 1, 2)
        self.refused("more than a day after the request's head", request,
                     prefix=clock("+49h"))
        self.refused("before the ledger's last entry", request,
                     prefix=clock("-2h"))
        self.refused("before the ledger's last entry", request, "--confirm-clock",
                     prefix=clock("-2h"))
        self.bring(self.sign(request))

    def test_a_killed_while_it_signs(self):
        request = self.export("--csr", self.request("killed"), "--issuer", "root", "--profile",
                              "device", "--request-id", "killed", "--due", "--due-hours", "2160")
        self.root.approve(request, 1, 2)
        dice = random.Random(5)
        result = self.stick / "result"
        result.unlink(missing_ok=True)
        for _ in range(12):
            child = subprocess.Popen(
                [*OFFLINE, self.bin / "chancery", "airgap",
                 *map(str, self.root.sign_arguments(request, result))],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
            time.sleep(dice.uniform(0.0, 0.4))
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        self.bring(self.sign(request), "--certificates", self.work / "issued")
        self.await_root_status(self.work / "issued" / "killed.pem", "good")
        listed = json.loads(self.cluster.run("list", "--json", "--text", "killed").stdout)
        self.assertEqual(len(listed["certificates"]), 1)

    def test_b_killed_while_it_imports(self):
        request = self.export("--csr", self.request("cut"), "--issuer", "root", "--profile",
                              "device", "--request-id", "cut", "--due")
        self.root.approve(request, 1, 2)
        result = self.sign(request)
        dice = random.Random(6)
        for _ in range(12):
            child = subprocess.Popen(self.cluster.command(
                "--dir", self.folder, "airgap", "import", result, "--channel", CHANNEL),
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(dice.uniform(0.0, 0.3))
            child.kill()
            child.wait()
        self.bring(result, "--certificates", self.work / "issued")
        self.await_root_status(self.work / "issued" / "cut.pem", "good")

    def test_c_a_failed_import_leaves_no_folder(self):
        garbage = self.work / "garbage"
        garbage.write_text("no result\n")
        folder = self.work / "never"
        for result in (garbage, self.work / "missing"):
            self.bring(result, "--certificates", folder, expect=1)
            self.assertFalse(folder.exists())

    def test_c_who_is_not_an_offline_signer(self):
        done = self.root.run("sign", "--config", self.folder / "config" / "signer.textproto",
                             "--request", self.stick / "request", "--out", self.stick / "no",
                             "--yes")
        self.assertEqual(done.returncode, 1)
        self.assertIn("air_gap: not set", done.stderr)
        done = subprocess.run([self.bin / "chancery-signer",
                               f"--config={self.root.path('signer.textproto')}"],
                              text=True, capture_output=True, check=False, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("chancery airgap sign", done.stderr)

    def test_d_nobody_is_asked_without_a_terminal(self):
        request = self.export("--crl", "root")
        self.root.approve(request, 1, 2)
        before = self.offline_state()
        arguments = [a for a in self.root.sign_arguments(request, self.stick / "no")
                     if a != "--yes"]
        done = self.root.run(*arguments, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 1)
        self.assertIn("there is no terminal", done.stderr)
        self.assertEqual(self.offline_state(), before)
        # Whoever sits there is shown the items, and may say no.
        for answer, code in (("no", 1), ("sign", 0)):
            ours, theirs = pty.openpty()
            os.write(ours, answer.encode() + b"\n")
            done = self.root.run(*arguments, stdin=theirs)
            os.close(theirs)
            os.close(ours)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn("sign CRL", done.stdout)
            self.assertIn("Type `sign`", done.stdout)
        self.assertTrue((self.stick / "no").exists())
        self.bring(self.stick / "no")

    def test_e_the_running_signers_heads_name_the_roots_blocks(self):
        head = self.work / "root.head"
        configs.edit(self.cluster, "signer",
                     lambda text: text + f'offline_head_file: "{head}"\n')
        self.cluster.kill("signer", signal.SIGTERM)
        self.cluster.start("signer")
        request = self.export("--csr", self.request("fresh"), "--issuer", "root", "--profile",
                              "device", "--request-id", "fresh", "--due")
        self.root.approve(request, 1, 2)
        result = self.sign(request)
        self.bring(result, "--head", head, "--certificates", self.work / "issued")
        shown = json.loads(self.root.run("show", result, "--json").stdout)
        blocks = {item["block"]: int(item["version"]) for item in shown["items"]
                  if item["kind"] == "block"}
        self.assertTrue(blocks)

        def named():
            """Block -> version in the newest head's index, as FORMAT.md has it."""
            with sqlite3.connect(self.folder / "inventory.sqlite") as database:
                (index,), = database.execute(
                    "select block_index from heads where signer = ?",
                    ("spiffe://chancery/signer/signer",))
            rows = [index[at:at + 24] for at in range(8, len(index), 24)]
            return {row[:16].hex(): int.from_bytes(row[16:], "big") for row in rows}
        # A revocation makes a head at once.
        leaf, _ = self.issue("head")
        self.cluster.run("revoke", self.serial(leaf), "--reason", "superseded")
        wait_until("the head names them", lambda: all(
            named().get(block) == version for block, version in blocks.items()), 90)
        # A responder that begins with nothing is ready once it has them.
        self.cluster.kill("responder-2")
        shutil.rmtree(self.folder / "cache" / "responder-2")
        self.cluster.start("responder-2")
        self.assertIn(": good", self.root_status(self.cluster.url_of("responder-2"),
                                                 self.work / "issued" / "fresh.pem"))
        audit = self.cluster.run("audit", "--json", check=False)
        self.assertNotIn("head-index-differs", audit.stdout)


if __name__ == "__main__":
    os.environ["no_proxy"] = "*"
    junit.main()
