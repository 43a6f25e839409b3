#include "storage/sql_value.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/utf8.h"

namespace chancery::storage {
namespace {

constexpr int64_t kNever = int64_t{1} << 60;
constexpr char kReplacement[] = "\xef\xbf\xbd";  // U+FFFD
constexpr size_t kLengthSize = 4;

template <typename T>
T At(const Row& row, size_t i) {
  const T* value = std::get_if<T>(&row[i]);
  return value == nullptr ? T() : *value;
}

}  // namespace

int64_t ToSeconds(absl::Time time) {
  return time == absl::InfiniteFuture() ? kNever : absl::ToUnixSeconds(time);
}

absl::Time FromSeconds(int64_t seconds) {
  return seconds == kNever ? absl::InfiniteFuture()
                           : absl::FromUnixSeconds(seconds);
}

int64_t IntAt(const Row& row, size_t i) { return At<int64_t>(row, i); }
std::string TextAt(const Row& row, size_t i) { return At<std::string>(row, i); }
std::string BlobAt(const Row& row, size_t i) { return At<Blob>(row, i).bytes; }

absl::Status CheckTexts(const std::vector<Value>& parameters) {
  for (const Value& value : parameters) {
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr || base::IsStorableText(*text)) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("inventory: \"", absl::CHexEscape(*text),
                     "\" is not UTF-8 text without NUL"));
  }
  return absl::OkStatus();
}

std::string OneLine(absl::string_view text) {
  std::string out;
  while (!text.empty()) {
    size_t length = base::Utf8Length(text);
    const auto first = static_cast<uint8_t>(text[0]);
    if (length == 0 || first < 0x20 || first == 0x7f) {
      out += kReplacement;
      length = 1;
    } else {
      out.append(text.data(), length);
    }
    text.remove_prefix(length);
  }
  return out;
}

// Each in quotes, where a backslash and a quote have a backslash before them;
// bytes are written as the text \x and their hex.
std::string ArrayOf(const std::vector<Value>& elements) {
  std::string out = "{";
  for (const Value& element : elements) {
    if (out.size() > 1) out += ',';
    if (const auto* number = std::get_if<int64_t>(&element)) {
      absl::StrAppend(&out, *number);
    } else if (const auto* blob = std::get_if<Blob>(&element)) {
      absl::StrAppend(&out, "\"\\\\x", base::Hex(base::AsBytes(blob->bytes)),
                      "\"");
    } else if (const auto* text = std::get_if<std::string>(&element)) {
      out += '"';
      for (const char byte : *text) {
        if (byte == '"' || byte == '\\') out += '\\';
        out += byte;
      }
      out += '"';
    }
  }
  return out + "}";
}

std::string JoinLines(const std::vector<std::string>& lines) {
  return absl::StrJoin(lines, "\n");
}

std::vector<std::string> SplitLines(const std::string& text) {
  if (text.empty()) return {};
  return absl::StrSplit(text, '\n');
}

std::string JoinBlobs(const std::vector<std::string>& blobs) {
  std::string out;
  for (const std::string& blob : blobs) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      out.push_back(static_cast<char>(blob.size() >> shift));
    }
    out += blob;
  }
  return out;
}

absl::StatusOr<std::vector<std::string>> SplitBlobs(absl::string_view joined) {
  std::vector<std::string> out;
  while (!joined.empty()) {
    if (joined.size() < kLengthSize) {
      return absl::DataLossError("inventory: a list of blobs is cut short");
    }
    size_t size = 0;
    for (size_t i = 0; i < kLengthSize; ++i) {
      size = size << 8 | static_cast<uint8_t>(joined[i]);
    }
    joined.remove_prefix(kLengthSize);
    if (joined.size() < size) {
      return absl::DataLossError("inventory: a list of blobs is cut short");
    }
    out.emplace_back(joined.substr(0, size));
    joined.remove_prefix(size);
  }
  return out;
}

}  // namespace chancery::storage
