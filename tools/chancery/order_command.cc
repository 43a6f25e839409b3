#include "tools/chancery/order_command.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "chancery/config/cli.pb.h"
#include "crypto/software_key.h"
#include "ledger/revocation_order.h"
#include "tools/chancery/certificate_file.h"
#include "tools/chancery/connections.h"
#include "tools/chancery/json.h"
#include "tools/chancery/serial_file.h"
#include "tools/chancery/text.h"
#include "x509/certificate/certificate.h"

namespace chancery::cli {
namespace {

constexpr size_t kMaxFileBytes = 256 << 20;
constexpr size_t kMaxOrderBytes = 1 << 16;
// An order is for what happens now.
constexpr uint32_t kMaxExpiresHours = 7 * 24;

absl::StatusOr<ledger::SignedOrder> ReadOrder(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string bytes,
                   base::ReadFile(path, kMaxOrderBytes));
  auto file = ledger::ParseSignedOrder(base::AsBytes(bytes));
  if (file.ok()) return file;
  return absl::Status(file.status().code(),
                      absl::StrCat(path, ": ", file.status().message()));
}

absl::Status WriteOrder(const std::string& path,
                        const ledger::SignedOrder& file) {
  const std::string bytes = ledger::EncodeSignedOrder(file);
  return base::WriteFileAtomically(path, base::AsBytes(bytes));
}

std::string DateText(const ledger::RevocationOrder& order) {
  return order.revoked_at.has_value() ? TimeText(*order.revoked_at) : "now";
}

absl::StatusOr<SerialList> ReadSerials(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, base::ReadFile(path, kMaxFileBytes));
  auto list = ParseSerialFile(text);
  if (list.ok()) return list;
  return absl::Status(list.status().code(),
                      absl::StrCat(path, ": ", list.status().message()));
}

// Whether `order` is for the serials in this file; "" is not looked at.
absl::Status CheckSerials(const ledger::RevocationOrder& order,
                          const std::string& path) {
  if (path.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const SerialList list, ReadSerials(path));
  const auto& [issuer, serials] = *list.begin();
  if (list.size() == 1 && (issuer.empty() || issuer == order.issuer) &&
      ledger::SerialsSha256(serials) == order.serials_sha256) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("the order is not for the serials in ", path));
}

// The identities in a certificate, as it says: nobody has verified them here.
std::string NamesIn(const std::string& der) {
  const auto certificate = x509::Certificate::Parse(base::AsBytes(der));
  if (!certificate.ok()) return "a certificate that does not parse";
  std::string names;
  for (const auto& name : certificate->facts().extensions.alt_names) {
    if (name.kind == x509::AltNameKind::kUri) {
      absl::StrAppend(&names, names.empty() ? "" : ", ", name.value);
    }
  }
  return names.empty() ? "a certificate without an identity" : names;
}

}  // namespace

std::string OrderCommand::example() const {
  return "chancery --dir ca order make --file serials.txt --reason "
         "keyCompromise --out order\n"
         "  chancery order show order --file serials.txt\n"
         "  chancery --dir ca order sign order --file serials.txt --as "
         "approver\n"
         "  chancery --dir ca revoke --file serials.txt --reason keyCompromise "
         "--order order";
}

