// UTF-8 (RFC 3629 section 4), strictly.
#ifndef CHANCERY_BASE_UTF8_H_
#define CHANCERY_BASE_UTF8_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace chancery::base {

// The length, 1 to 4, of the character that `text` starts with; 0 if it starts
// with none.
size_t Utf8Length(absl::string_view text);

// UTF-8 without NUL: what databases keep as it is.
bool IsStorableText(absl::string_view text);

// UTF-8 without control characters (U+0000 to U+001F and U+007F): what can be
// shown on one line.
bool IsPlainText(absl::string_view text);

}  // namespace chancery::base

#endif  // CHANCERY_BASE_UTF8_H_
