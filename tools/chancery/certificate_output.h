// Where a certificate of the CA goes, in which format: always with its chain.
#ifndef CHANCERY_TOOLS_CHANCERY_CERTIFICATE_OUTPUT_H_
#define CHANCERY_TOOLS_CHANCERY_CERTIFICATE_OUTPUT_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/secret.h"
#include "crypto/portable_key.h"
#include "tools/chancery/command.h"

namespace chancery::cli {

// The options --out, --format and what goes with them. Used once: Declare,
// Check, Prepare, Write.
class CertificateOutput {
 public:
  void Declare(OptionSet& options);
  absl::Status Check() const;

  // Looks whether --out and --chain-out can be written, and whether a file is
  // in the way; reads the key and the password: all that can be wrong before a
  // certificate is asked for.
  absl::Status Prepare();

  // After Prepare; null without --key.
  const crypto::PortableKey* key() const {
    return key_.has_value() ? &*key_ : nullptr;
  }

  // Whether --out was given; otherwise the command prints PEM.
  bool to_file() const { return !out_.empty(); }
  const std::string& out() const { return out_; }

  // Writes what was asked for; nothing without --out and --chain-out. DER; the
  // chain from the issuer's certificate upwards.
  absl::Status Write(const std::string& certificate,
                     const std::vector<std::string>& chain);

 private:
  std::string format_ = "pem", out_, chain_out_, key_file_, name_;
  std::string in_password_, out_password_;
  bool legacy_ = false, force_ = false;
  std::optional<crypto::PortableKey> key_;
  std::optional<base::Secret> password_;
};

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_CERTIFICATE_OUTPUT_H_
