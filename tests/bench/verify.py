"""Answers that were sampled under load, judged by python3-cryptography."""

import datetime
import hashlib
import struct

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp

from processes import Failed, is_revoked, serial_of

UNAUTHORIZED = bytes.fromhex("30030a0106")


def read_samples(path):
    """(number, body) of each; a last one that was cut short is left out."""
    data = path.read_bytes()
    at = 0
    while at + 12 <= len(data):
        number, size = struct.unpack_from("<QI", data, at)
        at += 12 + size
        if at <= len(data):
            yield number, data[at - size:at]


class Judge:
    """Knows the issuer, its delegate, and what is true of each certificate."""

    def __init__(self, dataset, flip=False):
        self.certificates = dataset.certificates
        self.flip = flip
        self.issuer = x509.load_pem_x509_certificate(
            (dataset.folder / "issuer.pem").read_bytes())
        self.delegate = x509.load_pem_x509_certificate(
            (dataset.folder / "delegate.pem").read_bytes())
        self.issuer.public_key().verify(
            self.delegate.signature, self.delegate.tbs_certificate_bytes,
            ec.ECDSA(self.delegate.signature_hash_algorithm))
        self.name_hash = hashlib.sha1(self.issuer.subject.public_bytes()).digest()
        point = self.issuer.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        self.key_hash = hashlib.sha1(point).digest()

    def check(self, number, body):
        """Raises Failed unless `body` is the right answer about `number`."""
        if number >= self.certificates:
            if (body == UNAUTHORIZED) == self.flip:
                raise Failed(f"certificate {number} does not exist: {body.hex()}")
            return
        answer = ocsp.load_der_ocsp_response(body)
        if answer.response_status != ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise Failed(f"certificate {number}: {answer.response_status}")
        expected = (ocsp.OCSPCertStatus.REVOKED if is_revoked(number) != self.flip
                    else ocsp.OCSPCertStatus.GOOD)
        now = datetime.datetime.utcnow()
        facts = [
            ("serial", answer.serial_number, int.from_bytes(serial_of(number), "big")),
            ("status", answer.certificate_status, expected),
            ("issuerNameHash", answer.issuer_name_hash, self.name_hash),
            ("issuerKeyHash", answer.issuer_key_hash, self.key_hash),
            ("current", answer.this_update <= now < answer.next_update, True),
            ("certificates", answer.certificates, [self.delegate]),
        ]
        for what, got, wanted in facts:
            if got != wanted:
                raise Failed(f"certificate {number}: {what} is {got}, not {wanted}")
        try:
            self.delegate.public_key().verify(
                answer.signature, answer.tbs_response_bytes, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature as error:
            raise Failed(f"certificate {number}: the signature is wrong") from error


def verify_samples(path, dataset, flip=False):
    """How many there were, all of them right."""
    judge = Judge(dataset, flip)
    count = 0
    for number, body in read_samples(path):
        judge.check(number, body)
        count += 1
    if count == 0:
        raise Failed("no answer was sampled")
    return count
