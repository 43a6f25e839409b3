#include "tools/chancery/init/new_certificate.h"

#include "base/bytes.h"

namespace chancery::cli {
namespace {

// One octet of epoch, then 127 random bits: positive, 17 octets.
std::string NewSerial(base::Random& random) {
  std::string serial = "\x01" + random.Bytes(16);
  serial[1] = static_cast<char>(serial[1] & 0x7f);
  return serial;
}

}  // namespace

absl::StatusOr<std::string> SignNew(const NewCertificate& certificate,
                                    const crypto::PublicKey& subject_key,
                                    const CertificateSigner& signer,
                                    base::Random& random) {
  x509::CertificateFacts facts;
  facts.serial =
      certificate.serial.empty() ? NewSerial(random) : certificate.serial;
  facts.issuer = signer.subject;
  facts.subject = certificate.subject;
  facts.not_before = certificate.not_before;
  facts.not_after =
      certificate.not_before + certificate.validity - absl::Seconds(1);
  facts.public_key = base::ToString(subject_key.spki());
  facts.extensions = certificate.extensions;
  if (!facts.extensions.ocsp_no_check &&
      facts.extensions.subject_key_identifier.empty()) {
    facts.extensions.subject_key_identifier =
        base::ToString(subject_key.KeyHashSha1());
  }
  facts.extensions.authority_key_identifier =
      signer.subject_key_identifier.empty()
          ? base::ToString(signer.key.public_key().KeyHashSha1())
          : signer.subject_key_identifier;
  return x509::SignCertificate(facts, signer.key);
}

}  // namespace chancery::cli
