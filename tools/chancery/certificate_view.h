// Certificates as the authority describes them, for people and for programs.
#ifndef CHANCERY_TOOLS_CHANCERY_CERTIFICATE_VIEW_H_
#define CHANCERY_TOOLS_CHANCERY_CERTIFICATE_VIEW_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tools/chancery/json.h"

namespace chancery::authority::v1 {
class Certificate;
}

namespace chancery::cli {

// "good", "revoked (keyCompromise) since 2026-...".
std::string StatusText(const authority::v1::Certificate& certificate);
std::string StatusText(bool revoked, int reason, int64_t revoked_at_seconds);

// "name: value" of all that is known.
std::vector<std::pair<std::string, std::string>> CertificateFacts(
    const authority::v1::Certificate& certificate);

JsonObject CertificateJson(const authority::v1::Certificate& certificate);

// A row of `chancery list`, and its header.
const std::vector<std::string>& CertificateColumns();
std::vector<std::string> CertificateRow(
    const authority::v1::Certificate& certificate);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_CERTIFICATE_VIEW_H_
