#include "responder/cache/key_set_watcher.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "block/wire.h"
#include "responder/cache/block_rows.h"

namespace chancery::responder {
namespace {

bool SameIssuers(const block::KeySet& a, const block::KeySet& b) {
  return std::equal(a.issuers.begin(), a.issuers.end(), b.issuers.begin(),
                    b.issuers.end(), [](const auto& x, const auto& y) {
                      return x.name == y.name && x.certificate == y.certificate;
                    });
}

}  // namespace

absl::StatusOr<block::KeySet> KeySetWatcher::Open(
    const std::string& bytes) const {
  auto keys = block::OpenKeySet(base::AsBytes(bytes), roots_);
  if (keys.ok()) return keys;
  return absl::Status(keys.status().code(),
                      absl::StrCat(file_, ": ", keys.status().message()));
}

void KeySetWatcher::Remember() {
  std::string row;
  block::wire::PutInt(row, present_.version);
  store_->Put(kKeySetRow, row).IgnoreError();
}

absl::StatusOr<block::KeySet> KeySetWatcher::Load() {
  ASSIGN_OR_RETURN(seen_, base::ReadFile(file_));
  ASSIGN_OR_RETURN(present_, Open(seen_));
  return present_;
}

absl::Status KeySetWatcher::Begin(CacheStore& store) {
  store_ = &store;
  uint64_t had = 0;
  RETURN_IF_ERROR(store.ForEach(
      kKeySetRow, [&](absl::string_view, absl::string_view value) {
        block::wire::Reader in(base::AsBytes(value));
        if (!in.Int(had)) had = 0;
      }));
  if (present_.version < had) {
    return absl::FailedPreconditionError(
        absl::StrCat(file_, ": key set version ", present_.version,
                     ", this responder has had ", had, ": versions only grow"));
  }
  Remember();
  return absl::OkStatus();
}

absl::StatusOr<std::optional<block::KeySet>> KeySetWatcher::Poll() {
  auto bytes = base::ReadFile(file_);
  // While it cannot be read it is, for this purpose, empty.
  const std::string content = bytes.ok() ? *bytes : "";
  if (content == seen_) return std::nullopt;
  seen_ = content;
  RETURN_IF_ERROR(bytes.status());
  return Take(seen_);
}

absl::StatusOr<std::optional<block::KeySet>> KeySetWatcher::Take(
    const std::string& bytes) {
  ASSIGN_OR_RETURN(block::KeySet next, Open(bytes));
  // As when what could not be read for a while is there again.
  if (next.version == present_.version && next.Encode() == present_.Encode()) {
    return std::nullopt;
  }
  if (next.version <= present_.version) {
    return absl::FailedPreconditionError(
        absl::StrCat(file_, ": key set version ", next.version,
                     " is not after ", present_.version));
  }
  if (!SameIssuers(next, present_)) {
    return absl::FailedPreconditionError(
        absl::StrCat(file_, ": key set version ", next.version,
                     " has other issuers: restart the responder to take it"));
  }
  present_ = next;
  Remember();
  return next;
}

}  // namespace chancery::responder
