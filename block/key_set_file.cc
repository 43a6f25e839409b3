#include "block/key_set_file.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/status_macros.h"
#include "block/manifest.h"
#include "block/wire.h"
#include "x509/certificate/pem.h"

namespace chancery::block {
namespace {

constexpr char kLabel[] = "PUBLIC KEY";
constexpr char kThreshold[] = "Threshold:";
constexpr size_t kMaxRoots = 100;

absl::Status Refuse(absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("key set roots: ", why));
}

// What the line before the first key says; 0 if there is none.
absl::StatusOr<size_t> ReadThreshold(absl::string_view text) {
  for (absl::string_view line :
       absl::StrSplit(text.substr(0, text.find("-----BEGIN")), '\n')) {
    if (!absl::ConsumePrefix(&line, kThreshold)) continue;
    uint32_t threshold;
    if (!absl::SimpleAtoi(line, &threshold) || threshold == 0) {
      return Refuse(absl::StrCat("value `", line, "` of ", kThreshold,
                                 " must be a number of at least 1"));
    }
    return threshold;
  }
  return 0;
}

absl::StatusOr<std::vector<std::string>> ReadKeys(absl::string_view text) {
  if (absl::StrContains(text, "-----BEGIN")) {
    return x509::DecodePem(kLabel, text);
  }
  return std::vector<std::string>{std::string(text)};
}

}  // namespace

std::string EncodeKeySetRoots(const KeySetRoots& roots) {
  std::string out;
  if (roots.keys.size() != 1) {
    absl::StrAppend(&out, kThreshold, " ", roots.threshold, "\n");
  }
  for (const crypto::PublicKey& key : roots.keys) {
    absl::StrAppend(&out, x509::EncodePem(kLabel, key.spki()));
  }
  return out;
}

absl::StatusOr<KeySetRoots> ParseKeySetRoots(absl::string_view text) {
  ASSIGN_OR_RETURN(const std::vector<std::string> spkis, ReadKeys(text));
  if (spkis.empty() || spkis.size() > kMaxRoots) {
    return Refuse(
        absl::StrCat("1 to ", kMaxRoots, " public keys, not ", spkis.size()));
  }
  KeySetRoots roots;
  for (const std::string& spki : spkis) {
    ASSIGN_OR_RETURN(crypto::PublicKey key,
                     crypto::PublicKey::FromSpki(base::AsBytes(spki)));
    if (std::find(roots.keys.begin(), roots.keys.end(), key) !=
        roots.keys.end()) {
      return Refuse("a key is there twice");
    }
    roots.keys.push_back(std::move(key));
  }
  ASSIGN_OR_RETURN(const size_t threshold, ReadThreshold(text));
  if (threshold == 0 && roots.keys.size() > 1) {
    return Refuse(absl::StrCat("a line \"", kThreshold,
                               " <number>\" must say how many of the ",
                               roots.keys.size(), " have to sign"));
  }
  roots.threshold = std::max<size_t>(threshold, 1);
  if (roots.threshold > roots.keys.size()) {
    return Refuse(absl::StrCat(roots.threshold, " of ", roots.keys.size(),
                               " cannot sign"));
  }
  return roots;
}

std::string KeySetFile::Encode() const {
  std::string out;
  wire::PutCounted<uint32_t>(out, base::AsBytes(message));
  for (const Signature& signature : signatures) {
    base::Append(out, signature.key_id);
    wire::PutCounted<uint16_t>(out, base::AsBytes(signature.bytes));
  }
  return out;
}

absl::StatusOr<KeySetFile> KeySetFile::Parse(base::Bytes encoded) {
  const absl::Status malformed =
      absl::InvalidArgumentError("key set file: malformed");
  wire::Reader in(encoded);
  KeySetFile file;
  base::Bytes message;
  if (!in.Counted<uint32_t>(message) || in.AtEnd()) return malformed;
  file.message = base::ToString(message);
  std::set<crypto::Sha256Digest> seen;
  while (!in.AtEnd()) {
    Signature signature;
    base::Bytes bytes;
    if (!in.Array(signature.key_id) || !in.Counted<uint16_t>(bytes) ||
        !seen.insert(signature.key_id).second) {
      return malformed;
    }
    signature.bytes = base::ToString(bytes);
    file.signatures.push_back(std::move(signature));
  }
  return file;
}

absl::Status AddSignature(const crypto::SigningKey& root, KeySetFile& file) {
  ASSIGN_OR_RETURN(Signed made, Sign(kKeySetType, file.message, root));
  for (const KeySetFile::Signature& signature : file.signatures) {
    if (signature.key_id == made.key_id) {
      return absl::AlreadyExistsError("key set: that root has signed it");
    }
  }
  file.signatures.push_back(
      {.key_id = made.key_id, .bytes = std::move(made.signature)});
  return absl::OkStatus();
}

absl::StatusOr<size_t> CountSignatures(const KeySetFile& file,
                                       const KeySetRoots& roots) {
  size_t signed_by = 0;
  for (const crypto::PublicKey& root : roots.keys) {
    for (const KeySetFile::Signature& signature : file.signatures) {
      if (signature.key_id != KeyIdOf(root)) continue;
      if (!Verify(kKeySetType,
                  {.message = file.message,
                   .key_id = signature.key_id,
                   .signature = signature.bytes},
                  root)
               .ok()) {
        return absl::PermissionDeniedError(
            "key set: a pinned root's signature is wrong");
      }
      ++signed_by;
    }
  }
  return signed_by;
}

absl::StatusOr<KeySet> OpenKeySet(base::Bytes file, const KeySetRoots& roots) {
  ASSIGN_OR_RETURN(const KeySetFile parsed, KeySetFile::Parse(file));
  ASSIGN_OR_RETURN(const size_t signed_by, CountSignatures(parsed, roots));
  if (signed_by < roots.threshold) {
    return absl::PermissionDeniedError(absl::StrCat(
        "key set: signed by ", signed_by, " of ", roots.keys.size(),
        " pinned roots, and ", roots.threshold, " have to"));
  }
  return KeySet::Parse(base::AsBytes(parsed.message));
}

}  // namespace chancery::block
