#include "crypto/private_key_reader.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "crypto/ec_pkcs8.h"

namespace chancery::crypto {
namespace {

constexpr size_t kMaxSize = 1 << 20;

using X509SigPtr = std::unique_ptr<X509_SIG, OpenSslFree<X509_SIG_free>>;

// One PEM block; `data` is wiped when it goes.
struct Block {
  Block() = default;
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block() {
    OPENSSL_free(label);
    OPENSSL_free(header);
    OPENSSL_clear_free(data, static_cast<size_t>(std::max(size, 0L)));
  }
  base::Bytes bytes() const { return {data, static_cast<size_t>(size)}; }

  char* label = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
};

absl::Status Malformed(absl::string_view label) {
  return absl::InvalidArgumentError(
      absl::StrCat(label, ": malformed: ", TakeOpenSslErrors()));
}

absl::Status NeedsPassword() {
  return absl::PermissionDeniedError(
      "the private key is encrypted and no password was given");
}

absl::Status WrongPassword() {
  return absl::PermissionDeniedError(absl::StrCat(
      "wrong password for the private key, or an encryption that OpenSSL does "
      "not offer (",
      TakeOpenSslErrors(), ")"));
}

// All of `der` by OpenSSL's function `kParse`; null if it is something else.
template <auto kParse>
auto ParseAll(base::Bytes der) {
  const unsigned char* at = der.data();
  auto* parsed = kParse(nullptr, &at, static_cast<long>(der.size()));
  return std::pair(parsed, at == der.data() + der.size());
}

absl::StatusOr<PKeyPtr> FromPkcs8(const PKCS8_PRIV_KEY_INFO* info,
                                  absl::string_view label) {
  PKeyPtr pkey(EVP_PKCS82PKEY(info));
  if (!pkey) return Malformed(label);
  return pkey;
}

absl::StatusOr<ReadKey> ReadPkcs8(base::Bytes der, absl::string_view label) {
  if (PKeyPtr pkey = EcKeyFromPkcs8(der); pkey != nullptr) {
    return ReadKey{.pkey = std::move(pkey)};
  }
  const auto [parsed, all] = ParseAll<d2i_PKCS8_PRIV_KEY_INFO>(der);
  const Pkcs8Ptr info(parsed);
  if (!info || !all) return Malformed(label);
  ASSIGN_OR_RETURN(PKeyPtr pkey, FromPkcs8(info.get(), label));
  return ReadKey{.pkey = std::move(pkey)};
}

absl::StatusOr<ReadKey> ReadEncryptedPkcs8(base::Bytes der,
                                           absl::string_view label,
                                           const base::Secret* password,
                                           PasswordBudget& budget) {
  const auto [parsed, all] = ParseAll<d2i_X509_SIG>(der);
  const X509SigPtr sealed(parsed);
  if (!sealed || !all) return Malformed(label);
  LegacyAlgorithms legacy;
  ASSIGN_OR_RETURN(PKeyPtr pkey, Unlock(*sealed, password, budget, legacy));
  return ReadKey{.pkey = std::move(pkey), .encrypted = true};
}

int GivePassword(char* buffer, int size, int, void* password) {
  const absl::string_view text =
      static_cast<const base::Secret*>(password)->Reveal();
  if (text.size() > static_cast<size_t>(size)) return -1;
  std::memcpy(buffer, text.data(), text.size());
  return static_cast<int>(text.size());
}

// "RSA PRIVATE KEY" (RFC 8017 appendix A.1.2), "EC PRIVATE KEY" (RFC 5915), and
// RFC 1421's encryption of either, which has one round and so no cost.
absl::StatusOr<ReadKey> ReadTraditional(Block& block, int type,
                                        const base::Secret* password) {
  EVP_CIPHER_INFO cipher;
  if (PEM_get_EVP_CIPHER_INFO(block.header, &cipher) != 1) {
    return Malformed(block.label);
  }
  const bool encrypted = cipher.cipher != nullptr;
  if (encrypted) {
    if (password == nullptr) return NeedsPassword();
    if (PEM_do_header(&cipher, block.data, &block.size, GivePassword,
                      const_cast<base::Secret*>(password)) != 1) {
      return WrongPassword();
    }
  }
  const unsigned char* at = block.data;
  PKeyPtr pkey(d2i_PrivateKey(type, nullptr, &at, block.size));
  if (pkey && at == block.data + block.size) {
    return ReadKey{.pkey = std::move(pkey), .encrypted = encrypted};
  }
  return encrypted ? WrongPassword() : Malformed(block.label);
}

// No key in it if `block` is something else.
absl::StatusOr<ReadKey> ReadBlock(Block& block, const base::Secret* password,
                                  PasswordBudget& budget) {
  const absl::string_view label = block.label;
  // CFSSL writes PKCS #8 under the second label.
  if (label == "PRIVATE KEY" || label == "Ed25519 PRIVATE KEY") {
    return ReadPkcs8(block.bytes(), label);
  }
  if (label == "ENCRYPTED PRIVATE KEY") {
    return ReadEncryptedPkcs8(block.bytes(), label, password, budget);
  }
  if (label == "EC PRIVATE KEY") {
    return ReadTraditional(block, EVP_PKEY_EC, password);
  }
  if (label == "RSA PRIVATE KEY") {
    return ReadTraditional(block, EVP_PKEY_RSA, password);
  }
  if (label.size() > 12 && label.substr(label.size() - 12) == " PRIVATE KEY") {
    return absl::UnimplementedError(
        absl::StrCat("\"", label,
                     "\" is not a supported type of key: EC "
                     "P-256, EC P-384, RSA or Ed25519"));
  }
  return ReadKey();
}

absl::Status CheckSize(base::Bytes input) {
  if (input.size() <= kMaxSize) return absl::OkStatus();
  return absl::InvalidArgumentError("over 1 MiB: not a private key");
}

}  // namespace

absl::StatusOr<PKeyPtr> Unlock(const X509_SIG& sealed,
                               const base::Secret* password,
                               PasswordBudget& budget,
                               LegacyAlgorithms& legacy) {
  if (password == nullptr) return NeedsPassword();
  const X509_ALGOR* algorithm = nullptr;
  X509_SIG_get0(&sealed, &algorithm, nullptr);
  RETURN_IF_ERROR(budget.Spend(*algorithm));
  ASSIGN_OR_RETURN(OSSL_LIB_CTX* const context, legacy.ContextFor(*algorithm));
  const absl::string_view text = password->Reveal();
  const Pkcs8Ptr info(PKCS8_decrypt_ex(
      &sealed, text.data(), static_cast<int>(text.size()), context, nullptr));
  if (!info) return WrongPassword();
  return FromPkcs8(info.get(), "ENCRYPTED PRIVATE KEY");
}

absl::Status CheckPair(EVP_PKEY* pkey) {
  const PKeyContextPtr context(EVP_PKEY_CTX_new(pkey, nullptr));
  if (context && EVP_PKEY_pairwise_check(context.get()) == 1) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("the private key does not belong to the public key beside "
                   "it: ",
                   TakeOpenSslErrors()));
}