void OrderCommand::Declare(OptionSet& options) {
  options.AddText({.name = "action",
                   .value = "make|sign|show",
                   .help = "What to do",
                   .required = true},
                  action_);
  options.AddText({.name = "order",
                   .value = "ORDER",
                   .help = "The order's file, to sign or to show"},
                  order_file_);
  options.AddText({.name = "--out",
                   .value = "FILE",
                   .help = "Where the order goes; make: not over a file. "
                           "Without it, `sign` replaces ORDER"},
                  out_);
  options.AddText(
      {.name = "--file",
       .value = "FILE",
       .help = "make: the serials, as for `revoke --file`; sign and "
               "show: refuse an order for others"},
      file_);
  options.AddText({.name = "--issuer",
                   .value = "NAME",
                   .help = "make: which CA issued them, unless the file says"},
                  issuer_);
  options.AddText({.name = "--reason",
                   .value = "NAME",
                   .help = "make: why, as for `revoke`"},
                  reason_);
  options.AddText(
      {.name = "--date",
       .value = "TIME",
       .help = "make: since when. Without it, when each is revoked"},
      date_);
  options.AddText({.name = "--id",
                   .value = "TEXT",
                   .help = "make: what to call it. Without it, a random one"},
                  id_);
  options.AddNumber({.name = "--expires-hours",
                     .value = "HOURS",
                     .help = "make: how long it may be used"},
                    expires_hours_);
  options.AddText({.name = "--as",
                   .value = "NAME",
                   .help = "sign: who, of DIR/identity: NAME.pem and NAME.key"},
                  as_);
  options.AddText({.name = "--cert",
                   .value = "FILE",
                   .help = "sign: who, with --key instead of --as"},
                  certificate_file_);
  options.AddText({.name = "--key",
                   .value = "FILE",
                   .help = "sign: its key, readable only by its owner"},
                  key_file_);
  options.AddFlag({.name = "--json", .help = "show: print JSON"}, json_);
}

absl::Status OrderCommand::Check() const {
  if (action_ == "make") {
    if (file_.empty() || out_.empty()) {
      return absl::InvalidArgumentError(
          "make: name the serials with --file FILE and where the order goes "
          "with --out FILE");
    }
    if (expires_hours_ == 0) {
      return absl::InvalidArgumentError("--expires-hours: must be positive");
    }
    if (expires_hours_ > kMaxExpiresHours) {
      return absl::InvalidArgumentError(
          absl::StrCat("--expires-hours: ", expires_hours_, ": at most ",
                       kMaxExpiresHours, ", a week"));
    }
    RETURN_IF_ERROR(ParseReasonOption(reason_).status());
    return date_.empty() ? absl::OkStatus()
                         : ParseTimeOption("--date", date_).status();
  }
  if (action_ != "sign" && action_ != "show") {
    return absl::InvalidArgumentError(
        absl::StrCat("there is no action `", action_, "`: make, sign or show"));
  }
  if (order_file_.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(action_, ": which order? Name its file"));
  }
  const bool by_files = !certificate_file_.empty() && !key_file_.empty();
  if (action_ == "sign" &&
      (as_.empty() ? !by_files
                   : !certificate_file_.empty() || !key_file_.empty())) {
    return absl::InvalidArgumentError(
        "sign: who signs? Name the identity with --as NAME, or its files with "
        "--cert FILE --key FILE");
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> OrderCommand::Run(const Environment& environment) {
  if (action_ == "make") return Make(environment);
  return action_ == "sign" ? Sign(environment) : Show(environment);
}

absl::StatusOr<bool> OrderCommand::Make(const Environment& environment) const {
  ASSIGN_OR_RETURN(const SerialList list, ReadSerials(file_));
  if (list.size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(file_, ": names several issuers; an order is for one"));
  }
  const auto& [named, serials] = *list.begin();
  if (!named.empty() && !issuer_.empty() && named != issuer_) {
    return absl::InvalidArgumentError(absl::StrCat(file_, ": is of issuer \"",
                                                   named, "\", --issuer is \"",
                                                   issuer_, "\""));
  }
  std::string issuer = named.empty() ? issuer_ : named;
  if (issuer.empty()) {
    ASSIGN_OR_RETURN(const Connections connections,
                     Connections::Open(environment.globals));
    issuer = connections.config().default_issuer();
  }
  ASSIGN_OR_RETURN(const int reason, ParseReasonOption(reason_));
  const std::string fresh_id = environment.random.Bytes(16);
  ledger::RevocationOrder order{
      .id = id_.empty() ? base::Hex(base::AsBytes(fresh_id)) : id_,
      .issuer = issuer,
      .reason = static_cast<uint8_t>(reason),
      .revoked_at = {},
      .serial_count = static_cast<uint32_t>(serials.size()),
      .serials_sha256 = ledger::SerialsSha256(serials),
      .expires = absl::FromUnixSeconds(absl::ToUnixSeconds(
          environment.clock.Now() + absl::Hours(expires_hours_)))};
  if (!date_.empty()) {
    ASSIGN_OR_RETURN(order.revoked_at, ParseTimeOption("--date", date_));
  }
  RETURN_IF_ERROR(ledger::ValidateOrder(order));
  const std::string bytes = ledger::EncodeSignedOrder(
      {.certificate = {}, .content = {.message = ledger::EncodeOrder(order)}});
  // Never over an order that somebody has signed.
  RETURN_IF_ERROR(base::CreateFile(out_, base::AsBytes(bytes)));
  environment.out << FormatFacts(
      {{"Order", order.id},
       {"Certificates", absl::StrCat(order.serial_count)},
       {"Expires", TimeText(order.expires)},
       {"Next", absl::StrCat("a second person signs it: chancery order sign ",
                             out_, " --as NAME")}});
  return true;
}

