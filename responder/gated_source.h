#ifndef CHANCERY_RESPONDER_GATED_SOURCE_H_
#define CHANCERY_RESPONDER_GATED_SOURCE_H_

#include <cstdint>
#include <string>

#include "responder/cache/head_keeper.h"
#include "responder/ocsp_source.h"

namespace chancery::responder {

// Nothing is answered while nobody knows who was revoked meanwhile (TRUST 4):
// not even `unauthorized`, since the serial may have been issued meanwhile too.
// Thread-safe.
class GatedSource final : public OcspSource {
 public:
  // Both must outlive the object.
  GatedSource(const OcspSource& inner, const HeadKeeper& heads)
      : inner_(inner), heads_(heads) {}

  Result Find(const x509::CertId& id, std::string& der,
              FoundOcsp& found) const override {
    if (!heads_.may_answer()) return Result::kUnavailable;
    return inner_.Find(id, der, found);
  }
  bool Holds(const OcspOrigin& origin) const override {
    return heads_.may_answer() && inner_.Holds(origin);
  }
  uint64_t Expect(const x509::CertId& id) const override {
    return inner_.Expect(id);
  }
  void Approach(uint64_t expected) const override { inner_.Approach(expected); }

 private:
  const OcspSource& inner_;
  const HeadKeeper& heads_;
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_GATED_SOURCE_H_
