#include "tools/chancery/ceremony/rehearsal.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "crypto/software_key.h"
#include "tools/chancery/ceremony/key_ring.h"
#include "tools/chancery/ceremony/output_sink.h"
#include "tools/chancery/ceremony/signing_steps.h"
#include "x509/certificate/certificate.h"

namespace chancery::cli::ceremony {
namespace {

// A key of the planned type for each name, made when it is first asked for.
class ThrowAwayKeys final : public KeyRing {
 public:
  explicit ThrowAwayKeys(const Plan& plan) : plan_(plan) {}

  absl::StatusOr<const crypto::SigningKey*> Get(
      const std::string& name) override {
    auto& key = keys_[name];
    if (key == nullptr) {
      ASSIGN_OR_RETURN(key, crypto::GenerateKey(plan_.keys.at(name).spec));
    }
    return key.get();
  }

 private:
  const Plan& plan_;
  std::map<std::string, std::unique_ptr<crypto::SoftwareKey>> keys_;
};

// Keeps names only.
class NoOutputs final : public OutputSink {
 public:
  absl::Status Put(const std::string& name, base::Bytes, int) override {
    if (names_.insert(name).second) return absl::OkStatus();
    return absl::AlreadyExistsError(
        absl::StrCat(name, ": two outputs have this name"));
  }

 private:
  std::set<std::string> names_;
};

// The certificates that were made before; one whose key signs has, for the
// rehearsal, a throw-away key, and nothing else that differs.
absl::StatusOr<std::map<std::string, x509::Certificate>> Stand(
    const Plan& plan, const Inputs& inputs, KeyRing& keys) {
  std::map<std::string, x509::Certificate> out;
  for (const auto& [name, certificate] : inputs.certificates()) {
    const std::string& key_name = plan.certificates.at(name).key;
    if (key_name.empty()) {
      out.emplace(name, certificate);
      continue;
    }
    const crypto::KeySpec& spec = plan.keys.at(key_name).spec;
    const crypto::PublicKey& real = certificate.public_key();
    if (real.type() != spec.type ||
        (spec.bits != 0 && real.bits() != spec.bits)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "certificate \"", name, "\": its key is ", Name(real.type()), " of ",
          real.bits(), " bits, not of the type that key \"", key_name,
          "\" has"));
    }
    ASSIGN_OR_RETURN(const crypto::SigningKey* key, keys.Get(key_name));
    x509::CertificateFacts facts = certificate.facts();
    facts.public_key = base::ToString(key->public_key().spki());
    ASSIGN_OR_RETURN(const std::string der, x509::SignCertificate(facts, *key));
    ASSIGN_OR_RETURN(x509::Certificate stand_in,
                     x509::Certificate::Parse(base::AsBytes(der)));
    out.emplace(name, std::move(stand_in));
  }
  return out;
}

// What the steps that do not sign would do.
struct Description {
  const Plan& plan;

  std::string Where(const std::string& name) const {
    const PlannedKey& key = plan.keys.at(name);
    if (key.in_token()) return key.source.pkcs11_uri;
    return key.output.empty() ? key.source.file : key.output;
  }
  std::string operator()(const MakeKey& step) const {
    return absl::StrCat(plan.keys.at(step.key).type, " key \"", step.key,
                        "\" in ", Where(step.key),
                        step.extractable ? ", extractable under wrap" : "");
  }
  std::string operator()(const BackUpKey& step) const {
    return absl::StrCat("key \"", step.key, "\" wrapped by \"",
                        step.wrapping_key, "\"");
  }
  std::string operator()(const RestoreKey& step) const {
    return absl::StrCat("key \"", step.key, "\" from ", step.wrapped_file,
                        " into ", Where(step.key));
  }
  std::string operator()(const DestroyKey& step) const {
    return absl::StrCat("DESTROY key \"", step.key, "\" in ", Where(step.key),
                        ", key id ", base::Hex(base::AsBytes(step.key_id)));
  }
};

// A CRL may be dated, and rehearsed before.
absl::Time LatestOf(const Plan& plan, absl::Time now) {
  for (const PlannedStep& step : plan.steps) {
    const auto* crl = std::get_if<MakeCrl>(&step.action);
    if (crl != nullptr) now = std::max(now, crl->this_update.value_or(now));
  }
  return now;
}

}  // namespace

absl::Status InStep(const PlannedStep& step, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(),
                      absl::StrCat("step ", step.number, " ", step.kind, ": ",
                                   status.message()));
}

absl::StatusOr<std::vector<std::string>> Rehearse(const Plan& plan,
                                                  const Inputs& inputs,
                                                  base::Random& random,
                                                  absl::Time now) {
  ThrowAwayKeys keys(plan);
  NoOutputs outputs;
  ASSIGN_OR_RETURN(auto certificates, Stand(plan, inputs, keys));
  SigningSteps signing({.plan = plan,
                        .inputs = inputs,
                        .keys = keys,
                        .outputs = outputs,
                        .random = random,
                        .now = LatestOf(plan, now)},
                       std::move(certificates));
  const Description describe{plan};
  std::vector<std::string> done;
  for (const PlannedStep& step : plan.steps) {
    auto words = std::visit(
        [&](const auto& action) -> absl::StatusOr<std::string> {
          if constexpr (requires { signing.Do(action); }) {
            return signing.Do(action);
          } else {
            return describe(action);
          }
        },
        step.action);
    if (!words.ok()) return InStep(step, words.status());
    done.push_back(*std::move(words));
  }
  return done;
}

}  // namespace chancery::cli::ceremony
