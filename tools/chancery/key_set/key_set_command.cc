#include "tools/chancery/key_set/key_set_command.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "block/key_set.h"
#include "block/key_set_file.h"
#include "block/manifest.h"
#include "crypto/public_key.h"
#include "crypto/software_key.h"
#include "tools/chancery/key_set/pinned_key_set.h"
#include "tools/chancery/text.h"
#include "x509/certificate/certificate.h"
#include "x509/certificate/pem.h"

namespace chancery::cli {
namespace {

constexpr size_t kMaxFileBytes = 64 << 20;

absl::StatusOr<crypto::PublicKey> ReadPublicKey(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string pem, base::ReadFile(path, kMaxFileBytes));
  const auto spki = x509::DerOrPem("PUBLIC KEY", pem);
  if (!spki.ok()) {
    return absl::Status(spki.status().code(),
                        absl::StrCat(path, ": ", spki.status().message()));
  }
  return crypto::PublicKey::FromSpki(base::AsBytes(*spki));
}

std::string IdOf(const block::KeySet::ManifestKey& key) {
  return base::Hex(crypto::Sha256(base::AsBytes(key.spki)));
}

std::string FormatText(const block::KeySet& set,
                       const std::string& signatures) {
  std::vector<std::vector<std::string>> keys, issuers;
  for (const block::KeySet::ManifestKey& key : set.keys) {
    keys.push_back({IdOf(key), TimeText(key.not_before),
                    TimeText(key.not_after), absl::StrCat(key.issuers.size())});
  }
  for (const block::KeySet::Issuer& issuer : set.issuers) {
    issuers.push_back({issuer.name, base::Hex(crypto::Sha256(
                                        base::AsBytes(issuer.certificate)))});
  }
  return absl::StrCat(
      FormatFacts({{"Version", absl::StrCat(set.version)},
                   {"Epoch", absl::StrCat(set.epoch)},
                   {"Signatures", signatures}}),
      "\n", FormatTable({"MANIFEST KEY", "FROM", "UNTIL", "ISSUERS"}, keys),
      "\n", FormatTable({"ISSUER", "SHA-256 OF ITS CERTIFICATE"}, issuers));
}

// The one key whose id begins so.
absl::StatusOr<block::KeySet::ManifestKey*> FindKey(block::KeySet& set,
                                                    const std::string& id) {
  block::KeySet::ManifestKey* found = nullptr;
  for (block::KeySet::ManifestKey& key : set.keys) {
    if (!absl::StartsWith(IdOf(key), id)) continue;
    if (found != nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("--id: \"", id, "\": several keys begin so"));
    }
    found = &key;
  }
  if (found == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("--id: \"", id, "\": no key of the set begins so"));
  }
  return found;
}

// TRUST 4: "a manifest key used for nothing else".
absl::Status CheckOnlyForManifests(const crypto::PublicKey& key,
                                   const block::KeySetRoots& roots,
                                   const block::KeySet& set) {
  const auto refuse = [&](absl::string_view owner) {
    return absl::InvalidArgumentError(
        absl::StrCat("key ", base::Hex(block::KeyIdOf(key)), ": it is ", owner,
                     ": a manifest key is used for nothing else (TRUST 4)"));
  };
  if (std::find(roots.keys.begin(), roots.keys.end(), key) !=
      roots.keys.end()) {
    return refuse("the key of one of --root");
  }
  for (const block::KeySet::Issuer& issuer : set.issuers) {
    const auto certificate =
        x509::Certificate::Parse(base::AsBytes(issuer.certificate));
    if (certificate.ok() && certificate->public_key() == key) {
      return refuse(absl::StrCat("the key of issuer \"", issuer.name, "\""));
    }
  }
  return absl::OkStatus();
}

absl::Status AddRootSignature(const std::string& root_key_file,
                              const block::KeySetRoots& roots,
                              block::KeySetFile& file) {
  ASSIGN_OR_RETURN(const auto root,
                   crypto::LoadSoftwareKey(root_key_file, nullptr));
  const auto same = [&](const crypto::PublicKey& one) {
    return block::KeyIdOf(one) == block::KeyIdOf(root->public_key());
  };
  if (std::none_of(roots.keys.begin(), roots.keys.end(), same)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--root-key: ", root_key_file, ": is the key of none of --root"));
  }
  return block::AddSignature(*root, file);
}

}  // namespace

std::string KeySetCommand::example() const {
  return "chancery keyset show ca/key-set --root ca/key-set-root.pem\n"
         "  chancery keyset add ca/key-set --root ca/key-set-root.pem "
         "--root-key ca/key-set-root.key --key next-manifest.pub --from "
         "2027-01-10 --until 2029-01-10 --out key-set.2\n"
         "  chancery keyset retire key-set.2 --root ca/key-set-root.pem "
         "--root-key ca/key-set-root.key --id 1f0c --until 2027-01-20 --out "
         "key-set.3\n"
         "  chancery keyset sign key-set.3 --root roots.pem --root-key "
         "second-root.key --out key-set.3b\n"
         "docs/key-rotation.md says when";
}

