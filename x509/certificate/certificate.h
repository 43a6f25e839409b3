// X.509 certificates (RFC 5280 section 4): parse, build, sign, check.
#ifndef CHANCERY_X509_CERTIFICATE_CERTIFICATE_H_
#define CHANCERY_X509_CERTIFICATE_CERTIFICATE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/bytes.h"
#include "crypto/public_key.h"
#include "crypto/signature_algorithm.h"
#include "crypto/signing_key.h"
#include "x509/certificate/extensions.h"

namespace chancery::x509 {

// What a certificate says. Everything that is signed is here.
struct CertificateFacts {
  std::string serial = {};   // Magnitude.
  std::string issuer = {};   // DER Name.
  std::string subject = {};  // DER Name.
  absl::Time not_before = absl::UnixEpoch();
  absl::Time not_after = absl::UnixEpoch();
  std::string public_key = {};  // DER SubjectPublicKeyInfo.
  Extensions extensions = {};
};

// DER TBSCertificate, v3, for a signature with `algorithm`.
std::string EncodeTbs(const CertificateFacts& facts,
                      crypto::SignatureAlgorithm algorithm);

// The certificate of `tbs` and a signature that says to be over it; not
// verified.
std::string AssembleCertificate(absl::string_view tbs,
                                crypto::SignatureAlgorithm algorithm,
                                base::Bytes signature);

// Of a certificate, the element in it: its DER SubjectPublicKeyInfo, which
// `der` has to outlive; nothing else of it is looked at. nullopt: it is none.
std::optional<base::Bytes> FindPublicKey(base::Bytes der);

// The certificate, signed and verified.
absl::StatusOr<std::string> SignCertificate(const CertificateFacts& facts,
                                            const crypto::SigningKey& key);

// A certificate that owns its bytes. Immutable, cheap to move.
class Certificate {
 public:
  // v3, strict DER, serial of 1 to 20 octets and not negative, the signature
  // algorithm the same inside and outside. InvalidArgument names the field;
  // also for an extension that is repeated. `unknown_critical` tells of the
  // others.
  static absl::StatusOr<Certificate> Parse(base::Bytes der);

  // The same of a certificate that is likely for `key`, which it then shares:
  // to read a key again takes longer than all the rest.
  static absl::StatusOr<Certificate> ParseFor(const crypto::PublicKey& key,
                                              base::Bytes der);

  const std::string& der() const { return der_; }
  const std::string& tbs() const { return tbs_; }  // What is signed.
  crypto::SignatureAlgorithm algorithm() const { return algorithm_; }
  const CertificateFacts& facts() const { return facts_; }
  const crypto::PublicKey& public_key() const { return *public_key_; }
  // Dotted OID of a critical extension that this code does not know; or empty.
  const std::string& unknown_critical() const { return unknown_critical_; }
  // SHA-256 over subject and public key: who it is as an issuer.
  crypto::Sha256Digest IssuerId() const;

  // OK when `issuer` signed it. Nothing else is looked at.
  absl::Status VerifySignedBy(const crypto::PublicKey& issuer) const;

 private:
  friend absl::StatusOr<CertificateFacts> ParseCertificateFacts(
      base::Bytes der);

  Certificate() = default;
  // All but the key.
  static absl::StatusOr<Certificate> Read(base::Bytes der);

  std::string der_;
  std::string tbs_;
  std::string signature_;
  crypto::SignatureAlgorithm algorithm_ =
      crypto::SignatureAlgorithm::kEcdsaSha256;
  CertificateFacts facts_;
  std::optional<crypto::PublicKey> public_key_;
  std::string unknown_critical_;
};

// What a certificate says, as Certificate::Parse; but its key and signature are
// not looked at: for one that was verified before it came here.
absl::StatusOr<CertificateFacts> ParseCertificateFacts(base::Bytes der);

// As CheckIssuedBy, but for the signature.
absl::Status CheckMayIssue(const Certificate& certificate,
                           const Certificate& issuer);

// Whether `issuer` may have issued `certificate`: names are byte-identical, key
// identifiers agree, it is a CA that may sign certificates (and CAs, if this is
// one), and its key signed. InvalidArgument names the first that fails. Not
// looked at: times, and `issuer`'s own issuer and critical extensions.
absl::Status CheckIssuedBy(const Certificate& certificate,
                           const Certificate& issuer);

}  // namespace chancery::x509

#endif  // CHANCERY_X509_CERTIFICATE_CERTIFICATE_H_