absl::StatusOr<ReadKey> ReadPrivateKeyPem(base::Bytes pem,
                                          const base::Secret* password,
                                          PasswordBudget& budget) {
  RETURN_IF_ERROR(CheckSize(pem));
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!bio) return absl::ResourceExhaustedError(TakeOpenSslErrors());
  std::vector<std::string> others;
  for (;;) {
    Block block;
    if (PEM_read_bio(bio.get(), &block.label, &block.header, &block.data,
                     &block.size) != 1) {
      break;
    }
    ASSIGN_OR_RETURN(ReadKey key, ReadBlock(block, password, budget));
    if (key.pkey) {
      ERR_clear_error();
      return key;
    }
    if (others.size() < 4) others.push_back(block.label);
  }
  const unsigned long error = ERR_peek_last_error();
  if (ERR_GET_LIB(error) == ERR_LIB_PEM &&
      ERR_GET_REASON(error) != PEM_R_NO_START_LINE) {
    return Malformed("PEM");
  }
  ERR_clear_error();
  return absl::InvalidArgumentError(
      others.empty() ? "not a private key: no PEM block in it"
                     : absl::StrCat("no private key among its PEM blocks: ",
                                    absl::StrJoin(others, ", ")));
}

absl::StatusOr<ReadKey> ReadPrivateKeyDer(base::Bytes der,
                                          const base::Secret* password,
                                          PasswordBudget& budget) {
  RETURN_IF_ERROR(CheckSize(der));
  // The forms differ in their first elements, so that at most one parses.
  auto key = ReadPkcs8(der, "PRIVATE KEY");
  if (key.ok()) return key;
  const auto [parsed, all] = ParseAll<d2i_X509_SIG>(der);
  const X509SigPtr sealed(parsed);
  ERR_clear_error();
  if (sealed && all) {
    return ReadEncryptedPkcs8(der, "ENCRYPTED PRIVATE KEY", password, budget);
  }
  for (const int type : {EVP_PKEY_EC, EVP_PKEY_RSA}) {
    const unsigned char* at = der.data();
    PKeyPtr pkey(
        d2i_PrivateKey(type, nullptr, &at, static_cast<long>(der.size())));
    ERR_clear_error();
    if (pkey && at == der.data() + der.size()) {
      return ReadKey{.pkey = std::move(pkey)};
    }
  }
  return key.status();
}

}  // namespace chancery::crypto