void KeySetCommand::Declare(OptionSet& options) {
  options.AddText({.name = "action",
                   .value = "show|add|retire|remove|sign",
                   .help = "What to do; add, retire and remove sign the next "
                           "version, sign adds another root's signature",
                   .required = true},
                  action_);
  options.AddText({.name = "key-set",
                   .value = "FILE",
                   .help = "The key set as it is",
                   .required = true},
                  file_);
  options.AddText({.name = "--root",
                   .value = "FILE",
                   .help = "The pinned roots' public keys, PEM",
                   .required = true},
                  root_file_);
  options.AddText({.name = "--root-key",
                   .value = "FILE",
                   .help = "A root's private key, PEM: offline"},
                  root_key_file_);
  options.AddText({.name = "--key",
                   .value = "FILE",
                   .help = "add: the new manifest key's public key, PEM"},
                  key_file_);
  options.AddText({.name = "--id",
                   .value = "HEX",
                   .help = "retire, remove: how the key's id begins"},
                  key_id_);
  options.AddText({.name = "--from",
                   .value = "TIME",
                   .help = "add: when it begins to sign (2026-11-23, or RFC "
                           "3339)"},
                  from_);
  options.AddText(
      {.name = "--until", .value = "TIME", .help = "add, retire: when it ends"},
      until_);
  options.AddText({.name = "--out",
                   .value = "FILE",
                   .help = "Where the next key set goes; not over a file"},
                  out_);
}

absl::Status KeySetCommand::Check() const {
  const auto needs = [&](const char* option, const std::string& value,
                         bool needed) {
    if (value.empty() != needed) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat(action_, needed ? " needs " : " does not take ", option));
  };
  const bool show = action_ == "show";
  const bool add = action_ == "add";
  const bool retire = action_ == "retire";
  const bool remove = action_ == "remove";
  if (!show && !add && !retire && !remove && action_ != "sign") {
    return absl::InvalidArgumentError(
        absl::StrCat("action: \"", action_,
                     "\" is none of show, add, retire, remove, sign"));
  }
  RETURN_IF_ERROR(needs("--root-key", root_key_file_, !show));
  RETURN_IF_ERROR(needs("--out", out_, !show));
  RETURN_IF_ERROR(needs("--key", key_file_, add));
  RETURN_IF_ERROR(needs("--from", from_, add));
  RETURN_IF_ERROR(needs("--until", until_, add || retire));
  for (const auto& [option, value] :
       {std::pair{"--from", from_}, std::pair{"--until", until_}}) {
    if (!value.empty())
      RETURN_IF_ERROR(ParseTimeOption(option, value).status());
  }
  return needs("--id", key_id_, retire || remove);
}

absl::Status KeySetCommand::Change(const block::KeySetRoots& roots,
                                   block::KeySet& set) const {
  ++set.version;
  if (action_ == "add") {
    ASSIGN_OR_RETURN(const crypto::PublicKey key, ReadPublicKey(key_file_));
    const absl::Status only = CheckOnlyForManifests(key, roots, set);
    if (!only.ok()) {
      return absl::Status(only.code(), absl::StrCat("--key: ", key_file_, ": ",
                                                    only.message()));
    }
    block::KeySet::ManifestKey added{.spki = base::ToString(key.spki())};
    ASSIGN_OR_RETURN(added.not_before, ParseTimeOption("--from", from_));
    ASSIGN_OR_RETURN(added.not_after, ParseTimeOption("--until", until_));
    if (added.not_after <= added.not_before) {
      return absl::InvalidArgumentError("--until: not after --from");
    }
    for (const block::KeySet::ManifestKey& one : set.keys) {
      if (one.spki == added.spki) {
        return absl::AlreadyExistsError(
            absl::StrCat("--key: it is in the key set: ", IdOf(one)));
      }
      // For whom the keys before it sign.
      for (const block::IssuerId& issuer : one.issuers) {
        if (std::find(added.issuers.begin(), added.issuers.end(), issuer) ==
            added.issuers.end()) {
          added.issuers.push_back(issuer);
        }
      }
    }
    set.keys.push_back(std::move(added));
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(block::KeySet::ManifestKey* const key,
                   FindKey(set, key_id_));
  if (action_ == "retire") {
    ASSIGN_OR_RETURN(key->not_after, ParseTimeOption("--until", until_));
    if (key->not_after > key->not_before) return absl::OkStatus();
    return absl::InvalidArgumentError(
        "--until: not after the key's own beginning; use remove");
  }
  if (set.keys.size() == 1) {
    return absl::FailedPreconditionError("--id: it is the only key");
  }
  set.keys.erase(set.keys.begin() + (key - set.keys.data()));
  return absl::OkStatus();
}

absl::StatusOr<bool> KeySetCommand::Run(const Environment& environment) {
  ASSIGN_OR_RETURN(const block::KeySetRoots roots, ReadKeySetRoots(root_file_));
  ASSIGN_OR_RETURN(block::KeySetFile file, ReadKeySetFile(file_));
  if (action_ != "show" && action_ != "sign") {
    // Made of one that is believed.
    const std::string bytes = file.Encode();
    ASSIGN_OR_RETURN(block::KeySet set,
                     block::OpenKeySet(base::AsBytes(bytes), roots));
    RETURN_IF_ERROR(Change(roots, set));
    file = {.message = set.Encode()};
  }
  // As others will read it.
  ASSIGN_OR_RETURN(const block::KeySet set,
                   block::KeySet::Parse(base::AsBytes(file.message)));
  RETURN_IF_ERROR(block::CountSignatures(file, roots).status());
  if (action_ != "show") {
    RETURN_IF_ERROR(AddRootSignature(root_key_file_, roots, file));
    const std::string bytes = file.Encode();
    RETURN_IF_ERROR(base::CreateFile(out_, base::AsBytes(bytes), 0644));
  }
  ASSIGN_OR_RETURN(const size_t signed_by, block::CountSignatures(file, roots));
  environment.out << FormatText(
      set, absl::StrCat(signed_by, " of ", roots.keys.size(),
                        " pinned roots, and ", roots.threshold, " have to"));
  if (signed_by >= roots.threshold) return true;
  environment.out << "\nNobody believes it yet: have it signed by another root "
                     "(chancery keyset sign).\n";
  // Of one that is under way that is no failure.
  return action_ != "show";
}

}  // namespace chancery::cli
