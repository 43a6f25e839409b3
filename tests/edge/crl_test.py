"""A CRL of 100 MB through a responder: pushed as a refresher pushes it, fetched
by curl and by clients that are slow, verified by OpenSSL."""

import hashlib
import random
import select
import signal
import socket
import subprocess
import threading
import time
import urllib.parse

import junit
from cluster import http_ok, wait_until
from harness import ClusterCase, resident_bytes

LARGE = 100_000_000
SLOW_CLIENTS = 20
# What the process may grow by while it takes in the CRL, and while it serves it.
GROWTH = 20 << 20
RESPONDER = "responder-1"


def tlv(tag, content):
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def elements(der):
    """The elements of a SEQUENCE, each with its header."""
    def header(at):
        size, begin = der[at + 1], at + 2
        if size >= 0x80:
            begin += size & 0x7F
            size = int.from_bytes(der[at + 2:begin], "big")
        return begin, begin + size
    at, end = header(0)
    found = []
    while at < end:
        _, after = header(at)
        found.append(der[at:after])
        at = after
    return found


def utc_time(seconds):
    return tlv(0x17, time.strftime("%y%m%d%H%M%SZ", time.gmtime(seconds)).encode())


class CrlMaker:
    """CRLs of a CA whose key OpenSSL signs with: nothing of ours is in them."""

    ECDSA_WITH_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
    CRL_NUMBER = bytes.fromhex("0603551d14")

    def __init__(self, folder, certificate, key):
        self.folder = folder
        self.key = key
        self.etags = {}  # By path: of the signature.
        der = subprocess.run(["openssl", "x509", "-in", certificate, "-outform", "DER"],
                             check=True, capture_output=True).stdout
        self.subject = elements(elements(der)[0])[5]
        at = utc_time(time.time() - 3600)
        serials = random.Random(5280)
        entry = len(tlv(0x30, tlv(0x02, bytes(16)) + at))
        head = bytes.fromhex("3021021001")
        self.entries = tlv(0x30, b"".join(
            head + serials.randbytes(15) + at for _ in range(LARGE // entry + 1)))

    def make(self, number):
        """The path of a CRL in DER with this number."""
        now = time.time()
        octets = number.to_bytes(8, "big").lstrip(b"\0")
        extension = tlv(0x30, self.CRL_NUMBER + tlv(0x04, tlv(0x02, octets)))
        tbs = tlv(0x30, b"".join([
            tlv(0x02, b"\x01"), self.ECDSA_WITH_SHA256, self.subject,
            utc_time(now - 60), utc_time(now + 7 * 86400), self.entries,
            tlv(0xA0, tlv(0x30, extension))]))
        signed = self.folder / "tbs"
        signed.write_bytes(tbs)
        signature = subprocess.run(
            ["openssl", "dgst", "-sha256", "-sign", self.key, signed],
            check=True, capture_output=True).stdout
        signed.unlink()
        path = self.folder / f"{number}.crl"
        self.etags[path] = f'"{hashlib.sha256(signature).hexdigest()}"'
        path.write_bytes(tlv(0x30, tbs + self.ECDSA_WITH_SHA256
                             + tlv(0x03, b"\0" + signature)))
        return path


class Memory:
    """The most memory that a process had while this was open."""

    def __init__(self, pid):
        self.pid = pid
        self.before = self.most = resident_bytes(pid)
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def watch(self):
        while not self.ended.wait(0.01):
            self.most = max(self.most, resident_bytes(self.pid))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    @property
    def growth(self):
        return self.most - self.before


class SlowClient:
    """Takes a few kilobytes whenever it is asked to."""

    def __init__(self, address):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        self.socket.connect(address)
        self.socket.sendall(b"GET /crl/issuing.crl HTTP/1.1\r\nHost: x\r\n"
                            b"Connection: close\r\n\r\n")
        self.head, self.received, self.digest = b"", 0, hashlib.sha256()

    def take(self, most):
        """False at the end."""
        data = self.socket.recv(most)
        if not data:
            return False
        if b"\r\n\r\n" not in self.head:
            self.head += data
            if b"\r\n\r\n" not in self.head:
                return True
            self.head, _, data = self.head.partition(b"\r\n\r\n")
            self.head += b"\r\n\r\n"
        self.received += len(data)
        self.digest.update(data)
        return True


class LargeCrlTest(ClusterCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            cls.maker = CrlMaker(cls.work, cls.folder / "ca/issuing.pem",
                                 cls.folder / "ca/issuing.key")
            # Ahead of all that the refresher will have signed meanwhile.
            cls.number = int(time.time() * 1e6) + 10**12
            cls.large = cls.maker.make(cls.number)
            cls.content = cls.large.read_bytes()
            cls.sha256 = hashlib.sha256(cls.content).hexdigest()
            cls.etag = cls.maker.etags[cls.large]
        except Exception:
            cls.tearDownClass()
            raise

    def setUp(self):
        self.process = self.cluster.running[RESPONDER]
        self.base = self.cluster.url_of(RESPONDER)
        self.url = self.base + "/crl/issuing.crl"
        self.cache = self.folder / "cache" / RESPONDER / "crls"
        self.assertEqual(self.push(self.large), str(self.number))

    def push_command(self, crl):
        return [str(self.bin / "push_crl"), str(self.folder / "config/refresher.textproto"),
                RESPONDER, str(self.ca / "issuing.pem"), str(crl)]

    def push(self, crl):
        return self.shell(*self.push_command(crl)).strip()

    def curl(self, *options, url=None):
        """Fetches; returns status, fields and body."""
        head, body = self.work / "head", self.work / "body"
        body.unlink(missing_ok=True)
        self.shell("curl", "-sS", "-m", 50, "-D", head, "-o", body, *options,
                   url or self.url)
        lines = head.read_text().splitlines()
        fields = {name.lower(): value for name, _, value in
                  (line.partition(": ") for line in lines[1:] if line)}
        return (int(lines[0].split()[1]), fields,
                body.read_bytes() if body.exists() else b"")

    def same(self, one, other):
        self.assertTrue(one == other, f"{len(one)} and {len(other)} bytes that differ")

    # --- the whole ------------------------------------------------------------

    def test_openssl_verifies_what_curl_fetched(self):
        status, fields, body = self.curl()
        self.assertEqual(status, 200)
        self.same(body, self.content)
        self.assertEqual(fields["content-type"], "application/pkix-crl")
        self.assertEqual(fields["etag"], self.etag)
        text = self.shell("openssl", "crl", "-inform", "DER", "-in", self.work / "body",
                          "-noout", "-CAfile", self.ca / "bundle.pem", "-verify",
                          "-crlnumber")
        self.assertIn("verify OK", text)
        self.assertIn(f"{self.number:X}", text)

    def test_its_size_is_not_in_memory(self):
        # Something to compare with: another CRL has come and gone.
        newer = self.maker.make(self.number + 1)
        with Memory(self.process.pid) as taking:
            self.assertEqual(self.push(newer), str(self.number + 1))
        type(self).number += 1
        self.adopt(newer)
        self.assertLess(taking.growth, GROWTH)

        at = urllib.parse.urlsplit(self.base)
        with Memory(self.process.pid) as serving:
            clients = [SlowClient((at.hostname, at.port)) for _ in range(SLOW_CLIENTS)]
            begun = time.monotonic()
            while time.monotonic() < begun + 3:
                for client in clients:
                    if select.select([client.socket], [], [], 0)[0]:
                        client.take(16384)
                # Nobody waits for them.
                asked = time.monotonic()
                self.assertTrue(http_ok(self.base + "/healthz"))
                self.assertLess(time.monotonic() - asked, 1)
            for client in clients:
                self.assertGreater(client.received, 0)
                self.assertLess(client.received, LARGE)
            # They get what they asked for in the end, though there is a newer one.
            newer = self.maker.make(self.number + 1)
            self.assertEqual(self.push(newer), str(self.number + 1))
            old = self.sha256
            type(self).number += 1
            self.adopt(newer)
            while clients[0].take(1 << 20):
                pass
            self.assertEqual(clients[0].digest.hexdigest(), old)
        for client in clients:
            client.socket.close()
        self.assertLess(serving.growth, GROWTH)
        print(f"growth: {taking.growth >> 10} KiB taking it in, "
              f"{serving.growth >> 10} KiB serving {SLOW_CLIENTS}")

    def adopt(self, crl):
        cls = type(self)
        cls.large.unlink()
        cls.large = crl
        cls.content = crl.read_bytes()
        cls.sha256 = hashlib.sha256(cls.content).hexdigest()
        cls.etag = cls.maker.etags[crl]

    # --- parts, codings, conditions -------------------------------------------

    def test_curl_fetches_parts(self):
        size = len(self.content)
        for option, begin, end in (("0-99", 0, 99), ("50000000-50000999", 50000000, 50000999),
                                   ("-500", size - 500, size - 1),
                                   (f"{size - 10}-", size - 10, size - 1)):
            status, fields, body = self.curl("-r", option)
            self.assertEqual(status, 206, option)
            self.assertEqual(fields["content-range"], f"bytes {begin}-{end}/{size}")
            self.same(body, self.content[begin:end + 1])
        status, fields, _ = self.curl("-r", f"{size}-")
        self.assertEqual(status, 416)
        self.assertEqual(fields["content-range"], f"bytes */{size}")
        status, _, body = self.curl("-r", "0-1,5-6")
        self.assertEqual(status, 200)
        self.same(body, self.content)

    def test_curl_goes_on_where_it_was_cut_off(self):
        part = self.work / "part"
        part.write_bytes(self.content[:60_000_000])
        self.shell("curl", "-fsS", "-C", "-", "-o", part, self.url)
        self.same(part.read_bytes(), self.content)

    def test_curl_decompresses_it(self):
        # It is served as it came first, and compressed by a thread beside.
        wait_until("it is compressed", lambda: "content-encoding" in
                   self.curl("--compressed")[1], 120)
        status, fields, body = self.curl("--compressed")
        self.assertEqual(status, 200)
        self.same(body, self.content)
        self.assertEqual(fields["content-encoding"], "gzip")
        self.assertEqual(fields["vary"], "Accept-Encoding")
        self.assertLess(int(fields["content-length"]), len(self.content))
        self.assertNotEqual(fields["etag"], self.etag)
        # A part of the compressed file is a part of those bytes.
        _, _, whole = self.curl("-H", "Accept-Encoding: gzip")
        status, _, part = self.curl("-H", "Accept-Encoding: gzip", "-r", "10-19")
        self.assertEqual(status, 206)
        self.same(part, whole[10:20])
        status, fields, body = self.curl("-H", "Accept-Encoding: gzip;q=0")
        self.assertEqual(fields["vary"], "Accept-Encoding")
        self.same(body, self.content)

    def test_conditions_and_head(self):
        status, fields, _ = self.curl("-I")
        self.assertEqual(status, 200)
        self.assertEqual(fields["content-length"], str(len(self.content)))
        self.assertEqual(fields["accept-ranges"], "bytes")
        tag, date = fields["etag"], fields["last-modified"]
        for options, expected in (
                (("-H", f"If-None-Match: {tag}"), 304),
                (("-H", 'If-None-Match: "x"', "-I"), 200),
                (("-H", f"If-Modified-Since: {date}"), 304),
                (("-r", "0-9", "-H", f"If-Range: {tag}"), 206),
                (("-r", "0-9", "-H", f"If-Range: {date}"), 206),
                (("-r", "0-9", "-H", f"If-Range: W/{tag}"), 200),
                (("-r", "0-9", "-H", 'If-Range: "x"'), 200)):
            self.assertEqual(self.curl(*options)[0], expected, options)

    # --- faults ---------------------------------------------------------------

    def test_killed_while_it_takes_one_in_and_damaged_on_disk(self):
        newer = self.maker.make(self.number + 1)
        with subprocess.Popen(self.push_command(newer), stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as pushing:
            wait_until("something is spooled", lambda: list(self.cache.glob("*.spool")))
            self.cluster.kill(RESPONDER)
            pushing.wait()
        newer.unlink()
        self.cluster.start(RESPONDER)
        # What was cut off is gone; what is compressed beside ends by itself.
        wait_until("nothing is spooled",
                   lambda: not list(self.cache.glob("*.spool")), 120)
        status, fields, _ = self.curl("-I")
        self.assertEqual((status, fields["etag"]), (200, self.etag))
        status, fields, _ = self.curl("-I", "--compressed")
        self.assertEqual((status, fields["content-encoding"]), (200, "gzip"))

        self.cluster.kill(RESPONDER, signal.SIGTERM)
        plain = next(self.cache.glob("*.crl"))
        with open(plain, "r+b") as file:
            file.seek(50_000_000)
            octet = file.read(1)
            file.seek(50_000_000)
            file.write(bytes([octet[0] ^ 1]))
        self.cluster.start(RESPONDER)
        # What the refresher has is sent again.
        wait_until("the refresher's CRL", lambda: http_ok(self.url))
        self.assertLess(len(self.curl()[2]), 10_000)
        self.crl(self.base)
        self.shell("openssl", "crl", "-inform", "DER", "-in", self.work / "issuing.crl",
                   "-noout", "-CAfile", self.ca / "bundle.pem", "-verify")


if __name__ == "__main__":
    junit.main()
