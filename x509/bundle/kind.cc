#include "x509/bundle/kind.h"

#include <cstdint>
#include <optional>

#include "absl/strings/match.h"
#include "der/tag.h"

namespace chancery::x509 {
namespace {

using der::Tag;

// Takes tag and length of what `in` begins with, in BER; the contents follow.
std::optional<Tag> TakeHeader(base::Bytes& in) {
  if (in.size() < 2) return std::nullopt;
  const Tag tag{in[0]};
  size_t header = 2;
  // Long forms have a count of octets; 0x80 alone is the indefinite length.
  if (in[1] > 0x80) header += in[1] & 0x7f;
  if (header > in.size()) return std::nullopt;
  in = in.subspan(header);
  return tag;
}

FileKind KindOfSequence(base::Bytes in) {
  const std::optional<Tag> first = TakeHeader(in);
  if (first == Tag::kOid) return FileKind::kPkcs7;
  if (first == Tag::kInteger) {
    // PFX is of version 3; keys are of 0 or 1.
    return !in.empty() && in[0] == 3 ? FileKind::kPkcs12
                                     : FileKind::kPrivateKey;
  }
  if (first != Tag::kSequence) return FileKind::kUnknown;
  // EncryptedPrivateKeyInfo begins with an AlgorithmIdentifier.
  return TakeHeader(in) == Tag::kOid ? FileKind::kPrivateKey
                                     : FileKind::kCertificate;
}

}  // namespace

FileKind KindOf(base::Bytes file) {
  base::Bytes in = file;
  if (TakeHeader(in) == Tag::kSequence) {
    const FileKind kind = KindOfSequence(in);
    if (kind != FileKind::kUnknown) return kind;
  }
  return absl::StrContains(base::AsText(file), "-----BEGIN ")
             ? FileKind::kPem
             : FileKind::kUnknown;
}

}  // namespace chancery::x509
