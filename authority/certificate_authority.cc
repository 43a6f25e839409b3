#include "authority/certificate_authority.h"

#include <future>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "base/utf8.h"
#include "storage/certificate_row.h"
#include "x509/certificate/csr.h"
#include "x509/certificate/pem.h"

namespace chancery::authority {
namespace {

constexpr size_t kMaxRequestId = 128;
constexpr size_t kMaxSerial = 20;  // RFC 5280 section 4.1.2.2.
constexpr char kCsrLabel[] = "CERTIFICATE REQUEST";

// Who may not answer.
constexpr char kSigner[] = "signer";
constexpr char kInventory[] = "inventory";

// How a signer begins that runs and may not sign (signer/await_active.h).
constexpr char kMayNotSign[] = "signer: ";

absl::Status CheckRequestId(const std::string& id) {
  if (id.empty() || id.size() > kMaxRequestId) {
    return absl::InvalidArgumentError(absl::StrCat(
        "request_id: ", id.size(), " bytes: must have 1 to ", kMaxRequestId));
  }
  // The inventory keeps nothing else: it must be said before anything is
  // signed.
  if (base::IsPlainText(id)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("request_id: ", base::Hex(base::AsBytes(id)),
                   ": must be UTF-8 without control characters"));
}

absl::Status CheckSerial(const std::string& serial) {
  if (!serial.empty() && serial.size() <= kMaxSerial && serial[0] != 0) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "serial: ", base::Hex(base::AsBytes(serial)), ": must have 1 to ",
      kMaxSerial, " bytes and not begin with zero"));
}

absl::Status CheckIssuer(const std::string& issuer) {
  if (!issuer.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError("issuer: must be named");
}

absl::StatusOr<std::string> ReadCsr(const std::string& csr) {
  // PEM takes a third more than DER.
  if (csr.empty() || csr.size() > 2 * x509::kMaxCsr) {
    return absl::InvalidArgumentError(absl::StrCat(
        "csr: ", csr.size(), " bytes: must have 1 to ", 2 * x509::kMaxCsr));
  }
  auto der = x509::DerOrPem(kCsrLabel, csr);
  if (der.ok()) return der;
  return absl::InvalidArgumentError(
      absl::StrCat("csr: ", std::string(der.status().message())));
}

// The order's CSR, in DER, if its fields keep the rules.
absl::StatusOr<std::string> CheckedCsr(const IssueOrder& order) {
  RETURN_IF_ERROR(CheckRequestId(order.request_id));
  RETURN_IF_ERROR(CheckIssuer(order.issuer));
  if (order.profile.empty()) {
    return absl::InvalidArgumentError("profile: must be named");
  }
  return ReadCsr(order.csr);
}

}  // namespace

CertificateAuthority::CertificateAuthority(const Parts& parts, Options options)
    : parts_(parts), options_(std::move(options)) {}

absl::StatusOr<Issued> CertificateAuthority::Issue(const IssueOrder& order) {
  return std::move(IssueBatch({&order, 1}).front());
}

std::vector<block::Update> CertificateAuthority::AskSigner(
    absl::Span<const IssueOrder> orders,
    std::vector<absl::StatusOr<Issued>>& answers, std::vector<bool>& repeated) {
  std::vector<SignerIssue> requests;
  std::vector<size_t> at;  // Which order each is of.
  for (size_t i = 0; i < orders.size(); ++i) {
    const IssueOrder& order = orders[i];
    absl::StatusOr<std::string> csr = CheckedCsr(order);
    if (!csr.ok()) {
      answers[i] = csr.status();
      continue;
    }
    at.push_back(i);
    requests.push_back({.request_id = order.request_id,
                        .requester = order.requester,
                        .issuer = order.issuer,
                        .profile = order.profile,
                        .csr = *std::move(csr),
                        .not_before = order.not_before,
                        .not_after = order.not_after});
  }
  if (requests.empty()) return {};
  // The commit point: from here on the certificates exist, whatever happens
  // here; the same orders again get them.
  auto batch = parts_.signer.IssueBatch(requests);
  for (size_t k = 0; k < at.size(); ++k) {
    const size_t i = at[k];
    auto issued = Answered(
        kSigner, batch.ok() ? std::move(batch->results[k]) : batch.status());
    if (!issued.ok()) {
      answers[i] = issued.status();
      continue;
    }
    const IssueOrder& order = orders[i];
    Issued out{.certificate = {.issuer_id = issued->issuer_id,
                               .serial = issued->serial,
                               .der = std::move(issued->certificate),
                               .profile = order.profile,
                               .requester = order.requester,
                               .request_id = order.request_id,
                               .block_id = std::move(issued->block_id),
                               .place = issued->place,
                               .crl_shard = issued->crl_shard,
                               .issued_at = absl::FromUnixSeconds(
                                   absl::ToUnixSeconds(parts_.clock.Now())),
                               .ledger_index = issued->ledger_index},
               .chain = std::move(issued->chain)};
    const absl::Status filled = storage::FillFromDer(out.certificate);
    repeated[i] = issued->repeated;
    if (filled.ok()) {
      answers[i] = std::move(out);
    } else {
      answers[i] = filled;
    }
  }
  if (!batch.ok()) return {};
  return std::move(batch->updates);
}

