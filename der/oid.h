// OBJECT IDENTIFIER contents (ITU-T X.690 section 8.19) and their dotted text.
// Everywhere else an OID is its contents: the octets after tag and length.
#ifndef CHANCERY_DER_OID_H_
#define CHANCERY_DER_OID_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/bytes.h"

namespace chancery::der {

// Whether `contents` is well formed: at least one arc, each of the fewest
// octets, none cut off.
bool IsOid(base::Bytes contents);

// "2.5.29.17". Contents that are not well formed, and arcs of 2^64 or more,
// are written as "#" and their hexadecimal digits.
std::string OidToText(base::Bytes contents);

// The contents for `dotted`. InvalidArgument says what is wrong: fewer than two
// arcs, leading zeros, 2^64 or more, a first arc over 2, or a second over 39
// beneath 0 and 1.
absl::StatusOr<std::string> OidFromText(absl::string_view dotted);

}  // namespace chancery::der

#endif  // CHANCERY_DER_OID_H_
