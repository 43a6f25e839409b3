"""The processes that a bench runs: a responder with its identity, and peers."""

import base64
import ctypes
import hashlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

RESPONDER_URI = "spiffe://bench/responder/one"
REFRESHER_URI = "spiffe://bench/refresher/one"
SIGNER_URI = "spiffe://bench/signer/one"
IMPORTER_URI = "spiffe://bench/importer/one"
MAX_AGE_SECONDS = 24 * 3600


class Failed(Exception):
    """The bench cannot go on; the text says what and why."""


def run(*command, **options):
    parent = os.getpid()
    done = subprocess.run([str(word) for word in command], text=True,
                          capture_output=True, check=False,
                          preexec_fn=lambda: _prepare(None, parent), **options)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}: exit code "
                     f"{done.returncode}\n{done.stderr}{done.stdout}")
    return done.stdout


def wait_until(what, check, seconds, pause=0.01):
    deadline = time.monotonic() + seconds
    while not (got := check()):
        if time.monotonic() > deadline:
            raise Failed(f"{what}: not within {seconds} s")
        time.sleep(pause)
    return got


def cores():
    """(the server's, everybody else's); the same one if there is only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return {allowed[0]}, set(allowed[1:2] or allowed)


_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _prepare(on, parent):
    """In the child: it is told to end when the bench does, however that ends, and
    runs on these cores, if any, ahead of whatever else wants them, if we may."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)  # It ended before the line above.
    if not on:
        return
    os.sched_setaffinity(0, on)
    os.setsid()  # The scheduler compares sessions where autogroups are on.
    try:
        os.setpriority(os.PRIO_PROCESS, 0, -15)
        with open("/proc/self/autogroup", "w", encoding="ascii") as group:
            group.write("-15")
    except OSError:
        pass


class Process:
    """A child, on given cores if it is measured, with its output in a file."""

    def __init__(self, name, command, folder, on=None, stdin=None, stdout=None):
        self.name = name
        self.log = pathlib.Path(folder) / f"{name}.log"
        parent = os.getpid()
        with open(self.log, "wb") as log:
            self.child = subprocess.Popen(
                [str(word) for word in command], stdin=stdin or subprocess.DEVNULL,
                stdout=stdout or log, stderr=log,
                preexec_fn=lambda: _prepare(on, parent))

    @property
    def pid(self):
        return self.child.pid

    def check_alive(self):
        code = self.child.poll()
        if code is not None:
            raise Failed(f"{self.name} ended with code {code}:\n"
                         + self.log.read_text(errors="replace")[-2000:])

    def rss_bytes(self):
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

    def stop(self, how=signal.SIGTERM):
        if self.child.poll() is None:
            self.child.send_signal(how)
            try:
                self.child.wait(20)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()


def make_tls(folder, more=()):
    """A service CA, and who it names: responder, refresher, signer, importer, and
    `more` URIs."""
    folder = pathlib.Path(folder)
    folder.mkdir(mode=0o700)
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    run("openssl", "req", "-x509", *key, "-keyout", folder / "ca.key", "-out",
        folder / "ca.pem", "-days", "2", "-subj", "/CN=bench")
    for uri in (RESPONDER_URI, REFRESHER_URI, SIGNER_URI, IMPORTER_URI, *more):
        stem = folder / uri.split("/")[3]
        run("openssl", "req", *key, "-keyout", f"{stem}.key", "-out", f"{stem}.csr",
            "-subj", "/CN=bench", "-addext", f"subjectAltName=URI:{uri}")
        run("openssl", "x509", "-req", "-in", f"{stem}.csr", "-CA", folder / "ca.pem",
            "-CAkey", folder / "ca.key", "-CAcreateserial", "-copy_extensions",
            "copy", "-days", "2", "-out", f"{stem}.pem")
        os.chmod(f"{stem}.key", 0o600)
    return folder


def identity(tls, name):
    return (f'identity {{ certificate_file: "{tls}/{name}.pem" '
            f'key_file: "{tls}/{name}.key" trust_file: "{tls}/ca.pem" }}\n')


