// From requests to certificates that are signed and verified, and in no ledger
// yet.
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "crypto/digest.h"
#include "crypto/verify_together.h"
#include "policy/build_certificate.h"
#include "policy/certificate_lints.h"
#include "policy/key_rules.h"
#include "policy/lints/linter.h"
#include "policy/profile.h"
#include "signer/crl_shard.h"
#include "signer/issuance.h"
#include "signer/issuance_order.h"
#include "signer/origin.h"
#include "signer/schedule.h"
#include "x509/certificate/csr.h"

namespace chancery::signer {
namespace {

constexpr size_t kRandomOctets = 16;

// A batch is prepared in so many pieces, or fewer if it is small: enough for
// all threads to end together, and large, as what is verified together costs
// less.
constexpr size_t kPieces = 12;
constexpr size_t kSmallestPiece = 4;

// TRUST 3: one byte of epoch, 127 random bits, at most 17 octets.
std::string NewSerial(uint64_t epoch, base::Random& random) {
  std::string serial(1, static_cast<char>(epoch));
  serial += random.Bytes(kRandomOctets);
  serial[1] = static_cast<char>(serial[1] & 0x7f);
  return serial;
}

absl::StatusOr<const policy::Profile*> ProfileOf(const Issuer& issuer,
                                                 const std::string& name) {
  const auto found = issuer.profiles.find(name);
  if (found == issuer.profiles.end()) {
    return absl::NotFoundError(absl::StrCat("profile: issuer \"", issuer.name,
                                            "\" has none called \"", name,
                                            "\""));
  }
  return &found->second;
}

policy::IssuerFacts FactsOf(const Issuer& issuer, uint32_t crl_shard) {
  return {.subject = issuer.subject,
          .subject_key_identifier = issuer.subject_key_identifier,
          .not_after = issuer.not_after,
          .ocsp_url = issuer.ocsp_url,
          .crl_url = CrlUrl(issuer, crl_shard),
          .ca_issuers_url = issuer.ca_issuers_url,
          .name_constraints = issuer.name_constraints,
          .path_length = issuer.path_length};
}

std::string SecondsOf(const std::optional<absl::Time>& time) {
  return time.has_value() ? absl::StrCat(absl::ToUnixSeconds(*time)) : "";
}

// What a request id stands for.
absl::StatusOr<ledger::Origin> OriginOf(const IssueRequest& request,
                                        const Issuer& issuer) {
  if (!request.not_before.has_value() && !request.not_after.has_value()) {
    return MakeOrigin(request.asker, {"issue", issuer.issuer_id,
                                      request.profile, request.csr});
  }
  return MakeOrigin(request.asker, {"issue", issuer.issuer_id, request.profile,
                                    request.csr, SecondsOf(request.not_before),
                                    SecondsOf(request.not_after)});
}

absl::Status PassesLints(const policy::Profile& profile,
                         const std::string& der) {
  const auto finding = policy::lints::FirstFinding(
      base::AsBytes(der), policy::lints::ObjectKind::kCertificate,
      profile.lints);
  if (!finding.has_value()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "profile \"", profile.name,
      "\" refuses what was asked for: ", policy::lints::FindingText(*finding)));
}

}  // namespace

absl::Status CheckNotCompromised(const State& state,
                                 const std::string& spki_sha256) {
  ASSIGN_OR_RETURN(const std::optional<uint64_t> revoked,
                   state.CompromisedKey(spki_sha256));
  if (!revoked.has_value()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("key: SHA-256 ", base::Hex(base::AsBytes(spki_sha256)),
                   ": a certificate of it was revoked as keyCompromise (entry ",
                   *revoked, " of the ledger): make a new key"));
}

// Lints before the CA's key signs: what is to be signed is read back and looked
// at as a whole certificate, under a signature that a throw-away key of the
// same kind made of something else. Then the CA's key signs the very same
// bytes.
absl::StatusOr<Issuance::Signed> Issuance::Sign(
    const Issuer& issuer, const policy::Profile& profile,
    const crypto::PublicKey& key, const x509::CertificateFacts& facts) const {
  const absl::StatusOr<Frame>& frame = frames_.at(issuer.name);
  RETURN_IF_ERROR(frame.status());
  const crypto::SigningKey& ca_key = *issuer.key;
  std::string tbs = x509::EncodeTbs(facts, ca_key.algorithm());
  const std::string rehearsal = x509::AssembleCertificate(
      tbs, ca_key.algorithm(), base::AsBytes(frame->rehearsal_signature));
  ASSIGN_OR_RETURN(const x509::Certificate rehearsed,
                   x509::Certificate::ParseFor(key, base::AsBytes(rehearsal)));
  RETURN_IF_ERROR(policy::LintCertificate(rehearsed, frame->ca));
  RETURN_IF_ERROR(x509::CheckMayIssue(rehearsed, frame->ca));
  RETURN_IF_ERROR(PassesLints(profile, rehearsal));
  ASSIGN_OR_RETURN(std::string signature, ca_key.Sign(base::AsBytes(tbs)));
  return Signed{.tbs = std::move(tbs), .signature = std::move(signature)};
}

absl::StatusOr<Issuance::Reading> Issuance::Read() const {
  Reading reading;
  ASSIGN_OR_RETURN(reading.view, ledger_.Read());
  ASSIGN_OR_RETURN(reading.epoch, reading.view->state().Epoch());
  return reading;
}

