// Certificate revocation lists (RFC 5280 section 5): build, parse, verify.
#ifndef CHANCERY_X509_CRL_CRL_H_
#define CHANCERY_X509_CRL_CRL_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/bytes.h"
#include "crypto/public_key.h"
#include "crypto/signature_algorithm.h"
#include "crypto/signing_key.h"

namespace chancery::x509 {

struct CrlEntry {
  base::Bytes serial = {};  // Magnitude, minimal.
  absl::Time revocation_time = {};
  // 0: no reasonCode. 8, in a delta: it is on the full CRL no more.
  int reason = 0;
};

struct CrlFacts {
  base::Bytes issuer = {};  // DER Name, byte for byte the CA's subject.
  absl::Time this_update = {};
  absl::Time next_update = {};
  base::Bytes authority_key_identifier =
      {};  // The CA's subject key identifier.
  uint64_t number = 0;
  // Of a shard: its URL, in a critical IssuingDistributionPoint. Empty: none.
  std::string distribution_point = {};
  // Makes it a delta: the number of the full CRL that it adds to.
  std::optional<uint64_t> base_number = {};
  // Of a full CRL: where its deltas are (freshestCRL). Empty: there are none.
  std::string freshest_url = {};
};

// A CRL around entries that are written elsewhere, one after the other by Add:
//
//   outer header | tbs header, version to nextUpdate, revokedCertificates'
//   header | entries | extensions | signatureAlgorithm, signature
//
// Only the sizes of entries are needed here.
class CrlEncoder {
 public:
  CrlEncoder(const CrlFacts& facts, crypto::SignatureAlgorithm algorithm);

  // TBSCertList before and after `entries_size` bytes of entries.
  std::string Begin(size_t entries_size) const;
  const std::string& End() const { return extensions_; }
  // CertificateList before and after a TBSCertList of `tbs_size` bytes.
  std::string OuterBegin(size_t tbs_size, base::Bytes signature) const;
  std::string OuterEnd(base::Bytes signature) const;

  static void Add(const CrlEntry& entry, std::string& out);

 private:
  const crypto::SignatureAlgorithm algorithm_;
  std::string head_;        // version to nextUpdate.
  std::string extensions_;  // [0] with its tag.
};

// The whole CRL, signed and verified. InvalidArgument unless the serials of
// `entries` ascend as octet strings, which is a ledger's order: none twice.
absl::StatusOr<std::string> SignCrl(const CrlFacts& facts,
                                    const std::vector<CrlEntry>& entries,
                                    const crypto::SigningKey& key);

// Views into what was parsed.
struct Crl {
  base::Bytes tbs = {};
  base::Bytes issuer = {};  // DER Name.
  absl::Time this_update = {};
  absl::Time next_update = {};
  std::optional<base::Bytes> authority_key_identifier = {};
  std::optional<uint64_t> number = {};
  bool is_delta = false;
  std::optional<uint64_t> base_number = {};            // Of a delta.
  std::optional<base::Bytes> distribution_point = {};  // Extension contents.
  // What that says if it is critical, has one URL and nothing else.
  std::optional<base::Bytes> distribution_point_url = {};
  // What freshestCRL says if it has one URL and nothing else.
  std::optional<base::Bytes> freshest_url = {};
  crypto::SignatureAlgorithm algorithm =
      crypto::SignatureAlgorithm::kEcdsaSha256;
  base::Bytes signature = {};
  base::Bytes revoked =
      {};  // Contents of revokedCertificates: see ForEachEntry.
};

// v2 with nextUpdate. InvalidArgument names the field: also an unknown critical
// extension. Entries are not looked at, nor is the memory that they lie in.
// `der` must outlive the result.
absl::StatusOr<Crl> ParseCrl(base::Bytes der);

// The next entry of `rest`, which it is taken from: of what Crl::revoked has.
// InvalidArgument: it is malformed.
absl::StatusOr<CrlEntry> TakeEntry(base::Bytes& rest);

// Each entry in turn, without memory for them. InvalidArgument for one that is
// malformed; a visitor's error ends it.
absl::Status ForEachEntry(
    const Crl& crl, absl::FunctionRef<absl::Status(const CrlEntry&)> visit);

// OK when `issuer` signed it.
absl::Status VerifyCrl(const Crl& crl, const crypto::PublicKey& issuer);

// As VerifyCrl, for a CRL that is not to be in memory all at once: see
// crypto::PublicKey::VerifyInPieces.
absl::Status VerifyCrlInPieces(const Crl& crl, const crypto::PublicKey& issuer,
                               absl::FunctionRef<void(base::Bytes)> done);

}  // namespace chancery::x509

#endif  // CHANCERY_X509_CRL_CRL_H_
