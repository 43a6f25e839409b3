"""`chancery lint` on what others made: NIST's PKITS and Debian's roots.

Both hold exceptions to RFC 5280 that are known; everything else has to be found
right, and nothing else wrong.
"""

import collections
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import cryptography_vectors
import junit

CHANCERY = os.path.abspath(os.environ["CHANCERY_BINARIES"].split()[0])
PKITS = pathlib.Path(cryptography_vectors.__file__).parent / "x509" / "PKITS_data"
ROOTS = pathlib.Path("/usr/share/ca-certificates/mozilla")

# Errors of RFC 5280 in PKITS (version 1.0.1): what the tests are about, and what
# its CAs do otherwise throughout (policyConstraints that are not critical, which RFC
# 3280 allowed).
PKITS_CERTIFICATES = {
    "BadSignedCACert.crt": {"rfc5280_cert_signature_form"},
    "InvalidDSASignatureTest6EE.crt": {"rfc5280_cert_signature_form"},
    "InvalidNegativeSerialNumberTest15EE.crt": {"rfc5280_cert_serial_positive"},
    "Invalidpre2000UTCEEnotAfterDateTest7EE.crt": {"rfc5280_cert_time_choice"},
    "ValidGeneralizedTimenotBeforeDateTest4EE.crt": {"rfc5280_cert_time_choice"},
    "MappingFromanyPolicyCACert.crt": {"rfc5280_cert_mapping_not_any_policy"},
    "MappingToanyPolicyCACert.crt": {"rfc5280_cert_mapping_not_any_policy"},
    "MissingbasicConstraintsCACert.crt": {"rfc5280_cert_key_cert_sign_of_ca"},
    "basicConstraintsCriticalcAFalseCACert.crt": {"rfc5280_cert_key_cert_sign_of_ca"},
    "basicConstraintsNotCriticalcAFalseCACert.crt":
        {"rfc5280_cert_key_cert_sign_of_ca"},
    "basicConstraintsNotCriticalCACert.crt":
        {"rfc5280_cert_basic_constraints_critical"},
    "UIDCACert.crt": {"rfc5280_cert_no_unique_ids"},
    "ValidNameUIDsTest6EE.crt": {"rfc5280_cert_no_unique_ids"},
} | {name: {"rfc5280_cert_policy_constraints_critical"} for name in [
    "GoodsubCACert.crt", "GoodsubCAPanyPolicyMapping1to2CACert.crt",
    "Mapping1to2CACert.crt", "P12Mapping1to3CACert.crt", "P1Mapping1to234CACert.crt",
    "P1anyPolicyMapping1to2CACert.crt", "PanyPolicyMapping1to2CACert.crt",
    "PoliciesP1234CACert.crt", "PoliciesP123CACert.crt", "PoliciesP12CACert.crt",
    "PoliciesP2subCA2Cert.crt", "PoliciesP3CACert.crt", "anyPolicyCACert.crt",
    "inhibitAnyPolicy0CACert.crt", "inhibitAnyPolicy1CACert.crt",
    "inhibitAnyPolicy5CACert.crt"]}
PKITS_CRLS = {
    "BadCRLSignatureCACRL.crl": {"rfc5280_crl_signature_form"},
    "NegativeSerialNumberCACRL.crl": {"rfc5280_crl_entry_serial_positive"},
}
# Warnings and notices of RFC 5280 there.
PKITS_LESSER = {
    "rfc5280_cert_critical_known": {"InvalidUnknownCriticalCertificateExtensionTest2EE.crt"},
    "rfc5280_cert_explicit_text_length": {"UserNoticeQualifierTest19EE.crt"},
    "rfc5280_cert_subject_no_email":
        {"InvalidDNandRFC822nameConstraintsTest29EE.crt"},
    "rfc5280_crl_critical_known": {"UnknownCRLExtensionCACRL.crl"},
    "rfc5280_crl_entry_not_in_future": {"GoodCACRL.crl"},
}

