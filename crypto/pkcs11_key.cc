#include "crypto/pkcs11_key.h"

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "crypto/algorithm_of_key.h"
#include "crypto/digest_input.h"
#include "crypto/digest_verification.h"
#include "crypto/ecdsa_signature.h"
#include "crypto/signed_input.h"

namespace chancery::crypto {
namespace {

constexpr size_t kMaxSignature = 2048;  // RSA of 16384 bits.

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

// For whoever asked for a signature: the request was right, and repeating it
// helps once the token, or an operator, has done something.
absl::Status AsOutage(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kResourceExhausted:
      return absl::UnavailableError(status.message());
    default:
      return status;
  }
}

constexpr int kAttempts = 3;

// Whose an error is: the token's and so every key's, or one key's.
enum class Blame { kToken, kKey };

// Runs `use(lease)`; up to kAttempts times if another session or another
// connection may help. Sets `blame` for an error.
template <typename Use>
auto WithSession(Pkcs11SessionPool& pool, Pkcs11SessionPool::Share* share,
                 Blame& blame, const Use& use)
    -> decltype(use(std::declval<const Pkcs11SessionPool::Lease&>())) {
  for (int attempt = 1;; ++attempt) {
    uint64_t epoch;
    bool lost;
    {
      auto lease = pool.Take(share);
      if (absl::IsDeadlineExceeded(lease.status())) {
        blame = Blame::kKey;
        return absl::UnavailableError(lease.status().message());
      }
      blame = Blame::kToken;
      if (!lease.ok()) return lease.status();
      epoch = lease->epoch();
      auto result = use(*lease);
      if (result.ok()) return result;
      lease->Discard();
      if (absl::IsPermissionDenied(result.status())) return result;  // The PIN.
      // Tokens also report a lost login as CKR_GENERAL_ERROR and the like. Not
      // each such error is one: a key that always fails must not cost the
      // other keys of the token their sessions.
      lost =
          absl::IsUnavailable(CheckLoggedIn(pool.module(), lease->session()));
      if (attempt == kAttempts ||
          (!lost && !absl::IsUnavailable(result.status()))) {
        blame = lost ? Blame::kToken : Blame::kKey;
        return result;
      }
    }
    // A token may count a session as its own with which it can do nothing any
    // more; so the second time it is left, too.
    if (lost || attempt > 1) {
      blame = Blame::kToken;
      RETURN_IF_ERROR(pool.Reconnect(epoch));
    }
  }
}

// The one private key of that name.
struct Located {
  CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
  bool always_authenticate = false;
  std::optional<PublicKey> told;  // Nullopt if the token does not tell it.
};

absl::StatusOr<Located> Locate(const Pkcs11SessionPool& pool,
                               const Pkcs11SessionPool::Lease& lease,
                               const Pkcs11KeyName& name) {
  const Pkcs11Module& module = pool.module();
  Located located;
  ASSIGN_OR_RETURN(located.key, FindPrivateKey(module, lease.session(), name));
  located.always_authenticate =
      AlwaysAuthenticate(module, lease.session(), located.key);
  auto told = ReadPublicKey(module, lease.session(), located.key);
  if (told.ok()) {
    located.told = *std::move(told);
  } else if (!absl::IsNotFound(told.status())) {
    return told.status();
  }
  return located;
}

absl::Status NotTheKey(absl::string_view which) {
  return absl::FailedPreconditionError(absl::StrCat(
      "its public key is not ", which,
      ": another key has this name, and what it signs nobody would accept"));
}

absl::StatusOr<PublicKey> ReadNamedKey(
    const Pkcs11SessionPool& pool, const Pkcs11SessionPool::Lease& lease,
    const Pkcs11KeyName& name, const std::optional<PublicKey>& expected) {
  ASSIGN_OR_RETURN(const Located located, Locate(pool, lease, name));
  if (located.told) return *located.told;
  // The check of each signature is the proof.
  if (expected) return *expected;
  return absl::NotFoundError(
      "the token does not tell the key's public half: there is no public key "
      "object beside the private key");
}

}  // namespace

Pkcs11Key::Pkcs11Key(std::shared_ptr<Pkcs11SessionPool> pool,
                     Pkcs11KeyName name, PublicKey public_key,
                     SignatureAlgorithm algorithm)
    : pool_(std::move(pool)),
      name_(std::move(name)),
      public_key_(std::move(public_key)),
      algorithm_(algorithm),
      breaker_(pool_->clock(), {.open = &pool_->failing_keys()}) {}

