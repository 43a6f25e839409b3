// A ceremony's file, checked as a whole: what will be done, as values. Nothing
// here reads a file or opens a key.
#ifndef CHANCERY_TOOLS_CHANCERY_CEREMONY_PLAN_H_
#define CHANCERY_TOOLS_CHANCERY_CEREMONY_PLAN_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "crypto/key_source.h"
#include "crypto/software_key.h"
#include "policy/lints/selection.h"
#include "tools/chancery/init/new_certificate.h"

namespace chancery::config {
class Ceremony;
}  // namespace chancery::config

namespace chancery::cli::ceremony {

// Where a key of the ceremony comes from.
enum class KeyOrigin { kExists, kGenerated, kRestored };

struct PlannedKey {
  std::string type = {};  // As in the file.
  bool wraps = false;     // AES-256, for backups; else `spec`.
  crypto::KeySpec spec = {};
  crypto::KeySource source = {};  // Paths are absolute.
  KeyOrigin origin = KeyOrigin::kExists;
  // Of a generated file: its name in the output folder, instead of a path.
  std::string output = {};

  bool in_token() const { return !source.pkcs11_uri.empty(); }
};

// A certificate that was made before.
struct KnownCertificate {
  std::string file = {};
  std::string sha256 = {};  // 32 bytes.
  std::string key = {};     // May be empty.
};

struct PlannedOperator {
  std::string name = {};
  std::string public_key_file = {};
  std::optional<crypto::KeySource> key = {};  // Absent: signs afterwards.
};

struct MakeKey {
  std::string key = {};
  bool extractable = false;
};

enum class CertificateKind { kRoot, kIntermediate, kCross, kOcspSigner };

struct MakeCertificate {
  CertificateKind kind = CertificateKind::kRoot;
  std::string name = {};
  std::string issuer = {}, issuer_key = {};  // A root's: itself, its key.
  // Whose it is: one of the three. `of` is another certificate.
  std::string key = {}, csr_file = {}, of = {};
  NewCertificate content = {};  // Without a subject if it is `of` another.
};

struct Revocation {
  std::string serial = {};       // Magnitude. One of the two.
  std::string certificate = {};  // In this ceremony.
  absl::Time date = {};
  int reason = 0;
};

struct MakeCrl {
  std::string name = {};
  std::string issuer = {}, issuer_key = {};
  uint64_t number = 0;
  std::optional<absl::Time> this_update = {};  // Absent: now.
  std::optional<absl::Time> next_update = {};  // Absent: the issuer's notAfter.
  std::string previous_file = {};              // Empty: it is the first.
  std::string distribution_point = {};
  std::vector<Revocation> revoked = {};
  // The last one of a CA: everything that it issued has to be in it.
  bool is_last = false;
  std::string issued_file = {};  // May be empty.
  uint32_t issued_count = 0;
};

struct MakeKeySet {
  struct Manifest {
    std::string key = {}, public_key_file = {};  // One of the two.
    absl::Time not_before = {}, not_after = {};
    std::vector<std::string> issuers = {};  // Certificates.
  };
  struct Issuer {
    std::string name = {}, certificate = {};
  };
  std::string name = {};
  uint64_t version = 0, epoch = 0;
  std::vector<Manifest> manifests = {};
  std::vector<Issuer> issuers = {};
  std::vector<std::string> signed_by = {};
  std::vector<std::string> other_root_files = {};
  uint32_t threshold = 0;
};

struct BackUpKey {
  std::string name = {}, key = {}, wrapping_key = {};
};

struct RestoreKey {
  std::string key = {}, wrapping_key = {};
  std::string wrapped_file = {}, public_key_file = {};
};

struct DestroyKey {
  std::string key = {};
  std::string key_id = {};  // 32 bytes.
};

struct PlannedStep {
  int number = 0;         // In the file, from 1.
  std::string kind = {};  // As the file has it: "root".
  std::variant<MakeKey, MakeCertificate, MakeCrl, MakeKeySet, BackUpKey,
               RestoreKey, DestroyKey>
      action = {};
};

struct Plan {
  std::string id = {};
  std::string output_dir = {};  // Absolute.
  std::map<std::string, PlannedKey> keys = {};
  std::map<std::string, KnownCertificate> certificates = {};
  std::vector<PlannedOperator> operators = {};
  size_t operators_needed = 0;
  policy::lints::Selection lints = {};
  // The end of keys comes last; end_of_life is two of these, a MakeCrl and a
  // DestroyKey.
  std::vector<PlannedStep> steps = {};
  // Names of the files that the steps make, without the transcript's.
  std::set<std::string> outputs = {};
};

// Relative paths are taken from `folder`, which is absolute. InvalidArgument
// names the field, its value and the rule.
absl::StatusOr<Plan> MakePlan(const config::Ceremony& ceremony,
                              const std::string& folder);

// Names in the output folder that are not the steps'.
inline constexpr char kTranscriptFile[] = "transcript.textproto";
inline constexpr char kCeremonyFile[] = "ceremony.textproto";

}  // namespace chancery::cli::ceremony

#endif  // CHANCERY_TOOLS_CHANCERY_CEREMONY_PLAN_H_