void CertificateAuthority::KeepRows(
    std::vector<absl::StatusOr<Issued>>& answers) {
  std::vector<storage::CertificateRow> rows;
  for (const absl::StatusOr<Issued>& answer : answers) {
    if (answer.ok()) rows.push_back(answer->certificate);
  }
  if (rows.empty()) return;
  const absl::Status together =
      WriteInventory([&] { return parts_.certificates.AddCertificates(rows); });
  if (together.ok()) return;
  for (absl::StatusOr<Issued>& answer : answers) {
    if (!answer.ok()) continue;
    absl::Status kept = together;
    if (rows.size() > 1 && !absl::IsUnavailable(together)) {
      // Because of one of them; which?
      kept = WriteInventory([&] {
        return parts_.certificates.AddCertificates({answer->certificate});
      });
    }
    if (!kept.ok()) answer = kept;
  }
}

std::vector<absl::StatusOr<Issued>> CertificateAuthority::IssueBatch(
    absl::Span<const IssueOrder> orders) {
  if (orders.size() > kMaxBatch) {
    return {orders.size(),
            absl::InvalidArgumentError(absl::StrCat("requests: ", orders.size(),
                                                    ": at most ", kMaxBatch))};
  }
  std::vector<absl::StatusOr<Issued>> answers(orders.size());
  std::vector<bool> repeated(orders.size());
  const std::vector<block::Update> updates =
      AskSigner(orders, answers, repeated);
  // Relying parties and inventory learn of it side by side; the client after
  // both.
  auto acknowledged =
      std::async(options_.publication, [&] { return Publish(updates); });
  KeepRows(answers);
  for (size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i].ok() || !repeated[i]) continue;
    // Its status may have changed since it was issued.
    const storage::CertificateRow& issued = answers[i]->certificate;
    auto row = Answered(kInventory, parts_.certificates.FindCertificate(
                                        issued.issuer_id, issued.serial));
    if (row.ok()) {
      answers[i]->certificate = *std::move(row);
    } else {
      answers[i] = row.status();
    }
  }
  const Acknowledged by = acknowledged.get();
  for (absl::StatusOr<Issued>& answer : answers) {
    if (answer.ok()) answer->acknowledged = by;
  }
  return answers;
}

absl::StatusOr<StatusChanged> CertificateAuthority::Revoke(
    const RevokeOrder& order) {
  RETURN_IF_ERROR(CheckRequestId(order.request_id));
  RETURN_IF_ERROR(CheckIssuer(order.issuer));
  RETURN_IF_ERROR(CheckSerial(order.serial));
  ASSIGN_OR_RETURN(const SignerStatus changed,
                   Answered(kSigner, parts_.signer.Revoke(
                                         {.request_id = order.request_id,
                                          .requester = order.requester,
                                          .issuer = order.issuer,
                                          .serial = order.serial,
                                          .reason = order.reason,
                                          .revoked_at = order.revoked_at})));
  return Record(changed);
}

absl::StatusOr<StatusChanged> CertificateAuthority::Release(
    const ReleaseOrder& order) {
  RETURN_IF_ERROR(CheckRequestId(order.request_id));
  RETURN_IF_ERROR(CheckIssuer(order.issuer));
  RETURN_IF_ERROR(CheckSerial(order.serial));
  ASSIGN_OR_RETURN(
      const SignerStatus changed,
      Answered(kSigner, parts_.signer.Release({.request_id = order.request_id,
                                               .requester = order.requester,
                                               .issuer = order.issuer,
                                               .serial = order.serial})));
  return Record(changed);
}

