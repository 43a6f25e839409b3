#include "signer/offline_heads.h"

#include <sys/stat.h>

#include "absl/strings/str_cat.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "chancery/block/v1/head.pb.h"
#include "signer/manifest_keys.h"

namespace chancery::signer {
namespace {

// An index has 24 bytes for each block.
constexpr size_t kMaxFileBytes = 64 << 20;

// Another one for another content; empty: there is no file.
std::string ContentOf(const std::string& file) {
  struct stat info;
  if (stat(file.c_str(), &info) != 0) return "";
  return absl::StrCat(info.st_ino, " ", info.st_size, " ", info.st_mtim.tv_sec,
                      ".", info.st_mtim.tv_nsec);
}

}  // namespace

absl::StatusOr<std::unique_ptr<OfflineHeads>> OfflineHeads::Open(
    const std::vector<std::string>& files, const std::string& key_set_file,
    Failed failed) {
  block::KeySet keys;
  if (!files.empty()) {
    if (key_set_file.empty()) {
      return absl::FailedPreconditionError(
          "offline_head_file: needs key_set_file, which says whose heads "
          "count");
    }
    ASSIGN_OR_RETURN(keys, ReadKeySet(key_set_file));
  }
  std::unique_ptr<OfflineHeads> heads(
      new OfflineHeads(std::move(keys), std::move(failed)));
  base::MutexLock lock(heads->mu_);
  for (const std::string& file : files) {
    heads->sources_.push_back({.file = file});
  }
  return heads;
}

OfflineHeads::Rows OfflineHeads::Read() {
  Rows all;
  base::MutexLock lock(mu_);
  for (Source& source : sources_) {
    const std::string content = ContentOf(source.file);
    if (!content.empty() && content != source.content_of) {
      source.content_of = content;
      const absl::Status taken = Take(source);
      if (!taken.ok()) failed_(source.file, taken);
    }
    all.insert(all.end(), source.rows.begin(), source.rows.end());
  }
  return all;
}

absl::Status OfflineHeads::Take(Source& source) const {
  ASSIGN_OR_RETURN(const std::string bytes,
                   base::ReadFile(source.file, kMaxFileBytes));
  chancery::block::v1::SignedHead message;
  if (!message.ParseFromString(bytes)) {
    return absl::InvalidArgumentError("not a signed head");
  }
  ASSIGN_OR_RETURN(
      block::OpenedHead opened,
      block::OpenOfflineHead({.head = message.head(), .index = message.index()},
                             keys_));
  if (opened.head.time < source.time) {
    return absl::FailedPreconditionError(
        absl::StrCat("of ", absl::FormatTime(opened.head.time), ", one of ",
                     absl::FormatTime(source.time), " has been there before"));
  }
  source.time = opened.head.time;
  source.rows = std::move(opened.index.versions);
  return absl::OkStatus();
}

}  // namespace chancery::signer