absl::StatusOr<Issuance::Order> Issuance::Understand(
    const IssueRequest& request, const absl::StatusOr<Reading>& reading) {
  Order order;
  ASSIGN_OR_RETURN(order.issuer, issuers_.Named(request.issuer));
  ASSIGN_OR_RETURN(order.profile, ProfileOf(*order.issuer, request.profile));
  ASSIGN_OR_RETURN(order.entry.origin, OriginOf(request, *order.issuer));
  RETURN_IF_ERROR(reading.status());
  ASSIGN_OR_RETURN(order.repeated, Repeated(reading->view->state(),
                                            *order.issuer, order.entry.origin));
  if (order.repeated.has_value()) return order;
  ASSIGN_OR_RETURN(
      order.asked,
      x509::ParseCsrToProve(base::AsBytes(request.csr), policy::CheckKey));
  return order;
}

void Issuance::CheckProofs(absl::Span<absl::StatusOr<Order>> orders) {
  std::vector<absl::StatusOr<Order>*> asking;
  std::vector<crypto::SignatureClaim> proofs;
  for (absl::StatusOr<Order>& order : orders) {
    if (!order.ok() || !order->asked.has_value()) continue;
    asking.push_back(&order);
    proofs.push_back(order->asked->proof);
  }
  const std::vector<absl::Status> verified = crypto::VerifyTogether(proofs);
  for (size_t i = 0; i < asking.size(); ++i) {
    const absl::Status proven = x509::CheckProven(verified[i]);
    if (!proven.ok()) *asking[i] = proven;
  }
}

absl::Status Issuance::Prepare(const IssueRequest& request,
                               const Reading& reading, Order& order) {
  const Issuer& issuer = *order.issuer;
  const x509::Csr& csr = order.asked->csr;
  order.spki_sha256 = base::ToString(crypto::Sha256(csr.public_key.spki()));
  RETURN_IF_ERROR(
      CheckNotCompromised(reading.view->state(), order.spki_sha256));
  if (issuer.blocked_keys != nullptr) {
    RETURN_IF_ERROR(issuer.blocked_keys->Check(csr.public_key));
  }
  const std::string serial = NewSerial(reading.epoch, random_);
  const uint32_t crl_shard = ShardForSerial(issuer, serial);
  ASSIGN_OR_RETURN(
      const x509::CertificateFacts facts,
      policy::BuildCertificate(
          *order.profile, csr, FactsOf(issuer, crl_shard), serial,
          {.not_before = request.not_before, .not_after = request.not_after},
          clock_.Now()));
  ASSIGN_OR_RETURN(order.made,
                   Sign(issuer, *order.profile, csr.public_key, facts));
  order.entry = {
      .imported = false,
      .issuer_id = issuer.issuer_id,
      .serial = facts.serial,
      .not_after = facts.not_after,
      .crl_shard = crl_shard,
      .block_id = {},
      .place = 0,
      .block_capacity = 0,
      .lifetime_class = LifetimeClass(facts.not_after - facts.not_before),
      .profile = order.profile->name,
      .origin = std::move(order.entry.origin),
      .certificate = {}};  // When it is verified.
  order.asked.reset();
  return absl::OkStatus();
}

// Whatever the CA's key signed is verified under its certificate.
void Issuance::Verify(absl::Span<absl::StatusOr<Order>> orders) const {
  std::map<const Issuer*, std::vector<absl::StatusOr<Order>*>> of_issuer;
  for (absl::StatusOr<Order>& order : orders) {
    if (!order.ok() || order->repeated.has_value()) continue;
    of_issuer[order->issuer].push_back(&order);
  }
  for (const auto& [issuer, made] : of_issuer) {
    std::vector<crypto::RepeatedVerifier::Signed> all;
    for (const absl::StatusOr<Order>* order : made) {
      all.push_back({.message = base::AsBytes((*order)->made.tbs),
                     .signature = base::AsBytes((*order)->made.signature)});
    }
    const crypto::SignatureAlgorithm algorithm = issuer->key->algorithm();
    const std::vector<absl::Status> verified =
        frames_.at(issuer->name)->verifier->VerifyEach(algorithm, all);
    for (size_t i = 0; i < made.size(); ++i) {
      absl::StatusOr<Order>& order = *made[i];
      if (!verified[i].ok()) {
        order = absl::InternalError(
            absl::StrCat("issuer \"", issuer->name,
                         "\": what its key signed does not verify under its "
                         "certificate"));
        continue;
      }
      order->entry.certificate = x509::AssembleCertificate(
          order->made.tbs, algorithm, base::AsBytes(order->made.signature));
    }
  }
}

void Issuance::PrepareSome(absl::Span<const IssueRequest> requests,
                           const absl::StatusOr<Reading>& reading,
                           absl::Span<absl::StatusOr<Order>> orders) {
  for (size_t i = 0; i < requests.size(); ++i) {
    orders[i] = Understand(requests[i], reading);
  }
  CheckProofs(orders);
  for (size_t i = 0; i < requests.size(); ++i) {
    if (!orders[i].ok() || orders[i]->repeated.has_value()) continue;
    const absl::Status prepared = Prepare(requests[i], *reading, *orders[i]);
    if (!prepared.ok()) orders[i] = prepared;
  }
  Verify(orders);
}

std::vector<absl::StatusOr<Issuance::Order>> Issuance::PrepareAll(
    absl::Span<const IssueRequest> requests) {
  std::vector<absl::StatusOr<Order>> orders(requests.size());
  const absl::StatusOr<Reading> reading = Read();
  const size_t piece =
      std::max(kSmallestPiece, (requests.size() + kPieces - 1) / kPieces);
  threads_
      .Run((requests.size() + piece - 1) / piece, 1,
           [&](size_t k) {
             PrepareSome(requests.subspan(k * piece, piece), reading,
                         absl::MakeSpan(orders).subspan(k * piece, piece));
             return absl::OkStatus();  // No other is the worse for it.
           })
      .IgnoreError();
  return orders;
}

}  // namespace chancery::signer
