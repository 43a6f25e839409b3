#include "crypto/password_budget.h"

#include <openssl/asn1.h>
#include <openssl/asn1t.h>
#include <openssl/objects.h>

#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "crypto/openssl_handles.h"

namespace chancery::crypto {
namespace {

// As OpenSSL's own bound, which it does not explain when it is met.
constexpr uint64_t kMaxScryptBytes = uint64_t{32} << 20;

// So that products below do not overflow.
constexpr uint64_t kMaxScryptFactor = uint64_t{1} << 20;

using PbePtr = std::unique_ptr<PBEPARAM, OpenSslFree<PBEPARAM_free>>;
using Pbe2Ptr = std::unique_ptr<PBE2PARAM, OpenSslFree<PBE2PARAM_free>>;
using Pbkdf2Ptr = std::unique_ptr<PBKDF2PARAM, OpenSslFree<PBKDF2PARAM_free>>;
using ScryptPtr =
    std::unique_ptr<SCRYPT_PARAMS, OpenSslFree<SCRYPT_PARAMS_free>>;

absl::Status Malformed(absl::string_view what) {
  TakeOpenSslErrors();
  return absl::InvalidArgumentError(
      absl::StrCat("encryption: malformed ", what, " parameters"));
}

std::string NameOf(const ASN1_OBJECT* oid) {
  char text[128];
  const int size = OBJ_obj2txt(text, sizeof text, oid, 0);
  return size <= 0 ? std::string("of no name") : std::string(text);
}

// Null unless the parameters are a SEQUENCE of this type.
template <typename Ptr>
Ptr Unpack(const ASN1_ITEM* item, const ASN1_TYPE* parameters) {
  return Ptr(static_cast<typename Ptr::pointer>(
      ASN1_TYPE_unpack_sequence(item, parameters)));
}

// nullopt: negative, or more than 64 bits.
std::optional<uint64_t> Number(const ASN1_INTEGER* value) {
  uint64_t number = 0;
  if (ASN1_INTEGER_get_uint64(&number, value) == 1) return number;
  TakeOpenSslErrors();
  return std::nullopt;
}

}  // namespace

absl::Status PasswordBudget::Take(uint64_t iterations) {
  if (iterations > left_) {
    return absl::InvalidArgumentError(absl::StrCat(
        "encryption: ", iterations, " iterations to derive a key: at most ",
        left_, " are accepted here"));
  }
  left_ -= iterations;
  return absl::OkStatus();
}

absl::Status PasswordBudget::SpendIterations(const ASN1_INTEGER* count) {
  if (count == nullptr) return Take(1);
  const std::optional<uint64_t> iterations = Number(count);
  if (!iterations.has_value() || *iterations == 0) {
    return absl::InvalidArgumentError(
        "encryption: the iteration count must be 1 or more, in 64 bits");
  }
  return Take(*iterations);
}

absl::Status PasswordBudget::SpendScrypt(const ASN1_TYPE* parameters) {
  const auto scrypt =
      Unpack<ScryptPtr>(ASN1_ITEM_rptr(SCRYPT_PARAMS), parameters);
  if (!scrypt) return Malformed("scrypt");
  const auto cost = Number(scrypt->costParameter);
  const auto block = Number(scrypt->blockSize);
  const auto parallel = Number(scrypt->parallelizationParameter);
  if (!cost || !block || !parallel || *cost == 0 || *block == 0 ||
      *parallel == 0) {
    return Malformed("scrypt");
  }
  if (*cost > kMaxScryptFactor || *block > kMaxScryptFactor ||
      *parallel > kMaxScryptFactor ||
      128 * *block * (*cost + 2 + *parallel) > kMaxScryptBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "encryption: scrypt with N ", *cost, ", r ", *block, ", p ", *parallel,
        ": would take more than 32 MiB of memory"));
  }
  return Take(*cost * *block * *parallel);
}

absl::Status PasswordBudget::Spend(const X509_ALGOR& algorithm) {
  const ASN1_OBJECT* oid = nullptr;
  X509_ALGOR_get0(&oid, nullptr, nullptr, &algorithm);
  if (OBJ_obj2nid(oid) != NID_pbes2) {
    // PBES1 and RFC 7292: { salt OCTET STRING, iterations INTEGER }.
    if (EVP_PBE_find(EVP_PBE_TYPE_OUTER, OBJ_obj2nid(oid), nullptr, nullptr,
                     nullptr) != 1) {
      TakeOpenSslErrors();
      return absl::UnimplementedError(
          absl::StrCat("encryption: algorithm ", NameOf(oid),
                       " is not one with a password, or not supported"));
    }
    const auto pbe =
        Unpack<PbePtr>(ASN1_ITEM_rptr(PBEPARAM), algorithm.parameter);
    if (!pbe) return Malformed(NameOf(oid));
    return SpendIterations(pbe->iter);
  }
  const auto pbes2 =
      Unpack<Pbe2Ptr>(ASN1_ITEM_rptr(PBE2PARAM), algorithm.parameter);
  if (!pbes2) return Malformed("PBES2");
  const ASN1_OBJECT* kdf = nullptr;
  X509_ALGOR_get0(&kdf, nullptr, nullptr, pbes2->keyfunc);
  const ASN1_TYPE* parameters = pbes2->keyfunc->parameter;
  switch (OBJ_obj2nid(kdf)) {
    case NID_id_pbkdf2: {
      const auto pbkdf2 =
          Unpack<Pbkdf2Ptr>(ASN1_ITEM_rptr(PBKDF2PARAM), parameters);
      if (!pbkdf2) return Malformed("PBKDF2");
      return SpendIterations(pbkdf2->iter);
    }
    case NID_id_scrypt:
      return SpendScrypt(parameters);
    default:
      return absl::UnimplementedError(
          absl::StrCat("encryption: key derivation ", NameOf(kdf),
                       " is not supported: PBKDF2 or scrypt"));
  }
}

}  // namespace chancery::crypto
