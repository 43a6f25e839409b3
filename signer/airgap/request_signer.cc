#include "signer/airgap/request_signer.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "block/head.h"
#include "block/manifest.h"
#include "chancery/airgap/v1/airgap.pb.h"
#include "ledger/airgap/record_file.h"
#include "signer/airgap/item_signer.h"
#include "signer/airgap/result_export.h"
#include "signer/issuer_record.h"

namespace chancery::signer {
namespace {

namespace v1 = airgap::v1;

// TRUST 10: "The offline clock lies between the ledger's last entry and the
// request's head time + 1 d, or is confirmed."
constexpr absl::Duration kMaxSinceHead = absl::Hours(24);

absl::Status Ignored(uint64_t, const v1::Record&) { return absl::OkStatus(); }

std::string Text(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

}  // namespace

struct RequestSigner::Received {
  v1::Header header = {};
  airgap::CheckedFile file = {};

  std::string sha256() const { return base::ToString(file.sha256); }
};

absl::StatusOr<SignedRequest> RequestSigner::Sign(const std::string& path,
                                                  const Witness& witness) {
  RETURN_IF_ERROR(airgap::CopyFile(path, folder_.DraftFile()));
  auto done = SignDraft(witness);
  if (!done.ok()) folder_.DropDraft();  // Unless it was begun: then it moved.
  return done;
}

absl::StatusOr<SignedRequest> RequestSigner::SignDraft(const Witness& witness) {
  ASSIGN_OR_RETURN(airgap::RecordReader in,
                   airgap::RecordReader::Open(folder_.DraftFile()));
  Received request;
  ASSIGN_OR_RETURN(request.file,
                   airgap::CheckFile(in, request.header, Ignored));
  const v1::Header& header = request.header;
  if (header.direction() != v1::DIRECTION_REQUEST) {
    return absl::InvalidArgumentError("request: this file is a result");
  }
  if (header.channel() != options_.channel) {
    return absl::InvalidArgumentError(
        absl::StrCat("request: is for ", header.channel(), ", this signer is ",
                     options_.channel));
  }
  const std::optional<airgap::Exchange> before = folder_.Find(header.number());
  if (before.has_value() && !before->result_sha256.empty()) {
    return Repeat(request, *before);
  }
  RETURN_IF_ERROR(CheckPlace(request));
  SignedRequest out{.number = header.number()};
  ASSIGN_OR_RETURN(out.approved_by,
                   airgap::CheckApproved(request.file, options_.operators));
  RETURN_IF_ERROR(CheckClock(header));
  RETURN_IF_ERROR(CheckKnown(header));

  v1::Record shown;
  *shown.mutable_header() = header;
  witness.show(shown);
  v1::Header again;
  RETURN_IF_ERROR(
      airgap::CheckFile(in, again, [&](uint64_t, const v1::Record& record) {
        witness.show(record);
        return absl::OkStatus();
      }).status());
  RETURN_IF_ERROR(witness.agree());

  RETURN_IF_ERROR(folder_.KeepDraft(folder_.RequestFile(header.number())));
  RETURN_IF_ERROR(folder_.Put(
      {.number = header.number(), .request_sha256 = request.sha256()}));
  RETURN_IF_ERROR(After("begun"));
  RETURN_IF_ERROR(Execute(request, out));
  return out;
}

absl::StatusOr<SignedRequest> RequestSigner::Repeat(
    const Received& request, const airgap::Exchange& before) const {
  if (before.request_sha256 != request.sha256()) {
    return absl::AlreadyExistsError(
        absl::StrCat("request ", before.number,
                     ": another one of this number was signed, "
                     "SHA-256 ",
                     base::Hex(base::AsBytes(before.request_sha256))));
  }
  const std::string path = folder_.ResultFile(before.number);
  ASSIGN_OR_RETURN(airgap::RecordReader in, airgap::RecordReader::Open(path));
  v1::Header header;
  ASSIGN_OR_RETURN(const airgap::CheckedFile kept,
                   airgap::CheckFile(in, header, Ignored));
  if (base::ToString(kept.sha256) != before.result_sha256) {
    return absl::DataLossError(absl::StrCat(path, ": is not what was kept"));
  }
  folder_.DropDraft();
  return SignedRequest{
      .number = before.number, .repeated = true, .result_file = path};
}

absl::Status RequestSigner::CheckPlace(const Received& request) const {
  const v1::Header& header = request.header;
  const std::optional<airgap::Exchange> newest = folder_.NewestRequest();
  const bool begun = newest.has_value() && newest->result_sha256.empty();
  if (begun && header.number() == newest->number) {
    if (newest->request_sha256 == request.sha256()) return absl::OkStatus();
    return absl::AlreadyExistsError(
        absl::StrCat("request ", newest->number,
                     ": another one of this number was begun: "
                     "sign ",
                     folder_.RequestFile(newest->number), " first, SHA-256 ",
                     base::Hex(base::AsBytes(newest->request_sha256))));
  }
  const uint64_t last = newest.has_value() ? newest->number : 0;
  const uint64_t next = begun ? last : last + 1;
  if (header.number() != next) {
    return absl::FailedPreconditionError(
        absl::StrCat("request: has number ", header.number(),
                     ", the next one to be signed is ", next));
  }
  const std::string previous = last == 0 ? "" : newest->request_sha256;
  if (header.previous_sha256() != previous) {
    return absl::FailedPreconditionError(absl::StrCat(
        "request ", next, ": follows one with SHA-256 ",
        base::Hex(base::AsBytes(header.previous_sha256())), ", request ", last,
        " had ", base::Hex(base::AsBytes(previous))));
  }
  return absl::OkStatus();
}

absl::Status RequestSigner::CheckClock(const v1::Header& header) const {
  const absl::Time now = parts_.clock.Now();
  const TreeHead ledger = parts_.ledger.Head();
  if (ledger.size > 0 &&
      now < absl::FromUnixSeconds(absl::ToUnixSeconds(ledger.last_time))) {
    return absl::FailedPreconditionError(
        absl::StrCat("clock: shows ", Text(now),
                     ", which is before the "
                     "ledger's last entry, of ",
                     Text(ledger.last_time)));
  }
  if (options_.confirm_clock) return absl::OkStatus();
  if (header.head().empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "clock: shows ", Text(now),
        ", and the request has no head of a "
        "running signer to hold it against: confirm it with --confirm-clock"));
  }
  ASSIGN_OR_RETURN(const block::Head head,
                   block::HeadOf(base::AsBytes(header.head())));
  if (now > head.time + kMaxSinceHead) {
    return absl::FailedPreconditionError(
        absl::StrCat("clock: shows ", Text(now),
                     ", more than a day after the request's "
                     "head, of ",
                     Text(head.time),
                     ": confirm it with --confirm-clock, or "
                     "export a new request"));
  }
  return absl::OkStatus();
}