absl::StatusOr<storage::CertificateRow> CertificateAuthority::Get(
    const std::string& issuer, const std::string& serial) {
  RETURN_IF_ERROR(CheckSerial(serial));
  if (!issuer.empty()) {
    ASSIGN_OR_RETURN(const storage::IssuerRow row,
                     parts_.issuers.Named(issuer));
    return Answered(kInventory,
                    parts_.certificates.FindCertificate(row.issuer_id, serial));
  }
  ASSIGN_OR_RETURN(
      std::vector<storage::CertificateRow> rows,
      Answered(kInventory, parts_.certificates.FindSerial(serial)));
  if (rows.empty()) {
    return absl::NotFoundError(
        absl::StrCat("serial: there is no certificate with ",
                     base::Hex(base::AsBytes(serial))));
  }
  if (rows.size() > 1) {
    return absl::FailedPreconditionError(
        absl::StrCat("serial: ", rows.size(), " issuers have ",
                     base::Hex(base::AsBytes(serial)), ": name the issuer"));
  }
  return std::move(rows.front());
}

absl::StatusOr<storage::CertificateRow> CertificateAuthority::GetByRequest(
    const std::string& requester, const std::string& request_id) {
  return Answered(kInventory,
                  parts_.certificates.FindByRequest(requester, request_id));
}

absl::StatusOr<storage::CertificatePage> CertificateAuthority::List(
    const storage::CertificateFilter& filter, const std::string& page_token,
    size_t limit) {
  return Answered(kInventory, parts_.certificates.ListCertificates(
                                  filter, page_token, limit));
}

absl::Status CertificateAuthority::Answered(const char* who,
                                            absl::Status status) {
  if (!absl::IsUnavailable(status)) return status;
  parts_.log.Warning("no_answer", {{"from", who}, {"why", status}});
  absl::string_view why = status.message();
  if (absl::string_view(who) == kSigner &&
      absl::ConsumePrefix(&why, kMayNotSign)) {
    return absl::UnavailableError(absl::StrCat(
        "the signer may not sign now: repeat the request later: ", why));
  }
  return absl::UnavailableError(
      absl::StrCat("the ", who, " does not answer: repeat the request"));
}

template <typename T>
absl::StatusOr<T> CertificateAuthority::Answered(const char* who,
                                                 absl::StatusOr<T> result) {
  if (result.ok()) return result;
  return Answered(who, result.status());
}

absl::Status CertificateAuthority::WriteInventory(
    absl::FunctionRef<absl::Status()> write) {
  const absl::Status status = rpc::RetryUnavailable(
      parts_.clock, parts_.random, options_.sleep,
      parts_.clock.Now() + options_.inventory_patience, write);
  if (!absl::IsAlreadyExists(status)) return Answered(kInventory, status);
  // To a client it would mean that a request id was used twice.
  return absl::DataLossError(
      absl::StrCat("inventory: ", std::string(status.message())));
}

Acknowledged CertificateAuthority::Publish(
    const std::vector<block::Update>& updates) {
  if (parts_.publisher == nullptr || updates.empty()) return {};
  const auto acknowledged =
      parts_.publisher->Publish(updates, options_.publish_wait);
  if (acknowledged.ok()) return *acknowledged;
  parts_.log.Warning("not_published", {{"why", acknowledged.status()}});
  return {};
}

absl::StatusOr<StatusChanged> CertificateAuthority::Record(
    const SignerStatus& changed) {
  const storage::StatusRow& status = changed.status;
  // Relying parties must learn of it first, and even if the inventory cannot.
  StatusChanged out;
  out.acknowledged = Publish(changed.updates);
  const absl::Status written =
      WriteInventory([&] { return parts_.certificates.SetStatus(status); });
  if (absl::IsUnavailable(written)) {
    return absl::UnavailableError(
        "the ledger has it, the inventory does not answer: repeat the request "
        "to see the certificate");
  }
  if (!written.ok() && !absl::IsNotFound(written)) return written;
  auto row = Answered(kInventory, parts_.certificates.FindCertificate(
                                      status.issuer_id, status.serial));
  if (!row.ok() && !absl::IsNotFound(row.status())) return row.status();
  storage::CertificateRow& shown = out.certificate;
  const bool known = row.ok();
  if (known) shown = *std::move(row);
  // The inventory may have got the certificate just now, or not yet.
  if (!known || shown.ledger_index < status.ledger_index) {
    shown.issuer_id = status.issuer_id;
    shown.serial = status.serial;
    shown.status = status.status;
    shown.reason = status.reason;
    shown.revoked_at = status.revoked_at;
    shown.ledger_index = status.ledger_index;
  }
  return out;
}

}  // namespace chancery::authority
