#include "tools/chancery/ceremony/custody.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/fd.h"
#include "base/secret.h"
#include "base/status_macros.h"
#include "block/manifest.h"
#include "crypto/pkcs11_uri.h"
#include "crypto/secret_source.h"
#include "crypto/software_key.h"
#include "x509/certificate/pem.h"

namespace chancery::cli::ceremony {
namespace {

absl::Status OfKey(const std::string& name, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(),
                      absl::StrCat("key \"", name, "\": ", status.message()));
}

std::string PublicPem(const crypto::PublicKey& key) {
  return x509::EncodePem("PUBLIC KEY", key.spki());
}

// As the plan checked it.
absl::StatusOr<crypto::Pkcs11Uri> UriOf(const PlannedKey& key) {
  return crypto::ParsePkcs11Uri(key.source.pkcs11_uri);
}

absl::StatusOr<std::unique_ptr<crypto::SoftwareKey>> GenerateFile(
    const PlannedKey& key, OutputSink& outputs) {
  std::optional<base::Secret> password;
  if (!key.source.secret.empty()) {
    ASSIGN_OR_RETURN(password, crypto::ReadSecret(key.source.secret));
  }
  ASSIGN_OR_RETURN(auto made, crypto::GenerateKey(key.spec));
  ASSIGN_OR_RETURN(
      const base::Secret pem,
      crypto::EncodePkcs8Pem(*made, password ? &*password : nullptr));
  RETURN_IF_ERROR(outputs.Put(key.output, base::AsBytes(pem.Reveal()), 0600));
  return made;
}

bool IsOfType(const crypto::PublicKey& key, const crypto::KeySpec& spec) {
  return key.type() == spec.type && (spec.bits == 0 || key.bits() == spec.bits);
}

}  // namespace

absl::StatusOr<Custody::TokenPtr> Custody::TokenOf(const PlannedKey& key) {
  ASSIGN_OR_RETURN(TokenPtr token, opener_.OpenToken(key.source));
  ASSIGN_OR_RETURN(crypto::TokenFacts facts, token->Facts());
  ASSIGN_OR_RETURN(const crypto::Pkcs11Uri uri, UriOf(key));
  const std::string& module =
      uri.module_path.empty() ? key.source.pkcs11_module : uri.module_path;
  const bool known =
      std::any_of(tokens_.begin(), tokens_.end(), [&](const Token& other) {
        return other.module == module && other.facts.serial == facts.serial;
      });
  if (!known) tokens_.push_back({.module = module, .facts = std::move(facts)});
  return token;
}

absl::Status Custody::OpenExisting(const std::string& name,
                                   const PlannedKey& key) {
  std::optional<crypto::PublicKey> expected;
  for (const auto& [certificate, known] : plan_.certificates) {
    if (known.key != name) continue;
    expected = inputs_.certificates().at(certificate).public_key();
  }
  if (key.in_token()) RETURN_IF_ERROR(TokenOf(key).status());
  ASSIGN_OR_RETURN(auto opened, opener_.Open(key.source, expected));
  if (!IsOfType(opened->public_key(), key.spec)) {
    return absl::FailedPreconditionError(
        absl::StrCat("it is ", Name(opened->public_key().type()), " of ",
                     opened->public_key().bits(), " bits, not ", key.type));
  }
  keys_[name] = std::move(opened);
  return absl::OkStatus();
}

absl::Status Custody::CheckDestroyed(const DestroyKey& step) {
  ASSIGN_OR_RETURN(const crypto::SigningKey* key, Get(step.key));
  const auto id = block::KeyIdOf(key->public_key());
  if (base::AsText(id) == step.key_id) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "its id is ", base::Hex(id), ", not that of the key to be destroyed, ",
      base::Hex(base::AsBytes(step.key_id))));
}

