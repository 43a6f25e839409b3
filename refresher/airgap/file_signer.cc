#include "refresher/airgap/file_signer.h"

#include <algorithm>
#include <type_traits>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "block/block.h"
#include "block/head.h"
#include "chancery/airgap/v1/airgap.pb.h"
#include "ledger/entry.h"
#include "rpc/convert/block_update.h"

namespace chancery::refresher {
namespace {

namespace v1 = airgap::v1;
using v1::Record;

// A block's id begins with so much of its issuer's.
constexpr size_t kIssuerPrefix = 8;

absl::Status Malformed(uint64_t offset, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("result: at byte ", offset, ": ", what));
}

absl::Status NoResult() {
  return absl::InvalidArgumentError("result: this file is a request");
}

absl::Time RefreshAt(const v1::Block& block) {
  return block.refresh_at_seconds() == 0
             ? absl::InfiniteFuture()
             : absl::FromUnixSeconds(block.refresh_at_seconds());
}

// A signer that can be called wants to be within days (TRUST 5); to one that is
// visited a few times a year somebody has to walk. Once a quarter of the time
// is left, refreshers say that it is due.
absl::Time VisitAt(absl::Time refresh_at, absl::Time this_update,
                   absl::Time next_update) {
  const absl::Duration validity = next_update - this_update;
  return std::max(refresh_at, absl::FromUnixSeconds(absl::ToUnixSeconds(
                                  this_update + validity / 4 * 3)));
}

SignedCrl ToSignedCrl(const v1::Crl& crl) {
  return {
      .issuer_id = crl.issuer_id(),
      .number = crl.number(),
      .base_number = crl.base_number(),
      .this_update = absl::FromUnixSeconds(crl.this_update_seconds()),
      .next_update = absl::FromUnixSeconds(crl.next_update_seconds()),
      .refresh_at = VisitAt(absl::FromUnixSeconds(crl.refresh_at_seconds()),
                            absl::FromUnixSeconds(crl.this_update_seconds()),
                            absl::FromUnixSeconds(crl.next_update_seconds())),
      .ledger_size = crl.ledger_size(),
      .size = crl.size()};
}

}  // namespace

// What is only known while the file is read for the first time.
struct FileSigner::Reading {
  uint64_t crl_left = 0;  // Bytes of the CRL that has begun.
};

// Has a descriptor of its own: it is read between other questions.
class FileSigner::Download final : public CrlDownload {
 public:
  Download(airgap::RecordReader in, SignedCrl facts)
      : in_(std::move(in)), facts_(std::move(facts)) {}

  const SignedCrl& facts() const override { return facts_; }

  absl::StatusOr<std::optional<std::string>> Next() override {
    if (given_ == facts_.size) return std::optional<std::string>();
    Record record;
    ASSIGN_OR_RETURN(const bool any, in_.Next(record));
    if (!any || !record.has_crl_data()) {
      return absl::DataLossError("result: a CRL ends before it is whole");
    }
    given_ += record.crl_data().data().size();
    return std::optional<std::string>(
        std::move(*record.mutable_crl_data()->mutable_data()));
  }

 private:
  airgap::RecordReader in_;
  const SignedCrl facts_;
  uint64_t given_ = 0;
};

FileSigner::FileSigner(airgap::RecordReader in, std::string path)
    : in_(std::move(in)),
      path_(std::move(path)),
      header_(std::make_unique<v1::Header>()) {}
FileSigner::~FileSigner() = default;

const v1::Header& FileSigner::header() const { return *header_; }

absl::StatusOr<std::unique_ptr<FileSigner>> FileSigner::Open(
    const std::string& path) {
  ASSIGN_OR_RETURN(airgap::RecordReader in, airgap::RecordReader::Open(path));
  std::unique_ptr<FileSigner> signer(new FileSigner(std::move(in), path));
  Reading reading;
  ASSIGN_OR_RETURN(
      signer->file_,
      airgap::CheckFile(signer->in_, *signer->header_,
                        [&](uint64_t offset, const Record& record) {
                          return signer->Place(offset, record, reading);
                        }));
  if (signer->header_->direction() != v1::DIRECTION_RESULT) {
    return NoResult();
  }
  if (signer->head_offset_ == 0) {
    return absl::InvalidArgumentError("result: it has no head");
  }
  if (reading.crl_left != 0) {
    return absl::InvalidArgumentError("result: a CRL in it is not whole");
  }
  return signer;
}