absl::StatusOr<bool> OrderCommand::Sign(const Environment& environment) const {
  std::string certificate_file = certificate_file_, key_file = key_file_;
  if (!as_.empty()) {
    ASSIGN_OR_RETURN(const std::string folder,
                     ClusterFolder(environment.globals));
    certificate_file = absl::StrCat(folder, "/identity/", as_, ".pem");
    key_file = absl::StrCat(folder, "/identity/", as_, ".key");
  }
  ASSIGN_OR_RETURN(const ledger::SignedOrder file, ReadOrder(order_file_));
  ASSIGN_OR_RETURN(const ledger::RevocationOrder order,
                   ledger::ParseOrder(base::AsBytes(file.content.message)));
  RETURN_IF_ERROR(CheckSerials(order, file_));
  ASSIGN_OR_RETURN(const x509::Certificate certificate,
                   LoadCertificateFile(certificate_file));
  ASSIGN_OR_RETURN(const auto key, crypto::LoadSoftwareKey(key_file, nullptr));
  ASSIGN_OR_RETURN(const ledger::SignedOrder signed_order,
                   ledger::SignOrder(order, certificate.der(), *key));
  RETURN_IF_ERROR(WriteOrder(out_.empty() ? order_file_ : out_, signed_order));
  environment.out << FormatFacts(
      {{"Order", order.id},
       {"Certificates", absl::StrCat(order.serial_count)},
       {"Signed by", NamesIn(certificate.der())}});
  return true;
}

absl::StatusOr<bool> OrderCommand::Show(const Environment& environment) const {
  ASSIGN_OR_RETURN(const ledger::SignedOrder file, ReadOrder(order_file_));
  ASSIGN_OR_RETURN(const ledger::RevocationOrder order,
                   ledger::ParseOrder(base::AsBytes(file.content.message)));
  RETURN_IF_ERROR(CheckSerials(order, file_));
  std::string signer = "nobody yet";
  bool right = true;
  if (file.is_signed()) {
    right = ledger::OpenOrder(file).ok();
    signer =
        right ? NamesIn(file.certificate) : "nobody: the signature is wrong";
  }
  const std::string hash = base::Hex(base::AsBytes(order.serials_sha256));
  if (json_) {
    environment.out << JsonObject()
                           .SetText("id", order.id)
                           .SetText("issuer", order.issuer)
                           .SetText("reason", ReasonName(order.reason))
                           .SetText("date", DateText(order))
                           .SetNumber("certificates", order.serial_count)
                           .SetText("serials_sha256", hash)
                           .SetText("expires", TimeText(order.expires))
                           .SetBool("signed", file.is_signed() && right)
                           .SetText("signer", signer)
                           .Print();
    return right;
  }
  environment.out << FormatFacts(
      {{"Order", order.id},
       {"Issuer", order.issuer},
       {"Reason", ReasonName(order.reason)},
       {"Since", DateText(order)},
       {"Certificates", absl::StrCat(order.serial_count)},
       {"Serials", absl::StrCat("SHA-256 ", hash)},
       {"Expires", TimeText(order.expires)},
       {"Signed by", signer}});
  return right;
}

}  // namespace chancery::cli
