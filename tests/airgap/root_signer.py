"""An offline root beside a cluster: its keys by OpenSSL, its programs where there
is no network device."""

import os
import pathlib
import shutil
import subprocess

import key_set

CHANNEL = "spiffe://chancery/signer/root"

ROOT_CONFIG = """
ledger_dir: "{folder}/ledger"
manifest_key {{ file: "{folder}/manifest.key" }}
key_set_file: "{key_set}"
issuer {{
  name: "{name}"
  certificate_file: "{folder}/{name}.pem"
  key {{ file: "{folder}/{name}.key" }}
  ocsp_validity_hours: 2160
  crl_validity_hours: 2160
  ocsp_url: "{url}"
  crl_url: "{url}/crl/{name}.crl"
  profile: "device"
  block_capacity: {capacity}
}}
profile {{
  name: "device"
  validity_hours: 8760
  key_usage: "digital_signature"
  extended_key_usage: "client_auth"
  allow_dns: true
  subject_attribute: "CN"
}}
air_gap {{
  channel: "{channel}"
  {operators}
  threshold: 2
}}
"""


def no_network():
    """What runs a command without any network device; None if nobody may."""
    for prefix in (["unshare", "--net"], ["unshare", "--user", "--map-root-user", "--net"]):
        if shutil.which(prefix[0]) and subprocess.run(
                [*prefix, "true"], capture_output=True, check=False).returncode == 0:
            return prefix
    return None


class RootSigner:
    """The folder of an offline machine, and what its operators do."""

    def __init__(self, folder, chancery, prefix):
        self.folder = pathlib.Path(folder)
        self.chancery = chancery
        self.prefix = prefix
        self.name = "root"
        self.folder.mkdir(mode=0o700)

    def path(self, name):
        return self.folder / name

    @property
    def certificate(self):
        """Of the CA whose key the signer has, with its chain if it is no root."""
        return self.path(f"{self.name}.pem")

    @property
    def trusted(self):
        """The root's, all that a client has."""
        return self.path("root.pem")

    def _key(self, name):
        key_set.openssl("genpkey", "-algorithm", "EC", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-out", self.path(name))
        self.path(name).chmod(0o600)

    def _ca(self, name, above, days, *extensions):
        """A CA that `above` certifies."""
        self._key(f"{name}.key")
        request = key_set.openssl("req", "-new", "-key", self.path(f"{name}.key"), "-subj",
                                  f"/O=Test/CN=Offline {name}")
        facts = self.path(f"{name}.extensions")
        facts.write_text("\n".join([
            "basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign",
            "subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid", *extensions]))
        made = key_set.openssl(
            "x509", "-req", "-CA", self.path(f"{above}.pem"), "-CAkey",
            self.path(f"{above}.key"), "-set_serial", "0x" + os.urandom(15).hex(), "-days",
            days, "-extfile", facts, stdin=request)
        self.path(f"{name}.pem").write_bytes(made)

    def _below_a_root(self):
        """A CA for devices below one that says which names they may have. The keys of
        those above it are somewhere else."""
        self._ca("policy", "root", 3650, "nameConstraints=critical,permitted;DNS:devices.test")
        self._ca("devices", "policy", 200)
        for above in ("root", "policy"):
            self.path(f"{above}.key").unlink()
        self.name = "devices"
        self.certificate.write_text(
            self.certificate.read_text() + self.path("policy.pem").read_text())

    def make(self, key_set_file, url, operators=3, capacity=16, below_a_root=False):
        for name in ("root.key", "manifest.key"):
            self._key(name)
        key_set.openssl("req", "-x509", "-key", self.path("root.key"), "-out",
                        self.path("root.pem"), "-days", "7300", "-subj",
                        "/O=Test/CN=Offline Root", "-addext",
                        "keyUsage=critical,keyCertSign,cRLSign")
        if below_a_root:
            self._below_a_root()
        lines = []
        for number in range(1, operators + 1):
            self._key(f"operator-{number}.key")
            key_set.openssl("pkey", "-in", self.path(f"operator-{number}.key"), "-pubout",
                            "-out", self.path(f"operator-{number}.pub"))
            lines.append(f'operator_key_file: "{self.path(f"operator-{number}.pub")}"')
        self.path("signer.textproto").write_text(ROOT_CONFIG.format(
            name=self.name, folder=self.folder, key_set=key_set_file, url=url, channel=CHANNEL,
            operators="\n  ".join(lines), capacity=capacity))

    def run(self, *arguments, prefix=(), **options):
        """A command on the offline machine; the finished process."""
        return subprocess.run([*prefix, *self.prefix, self.chancery, "airgap",
                               *map(str, arguments)], text=True, capture_output=True,
                              check=False, timeout=600,
                              env={**os.environ, "CHANCERY_DIR": ""}, **options)

    def approve(self, request, *operators):
        for number in operators:
            done = self.run("approve", request, "--key", self.path(f"operator-{number}.key"))
            assert done.returncode == 0, done.stderr

    def sign_arguments(self, request, result, *more):
        return ["sign", "--config", self.path("signer.textproto"), "--request", request,
                "--out", result, "--yes", *more]

    def sign(self, request, result, *more, prefix=()):
        return self.run(*self.sign_arguments(request, result, *more), prefix=prefix)
