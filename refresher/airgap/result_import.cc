#include "refresher/airgap/result_import.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "block/manifest.h"
#include "chancery/airgap/v1/airgap.pb.h"
#include "refresher/airgap/file_signer.h"
#include "refresher/block_keeper.h"
#include "refresher/crl_row.h"
#include "refresher/head_follower.h"
#include "refresher/ledger_follower.h"
#include "refresher/no_sink.h"

namespace chancery::refresher {
namespace {

namespace v1 = airgap::v1;

absl::StatusOr<block::IssuerId> ToIssuerId(const std::string& bytes) {
  block::IssuerId id;
  if (bytes.size() != id.size()) {
    return absl::InvalidArgumentError("result: an issuer id has 32 bytes");
  }
  std::copy(bytes.begin(), bytes.end(), id.begin());
  return id;
}

absl::Status CheckSignature(FileSigner& result, const block::KeySet& keys) {
  const airgap::CheckedFile& file = result.file();
  if (file.signatures.size() != 1) {
    return absl::PermissionDeniedError(
        absl::StrCat("result: has ", file.signatures.size(),
                     " signatures, must have the signer's one"));
  }
  const block::Signed& signature = file.signatures.front();
  const absl::Time made =
      absl::FromUnixSeconds(result.header().created_seconds());
  ASSIGN_OR_RETURN(const std::vector<ListedIssuer> issuers,
                   result.ListIssuers());
  if (issuers.empty()) {
    return absl::InvalidArgumentError("result: names no issuer");
  }
  for (const ListedIssuer& issuer : issuers) {
    ASSIGN_OR_RETURN(const block::IssuerId id, ToIssuerId(issuer.issuer_id));
    ASSIGN_OR_RETURN(const crypto::PublicKey key,
                     keys.FindManifestKey(signature.key_id, id, made));
    if (!block::Verify(airgap::kResultType, signature, key).ok()) {
      return absl::PermissionDeniedError(
          "result: the signature does not verify");
    }
  }
  return absl::OkStatus();
}

// True: it was imported before.
absl::StatusOr<bool> CheckPlace(const FileSigner& result,
                                const airgap::ExchangeFolder& folder) {
  const v1::Header& header = result.header();
  const std::optional<airgap::Exchange> exchange = folder.Find(header.number());
  if (!exchange.has_value()) {
    const auto newest = folder.NewestRequest();
    return absl::FailedPreconditionError(absl::StrCat(
        "result: has number ", header.number(), ", the newest request is ",
        newest.has_value() ? newest->number : 0));
  }
  if (exchange->request_sha256 != header.request_sha256()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "result ", header.number(), ": answers a request with SHA-256 ",
        base::Hex(base::AsBytes(header.request_sha256())), ", request ",
        header.number(), " has ",
        base::Hex(base::AsBytes(exchange->request_sha256))));
  }
  const std::string sha256 = base::ToString(result.file().sha256);
  if (!exchange->result_sha256.empty()) {
    if (exchange->result_sha256 == sha256) return true;
    return absl::AlreadyExistsError(
        absl::StrCat("result ", header.number(),
                     ": another one of this number was imported, SHA-256 ",
                     base::Hex(base::AsBytes(exchange->result_sha256))));
  }
  const auto before = folder.Find(header.number() - 1);
  const std::string previous = before.has_value() ? before->result_sha256 : "";
  if (header.previous_sha256() != previous) {
    return absl::FailedPreconditionError(absl::StrCat(
        "result ", header.number(), ": follows one with SHA-256 ",
        base::Hex(base::AsBytes(header.previous_sha256())),
        ", the one before it here has ", base::Hex(base::AsBytes(previous))));
  }
  return false;
}

// Before anything is changed: whether the feed leads on from what is there.
absl::Status CheckFeed(const FileSigner& result, const std::string& channel,
                       storage::LedgerCursor& cursor) {
  ASSIGN_OR_RETURN(const uint64_t next, cursor.NextIndex(channel));
  if (next >= result.first_entry()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "result: begins with ledger entry ", result.first_entry(),
      ", the inventory lacks those from ", next,
      " on: import the results before it again, or export a new request"));
}