class Dataset:
    """What a tool makes of many certificates; kept and used again for a day."""

    name, maker = "certificates", "make_dataset"  # Signed blocks.

    def __init__(self, tools, cache, certificates):
        self.folder = pathlib.Path(cache) / f"{self.name}-{certificates}"
        self.certificates = certificates
        done = self.folder / "certificates"
        if not done.exists() or time.time() - done.stat().st_mtime > MAX_AGE_SECONDS:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            run(tools / self.maker, f"--dir={self.folder}",
                f"--certificates={certificates}")
        self.request = self.folder / "request.der"
        run("openssl", "ocsp", "-issuer", self.folder / "issuer.pem", "-serial",
            "0x" + serial_of(0).hex(), "-no_nonce", "-reqout", self.request)

    def ask(self, number):
        """The DER of a request about one certificate."""
        return self.request.read_bytes()[:-17] + serial_of(number)


def _split_mix(seed):
    mask = (1 << 64) - 1
    z = (seed + 0x9e3779b97f4a7c15) & mask
    z = ((z ^ (z >> 30)) * 0xbf58476d1ce4e5b9) & mask
    z = ((z ^ (z >> 27)) * 0x94d049bb133111eb) & mask
    return z ^ (z >> 31)


def serial_of(number):
    """As dataset.h has it."""
    return b"\x01" + b"".join(_split_mix(2 * number + i).to_bytes(8, "little")
                              for i in (0, 1))


def is_revoked(number):
    return number % 100 == 7


class Responder:
    """The real program with a real configuration, on loopback."""

    def __init__(self, binary, folder, dataset, tls, on=None):
        self.binary, self.on = binary, on
        self.folder = pathlib.Path(folder)
        self.dataset, self.tls = dataset, tls
        self.cache = self.folder / "cache"
        self.socket = f"unix:{self.folder}/responder.sock"
        self.config = self.folder / "responder.textproto"
        self.config.write_text(
            identity(tls, "responder") + f'listen {{ address: "{self.socket}" }}\n'
            f'grant {{ uri: "{REFRESHER_URI}" role: ROLE_PUSH role: ROLE_READ }}\n'
            "logging { format: JSON }\n"
            # A data set's head is signed once.
            "max_head_age_seconds: 14400\n"
            f'cache_dir: "{self.cache}"\nkey_set_file: "{dataset.folder}/key-set"\n'
            f'key_set_root_file: "{dataset.folder}/root.pem"\n'
            'http_address: "127.0.0.1:0"\nthreads: 1\n')
        self.process = None
        self.port = None

    def start(self, seconds=120):
        self.process = Process("responder", [self.binary, f"--config={self.config}"],
                               self.folder, self.on)
        self.port = wait_until("responder", self._serving, seconds, 0.005)
        wait_until("/healthz", lambda: self.status("/healthz") == 200, seconds, 0.005)

    def _serving(self):
        self.process.check_alive()
        for line in self.process.log.read_text().splitlines():
            if line.startswith("{") and line.endswith("}"):
                fields = json.loads(line)
                if fields.get("event") == "serving":
                    return int(fields["http"].rsplit(":", 1)[1])
        return None

    def status(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}",
                                        timeout=5) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def written_bytes(self):
        """What the process has written to its disk."""
        io = pathlib.Path(f"/proc/{self.process.pid}/io").read_text()
        return int(re.search(r"^write_bytes: (\d+)", io, re.MULTILINE)[1])

    def feed(self, tools, refresh=0, shuffle=False):
        run(tools / "feed_responder", f"--dir={self.dataset.folder}",
            f"--tls={self.tls}", f"--address={self.socket}", f"--uri={RESPONDER_URI}",
            f"--refresh={refresh}", *(["--shuffle"] if shuffle else []))

    def exchange(self, number):
        """(headers, body) of the answer about a certificate, by POST."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("POST", "/", self.dataset.ask(number),
                           {"Content-Type": "application/ocsp-request"})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.getheaders(), body

    def stop(self, how=signal.SIGTERM):
        if self.process is not None:
            self.process.stop(how)


class EpollLoop:
    """The bare loop, sending one response."""

    def __init__(self, tools, folder, name, headers, body, on):
        path = pathlib.Path(folder) / f"{name}.http"
        head = "".join(f"{key}: {value}\r\n" for key, value in headers)
        path.write_bytes(f"HTTP/1.1 200 OK\r\n{head}\r\n".encode() + body)
        self.process = Process(name, [tools / "epoll_loop", path], folder, on,
                               stdout=subprocess.PIPE)
        self.port = int(self.process.child.stdout.readline())
        self.pids = [self.process.pid]

    def stop(self):
        self.process.stop()
        self.process.child.stdout.close()


# What nginx says by itself.
_NGINX_OWN = ("date", "content-type", "content-length", "last-modified", "etag",
              "connection", "server")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Nginx:
    """One worker that serves the response from a file, at its best."""

    def __init__(self, folder, headers, body, on):
        folder = pathlib.Path(folder)
        www = folder / "www"
        www.mkdir()
        # A name as long as a request's.
        self.path = "/" + hashlib.sha512(body).hexdigest()
        (www / self.path[1:]).write_bytes(body)
        os.chmod(folder, 0o755)
        own = "".join(f'    add_header {key} "{value}";\n'
                 for key, value in headers
                      if key.lower() not in _NGINX_OWN and '"' not in value)
        self.port = free_port()
        config = folder / "nginx.conf"
        config.write_text(f"""\
