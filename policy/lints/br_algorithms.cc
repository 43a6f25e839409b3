#include "policy/lints/br_algorithms.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "base/encoding.h"

namespace chancery::policy::lints {
namespace {

constexpr absl::string_view kKeys[] = {
    "300d06092a864886f70d0101010500",              // RSA
    "301306072a8648ce3d020106082a8648ce3d030107",  // P-256
    "301006072a8648ce3d020106052b81040022",        // P-384
    "301006072a8648ce3d020106052b81040023",        // P-521
};

constexpr absl::string_view kSignatures[] = {
    // RSASSA-PKCS1-v1_5 with SHA-256, SHA-384, SHA-512.
    "300d06092a864886f70d01010b0500",
    "300d06092a864886f70d01010c0500",
    "300d06092a864886f70d01010d0500",
    // RSASSA-PSS with the same, MGF-1 with the same, salt as long as the hash.
    "304106092a864886f70d01010a3034a00f300d06096086480165030402010500"
    "a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120",
    "304106092a864886f70d01010a3034a00f300d06096086480165030402020500"
    "a11c301a06092a864886f70d010108300d06096086480165030402020500a203020130",
    "304106092a864886f70d01010a3034a00f300d06096086480165030402030500"
    "a11c301a06092a864886f70d010108300d06096086480165030402030500a203020140",
    // ECDSA with SHA-256, SHA-384, SHA-512.
    "300a06082a8648ce3d040302",
    "300a06082a8648ce3d040303",
    "300a06082a8648ce3d040304",
};

template <size_t size>
std::string Among(base::Bytes identifier,
                  const absl::string_view (&allowed)[size]) {
  const std::string hex = base::Hex(identifier);
  const bool found = std::find(std::begin(allowed), std::end(allowed), hex) !=
                     std::end(allowed);
  return found ? "" : absl::StrCat("it is ", hex.substr(0, 160));
}

}  // namespace

std::string WrongBrKeyAlgorithm(base::Bytes identifier) {
  return Among(identifier, kKeys);
}

std::string WrongBrSignatureAlgorithm(base::Bytes identifier) {
  return Among(identifier, kSignatures);
}

}  // namespace chancery::policy::lints