absl::Status Custody::Open() {
  for (const auto& [name, key] : plan_.keys) {
    if (key.origin == KeyOrigin::kExists && !key.wraps) {
      RETURN_IF_ERROR(OfKey(name, OpenExisting(name, key)));
      continue;
    }
    if (!key.in_token()) continue;  // Goes into a new folder.
    const auto token = TokenOf(key);
    if (!token.ok()) return OfKey(name, token.status());
    ASSIGN_OR_RETURN(const crypto::Pkcs11Uri uri, UriOf(key));
    absl::Status is_free = (*token)->CheckFree(uri);
    if (key.origin != KeyOrigin::kExists) {
      RETURN_IF_ERROR(OfKey(name, is_free));
    } else if (is_free.ok()) {
      return OfKey(name, absl::NotFoundError(
                             absl::StrCat("the token has no ", uri.text)));
    } else if (!absl::IsAlreadyExists(is_free)) {
      return OfKey(name, is_free);
    }
  }
  for (const PlannedStep& step : plan_.steps) {
    const auto* destroy = std::get_if<DestroyKey>(&step.action);
    if (destroy == nullptr) continue;
    RETURN_IF_ERROR(OfKey(destroy->key, CheckDestroyed(*destroy)));
  }
  return absl::OkStatus();
}

absl::StatusOr<const crypto::SigningKey*> Custody::Get(
    const std::string& name) {
  const auto found = keys_.find(name);
  if (found != keys_.end()) return found->second.get();
  return OfKey(name, absl::NotFoundError("it is not there"));
}

absl::Status Custody::Generate(const MakeKey& step, OutputSink& outputs) {
  const PlannedKey& key = plan_.keys.at(step.key);
  if (!key.in_token()) {
    ASSIGN_OR_RETURN(keys_[step.key], GenerateFile(key, outputs));
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const TokenPtr token, TokenOf(key));
  ASSIGN_OR_RETURN(const crypto::Pkcs11Uri uri, UriOf(key));
  if (key.wraps) {
    RETURN_IF_ERROR(token->GenerateWrappingKey(uri));
    made_.push_back(step.key);
    return absl::OkStatus();
  }
  // Before: what fails half way may have made it. Undoing destroys no pair
  // whose public half this has not seen.
  made_.push_back(step.key);
  ASSIGN_OR_RETURN(const crypto::PublicKey made,
                   step.extractable
                       ? token->GenerateExtractableKey(key.spec, uri)
                       : token->GenerateKey(key.spec, uri.object, uri.id));
  ASSIGN_OR_RETURN(keys_[step.key], opener_.Open(key.source, made));
  return absl::OkStatus();
}

absl::Status Custody::Do(const MakeKey& step, OutputSink& outputs) {
  RETURN_IF_ERROR(OfKey(step.key, Generate(step, outputs)));
  if (plan_.keys.at(step.key).wraps) return absl::OkStatus();
  const std::string pem = PublicPem(keys_[step.key]->public_key());
  return outputs.Put(absl::StrCat(step.key, ".pub.pem"), base::AsBytes(pem),
                     0644);
}

absl::Status Custody::Do(const BackUpKey& step, OutputSink& outputs) {
  const PlannedKey& key = plan_.keys.at(step.key);
  ASSIGN_OR_RETURN(const TokenPtr token, TokenOf(key));
  ASSIGN_OR_RETURN(const crypto::Pkcs11Uri uri, UriOf(key));
  ASSIGN_OR_RETURN(const crypto::Pkcs11Uri wrapping,
                   UriOf(plan_.keys.at(step.wrapping_key)));
  const auto wrapped = token->Wrap(wrapping, uri);
  if (!wrapped.ok()) return OfKey(step.key, wrapped.status());
  ASSIGN_OR_RETURN(const crypto::SigningKey* opened, Get(step.key));
  const std::string pem = PublicPem(opened->public_key());
  RETURN_IF_ERROR(outputs.Put(absl::StrCat(step.name, ".wrapped"),
                              base::AsBytes(*wrapped), 0600));
  return outputs.Put(absl::StrCat(step.name, ".pub.pem"), base::AsBytes(pem),
                     0644);
}

