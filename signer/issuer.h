// An issuer as this signer knows it: read and checked once, at start.
#ifndef CHANCERY_SIGNER_ISSUER_H_
#define CHANCERY_SIGNER_ISSUER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
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

  // A throw-away key of the same kind: what it signs is linted before `key`
  // signs the same.
  std::shared_ptr<const crypto::SigningKey> rehearsal_key;

  std::shared_ptr<const crypto::SigningKey> ocsp_key;
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

// All issuers. Immutable; thread-safe.
class IssuerTable {
 public:
  explicit IssuerTable(std::vector<Issuer> issuers);

  // NotFound names what was asked for.
  absl::StatusOr<const Issuer*> Named(const std::string& name) const;
  absl::StatusOr<const Issuer*> WithId(const std::string& issuer_id) const;

  const std::vector<Issuer>& all() const { return issuers_; }

 private:
  const std::vector<Issuer> issuers_;
  std::map<std::string, const Issuer*> by_name_;
  std::map<std::string, const Issuer*> by_id_;
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_ISSUER_H_
