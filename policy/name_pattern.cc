#include "policy/name_pattern.h"

#include <re2/re2.h>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace chancery::policy {
namespace {

constexpr size_t kMaxPattern = 1024;
constexpr int64_t kMaxMemory = 1 << 20;

re2::StringPiece Piece(absl::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

absl::StatusOr<NamePattern> NamePattern::Create(absl::string_view pattern,
                                                Where where) {
  if (pattern.empty() || pattern.size() > kMaxPattern) {
    return absl::InvalidArgumentError(
        absl::StrCat("a regular expression of 1 to ", kMaxPattern, " bytes"));
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxMemory);
  auto expression = std::make_shared<const re2::RE2>(Piece(pattern), options);
  if (!expression->ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("no regular expression of RE2: ", expression->error()));
  }
  return NamePattern(std::move(expression), where);
}

bool NamePattern::Matches(absl::string_view name) const {
  return where_ == Where::kWhole
             ? re2::RE2::FullMatch(Piece(name), *expression_)
             : re2::RE2::PartialMatch(Piece(name), *expression_);
}

const std::string& NamePattern::text() const { return expression_->pattern(); }

bool NamePattern::unanchored() const {
  return where_ == Where::kAnywhere &&
         (!absl::StartsWith(text(), "^") || !absl::EndsWith(text(), "$") ||
          absl::StrContains(text(), "|"));
}

}  // namespace chancery::policy
