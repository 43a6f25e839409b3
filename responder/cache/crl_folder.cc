#include "responder/cache/crl_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"
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
constexpr size_t kLeastCompressed = 1024;

absl::StatusOr<base::Fd> OpenFile(const std::string& path) {
  base::Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file.valid()) return file;
  const std::string message =
      absl::StrCat("cannot open ", path, ": ", std::strerror(errno));
  if (errno == ENOENT) return absl::NotFoundError(message);
  return absl::UnavailableError(message);
}

// Of what `compressed` holds; `own` is told of the compressed bytes.
absl::StatusOr<crypto::Sha256Digest> DigestInside(const FileView& compressed,
                                                  crypto::Sha256Stream& own) {
  GzipDecoder decoder;
  crypto::Sha256Stream inside;
  RETURN_IF_ERROR(compressed.ForEachPiece([&](base::Bytes piece) {
    own.Update(piece);
    return decoder.Append(piece, [&](base::Bytes part) {
      inside.Update(part);
      return absl::OkStatus();
    });
  }));
  if (!decoder.finished()) return absl::InvalidArgumentError("gzip: cut off");
  return inside.Finish();
}

}  // namespace

std::string EtagOf(const crypto::Sha256Digest& digest) {
  return absl::StrCat("\"", base::Hex(digest), "\"");
}

absl::StatusOr<CrlFolder> CrlFolder::Open(std::string path,
                                          size_t descriptors) {
  RETURN_IF_ERROR(base::MakeDirectories(path));
  return CrlFolder(std::move(path), descriptors);
}

CrlRepresentation CrlFolder::Represent(
    base::Fd file, std::string path, uint64_t size,
    const crypto::Sha256Digest& digest) const {
  return {.file = files_.Add(std::move(file), std::move(path)),
          .size = size,
          .etag = EtagOf(digest)};
}

CrlRepresentation CrlFolder::Represent(SpoolFile published,
                                       std::string path) const {
  const crypto::Sha256Digest digest = published.Digest();
  return Represent(published.TakeFile(), std::move(path), published.size(),
                   digest);
}

CrlRepresentation CrlFolder::ServePlain(
    const block::IssuerId& issuer, base::Fd file, uint64_t size,
    const crypto::Sha256Digest& digest) const {
  return Represent(std::move(file), PlainPath(issuer), size, digest);
}

absl::StatusOr<CrlRepresentation> CrlFolder::OpenGzipOf(
    const crypto::Sha256Digest& digest, const std::string& path) const {
  ASSIGN_OR_RETURN(base::Fd file, OpenFile(path));
  ASSIGN_OR_RETURN(const FileView view, FileView::Map(file));
  crypto::Sha256Stream own;
  ASSIGN_OR_RETURN(const crypto::Sha256Digest inside, DigestInside(view, own));
  if (inside != digest) return absl::DataLossError("it is of another CRL");
  return Represent(std::move(file), path, view.bytes().size(), own.Finish());
}

void CrlFolder::RemoveOthers(const std::set<block::IssuerId>& issuers) const {
  std::set<std::string> ours;
  for (const block::IssuerId& issuer : issuers) {
    ours.insert(PlainPath(issuer));
    ours.insert(GzipPath(issuer));
  }
  DIR* folder = opendir(path_.c_str());
  if (folder == nullptr) return;
  while (const dirent* entry = readdir(folder)) {
    const std::string path = absl::StrCat(path_, "/", entry->d_name);
    // Folders, "." and ".." are refused.
    if (!ours.contains(path)) (void)unlink(path.c_str());
  }
  closedir(folder);
}

absl::StatusOr<std::optional<SpoolFile>> CrlFolder::Compress(
    const FileView& crl) const {
  if (crl.bytes().size() < kLeastCompressed) return std::nullopt;
  ASSIGN_OR_RETURN(SpoolFile spool, Spool());
  const auto write = [&](base::Bytes part) { return spool.Append(part); };
  GzipEncoder encoder;
  RETURN_IF_ERROR(crl.ForEachPiece(
      [&](base::Bytes piece) { return encoder.Append(piece, write); }));
  RETURN_IF_ERROR(encoder.Finish(write));
  if (spool.size() >= crl.bytes().size()) return std::nullopt;
  return spool;
}

absl::StatusOr<ServedCrl> CrlFolder::Publish(
    const block::IssuerId& issuer, SpoolFile plain,
    std::optional<SpoolFile> gzip) const {
  RETURN_IF_ERROR(plain.Publish(PlainPath(issuer)));
  ServedCrl served;
  served.plain = Represent(std::move(plain), PlainPath(issuer));
  if (gzip.has_value() && gzip->Publish(GzipPath(issuer)).ok()) {
    served.gzip = Represent(*std::move(gzip), GzipPath(issuer));
  } else {
    (void)unlink(GzipPath(issuer).c_str());
  }
  return served;
}

absl::StatusOr<base::Fd> CrlFolder::OpenPlain(
    const block::IssuerId& issuer) const {
  return OpenFile(PlainPath(issuer));
}

CrlRepresentation CrlFolder::OpenGzip(
    const block::IssuerId& issuer, const FileView& crl,
    const crypto::Sha256Digest& digest) const {
  const std::string path = GzipPath(issuer);
  auto found = OpenGzipOf(digest, path);
  if (found.ok()) return *std::move(found);
  auto spool = Compress(crl);
  if (spool.ok() && spool->has_value() && (*spool)->Publish(path).ok()) {
    return Represent(**std::move(spool), path);
  }
  // Of ten thousand small CRLs, none has such a file.
  if (!absl::IsNotFound(found.status())) (void)unlink(path.c_str());
  return {};
}

void CrlFolder::Remove(const block::IssuerId& issuer) const {
  (void)unlink(PlainPath(issuer).c_str());
  (void)unlink(GzipPath(issuer).c_str());
}

std::string CrlFolder::PlainPath(const block::IssuerId& issuer) const {
  return absl::StrCat(path_, "/", base::Hex(issuer), kPlainSuffix);
}

std::string CrlFolder::GzipPath(const block::IssuerId& issuer) const {
  return absl::StrCat(path_, "/", base::Hex(issuer), kGzipSuffix);
}

}  // namespace chancery::responder
