#include <optional>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "chancery/airgap/v1/airgap.pb.h"
#include "chancery/config/cli.pb.h"
#include "ledger/airgap/record_file.h"
#include "refresher/airgap/request_export.h"
#include "tools/chancery/airgap/airgap_options.h"
#include "tools/chancery/airgap/online_side.h"
#include "tools/chancery/json.h"
#include "tools/chancery/text.h"
#include "x509/certificate/csr.h"
#include "x509/certificate/pem.h"

namespace chancery::cli {
namespace {

using airgap::v1::Record;

constexpr size_t kBlockIdSize = 16;

absl::StatusOr<Record> CrlItem(const std::string& text, bool delta) {
  const std::pair<std::string, std::string> parts =
      absl::StrSplit(text, absl::MaxSplits('/', 1));
  uint32_t shard = 0;
  if (parts.first.empty() ||
      (!parts.second.empty() && !absl::SimpleAtoi(parts.second, &shard))) {
    return absl::InvalidArgumentError(
        absl::StrCat("--crl: ", text, ": must be ISSUER or ISSUER/SHARD"));
  }
  Record item;
  item.mutable_sign_crl()->set_issuer(parts.first);
  item.mutable_sign_crl()->set_shard(shard);
  item.mutable_sign_crl()->set_is_delta(delta);
  return item;
}

absl::StatusOr<Record> BlockItem(const std::string& text) {
  const std::optional<std::string> id = base::FromHex(text);
  if (!id.has_value() || id->size() != kBlockIdSize) {
    return absl::InvalidArgumentError(
        absl::StrCat("--block: ", text, ": must be 32 hexadecimal digits"));
  }
  Record item;
  item.mutable_sign_block()->set_block_id(*id);
  return item;
}

// The same way for all items that have an id.
class Items {
 public:
  Items(const AirGapOptions& options, std::string requester,
        const Environment& environment)
      : options_(options),
        requester_(std::move(requester)),
        environment_(environment) {}

  absl::Status Write(airgap::RecordWriter& writer) {
    for (const std::string& path : options_.csrs) {
      RETURN_IF_ERROR(AddCsr(path, writer));
    }
    for (const std::string& serial : options_.revoke) {
      RETURN_IF_ERROR(AddRevocation(serial, writer));
    }
    for (const std::string& crl : options_.crls) {
      ASSIGN_OR_RETURN(const Record item, CrlItem(crl, options_.delta));
      RETURN_IF_ERROR(writer.Add(item));
    }
    for (const std::string& block : options_.blocks) {
      ASSIGN_OR_RETURN(const Record item, BlockItem(block));
      RETURN_IF_ERROR(writer.Add(item));
    }
    // Last, so that what was asked for one by one is not done twice.
    if (options_.due) {
      Record item;
      item.mutable_sign_due()->set_due_by_seconds(absl::ToUnixSeconds(
          environment_.clock.Now() + absl::Hours(options_.due_hours)));
      RETURN_IF_ERROR(writer.Add(item));
    }
    return absl::OkStatus();
  }

 private:
  std::string RequestId() const {
    if (!options_.request_id.empty()) return options_.request_id;
    const std::string fresh = environment_.random.Bytes(16);
    return base::Hex(base::AsBytes(fresh));
  }

  absl::Status AddCsr(const std::string& path, airgap::RecordWriter& writer) {
    ASSIGN_OR_RETURN(const std::string text,
                     base::ReadFile(path, 4 * x509::kMaxCsr));
    const auto parsed = [&]() -> absl::StatusOr<std::string> {
      ASSIGN_OR_RETURN(std::string der,
                       x509::DerOrPem("CERTIFICATE REQUEST", text));
      // So that nobody carries a broken one across.
      RETURN_IF_ERROR(x509::ParseCsr(base::AsBytes(der)).status());
      return der;
    }();
    if (!parsed.ok()) {
      return absl::Status(parsed.status().code(),
                          absl::StrCat(path, ": ", parsed.status().message()));
    }
    Record item;
    auto& issue = *item.mutable_issue();
    issue.set_request_id(RequestId());
    issue.set_issuer(options_.issuer);
    issue.set_profile(options_.profile);
    issue.set_csr(*parsed);
    issue.set_requester(requester_);
    return writer.Add(item);
  }

