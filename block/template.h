// What the responses of an issuer share, and how a response is made of it.
//
// BuildTbs is the one function that lays out tbsResponseData: the signer signs
// what it returns, Rebuild wraps the same bytes again when a response is
// served.
#ifndef CHANCERY_BLOCK_TEMPLATE_H_
#define CHANCERY_BLOCK_TEMPLATE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "base/bytes.h"
#include "block/record.h"
#include "crypto/public_key.h"
#include "crypto/signature_algorithm.h"

namespace chancery::block {

// Which hash a response's CertID uses; kDual has a SingleResponse of each.
enum class CertIdForm : uint8_t { kSha1 = 1, kSha256 = 2, kDual = 3 };

using TemplateId = crypto::Sha256Digest;

// Immutable; thread-safe.
class OcspTemplate {
 public:
  // For responses about `issuer` (its subject Name and key) that `signer`
  // signs. `certificates` (DER) are embedded: the delegate's, or none.
  // FORMAT.md has the encoding.
  static absl::StatusOr<OcspTemplate> Create(
      CertIdForm form, base::Bytes issuer_name, const crypto::PublicKey& issuer,
      const crypto::PublicKey& signer, crypto::SignatureAlgorithm algorithm,
      std::vector<std::string> certificates);
  // InvalidArgument unless Create made it.
  static absl::StatusOr<OcspTemplate> Parse(base::Bytes encoded);

  const std::string& encoded() const { return encoded_; }
  // SHA-256 of the encoding.
  const TemplateId& id() const { return id_; }

  CertIdForm form() const { return form_; }
  crypto::SignatureAlgorithm algorithm() const { return algorithm_; }
  // Bytes of a signature in compact form: r || s for ECDSA.
  size_t signature_size() const { return signature_size_; }
  const std::vector<std::string>& certificates() const { return certificates_; }
  base::Bytes name_hash(CertIdForm form) const;  // kSha1 or kSha256.
  base::Bytes key_hash(CertIdForm form) const;
  base::Bytes responder_key_hash() const {
    return base::AsBytes(responder_key_hash_);
  }

  // X.509 form to compact form and back.
  absl::StatusOr<std::string> Compact(base::Bytes signature) const;
  std::string Expand(base::Bytes compact) const;

  // Whether these bytes can be a signature in compact form. What comes from
  // elsewhere is asked this before it is expanded or rebuilt.
  bool IsCompact(base::Bytes bytes) const;

  // tbsResponseData (RFC 6960 section 4.2.1) appended to `out`. The record is
  // not kEmpty.
  void BuildTbs(const RecordFacts& record, std::string& out) const;

  // The whole OCSPResponse appended to `out`; IsCompact(compact). Allocates
  // nothing where `out` has the room.
  void Rebuild(const RecordFacts& record, base::Bytes compact,
               std::string& out) const;

 private:
  OcspTemplate() = default;
  absl::Status Finish();  // Derives the rest; the end of Create and of Parse.
  // Sizes and texts of one response, found once.
  struct Layout;
  Layout LayOut(const RecordFacts& record) const;
  const std::string& CertIdPrefix(CertIdForm form) const {
    return form == CertIdForm::kSha1 ? cert_id_sha1_ : cert_id_sha256_;
  }
  char* PutSingle(const Layout& layout, const RecordFacts& record,
                  CertIdForm form, char* at) const;
  char* PutTbs(const Layout& layout, const RecordFacts& record, char* at) const;

  std::string encoded_;
  TemplateId id_{};
  CertIdForm form_ = CertIdForm::kSha1;
  crypto::SignatureAlgorithm algorithm_ =
      crypto::SignatureAlgorithm::kEcdsaSha256;
  size_t signature_size_ = 0;
  std::string responder_key_hash_;
  std::string name_sha1_, key_sha1_, name_sha256_, key_sha256_;
  std::vector<std::string> certificates_;
  // Everything of a CertID before its serial, by form; and [0] certs, encoded.
  std::string cert_id_sha1_, cert_id_sha256_, certs_field_;
};

// Templates by id, as whoever parses blocks holds them.
using TemplateMap =
    absl::flat_hash_map<TemplateId, std::shared_ptr<const OcspTemplate>>;

}  // namespace chancery::block

#endif  // CHANCERY_BLOCK_TEMPLATE_H_
