#include "signer/airgap/operators.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "base/utf8.h"
#include "chancery/config/signer.pb.h"
#include "ledger/airgap/record_file.h"
#include "rpc/config.h"
#include "x509/certificate/pem.h"

namespace chancery::signer {
namespace {

constexpr int kMinRsaBits = 2048;

absl::StatusOr<crypto::PublicKey> LoadPublicKey(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, base::ReadFile(path));
  const auto in_file = [&](absl::string_view why) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", why));
  };
  const auto spki = x509::DerOrPem("PUBLIC KEY", text);
  if (!spki.ok()) return in_file(spki.status().message());
  auto key = crypto::PublicKey::FromSpki(base::AsBytes(*spki));
  if (!key.ok()) return in_file(key.status().message());
  if (key->type() == crypto::KeyType::kRsa && key->bits() < kMinRsaBits) {
    return in_file(absl::StrCat("an RSA key of ", key->bits(),
                                " bits: at least ", kMinRsaBits));
  }
  return key;
}

}  // namespace

absl::Status CheckAirGap(const config::AirGap& config) {
  RETURN_IF_ERROR(rpc::RequireSet("air_gap.channel", config.channel()));
  if (config.channel().size() > airgap::kMaxChannelSize ||
      !base::IsPlainText(config.channel())) {
    return rpc::ConfigError("air_gap.channel", config.channel(),
                            absl::StrCat("at most ", airgap::kMaxChannelSize,
                                         " bytes of UTF-8 without control "
                                         "characters"));
  }
  if (config.operator_key_file().empty()) {
    return rpc::ConfigError("air_gap.operator_key_file", "",
                            "name the operators' public keys");
  }
  if (config.threshold() == 0 ||
      config.threshold() >
          static_cast<uint32_t>(config.operator_key_file_size())) {
    return rpc::ConfigError(
        "air_gap.threshold", absl::StrCat(config.threshold()),
        absl::StrCat("1 to ", config.operator_key_file_size(),
                     ", the number of operator_key_file"));
  }
  return absl::OkStatus();
}

absl::StatusOr<airgap::Operators> LoadOperators(const config::AirGap& config) {
  airgap::Operators out;
  out.threshold = config.threshold();
  for (const std::string& path : config.operator_key_file()) {
    ASSIGN_OR_RETURN(crypto::PublicKey key, LoadPublicKey(path));
    for (const crypto::PublicKey& known : out.keys) {
      if (known == key) {
        return rpc::ConfigError("air_gap.operator_key_file", path,
                                "each operator has a key of their own");
      }
    }
    out.keys.push_back(std::move(key));
  }
  return out;
}

}  // namespace chancery::signer
