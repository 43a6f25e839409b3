#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "chancery/airgap/v1/airgap.pb.h"
#include "chancery/block/v1/head.pb.h"
#include "refresher/airgap/result_import.h"
#include "rpc/log.h"
#include "tools/chancery/airgap/airgap_options.h"
#include "tools/chancery/airgap/online_side.h"
#include "tools/chancery/certificate_file.h"
#include "tools/chancery/text.h"

namespace chancery::cli {
namespace {

// Request ids may hold any text; file names may not.
std::string FileNameOf(const std::string& request_id) {
  const bool plain =
      !request_id.empty() && request_id[0] != '.' &&
      std::all_of(request_id.begin(), request_id.end(), [](char c) {
        return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' ||
               c == '_' || c == '.';
      });
  return plain ? request_id
               : absl::StrCat("hex-", base::Hex(base::AsBytes(request_id)));
}

// With the CA's own certificate and what is above it but the root.
absl::StatusOr<std::string> ChainPem(const std::string& certificate,
                                     const std::string& issuer,
                                     storage::IssuerStore& issuers) {
  std::string pem = CertificatePem(base::AsBytes(certificate));
  ASSIGN_OR_RETURN(const std::vector<storage::IssuerRow> rows,
                   issuers.ListIssuers());
  for (const storage::IssuerRow& row : rows) {
    if (row.name != issuer) continue;
    for (const std::string& der : row.chain) {
      pem += CertificatePem(base::AsBytes(der));
    }
  }
  return pem;
}

// For the running signer, whose heads then name the offline signer's blocks.
absl::Status WriteHead(const AirGapOptions& options,
                       storage::HeadStore& heads) {
  ASSIGN_OR_RETURN(const storage::HeadRow newest,
                   heads.GetHead(options.channel));
  block::v1::SignedHead message;
  message.set_head(newest.head);
  message.set_index(newest.index);
  const std::string bytes = message.SerializeAsString();
  return base::WriteFileAtomically(options.head, base::AsBytes(bytes));
}

}  // namespace

absl::StatusOr<bool> ImportAirGap(const AirGapOptions& options,
                                  const Environment& environment) {
  ASSIGN_OR_RETURN(OnlineSide side,
                   OnlineSide::Open(options, environment.globals));
  ASSIGN_OR_RETURN(const block::KeySet keys, side.Keys());
  std::error_code error;
  const bool fresh = !std::filesystem::exists(options.certificates, error);
  if (!options.certificates.empty()) {
    RETURN_IF_ERROR(base::MakeDirectories(options.certificates));
  }
  const rpc::Log log({.level = rpc::LogLevel::kWarning}, environment.clock,
                     environment.err);
  uint64_t refused = 0;
  const auto outcome = [&](const airgap::v1::Outcome& one) -> absl::Status {
    if (!one.refused().empty()) {
      ++refused;
      environment.out << "item " << one.item()
                      << ": refused: " << Printable(one.refused()) << "\n";
      return absl::OkStatus();
    }
    if (one.certificate().empty()) return absl::OkStatus();
    environment.out << "item " << one.item() << ": serial "
                    << FormatSerial(base::AsBytes(one.serial())) << "\n";
    if (options.certificates.empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(
        const std::string pem,
        ChainPem(one.certificate(), one.issuer(), side.inventory()));
    return base::WriteFileAtomically(
        absl::StrCat(options.certificates, "/", FileNameOf(one.request_id()),
                     ".pem"),
        base::AsBytes(pem));
  };
  const absl::StatusOr<refresher::ImportedResult> imported =
      refresher::ImportResult({.inventory = side.inventory(),
                               .folder = side.folder(),
                               .keys = keys,
                               .log = log},
                              options.channel, options.file, outcome);
  if (!imported.ok()) {
    // Only if it is empty.
    if (fresh) rmdir(options.certificates.c_str());
    return imported.status();
  }
  const refresher::ImportedResult& made = *imported;
  if (!options.head.empty()) {
    RETURN_IF_ERROR(WriteHead(options, side.inventory()));
  }
  environment.out << FormatFacts(
      {{"Result",
        absl::StrCat(made.number, made.repeated ? ", imported before" : "")},
       {"Ledger entries", absl::StrCat(made.entries)},
       {"Blocks", absl::StrCat(made.blocks)},
       {"CRLs", absl::StrCat(made.crls)},
       {"Refused", absl::StrCat(refused)}});
  return refused == 0;
}

}  // namespace chancery::cli
