"""Who may do what, through the real authority and signer: a table of identities
and actions, and the audit logs that tell of each decision: killed, altered and
compared with what was kept elsewhere. HMAC tokens as Debian's cfssl makes them."""

import base64
import concurrent.futures
import contextlib
import http.server
import itertools
import json
import pathlib
import re
import shutil
import signal
import subprocess
import threading
import time

import junit
from cluster import wait_until
from harness import ClusterCase

OK, NOT_FOUND, ALREADY_EXISTS, DENIED, EXHAUSTED = 0, 5, 6, 7, 8
PRECONDITION, UNAUTHENTICATED = 9, 16
AUTHORITY, SIGNER = "chancery.authority.v1.", "chancery.signer.v1."
REFRESHER, RESPONDER = "chancery.refresher.v1.", "chancery.responder.v1."
ISSUE = AUTHORITY + "CertificateService.Issue"
REVOKE = AUTHORITY + "CertificateService.Revoke"
TOKEN = AUTHORITY + "TokenService.AuthenticatedIssue"
HMAC_KEY = "0123456789abcdef0123456789abcdef"

# What is granted at the authority, in addition to what init grants.
CLIENTS = {
    "all": "role: ROLE_ISSUE role: ROLE_REVOKE role: ROLE_READ",
    "server-only": 'role: ROLE_ISSUE profile: "server"',
    "example-only": 'role: ROLE_ISSUE names { dns: ".example.com" }',
    "other-issuer": 'role: ROLE_ISSUE role: ROLE_REVOKE issuer: "other"',
    "own": "role: ROLE_ISSUE role: ROLE_REVOKE revoke_own: true",
    "revokes": "role: ROLE_REVOKE",
    "reads": "role: ROLE_READ",
    "two-an-hour": "role: ROLE_ISSUE max_issued_per_hour: 2",
    "three-an-hour": "role: ROLE_ISSUE max_issued_per_hour: 3",
    "relays": "role: ROLE_RELAY",
    "admin": "role: ROLE_ADMIN",
    "nobody": None,
}
# At the signer: what an authority, a refresher and an importer have, each alone.
SERVICES = {
    "authority-2": 'role: ROLE_ISSUE profile: "server" max_issued_per_hour: 3',
    "authority-3": "role: ROLE_ISSUE max_issued_per_hour: 3",
    "named": 'role: ROLE_ISSUE names { dns: "*.example.com" }',
    "own": "role: ROLE_ISSUE role: ROLE_REVOKE revoke_own: true",
    "presigns": "role: ROLE_PRESIGN",
    "crls": "role: ROLE_CRL",
    "imports": "role: ROLE_IMPORT",
    "reads": "role: ROLE_READ",
    "second": "role: ROLE_ISSUE role: ROLE_REVOKE role: ROLE_READ",
    "nobody": None,
}
# At the refresher and at the responder.
CARRIERS = {
    "publishes": "role: ROLE_PUBLISH",
    "pushes": "role: ROLE_PUSH",
    "reads": "role: ROLE_READ",
    "nobody": None,
}


def uri(name):
    return f"spiffe://chancery/client/{name}"


def records(path):
    """The lines of an audit log, oldest first, its renamed files included."""
    files = sorted(path.parent.glob(path.name + ".*")) + [path]
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


