#ifndef CHANCERY_STORAGE_UTF8_H_
#define CHANCERY_STORAGE_UTF8_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace chancery::storage {

// The length, 1 to 4, of the UTF-8 character (RFC 3629 section 4) that `text`
// starts with; 0 if it starts with none.
size_t Utf8Length(absl::string_view text);

// UTF-8 without NUL: what both databases keep as it is.
bool IsStorableText(absl::string_view text);

}  // namespace chancery::storage

#endif  // CHANCERY_STORAGE_UTF8_H_
