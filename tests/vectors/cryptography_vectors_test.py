"""Our readers of OCSP messages agree with python3-cryptography on every file of
python3-cryptography-vectors."""

import calendar
import json
import os
import pathlib
import re
import subprocess
import unittest

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp, oid

import cryptography_vectors
import junit

FOLDER = pathlib.Path(cryptography_vectors.__file__).parent / "x509" / "ocsp"
READER = os.path.abspath(os.environ["CHANCERY_BINARIES"].split()[0])

# RFC 5280 section 5.3.1, by cryptography's names.
REASONS = {"unspecified": 0, "key_compromise": 1, "ca_compromise": 2,
           "affiliation_changed": 3, "superseded": 4, "cessation_of_operation": 5,
           "certificate_hold": 6, "remove_from_crl": 8, "privilege_withdrawn": 9,
           "aa_compromise": 10}
STATUSES = {"malformed_request": "malformedRequest", "internal_error": "internalError",
            "try_later": "tryLater", "sig_required": "sigRequired",
            "unauthorized": "unauthorized"}
# Why the two may differ. Each is checked to be so.
REFUSED_BY_US = {
    # RFC 5280 section 4.2: "MUST NOT include more than one instance of a
    # particular extension"; cryptography finds it when the extensions are read.
    "req-duplicate-ext.der": "nonce",
    # cryptography reads the rest and fails when the algorithm is asked for.
    "resp-invalid-signature-oid.der": "algorithm",
}


def is_request(path):
    return path.name.startswith("req") or path.name.endswith("-req.der")


def ours(kind, path):
    done = subprocess.run([READER, kind, str(path)], capture_output=True, text=True,
                          check=True, timeout=60)
    return json.loads(done.stdout)


def seconds(time):
    return None if time is None else calendar.timegm(time.timetuple())


def serial(number):
    return "" if number == 0 else number.to_bytes((number.bit_length() + 7) // 8,
                                                  "big").hex()


def cert_id(message):
    try:
        name = message.hash_algorithm.name
    except UnsupportedAlgorithm:
        name = "other"
    return {"hash": name if name in ("sha1", "sha256") else "other",
            "name_hash": message.issuer_name_hash.hex(),
            "key_hash": message.issuer_key_hash.hex(),
            "serial": serial(message.serial_number)}


def single(message):
    reason = message.revocation_reason
    return {"cert_id": cert_id(message),
            "status": message.certificate_status.name.lower(),
            "this_update": seconds(message.this_update),
            "next_update": seconds(message.next_update),
            "revocation_time": seconds(message.revocation_time),
            "reason": None if reason is None else REASONS[reason.name]}


class CryptographyVectorsTest(unittest.TestCase):
    maxDiff = None

    def test_requests(self):
        paths = [p for p in sorted(FOLDER.glob("*.der")) if is_request(p)]
        self.assertGreaterEqual(len(paths), 9)
        for path in paths:
            with self.subTest(path.name):
                self.check_request(path)

    def check_request(self, path):
        got = ours("request", path)
        if path.name in REFUSED_BY_US:
            self.assertIn(REFUSED_BY_US[path.name], got["error"])
            return
        try:
            wanted = ocsp.load_der_ocsp_request(path.read_bytes())
        except NotImplementedError:
            # It reads one CertID only; OpenSSL lists them all.
            text = subprocess.run(["openssl", "ocsp", "-reqin", str(path), "-req_text"],
                                  capture_output=True, text=True, check=False).stdout
            serials = re.findall(r"Serial Number: ([0-9A-F]+)", text)
            self.assertGreater(len(serials), 1)
            self.assertEqual([i["serial"] for i in got["cert_ids"]],
                             [s.lower() for s in serials])
            return
        except ValueError:
            self.assertIn("error", got)
            return
        nonce = None
        for extension in wanted.extensions:
            if extension.oid == oid.OCSPExtensionOID.NONCE:
                nonce = extension.value.nonce.hex()
        self.assertEqual(got, {"cert_ids": [cert_id(wanted)], "nonce": nonce})

    def test_responses(self):
        paths = [p for p in sorted(FOLDER.glob("*.der")) if not is_request(p)]
        self.assertGreaterEqual(len(paths), 15)
        for path in paths:
            with self.subTest(path.name):
                self.check_response(path)

    def check_response(self, path):
        got = ours("response", path)
        if path.name in REFUSED_BY_US:
            self.assertIn(REFUSED_BY_US[path.name], got["error"])
            return
        try:
            wanted = ocsp.load_der_ocsp_response(path.read_bytes())
        except ValueError:
            self.assertIn("error", got)
            return
        if wanted.response_status != ocsp.OCSPResponseStatus.SUCCESSFUL:
            self.assertEqual(got, {
                "status": STATUSES[wanted.response_status.name.lower()]})
            return
        algorithm = (wanted.signature_algorithm_oid._name.lower(),
                     got.pop("algorithm").lower())
        self.assertIn(algorithm, (("sha256withrsaencryption", "sha256withrsaencryption"),
                                  ("ecdsa-with-sha256", "ecdsa-with-sha256")))
        name = wanted.responder_name
        key_hash = wanted.responder_key_hash
        self.assertEqual(got, {
            "status": "successful",
            "tbs": wanted.tbs_response_bytes.hex(),
            "signature": wanted.signature.hex(),
            "key_hash": None if key_hash is None else key_hash.hex(),
            "name": None if name is None else got["name"],
            "produced_at": seconds(wanted.produced_at),
            "responses": [single(one) for one in wanted.responses],
            "certificates": [c.public_bytes(Encoding.DER).hex()
                             for c in wanted.certificates]})
        if name is not None:
            # A Name that is written anew may have other string types.
            values = [a.value for a in name]
            encoded = bytes.fromhex(got["name"])
            for value in values:
                self.assertIn(value.encode(), encoded)


if __name__ == "__main__":
    junit.main()