absl::Status StoreCrls(FileSigner& result, storage::CrlStore& store,
                       uint64_t& stored) {
  for (const CrlRequest& request : result.crls()) {
    ASSIGN_OR_RETURN(const auto crl, result.SignCrl(request));
    const absl::Status put = store.PutCrl(CrlRowOf(request, crl->facts()),
                                          [&] { return crl->Next(); });
    // This one, or a newer one, is there.
    if (absl::IsFailedPrecondition(put)) continue;
    RETURN_IF_ERROR(put);
    ++stored;
  }
  return absl::OkStatus();
}

// Every step may be repeated, and goes forward only.
absl::Status Apply(FileSigner& result, const ImportParts& parts,
                   const std::string& channel, ImportedResult& out) {
  storage::Inventory& inventory = parts.inventory;
  ASSIGN_OR_RETURN(const std::vector<ListedIssuer> issuers,
                   result.ListIssuers());
  for (const ListedIssuer& issuer : issuers) {
    RETURN_IF_ERROR(inventory.PutIssuer({.issuer_id = issuer.issuer_id,
                                         .name = issuer.name,
                                         .certificate = issuer.certificate,
                                         .chain = issuer.chain,
                                         .profiles = issuer.profiles}));
  }
  out.issuers = issuers.size();

  NoSink sink;
  BlockKeeper keeper(inventory, result);
  ASSIGN_OR_RETURN(const auto had, inventory.BlockVersions());
  ASSIGN_OR_RETURN(const std::vector<ListedBlock> blocks, result.ListBlocks());
  for (const ListedBlock& block : blocks) {
    const auto found = had.find(block.block_id);
    const uint64_t have = found == had.end() ? 0 : found->second;
    if (have >= block.version) continue;
    RETURN_IF_ERROR(keeper.Fetch(block.block_id, have).status());
    ++out.blocks;
  }
  ASSIGN_OR_RETURN(const uint64_t from, inventory.NextIndex(channel));
  // An old result is not followed: its ledger has grown.
  if (from < result.ledger_size()) {
    LedgerFollower follower(result, inventory, keeper, sink, parts.log,
                            {.signer = channel});
    bool more = true;
    while (more) {
      ASSIGN_OR_RETURN(more, follower.Step());
    }
    out.entries = result.ledger_size() - from;
  }
  RETURN_IF_ERROR(StoreCrls(result, inventory, out.crls));
  HeadFollower heads(result, inventory, sink, channel);
  RETURN_IF_ERROR(heads.Step(absl::ZeroDuration()).status());
  out.head = heads.newest();
  out.ledger_size = result.ledger_size();
  return absl::OkStatus();
}

absl::StatusOr<ImportedResult> ImportDraft(
    const ImportParts& parts, const std::string& channel,
    const std::function<absl::Status(const v1::Outcome&)>& outcome) {
  ASSIGN_OR_RETURN(const std::unique_ptr<FileSigner> result,
                   FileSigner::Open(parts.folder.DraftFile()));
  const v1::Header& header = result->header();
  if (header.channel() != channel) {
    return absl::InvalidArgumentError(
        absl::StrCat("result: is of ", header.channel(), ", not of ", channel));
  }
  RETURN_IF_ERROR(CheckSignature(*result, parts.keys));
  ImportedResult out{.number = header.number()};
  ASSIGN_OR_RETURN(out.repeated, CheckPlace(*result, parts.folder));
  RETURN_IF_ERROR(CheckFeed(*result, channel, parts.inventory));

  RETURN_IF_ERROR(Apply(*result, parts, channel, out));
  RETURN_IF_ERROR(result->Outcomes(outcome));
  if (out.repeated) {
    parts.folder.DropDraft();
    return out;
  }
  RETURN_IF_ERROR(
      parts.folder.KeepDraft(parts.folder.ResultFile(header.number())));
  // The commit point. A crash before it has the file imported again.
  RETURN_IF_ERROR(parts.folder.Put(
      {.number = header.number(),
       .request_sha256 = header.request_sha256(),
       .result_sha256 = base::ToString(result->file().sha256)}));
  return out;
}

}  // namespace

absl::StatusOr<ImportedResult> ImportResult(
    const ImportParts& parts, const std::string& channel,
    const std::string& path,
    const std::function<absl::Status(const v1::Outcome&)>& outcome) {
  // What is checked is what is imported, whoever exchanges the stick meanwhile.
  RETURN_IF_ERROR(airgap::CopyFile(path, parts.folder.DraftFile()));
  auto done = ImportDraft(parts, channel, outcome);
  if (!done.ok()) parts.folder.DropDraft();
  return done;
}

}  // namespace chancery::refresher
