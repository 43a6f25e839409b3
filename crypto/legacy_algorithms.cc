#include "crypto/legacy_algorithms.h"

#include <openssl/objects.h>

#include "absl/strings/str_cat.h"

namespace chancery::crypto {

absl::StatusOr<OSSL_LIB_CTX*> LegacyAlgorithms::ContextFor(
    const X509_ALGOR& algorithm) {
  const ASN1_OBJECT* oid = nullptr;
  X509_ALGOR_get0(&oid, nullptr, nullptr, &algorithm);
  switch (OBJ_obj2nid(oid)) {
    case NID_pbes2:
    case NID_pbe_WithSHA1And3_Key_TripleDES_CBC:
    case NID_pbe_WithSHA1And2_Key_TripleDES_CBC:
      return static_cast<OSSL_LIB_CTX*>(nullptr);
    default:
      break;
  }
  if (legacy_) return context_.get();
  context_.reset(OSSL_LIB_CTX_new());
  if (context_) {
    usual_.reset(OSSL_PROVIDER_load(context_.get(), "default"));
    legacy_.reset(OSSL_PROVIDER_load(context_.get(), "legacy"));
  }
  if (usual_ && legacy_) return context_.get();
  legacy_.reset();
  return absl::UnimplementedError(absl::StrCat(
      "encryption: needs OpenSSL's \"legacy\" provider, which cannot be "
      "loaded: ",
      TakeOpenSslErrors()));
}

}  // namespace chancery::crypto
