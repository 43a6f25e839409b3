#include "policy/cfssl/usages.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "der/oid.h"
#include "x509/certificate/extensions.h"

namespace chancery::policy::cfssl {
namespace {

struct KeyUsageName {
  const char* name;
  uint32_t bit;
};
constexpr KeyUsageName kKeyUsages[] = {
    {"signing", x509::kDigitalSignature},
    {"digital signature", x509::kDigitalSignature},
    {"content commitment", x509::kContentCommitment},
    {"key encipherment", x509::kKeyEncipherment},
    {"key agreement", x509::kKeyAgreement},
    {"data encipherment", x509::kDataEncipherment},
    {"cert sign", x509::kKeyCertSign},
    {"crl sign", x509::kCrlSign},
    {"encipher only", x509::kEncipherOnly},
    {"decipher only", x509::kDecipherOnly},
};

struct ExtendedName {
  const char* name;
  const char* oid;
};
constexpr ExtendedName kExtended[] = {
    {"any", "2.5.29.37.0"},
    {"server auth", x509::kServerAuth},
    {"client auth", x509::kClientAuth},
    {"code signing", "1.3.6.1.5.5.7.3.3"},
    {"email protection", "1.3.6.1.5.5.7.3.4"},
    {"s/mime", "1.3.6.1.5.5.7.3.4"},
    {"ipsec end system", "1.3.6.1.5.5.7.3.5"},
    {"ipsec tunnel", "1.3.6.1.5.5.7.3.6"},
    {"ipsec user", "1.3.6.1.5.5.7.3.7"},
    {"timestamping", "1.3.6.1.5.5.7.3.8"},
    {"ocsp signing", x509::kOcspSigning},
    {"microsoft sgc", "1.3.6.1.4.1.311.10.3.3"},
    {"netscape sgc", "2.16.840.1.113730.4.1"},
};

}  // namespace

absl::Status AddUsage(const std::string& usage, Profile& profile) {
  for (const KeyUsageName& known : kKeyUsages) {
    if (usage == known.name) {
      profile.key_usage |= known.bit;
      return absl::OkStatus();
    }
  }
  std::string oid = der::OidFromText(usage).ok() ? usage : "";
  for (const ExtendedName& known : kExtended) {
    if (usage == known.name) oid = known.oid;
  }
  if (oid.empty()) {
    return absl::InvalidArgumentError(
        "no usage of CFSSL, which would pass over it, and no dotted OID");
  }
  RETURN_IF_ERROR(CheckExtendedKeyUsage(oid));
  auto& usages = profile.extended_key_usage;
  if (std::find(usages.begin(), usages.end(), oid) == usages.end()) {
    usages.push_back(oid);
  }
  return absl::OkStatus();
}

}  // namespace chancery::policy::cfssl
