#include "responder/cache/crl_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "responder/cache/gzip.h"

namespace chancery::responder {
namespace {

constexpr char kPlainSuffix[] = ".crl";
constexpr char kGzipSuffix[] = ".crl.gz";
// Smaller ones go out in one segment either way.
constexpr uint64_t kLeastCompressed = 1024;

absl::StatusOr<base::Fd> OpenFile(const std::string& path) {
  base::Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file.valid()) return file;
  const std::string message =
      absl::StrCat("cannot open ", path, ": ", std::strerror(errno));
  if (errno == ENOENT) return absl::NotFoundError(message);
  return absl::UnavailableError(message);
}

// The SHA-256 of `compressed`, if it is `plain` compressed.
absl::StatusOr<crypto::Sha256Digest> DigestIfOf(
    const base::FileView& compressed, const base::FileView& plain) {
  GzipDecoder decoder;
  crypto::Sha256Stream digest;
  base::Bytes rest = plain.bytes();
  RETURN_IF_ERROR(compressed.ForEachPiece([&](base::Bytes piece) {
    digest.Update(piece);
    return decoder.Append(piece, [&](base::Bytes part) -> absl::Status {
      if (part.size() > rest.size() ||
          !base::Equal(part, rest.first(part.size()))) {
        return absl::DataLossError("it is of another CRL");
      }
      plain.Forget(rest.first(part.size()));
      rest = rest.subspan(part.size());
      return absl::OkStatus();
    });
  }));
  if (!decoder.finished() || !rest.empty()) {
    return absl::InvalidArgumentError("gzip: cut off");
  }
  return digest.Finish();
}

}  // namespace

bool CrlFolder::IsWorthCompressing(uint64_t size) {
  return size >= kLeastCompressed;
}

absl::StatusOr<CrlFolder> CrlFolder::Open(std::string path,
                                          size_t descriptors) {
  RETURN_IF_ERROR(base::MakeDirectories(path));
  return CrlFolder(std::move(path), descriptors);
}

CrlRepresentation CrlFolder::Represent(base::Fd file, std::string path,
                                       uint64_t size,
                                       const crypto::Sha256Digest& id) const {
  return {.file = files_.Add(std::move(file), std::move(path)),
          .size = size,
          .etag = absl::StrCat("\"", base::Hex(id), "\"")};
}

CrlRepresentation CrlFolder::ServePlain(const CrlScope& scope, base::Fd file,
                                        uint64_t size,
                                        const crypto::Sha256Digest& id) const {
  return Represent(std::move(file), PlainPath(scope), size, id);
}

absl::StatusOr<CrlRepresentation> CrlFolder::OpenGzipOf(
    const base::FileView& plain, const std::string& path) const {
  ASSIGN_OR_RETURN(base::Fd file, OpenFile(path));
  ASSIGN_OR_RETURN(const base::FileView view, base::FileView::Map(file));
  ASSIGN_OR_RETURN(const crypto::Sha256Digest digest, DigestIfOf(view, plain));
  return Represent(std::move(file), path, view.bytes().size(), digest);
}

std::vector<CrlScope> CrlFolder::RemoveOthers(
    const std::set<block::IssuerId>& issuers) const {
  std::vector<CrlScope> scopes;
  DIR* folder = opendir(path_.c_str());
  if (folder == nullptr) return scopes;
  while (const dirent* entry = readdir(folder)) {
    absl::string_view stem = entry->d_name;
    const bool gzip = absl::ConsumeSuffix(&stem, kGzipSuffix);
    const bool known = gzip || absl::ConsumeSuffix(&stem, kPlainSuffix);
    const auto scope = ParseCrlFileStem(stem);
    if (!known || !scope.has_value() || !issuers.contains(scope->issuer)) {
      // Folders, "." and ".." are refused.
      (void)unlink(absl::StrCat(path_, "/", entry->d_name).c_str());
    } else if (!gzip) {
      scopes.push_back(*scope);
    }
  }
  closedir(folder);
  return scopes;
}

absl::StatusOr<std::optional<CompressedCrl>> CrlFolder::Compress(
    const base::FileView& crl) const {
  if (!IsWorthCompressing(crl.bytes().size())) return std::nullopt;
  ASSIGN_OR_RETURN(SpoolFile spool, Spool());
  crypto::Sha256Stream digest;
  const auto write = [&](base::Bytes part) {
    digest.Update(part);
    return spool.Append(part);
  };
  GzipEncoder encoder;
  RETURN_IF_ERROR(crl.ForEachPiece(
      [&](base::Bytes piece) { return encoder.Append(piece, write); }));
  RETURN_IF_ERROR(encoder.Finish(write));
  if (spool.size() >= crl.bytes().size()) return std::nullopt;
  return CompressedCrl{.file = std::move(spool), .sha256 = digest.Finish()};
}

absl::StatusOr<CrlRepresentation> CrlFolder::Publish(
    const CrlScope& scope, SpoolFile plain,
    const crypto::Sha256Digest& id) const {
  RETURN_IF_ERROR(plain.Publish(PlainPath(scope)));
  (void)unlink(GzipPath(scope).c_str());
  return Represent(plain.TakeFile(), PlainPath(scope), plain.size(), id);
}

absl::StatusOr<CrlRepresentation> CrlFolder::PublishGzip(
    const CrlScope& scope, CompressedCrl gzip) const {
  RETURN_IF_ERROR(gzip.file.Publish(GzipPath(scope)));
  return Represent(gzip.file.TakeFile(), GzipPath(scope), gzip.file.size(),
                   gzip.sha256);
}

absl::StatusOr<base::Fd> CrlFolder::OpenPlain(const CrlScope& scope) const {
  return OpenFile(PlainPath(scope));
}

CrlRepresentation CrlFolder::OpenGzip(const CrlScope& scope,
                                      const base::FileView& plain) const {
  const std::string path = GzipPath(scope);
  auto found = OpenGzipOf(plain, path);
  if (found.ok()) return *std::move(found);
  // Of ten thousand small CRLs, none has such a file.
  if (!absl::IsNotFound(found.status())) (void)unlink(path.c_str());
  return {};
}

void CrlFolder::Remove(const CrlScope& scope) const {
  (void)unlink(PlainPath(scope).c_str());
  (void)unlink(GzipPath(scope).c_str());
}

std::string CrlFolder::PlainPath(const CrlScope& scope) const {
  return absl::StrCat(path_, "/", CrlFileStem(scope), kPlainSuffix);
}

std::string CrlFolder::GzipPath(const CrlScope& scope) const {
  return absl::StrCat(path_, "/", CrlFileStem(scope), kGzipSuffix);
}

}  // namespace chancery::responder
