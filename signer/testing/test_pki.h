#ifndef CHANCERY_SIGNER_TESTING_TEST_PKI_H_
#define CHANCERY_SIGNER_TESTING_TEST_PKI_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "block/key_set.h"
#include "block/template.h"
#include "crypto/signing_key.h"
#include "crypto/software_key.h"
#include "signer/issuer.h"

namespace chancery::signer::testing {

// A CA, self-signed unless it says otherwise, with a delegated OCSP signer and
// a manifest key, all in memory: as a signer loads it and as a responder pins
// it.
class TestPki {
 public:
  static std::vector<block::CertIdForm> BothForms();

  struct Options {
    std::string name = "issuing";
    // Begins an hour before, ends ten years later.
    absl::Time now = absl::FromUnixSeconds(1'800'000'000);
    absl::Duration delegate_lifetime = absl::Hours(24 * 365);
    absl::Duration ocsp_validity = absl::Hours(96);
    absl::Duration crl_validity = absl::Hours(168);
    std::vector<block::CertIdForm> forms = BothForms();
    RevocationPolicy policy = RevocationPolicy::kPrivate;
    uint32_t block_capacity = 8;
    uint32_t crl_shards = 1;
    absl::Duration delta_crl_interval = absl::ZeroDuration();
    // Of the profile "server".
    absl::Duration leaf_validity = absl::Hours(24 * 90);
    // The CA's own key signs OCSP responses too.
    bool delegated = true;
    // A root certified a CA, and that one this: its chain has both but the
    // root.
    bool below_a_root = false;
    // Keys follow from it, and what they sign from that: the same in each run.
    // Empty: new keys.
    std::string seed = {};
  };

  explicit TestPki(Options options);
  TestPki() : TestPki(Options()) {}

  const Issuer& issuer() const { return issuer_; }
  // Of whoever else should sign in its name.
  const std::shared_ptr<const crypto::SoftwareKey>& key() const {
    return key_.key;
  }
  const std::shared_ptr<const crypto::SoftwareKey>& manifest_key() const {
    return manifest_key_.key;
  }
  // The manifest key, as a signer has it: as the seed says, if there is one.
  const std::shared_ptr<const crypto::SigningKey>& manifest_key_in_signer()
      const {
    return manifest_key_.signer;
  }
  // Of whoever is above it; empty for a root.
  const std::string& root_certificate() const { return root_certificate_; }
  // The manifest key may sign for the CA for ten years.
  block::KeySet KeySet() const;

 private:
  struct Key {
    std::shared_ptr<const crypto::SoftwareKey> key;
    std::shared_ptr<const crypto::SigningKey> signer;
  };
  Key NewKey(const char* name) const;

  const Options options_;
  const Key key_;
  const Key ocsp_key_;
  const Key manifest_key_;
  Issuer issuer_;
  std::string root_certificate_;
};

// A request for `name` that OpenSSL made, DER; its key is thrown away.
// `key` as `openssl req -newkey` and -pkeyopt take it.
std::string OpenSslCsr(
    const std::string& name,
    const std::string& key = "ec -pkeyopt ec_paramgen_curve:P-256",
    const std::string& more_arguments = "");

// As OpenSslCsr, for a new P-256 key, made in this process: for tests that need
// many and look at something else.
std::string QuickCsr(const std::string& name);
std::string QuickCsr(const std::string& name, const crypto::SigningKey& key);

}  // namespace chancery::signer::testing

#endif  // CHANCERY_SIGNER_TESTING_TEST_PKI_H_
