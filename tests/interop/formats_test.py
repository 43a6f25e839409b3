"""Files of keys and certificates: OpenSSL, GnuTLS, NSS and Java read what
`chancery convert` writes, and it reads what they write."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import junit

CHANCERY = os.path.abspath(os.environ["CHANCERY_BINARIES"].split()[0])
PASSWORD = "sésame ouvre-toi"
# keytool takes no other characters on its command line in every locale.
ASCII = "sesame-ouvre-toi"


def run(*command, fails=False, **options):
    done = subprocess.run(command, capture_output=True, timeout=120, **options)
    if (done.returncode != 0) != fails:
        raise AssertionError(f"{command} exited with {done.returncode}:\n"
                             f"{done.stdout!r}\n{done.stderr!r}")
    return done.stderr.decode() if fails else done.stdout


class FormatsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.scratch.name)
        os.chdir(cls.folder)
        os.environ["CHANCERY_TEST_PASSWORD"] = PASSWORD
        os.environ["CHANCERY_TEST_ASCII"] = ASCII
        for name, password in [("password", PASSWORD), ("ascii", ASCII)]:
            path = cls.folder / name
            path.write_text(password + "\n")
            path.chmod(0o600)
        cls.make("root", None, "CA:TRUE")
        cls.make("middle", "root", "CA:TRUE")
        cls.make("leaf", "middle", "CA:FALSE")
        cls.ders = [run("openssl", "x509", "-in", f"{name}.pem", "-outform", "DER")
                    for name in ["leaf", "middle", "root"]]
        cls.spki = cls.public("leaf.key")

    @classmethod
    def tearDownClass(cls):
        os.chdir("/")
        cls.scratch.cleanup()

    @staticmethod
    def make(name, issuer, constraints):
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
               "-keyout", f"{name}.key"]
        extensions = ["-addext", f"basicConstraints=critical,{constraints}"]
        if issuer is None:
            run("openssl", "req", "-x509", *key, "-subj", f"/CN={name}", "-out",
                f"{name}.pem", *extensions)
        else:
            run("openssl", "req", "-new", *key, "-subj", f"/CN={name}", "-out",
                f"{name}.csr", *extensions)
            run("openssl", "x509", "-req", "-in", f"{name}.csr", "-CA", f"{issuer}.pem",
                "-CAkey", f"{issuer}.key", "-copy_extensions", "copy", "-out",
                f"{name}.pem")
        os.chmod(f"{name}.key", 0o600)

    @staticmethod
    def public(path, *options):
        return run("openssl", "pkey", "-in", path, "-pubout", "-outform", "DER", *options)

    def convert(self, *arguments, **options):
        return run(CHANCERY, "convert", *map(str, arguments), "--force", **options)

    def written(self, name, form, *arguments):
        """The path of what is made of all certificates and the leaf's key."""
        self.convert("root.pem", "leaf.pem", "middle.pem", "--to", form, "--out", name,
                     *arguments)
        return name

    def read(self, path, password="env:CHANCERY_TEST_PASSWORD", key=True):
        """The certificates in `path` as DER; the key has to be the leaf's."""
        arguments = [path, "--in-password", password, "--to", "pem", "--out", "read.pem"]
        if key:
            arguments += ["--key-out", "read.key", "--no-encryption"]
        self.convert(*arguments)
        if key:
            self.assertEqual(self.public("read.key"), self.spki)
        return self.certificates(pathlib.Path("read.pem").read_text())

    def certificates(self, text):
        blocks = text.split("-----BEGIN CERTIFICATE-----")[1:]
        return [run("openssl", "x509", "-outform", "DER", text=False,
                    input=("-----BEGIN CERTIFICATE-----" + block).encode())
                for block in blocks]

    # OpenSSL.

    def test_openssl_reads_pkcs7(self):
        self.written("a.p7", "pkcs7")
        self.written("a.p7b", "pkcs7-der")
        for path, form in [("a.p7", "PEM"), ("a.p7b", "DER")]:
            text = run("openssl", "pkcs7", "-in", path, "-inform", form, "-print_certs")
            self.assertEqual(self.certificates(text.decode()), self.ders)

    def test_openssl_stores_read_pem_and_pkcs12(self):
        """`openssl storeutl` finds the same by its own detection of formats."""
        self.written("a.pem", "pem")
        text = run("openssl", "storeutl", "-noout", "-certs", "a.pem")
        self.assertIn(b"Total found: 3", text)
        self.written("a.p12", "pkcs12", "--key", "leaf.key", "--out-password",
                     "file:password")
        text = run("openssl", "storeutl", "-noout", "-passin", "file:password", "a.p12")
        self.assertIn(b"Total found: 4", text)

    def test_openssl_reads_pkcs8(self):
        for form, inform in [("pkcs8", "PEM"), ("pkcs8-der", "DER")]:
            for kdf in ["pbkdf2", "scrypt"]:
                self.convert("leaf.key", "--to", form, "--out", "a.key", "--kdf", kdf,
                             "--out-password", "file:password")
                self.assertEqual(os.stat("a.key").st_mode & 0o777, 0o600)
                self.assertEqual(self.public("a.key", "-inform", inform, "-passin",
                                             "file:password"), self.spki)
                run("openssl", "pkey", "-in", "a.key", "-inform", inform, "-passin",
                    "pass:wrong", fails=True)

    def test_openssl_reads_pkcs12(self):
        for legacy in [[], ["--legacy"]]:
            self.written("a.p12", "pkcs12", "--key", "leaf.key", "--out-password",
                         "file:password", *legacy)
            text = run("openssl", "pkcs12", "-in", "a.p12", "-passin", "file:password",
                       "-nodes").decode()
            self.assertEqual(self.certificates(text), self.ders)
            pathlib.Path("b.key").write_text(text)
            self.assertEqual(self.public("b.key"), self.spki)

    # GnuTLS.

    def test_gnutls_reads_ours(self):
        self.written("a.p7b", "pkcs7-der")
        text = run("certtool", "--p7-info", "--inder", "--infile", "a.p7b").decode()
        self.assertEqual(sorted(self.certificates(text)), sorted(self.ders))
        for legacy in [[], ["--legacy"]]:
            self.written("a.p12", "pkcs12", "--key", "leaf.key", "--name", "wwwü",
                         "--out-password", "file:password", *legacy)
            text = run("certtool", "--p12-info", "--inder", "--infile", "a.p12",
                       "--password", PASSWORD).decode()
            self.assertEqual(sorted(self.certificates(text)), sorted(self.ders))
            self.assertIn("PRIVATE KEY-----", text)
        self.convert("leaf.key", "--to", "pkcs8", "--out", "a.key", "--out-password",
                     "file:password")
        text = run("certtool", "--pubkey-info", "--load-privkey", "a.key", "--password",
                   PASSWORD)
        self.assertEqual(run("openssl", "pkey", "-pubin", "-outform", "DER", input=text),
                         self.spki)

    def test_we_read_what_gnutls_writes(self):
        pathlib.Path("chain.pem").write_text("".join(
            pathlib.Path(f"{name}.pem").read_text()
            for name in ["leaf", "middle", "root"]))
        for cipher in ["aes-256", "3des-pkcs12", "arcfour", "rc2-40", "aes-128"]:
            for encoding in ["--outder", "--no-outder"]:
                run("certtool", "--to-p12", "--load-certificate", "chain.pem",
                    "--load-privkey", "leaf.key", "--p12-name", "www", "--password", PASSWORD,
                    "--pkcs-cipher", cipher, encoding, "--outfile", "g.p12")
                self.assertEqual(self.read("g.p12"), self.ders, cipher)
        run("certtool", "--to-p8", "--load-privkey", "leaf.key", "--password", PASSWORD,
            "--pkcs-cipher", "aes-256", "--outfile", "g.key")
        self.convert("leaf.pem", "--key", "g.key", "--in-password", "file:password",
                     "--to", "pem", "--out", "x.pem")

    # NSS.

    def nss(self):
        folder = tempfile.mkdtemp(dir=self.folder)
        run("certutil", "-N", "-d", f"sql:{folder}", "--empty-password")
        return f"sql:{folder}"

    def test_nss_reads_ours_and_we_read_what_it_writes(self):
        for legacy in [[], ["--legacy"]]:
            self.written("a.p12", "pkcs12", "--key", "leaf.key", "--name", "www",
                         "--out-password", "file:ascii", *legacy)
            database = self.nss()
            run("pk12util", "-i", "a.p12", "-d", database, "-w", "ascii")
            listed = run("certutil", "-L", "-d", database).decode()
            for name in ["www", "middle", "root"]:
                self.assertIn(name, listed)
            self.assertIn("www", run("certutil", "-K", "-d", database).decode())
            # With indefinite lengths (BER).
            for ciphers in [[], ["-c", "PKCS #12 V2 PBE With SHA-1 And 3KEY Triple DES-CBC",
                                 "-C", "PKCS #12 V2 PBE With SHA-1 And 40 Bit RC2 CBC"]]:
                run("pk12util", "-o", "n.p12", "-n", "www", "-d", database, "-w", "ascii",
                    *ciphers)
                self.assertEqual(pathlib.Path("n.p12").read_bytes()[:2], b"\x30\x80")
                self.assertEqual(self.read("n.p12", "file:ascii"), self.ders)

    # Java.

    @unittest.skipUnless(shutil.which("keytool"), "no Java here")
    def test_java_reads_ours_and_we_read_what_it_writes(self):
        for legacy in [[], ["--legacy"]]:
            self.written("a.p12", "pkcs12", "--key", "leaf.key", "--name", "www",
                         "--out-password", "file:ascii", *legacy)
            text = run("keytool", "-list", "-v", "-keystore", "a.p12", "-storetype",
                       "PKCS12", "-storepass:env", "CHANCERY_TEST_ASCII").decode()
            self.assertIn("Alias name: www", text)
            self.assertIn("Entry type: PrivateKeyEntry", text)
            self.assertIn("Certificate chain length: 3", text)
        for legacy in [[], ["-J-Dkeystore.pkcs12.legacy"]]:
            pathlib.Path("j.p12").unlink(missing_ok=True)
            run("keytool", *legacy, "-importkeystore", "-srckeystore", "a.p12",
                "-srcstoretype", "PKCS12", "-srcstorepass:env", "CHANCERY_TEST_ASCII",
                "-destkeystore", "j.p12", "-deststoretype", "PKCS12",
                "-deststorepass:env", "CHANCERY_TEST_ASCII")
            self.assertEqual(self.read("j.p12", "file:ascii"), self.ders)

    @unittest.skipUnless(shutil.which("keytool"), "no Java here")
    def test_java_takes_certificates_without_a_key_as_trusted(self):
        self.convert("root.pem", "middle.pem", "--to", "pkcs12", "--out", "trust.p12",
                     "--name", "ours", "--out-password", "file:ascii")
        text = run("keytool", "-list", "-keystore", "trust.p12", "-storepass:env",
                   "CHANCERY_TEST_ASCII").decode()
        self.assertEqual(text.count("trustedCertEntry"), 2)

    # Nobody else.

    def test_a_password_may_come_through_a_descriptor(self):
        ends = os.pipe()
        os.write(ends[1], PASSWORD.encode() + b"\n")
        self.convert("leaf.key", "--to", "pkcs8", "--out", "f.key", "--out-password",
                     f"fd:{ends[0]}", pass_fds=[ends[0]])
        self.assertEqual(self.public("f.key", "-passin", "file:password"), self.spki)
        os.close(ends[0])
        os.close(ends[1])

    def test_a_wrong_password_leaves_nothing_behind(self):
        self.written("a.p12", "pkcs12", "--key", "leaf.key", "--out-password",
                     "file:password")
        says = run(CHANCERY, "convert", "a.p12", "--in-password", "file:ascii", "--to",
                   "pem", "--out", "never.pem", fails=True)
        self.assertIn("wrong password", says)
        self.assertNotIn(ASCII, says)
        self.assertFalse(os.path.exists("never.pem"))


if __name__ == "__main__":
    junit.main()
