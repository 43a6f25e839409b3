"""Key sets by what block/FORMAT.md says of them, signed by OpenSSL."""

import hashlib
import struct
import subprocess


def openssl(*arguments, stdin=None):
    return subprocess.run(["openssl", *map(str, arguments)], input=stdin, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout


def spki(private_key):
    return openssl("pkey", "-in", private_key, "-pubout", "-outform", "DER")


def certificate(pem):
    return openssl("x509", "-in", pem, "-outform", "DER")


def issuer_id(pem):
    """SHA-256 of the subject's DER and the SubjectPublicKeyInfo."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    with open(pem, "rb") as file:
        parsed = x509.load_pem_x509_certificate(file.read())
    key = parsed.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(parsed.subject.public_bytes() + key).digest()


def counted(form, data):
    return struct.pack(">" + form, len(data)) + data


def signed(kind, message, private_key, folder):
    """A signed message: `u32[]` message, key id, `u16[]` signature."""
    content = folder / "message"
    content.write_bytes(b"chancery/" + kind + b"/v1\0" + message)
    signature = openssl("dgst", "-sha256", "-sign", private_key, content)
    return (counted("I", message) + hashlib.sha256(spki(private_key)).digest()
            + counted("H", signature))


def make(version, keys, issuers, root_key, folder):
    """`keys`: (private key, issuer ids); `issuers`: (name, PEM)."""
    message = struct.pack(">BQQH", 1, version, 1, len(keys))
    for private_key, ids in keys:
        message += counted("H", spki(private_key)) + struct.pack(">qqH", 0, 1 << 32, len(ids))
        message += b"".join(ids)
    message += struct.pack(">H", len(issuers))
    for name, pem in issuers:
        message += counted("B", name.encode()) + counted("I", certificate(pem))
    return signed(b"key-set", message, root_key, folder)
