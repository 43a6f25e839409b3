#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "chancery/airgap/v1/airgap.pb.h"
#include "crypto/key_source.h"
#include "ledger/airgap/approval.h"
#include "ledger/airgap/record_file.h"
#include "tools/chancery/airgap/airgap_options.h"
#include "tools/chancery/airgap/item_text.h"
#include "tools/chancery/json.h"
#include "tools/chancery/text.h"

namespace chancery::cli {
namespace {

using airgap::v1::Record;

struct Checked {
  airgap::RecordReader in;
  airgap::v1::Header header = {};
  airgap::CheckedFile file = {};
};

absl::StatusOr<Checked> CheckWhole(const std::string& path) {
  const auto in_file = [&](const absl::Status& status) {
    return absl::Status(status.code(),
                        absl::StrCat(path, ": ", status.message()));
  };
  ASSIGN_OR_RETURN(airgap::RecordReader in, airgap::RecordReader::Open(path));
  Checked out{.in = std::move(in)};
  auto file = airgap::CheckFile(
      out.in, out.header,
      [](uint64_t, const Record&) { return absl::OkStatus(); });
  if (!file.ok()) return in_file(file.status());
  out.file = *std::move(file);
  return out;
}

std::vector<std::string> KeyIds(const airgap::CheckedFile& file) {
  std::vector<std::string> ids;
  for (const block::Signed& one : file.signatures) {
    ids.push_back(base::Hex(one.key_id));
  }
  return ids;
}

// Nothing of a file that was not found whole is shown.
absl::Status ShowItems(Checked& checked,
                       absl::FunctionRef<void(const Record&)> show) {
  airgap::v1::Header same;
  return airgap::CheckFile(checked.in, same,
                           [&](uint64_t, const Record& record) {
                             if (!record.has_crl_data()) show(record);
                             return absl::OkStatus();
                           })
      .status();
}

absl::Status ShowJson(Checked& checked, std::ostream& out) {
  Record header;
  *header.mutable_header() = checked.header;
  out << "{\n\"header\": " << ItemJson(header).Print() << ",\n\"sha256\": \""
      << base::Hex(checked.file.sha256) << "\",\n\"signatures\": [";
  const char* separator = "";
  for (const std::string& id : KeyIds(checked.file)) {
    out << separator << "\n" << JsonObject().SetText("key_id", id).Print();
    separator = ",";
  }
  out << "],\n\"items\": [";
  separator = "";
  RETURN_IF_ERROR(ShowItems(checked, [&](const Record& record) {
    out << separator << "\n" << ItemJson(record).Print();
    separator = ",";
  }));
  out << "]\n}\n";
  return absl::OkStatus();
}

absl::Status ShowText(Checked& checked, std::ostream& out) {
  Record header;
  *header.mutable_header() = checked.header;
  out << ItemText(header);
  uint64_t number = 0;
  RETURN_IF_ERROR(ShowItems(checked, [&](const Record& record) {
    out << "\n" << number++ << ". " << ItemText(record);
  }));
  out << "\nSHA-256:  " << base::Hex(checked.file.sha256) << "\n";
  for (const std::string& id : KeyIds(checked.file)) {
    out << "signed by key " << id << " (not verified here)\n";
  }
  if (checked.file.signatures.empty()) out << "nobody has signed it\n";
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<bool> ShowAirGap(const AirGapOptions& options,
                                const Environment& environment) {
  ASSIGN_OR_RETURN(Checked checked, CheckWhole(options.file));
  RETURN_IF_ERROR(options.json ? ShowJson(checked, environment.out)
                               : ShowText(checked, environment.out));
  return true;
}

absl::StatusOr<bool> ApproveAirGap(const AirGapOptions& options,
                                   const Environment& environment) {
  ASSIGN_OR_RETURN(Checked checked, CheckWhole(options.file));
  if (checked.header.direction() != airgap::v1::DIRECTION_REQUEST) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.file, ": is a result: operators sign requests"));
  }
  crypto::KeySource source{.pkcs11_module = options.module,
                           .secret = {.file = options.pin_file}};
  (absl::StartsWith(options.key, "pkcs11:") ? source.pkcs11_uri : source.file) =
      options.key;
  crypto::KeyOpener opener;
  ASSIGN_OR_RETURN(const auto key, opener.Open(source));
  const crypto::Sha256Digest id = block::KeyIdOf(key->public_key());
  for (const block::Signed& one : checked.file.signatures) {
    if (one.key_id != id) continue;
    return absl::AlreadyExistsError(absl::StrCat(
        options.file, ": key ", base::Hex(id), " has signed it already"));
  }
  if (checked.file.signatures.size() >= airgap::kMaxSignatures) {
    return absl::InvalidArgumentError(absl::StrCat(options.file, ": has ",
                                                   airgap::kMaxSignatures,
                                                   " signatures, no more "
                                                   "fit"));
  }
  RETURN_IF_ERROR(ShowText(checked, environment.out));
  ASSIGN_OR_RETURN(const block::Signed signature,
                   airgap::Approve(checked.file.sha256, *key));
  RETURN_IF_ERROR(airgap::AppendSignature(options.file, signature));
  environment.out << "\n"
                  << FormatFacts(
                         {{"Approved", base::Hex(checked.file.sha256)},
                          {"By key", base::Hex(id)},
                          {"Signatures",
                           absl::StrCat(checked.file.signatures.size() + 1)}});
  return true;
}

}  // namespace chancery::cli
