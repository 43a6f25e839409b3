// Which certificate a command is about: a serial number, or a file.
#ifndef CHANCERY_TOOLS_CHANCERY_CERTIFICATE_CHOICE_H_
#define CHANCERY_TOOLS_CHANCERY_CERTIFICATE_CHOICE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/chancery/command.h"
#include "tools/chancery/connections.h"

namespace chancery::cli {

class CertificateChoice {
 public:
  // SERIAL, --cert and --issuer.
  void Declare(OptionSet& options);
  // InvalidArgument unless exactly one of SERIAL and --cert was given.
  absl::Status Check() const;

  // Whether SERIAL or --cert was given.
  bool given() const { return !serial_.empty() || !file_.empty(); }

  // The serial's magnitude.
  absl::StatusOr<std::string> Serial() const;
  // --issuer, or "".
  const std::string& issuer() const { return issuer_; }
  // --issuer; else the issuer that the authority knows for `serial`; else, if
  // it knows none or several, the configuration's default.
  std::string FindIssuer(const Connections& connections,
                         const std::string& serial) const;

 private:
  std::string serial_, file_, issuer_;
};

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_CERTIFICATE_CHOICE_H_
