#include "policy/blocked_keys.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "crypto/rsa_weakness.h"

namespace chancery::policy {
namespace {

constexpr size_t kMaxLists = 1000;

template <typename Hash>
Hash ToHash(const std::string& bytes) {
  Hash hash;
  std::copy(bytes.begin(), bytes.end(), hash.begin());
  return hash;
}

}  // namespace

absl::Status BlockedKeys::Add(const std::string& name, absl::string_view text) {
  if (names_.size() == kMaxLists) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": at most ", kMaxLists, " lists are allowed"));
  }
  const auto list = static_cast<uint16_t>(names_.size());
  std::vector<Entry<crypto::Sha256Digest>> spkis;
  std::vector<Entry<ShortHash>> moduli;
  size_t number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || line[0] == '#') continue;
    const std::optional<std::string> bytes = base::FromHex(line);
    if (bytes.has_value() && bytes->size() == 32) {
      spkis.push_back({ToHash<crypto::Sha256Digest>(*bytes), list});
    } else if (bytes.has_value() && bytes->size() == 10) {
      moduli.push_back({ToHash<ShortHash>(*bytes), list});
    } else {
      return absl::InvalidArgumentError(absl::StrCat(
          name, ":", number, ": \"", absl::CHexEscape(line.substr(0, 80)),
          "\": 64 hexadecimal digits of a SHA-256, or 20 as in Debian's "
          "openssl-blacklist"));
    }
  }
  // Whoever asks for a certificate is not told where it lies.
  names_.push_back(name.substr(name.rfind('/') + 1));
  spkis_.insert(spkis_.end(), spkis.begin(), spkis.end());
  moduli_.insert(moduli_.end(), moduli.begin(), moduli.end());
  return absl::OkStatus();
}

void BlockedKeys::Seal() {
  std::stable_sort(spkis_.begin(), spkis_.end());
  std::stable_sort(moduli_.begin(), moduli_.end());
}

template <typename Hash>
const std::string* BlockedKeys::Find(const std::vector<Entry<Hash>>& entries,
                                     const Hash& hash) const {
  const auto at =
      std::lower_bound(entries.begin(), entries.end(), Entry<Hash>{hash, 0});
  return at == entries.end() || at->hash != hash ? nullptr : &names_[at->list];
}

absl::Status BlockedKeys::Check(const crypto::PublicKey& key) const {
  const crypto::Sha256Digest sha256 = crypto::Sha256(key.spki());
  const std::string* list = Find(spkis_, sha256);
  if (list == nullptr && !moduli_.empty() &&
      key.type() == crypto::KeyType::kRsa) {
    const std::string modulus = crypto::RsaModulus(key);
    const std::string line = absl::StrCat(
        "Modulus=", absl::AsciiStrToUpper(base::Hex(base::AsBytes(modulus))),
        "\n");
    const crypto::Sha1Digest sha1 = crypto::Sha1(base::AsBytes(line));
    ShortHash last;
    std::copy(sha1.end() - last.size(), sha1.end(), last.begin());
    list = Find(moduli_, last);
  }
  if (list == nullptr) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "key: SHA-256 ", base::Hex(sha256), ": it is in the list ", *list,
      " of keys that are known to others (Baseline Requirements section "
      "6.1.1.3)"));
}

}  // namespace chancery::policy
