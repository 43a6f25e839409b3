// An issuer as this signer knows it: read and checked once, at start.
#ifndef CHANCERY_SIGNER_ISSUER_H_
#define CHANCERY_SIGNER_ISSUER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "block/block.h"
#include "crypto/signing_key.h"
#include "policy/blocked_keys.h"
#include "policy/br_revocation.h"
#include "policy/lints/selection.h"
#include "policy/profile.h"
#include "x509/certificate/name_constraints.h"

namespace chancery::signer {

enum class RevocationPolicy { kPrivate, kBr };

// Immutable once it is in a table. Its keys sign only what this process built:
// `key` certificates and CRLs (and OCSP responses where there is no delegate),
// `ocsp_key` OCSP responses.
struct Issuer {
  std::string name;
  std::string issuer_id;    // x509::IssuerId of the certificate: 32 bytes.
  std::string certificate;  // DER.
  std::string subject;      // DER Name.
  std::string subject_key_identifier;  // As its certificate has it.
  absl::Time not_after;
  std::vector<std::string> chain;  // DER, upwards, without the root.
  std::shared_ptr<const crypto::SigningKey> key;

  // A throw-away key of the same kind, which issuers may share: what it signs
  // is linted before `key` signs the same.
  std::shared_ptr<const crypto::SigningKey> rehearsal_key;

  // Null until its first rotated key is there (rotates_ocsp_key).
  std::shared_ptr<const crypto::SigningKey> ocsp_key;
  // A key that this signer makes, and makes anew, signs its OCSP responses.
  bool rotates_ocsp_key = false;
  std::vector<block::CertIdForm> ocsp_forms;
  // Of the certificate whose key signs OCSP: no nextUpdate passes it (TRUST
  // 2.10).
  absl::Time ocsp_signer_not_after;
  // One for each response that a certificate has (two for `both`).
  block::Templates templates;

  absl::Duration ocsp_validity;
  absl::Duration crl_validity;
  std::string ocsp_url;
  // With `{shard}` in it if there is more than one CRL: see crl_shard.h.
  std::string crl_url;
  uint32_t crl_shards = 1;  // Fixed for as long as the key signs.
  // How long a delta CRL is valid; zero: there are none.
  absl::Duration delta_crl_interval;
  std::string ca_issuers_url;
  RevocationPolicy policy = RevocationPolicy::kPrivate;
  // What refuses its CRLs and OCSP responses a signature.
  policy::lints::Selection lints;
  std::map<std::string, policy::Profile> profiles;
  // Of its certificate, and of all CAs above it that are in the chain.
  std::optional<int> path_length;
  std::vector<x509::NameConstraints> name_constraints;
  // Keys that no certificate is for, of all issuers; may be null.
  std::shared_ptr<const policy::BlockedKeys> blocked_keys;
  uint32_t block_capacity = 4096;

  // What policy `br` holds its CRLs against; nullopt of a private issuer. One
  // without a profile issues no certificates to subscribers.
  std::optional<policy::br::Covers> br() const {
    if (policy != RevocationPolicy::kBr) return std::nullopt;
    return profiles.empty() ? policy::br::Covers::kCaCertificates
                            : policy::br::Covers::kSubscribers;
  }
};

// All issuers. What it gives out stays valid for as long as the table, also
// when another version of an issuer has taken its place. Thread-safe.
class IssuerTable {
 public:
  explicit IssuerTable(std::vector<Issuer> issuers);

  // NotFound names what was asked for.
  absl::StatusOr<const Issuer*> Named(const std::string& name) const;
  absl::StatusOr<const Issuer*> WithId(const std::string& issuer_id) const;

  // As they were at the start: who signs their OCSP responses may have changed.
  const std::vector<Issuer>& all() const { return issuers_; }

  // From now on `issuer`, which is known, is given out: it differs in who signs
  // its OCSP responses. The one before is kept: keys change a few times a year.
  void Replace(Issuer issuer);

 private:
  const std::vector<Issuer> issuers_;
  mutable base::Mutex mu_;
  std::vector<std::unique_ptr<const Issuer>> later_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, const Issuer*> by_name_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, const Issuer*> by_id_ ABSL_GUARDED_BY(mu_);
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_ISSUER_H_
