#include <cstdint>
#include <cstdlib>

#include "x509/ocsp/request.h"
#include "x509/ocsp/response.h"

namespace x509 = chancery::x509;

// What is accepted keeps the limits that its reader promises.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (const auto request = x509::ParseOcspRequest({data, size}); request.ok()) {
    if (request->cert_ids.empty() ||
        request->cert_ids.size() > x509::kMaxCertIds) {
      std::abort();
    }
    if (request->nonce.has_value() &&
        (request->nonce->empty() || request->nonce->size() > 128)) {
      std::abort();
    }
    for (const x509::CertId& id : request->cert_ids) {
      if (!id.serial.empty() && id.serial[0] == 0) std::abort();
    }
  }
  if (const auto response = x509::ParseOcspResponse({data, size});
      response.ok()) {
    const bool successful =
        response->status == x509::OcspResponseStatus::kSuccessful;
    if (successful == response->tbs.empty()) std::abort();
  }
  return 0;
}
