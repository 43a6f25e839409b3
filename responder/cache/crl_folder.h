#ifndef CHANCERY_RESPONDER_CACHE_CRL_FOLDER_H_
#define CHANCERY_RESPONDER_CACHE_CRL_FOLDER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/fd.h"
#include "base/file_view.h"
#include "block/manifest.h"
#include "crypto/digest.h"
#include "responder/cache/crl_files.h"
#include "responder/cache/crl_scope.h"
#include "responder/cache/spool_file.h"
#include "responder/crl_source.h"

namespace chancery::responder {

struct CompressedCrl {
  SpoolFile file;
  crypto::Sha256Digest sha256 = {};
};

// A folder with the newest CRL of each scope, "<stem>.crl" (crl_scope.h), and
// the same compressed, "<stem>.crl.gz". What the files hold is for the caller
// to verify; but the compressed one that is opened is always that of the other.
// Any of them may be missing or damaged. Thread-safe, but for two calls for one
// scope.
class CrlFolder {
 public:
  // Makes the folder if it is not there. What is served of it has at most
  // `descriptors` files open.
  static absl::StatusOr<CrlFolder> Open(std::string path, size_t descriptors);

  // The scopes that have a file. Removes what is not a file of one of
  // `issuers`: spools that a killed process left, and CRLs of issuers that are
  // gone. Once, before anything else.
  std::vector<CrlScope> RemoveOthers(
      const std::set<block::IssuerId>& issuers) const;

  absl::StatusOr<SpoolFile> Spool() const { return SpoolFile::Create(path_); }
  static bool IsWorthCompressing(uint64_t size);
  // `crl` compressed; nullopt if that is not worth a file.
  absl::StatusOr<std::optional<CompressedCrl>> Compress(
      const base::FileView& crl) const;

  // Replaces the scope's file; its compressed one goes. A crash in between
  // leaves a compressed file of an older CRL, which is not used. `id` tells
  // this CRL from all others of its scope.
  absl::StatusOr<CrlRepresentation> Publish(
      const CrlScope& scope, SpoolFile plain,
      const crypto::Sha256Digest& id) const;
  // What Compress has made of the CRL that was published last.
  absl::StatusOr<CrlRepresentation> PublishGzip(const CrlScope& scope,
                                                CompressedCrl gzip) const;

  // NotFound: there is none.
  absl::StatusOr<base::Fd> OpenPlain(const CrlScope& scope) const;
  // What OpenPlain has opened, with its size and what Publish was told.
  CrlRepresentation ServePlain(const CrlScope& scope, base::Fd file,
                               uint64_t size,
                               const crypto::Sha256Digest& id) const;
  // The compressed file of the CRL `plain`. No file: it is missing, or was
  // damaged or of another CRL and was removed.
  CrlRepresentation OpenGzip(const CrlScope& scope,
                             const base::FileView& plain) const;

  void Remove(const CrlScope& scope) const;

 private:
  CrlFolder(std::string path, size_t descriptors)
      : path_(std::move(path)), files_(descriptors) {}

  std::string PlainPath(const CrlScope& scope) const;
  std::string GzipPath(const CrlScope& scope) const;

  // Of the file that has the name `path`.
  CrlRepresentation Represent(base::Fd file, std::string path, uint64_t size,
                              const crypto::Sha256Digest& id) const;
  absl::StatusOr<CrlRepresentation> OpenGzipOf(const base::FileView& plain,
                                               const std::string& path) const;

  std::string path_;
  CrlFiles files_;
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_CACHE_CRL_FOLDER_H_
