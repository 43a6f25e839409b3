"""Replaces keys and signatures in DER without changing any length.

OpenSSL's OCSP cases are of 2012 and signed with SHA-1 (two with MD5), which our
code refuses whatever else they say. Here each is signed anew with SHA-256 by keys
of the same sizes, and stays what it was otherwise: a signature that some key of
the cases had made is made by the new key in its place, one that was wrong stays
wrong; a key hash that was some key's is the new key's, one that was wrong stays.
CAcert's root has the serial number 0, which RFC 5280 section 4.1.2.2 forbids and
our code refuses: it becomes 1, also where other certificates name it.
"""

import hashlib

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

_RSA_WITH = bytes.fromhex("2a864886f70d0101")  # + 04 MD5, 05 SHA-1, 0b SHA-256
# In the root (version, serialNumber), and at the end of authorityKeyIdentifiers.
_SERIAL_0 = (bytes.fromhex("a003020102020100"), b"support@cacert.org\x82\x01\x00")
_OLD_HASHES = (hashes.SHA1, hashes.MD5)


def elements(der, start, end):
    """(tag, start, start of contents, end) of each element in a range."""
    while start < end:
        length, at = der[start + 1], start + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(der[at:at + size], "big"), at + size
        yield der[start], start, at, at + length
        start = at + length


def inside(der, element):
    return list(elements(der, element[2], element[3]))


def basic_response(der):
    """The BasicOCSPResponse in an OCSPResponse."""
    outer = next(elements(der, 0, len(der)))
    tagged = inside(der, outer)[1]
    octets = inside(der, inside(der, tagged)[0])[1]
    return next(elements(der, octets[2], octets[3]))


def certificates(der):
    """Those in an OCSPResponse, as elements."""
    parts = inside(der, basic_response(der))
    if len(parts) < 4:
        return []
    return inside(der, inside(der, parts[3])[0])


class Keys:
    """A new key for each of the old certificates' keys."""

    def __init__(self):
        self._old, self._new, self._replacements = [], [], []

    def add(self, certificate):
        old = x509.load_der_x509_certificate(certificate).public_key()
        numbers = old.public_numbers()
        if any(k.public_numbers() == numbers for k in self._old):
            return
        new = rsa.generate_private_key(numbers.e, old.key_size)
        size = old.key_size // 8
        self._old.append(old)
        self._new.append(new)
        self._replacements += [
            (numbers.n.to_bytes(size, "big"),
             new.public_key().public_numbers().n.to_bytes(size, "big")),
            (_key_hash(old), _key_hash(new.public_key()))]

    def replace(self, der):
        for old, new in self._replacements:
            der = der.replace(old, new)
        for old in (b"\x04", b"\x05"):
            der = der.replace(_RSA_WITH + old, _RSA_WITH + b"\x0b")
        for old in _SERIAL_0:
            der = der.replace(old, old[:-1] + b"\x01")
        return der

    def sign(self, old, new, signed):
        """`new` with the signature in `signed` (an element whose parts begin with
        what is signed, algorithm, signature) as it was in `old`."""
        tbs, _, bits = inside(old, signed)[:3]
        signature = old[bits[2] + 1:bits[3]]
        for key, private in zip(self._old, self._new):
            if _made(key, signature, old[tbs[1]:tbs[3]]):
                again = private.sign(new[tbs[1]:tbs[3]], padding.PKCS1v15(),
                                     hashes.SHA256())
                return new[:bits[2] + 1] + again + new[bits[3]:]
        return new

    def certificate(self, old):
        return self.sign(old, self.replace(old), next(elements(old, 0, len(old))))

    def response(self, old):
        new = self.replace(old)
        for one in certificates(old):
            new = self.sign(old, new, one)
        return self.sign(old, new, basic_response(old))


def _key_hash(key):
    return hashlib.sha1(key.public_bytes(serialization.Encoding.DER,
                                         serialization.PublicFormat.PKCS1)).digest()


def _made(key, signature, message):
    for algorithm in _OLD_HASHES:
        try:
            key.verify(signature, message, padding.PKCS1v15(), algorithm())
            return True
        except InvalidSignature:
            pass
    return False
