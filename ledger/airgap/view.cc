#include "ledger/airgap/view.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "block/block.h"
#include "block/head.h"
#include "block/manifest.h"
#include "chancery/airgap/v1/airgap.pb.h"
#include "crypto/digest.h"
#include "crypto/key_type.h"
#include "ledger/entry.h"
#include "x509/certificate/certificate.h"
#include "x509/certificate/csr.h"
#include "x509/certificate/names.h"
#include "x509/crl/reason.h"

namespace chancery::airgap {
namespace {

using v1::Record;

std::string HexOf(const std::string& bytes) {
  return base::Hex(base::AsBytes(bytes));
}

std::string Sha256Of(const std::string& bytes) {
  return base::Hex(crypto::Sha256(base::AsBytes(bytes)));
}

std::string SecondsText(int64_t seconds) {
  return TimeText(absl::FromUnixSeconds(seconds));
}

std::string NamesText(const std::vector<x509::AltName>& names) {
  std::vector<std::string> texts;
  for (const x509::AltName& name : names) {
    texts.push_back(x509::AltNameText(name));
  }
  return absl::StrJoin(texts, ", ");
}

std::string KeyText(const crypto::PublicKey& key) {
  return absl::StrCat(crypto::Name(key.type()), " ", key.bits(),
                      " bits, SHA-256 ", base::Hex(block::KeyIdOf(key)));
}

void AddHeader(const v1::Header& header, Facts& out) {
  const bool is_request = header.direction() == v1::DIRECTION_REQUEST;
  out.emplace_back("direction", is_request ? "request" : "result");
  out.emplace_back("channel", header.channel());
  out.emplace_back("number", absl::StrCat(header.number()));
  out.emplace_back("previous_sha256", HexOf(header.previous_sha256()));
  out.emplace_back("created", SecondsText(header.created_seconds()));
  if (!is_request) {
    out.emplace_back("request_sha256", HexOf(header.request_sha256()));
    return;
  }
  const auto head = block::HeadOf(base::AsBytes(header.head()));
  out.emplace_back("newest_head", header.head().empty() ? "none"
                                  : head.ok()           ? TimeText(head->time)
                                                        : "malformed");
  out.emplace_back("have_entries", absl::StrCat(header.have_entries()));
}

void AddIssue(const v1::IssueCertificate& issue, Facts& out) {
  out.emplace_back("request_id", issue.request_id());
  out.emplace_back("issuer", issue.issuer());
  out.emplace_back("profile", issue.profile());
  out.emplace_back("requester", issue.requester());
  const auto csr = x509::ParseCsr(base::AsBytes(issue.csr()));
  if (!csr.ok()) {
    out.emplace_back("csr", std::string(csr.status().message()));
    return;
  }
  out.emplace_back("subject", x509::NameText(csr->subject));
  out.emplace_back("names", NamesText(csr->alt_names));
  out.emplace_back("key", KeyText(csr->public_key));
}

void AddRevoke(const v1::Revoke& revoke, Facts& out) {
  out.emplace_back("request_id", revoke.request_id());
  out.emplace_back("issuer", revoke.issuer());
  out.emplace_back("serial", HexOf(revoke.serial()));
  out.emplace_back("reason", x509::CrlReasonText(revoke.reason()));
  out.emplace_back("since", revoke.revoked_at_seconds() == 0
                                ? "when it is recorded"
                                : SecondsText(revoke.revoked_at_seconds()));
  out.emplace_back("requester", revoke.requester());
}

void AddOutcome(const v1::Outcome& outcome, Facts& out) {
  out.emplace_back("item", absl::StrCat(outcome.item()));
  out.emplace_back("done", outcome.refused().empty() ? "yes" : "no");
  if (!outcome.refused().empty()) out.emplace_back("why", outcome.refused());
  if (!outcome.request_id().empty()) {
    out.emplace_back("request_id", outcome.request_id());
    out.emplace_back("issuer", outcome.issuer());
  }
  if (!outcome.serial().empty()) {
    out.emplace_back("serial", HexOf(outcome.serial()));
  }
  if (!outcome.certificate().empty()) {
    const auto made =
        x509::Certificate::Parse(base::AsBytes(outcome.certificate()));
    if (made.ok()) {
      const auto subject =
          x509::ParseName(base::AsBytes(made->facts().subject));
      if (subject.ok()) out.emplace_back("subject", x509::NameText(*subject));
      out.emplace_back("not_after", TimeText(made->facts().not_after));
    }
    out.emplace_back("certificate_sha256", Sha256Of(outcome.certificate()));
  }
  if (outcome.blocks() + outcome.crls() > 0) {
    out.emplace_back("blocks", absl::StrCat(outcome.blocks()));
    out.emplace_back("crls", absl::StrCat(outcome.crls()));
  }
}

void AddCrl(const v1::Crl& crl, Facts& out) {
  out.emplace_back("issuer_id", HexOf(crl.issuer_id()));
  out.emplace_back("shard", absl::StrCat(crl.shard()));
  out.emplace_back("type", crl.is_delta() ? "delta" : "full");
  out.emplace_back("crl_number", absl::StrCat(crl.number()));
  out.emplace_back("this_update", SecondsText(crl.this_update_seconds()));
  out.emplace_back("next_update", SecondsText(crl.next_update_seconds()));
  out.emplace_back("size", absl::StrCat(crl.size()));
}

void AddHead(const block::SignedHead& signed_head, Facts& out) {
  const auto head = block::HeadOf(base::AsBytes(signed_head.head));
  if (!head.ok()) return;
  out.emplace_back("time", TimeText(head->time));
  out.emplace_back("ledger_size", absl::StrCat(head->ledger_size));
  out.emplace_back("ledger_root", base::Hex(head->ledger_root));
}

std::string TypesIn(const v1::Entries& page) {
  std::vector<std::string> types;
  for (const std::string& encoded : page.entries()) {
    const auto entry = ledger::ParseEntry(base::AsBytes(encoded));
    types.push_back(entry.ok() ? ledger::EntryTypeName(entry->body)
                               : "malformed");
    if (types.size() == 8 && page.entries_size() > 8) {
      types.push_back("...");
      break;
    }
  }
  return absl::StrJoin(types, ", ");
}

}  // namespace

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

std::string KindOf(const Record& record) {
  switch (record.record_case()) {
    case Record::kHeader:
      return "header";
    case Record::kIssue:
      return "issue";
    case Record::kRevoke:
      return "revoke";
    case Record::kSignCrl:
      return "sign CRL";
    case Record::kSignBlock:
      return "sign block";
    case Record::kSignDue:
      return "sign all that is due";
    case Record::kIssuer:
      return "issuer";
    case Record::kOutcome:
      return "outcome";
    case Record::kBlock:
      return "block";
    case Record::kCrl:
      return "CRL";
    case Record::kCrlData:
      return "CRL data";
    case Record::kEntries:
      return "ledger entries";
    case Record::kHead:
      return "head";
    case Record::kTrailer:
      return "trailer";
    case Record::kSignature:
      return "signature";
    case Record::RECORD_NOT_SET:
      break;
  }
  return "nothing";
}

Facts FactsOf(const Record& record) {
  Facts out;
  switch (record.record_case()) {
    case Record::kHeader:
      AddHeader(record.header(), out);
      break;
    case Record::kIssue:
      AddIssue(record.issue(), out);
      break;
    case Record::kRevoke:
      AddRevoke(record.revoke(), out);
      break;
    case Record::kSignCrl:
      out.emplace_back("issuer", record.sign_crl().issuer());
      out.emplace_back("shard", absl::StrCat(record.sign_crl().shard()));
      out.emplace_back("type", record.sign_crl().is_delta() ? "delta" : "full");
      break;
    case Record::kSignBlock:
      out.emplace_back("block", HexOf(record.sign_block().block_id()));
      break;
    case Record::kSignDue:
      out.emplace_back("due_by",
                       SecondsText(record.sign_due().due_by_seconds()));
      break;
    case Record::kIssuer:
      out.emplace_back("name", record.issuer().name());
      out.emplace_back("issuer_id", HexOf(record.issuer().issuer_id()));
      break;
    case Record::kOutcome:
      AddOutcome(record.outcome(), out);
      break;
    case Record::kBlock: {
      const auto& update = record.block().update();
      out.emplace_back("block", HexOf(update.block_id()));
      out.emplace_back("version", absl::StrCat(update.version()));
      out.emplace_back("size", absl::StrCat(update.block().size()));
      const auto manifest = block::ManifestOf(base::AsBytes(update.block()));
      if (manifest.ok()) {
        out.emplace_back("certificates", absl::StrCat(manifest->count));
        out.emplace_back("this_update", TimeText(manifest->this_update));
        out.emplace_back("next_update", TimeText(manifest->next_update));
      }
      break;
    }
    case Record::kCrl:
      AddCrl(record.crl(), out);
      break;
    case Record::kCrlData:
      out.emplace_back("size", absl::StrCat(record.crl_data().data().size()));
      break;
    case Record::kEntries:
      out.emplace_back("first_index",
                       absl::StrCat(record.entries().first_index()));
      out.emplace_back("count", absl::StrCat(record.entries().entries_size()));
      out.emplace_back("types", TypesIn(record.entries()));
      break;
    case Record::kHead:
      AddHead({.head = record.head().head(), .index = {}}, out);
      break;
    case Record::kTrailer:
      out.emplace_back("sha256", HexOf(record.trailer().sha256()));
      out.emplace_back("records", absl::StrCat(record.trailer().records()));
      break;
    case Record::kSignature:
      out.emplace_back("key_id", HexOf(record.signature().key_id()));
      break;
    case Record::RECORD_NOT_SET:
      break;
  }
  return out;
}

}  // namespace chancery::airgap
