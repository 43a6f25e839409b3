#include "policy/profile.h"

#include <algorithm>
#include <iterator>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "der/oid.h"
#include "x509/certificate/extensions.h"

namespace chancery::policy {
namespace {

struct Word {
  const char* name;
  uint32_t bit;
};
constexpr Word kKeyUsages[] = {
    {"digital_signature", x509::kDigitalSignature},
    {"content_commitment", x509::kContentCommitment},
    {"key_encipherment", x509::kKeyEncipherment},
    {"data_encipherment", x509::kDataEncipherment},
    {"key_agreement", x509::kKeyAgreement},
};

absl::Status Refuse(absl::string_view field, absl::string_view value,
                    absl::string_view rule) {
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": \"", absl::CHexEscape(value), "\": ", rule));
}

}  // namespace

absl::Status CheckExtendedKeyUsage(const std::string& oid) {
  if (oid == x509::kOcspSigning) {
    return Refuse("extended_key_usage", oid, "no profile makes OCSP signers");
  }
  if (oid == "2.5.29.37.0") {
    return Refuse("extended_key_usage", oid,
                  "no certificate is for any purpose (Baseline Requirements "
                  "section 7.1.2.7.10)");
  }
  if (!der::OidFromText(oid).ok()) {
    return Refuse("extended_key_usage", oid, "not a dotted OID");
  }
  return absl::OkStatus();
}

absl::StatusOr<uint32_t> KeyUsageFromNames(
    const std::vector<std::string>& names) {
  uint32_t mask = 0;
  for (const std::string& name : names) {
    const auto found =
        std::find_if(std::begin(kKeyUsages), std::end(kKeyUsages),
                     [&](const Word& word) { return name == word.name; });
    if (found == std::end(kKeyUsages)) {
      return Refuse(
          "key_usage", name,
          "not one of digital_signature, content_commitment, key_encipherment, "
          "data_encipherment, key_agreement");
    }
    mask |= found->bit;
  }
  return mask;
}

absl::StatusOr<std::vector<std::string>> ExtendedKeyUsageFromNames(
    const std::vector<std::string>& names) {
  std::vector<std::string> out;
  for (const std::string& name : names) {
    if (name == "server_auth") {
      out.push_back(x509::kServerAuth);
    } else if (name == "client_auth") {
      out.push_back(x509::kClientAuth);
    } else if (name == "code_signing") {
      out.push_back("1.3.6.1.5.5.7.3.3");
    } else if (name == "email_protection") {
      out.push_back("1.3.6.1.5.5.7.3.4");
    } else {
      if (!der::OidFromText(name).ok()) {
        return Refuse("extended_key_usage", name,
                      "not one of server_auth, client_auth, code_signing, "
                      "email_protection or a dotted OID");
      }
      RETURN_IF_ERROR(CheckExtendedKeyUsage(name));
      out.push_back(name);
    }
  }
  return out;
}

absl::StatusOr<std::set<crypto::KeyType>> KeyTypesFromNames(
    const std::vector<std::string>& names) {
  using crypto::KeyType;
  if (names.empty()) {
    return std::set<KeyType>{KeyType::kEcP256, KeyType::kEcP384, KeyType::kRsa,
                             KeyType::kEd25519};
  }
  std::set<KeyType> out;
  for (const std::string& name : names) {
    if (name == "ecdsa-p256") {
      out.insert(KeyType::kEcP256);
    } else if (name == "ecdsa-p384") {
      out.insert(KeyType::kEcP384);
    } else if (name == "rsa") {
      out.insert(KeyType::kRsa);
    } else if (name == "ed25519") {
      out.insert(KeyType::kEd25519);
    } else {
      return Refuse("key_type", name,
                    "not one of ecdsa-p256, ecdsa-p384, rsa, ed25519");
    }
  }
  return out;
}

}  // namespace chancery::policy