  absl::Status AddRevocation(const std::string& text,
                             airgap::RecordWriter& writer) {
    Record item;
    auto& revoke = *item.mutable_revoke();
    revoke.set_request_id(RequestId());
    revoke.set_issuer(options_.issuer);
    ASSIGN_OR_RETURN(*revoke.mutable_serial(), ParseSerial(text));
    ASSIGN_OR_RETURN(const int reason, ParseReasonOption(options_.reason));
    revoke.set_reason(reason);
    if (!options_.date.empty()) {
      ASSIGN_OR_RETURN(const absl::Time date,
                       ParseTimeOption("--date", options_.date));
      revoke.set_revoked_at_seconds(absl::ToUnixSeconds(date));
    }
    revoke.set_requester(requester_);
    return writer.Add(item);
  }

  const AirGapOptions& options_;
  const std::string requester_;
  const Environment& environment_;
};

absl::StatusOr<bool> ExportAgain(const AirGapOptions& options,
                                 airgap::ExchangeFolder& folder,
                                 const Environment& environment) {
  const std::optional<airgap::Exchange> newest = folder.NewestRequest();
  if (!newest.has_value()) {
    return absl::NotFoundError("--again: nothing was exported yet");
  }
  RETURN_IF_ERROR(
      airgap::CopyFile(folder.RequestFile(newest->number), options.out));
  environment.out << FormatFacts(
      {{"Request", absl::StrCat(newest->number)},
       {"SHA-256", base::Hex(base::AsBytes(newest->request_sha256))}});
  return true;
}

}  // namespace

absl::Status CheckExportItems(const AirGapOptions& options) {
  const size_t named = options.csrs.size() + options.revoke.size();
  const bool any =
      named + options.crls.size() + options.blocks.size() > 0 || options.due;
  if (options.again) {
    return any ? absl::InvalidArgumentError(
                     "export: --again takes no items: it is the same request")
               : absl::OkStatus();
  }
  if (!any) {
    return absl::InvalidArgumentError(
        "export: what is to be signed? Say --csr, --revoke, --crl, --block or "
        "--due");
  }
  if (named > 0 && options.issuer.empty()) {
    return absl::InvalidArgumentError("export: of which CA? Say --issuer NAME");
  }
  if (!options.csrs.empty() && options.profile.empty()) {
    return absl::InvalidArgumentError("export: --csr needs --profile NAME");
  }
  if (!options.request_id.empty() && named != 1) {
    return absl::InvalidArgumentError(
        "export: --request-id is for one --csr or --revoke");
  }
  for (const std::string& serial : options.revoke) {
    RETURN_IF_ERROR(ParseSerial(serial).status());
  }
  if (!options.revoke.empty()) {
    RETURN_IF_ERROR(ParseReasonOption(options.reason).status());
  }
  for (const std::string& crl : options.crls) {
    RETURN_IF_ERROR(CrlItem(crl, options.delta).status());
  }
  for (const std::string& block : options.blocks) {
    RETURN_IF_ERROR(BlockItem(block).status());
  }
  return options.date.empty()
             ? absl::OkStatus()
             : ParseTimeOption("--date", options.date).status();
}

absl::StatusOr<bool> ExportAirGap(const AirGapOptions& options,
                                  const Environment& environment) {
  ASSIGN_OR_RETURN(OnlineSide side,
                   OnlineSide::Open(options, environment.globals));
  if (options.again) return ExportAgain(options, side.folder(), environment);
  ASSIGN_OR_RETURN(std::string requester, side.Requester());
  Items items(options, std::move(requester), environment);
  ASSIGN_OR_RETURN(
      const refresher::ExportedRequest made,
      refresher::ExportRequest(
          {.cursor = side.inventory(),
           .heads = side.inventory(),
           .folder = side.folder(),
           .clock = environment.clock},
          {.channel = options.channel,
           .head_of = side.config().signer().expected_uri(),
           .may_lack_head = options.no_head,
           .replace = options.replace},
          [&](airgap::RecordWriter& writer) { return items.Write(writer); }));
  RETURN_IF_ERROR(airgap::CopyFile(made.file, options.out));
  environment.out << FormatFacts(
      {{"Request", absl::StrCat(made.number)},
       {"SHA-256", base::Hex(base::AsBytes(made.sha256))},
       {"Newest head", made.head == absl::InfinitePast()
                           ? "none: the offline clock has to be confirmed"
                           : TimeText(made.head)},
       {"Next", absl::StrCat("the operators look at it and sign it: chancery "
                             "airgap approve ",
                             options.out, " --key FILE")}});
  return true;
}

}  // namespace chancery::cli
