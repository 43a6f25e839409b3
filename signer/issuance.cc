#include "signer/issuance.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

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

// Whether this signer once revoked a certificate of the key as compromised, for
// whichever issuer (Baseline Requirements section 6.1.1.3).
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

Issuance::Issuance(Ledger& ledger, const IssuerTable& issuers,
                   BlockSigner& blocks, const base::Clock& clock,
                   base::Random& random, SigningThreads* threads)
    : ledger_(ledger),
      issuers_(issuers),
      blocks_(blocks),
      clock_(clock),
      random_(random),
      threads_(threads != nullptr ? *threads : none_) {
  // One of each key, whoever shares it.
  std::map<const crypto::SigningKey*, std::string> signatures;
  for (const Issuer& issuer : issuers.all()) {
    frames_[issuer.name] = [&]() -> absl::StatusOr<Frame> {
      ASSIGN_OR_RETURN(
          x509::Certificate ca,
          x509::Certificate::Parse(base::AsBytes(issuer.certificate)));
      std::string& signature = signatures[issuer.rehearsal_key.get()];
      if (signature.empty()) {
        ASSIGN_OR_RETURN(
            signature, issuer.rehearsal_key->Sign(base::AsBytes(issuer.name)));
      }
      auto verifier = std::make_unique<const crypto::RepeatedVerifier>(
          ca.public_key(), tables_);
      return Frame{std::move(ca), signature, std::move(verifier)};
    }();
  }
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

absl::StatusOr<std::optional<Issued>> Issuance::Repeated(
    const State& state, const Issuer& issuer, const ledger::Origin& origin) {
  ASSIGN_OR_RETURN(const auto before, state.Request(origin));
  if (!before.has_value()) return std::nullopt;
  if (before->request_hash != origin.request_hash)
    return UsedForAnother(origin);
  ASSIGN_OR_RETURN(const ledger::Entry entry, state.EntryAt(before->index));
  const auto* issued = std::get_if<ledger::CertificateEntry>(&entry.body);
  if (issued == nullptr) return UsedForAnother(origin);
  return Issued{.certificate = issued->certificate,
                .chain = issuer.chain,
                .issuer_id = issued->issuer_id,
                .serial = issued->serial,
                .updates = {},
                .ledger_index = before->index,
                .repeated = true,
                .block_id = issued->block_id,
                .place = issued->place,
                .crl_shard = issued->crl_shard};
}

// A request on its way to an answer.
struct Issuance::Order {
  const Issuer* issuer = nullptr;
  const policy::Profile* profile = nullptr;
  std::optional<x509::UnprovenCsr> asked = {};  // Until it is prepared.
  ledger::CertificateEntry entry = {};
  std::string spki_sha256 = {};  // Of the key that is certified.
  Signed made = {};              // Until it is verified.
  uint64_t index = 0;            // The entry's, once it is in the ledger.
  // Somebody else's answer to the same request; nothing is written then.
  std::optional<Issued> repeated = {};
  // It is that, but what it is has to be looked up.
  bool raced = false;
};

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

absl::Status Issuance::RecordOne(Transaction& transaction,
                                 absl::StatusOr<Order>& prepared) {
  Order& order = *prepared;
  ledger::CertificateEntry& entry = order.entry;
  ASSIGN_OR_RETURN(const auto before,
                   transaction.state().Request(entry.origin));
  order.raced = before.has_value();
  if (order.raced) return absl::OkStatus();
  // Since it was prepared: that is its own fault.
  if (const absl::Status compromised =
          CheckNotCompromised(transaction.state(), order.spki_sha256);
      !compromised.ok()) {
    prepared = compromised;
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(
      const Place place,
      transaction.state().NextPlace({.issuer_id = entry.issuer_id,
                                     .lifetime_class = entry.lifetime_class,
                                     .imported = false,
                                     .capacity = order.issuer->block_capacity},
                                    transaction.time()));
  entry.block_id = place.block_id;
  entry.place = place.place;
  entry.block_capacity = place.block_capacity;
  ASSIGN_OR_RETURN(order.index, transaction.Append(entry));
  return absl::OkStatus();
}

void Issuance::Record(std::vector<absl::StatusOr<Order>>& orders) {
  const absl::Status written =
      ledger_.Execute([&](Transaction& transaction) -> absl::Status {
        for (absl::StatusOr<Order>& order : orders) {
          if (!order.ok() || order->repeated.has_value()) continue;
          RETURN_IF_ERROR(RecordOne(transaction, order));
        }
        return absl::OkStatus();
      });
  for (absl::StatusOr<Order>& order : orders) {
    if (!order.ok() || order->repeated.has_value()) continue;
    if (!written.ok()) {
      order = written;
      continue;
    }
    if (!order->raced) continue;
    // The same request came twice at once; the other one was first.
    auto repeated = [&]() -> absl::StatusOr<std::optional<Issued>> {
      ASSIGN_OR_RETURN(const auto view, ledger_.Read());
      return Repeated(view->state(), *order->issuer, order->entry.origin);
    }();
    if (!repeated.ok()) {
      order = repeated.status();
    } else if (!repeated->has_value()) {
      order = absl::InternalError("issue: a request disappeared");
    } else {
      order->repeated = *std::move(repeated);
    }
  }
}

IssuedBatch Issuance::Answer(std::vector<absl::StatusOr<Order>> orders) {
  // Of each block the last entry that its records have to reflect.
  std::map<std::string, uint64_t> last;
  for (const absl::StatusOr<Order>& order : orders) {
    if (!order.ok() || order->repeated.has_value()) continue;
    uint64_t& index = last[order->entry.block_id];
    index = std::max(index, order->index);
  }
  IssuedBatch out;
  // If this fails the caller repeats the request.
  std::map<std::string, absl::Status> failed;
  for (const auto& [block_id, index] : last) {
    auto updates = blocks_.SignPending(block_id, index);
    if (!updates.ok()) {
      failed[block_id] = updates.status();
      continue;
    }
    std::move(updates->updates.begin(), updates->updates.end(),
              std::back_inserter(out.updates));
  }
  for (absl::StatusOr<Order>& order : orders) {
    if (!order.ok()) {
      out.results.push_back(order.status());
    } else if (order->repeated.has_value()) {
      out.results.push_back(*std::move(order->repeated));
    } else if (const auto why = failed.find(order->entry.block_id);
               why != failed.end()) {
      out.results.push_back(why->second);
    } else {
      out.results.push_back(
          Issued{.certificate = std::move(order->entry.certificate),
                 .chain = order->issuer->chain,
                 .issuer_id = order->issuer->issuer_id,
                 .serial = std::move(order->entry.serial),
                 .updates = {},
                 .ledger_index = order->index,
                 .repeated = false,
                 .block_id = std::move(order->entry.block_id),
                 .place = order->entry.place,
                 .crl_shard = order->entry.crl_shard});
    }
  }
  return out;
}

// A repeated request gets the present state of its certificate's block, once
// for all that share one.
void Issuance::AddRepeated(IssuedBatch& batch) {
  std::set<std::string> blocks;
  for (absl::StatusOr<Issued>& result : batch.results) {
    if (!result.ok() || !result->repeated) continue;
    const absl::Status added = [&]() -> absl::Status {
      ASSIGN_OR_RETURN(const auto view, ledger_.Read());
      ASSIGN_OR_RETURN(
          const CertificateState state,
          view->state().Certificate(result->issuer_id, result->serial));
      if (!blocks.insert(state.block_id).second) return absl::OkStatus();
      ASSIGN_OR_RETURN(const BlockUpdates present,
                       blocks_.GetBlock(state.block_id, 0));
      batch.updates.insert(batch.updates.end(), present.updates.begin(),
                           present.updates.end());
      return absl::OkStatus();
    }();
    if (!added.ok()) result = added;
  }
}

void Issuance::Admit(size_t certificates) {
  base::MutexLock lock(mu_);
  const uint64_t turn = last_turn_++;
  while (turn != turn_ ||
         (unsigned_ != 0 && unsigned_ + certificates > kMaxBatch)) {
    changed_.Wait(mu_);
  }
  ++turn_;
  unsigned_ += certificates;
  changed_.NotifyAll();
}

void Issuance::Leave(size_t certificates) {
  base::MutexLock lock(mu_);
  unsigned_ -= certificates;
  changed_.NotifyAll();
}

IssuedBatch Issuance::IssueBatch(absl::Span<const IssueRequest> requests) {
  if (requests.size() > kMaxBatch) {
    return {.results = {
                requests.size(),
                absl::InvalidArgumentError(absl::StrCat(
                    "requests: ", requests.size(), ": at most ", kMaxBatch))}};
  }
  std::vector<absl::StatusOr<Order>> orders = PrepareAll(requests);
  Admit(requests.size());
  Record(orders);
  IssuedBatch batch = Answer(std::move(orders));
  Leave(requests.size());
  AddRepeated(batch);
  return batch;
}

absl::StatusOr<Issued> Issuance::Issue(const IssueRequest& request) {
  IssuedBatch batch = IssueBatch({&request, 1});
  RETURN_IF_ERROR(batch.results[0].status());
  Issued issued = *std::move(batch.results[0]);
  issued.updates = std::move(batch.updates);
  return issued;
}

}  // namespace chancery::signer
