// The files that a ceremony reads, each read once, with its hash.
#ifndef CHANCERY_TOOLS_CHANCERY_CEREMONY_INPUTS_H_
#define CHANCERY_TOOLS_CHANCERY_CEREMONY_INPUTS_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "crypto/public_key.h"
#include "tools/chancery/ceremony/plan.h"
#include "x509/certificate/certificate.h"

namespace chancery::cli::ceremony {

// Immutable.
class Inputs {
 public:
  // All files that `plan` names, but for keys and PINs. Certificates are parsed
  // and are those whose hash the plan has. Errors name the file.
  static absl::StatusOr<Inputs> Read(const Plan& plan);

  // By path; the plan names it.
  const std::string& bytes(const std::string& path) const {
    return files_.at(path);
  }
  // PEM or DER. Errors name the file.
  absl::StatusOr<crypto::PublicKey> PublicKeyIn(const std::string& path) const;

  // By name: those that were made before.
  const std::map<std::string, x509::Certificate>& certificates() const {
    return certificates_;
  }
  const std::map<std::string, std::string>& files() const { return files_; }

 private:
  std::map<std::string, std::string> files_;
  std::map<std::string, x509::Certificate> certificates_;
};

}  // namespace chancery::cli::ceremony

#endif  // CHANCERY_TOOLS_CHANCERY_CEREMONY_INPUTS_H_