class Roles(ClusterCase):
    init_options = ("--responders", "1")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.identities = cls.work / "identities"
        cls.identities.mkdir()
        for name in {*CLIENTS, *SERVICES, *CARRIERS}:
            cls.make_identity(name)
        key = cls.work / "hmac.key"
        key.write_text(HMAC_KEY + "\n")
        key.chmod(0o600)
        cls.configure("authority", CLIENTS,
                      f'grant {{ uri: "{uri("legacy")}" role: ROLE_ISSUE '
                      'names { dns: ".example.com" } }\n'
                      f'tokens {{ replay_file: "{cls.work}/replays" client {{ '
                      f'uri: "{uri("legacy")}" key: "file:{key}" }} }}\n')
        cls.configure("signer", SERVICES)
        for carrier in ("refresher", "responder-1"):
            cls.configure(carrier, CARRIERS)
        cls.count = itertools.count()

    @classmethod
    def make_identity(cls, name):
        stem = cls.identities / name
        ca = cls.folder / "service-ca"
        script = (
            f"umask 077; openssl req -new -newkey ec -pkeyopt "
            f"ec_paramgen_curve:P-256 -nodes -keyout {stem}.key -subj /CN=x "
            f"-addext subjectAltName=URI:{uri(name)} | openssl x509 -req -CA "
            f"{ca}/ca.pem -CAkey {ca}/ca.key -set_serial 0x{name.encode().hex()} "
            f"-copy_extensions copy -days 30 -out {stem}.pem")
        subprocess.run(["bash", "-c", script], check=True, capture_output=True)

    @classmethod
    def configure(cls, service, grants, more=""):
        cls.cluster.kill(service, signal.SIGTERM)
        path = cls.folder / f"config/{service}.textproto"
        lines = [f'grant {{ uri: "{uri(name)}" {text} }}\n'
                 for name, text in grants.items() if text]
        path.write_text(path.read_text() + "".join(lines) + more)
        cls.cluster.start(service)

    # --- steps ----------------------------------------------------------------

    def log(self, service):
        return self.folder / f"audit/{service}.log"

    @staticmethod
    def service_of(method):
        services = {AUTHORITY: "authority", SIGNER: "signer", REFRESHER: "refresher",
                    RESPONDER: "responder-1"}
        return next(name for start, name in services.items() if method.startswith(start))

    def call(self, name, method, request, server=None):
        """(code, message, responses) of a call as that identity. `server`: address and
        URI of another one than the cluster's."""
        service = self.service_of(method)
        config = (self.folder / f"config/{service}.textproto").read_text()
        address = re.search(r'listen \{\s*address: "([^"]+)"', config).group(1)
        stem = self.identities / name
        done = subprocess.run(
            [str(self.bin / "call"),
             *(server or (address, f"spiffe://chancery/{service.split('-')[0]}/{service}")), f"{stem}.pem", f"{stem}.key", str(self.folder / "service-ca/ca.pem"), method],
            input=json.dumps(request), capture_output=True, text=True, check=True, timeout=60)
        answer = json.loads(done.stdout)
        return answer["code"], answer["message"], answer["responses"]

    def csr_bytes(self, host):
        path = self.work / f"{host}.csr"
        if not path.exists():
            self.request(host)
        return path.read_bytes()

    def to_issue(self, host="a.example.com", profile="server", issuer="issuing"):
        csr = self.csr_bytes(host)
        return {"requestId": f"r-{next(self.count)}", "issuer": issuer,
                "profile": profile, "csr": base64.b64encode(csr).decode()}

    def to_issue_at_signer(self, host="a.example.com", profile="server", requester=""):
        request = self.to_issue(host, profile)
        der = subprocess.run(["openssl", "req", "-outform", "DER"],
                             input=base64.b64decode(request["csr"]),
                             capture_output=True, check=True).stdout
        return {**request, "csr": base64.b64encode(der).decode(), "requester": requester}

    def issue_as(self, name, **more):
        """The serial of a new certificate, in base64."""
        code, message, responses = self.call(name, ISSUE, self.to_issue(**more))
        self.assertEqual(code, OK, message)
        return responses[0]["certificate"]["serial"]

    def to_revoke(self, serial, issuer="issuing"):
        return {"requestId": f"r-{next(self.count)}", "issuer": issuer, "serial": serial,
                "reason": 4}

    def expect(self, name, method, request, code, text=""):
        """The call's answer, and what the audit log says of it."""
        got, message, _ = self.call(name, method, request)
        self.assertEqual(got, code, f"{name} {method}: {message}")
        self.assertIn(text, message)
        service = self.service_of(method)
        action = method.rsplit(".", 1)[1]
        event = "allowed" if code in (OK, NOT_FOUND, PRECONDITION, UNAUTHENTICATED) \
            else "refused"

        def said():
            return [r for r in records(self.log(service))
                    if r.get("identity") == uri(name) and r.get("action") == action
                    and r["event"] == event
                    and r.get("request_id", "") == request.get("requestId", "")
                    and (event == "allowed" or text in r["why"])]
        return wait_until(f"{name} {method} in the audit log", said, 10)[0]

    def audit(self, *arguments, expect=0):
        done = subprocess.run(self.cluster.command("audit", "log", *arguments), text=True,
                              capture_output=True, check=False, timeout=60)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def verify(self, service, *arguments, expect=0):
        files = sorted(self.log(service).parent.glob(f"{service}.log*"))
        return self.audit("verify", *files, "--trust",
                          self.folder / "service-ca/ca.pem", *arguments, expect=expect)

    # --- tests ----------------------------------------------------------------

    def test_the_table_of_the_authority(self):
        others = self.issue_as("all")
        own = self.issue_as("own")
        get = AUTHORITY + "CertificateService.GetCertificate"
        many = AUTHORITY + "MassRevocationService.RevokeMany"
        issuers = AUTHORITY + "IssuerService.ListIssuers"

        def mass(*serials):
            return {"requestId": f"r-{next(self.count)}", "issuer": "issuing",
                    "serials": serials, "reason": 4}
        table = [
            ("all", ISSUE, self.to_issue(), OK, ""),
            ("all", ISSUE, self.to_issue(profile="client"), OK, ""),
            ("all", get, {"serial": others}, OK, ""),
            ("all", issuers, {}, OK, ""),
            ("server-only", ISSUE, self.to_issue(), OK, ""),
            ("server-only", ISSUE, self.to_issue(profile="client"), DENIED,
             'profile "client" is not granted'),
            ("server-only", REVOKE, self.to_revoke(others), DENIED, "no role `revoke`"),
            ("example-only", ISSUE, self.to_issue("b.example.com"), OK, ""),
            ("example-only", ISSUE, self.to_issue("www.example.org"), DENIED,
             "the name DNS:www.example.org is not granted"),
            ("example-only", ISSUE, self.to_issue("badexample.com"), DENIED,
             "DNS:badexample.com"),
            ("other-issuer", ISSUE, self.to_issue(), DENIED,
             'issuer "issuing" is not granted'),
            ("other-issuer", REVOKE, self.to_revoke(others), DENIED, 'issuer "issuing"'),
            ("own", REVOKE, self.to_revoke(others), DENIED, "did not ask for certificate"),
            ("own", many, mass(own, others), DENIED, "did not ask for certificate"),
            ("own", REVOKE, self.to_revoke(own), OK, ""),
            ("own", many, mass(own), OK, ""),
            ("own", get, {"serial": own}, DENIED, "no role `read`"),
            ("revokes", ISSUE, self.to_issue(), DENIED, "no role `issue`"),
            ("revokes", REVOKE, self.to_revoke("AQ=="), NOT_FOUND, ""),
            ("revokes", REVOKE, self.to_revoke(others), OK, ""),
            ("reads", get, {"serial": own}, OK, ""),
            ("reads", REVOKE, self.to_revoke(own), DENIED, "no role `revoke`"),
            ("two-an-hour", ISSUE, self.to_issue(), OK, ""),
            ("two-an-hour", ISSUE, self.to_issue(), OK, ""),
            ("two-an-hour", ISSUE, self.to_issue(), EXHAUSTED, "max_issued_per_hour is 2"),
            ("relays", ISSUE, self.to_issue(), DENIED, "no role `issue`"),
            ("admin", ISSUE, self.to_issue(), DENIED, "no role `issue`"),
            ("admin", TOKEN, {"body": "e30="}, DENIED, "no role `relay`"),
            ("nobody", ISSUE, self.to_issue(), DENIED, "no role `issue`"),
            ("nobody", issuers, {}, DENIED, "no role `read`"),
        ]
        for name, method, request, code, text in table:
            with self.subTest(name=name, method=method, code=code, text=text):
                record = self.expect(name, method, request, code, text)
                if method == ISSUE:
                    self.assertEqual(record["profile"], request["profile"])
                    self.assertEqual(record["issuer"], request["issuer"])
                if method == ISSUE and code == OK:
                    self.assertEqual(len(record["names"]), 1)
                if method == REVOKE:
                    self.assertEqual(record["serial"],
                                     base64.b64decode(request["serial"]).hex())
        self.verify("authority")

    def test_the_table_of_the_signer(self):
        issue = SIGNER + "IssuanceService.Issue"
        revoke = SIGNER + "RevocationService.Revoke"
        block = SIGNER + "PresignService.SignBlock"
        crl = SIGNER + "CrlService.SignCrl"
        imported = SIGNER + "ImportService.Import"
        entries = SIGNER + "LedgerService.ReadEntries"
        head = SIGNER + "HeadService.GetHead"
        code, message, responses = self.call("own", issue, self.to_issue_at_signer())
        self.assertEqual(code, OK, message)
        own = responses[0]["serial"]
        # What another asked for through "own" is its own, too; what the
        # authority issued is not.
        others = self.issue_as("all")
        to_sign = {"issuer": "issuing", "kind": "CRL_KIND_FULL"}
        certificate = {"requestId": "i-1", "issuer": "issuing"}
        table = [
            ("authority-2", issue, self.to_issue_at_signer(), OK, ""),
            ("authority-2", issue, self.to_issue_at_signer(profile="client"), DENIED,
             'profile "client"'),
            ("authority-2", issue, self.to_issue_at_signer("www.example.org"), OK, ""),
            ("authority-2", issue, self.to_issue_at_signer(), OK, ""),
            ("authority-2", issue, self.to_issue_at_signer(), EXHAUSTED,
             "max_issued_per_hour is 3"),
            ("authority-2", revoke, self.to_revoke(own), DENIED, "no role `revoke`"),
            ("named", issue, self.to_issue_at_signer(), OK, ""),
            ("named", issue, self.to_issue_at_signer("www.example.org"), DENIED,
             "DNS:www.example.org"),
            ("own", revoke, self.to_revoke(others), DENIED, "did not ask for certificate"),
            ("own", revoke, self.to_revoke(own), OK, ""),
            ("presigns", block, {"blockId": "AAAA"}, NOT_FOUND, ""),
            ("presigns", crl, to_sign, DENIED, "no role `crl`"),
            ("crls", crl, to_sign, OK, ""),
            ("crls", block, {"blockId": "AAAA"}, DENIED, "no role `presign`"),
            ("imports", imported, certificate, PRECONDITION, ""),
            ("imports", issue, self.to_issue_at_signer(), DENIED, "no role `issue`"),
            ("reads", entries, {"from": 0}, OK, ""),
            ("reads", head, {}, OK, ""),
            ("reads", imported, certificate, DENIED, "no role `import`"),
            ("nobody", entries, {"from": 0}, DENIED, "no role `read`"),
            ("nobody", head, {}, DENIED, "no role `read`"),
            ("nobody", crl, to_sign, DENIED, "no role `crl`"),
        ]
        for name, method, request, code, text in table:
            with self.subTest(name=name, method=method, code=code, text=text):
                self.expect(name, method, request, code, text)
        self.verify("signer")

    def test_the_table_of_refresher_and_responder(self):
        publish, cluster = (REFRESHER + f"PublishService.{x}" for x in ("Publish", "GetCluster"))
        status, head = (RESPONDER + f"ReplicationService.{x}" for x in ("GetStatus", "PutHead"))
        table = [
            ("publishes", publish, {}, OK, ""),
            ("publishes", cluster, {}, DENIED, "no role `read`"),
            ("reads", cluster, {}, OK, ""),
            ("reads", publish, {}, DENIED, "no role `publish`"),
            ("nobody", publish, {}, DENIED, "no role `publish`"),
            ("reads", status, {}, OK, ""),
            ("reads", head, {}, DENIED, "no role `push`"),
            ("nobody", head, {}, DENIED, "no role `push`"),
        ]
        for name, method, request, code, text in table:
            with self.subTest(name=name, method=method, code=code, text=text):
                self.expect(name, method, request, code, text)
        # What the authority has published and the refresher pushed is told, too.
        self.issue_as("all")
        for service, action, who in (("refresher", "Publish", "authority/authority"),
                                     ("responder-1", "Apply", "refresher/refresher")):
            wait_until(f"{action} in the audit log", lambda: [
                r for r in records(self.log(service))
                if r.get("action") == action and r["event"] == "allowed"
                and r["identity"] == f"spiffe://chancery/{who}"], 10)
            self.verify(service)

    def test_a_restart_gives_no_new_allowance(self):
        for service, name, method, make in (
                ("authority", "three-an-hour", ISSUE, self.to_issue),
                ("signer", "authority-3", SIGNER + "IssuanceService.Issue",
                 self.to_issue_at_signer)):
            with self.subTest(service=service):
                for end in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
                    self.expect(name, method, make(), OK)
                    self.cluster.kill(service, end)
                    self.cluster.start(service)
                for _ in range(2):
                    self.expect(name, method, make(), EXHAUSTED, "max_issued_per_hour is 3")
                    self.cluster.kill(service, signal.SIGKILL)
                    self.cluster.start(service)
                self.verify(service)

    def test_check_config_refuses_what_is_dangerous(self):
        for service, text, message in (
                ("signer", "role: ROLE_ISSUE role: ROLE_APPROVE", "somebody else"),
                ("signer", "role: ROLE_REVOKE role: ROLE_APPROVE", "somebody else"),
                ("authority", "role: 99", "99"),
                ("authority", "", "at least one role"),
                ("authority", 'role: ROLE_READ profile: "server"', "does not have"),
                ("authority", 'role: ROLE_ISSUE names { dns: "*" }', "names.dns")):
            for name in ("spiffe://chancery/client/checked", ""):
                path = self.work / "checked.textproto"
                config = (self.folder / f"config/{service}.textproto").read_text()
                path.write_text(config + f'grant {{ uri: "{name}" {text} }}\n')
                done = subprocess.run(
                    [str(self.bin / f"chancery-{service}"), "--config", str(path),
                     "--check-config"], capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 2, text)
                self.assertIn(message if name else "uri", done.stderr)
        # Without a log a restart would forget what the hour had.
        for service in ("signer", "authority"):
            path = self.work / "forgets.textproto"
            config = (self.folder / f"config/{service}.textproto").read_text()
            config, count = re.subn(r"(?s)\naudit_log \{.*?\n\}", "", config)
            self.assertEqual(count, 1, config)
            path.write_text(config)
            done = subprocess.run(
                [str(self.bin / f"chancery-{service}"), "--config", str(path),
                 "--check-config"], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn("is required with max_issued_per_hour", done.stderr)

    def cfssl_body(self, host):
        """What Debian's cfssl posts to authsign for a new CSR."""
        got = []

        class Recorder(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                got.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(500)
                self.end_headers()

            def log_message(self, *_):
                pass
        server = http.server.HTTPServer(("127.0.0.1", 0), Recorder)
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        auth = {"auth_remote": {"remote": "r", "auth_key": "k"}}
        config = self.work / "cfssl.json"
        config.write_text(json.dumps({
            "signing": {"default": auth, "profiles": {"server": auth}},
            "auth_keys": {"k": {"type": "standard", "key": HMAC_KEY}},
            "remotes": {"r": f"http://127.0.0.1:{server.server_port}"}}))
        self.csr_bytes(host)
        subprocess.run(["cfssl", "sign", "-config", config, "-profile", "server",
                        "-label", "issuing", self.work / f"{host}.csr"],
                       capture_output=True, check=False, timeout=30)
        thread.join(30)
        server.server_close()
        return {"body": base64.b64encode(got[0]).decode()}

    def test_tokens_as_cfssl_makes_them(self):
        body = self.cfssl_body("token.example.com")
        code, message, responses = self.call("relays", TOKEN, body)
        self.assertEqual(code, OK, message)
        certificate = responses[0]["certificate"]
        self.assertEqual(certificate["requester"], uri("legacy"))
        self.assertEqual(certificate["names"], ["DNS:token.example.com"])
        # Recorded and sent again: also with a new time, also after a restart.
        self.assertEqual(self.call("relays", TOKEN, body)[0], ALREADY_EXISTS)
        again = json.loads(base64.b64decode(body["body"]))
        again["timestamp"] += 7
        again = {"body": base64.b64encode(json.dumps(again).encode()).decode()}
        self.cluster.kill("authority", signal.SIGKILL)
        self.cluster.start("authority")
        for recorded in (body, again):
            self.assertEqual(self.call("relays", TOKEN, recorded)[0], ALREADY_EXISTS)
        # Changed, or of another time.
        for change in ({"request": base64.b64encode(b"{}").decode()},
                       {"token": base64.b64encode(bytes(32)).decode()},
                       {"timestamp": int(time.time()) - 1000}):
            changed = json.loads(base64.b64decode(body["body"])) | change
            changed = {"body": base64.b64encode(json.dumps(changed).encode()).decode()}
            code, message, _ = self.call("relays", TOKEN, changed)
            self.assertEqual(code, UNAUTHENTICATED, message)
        # The key's names are limited as a certificate's would be.
        other = self.cfssl_body("token.example.org")
        code, message, _ = self.call("relays", TOKEN, other)
        self.assertEqual(code, DENIED)
        self.assertIn("DNS:token.example.org is not granted", message)

        def said():
            return {(r["event"], r["action"]) for r in records(self.log("authority"))
                    if r.get("identity") == uri("legacy")}
        wait_until("both decisions in the audit log", lambda: {
            ("allowed", "AuthenticatedIssue"), ("refused", "AuthenticatedIssue")} <= said(), 10)

    @contextlib.contextmanager
    def second_authority(self):
        """Another one beside the cluster's, with the same inventory."""
        text = (self.folder / "config/authority.textproto").read_text()
        server = (f"unix:{self.work}/second.sock", uri("second"))
        for pattern, by in (
                (r'(?s)(\nlisten \{\s*address: )"[^"]+"', rf'\g<1>"{server[0]}"'),
                (r'(certificate_file: )"[^"]+"', rf'\g<1>"{self.identities}/second.pem"'),
                (r'(key_file: )"[^"]+"', rf'\g<1>"{self.identities}/second.key"'),
                (r'(?s)(\naudit_log \{\s*path: )"[^"]+"', rf'\g<1>"{self.work}/second.log"'),
                (r'(replay_file: )"[^"]+"', rf'\g<1>"{self.work}/second.replays"'),
                (r"(?s)\nadmin \{.*?\n\}", ""), (r"(?s)\nrefresher \{.*?\n\}", "")):
            text, count = re.subn(pattern, by, text)
            self.assertEqual(count, 1, pattern)
        path = self.work / "second.textproto"
        path.write_text(text)
        with open(self.work / "second.out", "wb") as out, subprocess.Popen(
                [self.bin / "chancery-authority", "--config", path], stdout=out,
                stderr=out) as process:
            try:
                wait_until("the second authority answers", lambda: self.call(
                    "reads", AUTHORITY + "IssuerService.ListIssuers", {}, server)[0] == OK, 30)
                yield server
            finally:
                process.kill()

    def test_a_token_gets_one_certificate_of_two_authorities(self):
        body = self.cfssl_body("both.example.com")
        code, message, first = self.call("relays", TOKEN, body)
        self.assertEqual(code, OK, message)
        with self.second_authority() as server:
            code, message, again = self.call("relays", TOKEN, body, server)
            self.assertEqual(code, OK, message)
            self.assertEqual(again[0]["certificate"]["der"], first[0]["certificate"]["der"])
            self.assertEqual(again[0]["chain"], first[0]["chain"])
            self.assertEqual(self.call("relays", TOKEN, body, server)[0], ALREADY_EXISTS)
            other = self.cfssl_body("other.example.com")
            self.assertEqual(self.call("relays", TOKEN, other, server)[0], OK)
            # The other way round as well.
            self.assertEqual(self.call("relays", TOKEN, other)[0], OK)
        for name in ("both", "other"):
            listed = self.cluster.run("list", "--json", "--text", f"{name}.example.com")
            self.assertEqual(len(json.loads(listed.stdout)["certificates"]), 1)

    def test_killed_while_it_writes(self):
        answered = []

        def one(_):
            request = self.to_issue("busy.example.com")
            try:
                if self.call("all", ISSUE, request)[0] == OK:
                    answered.append(request["requestId"])
            except subprocess.SubprocessError:
                pass
        self.csr_bytes("busy.example.com")
        for service in ("authority", "signer", "authority"):
            before = len(answered)
            with concurrent.futures.ThreadPoolExecutor(4) as workers:
                calls = [workers.submit(one, i) for i in range(24)]
                wait_until("some are answered", lambda: len(answered) > before + 4, 60)
                self.cluster.kill(service, signal.SIGKILL)
                self.cluster.start(service)
                for call in calls:
                    call.result()
            self.verify("authority")
            self.verify("signer")
        for service in ("authority", "signer"):
            said = {r.get("request_id") for r in records(self.log(service))
                    if r["event"] == "allowed" and r["action"] == "Issue"}
            self.assertEqual(set(answered) - said, set())

    def test_verify_finds_what_was_done_to_a_log(self):
        for _ in range(3):
            self.issue_as("all")
        self.cluster.kill("authority", signal.SIGTERM)
        kept = self.work / "kept.anchor"
        kept.unlink(missing_ok=True)
        log = self.log("authority")
        self.audit("anchor", log, "--out", kept)
        self.assertIn("1 anchors agree", self.verify("authority", "--anchor", kept))
        whole = log.read_text().splitlines(keepends=True)
        place = next(i for i in range(len(whole) - 3, 0, -1)
                     if '"action":"Issue"' in whole[i] and '"allowed"' in whole[i])
        copy = self.work / "copy.log"
        try:
            for lines, message in (
                    (whole[:place] + [whole[place].replace('"allowed"', '"refused"')]
                     + whole[place + 1:], f"copy.log:{place + 1}: was changed"),
                    (whole[:place] + whole[place + 1:], f"copy.log:{place + 1}: has sequence"),
                    (whole[:place - 1] + [whole[place], whole[place - 1]] + whole[place + 1:],
                     f"copy.log:{place + 1}: has sequence"),
                    (whole[:place] + [whole[place][:-9] + "\n"] + whole[place + 1:],
                     f"copy.log:{place + 1}: is not a line"),
                    (whole[:place], "its end was cut off"),
                    (whole[:-1] + [whole[-1][:-1]], "an unfinished line")):
                copy.write_text("".join(lines))
                self.assertIn(message, self.audit("verify", copy, "--anchor", kept, expect=1))
            # A log cut short is whole to itself: hence the copy kept elsewhere.
            copy.write_text("".join(whole[:place]))
            self.audit("verify", copy)
            # The service does not go on in a log that was changed.
            shutil.copy(log, self.work / "saved.log")
            log.write_text("".join(whole[:place] + whole[place + 1:]))
            done = subprocess.run(
                [str(self.bin / "chancery-authority"), "--config",
                 str(self.folder / "config/authority.textproto")],
                capture_output=True, text=True, check=False, timeout=60)
            self.assertEqual(done.returncode, 1)
            self.assertIn("the log was changed", done.stderr)
        finally:
            if (self.work / "saved.log").exists():
                log.write_text((self.work / "saved.log").read_text())
            self.cluster.start("authority")
        self.assertIn("1 anchors agree", self.verify("authority", "--anchor", kept))
        self.assertIn("audit log", self.audit("verify", expect=2))


if __name__ == "__main__":
    junit.main()
