// An issuer as a responder's tests need one: it signs blocks.
#ifndef CHANCERY_RESPONDER_CACHE_TESTING_ISSUER_H_
#define CHANCERY_RESPONDER_CACHE_TESTING_ISSUER_H_

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "base/bytes.h"
#include "block/draft.h"
#include "block/key_set.h"
#include "block/template.h"
#include "block/update.h"
#include "crypto/digest.h"
#include "crypto/software_key.h"
#include "x509/certificate/certificate.h"
#include "x509/certificate/names.h"
#include "x509/ocsp/request.h"

namespace chancery::responder::testing {

// When everything is signed.
inline constexpr absl::Time kIssuerTime = absl::FromUnixSeconds(1'700'000'000);

inline std::unique_ptr<crypto::SoftwareKey> NewKey() {
  return *crypto::GenerateKey({.type = crypto::KeyType::kEcP256});
}

// What the world beyond the responder has: an issuer and its block's versions.
class Issuer {
 public:
  Issuer(const std::string& name, const std::string& common_name)
      : name_(name),
        subject_(*x509::EncodeName({{.type = "CN", .value = common_name}})) {
    x509::CertificateFacts facts;
    facts.serial = "\x01";
    facts.issuer = facts.subject = subject_;
    facts.not_before = kIssuerTime - absl::Hours(24);
    facts.not_after = kIssuerTime + absl::Hours(24 * 365);
    facts.public_key = base::ToString(key_->public_key().spki());
    facts.extensions.is_ca = true;
    facts.extensions.key_usage = x509::kKeyCertSign | x509::kCrlSign;
    certificate_ = *x509::SignCertificate(facts, *key_);
    id_ = x509::Certificate::Parse(base::AsBytes(certificate_))->IssuerId();
    UseSigner(*key_, {});
    name_hash_ = crypto::Sha1(base::AsBytes(subject_));
    key_hash_ = key_->public_key().KeyHashSha1();
  }

  // Responses are by `signer` from now on, with these certificates.
  void UseSigner(const crypto::SigningKey& signer,
                 std::vector<std::string> certificates) {
    signer_ = &signer;
    template_ = std::make_shared<const block::OcspTemplate>(
        *block::OcspTemplate::Create(
            block::CertIdForm::kSha1, base::AsBytes(subject_),
            key_->public_key(), signer.public_key(), signer.algorithm(),
            std::move(certificates)));
  }

  // A certificate from `key` for a delegate.
  std::string Delegate(const crypto::SigningKey& delegate,
                       const crypto::SigningKey& key,
                       const std::string& usage) {
    x509::CertificateFacts facts;
    facts.serial = "\x02";
    facts.issuer = subject_;
    facts.subject = *x509::EncodeName({{.type = "CN", .value = "Delegate"}});
    facts.not_before = kIssuerTime;
    facts.not_after = kIssuerTime + absl::Hours(240);
    facts.public_key = base::ToString(delegate.public_key().spki());
    facts.extensions.extended_key_usage = {usage};
    return *x509::SignCertificate(facts, key);
  }

  block::Record MakeRecord(uint32_t number, bool revoked = false) const {
    block::Record record;
    record.status =
        revoked ? block::RecordStatus::kRevoked : block::RecordStatus::kGood;
    record.serial = Serial(number);
    if (revoked) {
      record.revocation_time = kIssuerTime;
      record.reason = 1;
    }
    record.this_update = kIssuerTime;
    record.next_update = kIssuerTime + absl::Hours(96);
    std::string tbs;
    template_->BuildTbs(record.facts(), tbs);
    const std::string signature = *signer_->Sign(base::AsBytes(tbs));
    record.signatures = {*template_->Compact(base::AsBytes(signature))};
    return record;
  }

  block::Manifest Facts(uint64_t version) const {
    block::Manifest facts;
    facts.issuer_id = id_;
    std::copy_n(id_.begin(), 8, facts.block_id.begin());
    facts.block_id[15] = 1;
    facts.version = version;
    facts.capacity = 16;
    facts.this_update = this_update_;
    facts.next_update = this_update_ + absl::Hours(96);
    facts.refresh_at = this_update_ + absl::Hours(48);
    facts.produced_at = this_update_;
    facts.ledger_size = 1;
    return facts;
  }
  block::Block MakeBlock(uint64_t version,
                         const std::vector<block::Record>& records,
                         const crypto::SigningKey& manifest_key) const {
    return *block::SignWhole(Facts(version), {template_}, records,
                             manifest_key);
  }
  std::vector<block::Record> Good(uint32_t count) const {
    std::vector<block::Record> records;
    for (uint32_t i = 0; i < count; ++i) records.push_back(MakeRecord(i));
    return records;
  }

  block::Update Whole(const block::Block& block) const {
    return {.block_id = base::ToString(block.manifest().block_id),
            .version = block.version(),
            .content = block.Encode(),
            .templates = {template_->encoded()}};
  }
  static block::Update Of(const block::Delta& delta) {
    return {.block_id = base::ToString(delta.manifest.block_id),
            .version = delta.manifest.version,
            .base_version = delta.manifest.base_version,
            .content = delta.Encode()};
  }

  static std::string Serial(uint32_t number) {
    return "\x01" + std::string(15, static_cast<char>('a' + number));
  }
  x509::CertId Id(const std::string& serial) const {
    return {.hash = x509::CertIdHash::kSha1,
            .name_hash = name_hash_,
            .key_hash = key_hash_,
            .serial = base::AsBytes(serial)};
  }

  // A key set in which `manifest_key` signs for this issuer.
  block::KeySet KeySetWith(const crypto::SigningKey& manifest_key) const {
    block::KeySet keys;
    keys.version = 1;
    keys.keys = {{.spki = base::ToString(manifest_key.public_key().spki()),
                  .not_before = kIssuerTime - absl::Hours(1),
                  .not_after = kIssuerTime + absl::Hours(1000),
                  .issuers = {id_}}};
    keys.issuers = {{.name = name_, .certificate = certificate_}};
    return keys;
  }

  // Of the responses that are signed now.
  const block::OcspTemplate& ocsp_template() const { return *template_; }
  const block::IssuerId& id() const { return id_; }
  const std::string& subject() const { return subject_; }
  const std::string& certificate() const { return certificate_; }
  const std::string& name() const { return name_; }
  const crypto::SoftwareKey& key() const { return *key_; }
  void set_this_update(absl::Time time) { this_update_ = time; }

 private:
  const std::string name_, subject_;
  const std::unique_ptr<crypto::SoftwareKey> key_ = NewKey();
  std::string certificate_;
  block::IssuerId id_;
  crypto::Sha1Digest name_hash_, key_hash_;
  const crypto::SigningKey* signer_ = nullptr;
  std::shared_ptr<const block::OcspTemplate> template_;
  absl::Time this_update_ = kIssuerTime;
};

}  // namespace chancery::responder::testing

#endif  // CHANCERY_RESPONDER_CACHE_TESTING_ISSUER_H_
