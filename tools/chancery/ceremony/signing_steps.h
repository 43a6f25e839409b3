// The steps that sign: certificates, CRLs, key sets.
#ifndef CHANCERY_TOOLS_CHANCERY_CEREMONY_SIGNING_STEPS_H_
#define CHANCERY_TOOLS_CHANCERY_CEREMONY_SIGNING_STEPS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/random.h"
#include "tools/chancery/ceremony/inputs.h"
#include "tools/chancery/ceremony/key_ring.h"
#include "tools/chancery/ceremony/output_sink.h"
#include "tools/chancery/ceremony/plan.h"
#include "x509/certificate/certificate.h"
#include "x509/crl/crl.h"

namespace chancery::cli::ceremony {

// The same for the rehearsal, with throw-away keys, and for what counts. What
// is signed is parsed, verified and linted before it goes into the sink. Each
// call returns what was done, in words. Thread-compatible; all that it is given
// must outlive it.
//
// InvalidArgument, FailedPrecondition: what a step asks for cannot be.
// Internal: what was signed breaks a lint, which is named.
class SigningSteps {
 public:
  struct Parts {
    const Plan& plan;
    const Inputs& inputs;
    KeyRing& keys;
    OutputSink& outputs;
    base::Random& random;
    absl::Time now;  // Whole seconds.
  };

  // `certificates` that were made before, by name: in the rehearsal with
  // throw-away keys.
  SigningSteps(const Parts& parts,
               std::map<std::string, x509::Certificate> certificates)
      : parts_(parts), certificates_(std::move(certificates)) {}

  absl::StatusOr<std::string> Do(const MakeCertificate& step);
  absl::StatusOr<std::string> Do(const MakeCrl& step);
  absl::StatusOr<std::string> Do(const MakeKeySet& step);

 private:
  struct Subject;
  absl::StatusOr<Subject> SubjectOf(const MakeCertificate& step);
  // Without an issuer, of a root.
  absl::Status CheckSigned(const x509::Certificate& certificate,
                           const x509::Certificate* issuer) const;

  // Those of a CRL's entries, by serial.
  struct Entry {
    absl::Time date;
    int reason = 0;
  };
  using Entries = std::map<std::string, Entry>;
  absl::Status AddPrevious(const MakeCrl& step, const x509::CrlFacts& facts,
                           Entries& entries, uint64_t& previous_number) const;
  absl::Status AddRevoked(const MakeCrl& step, Entries& entries) const;
  absl::Status CheckAllRevoked(const MakeCrl& step, absl::Time this_update,
                               const Entries& entries) const;

  const Parts parts_;
  std::map<std::string, x509::Certificate> certificates_;
};

}  // namespace chancery::cli::ceremony

#endif  // CHANCERY_TOOLS_CHANCERY_CEREMONY_SIGNING_STEPS_H_
