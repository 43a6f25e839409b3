#include "authority/testing/fake_signer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "x509/certificate/certificate.h"
#include "x509/certificate/csr.h"
#include "x509/certificate/names.h"

namespace chancery::authority::testing {
namespace {

using storage::CertificateStatus;

constexpr int kHold = 6;
constexpr absl::Duration kValidity = absl::Hours(24 * 90);

absl::Time WholeSeconds(absl::Time time) {
  return absl::FromUnixSeconds(absl::ToUnixSeconds(time));
}

}  // namespace

storage::IssuerRow FakeSigner::AddIssuer(
    const std::string& name, const std::vector<std::string>& profiles) {
  Issuer issuer;
  issuer.key = *crypto::GenerateKey({.type = crypto::KeyType::kEcP256});
  issuer.subject = *x509::EncodeName({{"O", "Test"}, {"CN", name}});
  x509::CertificateFacts facts;
  facts.serial = "\x7f";
  facts.issuer = facts.subject = issuer.subject;
  facts.not_before = WholeSeconds(clock_.Now()) - absl::Hours(1);
  facts.not_after = facts.not_before + absl::Hours(24 * 3650);
  facts.public_key = base::ToString(issuer.key->public_key().spki());
  facts.extensions.is_ca = true;
  const std::string der = *x509::SignCertificate(facts, *issuer.key);
  const auto parsed = *x509::Certificate::Parse(base::AsBytes(der));
  issuer.row = {.issuer_id = base::ToString(parsed.IssuerId()),
                .name = name,
                .certificate = der,
                .chain = {der},
                .profiles = profiles};
  base::MutexLock lock(mu_);
  return (issuers_[name] = std::move(issuer)).row;
}

void FakeSigner::FailNext(absl::Status error, bool after) {
  base::MutexLock lock(mu_);
  failure_ = std::move(error);
  after_ = after;
}

size_t FakeSigner::issued() const {
  base::MutexLock lock(mu_);
  return certificates_.size();
}

SignerIssue FakeSigner::last_issue() const {
  base::MutexLock lock(mu_);
  return last_issue_;
}

absl::Status FakeSigner::TakeFailure(bool after) {
  if (after != after_) return absl::OkStatus();
  return std::exchange(failure_, absl::OkStatus());
}

absl::StatusOr<SignerIssued> FakeSigner::Issue(const SignerIssue& request) {
  base::MutexLock lock(mu_);
  RETURN_IF_ERROR(TakeFailure(false));
  last_issue_ = request;
  auto issued = DoIssue(request);
  RETURN_IF_ERROR(TakeFailure(true));
  return issued;
}

absl::StatusOr<SignerIssuedBatch> FakeSigner::IssueBatch(
    const std::vector<SignerIssue>& requests) {
  SignerIssuedBatch batch;
  for (const SignerIssue& request : requests) {
    batch.results.push_back(Issue(request));
  }
  base::MutexLock lock(mu_);
  batch.updates = NextUpdate();
  return batch;
}

absl::StatusOr<SignerStatus> FakeSigner::Revoke(const SignerRevoke& request) {
  base::MutexLock lock(mu_);
  RETURN_IF_ERROR(TakeFailure(false));
  if (request.reason < 0 || request.reason == 7 || request.reason == 8 ||
      request.reason > 10) {
    return absl::InvalidArgumentError(
        absl::StrCat("reason: ", request.reason,
                     " is not one of 0-6, 9, 10 (RFC 5280 section 5.3.1)"));
  }
  const absl::Time now = WholeSeconds(clock_.Now());
  auto changed = Change(
      {.request_id = request.request_id,
       .requester = request.requester,
       .issuer = request.issuer,
       .serial = request.serial},
      {.status = request.reason == kHold ? CertificateStatus::kHeld
                                         : CertificateStatus::kRevoked,
       .reason = request.reason,
       .revoked_at =
           request.revoked_at == absl::UnixEpoch() ? now : request.revoked_at});
  RETURN_IF_ERROR(TakeFailure(true));
  return changed;
}

absl::StatusOr<SignerStatus> FakeSigner::Release(const SignerRelease& request) {
  base::MutexLock lock(mu_);
  RETURN_IF_ERROR(TakeFailure(false));
  auto changed = Change(request, {.status = CertificateStatus::kGood});
  RETURN_IF_ERROR(TakeFailure(true));
  return changed;
}

absl::StatusOr<std::vector<storage::IssuerRow>> FakeSigner::ListIssuers() {
  base::MutexLock lock(mu_);
  RETURN_IF_ERROR(TakeFailure(false));
  std::vector<storage::IssuerRow> out;
  for (const auto& [name, issuer] : issuers_) out.push_back(issuer.row);
  return out;
}

absl::StatusOr<FakeSigner::Issuer*> FakeSigner::Named(const std::string& name) {
  const auto found = issuers_.find(name);
  if (found != issuers_.end()) return &found->second;
  return absl::NotFoundError(
      absl::StrCat("issuer: there is none called \"", name, "\""));
}

absl::StatusOr<const FakeSigner::Request*> FakeSigner::Repeated(
    const std::string& requester, const std::string& request_id,
    const std::string& content) {
  const auto found = requests_.find({requester, request_id});
  if (found == requests_.end()) return nullptr;
  if (found->second.content == content) return &found->second;
  return absl::AlreadyExistsError(absl::StrCat(
      "request_id: \"", request_id, "\" was used for another request"));
}

absl::StatusOr<SignerIssued> FakeSigner::DoIssue(const SignerIssue& request) {
  ASSIGN_OR_RETURN(Issuer * issuer, Named(request.issuer));
  const auto& profiles = issuer->row.profiles;
  if (std::find(profiles.begin(), profiles.end(), request.profile) ==
      profiles.end()) {
    return absl::NotFoundError(
        absl::StrCat("profile: issuer \"", request.issuer,
                     "\" has none called \"", request.profile, "\""));
  }
  const std::string content = absl::StrCat("issue ", request.issuer, " ",
                                           request.profile, " ", request.csr);
  ASSIGN_OR_RETURN(const Request* before,
                   Repeated(request.requester, request.request_id, content));
  if (before != nullptr) {
    SignerIssued again = certificates_.at(before->certificate);
    again.repeated = true;
    return again;
  }
  ASSIGN_OR_RETURN(const x509::Csr csr,
                   x509::ParseCsr(base::AsBytes(request.csr)));
  x509::CertificateFacts facts;
  facts.serial = std::string(1, static_cast<char>(++issuer->last_serial));
  facts.issuer = issuer->subject;
  ASSIGN_OR_RETURN(facts.subject, x509::EncodeName(csr.subject));
  facts.not_before = WholeSeconds(clock_.Now());
  facts.not_after = facts.not_before + kValidity;
  facts.public_key = base::ToString(csr.public_key.spki());
  facts.extensions.alt_names = csr.alt_names;
  ASSIGN_OR_RETURN(std::string der, x509::SignCertificate(facts, *issuer->key));
  const SignerIssued issued{.certificate = std::move(der),
                            .chain = issuer->row.chain,
                            .issuer_id = issuer->row.issuer_id,
                            .serial = facts.serial,
                            .ledger_index = ledger_size_++,
                            .block_id = "a block",
                            .place = issuer->last_serial,
                            .crl_shard = 5};
  const CertificateKey key(issued.issuer_id, issued.serial);
  certificates_[key] = issued;
  statuses_[key] = {.issuer_id = issued.issuer_id,
                    .serial = issued.serial,
                    .ledger_index = issued.ledger_index};
  requests_[{request.requester, request.request_id}] = {content, key};
  return issued;
}

absl::StatusOr<SignerStatus> FakeSigner::Change(
    const SignerRelease& request, const storage::StatusRow& wanted) {
  ASSIGN_OR_RETURN(const Issuer* issuer, Named(request.issuer));
  const CertificateKey key(issuer->row.issuer_id, request.serial);
  const auto found = statuses_.find(key);
  if (found == statuses_.end()) {
    return absl::NotFoundError(
        absl::StrCat("serial: issuer \"", request.issuer, "\" never issued ",
                     base::Hex(base::AsBytes(request.serial))));
  }
  storage::StatusRow& held = found->second;
  const std::string content =
      absl::StrCat("status ", request.issuer, " ", request.serial, " ",
                   static_cast<int>(wanted.status), " ", wanted.reason);
  ASSIGN_OR_RETURN(const Request* before,
                   Repeated(request.requester, request.request_id, content));
  const bool release = wanted.status == CertificateStatus::kGood;
  const bool done =
      !release && held.status == wanted.status && held.reason == wanted.reason;
  if (before != nullptr || done) {
    return SignerStatus{.status = held, .updates = NextUpdate()};
  }
  if (held.status == CertificateStatus::kRevoked ||
      (release && held.status != CertificateStatus::kHeld)) {
    return absl::FailedPreconditionError(
        absl::StrCat("serial ", base::Hex(base::AsBytes(request.serial)),
                     ": its status may not change so"));
  }
  held.status = wanted.status;
  held.reason = wanted.reason;
  held.revoked_at = wanted.revoked_at;
  held.ledger_index = ledger_size_;
  const SignerStatus changed{.status = held, .updates = NextUpdate()};
  ++ledger_size_;
  requests_[{request.requester, request.request_id}] = {content, key};
  return changed;
}

std::vector<block::Update> FakeSigner::NextUpdate() const {
  return {{.block_id = std::string(16, 'b'),
           .version = ledger_size_ + 1,
           .base_version = ledger_size_,
           .content = "a delta"}};
}

}  // namespace chancery::authority::testing
