#include "signer/airgap/result_export.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/file_view.h"
#include "base/status_macros.h"
#include "chancery/airgap/v1/airgap.pb.h"
#include "rpc/convert/block_update.h"
#include "signer/airgap/item_signer.h"
#include "signer/root_signer.h"

namespace chancery::signer {
namespace {

using airgap::v1::Record;

constexpr size_t kPieceBytes = 256 << 10;
constexpr size_t kPageBytes = 256 << 10;
constexpr size_t kPageEntries = 5000;

int64_t OnWire(absl::Time refresh_at) {
  return refresh_at == absl::InfiniteFuture() ? 0
                                              : absl::ToUnixSeconds(refresh_at);
}

absl::Status ExportBlocks(const SignerParts& parts, uint64_t since,
                          airgap::RecordWriter& result) {
  ASSIGN_OR_RETURN(const BlockList list, parts.blocks.ListBlocks(since));
  for (const ListedBlock& listed : list.blocks) {
    const auto issuer = parts.issuers.WithId(listed.issuer_id);
    if (!issuer.ok() || !MayPresign(**issuer)) continue;
    // Signs what a crash left unsigned.
    ASSIGN_OR_RETURN(const BlockUpdates block,
                     parts.blocks.GetBlock(listed.block_id, 0));
    for (const block::Update& update : block.updates) {
      Record record;
      rpc::ToProto(update, record.mutable_block()->mutable_update());
      record.mutable_block()->set_refresh_at_seconds(OnWire(block.refresh_at));
      RETURN_IF_ERROR(result.Add(record));
    }
  }
  return absl::OkStatus();
}

absl::Status ExportCrl(const SignedCrl& crl, const CrlRequest& request,
                       airgap::RecordWriter& result) {
  Record record;
  airgap::v1::Crl& facts = *record.mutable_crl();
  facts.set_issuer_id(crl.issuer_id);
  facts.set_shard(request.shard);
  facts.set_is_delta(request.kind == ledger::CrlKind::kDelta);
  facts.set_number(crl.number);
  facts.set_base_number(crl.base_number);
  facts.set_this_update_seconds(absl::ToUnixSeconds(crl.this_update));
  facts.set_next_update_seconds(absl::ToUnixSeconds(crl.next_update));
  facts.set_refresh_at_seconds(absl::ToUnixSeconds(crl.refresh_at));
  facts.set_ledger_size(crl.ledger_size);
  facts.set_size(crl.size);
  RETURN_IF_ERROR(result.Add(record));
  ASSIGN_OR_RETURN(const base::FileView view, base::FileView::Map(*crl.file));
  return view.ForEachPiece([&](base::Bytes piece) -> absl::Status {
    for (size_t at = 0; at < piece.size(); at += kPieceBytes) {
      const base::Bytes part =
          piece.subspan(at, std::min(kPieceBytes, piece.size() - at));
      Record data;
      data.mutable_crl_data()->set_data(base::ToString(part));
      RETURN_IF_ERROR(result.Add(data));
    }
    return absl::OkStatus();
  });
}

absl::Status ExportCrls(const SignerParts& parts, uint64_t since,
                        airgap::RecordWriter& result) {
  std::vector<CrlRequest> newer;
  {
    ASSIGN_OR_RETURN(const auto view, parts.ledger.Read());
    for (const Issuer& issuer : parts.issuers.all()) {
      // Whoever takes them takes a full one before its delta.
      for (const auto kind :
           {ledger::CrlKind::kFull, ledger::CrlKind::kDelta}) {
        for (uint32_t shard = 0; shard < issuer.crl_shards; ++shard) {
          ASSIGN_OR_RETURN(const std::optional<CrlState> crl,
                           view->state().Crl(issuer.issuer_id, shard, kind));
          if (!crl.has_value() || crl->index < since) continue;
          newer.push_back({.issuer = issuer.name,
                           .shard = shard,
                           .kind = kind,
                           // So that this very one is given out again.
                           .have_number = crl->number - 1});
        }
      }
    }
  }
  for (const CrlRequest& request : newer) {
    ASSIGN_OR_RETURN(const SignedCrl crl, parts.crls.SignCrl(request));
    RETURN_IF_ERROR(ExportCrl(crl, request, result));
  }
  return absl::OkStatus();
}

absl::Status ExportEntries(const SignerParts& parts, uint64_t from, uint64_t to,
                           airgap::RecordWriter& result) {
  RootSigner roots(parts.ledger, parts.manifest_key);
  while (from < to) {
    ASSIGN_OR_RETURN(const EntryRange page,
                     parts.ledger.ReadEntries(from, kPageBytes, kPageEntries));
    if (page.entries.empty() || from + page.entries.size() > to) {
      return absl::InternalError(absl::StrCat(
          "ledger: ends at ", page.head.size, ", its head at ", to));
    }
    Record record;
    record.mutable_entries()->set_first_index(from);
    for (const std::string& entry : page.entries) {
      record.mutable_entries()->add_entries(entry);
    }
    from += page.entries.size();
    ASSIGN_OR_RETURN(*record.mutable_entries()->mutable_signed_root(),
                     roots.Sign(from));
    RETURN_IF_ERROR(result.Add(record));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ExportIssuers(const IssuerTable& issuers,
                           airgap::RecordWriter& result) {
  for (const Issuer& issuer : issuers.all()) {
    Record record;
    airgap::v1::Issuer& out = *record.mutable_issuer();
    out.set_name(issuer.name);
    out.set_issuer_id(issuer.issuer_id);
    out.set_certificate(issuer.certificate);
    for (const std::string& der : issuer.chain) out.add_chain(der);
    for (const auto& [name, profile] : issuer.profiles) out.add_profiles(name);
    RETURN_IF_ERROR(result.Add(record));
  }
  return absl::OkStatus();
}

absl::Status ExportNews(const SignerParts& parts, uint64_t since,
                        airgap::RecordWriter& result) {
  // First what may still add entries.
  RETURN_IF_ERROR(ExportBlocks(parts, since, result));
  RETURN_IF_ERROR(ExportCrls(parts, since, result));
  ASSIGN_OR_RETURN(const auto head, parts.heads.Sign());
  RETURN_IF_ERROR(ExportEntries(parts, since, head->head.ledger_size, result));
  Record record;
  record.mutable_head()->set_head(head->bytes.head);
  record.mutable_head()->set_index(head->bytes.index);
  return result.Add(record);
}

}  // namespace chancery::signer
