// Goes through a ceremony's file from front to back: what plan.h is made by.
#ifndef CHANCERY_TOOLS_CHANCERY_CEREMONY_PLANNER_H_
#define CHANCERY_TOOLS_CHANCERY_CEREMONY_PLANNER_H_

#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chancery/config/ceremony.pb.h"
#include "tools/chancery/ceremony/plan.h"

namespace chancery::cli::ceremony {

// What a key signs: each key one of these (TRUST 2.4).
inline constexpr char kSignsAsCa[] = "certificates and CRLs";
inline constexpr char kSignsOcsp[] = "OCSP responses";
inline constexpr char kSignsManifests[] = "manifests";
inline constexpr char kSignsKeySets[] = "key sets";

// `path` in `folder`, unless it is absolute; "" stays "".
std::string InFolder(const std::string& folder, const std::string& path);

// Used once. Errors are MakePlan's.
class Planner {
 public:
  Planner(const config::Ceremony& from, const std::string& folder)
      : from_(from), folder_(folder) {}

  absl::StatusOr<Plan> Run();

 private:
  // plan.cc: what there is.
  absl::StatusOr<crypto::KeySource> ReadSource(const std::string& field,
                                               const config::KeySource& from);
  absl::Status AddKey(const config::Ceremony::Key& from);
  // Which keys are made, which restored.
  absl::Status FindOrigins();
  // A new file in the output folder.
  absl::Status AddOutput(const std::string& field, const std::string& name);
  absl::Status AddKnown(const config::Ceremony::Certificate& from);
  absl::Status AddOperators();

  // plan_steps.cc: what is done, but for keys.
  absl::Status AddSteps();
  absl::Status AddStep(const config::CeremonyStep& step);
  std::string Field() const;
  // A key pair of the file.
  absl::Status CheckKeyPair(const std::string& field, const std::string& name);
  // One that is there by now, and does nothing but `signs`.
  absl::Status UseToSign(const std::string& field, const std::string& name,
                         const char* signs);
  absl::Status CheckPresent(const std::string& field, const std::string& name);
  // A certificate that is there by now.
  absl::Status CheckCertificate(const std::string& field,
                                const std::string& name);
  // The key of an issuer.
  absl::StatusOr<std::string> IssuerKey(const std::string& name);
  absl::Status AddCertificate(MakeCertificate certificate);
  // Of an intermediate: it is another CA than its issuer, as far as the file
  // tells.
  absl::Status CheckOtherCa(const MakeCertificate& below);
  absl::Status AddRoot(const config::CeremonyStep::Root& from);
  template <typename Message>
  absl::Status AddBelow(const Message& from, CertificateKind kind);
  absl::Status AddCross(const config::CeremonyStep::CrossCertificate& from);
  absl::Status AddCrl(const config::CeremonyCrl& from, MakeCrl crl);

  // plan_key_steps.cc: what is done with keys.
  absl::Status AddGenerate(const config::CeremonyStep::GenerateKey& from);
  absl::StatusOr<MakeKeySet::Manifest> ReadManifest(
      const config::CeremonyStep::KeySet::ManifestKey& from);
  absl::Status AddKeySet(const config::CeremonyStep::KeySet& from);
  // The wrapping key of `key`, in the same token.
  absl::Status CheckWrapping(const std::string& wrapping,
                             const std::string& key);
  absl::Status AddBackup(const config::CeremonyStep::BackupKey& from);
  absl::Status AddRestore(const config::CeremonyStep::RestoreKey& from);
  absl::Status AddDestroy(const std::string& key, const std::string& key_id);
  absl::Status AddEndOfLife(const config::CeremonyStep::EndOfLife& from);

  template <typename Action>
  void Push(Action action) {
    plan_.steps.push_back(
        {.number = number_, .kind = kind_, .action = std::move(action)});
  }

  const config::Ceremony& from_;
  const std::string folder_;
  Plan plan_;
  int number_ = 0;                             // Of the step at hand,
  std::string kind_;                           // and what it is.
  std::map<std::string, std::string> key_of_;  // By certificate; may be empty.
  std::map<std::string, const char*> signs_;   // By key.
  std::map<std::string, NewCertificate> contents_;  // Of those that it makes.
  std::set<std::string> used_, made_, destroyed_;
};

}  // namespace chancery::cli::ceremony

#endif  // CHANCERY_TOOLS_CHANCERY_CEREMONY_PLANNER_H_