absl::StatusOr<std::unique_ptr<Pkcs11Key>> Pkcs11Key::Open(
    std::shared_ptr<Pkcs11SessionPool> pool, Pkcs11KeyName name,
    const std::optional<PublicKey>& expected) {
  if (name.label.empty() && name.id.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("PKCS#11 URI \"", pool->uri().text,
                     "\" names no key: object= or id= is needed"));
  }
  Blame blame;
  absl::StatusOr<PublicKey> found = WithSession(
      *pool, nullptr, blame, [&](const Pkcs11SessionPool::Lease& lease) {
        return ReadNamedKey(*pool, lease, name, expected);
      });
  if (!found.ok()) return Annotate(found.status(), *pool, name);
  if (expected && !(*found == *expected)) {
    return Annotate(NotTheKey("the expected one"), *pool, name);
  }
  const absl::StatusOr<SignatureAlgorithm> algorithm =
      AlgorithmOf(found->type());
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
  ASSIGN_OR_RETURN(const Located located, Locate(*pool_, lease, name_));
  if (located.told && !(*located.told == public_key_)) {
    return NotTheKey("the one that it was when this process started");
  }
  base::MutexLock lock(mu_);
  handle_ = {.epoch = lease.epoch(),
             .key = located.key,
             .always_authenticate = located.always_authenticate};
  return handle_;
}

void Pkcs11Key::ForgetHandle() const {
  base::MutexLock lock(mu_);
  handle_ = {};  // No connection has epoch 0.
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
  Blame blame;
  auto raw = WithSession(*pool_, &share_, blame,
                         [&](const Pkcs11SessionPool::Lease& lease) {
                           auto signature = SignRaw(lease, input);
                           if (!signature.ok()) ForgetHandle();
                           return signature;
                         });
  if (!raw.ok() && blame == Blame::kKey) breaker_.Failed(raw.status());
  return raw;
}

absl::StatusOr<std::string> Pkcs11Key::Verified(
    const std::string& raw,
    absl::FunctionRef<absl::Status(base::Bytes)> verify) const {
  const bool ecdsa = algorithm_ == SignatureAlgorithm::kEcdsaSha256 ||
                     algorithm_ == SignatureAlgorithm::kEcdsaSha384;
  absl::StatusOr<std::string> signature =
      ecdsa ? EcdsaSignatureToDer(base::AsBytes(raw)) : raw;
  if (signature.ok() && verify(base::AsBytes(*signature)).ok()) {
    breaker_.Succeeded();
    return signature;
  }
  ForgetHandle();
  const absl::Status wrong = absl::DataLossError(
      "it returned a signature that does not verify under the key's public "
      "half; nothing of it is released");
  breaker_.Failed(wrong);
  return wrong;
}

absl::StatusOr<std::string> Pkcs11Key::SignAndVerify(
    base::Bytes input,
    absl::FunctionRef<absl::Status(base::Bytes)> verify) const {
  if (absl::Status admitted = breaker_.Admit(); !admitted.ok()) {
    return Annotate(admitted, *pool_, name_);
  }
  absl::StatusOr<std::string> signature = SignInToken(input);
  if (signature.ok()) signature = Verified(*signature, verify);
  if (signature.ok()) return signature;
  return Annotate(AsOutage(signature.status()), *pool_, name_);
}

absl::StatusOr<std::string> Pkcs11Key::Sign(base::Bytes message) const {
  const SignedInput input(algorithm_, message);
  return SignAndVerify(algorithm_ == SignatureAlgorithm::kEd25519
                           ? message
                           : base::Bytes(input.data(), input.size()),
                       [&](base::Bytes signature) {
                         return public_key_.Verify(algorithm_, message,
                                                   signature);
                       });
}

absl::StatusOr<std::string> Pkcs11Key::SignDigest(
    const MessageDigest& digest) const {
  RETURN_IF_ERROR(CheckDigestFor(algorithm_, digest));
  const std::string input = DigestInput(digest);
  return SignAndVerify(base::AsBytes(input), [&](base::Bytes signature) {
    return VerifyDigest(public_key_, digest, signature);
  });
}

}  // namespace chancery::crypto
