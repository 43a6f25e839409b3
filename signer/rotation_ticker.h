#ifndef CHANCERY_SIGNER_ROTATION_TICKER_H_
#define CHANCERY_SIGNER_ROTATION_TICKER_H_

#include <optional>

#include "absl/time/time.h"
#include "rpc/metrics.h"
#include "rpc/process.h"
#include "signer/ocsp_key_rotation.h"

namespace chancery::signer {

// Has the delegated OCSP keys rotate every minute, with what operators see of
// it. Thread-compatible.
class RotationTicker {
 public:
  // Null: no issuer rotates its key, and nothing is done. Both must outlive
  // this object.
  RotationTicker(OcspKeyRotation* rotation, rpc::Process& process);

  // To be called every second.
  void Tick();

 private:
  OcspKeyRotation* const rotation_;
  rpc::Process& process_;
  std::optional<rpc::Gauge> until_;
  absl::Time due_ = absl::InfinitePast();
  absl::Time created_ = absl::InfinitePast();
};

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_ROTATION_TICKER_H_
