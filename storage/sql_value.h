// Between the inventory's values and what a database holds.
#ifndef CHANCERY_STORAGE_SQL_VALUE_H_
#define CHANCERY_STORAGE_SQL_VALUE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "storage/database.h"

namespace chancery::storage {

// Seconds since 1970; InfiniteFuture is a number of its own. Fractions are cut.
int64_t ToSeconds(absl::Time time);
absl::Time FromSeconds(int64_t seconds);

// Indexes, versions and numbers: all are below 2^63.
inline int64_t ToInt(uint64_t value) { return static_cast<int64_t>(value); }
inline uint64_t ToUint(int64_t value) { return static_cast<uint64_t>(value); }

// Column `i`; zero or empty if it is NULL.
int64_t IntAt(const Row& row, size_t i);
std::string TextAt(const Row& row, size_t i);
std::string BlobAt(const Row& row, size_t i);

// InvalidArgument: a text that the databases would not keep as it is, because
// it is not UTF-8 or has a NUL in it.
absl::Status CheckTexts(const std::vector<Value>& parameters);

// What people read, as UTF-8 on one line: a byte that is not part of UTF-8, or
// is a control character, becomes U+FFFD.
std::string OneLine(absl::string_view text);

// A parameter for an array of a PostgreSQL-compatible database: all are
// numbers, texts or blobs.
std::string ArrayOf(const std::vector<Value>& elements);

// Several lines in one text. A line must hold no line end.
std::string JoinLines(const std::vector<std::string>& lines);
std::vector<std::string> SplitLines(const std::string& text);

// Byte strings one after the other, each with four bytes of length in front.
std::string JoinBlobs(const std::vector<std::string>& blobs);
// DataLoss: they do not end where the last one does.
absl::StatusOr<std::vector<std::string>> SplitBlobs(absl::string_view joined);

}  // namespace chancery::storage

#endif  // CHANCERY_STORAGE_SQL_VALUE_H_
