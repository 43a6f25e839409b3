#include "signer/ocsp_key_rotation.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "signer/delegate_issuance.h"
#include "signer/ocsp_signer.h"
#include "x509/certificate/certificate.h"

namespace chancery::signer {
namespace {

constexpr int kLives = 3;  // TRUST 6: "Its certificate lives 3L".
// For clocks that are a little behind ours.
constexpr absl::Duration kBackdate = absl::Minutes(5);

bool IsOf(const std::string& der, const crypto::PublicKey& key,
          const x509::Certificate& ca) {
  const auto certificate = x509::Certificate::Parse(base::AsBytes(der));
  return certificate.ok() && CheckDelegate(*certificate, ca).ok() &&
         base::Equal(certificate->public_key().spki(), key.spki());
}

}  // namespace

OcspKeyRotation::OcspKeyRotation(IssuerTable& issuers, Ledger& ledger,
                                 const base::Clock& clock, base::Random& random,
                                 Options options)
    : issuers_(issuers),
      ledger_(ledger),
      clock_(clock),
      random_(random),
      options_(std::move(options)) {
  for (const Issuer& issuer : issuers_.all()) {
    if (!issuer.rotates_ocsp_key) continue;
    names_.push_back(issuer.name);
    validity_ = std::max(validity_, issuer.ocsp_validity);
  }
}

// As a certificate's notAfter: its last second.
absl::Time OcspKeyRotation::EndOf(absl::Time created) const {
  return created + kLives * validity_ - absl::Seconds(1);
}

absl::Time OcspKeyRotation::SignsUntil(const OcspKey& key) const {
  return key.ends - validity_ - options_.margin;
}

absl::Status OcspKeyRotation::Load() {
  if (folder_.has_value()) return absl::OkStatus();
  ASSIGN_OR_RETURN(
      OcspKeyFolder folder,
      OcspKeyFolder::Open(options_.folder, *options_.private_keys));
  ASSIGN_OR_RETURN(keys_, folder.Load());
  for (OcspKey& key : keys_) {
    if (key.certificates.empty()) key.ends = EndOf(key.created);
  }
  folder_ = std::move(folder);
  return absl::OkStatus();
}

absl::Status OcspKeyRotation::Make(absl::Time now) {
  const absl::Time created = absl::FromUnixSeconds(absl::ToUnixSeconds(now));
  auto key = folder_->Make(created, options_.key);
  if (!key.ok()) {
    folder_.reset();  // Whether there is one now, the next step reads.
    return key.status();
  }
  key->ends = EndOf(created);
  keys_.push_back(*std::move(key));
  return absl::OkStatus();
}

OcspKey* OcspKeyRotation::Present(absl::Time now) {
  for (OcspKey& key : keys_) {
    if (now < SignsUntil(key)) return &key;
  }
  return nullptr;
}

absl::Status OcspKeyRotation::Certify(OcspKey& key) {
  for (const std::string& name : names_) {
    ASSIGN_OR_RETURN(const Issuer* issuer, issuers_.Named(name));
    ASSIGN_OR_RETURN(
        const x509::Certificate ca,
        x509::Certificate::Parse(base::AsBytes(issuer->certificate)));
    const auto found = key.certificates.find(name);
    if (found != key.certificates.end() &&
        IsOf(found->second, key.key->public_key(), ca)) {
      continue;
    }
    ASSIGN_OR_RETURN(const std::string der,
                     IssueDelegate(*issuer, key.key->public_key(),
                                   {.subject = options_.subject,
                                    .not_before = key.created - kBackdate,
                                    .not_after = key.ends},
                                   ledger_, random_));
    // A crash before this leaves a certificate of which nobody has the file:
    // another one is made.
    RETURN_IF_ERROR(folder_->KeepCertificate(key, name, der));
    key.certificates[name] = der;
  }
  return absl::OkStatus();
}

absl::Status OcspKeyRotation::Use(const OcspKey& key) {
  for (const std::string& name : names_) {
    ASSIGN_OR_RETURN(const Issuer* issuer, issuers_.Named(name));
    if (issuer->ocsp_key == key.key) continue;
    ASSIGN_OR_RETURN(
        const x509::Certificate ca,
        x509::Certificate::Parse(base::AsBytes(issuer->certificate)));
    ASSIGN_OR_RETURN(
        const x509::Certificate delegate,
        x509::Certificate::Parse(base::AsBytes(key.certificates.at(name))));
    ASSIGN_OR_RETURN(Issuer next,
                     WithOcspSigner(*issuer, key.key, ca, &delegate));
    issuers_.Replace(std::move(next));
  }
  return absl::OkStatus();
}

absl::StatusOr<absl::Time> OcspKeyRotation::OldestBlock() const {
  ASSIGN_OR_RETURN(const auto view, ledger_.Read());
  absl::Time oldest = absl::InfiniteFuture();
  RETURN_IF_ERROR(view->state().Blocks([&](const BlockState& block) {
    if (block.version != 0 && block.refresh_at != absl::InfiniteFuture()) {
      oldest = std::min(oldest, block.this_update);
    }
    return absl::OkStatus();
  }));
  return oldest;
}

absl::Status OcspKeyRotation::DestroyUnused(absl::Time now) {
  if (&keys_.front() == Present(now)) return absl::OkStatus();
  ASSIGN_OR_RETURN(const absl::Time oldest, OldestBlock());
  while (&keys_.front() != Present(now)) {
    const OcspKey& old = keys_.front();
    // Another template makes a block be signed whole: what was signed since,
    // was signed by the successor.
    if (oldest <= SignsUntil(old) && now < old.ends) break;
    RETURN_IF_ERROR(folder_->Destroy(old));
    keys_.erase(keys_.begin());
  }
  return absl::OkStatus();
}

absl::StatusOr<OcspKeyRotation::Report> OcspKeyRotation::Step() {
  base::MutexLock lock(mu_);
  RETURN_IF_ERROR(Load());
  const absl::Time now = clock_.Now();
  if (!keys_.empty() && keys_.back().created > now + kBackdate) {
    return absl::FailedPreconditionError(absl::StrCat(
        "ocsp_key_rotation: a key was made at ",
        absl::FormatTime(keys_.back().created, absl::UTCTimeZone()),
        ", in the future of this clock"));
  }
  if (Present(now) == nullptr) RETURN_IF_ERROR(Make(now));
  {
    OcspKey* const present = Present(now);
    RETURN_IF_ERROR(Certify(*present));
    RETURN_IF_ERROR(Use(*present));
  }
  const absl::Time until = SignsUntil(*Present(now));
  const absl::Duration lead = std::min(options_.lead, validity_ / 2);
  if (until - now <= lead && &keys_.back() == Present(now)) {
    RETURN_IF_ERROR(Make(now));
  }
  RETURN_IF_ERROR(Certify(keys_.back()));
  RETURN_IF_ERROR(DestroyUnused(now));
  return Report{.created = Present(now)->created,
                .signs_until = until,
                .keys = keys_.size()};
}

}  // namespace chancery::signer
