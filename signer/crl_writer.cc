#include "signer/crl_writer.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/file_view.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "crypto/digest.h"
#include "crypto/digest_signing.h"
#include "crypto/digest_verification.h"
#include "crypto/message_digest.h"

namespace chancery::signer {
namespace {

constexpr size_t kPieceBytes = 1 << 20;
// An entry with a serial of 16 octets and a reason.
constexpr uint64_t kUsualEntryBytes = 49;
// A signature of the usual length comes within a few tries.
constexpr int kMaxSignatures = 100;
// Less is done before a thread has begun.
constexpr uint64_t kWorthAThread = 4 << 20;

absl::Status Wrong(absl::string_view rule) {
  return absl::InternalError(absl::StrCat("CRL: ", rule));
}

// How far a file is written, for one who reads it meanwhile. Thread-safe.
class Progress {
 public:
  void Restart() {
    base::MutexLock lock(mu_);
    written_ = 0;
    ended_ = abandoned_ = false;
  }
  // False: nobody reads on.
  bool Advance(uint64_t written) {
    base::MutexLock lock(mu_);
    written_ = written;
    changed_.NotifyAll();
    return !abandoned_;
  }
  void End() {
    base::MutexLock lock(mu_);
    ended_ = true;
    changed_.NotifyAll();
  }
  void Abandon() {
    base::MutexLock lock(mu_);
    abandoned_ = true;
  }
  // How much there is once it is more than `read`, or no more comes.
  uint64_t AwaitMore(uint64_t read) {
    base::MutexLock lock(mu_);
    while (written_ <= read && !ended_) changed_.Wait(mu_);
    return written_;
  }

 private:
  base::Mutex mu_;
  base::CondVar changed_;
  uint64_t written_ ABSL_GUARDED_BY(mu_) = 0;
  bool ended_ ABSL_GUARDED_BY(mu_) = false;
  bool abandoned_ ABSL_GUARDED_BY(mu_) = false;
};

// A file from `at` on, a piece at a time, while it is being written.
class FileTail {
 public:
  FileTail(const base::Fd& file, uint64_t at, Progress& progress)
      : file_(file), at_(at), progress_(progress) {}

  // What was read and not taken yet. Lives until the next Fill.
  base::Bytes& bytes() { return rest_; }

  // Afterwards bytes() has a whole entry, unless it is at the end.
  absl::Status Fill() {
    if (rest_.size() >= kMaxEntryBytes || ended_) return absl::OkStatus();
    buffer_.erase(0, buffer_.size() - rest_.size());
    while (buffer_.size() < kMaxEntryBytes && !ended_) {
      const uint64_t there = progress_.AwaitMore(read_);
      if (there == read_) {
        ended_ = true;
        break;
      }
      RETURN_IF_ERROR(Read(std::min<uint64_t>(there - read_, kPieceBytes)));
    }
    rest_ = base::AsBytes(buffer_);
    return absl::OkStatus();
  }

 private:
  static constexpr size_t kMaxEntryBytes = 256;

  absl::Status Read(uint64_t size) {
    const size_t former = buffer_.size();
    buffer_.resize(former + size);
    const ssize_t count = pread(file_.get(), buffer_.data() + former, size,
                                static_cast<off_t>(at_ + read_));
    if (count <= 0) {
      return absl::UnavailableError(absl::StrCat(
          "CRL file: cannot read it again: ", std::strerror(errno)));
    }
    buffer_.resize(former + static_cast<size_t>(count));
    read_ += static_cast<uint64_t>(count);
    return absl::OkStatus();
  }

  const base::Fd& file_;
  const uint64_t at_;
  Progress& progress_;
  std::string buffer_;
  base::Bytes rest_;
  uint64_t read_ = 0;
  bool ended_ = false;
};

// One CRL on its way through its file.
class Writing {
 public:
  Writing(const Issuer& issuer, const CrlContents& contents,
          const x509::CrlFacts& facts, const policy::CrlFrame& frame,
          CrlDraft draft)
      : issuer_(issuer),
        contents_(contents),
        facts_(facts),
        frame_(frame),
        encoder_(facts, issuer.key->algorithm()),
        draft_(std::move(draft)) {}

  // The TBSCertList, where the whole's header will fit before it; each entry
  // is read from the file again and found to be what the snapshot says.
  absl::Status WriteTbs() {
    // The headers before the entries say how long everything is. How many
    // octets they need is guessed, and nearly always right.
    const uint64_t guess =
        contents_.former().has_value()
            ? contents_.former()->revoked_count * kUsualEntryBytes
            : 0;
    RETURN_IF_ERROR(WriteAndCheckEntries(guess));
    if (BeginSize(entries_size_) != begin_size_) {
      RETURN_IF_ERROR(WriteAndCheckEntries(entries_size_));
    }
    const std::string head = encoder_.Begin(entries_size_);
    tbs_at_ = begin_size_ - head.size();
    tbs_size_ = head.size() + entries_size_ + encoder_.End().size();
    const std::string usual(UsualSignatureSize(), '\0');
    outer_begin_ = encoder_.OuterBegin(tbs_size_, base::AsBytes(usual));
    if (outer_begin_.size() != tbs_at_) return Wrong("its headers do not fit");
    RETURN_IF_ERROR(draft_.WriteAt(0, base::AsBytes(outer_begin_)));
    RETURN_IF_ERROR(draft_.WriteAt(tbs_at_, base::AsBytes(head)));
    RETURN_IF_ERROR(draft_.WriteAt(begin_size_ + entries_size_,
                                   base::AsBytes(encoder_.End())));
    return Truncate(tbs_at_ + tbs_size_);
  }

