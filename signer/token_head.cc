#include "signer/token_head.h"

#include <tuple>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status_macros.h"

namespace chancery::signer {
namespace {

struct Found {
  block::Head head;
  std::string statement;
};

auto Reach(const block::Head& head) {
  return std::tuple(head.epoch, head.ledger_size, head.time);
}

}  // namespace

TokenHead::TokenHead(std::shared_ptr<crypto::Pkcs11Token> token,
                     Standing& standing, Options options)
    : token_(std::move(token)),
      standing_(standing),
      options_(std::move(options)),
      label_(absl::StrCat("head of ", options_.signer)) {}

absl::StatusOr<std::unique_ptr<TokenHead>> TokenHead::Open(
    const crypto::KeySource& manifest_key, crypto::KeyOpener& opener,
    Standing& standing, Options options) {
  ASSIGN_OR_RETURN(auto token, opener.OpenToken(manifest_key));
  return std::unique_ptr<TokenHead>(
      new TokenHead(std::move(token), standing, std::move(options)));
}

absl::StatusOr<std::optional<block::Head>> TokenHead::Show() {
  ASSIGN_OR_RETURN(const std::vector<std::string> all,
                   token_->ReadData(label_));
  std::optional<Found> newest;
  for (const std::string& statement : all) {
    const auto head = block::OpenStatement(
        block::kHeadType, base::AsBytes(statement), options_.keys);
    if (!head.ok()) {
      options_.ignored(head.status());
    } else if (!newest.has_value() || Reach(newest->head) < Reach(*head)) {
      newest = Found{.head = *head, .statement = statement};
    }
  }
  if (!newest.has_value()) return std::nullopt;
  RETURN_IF_ERROR(
      standing_
          .Show({{.kind = StatementKind::kHead, .bytes = newest->statement}})
          .status());
  return newest->head;
}

absl::StatusOr<bool> TokenHead::Keep(const NewestHead& head, absl::Time now) {
  if (now < due_ || head.head.time <= kept_) return false;
  due_ = now + kInterval;
  RETURN_IF_ERROR(Show().status());
  ASSIGN_OR_RETURN(const StandingReport report, standing_.Look());
  if (!report.active()) return false;
  RETURN_IF_ERROR(token_->ReplaceData(label_, base::AsBytes(head.bytes.head)));
  kept_ = head.head.time;
  return true;
}

}  // namespace chancery::signer
