#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "crypto/openssl_handles.h"
#include "crypto/secret_source.h"
#include "crypto/software_key.h"
#include "crypto/software_key_state.h"

namespace chancery::crypto {
namespace {

// OWASP's advice of 2023 for PBKDF2 with HMAC-SHA-256.
constexpr int kPbkdf2Rounds = 600'000;

using X509SigPtr = std::unique_ptr<X509_SIG, OpenSslFree<X509_SIG_free>>;
using Pkcs8Ptr =
    std::unique_ptr<PKCS8_PRIV_KEY_INFO, OpenSslFree<PKCS8_PRIV_KEY_INFO_free>>;
using AlgorithmPtr = std::unique_ptr<X509_ALGOR, OpenSslFree<X509_ALGOR_free>>;

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

absl::StatusOr<PKeyPtr> FromPkcs8(const PKCS8_PRIV_KEY_INFO* info,
                                  absl::string_view label) {
  PKeyPtr pkey(EVP_PKCS82PKEY(info));
  if (!pkey) return Malformed(label);
  return pkey;
}

absl::StatusOr<PKeyPtr> ReadPkcs8(const Block& block) {
  const unsigned char* at = block.data;
  const Pkcs8Ptr info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, block.size));
  if (!info || at != block.data + block.size) return Malformed(block.label);
  return FromPkcs8(info.get(), block.label);
}

absl::StatusOr<PKeyPtr> ReadEncryptedPkcs8(const Block& block,
                                           const base::Secret* password) {
  const unsigned char* at = block.data;
  const X509SigPtr sealed(d2i_X509_SIG(nullptr, &at, block.size));
  if (!sealed || at != block.data + block.size) return Malformed(block.label);
  if (password == nullptr) return NeedsPassword();
  const absl::string_view text = password->Reveal();
  const Pkcs8Ptr info(
      PKCS8_decrypt(sealed.get(), text.data(), static_cast<int>(text.size())));
  if (!info) return WrongPassword();
  return FromPkcs8(info.get(), block.label);
}

int GivePassword(char* buffer, int size, int, void* password) {
  const absl::string_view text =
      static_cast<const base::Secret*>(password)->Reveal();
  if (text.size() > static_cast<size_t>(size)) return -1;
  std::memcpy(buffer, text.data(), text.size());
  return static_cast<int>(text.size());
}

// "RSA PRIVATE KEY" (RFC 8017 appendix A.1.2), "EC PRIVATE KEY" (RFC 5915), and
// RFC 1421's encryption of either.
absl::StatusOr<PKeyPtr> ReadTraditional(Block& block, int type,
                                        const base::Secret* password) {
  EVP_CIPHER_INFO cipher;
  if (PEM_get_EVP_CIPHER_INFO(block.header, &cipher) != 1) {
    return Malformed(block.label);
  }
  if (cipher.cipher != nullptr) {
    if (password == nullptr) return NeedsPassword();
    if (PEM_do_header(&cipher, block.data, &block.size, GivePassword,
                      const_cast<base::Secret*>(password)) != 1) {
      return WrongPassword();
    }
  }
  const unsigned char* at = block.data;
  PKeyPtr pkey(d2i_PrivateKey(type, nullptr, &at, block.size));
  if (pkey && at == block.data + block.size) return pkey;
  if (cipher.cipher != nullptr) return WrongPassword();
  return Malformed(block.label);
}

// Null if `block` is no private key.
absl::StatusOr<PKeyPtr> ReadBlock(Block& block, const base::Secret* password) {
  const absl::string_view label = block.label;
  // CFSSL writes PKCS #8 under the second label.
  if (label == "PRIVATE KEY" || label == "Ed25519 PRIVATE KEY") {
    return ReadPkcs8(block);
  }
  if (label == "ENCRYPTED PRIVATE KEY") {
    return ReadEncryptedPkcs8(block, password);
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
  return PKeyPtr();
}

// The matching of private and public parts, which a file may get wrong.
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

}  // namespace

absl::StatusOr<std::unique_ptr<SoftwareKey>> ParsePrivateKeyPem(
    base::Bytes pem, const base::Secret* password) {
  if (pem.size() > (1 << 20)) {
    return absl::InvalidArgumentError("over 1 MiB: not a private key");
  }
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!bio) return absl::ResourceExhaustedError(TakeOpenSslErrors());
  std::vector<std::string> others;
  for (;;) {
    Block block;
    if (PEM_read_bio(bio.get(), &block.label, &block.header, &block.data,
                     &block.size) != 1) {
      break;
    }
    ASSIGN_OR_RETURN(PKeyPtr pkey, ReadBlock(block, password));
    if (pkey) {
      ERR_clear_error();
      // Sizes first: the check below takes long on an absurd RSA key.
      ASSIGN_OR_RETURN(auto key, MakeSoftwareKey(std::move(pkey)));
      RETURN_IF_ERROR(CheckPair(key->state().pkey.get()));
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

absl::StatusOr<base::Secret> EncodePkcs8Pem(const SoftwareKey& key,
                                            const base::Secret* password) {
  const BioPtr bio(BIO_new(BIO_s_secmem()));
  const Pkcs8Ptr info(EVP_PKEY2PKCS8(key.state().pkey.get()));
  bool written = false;
  if (bio && info && password == nullptr) {
    written = PEM_write_bio_PKCS8_PRIV_KEY_INFO(bio.get(), info.get()) == 1;
  } else if (bio && info) {
    AlgorithmPtr kdf_and_cipher(PKCS5_pbe2_set_iv(EVP_aes_256_cbc(),
                                                  kPbkdf2Rounds, nullptr, 16,
                                                  nullptr, NID_hmacWithSHA256));
    const absl::string_view text = password->Reveal();
    const X509SigPtr sealed(
        kdf_and_cipher
            ? PKCS8_set0_pbe(text.data(), static_cast<int>(text.size()),
                             info.get(), kdf_and_cipher.get())
            : nullptr);
    if (sealed) {
      kdf_and_cipher.release();  // `sealed` owns it now.
      written = PEM_write_bio_PKCS8(bio.get(), sealed.get()) == 1;
    }
  }
  char* text = nullptr;
  const long size = bio ? BIO_get_mem_data(bio.get(), &text) : 0;
  if (!written || size <= 0) {
    return absl::InternalError(
        absl::StrCat("cannot encode the private key: ", TakeOpenSslErrors()));
  }
  return base::Secret(std::string(text, static_cast<size_t>(size)));
}

absl::StatusOr<std::unique_ptr<SoftwareKey>> LoadSoftwareKey(
    const std::string& path, const base::Secret* password) {
  ASSIGN_OR_RETURN(const base::Secret pem, ReadSecretFile(path));
  auto key = ParsePrivateKeyPem(base::AsBytes(pem.Reveal()), password);
  if (key.ok()) return key;
  return absl::Status(key.status().code(),
                      absl::StrCat(path, ": ", key.status().message()));
}

}  // namespace chancery::crypto
