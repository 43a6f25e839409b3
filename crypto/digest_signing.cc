#include "crypto/digest_signing.h"

#include <openssl/evp.h>

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "crypto/digest_input.h"
#include "crypto/digest_verification.h"
#include "crypto/openssl_handles.h"
#include "crypto/pkcs11_key.h"
#include "crypto/software_key_state.h"

namespace chancery::crypto {
namespace {

constexpr size_t kMaxSignature = 512;  // RSA-4096; all others are smaller.

absl::StatusOr<std::string> SignInSoftware(const SoftwareKey& key,
                                           const MessageDigest& digest) {
  RETURN_IF_ERROR(CheckDigestFor(key.algorithm(), digest));
  // One that signs concurrently takes another context of the pool.
  auto& state = const_cast<SoftwareKey::State&>(key.state());
  const std::string input = DigestInput(digest);
  uint8_t signature[kMaxSignature];
  size_t size = sizeof signature;
  {
    const PKeyContextPool::Lease context(state.signers, state.pkey.get());
    if (context.get() == nullptr ||
        EVP_PKEY_sign(context.get(), signature, &size,
                      reinterpret_cast<const uint8_t*>(input.data()),
                      input.size()) != 1) {
      return absl::InternalError(
          absl::StrCat("cannot sign: ", TakeOpenSslErrors()));
    }
  }
  const base::Bytes made(signature, size);
  if (!VerifyDigest(key.public_key(), digest, made).ok()) {
    return absl::DataLossError(
        absl::StrCat("a signature made with a software key, ",
                     Name(key.public_key().type()), ", does not verify"));
  }
  return base::ToString(made);
}

}  // namespace

absl::StatusOr<std::string> SignDigest(const SigningKey& key,
                                       const MessageDigest& digest) {
  if (const auto* software = dynamic_cast<const SoftwareKey*>(&key)) {
    return SignInSoftware(*software, digest);
  }
  if (const auto* token = dynamic_cast<const Pkcs11Key*>(&key)) {
    return token->SignDigest(digest);
  }
  return absl::UnimplementedError("this kind of key signs whole messages only");
}

}  // namespace chancery::crypto