absl::Status Custody::Do(const RestoreKey& step) {
  const PlannedKey& key = plan_.keys.at(step.key);
  ASSIGN_OR_RETURN(const TokenPtr token, TokenOf(key));
  ASSIGN_OR_RETURN(const crypto::Pkcs11Uri uri, UriOf(key));
  ASSIGN_OR_RETURN(const crypto::Pkcs11Uri wrapping,
                   UriOf(plan_.keys.at(step.wrapping_key)));
  ASSIGN_OR_RETURN(const crypto::PublicKey public_key,
                   inputs_.PublicKeyIn(step.public_key_file));
  if (!IsOfType(public_key, key.spec)) {
    return OfKey(step.key,
                 absl::FailedPreconditionError(absl::StrCat(
                     step.public_key_file, " is not of type ", key.type)));
  }
  const std::string& wrapped = inputs_.bytes(step.wrapped_file);
  made_.push_back(step.key);
  RETURN_IF_ERROR(
      OfKey(step.key,
            token->Unwrap(wrapping, base::AsBytes(wrapped), public_key, uri)));
  ASSIGN_OR_RETURN(keys_[step.key], opener_.Open(key.source, public_key));
  return absl::OkStatus();
}

// Overwritten first, for what that is worth on this file system.
absl::Status Custody::DestroyFile(const PlannedKey& key) const {
  const std::string& path = key.source.file;
  const base::Fd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  struct stat facts = {};
  if (!fd.valid() || fstat(fd.get(), &facts) != 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot open ", path, ": ", std::strerror(errno)));
  }
  const std::string zeros(static_cast<size_t>(facts.st_size), '\0');
  if (write(fd.get(), zeros.data(), zeros.size()) !=
          static_cast<ssize_t>(zeros.size()) ||
      fsync(fd.get()) != 0 || unlink(path.c_str()) != 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot destroy ", path, ": ", std::strerror(errno)));
  }
  return absl::OkStatus();
}

absl::Status Custody::Do(const DestroyKey& step) {
  const PlannedKey& key = plan_.keys.at(step.key);
  RETURN_IF_ERROR(OfKey(step.key, CheckDestroyed(step)));
  ASSIGN_OR_RETURN(const crypto::SigningKey* opened, Get(step.key));
  const crypto::PublicKey expected = opened->public_key();
  if (!key.in_token()) return OfKey(step.key, DestroyFile(key));
  ASSIGN_OR_RETURN(const TokenPtr token, TokenOf(key));
  ASSIGN_OR_RETURN(const crypto::Pkcs11Uri uri, UriOf(key));
  return OfKey(step.key, token->DestroyKey(uri, expected));
}

absl::Status Custody::UndoMade() {
  std::string left;
  for (const std::string& name : made_) {
    const PlannedKey& key = plan_.keys.at(name);
    const auto undo = [&]() -> absl::Status {
      ASSIGN_OR_RETURN(const TokenPtr token, TokenOf(key));
      ASSIGN_OR_RETURN(const crypto::Pkcs11Uri uri, UriOf(key));
      if (token->CheckFree(uri).ok()) return absl::OkStatus();
      if (key.wraps) return token->DestroyWrappingKey(uri);
      ASSIGN_OR_RETURN(const crypto::SigningKey* opened, Get(name));
      return token->DestroyKey(uri, opened->public_key());
    };
    if (const absl::Status undone = undo(); !undone.ok()) {
      absl::StrAppend(&left, left.empty() ? "" : ", ", key.source.pkcs11_uri,
                      " (", undone.message(), ")");
    }
  }
  made_.clear();
  if (left.empty()) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("these keys were made and are still there: ", left));
}

absl::StatusOr<std::unique_ptr<crypto::SigningKey>> Custody::OpenOperator(
    const PlannedOperator& planned) {
  ASSIGN_OR_RETURN(const crypto::PublicKey expected,
                   inputs_.PublicKeyIn(planned.public_key_file));
  auto opened = opener_.Open(*planned.key, expected);
  if (opened.ok()) return opened;
  return absl::Status(opened.status().code(),
                      absl::StrCat("operator \"", planned.name,
                                   "\": ", opened.status().message()));
}

}  // namespace chancery::cli::ceremony