  // What is signed, and what names the file: of the file, not of what was
  // written to it.
  absl::Status Hash() {
    ASSIGN_OR_RETURN(const base::FileView view,
                     base::FileView::Map(draft_.file()));
    const auto each_piece = [&](base::Bytes of, const auto& update) {
      while (!of.empty()) {
        const base::Bytes piece = of.first(std::min(of.size(), kPieceBytes));
        update(piece);
        view.Forget(piece);
        of = of.subspan(piece.size());
      }
    };
    const auto whole = [&] {
      each_piece(view.bytes(),
                 [this](base::Bytes piece) { file_digest_.Update(piece); });
    };
    std::jthread beside;
    if (tbs_size_ > kWorthAThread) {
      beside = std::jthread(whole);
    } else {
      whole();
    }
    each_piece(view.bytes().subspan(tbs_at_),
               [this](base::Bytes piece) { digest_.Update(piece); });
    return absl::OkStatus();
  }

  absl::Status Sign() {
    const crypto::MessageDigest digest = digest_.Finish();
    for (int tries = 0; tries < kMaxSignatures; ++tries) {
      ASSIGN_OR_RETURN(const std::string signature, SignOnce(digest));
      // An ECDSA signature may be an octet shorter or longer than most. The
      // header, which is hashed already, says that it has the usual size.
      if (signature.size() != UsualSignatureSize()) continue;
      const std::string end = encoder_.OuterEnd(base::AsBytes(signature));
      RETURN_IF_ERROR(draft_.WriteAt(tbs_at_ + tbs_size_, base::AsBytes(end)));
      file_digest_.Update(base::AsBytes(end));
      size_ = tbs_at_ + tbs_size_ + end.size();
      return CheckSigned(digest);
    }
    return Wrong("no signature of the usual length");
  }

  absl::StatusOr<WrittenCrl> Finish(const CrlFiles& files) {
    WrittenCrl written{.size = size_,
                       .entries = entries_,
                       .sha256 = base::ToString(file_digest_.Finish())};
    ASSIGN_OR_RETURN(written.file,
                     files.Keep(std::move(draft_), written.sha256));
    return written;
  }

 private:
  // Octets before the entries, when those have `entries_size`.
  uint64_t BeginSize(uint64_t entries_size) const {
    const std::string head = encoder_.Begin(entries_size);
    const std::string usual(UsualSignatureSize(), '\0');
    return head.size() +
           encoder_
               .OuterBegin(head.size() + entries_size + encoder_.End().size(),
                           base::AsBytes(usual))
               .size();
  }

  size_t UsualSignatureSize() const {
    const crypto::PublicKey& key = issuer_.key->public_key();
    switch (key.type()) {
      case crypto::KeyType::kRsa:
        return (static_cast<size_t>(key.bits()) + 7) / 8;
      case crypto::KeyType::kEcP384:
        return 103;
      case crypto::KeyType::kEd25519:
        return 64;
      default:
        return 71;
    }
  }

  absl::Status WriteAndCheckEntries(uint64_t assumed_size) {
    begin_size_ = BeginSize(assumed_size);
    progress_.Restart();
    absl::Status checked;
    absl::Status written;
    if (assumed_size > kWorthAThread) {
      // The reader follows the writer.
      const std::jthread beside([&] {
        checked = CheckEntries();
        if (!checked.ok()) progress_.Abandon();
      });
      written = WriteEntries();
      progress_.End();
    } else {
      written = WriteEntries();
      progress_.End();
      if (written.ok()) checked = CheckEntries();
    }
    // Why the reader gave up comes before that the writer had to.
    RETURN_IF_ERROR(checked);
    return written;
  }

  absl::Status WriteEntries() {
    entries_ = 0;
    entries_size_ = 0;
    std::string buffer;
    buffer.reserve(kPieceBytes + 256);
    const auto flush = [&]() -> absl::Status {
      const uint64_t at = begin_size_ + entries_size_;
      RETURN_IF_ERROR(draft_.WriteAt(at, base::AsBytes(buffer)));
      draft_.BeginSync(at, buffer.size());
      entries_size_ += buffer.size();
      buffer.clear();
      return progress_.Advance(entries_size_)
                 ? absl::OkStatus()
                 : absl::CancelledError("CRL: an entry is wrong");
    };
    RETURN_IF_ERROR(
        contents_.ForEach([&](const x509::CrlEntry& entry) -> absl::Status {
          x509::CrlEncoder::Add(entry, buffer);
          ++entries_;
          return buffer.size() < kPieceBytes ? absl::OkStatus() : flush();
        }));
    return flush();
  }

