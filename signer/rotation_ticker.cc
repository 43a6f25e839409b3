#include "signer/rotation_ticker.h"

namespace chancery::signer {
namespace {

constexpr absl::Duration kInterval = absl::Minutes(1);

}  // namespace

RotationTicker::RotationTicker(OcspKeyRotation* rotation, rpc::Process& process)
    : rotation_(rotation), process_(process) {
  if (rotation_ == nullptr) return;
  until_ = process.metrics().AddGauge(
      "chancery_signer_ocsp_key_until_seconds",
      "Until when the delegated OCSP key signs, seconds since 1970.");
}

void RotationTicker::Tick() {
  if (rotation_ == nullptr || process_.clock().Now() < due_) return;
  due_ = process_.clock().Now() + kInterval;
  const auto report = rotation_->Step();
  if (!report.ok()) {
    process_.log().Error("ocsp_key_not_rotated", {{"why", report.status()}});
    return;
  }
  until_->Set(static_cast<double>(absl::ToUnixSeconds(report->signs_until)));
  if (created_ == report->created) return;
  created_ = report->created;
  process_.log().Info("ocsp_key", {{"created", report->created},
                                   {"signs_until", report->signs_until},
                                   {"keys", report->keys}});
}

}  // namespace chancery::signer
