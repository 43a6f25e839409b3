#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "block/key_set.h"
#include "block/key_set_file.h"
#include "tools/chancery/ceremony/signing_steps.h"

namespace chancery::cli::ceremony {

absl::StatusOr<std::string> SigningSteps::Do(const MakeKeySet& step) {
  block::KeySet set;
  set.version = step.version;
  set.epoch = step.epoch;
  for (const MakeKeySet::Manifest& manifest : step.manifests) {
    block::KeySet::ManifestKey key{.not_before = manifest.not_before,
                                   .not_after = manifest.not_after};
    if (manifest.key.empty()) {
      ASSIGN_OR_RETURN(const crypto::PublicKey known,
                       parts_.inputs.PublicKeyIn(manifest.public_key_file));
      key.spki = base::ToString(known.spki());
    } else {
      ASSIGN_OR_RETURN(const crypto::SigningKey* made,
                       parts_.keys.Get(manifest.key));
      key.spki = base::ToString(made->public_key().spki());
    }
    for (const std::string& issuer : manifest.issuers) {
      key.issuers.push_back(certificates_.at(issuer).IssuerId());
    }
    set.keys.push_back(std::move(key));
  }
  for (const MakeKeySet::Issuer& issuer : step.issuers) {
    set.issuers.push_back(
        {.name = issuer.name,
         .certificate = certificates_.at(issuer.certificate).der()});
  }
  block::KeySetFile file{.message = set.Encode()};
  block::KeySetRoots roots{.threshold = step.threshold};
  for (const std::string& root : step.signed_by) {
    ASSIGN_OR_RETURN(const crypto::SigningKey* key, parts_.keys.Get(root));
    RETURN_IF_ERROR(block::AddSignature(*key, file));
    roots.keys.push_back(key->public_key());
  }
  for (const std::string& path : step.other_root_files) {
    ASSIGN_OR_RETURN(crypto::PublicKey key, parts_.inputs.PublicKeyIn(path));
    roots.keys.push_back(std::move(key));
  }
  // As a responder reads both.
  const std::string pinned = block::EncodeKeySetRoots(roots);
  const std::string bytes = file.Encode();
  ASSIGN_OR_RETURN(const block::KeySetRoots read,
                   block::ParseKeySetRoots(pinned));
  RETURN_IF_ERROR(block::OpenKeySet(base::AsBytes(bytes), read).status());
  RETURN_IF_ERROR(parts_.outputs.Put(step.name, base::AsBytes(bytes), 0644));
  RETURN_IF_ERROR(parts_.outputs.Put(absl::StrCat(step.name, "-root.pem"),
                                     base::AsBytes(pinned), 0644));
  return absl::StrCat("key set version ", step.version, ", epoch ", step.epoch,
                      ", signed by ", step.signed_by.size(), " of ",
                      roots.keys.size(), " roots, of which ", step.threshold,
                      " have to");
}

}  // namespace chancery::cli::ceremony