  // Each entry of the file is what a second reading of the snapshot says, and
  // passes the lints; there is none beside.
  absl::Status CheckEntries() {
    FileTail tail(draft_.file(), begin_size_, progress_);
    policy::CrlEntryFrame frame{.serial_before = {},
                                .this_update = facts_.this_update,
                                .is_delta = facts_.base_number.has_value(),
                                .br = frame_.br};
    std::string serial_before;
    RETURN_IF_ERROR(
        contents_.ForEach([&](const x509::CrlEntry& meant) -> absl::Status {
          RETURN_IF_ERROR(tail.Fill());
          if (tail.bytes().empty()) {
            return Wrong("an entry is missing (TRUST 2.7)");
          }
          ASSIGN_OR_RETURN(const x509::CrlEntry entry,
                           x509::TakeEntry(tail.bytes()));
          if (!base::Equal(entry.serial, meant.serial) ||
              entry.reason != meant.reason ||
              entry.revocation_time != meant.revocation_time) {
            return Wrong("an entry is not what the ledger says");
          }
          RETURN_IF_ERROR(policy::LintCrlEntry(entry, frame));
          const absl::string_view serial = base::AsText(entry.serial);
          serial_before.assign(serial.data(), serial.size());
          frame.serial_before = base::AsBytes(serial_before);
          return absl::OkStatus();
        }));
    RETURN_IF_ERROR(tail.Fill());
    return tail.bytes().empty() ? absl::OkStatus() : Wrong("an entry too many");
  }

  absl::Status Truncate(uint64_t size) {
    if (ftruncate(draft_.file().get(), static_cast<off_t>(size)) == 0) {
      return absl::OkStatus();
    }
    return absl::UnavailableError(
        absl::StrCat("CRL file: cannot cut it: ", std::strerror(errno)));
  }

  absl::StatusOr<std::string> SignOnce(const crypto::MessageDigest& digest) {
    auto signature = crypto::SignDigest(*issuer_.key, digest);
    if (!absl::IsUnimplemented(signature.status())) return signature;
    // The key needs the message.
    ASSIGN_OR_RETURN(const base::FileView view,
                     base::FileView::Map(draft_.file()));
    return issuer_.key->Sign(view.bytes().subspan(tbs_at_, tbs_size_));
  }

  // The finished bytes are read back (TRUST 2.5): around the entries, which
  // CheckEntries has seen.
  absl::Status CheckSigned(const crypto::MessageDigest& digest) {
    RETURN_IF_ERROR(Truncate(size_));
    ASSIGN_OR_RETURN(const base::FileView view,
                     base::FileView::Map(draft_.file()));
    ASSIGN_OR_RETURN(const x509::Crl crl, x509::ParseCrl(view.bytes()));
    if (crl.tbs.data() != view.bytes().data() + tbs_at_ ||
        crl.tbs.size() != tbs_size_ || crl.revoked.size() != entries_size_) {
      return Wrong("it is not laid out as it was meant");
    }
    if (crl.number != facts_.number) {
      return Wrong("cRLNumber is not the one that was allocated");
    }
    RETURN_IF_ERROR(policy::LintCrlHead(crl, frame_));
    const crypto::PublicKey& key = frame_.issuer.public_key();
    const absl::Status verified =
        crypto::CanSignDigest(crl.algorithm)
            ? crypto::VerifyDigest(key, digest, crl.signature)
            : x509::VerifyCrlInPieces(crl, key, [](base::Bytes) {});
    if (!verified.ok()) return Wrong("the signature is not the issuer's");
    return absl::OkStatus();
  }

  const Issuer& issuer_;
  const CrlContents& contents_;
  const x509::CrlFacts& facts_;
  const policy::CrlFrame& frame_;
  const x509::CrlEncoder encoder_;
  CrlDraft draft_;
  Progress progress_;
  crypto::DigestStream digest_{issuer_.key->algorithm()};
  crypto::Sha256Stream file_digest_;
  std::string outer_begin_;
  uint64_t begin_size_ = 0;  // Octets before the entries.
  uint64_t entries_size_ = 0;
  uint64_t entries_ = 0;
  uint64_t tbs_at_ = 0;  // After the outermost header.
  uint64_t tbs_size_ = 0;
  uint64_t size_ = 0;
};

}  // namespace

absl::StatusOr<WrittenCrl> WriteCrl(
    const Issuer& issuer, const CrlContents& contents,
    const x509::CrlFacts& facts, const policy::CrlFrame& frame,
    const CrlFiles& files,
    const std::function<void(const char* step)>& after_step) {
  const auto done = [&](const char* step) {
    if (after_step) after_step(step);
  };
  ASSIGN_OR_RETURN(CrlDraft draft, files.Create());
  Writing writing(issuer, contents, facts, frame, std::move(draft));
  RETURN_IF_ERROR(writing.WriteTbs());
  done("written");
  RETURN_IF_ERROR(writing.Hash());
  RETURN_IF_ERROR(writing.Sign());
  done("signed");
  ASSIGN_OR_RETURN(WrittenCrl written, writing.Finish(files));
  done("kept");
  return written;
}

}  // namespace chancery::signer