absl::Status FileSigner::Place(uint64_t offset, const Record& record,
                               Reading& reading) {
  if (header_->direction() != v1::DIRECTION_RESULT) return NoResult();
  if (head_offset_ != 0) return Malformed(offset, "the head comes last");
  if (reading.crl_left != 0 || record.has_crl_data()) {
    const uint64_t size = record.crl_data().data().size();
    if (size == 0 || size > reading.crl_left) {
      return Malformed(offset, "a CRL has other data than it should");
    }
    reading.crl_left -= size;
    return absl::OkStatus();
  }
  switch (record.record_case()) {
    case Record::kIssuer:
      issuers_.push_back({.name = record.issuer().name(),
                          .issuer_id = record.issuer().issuer_id(),
                          .certificate = record.issuer().certificate(),
                          .chain = {record.issuer().chain().begin(),
                                    record.issuer().chain().end()},
                          .profiles = {record.issuer().profiles().begin(),
                                       record.issuer().profiles().end()}});
      return absl::OkStatus();
    case Record::kOutcome:
      outcomes_.push_back(offset);
      return absl::OkStatus();
    case Record::kBlock: {
      const auto& update = record.block().update();
      if (update.base_version() != 0 || update.version() == 0) {
        return Malformed(offset, "a block that is not whole");
      }
      if (!NamesIssuerOf(update.block_id())) {
        return Malformed(offset, "a block of an issuer that is not named");
      }
      const auto added = blocks_.emplace(
          update.block_id(),
          PlacedBlock{.offset = offset,
                      .block = {.block_id = update.block_id(),
                                .issuer_id = {},
                                .version = update.version(),
                                .refresh_at = RefreshAt(record.block())}});
      if (!added.second) return Malformed(offset, "a block comes twice");
      return absl::OkStatus();
    }
    case Record::kCrl:
      return PlaceCrl(offset, record, reading);
    case Record::kEntries:
      return PlaceEntries(offset, record);
    case Record::kHead: {
      const auto head = block::HeadOf(base::AsBytes(record.head().head()));
      if (!head.ok()) return Malformed(offset, head.status().message());
      if (pages_.empty()) first_entry_ = next_entry_ = head->ledger_size;
      if (head->ledger_size != next_entry_) {
        return Malformed(
            offset, absl::StrCat("the head's ledger has ", head->ledger_size,
                                 " entries, those in "
                                 "the file end at ",
                                 next_entry_));
      }
      ledger_size_ = head->ledger_size;
      head_offset_ = offset;
      return absl::OkStatus();
    }
    default:
      return Malformed(offset, "a record that does not belong here");
  }
}

absl::Status FileSigner::PlaceCrl(uint64_t offset, const Record& record,
                                  Reading& reading) {
  const v1::Crl& crl = record.crl();
  const auto issuer = std::find_if(issuers_.begin(), issuers_.end(),
                                   [&](const ListedIssuer& one) {
                                     return one.issuer_id == crl.issuer_id();
                                   });
  if (issuer == issuers_.end() || crl.size() == 0 || crl.number() == 0) {
    return Malformed(offset, "a CRL without issuer, number or data");
  }
  const Scope scope{issuer->name, {crl.shard(), crl.is_delta()}};
  const auto added = crls_.emplace(
      scope, PlacedCrl{.data_offset = in_.offset(), .facts = ToSignedCrl(crl)});
  if (!added.second) return Malformed(offset, "a CRL comes twice");
  crl_requests_.push_back({.issuer = issuer->name,
                           .shard = crl.shard(),
                           .is_delta = crl.is_delta()});
  reading.crl_left = crl.size();
  return absl::OkStatus();
}

absl::Status FileSigner::PlaceEntries(uint64_t offset, const Record& record) {
  const v1::Entries& page = record.entries();
  if (pages_.empty()) first_entry_ = next_entry_ = page.first_index();
  if (page.first_index() != next_entry_ || page.entries().empty()) {
    return Malformed(offset,
                     absl::StrCat("ledger entries from ", page.first_index(),
                                  " follow ", next_entry_));
  }
  for (int i = 0; i < page.entries_size(); ++i) {
    const absl::Status status = CheckEntry(
        page.entries(i), page.first_index() + static_cast<uint64_t>(i));
    if (!status.ok()) return Malformed(offset, status.message());
  }
  pages_[page.first_index()] = offset;
  next_entry_ += static_cast<uint64_t>(page.entries_size());
  return absl::OkStatus();
}

bool FileSigner::Names(const std::string& issuer_id) const {
  return std::any_of(issuers_.begin(), issuers_.end(), [&](const auto& one) {
    return one.issuer_id == issuer_id;
  });
}

bool FileSigner::NamesIssuerOf(const std::string& block_id) const {
  return block_id.size() == ledger::kBlockIdSize &&
         std::any_of(issuers_.begin(), issuers_.end(), [&](const auto& one) {
           return one.issuer_id.compare(0, kIssuerPrefix, block_id, 0,
                                        kIssuerPrefix) == 0;
         });
}

