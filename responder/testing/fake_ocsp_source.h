#ifndef CHANCERY_RESPONDER_TESTING_FAKE_OCSP_SOURCE_H_
#define CHANCERY_RESPONDER_TESTING_FAKE_OCSP_SOURCE_H_

#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "base/bytes.h"
#include "base/mutex.h"
#include "responder/ocsp_source.h"
#include "x509/ocsp/request.h"

namespace chancery::responder::testing {

// Responses that a test puts there, by the whole CertID. Thread-safe.
class FakeOcspSource final : public OcspSource {
 public:
  void Put(const x509::CertId& id, std::string der, const Freshness& times) {
    base::MutexLock lock(mu_);
    responses_[KeyOf(id)] = {std::move(der), times};
    ++edition_;
  }
  // From now on, or until told otherwise, nothing is known to be current.
  void SetUnavailable(bool unavailable) {
    base::MutexLock lock(mu_);
    unavailable_ = unavailable;
  }

  Result Find(const x509::CertId& id, std::string& der,
              FoundOcsp& out) const override {
    base::MutexLock lock(mu_);
    if (unavailable_) return Result::kUnavailable;
    const auto found = responses_.find(KeyOf(id));
    if (found == responses_.end()) return Result::kUnknown;
    der += found->second.der;
    out = {.times = found->second.times,
           .origin = {.name = 1, .edition = edition_},
           .issuer = "issuing"};
    return Result::kFound;
  }

  bool Holds(const OcspOrigin& origin) const override {
    base::MutexLock lock(mu_);
    return !unavailable_ && origin.edition == edition_;
  }

 private:
  using Key =
      std::tuple<x509::CertIdHash, std::string, std::string, std::string>;
  struct Held {
    std::string der;
    Freshness times;
  };
  static Key KeyOf(const x509::CertId& id) {
    return {id.hash, base::ToString(id.name_hash), base::ToString(id.key_hash),
            base::ToString(id.serial)};
  }

  mutable base::Mutex mu_;
  std::map<Key, Held> responses_ ABSL_GUARDED_BY(mu_);
  bool unavailable_ ABSL_GUARDED_BY(mu_) = false;
  uint64_t edition_ ABSL_GUARDED_BY(mu_) = 1;
};

}  // namespace chancery::responder::testing

#endif  // CHANCERY_RESPONDER_TESTING_FAKE_OCSP_SOURCE_H_