daemon off; master_process on; worker_processes 1; pid {folder}/nginx.pid;
error_log {folder}/nginx.error.log crit;
{'user root;' if os.getuid() == 0 else ''}
events {{ worker_connections 4096; }}
http {{
  access_log off; server_tokens off; sendfile on; tcp_nodelay on;
  keepalive_requests 1000000000; keepalive_timeout 600;
  open_file_cache max=10 inactive=600s; open_file_cache_valid 600s;
  default_type application/ocsp-response; types {{ }}
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2;
  fastcgi_temp_path {folder}/t3; uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{
    listen 127.0.0.1:{self.port};
    root {www};
{own}  }}
}}
""")
        self.process = Process("nginx", ["/usr/sbin/nginx", "-p", folder, "-c", config],
                               folder, on)
        wait_until("nginx", self._workers, 20)
        self.pids = self._workers()

    def _workers(self):
        self.process.check_alive()
        pid = self.process.pid
        return [int(word) for word in pathlib.Path(
            f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def stop(self):
        self.process.stop()


class Cfssl:
    """`cfssl ocspserve` with some responses of ours; POST only (Debian's GET
    is broken)."""

    responses = 1000

    def __init__(self, folder, responder, on):
        path = pathlib.Path(folder) / "cfssl.responses"
        path.write_text("\n".join(
            base64.b64encode(responder.exchange(number)[1]).decode()
            for number in range(self.responses)))
        self.port = free_port()
        # Its log of each request, at level INFO, would be most of its work.
        self.process = Process(
            "cfssl", ["cfssl", "ocspserve", "-address=127.0.0.1", f"-port={self.port}",
                      f"-responses={path}", "-loglevel=4"], folder, on)
        self.pids = [self.process.pid]
        wait_until("cfssl", self._listens, 20)

    def _listens(self):
        self.process.check_alive()
        return listens(self.port)

    def stop(self):
        self.process.stop()


class Load:
    """Our load generator."""

    def __init__(self, tools, folder, dataset, on, connections):
        self.samples = pathlib.Path(folder) / "samples"
        self.process = Process(
            "http_load",
            [tools / "http_load", f"--request={dataset.request}",
             f"--samples={self.samples}", f"--connections={connections}"],
            folder, on, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def slice(self, **fields):
        line = " ".join(f"{key}={value}" for key, value in fields.items()) + "\n"
        self.process.child.stdin.write(line.encode())
        self.process.child.stdin.flush()
        answer = self.process.child.stdout.readline()
        if not answer:
            self.process.check_alive()
            raise Failed("http_load says nothing")
        outcome = json.loads(answer)
        if outcome["wrong"]:
            raise Failed(f"wrong answer: {outcome['first_wrong']} ({line.strip()})")
        return outcome

    def stop(self):
        self.process.child.stdin.close()
        self.process.child.wait()
        self.process.child.stdout.close()
