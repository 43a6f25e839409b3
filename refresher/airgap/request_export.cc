#include "refresher/airgap/request_export.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "chancery/airgap/v1/airgap.pb.h"

namespace chancery::refresher {
namespace {

// The number that a new request has.
absl::StatusOr<uint64_t> NumberOf(const airgap::ExchangeFolder& folder,
                                  bool replace) {
  const std::optional<airgap::Exchange> newest = folder.NewestRequest();
  const bool waits = newest.has_value() && newest->result_sha256.empty();
  if (!waits) return newest.has_value() ? newest->number + 1 : 1;
  if (replace) return newest->number;
  return absl::FailedPreconditionError(absl::StrCat(
      "request ", newest->number,
      " has no result yet: import that first, write "
      "the same request once more with --again, or give it up with --replace"));
}

}  // namespace

absl::StatusOr<ExportedRequest> ExportRequest(
    const ExportParts& parts, const RequestOptions& options,
    absl::FunctionRef<absl::Status(airgap::RecordWriter&)> items) {
  ExportedRequest out;
  ASSIGN_OR_RETURN(out.number, NumberOf(parts.folder, options.replace));
  airgap::v1::Header header;
  header.set_direction(airgap::v1::DIRECTION_REQUEST);
  header.set_channel(options.channel);
  header.set_number(out.number);
  if (const auto before = parts.folder.Find(out.number - 1);
      before.has_value()) {
    header.set_previous_sha256(before->request_sha256);
  }
  header.set_created_seconds(absl::ToUnixSeconds(parts.clock.Now()));
  const auto head = parts.heads.GetHead(options.head_of);
  if (head.ok()) {
    header.set_head(head->head);
    out.head = head->time;
  } else if (!absl::IsNotFound(head.status())) {
    return head.status();
  } else if (!options.may_lack_head) {
    return absl::FailedPreconditionError(absl::StrCat(
        "inventory: has no head of ", options.head_of,
        " that the offline clock could be held against; with --no-head it has "
        "to be confirmed there"));
  }
  ASSIGN_OR_RETURN(out.have_entries, parts.cursor.NextIndex(options.channel));
  header.set_have_entries(out.have_entries);

  const auto write = [&]() -> absl::Status {
    ASSIGN_OR_RETURN(
        airgap::RecordWriter writer,
        airgap::RecordWriter::Create(parts.folder.DraftFile(), header));
    RETURN_IF_ERROR(items(writer));
    ASSIGN_OR_RETURN(const crypto::Sha256Digest sha256, writer.Finish());
    out.sha256 = base::ToString(sha256);
    return writer.Close();
  };
  if (const absl::Status written = write(); !written.ok()) {
    parts.folder.DropDraft();
    return written;
  }
  out.file = parts.folder.RequestFile(out.number);
  RETURN_IF_ERROR(parts.folder.KeepDraft(out.file));
  // The commit point.
  RETURN_IF_ERROR(
      parts.folder.Put({.number = out.number, .request_sha256 = out.sha256}));
  return out;
}

}  // namespace chancery::refresher