absl::Status FileSigner::CheckEntry(const std::string& encoded,
                                    uint64_t index) const {
  ASSIGN_OR_RETURN(const ledger::Entry entry,
                   ledger::ParseEntry(base::AsBytes(encoded)));
  const bool named = std::visit(
      [&](const auto& body) {
        using Body = std::decay_t<decltype(body)>;
        if constexpr (std::is_same_v<Body, ledger::ManifestEntry>) {
          return NamesIssuerOf(body.block_id);
        } else if constexpr (std::is_same_v<Body, ledger::OrderEntry>) {
          return true;  // Of those that follow it.
        } else if constexpr (std::is_same_v<Body, ledger::EpochEntry>) {
          return true;  // Of all.
        } else {
          return Names(body.issuer_id);
        }
      },
      entry.body);
  if (entry.index != index || !named) {
    return absl::InvalidArgumentError(absl::StrCat(
        "ledger entry ", index,
        named ? ": has another index" : ": of an issuer that is not named"));
  }
  return absl::OkStatus();
}

absl::Status FileSigner::ReadAt(uint64_t offset, Record& record) {
  in_.Seek(offset);
  ASSIGN_OR_RETURN(const bool any, in_.Next(record));
  if (any) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(path_, ": has changed"));
}

absl::Status FileSigner::Outcomes(
    const std::function<absl::Status(const v1::Outcome&)>& visit) {
  Record record;
  for (const uint64_t offset : outcomes_) {
    RETURN_IF_ERROR(ReadAt(offset, record));
    RETURN_IF_ERROR(visit(record.outcome()));
  }
  return absl::OkStatus();
}

absl::StatusOr<SignedUpdates> FileSigner::SignBlock(const std::string&) {
  return absl::FailedPreconditionError("a result file signs nothing");
}

absl::StatusOr<SignedUpdates> FileSigner::GetBlock(const std::string& block_id,
                                                   uint64_t have_version) {
  const auto found = blocks_.find(block_id);
  if (found == blocks_.end()) {
    return absl::NotFoundError(absl::StrCat("block ",
                                            base::Hex(base::AsBytes(block_id)),
                                            ": is not in the result"));
  }
  SignedUpdates out{.updates = {},
                    .refresh_at = found->second.block.refresh_at};
  // Never back: what is held may come from a later result.
  if (have_version >= found->second.block.version) return out;
  Record record;
  RETURN_IF_ERROR(ReadAt(found->second.offset, record));
  ASSIGN_OR_RETURN(
      const block::Manifest manifest,
      block::ManifestOf(base::AsBytes(record.block().update().block())));
  out.refresh_at =
      VisitAt(out.refresh_at, manifest.this_update, manifest.next_update);
  out.updates.push_back(rpc::FromProto(record.block().update()));
  return out;
}

absl::StatusOr<std::vector<ListedBlock>> FileSigner::ListBlocks() {
  std::vector<ListedBlock> out;
  for (const auto& [id, placed] : blocks_) out.push_back(placed.block);
  return out;
}

absl::StatusOr<std::unique_ptr<CrlDownload>> FileSigner::SignCrl(
    const CrlRequest& request) {
  const auto found =
      crls_.find({request.issuer, {request.shard, request.is_delta}});
  if (found == crls_.end()) {
    return absl::NotFoundError("CRL: is not in the result");
  }
  ASSIGN_OR_RETURN(airgap::RecordReader in, airgap::RecordReader::Open(path_));
  in.Seek(found->second.data_offset);
  return std::make_unique<Download>(std::move(in), found->second.facts);
}

absl::StatusOr<LedgerPage> FileSigner::ReadEntries(uint64_t from,
                                                   absl::Duration) {
  LedgerPage out{.entries = {}, .ledger_size = ledger_size_};
  if (from >= ledger_size_) return out;
  auto page = pages_.upper_bound(from);
  if (page == pages_.begin()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "result: begins with ledger entry ", first_entry_,
        ", the inventory lacks those from ", from,
        " on: import the results before it again, or export a new request"));
  }
  --page;
  Record record;
  RETURN_IF_ERROR(ReadAt(page->second, record));
  const auto& entries = record.entries().entries();
  out.signed_root = record.entries().signed_root();
  out.entries.assign(entries.begin() + static_cast<int>(from - page->first),
                     entries.end());
  return out;
}

absl::StatusOr<std::optional<block::SignedHead>> FileSigner::GetHead(
    absl::Time after, absl::Duration) {
  Record record;
  RETURN_IF_ERROR(ReadAt(head_offset_, record));
  block::SignedHead signed_head{.head = record.head().head(),
                                .index = record.head().index()};
  ASSIGN_OR_RETURN(const block::Head head,
                   block::HeadOf(base::AsBytes(signed_head.head)));
  if (head.time <= after) return std::optional<block::SignedHead>();
  return std::optional<block::SignedHead>(std::move(signed_head));
}

}  // namespace chancery::refresher