# What roots that Mozilla trusts break, by the end of their names. Of these some may
# be gone in a newer ca-certificates, but none may come.
ROOT_ERRORS = {
    "CN=Certum Trusted Network CA 2": {"rfc5280_cert_time_choice"},
    "CN=Hongkong Post Root CA 1": {"rfc5280_cert_subject_key_id_of_ca"},
    "CN=TWCA Global Root CA": {"rfc5280_cert_subject_key_id_of_ca"},
    "OU=ePKI Root Certification Authority": {
        "rfc5280_cert_key_usage_of_ca", "rfc5280_cert_basic_constraints_critical"},
} | {name: {  # All are version 3 with serial number 0, and older than RFC 5280.
    "rfc5280_cert_serial_positive", "rfc5280_cert_key_usage_of_ca",
    "rfc5280_cert_basic_constraints_critical"} for name in [
        "OU=Go Daddy Class 2 Certification Authority",
        "OU=Starfield Class 2 Certification Authority"]
} | {name: {"rfc5280_cert_serial_positive"} for name in [  # Serial number 0.
    "CN=Go Daddy Root Certificate Authority - G2",
    "CN=Hellenic Academic and Research Institutions ECC RootCA 2015",
    "CN=Hellenic Academic and Research Institutions RootCA 2015",
    "OU=Security Communication RootCA1", "OU=Security Communication RootCA2",
    "CN=Starfield Root Certificate Authority - G2",
    "CN=Starfield Services Root Certificate Authority - G2"]}


def lint(paths, *options):
    done = subprocess.run([CHANCERY, "lint", "--json", *options, *map(str, paths)],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


def by_file(report, severities):
    found = collections.defaultdict(set)
    for one in report["objects"]:
        for finding in one["findings"]:
            if finding["severity"] in severities:
                found[os.path.basename(one["file"])].add(finding["lint"])
    return dict(found)


class Pkits(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.certificates = lint(sorted((PKITS / "certs").glob("*.crt")),
                                "--set", "rfc5280")
        cls.crls = lint(sorted((PKITS / "crls").glob("*.crl")), "--set", "rfc5280")

    def test_all_are_read(self):
        self.assertEqual(len(self.certificates["objects"]), 405)
        self.assertEqual({one["kind"] for one in self.certificates["objects"]},
                         {"certificate"})
        self.assertEqual(len(self.crls["objects"]), 173)
        self.assertEqual({one["kind"] for one in self.crls["objects"]}, {"CRL"})

    def test_errors_of_certificates(self):
        self.assertEqual(by_file(self.certificates, {"error"}), PKITS_CERTIFICATES)

    def test_errors_of_crls(self):
        self.assertEqual(by_file(self.crls, {"error"}), PKITS_CRLS)

    def test_warnings_and_notices(self):
        found = collections.defaultdict(set)
        for report in (self.certificates, self.crls):
            for file, names in by_file(report, {"warning", "notice"}).items():
                for name in names - {"rfc5280_cert_key_usage_critical"}:
                    found[name].add(file)
        self.assertEqual(dict(found), PKITS_LESSER)


class DebianRoots(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.report = lint(sorted(ROOTS.glob("*.crt")), "--set", "rfc5280")

    def test_all_are_certificates(self):
        self.assertGreater(len(self.report["objects"]), 50)
        for one in self.report["objects"]:
            self.assertEqual(one["kind"], "certificate", one)
            self.assertTrue(one["title"] and one["number"], one)

    def test_no_errors_but_those_that_are_known(self):
        for one in self.report["objects"]:
            found = {finding["lint"] for finding in one["findings"]
                     if finding["severity"] == "error"}
            known = next((errors for name, errors in ROOT_ERRORS.items()
                          if one["title"].endswith(name)), set())
            self.assertEqual(found, known, one["title"])

    def test_the_bundle_has_the_same_objects(self):
        """As one file of PEM, and each as DER."""
        paths = sorted(ROOTS.glob("*.crt"))
        with tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR")) as folder:
            bundle = pathlib.Path(folder) / "bundle.pem"
            bundle.write_bytes(b"".join(path.read_bytes() for path in paths))
            der = pathlib.Path(folder) / "one.der"
            subprocess.run(["openssl", "x509", "-in", paths[0], "-outform", "DER",
                            "-out", der], check=True, timeout=60)
            together = lint([bundle], "--set", "rfc5280")["objects"]
            alone = lint([der], "--set", "rfc5280")["objects"][0]
        numbers = [one["number"] for one in self.report["objects"]]
        self.assertEqual([one["number"] for one in together], numbers)
        self.assertEqual([one["object"] for one in together],
                         list(range(1, len(numbers) + 1)))
        self.assertEqual(alone["findings"], self.report["objects"][0]["findings"])


if __name__ == "__main__":
    junit.main()