absl::Status RequestSigner::CheckKnown(const v1::Header& header) const {
  const TreeHead ledger = parts_.ledger.Head();
  if (header.have_entries() <= ledger.size) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("ledger behind: the requester has ", header.have_entries(),
                   " entries of it, here are ", ledger.size,
                   ": another ledger, or one from an old backup"));
}

absl::Status RequestSigner::Execute(const Received& request,
                                    SignedRequest& out) {
  const uint64_t number = request.header.number();
  v1::Header header;
  header.set_direction(v1::DIRECTION_RESULT);
  header.set_channel(options_.channel);
  header.set_number(number);
  if (number > 1) {
    header.set_previous_sha256(folder_.Find(number - 1)->result_sha256);
  }
  header.set_created_seconds(absl::ToUnixSeconds(parts_.clock.Now()));
  header.set_request_sha256(request.sha256());
  RETURN_IF_ERROR(RecordIssuers(parts_.issuers.all(), parts_.ledger));

  ASSIGN_OR_RETURN(airgap::RecordWriter result,
                   airgap::RecordWriter::Create(folder_.DraftFile(), header));
  RETURN_IF_ERROR(ExportIssuers(parts_.issuers, result));
  ASSIGN_OR_RETURN(airgap::RecordReader in,
                   airgap::RecordReader::Open(folder_.RequestFile(number)));
  ItemSigner items(parts_);
  v1::Header same;
  ASSIGN_OR_RETURN(
      const airgap::CheckedFile executed,
      airgap::CheckFile(
          in, same, [&](uint64_t, const v1::Record& item) -> absl::Status {
            ASSIGN_OR_RETURN(v1::Record outcome, items.Sign(item));
            outcome.mutable_outcome()->set_item(out.items++);
            if (!outcome.outcome().refused().empty()) ++out.refused;
            RETURN_IF_ERROR(result.Add(outcome));
            return After("item");
          }));
  if (executed.sha256 != request.file.sha256) {
    return absl::DataLossError(
        absl::StrCat(folder_.RequestFile(number), ": has changed"));
  }
  RETURN_IF_ERROR(ExportNews(parts_, request.header.have_entries(), result));
  ASSIGN_OR_RETURN(const crypto::Sha256Digest sha256, result.Finish());
  ASSIGN_OR_RETURN(const block::Signed signature,
                   block::Sign(airgap::kResultType, base::ToString(sha256),
                               parts_.manifest_key));
  RETURN_IF_ERROR(result.AddSignature(signature));
  RETURN_IF_ERROR(result.Close());
  RETURN_IF_ERROR(folder_.KeepDraft(folder_.ResultFile(number)));
  RETURN_IF_ERROR(After("written"));
  // The commit point. A crash before it makes another result of the request,
  // which nobody has seen; after it, this one is its answer.
  RETURN_IF_ERROR(folder_.Put({.number = number,
                               .request_sha256 = request.sha256(),
                               .result_sha256 = base::ToString(sha256)}));
  out.result_file = folder_.ResultFile(number);
  return After("kept");
}

}  // namespace chancery::signer
