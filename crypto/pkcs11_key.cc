#include "crypto/pkcs11_key.h"

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "crypto/digest_input.h"
#include "crypto/digest_verification.h"
#include "crypto/ecdsa_signature.h"
#include "crypto/signed_input.h"

namespace chancery::crypto {
namespace {

constexpr size_t kMaxSignature = 2048;  // RSA of 16384 bits.

absl::StatusOr<SignatureAlgorithm> AlgorithmFor(KeyType type) {
  switch (type) {
    case KeyType::kEcP256:
      return SignatureAlgorithm::kEcdsaSha256;
    case KeyType::kEcP384:
      return SignatureAlgorithm::kEcdsaSha384;
    case KeyType::kRsa:
      return SignatureAlgorithm::kRsaSha256;
    case KeyType::kEd25519:
      return SignatureAlgorithm::kEd25519;
    case KeyType::kEcP521:
      break;
  }
  return absl::UnimplementedError(
      absl::StrCat("private keys of type ", Name(type), " are not supported"));
}

CK_MECHANISM_TYPE MechanismFor(KeyType type) {
  switch (type) {
    case KeyType::kRsa:
      return CKM_RSA_PKCS;
    case KeyType::kEd25519:
      return CKM_EDDSA;
    default:
      return CKM_ECDSA;
  }
}

absl::Status Annotate(const absl::Status& status, const Pkcs11SessionPool& pool,
                      const Pkcs11KeyName& name) {
  if (status.ok()) return status;
  return absl::Status(status.code(),
                      absl::StrCat("key ", ToString(name), " in token \"",
                                   pool.uri().text, "\": ", status.message()));
}

// Runs `use(lease)`; if the token has forgotten us, connects and runs it once
// more.
template <typename Use>
auto WithSession(Pkcs11SessionPool& pool, const Use& use)
    -> decltype(use(std::declval<const Pkcs11SessionPool::Lease&>())) {
  for (bool first = true;; first = false) {
    uint64_t epoch;
    {
      ASSIGN_OR_RETURN(Pkcs11SessionPool::Lease lease, pool.Take());
      epoch = lease.epoch();
      auto result = use(lease);
      if (result.ok()) return result;
      lease.Discard();
      if (!first) return result;
      // Tokens also report a lost login as CKR_GENERAL_ERROR and the like. Not
      // each such error is one: a key that always fails must not cost the
      // other keys of the token their sessions.
      if (!absl::IsUnavailable(result.status()) &&
          !absl::IsUnavailable(CheckLoggedIn(pool.module(), lease.session()))) {
        return result;
      }
    }
    RETURN_IF_ERROR(pool.Reconnect(epoch));
  }
}

absl::StatusOr<PublicKey> ReadNamedKey(
    const Pkcs11SessionPool& pool, const Pkcs11SessionPool::Lease& lease,
    const Pkcs11KeyName& name, const std::optional<PublicKey>& expected) {
  ASSIGN_OR_RETURN(const CK_OBJECT_HANDLE key,
                   FindPrivateKey(pool.module(), lease.session(), name));
  absl::StatusOr<PublicKey> told =
      ReadPublicKey(pool.module(), lease.session(), key);
  if (!told.ok() && absl::IsNotFound(told.status()) && expected) {
    return *expected;  // The check of each signature is the proof.
  }
  return told;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Pkcs11Key>> Pkcs11Key::Open(
    std::shared_ptr<Pkcs11SessionPool> pool, Pkcs11KeyName name,
    const std::optional<PublicKey>& expected) {
  if (name.label.empty() && name.id.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("PKCS#11 URI \"", pool->uri().text,
                     "\" names no key: object= or id= is needed"));
  }
  absl::StatusOr<PublicKey> found =
      WithSession(*pool, [&](const Pkcs11SessionPool::Lease& lease) {
        return ReadNamedKey(*pool, lease, name, expected);
      });
  if (!found.ok()) return Annotate(found.status(), *pool, name);
  if (expected && !(*found == *expected)) {
    return Annotate(
        absl::FailedPreconditionError(
            "its public key is not the expected one: another key has this "
            "name, and what it signs nobody would accept"),
        *pool, name);
  }
  const absl::StatusOr<SignatureAlgorithm> algorithm =
      AlgorithmFor(found->type());
  if (!algorithm.ok()) return Annotate(algorithm.status(), *pool, name);
  return std::unique_ptr<Pkcs11Key>(new Pkcs11Key(
      std::move(pool), std::move(name), *std::move(found), *algorithm));
}

absl::StatusOr<Pkcs11Key::Handle> Pkcs11Key::FindHandle(
    const Pkcs11SessionPool::Lease& lease) const {
  {
    base::MutexLock lock(mu_);
    if (handle_.epoch == lease.epoch()) return handle_;
  }
  Handle found;
  found.epoch = lease.epoch();
  ASSIGN_OR_RETURN(found.key,
                   FindPrivateKey(pool_->module(), lease.session(), name_));
  found.always_authenticate =
      AlwaysAuthenticate(pool_->module(), lease.session(), found.key);
  base::MutexLock lock(mu_);
  handle_ = found;
  return found;
}

absl::StatusOr<std::string> Pkcs11Key::SignRaw(
    const Pkcs11SessionPool::Lease& lease, base::Bytes input) const {
  ASSIGN_OR_RETURN(const Handle handle, FindHandle(lease));
  const Pkcs11Module& module = pool_->module();
  CK_MECHANISM mechanism = {MechanismFor(public_key_.type()), nullptr, 0};
  RETURN_IF_ERROR(Pkcs11Status(
      module->C_SignInit(lease.session(), &mechanism, handle.key), "signing"));
  if (handle.always_authenticate) {
    RETURN_IF_ERROR(pool_->LoginForOperation(lease.session()));
  }
  std::string out(kMaxSignature, '\0');
  CK_ULONG size = out.size();
  RETURN_IF_ERROR(Pkcs11Status(
      module->C_Sign(lease.session(), const_cast<uint8_t*>(input.data()),
                     input.size(), reinterpret_cast<unsigned char*>(out.data()),
                     &size),
      "signing"));
  out.resize(size);
  return out;
}

absl::StatusOr<std::string> Pkcs11Key::SignInToken(base::Bytes input) const {
  return WithSession(*pool_, [&](const Pkcs11SessionPool::Lease& lease) {
    return SignRaw(lease, input);
  });
}

absl::StatusOr<std::string> Pkcs11Key::Sign(base::Bytes message) const {
  const SignedInput input(algorithm_, message);
  return Release(SignInToken(algorithm_ == SignatureAlgorithm::kEd25519
                                 ? message
                                 : base::Bytes(input.data(), input.size())),
                 [&](base::Bytes signature) {
                   return public_key_.Verify(algorithm_, message, signature);
                 });
}

absl::StatusOr<std::string> Pkcs11Key::SignDigest(
    const MessageDigest& digest) const {
  RETURN_IF_ERROR(CheckDigestFor(algorithm_, digest));
  const std::string input = DigestInput(digest);
  return Release(SignInToken(base::AsBytes(input)), [&](base::Bytes signature) {
    return VerifyDigest(public_key_, digest, signature);
  });
}

absl::StatusOr<std::string> Pkcs11Key::Release(
    absl::StatusOr<std::string> signature,
    absl::FunctionRef<absl::Status(base::Bytes)> verify) const {
  if (!signature.ok()) return Annotate(signature.status(), *pool_, name_);
  if (algorithm_ == SignatureAlgorithm::kEcdsaSha256 ||
      algorithm_ == SignatureAlgorithm::kEcdsaSha384) {
    const std::string raw = *std::move(signature);
    signature = EcdsaSignatureToDer(base::AsBytes(raw));
  }
  if (!signature.ok() || !verify(base::AsBytes(*signature)).ok()) {
    return Annotate(
        absl::DataLossError(
            "it returned a signature that does not verify under the key's "
            "public half; nothing of it is released"),
        *pool_, name_);
  }
  return signature;
}

}  // namespace chancery::crypto
