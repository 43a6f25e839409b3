#include "signer/manifest_keys.h"

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "block/key_set_file.h"
#include "block/manifest.h"

namespace chancery::signer {

ManifestKeys::Choice ManifestKeys::ChooseAt(absl::Time now,
                                            const block::KeySet& set) const {
  Choice choice{.number = 0, .key_set_version = set.version};
  absl::Time newest = absl::InfinitePast();
  for (size_t i = 0; i < keys_.size(); ++i) {
    for (const block::KeySet::ManifestKey& one : set.keys) {
      // The first signs at once: nobody has another one yet.
      const absl::Time from =
          one.not_before + (i == 0 ? absl::ZeroDuration() : kClockLag);
      if (base::Equal(keys_[i]->public_key().spki(), base::AsBytes(one.spki)) &&
          from <= now && now <= one.not_after && one.not_before > newest) {
        newest = one.not_before;
        choice.number = i;
      }
    }
  }
  return choice;
}

absl::StatusOr<std::vector<crypto::PublicKey>> ManifestKeys::AllWith(
    const block::KeySet& set) const {
  std::vector<crypto::PublicKey> all;
  for (const auto& key : keys_) all.push_back(key->public_key());
  for (const block::KeySet::ManifestKey& one : set.keys) {
    ASSIGN_OR_RETURN(crypto::PublicKey key,
                     crypto::PublicKey::FromSpki(base::AsBytes(one.spki)));
    all.push_back(std::move(key));
  }
  return all;
}

absl::StatusOr<block::KeySet> ReadKeySet(const std::string& file) {
  if (file.empty()) {
    block::KeySet none;
    none.version = 0;
    return none;
  }
  ASSIGN_OR_RETURN(const std::string bytes, base::ReadFile(file));
  auto keys = [&]() -> absl::StatusOr<block::KeySet> {
    ASSIGN_OR_RETURN(const block::KeySetFile parsed,
                     block::KeySetFile::Parse(base::AsBytes(bytes)));
    return block::KeySet::Parse(base::AsBytes(parsed.message));
  }();
  if (keys.ok()) return keys;
  return absl::Status(
      keys.status().code(),
      absl::StrCat("key_set_file: ", file, ": ", keys.status().message()));
}

}  // namespace chancery::signer
