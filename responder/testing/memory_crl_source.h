#ifndef CHANCERY_RESPONDER_TESTING_MEMORY_CRL_SOURCE_H_
#define CHANCERY_RESPONDER_TESTING_MEMORY_CRL_SOURCE_H_

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/mutex.h"
#include "crypto/digest.h"
#include "responder/crl_source.h"
#include "responder/testing/memory_file.h"

namespace chancery::responder::testing {

// CRLs that a test puts there. Thread-safe.
class MemoryCrlSource final : public CrlSource {
 public:
  void Put(const std::string& name, const std::string& der,
           const Freshness& times) {
    PutBoth(name, der, "", times);
  }
  // `gzip` may be anything; empty: there is none.
  void PutBoth(const std::string& name, const std::string& der,
               const std::string& gzip, const Freshness& times) {
    auto crl = std::make_shared<ServedCrl>();
    crl->plain = Represent(der);
    if (!gzip.empty()) crl->gzip = Represent(gzip);
    crl->times = times;
    base::MutexLock lock(mu_);
    crls_[name] = std::move(crl);
  }

  // There is one, whose file cannot be opened.
  void PutGone(const std::string& name, const Freshness& times) {
    auto crl = std::make_shared<ServedCrl>();
    crl->plain = Represent("gone");
    crl->plain.file = std::make_shared<const GoneFile>();
    crl->times = times;
    base::MutexLock lock(mu_);
    crls_[name] = std::move(crl);
  }

  std::shared_ptr<const ServedCrl> Find(absl::string_view name) const override {
    base::MutexLock lock(mu_);
    const auto found = crls_.find(std::string(name));
    return found == crls_.end() ? nullptr : found->second;
  }

 private:
  class File final : public CrlFile {
   public:
    explicit File(const std::string& content) : file_(MemoryFile(content)) {}
    std::shared_ptr<const base::Fd> Open() const override { return file_; }

   private:
    const std::shared_ptr<const base::Fd> file_;
  };

  class GoneFile final : public CrlFile {
   public:
    std::shared_ptr<const base::Fd> Open() const override { return nullptr; }
  };

  static CrlRepresentation Represent(const std::string& content) {
    return {.file = std::make_shared<const File>(content),
            .size = content.size(),
            .etag = absl::StrCat(
                "\"", base::Hex(crypto::Sha256(base::AsBytes(content))), "\"")};
  }

  mutable base::Mutex mu_;
  std::map<std::string, std::shared_ptr<const ServedCrl>> crls_
      ABSL_GUARDED_BY(mu_);
};

}  // namespace chancery::responder::testing

#endif  // CHANCERY_RESPONDER_TESTING_MEMORY_CRL_SOURCE_H_
