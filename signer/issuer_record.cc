#include "signer/issuer_record.h"

#include <map>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "ledger/entry.h"

namespace chancery::signer {
namespace {

absl::Status Refused(const Issuer& issuer, absl::string_view field,
                     absl::string_view value, absl::string_view rule) {
  return absl::FailedPreconditionError(absl::StrCat(
      "issuer \"", issuer.name, "\".", field, ": ", value, ": ", rule));
}

absl::Status CheckUnchanged(const Issuer& issuer, const IssuerState& known) {
  if (issuer.name != known.name) {
    return Refused(
        issuer, "name", absl::StrCat("\"", issuer.name, "\""),
        absl::StrCat("this certificate's subject and key began as "
                     "issuer \"",
                     known.name, "\"; the name is in URLs of CRLs and stays"));
  }
  if (issuer.crl_shards != known.crl_shards) {
    return Refused(issuer, "crl_shards", absl::StrCat(issuer.crl_shards),
                   absl::StrCat("this issuer began with ", known.crl_shards,
                                "; its certificates name them, so another "
                                "number needs a new CA certificate with a new "
                                "key"));
  }
  return absl::OkStatus();
}

absl::Status RecordIn(const std::vector<Issuer>& issuers, Transaction& tx) {
  std::map<std::string, std::string> id_of;  // By name.
  RETURN_IF_ERROR(tx.state().Issuers([&](const IssuerState& known) {
    id_of[known.name] = known.issuer_id;
    return absl::OkStatus();
  }));
  for (const Issuer& issuer : issuers) {
    ASSIGN_OR_RETURN(const std::optional<IssuerState> known,
                     tx.state().Issuer(issuer.issuer_id));
    if (known.has_value()) {
      RETURN_IF_ERROR(CheckUnchanged(issuer, *known));
      continue;
    }
    if (id_of.contains(issuer.name)) {
      return Refused(issuer, "name", absl::StrCat("\"", issuer.name, "\""),
                     "an issuer with another subject or key has had it, and "
                     "its certificates still name its CRLs");
    }
    const absl::Status added =
        tx.Append(ledger::IssuerEntry{.issuer_id = issuer.issuer_id,
                                      .name = issuer.name,
                                      .certificate = issuer.certificate,
                                      .crl_shards = issuer.crl_shards})
            .status();
    if (absl::IsFailedPrecondition(added)) {
      return Refused(issuer, "crl_shards", absl::StrCat(issuer.crl_shards),
                     "its certificates so far are all in one CRL");
    }
    RETURN_IF_ERROR(added);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status RecordIssuers(const std::vector<Issuer>& issuers, Ledger& ledger) {
  return ledger.Execute([&](Transaction& tx) { return RecordIn(issuers, tx); });
}

}  // namespace chancery::signer
