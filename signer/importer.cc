#include "signer/importer.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "crypto/digest.h"
#include "policy/br_revocation.h"
#include "signer/crl_shard.h"
#include "signer/origin.h"
#include "signer/revocation_reason.h"
#include "signer/schedule.h"
#include "x509/certificate/certificate.h"

namespace chancery::signer {
namespace {

constexpr size_t kMaxItems = 4096;
constexpr int kCertificateHold = 6;

// An item that was checked, and where it stood in the request.
struct Checked {
  x509::Certificate certificate;
  const ImportItem* item;
  size_t position;
};

absl::Status ItemError(absl::StatusCode code, size_t position,
                       absl::string_view what) {
  return absl::Status(code, absl::StrCat("items[", position, "]: ", what));
}

absl::Status CheckRevocation(const Issuer& issuer,
                             const x509::Certificate& certificate,
                             const ImportItem& item, absl::Time now) {
  RETURN_IF_ERROR(CheckReasonFor(issuer, certificate, item.reason));
  const absl::Time date = item.revoked_at;
  if (date > now || date < absl::UnixEpoch() ||
      date != absl::FromUnixSeconds(absl::ToUnixSeconds(date))) {
    return absl::InvalidArgumentError(
        absl::StrCat("revoked_at: ", absl::FormatTime(date),
                     " is not a whole second between 1970 and now"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Checked> Check(const Issuer& issuer, const x509::Certificate& ca,
                              const ImportItem& item, size_t position,
                              absl::Time now) {
  auto parsed = x509::Certificate::Parse(base::AsBytes(item.certificate));
  if (!parsed.ok()) {
    return ItemError(absl::StatusCode::kInvalidArgument, position,
                     parsed.status().message());
  }
  const absl::Status issued = x509::CheckIssuedBy(*parsed, ca);
  if (!issued.ok()) {
    return ItemError(absl::StatusCode::kInvalidArgument, position,
                     issued.message());
  }
  if (parsed->facts().not_after <= now) {
    return ItemError(absl::StatusCode::kInvalidArgument, position,
                     "has expired");
  }
  const x509::Extensions& extensions = parsed->facts().extensions;
  const bool is_subscriber = !extensions.is_ca.value_or(false) &&
                             extensions.extended_key_usage !=
                                 std::vector<std::string>{x509::kOcspSigning};
  if (issuer.br() == policy::br::Covers::kCaCertificates && is_subscriber) {
    return ItemError(absl::StatusCode::kFailedPrecondition, position,
                     "a subscriber's, of an issuer of policy br that has no "
                     "profile: its CRLs cover CA certificates only (Baseline "
                     "Requirements section 7.2)");
  }
  if (item.revoked) {
    const absl::Status allowed = CheckRevocation(issuer, *parsed, item, now);
    if (!allowed.ok())
      return ItemError(allowed.code(), position, allowed.message());
  }
  return Checked{
      .certificate = *std::move(parsed), .item = &item, .position = position};
}

// Side by side; the first refusal is the one of the smallest position.
absl::StatusOr<std::vector<Checked>> CheckAll(
    SigningThreads& threads, const Issuer& issuer, const x509::Certificate& ca,
    const std::vector<ImportItem>& items, absl::Time now) {
  std::vector<absl::StatusOr<Checked>> results(items.size(),
                                               absl::UnknownError(""));
  RETURN_IF_ERROR(
      threads.Run(items.size(), SigningThreads::kSignatures, [&](size_t i) {
        results[i] = Check(issuer, ca, items[i], i, now);
        return absl::OkStatus();
      }));
  std::vector<Checked> checked;
  checked.reserve(items.size());
  for (absl::StatusOr<Checked>& result : results) {
    if (!result.ok()) return result.status();
    checked.push_back(*std::move(result));
  }
  return checked;
}

}  // namespace

absl::StatusOr<Imported> Importer::Import(const ImportRequest& request) {
  if (!allowed_) {
    return absl::FailedPreconditionError(
        "import: this signer's configuration does not have allow_import: true");
  }
  if (request.items.empty() || request.items.size() > kMaxItems) {
    return absl::InvalidArgumentError(absl::StrCat(
        "items: ", request.items.size(), "; 1 to ", kMaxItems, " are allowed"));
  }
  RETURN_IF_ERROR(CheckRequester(request.asker.requester));
  ASSIGN_OR_RETURN(const Issuer* issuer, issuers_.Named(request.issuer));
  ASSIGN_OR_RETURN(
      const x509::Certificate ca,
      x509::Certificate::Parse(base::AsBytes(issuer->certificate)));
  ASSIGN_OR_RETURN(
      std::vector<Checked> checked,
      CheckAll(threads_, *issuer, ca, request.items, clock_.Now()));
  // Blocks fill in order of notAfter, so that members expire together.
  std::stable_sort(checked.begin(), checked.end(),
                   [](const Checked& a, const Checked& b) {
                     return a.certificate.facts().not_after <
                            b.certificate.facts().not_after;
                   });
  Imported out;
  RETURN_IF_ERROR(ledger_.Execute([&](Transaction& tx) -> absl::Status {
    out = Imported();
    std::set<std::string> blocks;
    for (const Checked& one : checked) {
      RETURN_IF_ERROR(Add(tx, *issuer, request.asker, one.certificate,
                          *one.item, one.position, out, blocks));
    }
    out.block_ids.assign(blocks.begin(), blocks.end());
    return absl::OkStatus();
  }));
  return out;
}

absl::Status Importer::Add(Transaction& tx, const Issuer& issuer,
                           const Asker& asker,
                           const x509::Certificate& certificate,
                           const ImportItem& item, size_t position,
                           Imported& out, std::set<std::string>& blocks) {
  const x509::CertificateFacts& facts = certificate.facts();
  auto held = tx.state().Certificate(issuer.issuer_id, facts.serial);
  if (!held.ok() && !absl::IsNotFound(held.status())) return held.status();
  // Import has no request id of its own: repeating it changes nothing.
  const ledger::Origin origin{.caller = asker.caller_uri,
                              .requester = asker.requester,
                              .request_id = {},
                              .request_hash = {}};
  if (held.ok()) {
    const auto sha256 = crypto::Sha256(base::AsBytes(certificate.der()));
    if (held->certificate_sha256 != base::ToString(sha256)) {
      return ItemError(
          absl::StatusCode::kAlreadyExists, position,
          absl::StrCat("serial ", base::Hex(base::AsBytes(facts.serial)),
                       " is known with other bytes"));
    }
    ++out.already_known;
  } else {
    ASSIGN_OR_RETURN(const Place place,
                     tx.state().NextPlace(
                         {.issuer_id = issuer.issuer_id,
                          .lifetime_class =
                              LifetimeClass(facts.not_after - facts.not_before),
                          .imported = true,
                          .capacity = issuer.block_capacity},
                         tx.time()));
    RETURN_IF_ERROR(tx.Append(ledger::CertificateEntry{
                                  .imported = true,
                                  .issuer_id = issuer.issuer_id,
                                  .serial = facts.serial,
                                  .not_after = facts.not_after,
                                  .crl_shard = ShardForImport(issuer, facts),
                                  .block_id = place.block_id,
                                  .place = place.place,
                                  .block_capacity = place.block_capacity,
                                  .lifetime_class = LifetimeClass(
                                      facts.not_after - facts.not_before),
                                  .profile = {},
                                  .origin = origin,
                                  .certificate = certificate.der()})
                        .status());
    ++out.added;
    blocks.insert(place.block_id);
    ASSIGN_OR_RETURN(held,
                     tx.state().Certificate(issuer.issuer_id, facts.serial));
  }
  // A status may rise, to held or revoked, and never falls (TRUST 2.2).
  const bool is_hold = item.reason == kCertificateHold;
  const bool rises = held->status == CertificateStatus::kGood ||
                     (held->status == CertificateStatus::kHeld && !is_hold);
  if (!item.revoked || !rises) return absl::OkStatus();
  RETURN_IF_ERROR(
      tx.Append(ledger::StatusEntry{
                    .change = is_hold ? ledger::StatusChange::kHold
                                      : ledger::StatusChange::kRevoke,
                    .issuer_id = issuer.issuer_id,
                    .serial = facts.serial,
                    .reason = static_cast<uint8_t>(item.reason),
                    // What was held keeps its date.
                    .revoked_at = held->status == CertificateStatus::kHeld
                                      ? held->revoked_at
                                      : item.revoked_at,
                    .origin = origin})
          .status());
  ++out.raised_to_revoked;
  blocks.insert(held->block_id);
  return absl::OkStatus();
}

}  // namespace chancery::signer
