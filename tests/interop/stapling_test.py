"""A web server staples the responder's answers, and clients that we did not write
believe them: nginx; curl, OpenSSL, GnuTLS."""

import os
import signal
import socket
import subprocess

import junit
from cluster import Failed, wait_until
from harness import ClusterCase

NAME = "staple.example.com"

CONFIG = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log notice;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} ssl;
    server_name {name};
    ssl_certificate {chain};
    ssl_certificate_key {key};
    ssl_trusted_certificate {trusted};
    ssl_stapling on;
    {staple}
    location / {{ return 200 "served\\n"; }}
  }}
}}
"""


class Nginx:
    """One nginx in a folder of its own, with the staple that `staple` says."""

    def __init__(self, folder, **values):
        self.folder = folder
        self.values = values
        self.process = None
        self.port = None

    def start(self, staple):
        self.folder.mkdir(exist_ok=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        config = self.folder / "nginx.conf"
        config.write_text(CONFIG.format(folder=self.folder, port=self.port,
                                        staple=staple, **self.values))
        (self.folder / "error.log").write_text("")
        self.process = subprocess.Popen(
            ["nginx", "-p", str(self.folder), "-c", str(config), "-e",
             str(self.folder / "error.log")],
            stdin=subprocess.DEVNULL, start_new_session=True)
        wait_until("nginx", self._listens, 20)

    def _listens(self):
        if self.process.poll() is not None:
            raise Failed("nginx ended:\n" + self.log())
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def log(self):
        return (self.folder / "error.log").read_text()

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=20)
            self.process = None


class StaplingTest(ClusterCase):

    def setUp(self):
        self.certificate, _ = self.issue(NAME)
        chain = self.work / "chain.pem"
        chain.write_text(self.certificate.read_text()
                         + (self.ca / "issuing.pem").read_text())
        self.nginx = Nginx(self.work / "nginx", name=NAME, chain=chain,
                           key=self.work / f"{NAME}.key",
                           trusted=self.ca / "bundle.pem")
        self.addCleanup(self.nginx.stop)

    def from_responder(self):
        """nginx asks the responder by itself, and verifies what it gets."""
        return (f"ssl_stapling_responder {self.urls[0]}/;\n"
                "    ssl_stapling_verify on;")

    def s_client(self):
        return self.shell(
            "openssl", "s_client", "-connect", f"127.0.0.1:{self.nginx.port}",
            "-servername", NAME, "-status", "-CAfile", self.ca / "root.pem",
            "-verify_return_error", stdin=b"", expect=None)

    def curl(self):
        """Exit code and text of a client that insists on a good staple."""
        done = subprocess.run(
            ["curl", "-sS", "--cert-status", "--cacert", str(self.ca / "root.pem"),
             "--resolve", f"{NAME}:{self.nginx.port}:127.0.0.1",
             f"https://{NAME}:{self.nginx.port}/"],
            capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def gnutls(self):
        return self.shell(
            "gnutls-cli", "--x509cafile", self.ca / "root.pem", "--port",
            self.nginx.port, "--sni-hostname", NAME, "--verify-hostname", NAME,
            "127.0.0.1", stdin=b"", expect=None)

    def wait_stapled(self):
        """nginx asks at the first handshake, which goes without."""
        wait_until("a stapled answer",
                   lambda: "OCSP Response Status: successful" in self.s_client(), 30)

    def test_a_good_certificate_is_stapled_and_then_revoked(self):
        self.wait_status(self.certificate, "good")
        self.nginx.start(self.from_responder())
        self.wait_stapled()
        text = self.s_client()
        self.assertIn("Cert Status: good", text)
        self.assertIn("Verify return code: 0 (ok)", text)
        self.assertEqual(self.curl(), (0, "served\n"))
        text = self.gnutls()
        self.assertIn("OCSP status request", text)
        self.assertIn("Status: The certificate is trusted", text)

        self.cluster.run("revoke", "--cert", self.certificate, "--reason",
                         "keyCompromise")
        self.wait_status(self.certificate, "revoked")
        # It asks again after a restart, believes the answer, and does not staple
        # what is not good.
        self.nginx.stop()
        self.nginx.start(self.from_responder())
        def told():
            self.s_client()
            return 'certificate status "revoked"' in self.nginx.log()
        wait_until("nginx was told", told, 30)
        self.assertIn("OCSP response: no response sent", self.s_client())
        self.assertEqual(self.curl()[0], 91)

        # Given the answer as a file it does, and clients refuse the server.
        answer = self.work / "answer.der"
        self.shell("openssl", "ocsp", "-issuer", self.ca / "issuing.pem", "-cert",
                   self.certificate, "-CAfile", self.ca / "bundle.pem", "-no_nonce",
                   "-url", self.urls[0], "-respout", answer)
        self.nginx.stop()
        self.nginx.start(f"ssl_stapling_file {answer};")
        text = self.s_client()
        self.assertIn("Cert Status: revoked", text)
        self.assertIn("Revocation Reason: keyCompromise", text)
        code, text = self.curl()
        self.assertEqual(code, 91, text)
        self.assertIn("revo", text)
        self.assertIn("revoked", self.gnutls())

    def test_ocsptool_believes_the_answer_for_the_stapled_certificate(self):
        self.wait_status(self.certificate, "good")
        answer = self.work / "asked.der"
        self.shell("ocsptool", f"--ask={self.urls[0]}", "--load-cert",
                   self.certificate, "--load-issuer", self.ca / "issuing.pem",
                   "--outfile", answer)
        text = self.shell("ocsptool", "--verify-response", "--load-response", answer,
                          "--load-trust", self.ca / "bundle.pem")
        self.assertIn("Verifying OCSP Response: Success", text)
        # As a staple, GnuTLS's client takes it too.
        self.nginx.start(f"ssl_stapling_file {answer};")
        self.assertIn("Status: The certificate is trusted", self.gnutls())


if __name__ == "__main__":
    if not os.path.exists("/usr/sbin/nginx"):
        raise SystemExit("nginx is not installed: run tools/setup")
    junit.main()
