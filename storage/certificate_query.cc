#include "storage/certificate_query.h"

#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "storage/sql_value.h"

namespace chancery::storage {
namespace {

// Conditions that must all hold, and their parameters.
class Conditions {
 public:
  // The place holder of a new parameter, such as "$3".
  std::string Parameter(Value value) {
    parameters_.push_back(std::move(value));
    return absl::StrCat("$", parameters_.size());
  }
  void Add(absl::string_view condition) {
    absl::StrAppend(&sql_, sql_.empty() ? " WHERE " : " AND ", condition);
  }
  void Compare(absl::string_view column_and_operator, Value value) {
    Add(absl::StrCat(column_and_operator, " ", Parameter(std::move(value))));
  }
  const std::string& sql() const { return sql_; }
  std::vector<Value> TakeParameters() && { return std::move(parameters_); }

 private:
  std::string sql_;
  std::vector<Value> parameters_;
};

absl::StatusOr<PagePosition> ParsePageToken(const std::string& token) {
  const std::vector<absl::string_view> parts = absl::StrSplit(token, '.');
  PagePosition out;
  if (parts.size() == 3 && absl::SimpleAtoi(parts[0], &out.issued_index)) {
    const auto issuer_id = base::FromHex(parts[1]);
    const auto serial = base::FromHex(parts[2]);
    if (issuer_id && serial) {
      out.issuer_id = *issuer_id;
      out.serial = *serial;
      return out;
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("page_token: \"", token, "\" is not from an earlier page"));
}

std::string ForLike(const std::string& text) {
  std::string out = "%";
  for (char c : text) {
    if (c == '%' || c == '_' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + "%";
}

// The first byte string after all that start with `prefix`; nullopt if there is
// none, when it is all 0xff.
std::optional<std::string> AfterPrefix(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (prefix.empty()) return std::nullopt;
  prefix.back() = static_cast<char>(static_cast<uint8_t>(prefix.back()) + 1);
  return prefix;
}

void AddFilter(const CertificateFilter& filter, Conditions& where) {
  if (!filter.issuer_id.empty()) {
    where.Compare("issuer_id =", Blob{filter.issuer_id});
  }
  if (filter.status) {
    // In these words, so that the index of all that is not good is used; said
    // with >, SQLite would search by this rather than by what follows, and
    // sort.
    if (*filter.status != CertificateStatus::kGood) where.Add("status <> 0");
    where.Compare("status =", static_cast<int64_t>(*filter.status));
  }
  if (!filter.serial_prefix.empty()) {
    where.Compare("serial >=", Blob{filter.serial_prefix});
    if (const auto after = AfterPrefix(filter.serial_prefix)) {
      where.Compare("serial <", Blob{*after});
    }
  }
  if (!filter.text.empty()) {
    const std::string text = where.Parameter(ForLike(filter.text));
    where.Add(absl::StrCat("(LOWER(subject) LIKE LOWER(", text,
                           ") ESCAPE '\\' OR LOWER(names) LIKE LOWER(", text,
                           ") ESCAPE '\\')"));
  }
  if (!filter.profile.empty()) where.Compare("profile =", filter.profile);
  if (!filter.requester.empty()) {
    where.Compare("requester =", filter.requester);
  }
  if (filter.expires_after) {
    where.Compare("not_after >", ToSeconds(*filter.expires_after));
  }
  if (filter.expires_before) {
    where.Compare("not_after <", ToSeconds(*filter.expires_before));
  }
}

}  // namespace

std::string ToPageToken(const PagePosition& last) {
  return absl::StrCat(last.issued_index, ".",
                      base::Hex(base::AsBytes(last.issuer_id)), ".",
                      base::Hex(base::AsBytes(last.serial)));
}

absl::StatusOr<Statement> ListStatement(absl::string_view columns,
                                        const CertificateFilter& filter,
                                        const std::string& page_token,
                                        size_t limit) {
  Conditions where;
  AddFilter(filter, where);
  if (!page_token.empty()) {
    ASSIGN_OR_RETURN(const PagePosition last, ParsePageToken(page_token));
    const std::string index = where.Parameter(last.issued_index);
    // Implied by the second, but an index on fewer columns can use it.
    where.Add(absl::StrCat("issued_index >= ", index));
    where.Add(absl::StrCat("(issued_index, issuer_id, serial) > (", index, ", ",
                           where.Parameter(Blob{last.issuer_id}), ", ",
                           where.Parameter(Blob{last.serial}), ")"));
  }
  const std::string rows = where.Parameter(static_cast<int64_t>(limit));
  Statement out;
  out.sql =
      absl::StrCat("SELECT ", columns, " FROM certificates", where.sql(),
                   " ORDER BY issued_index, issuer_id, serial LIMIT ", rows);
  out.parameters = std::move(where).TakeParameters();
  return out;
}

}  // namespace chancery::storage
