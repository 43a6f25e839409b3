#include "crypto/private_key_writer.h"

#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "crypto/openssl_handles.h"

namespace chancery::crypto {
namespace {

constexpr int kPbkdf2Rounds = 600'000;
constexpr uint64_t kScryptCost = 16'384, kScryptBlock = 8, kScryptParallel = 5;
constexpr int kSaltSize = 16;

using X509SigPtr = std::unique_ptr<X509_SIG, OpenSslFree<X509_SIG_free>>;
using Pkcs8Ptr =
    std::unique_ptr<PKCS8_PRIV_KEY_INFO, OpenSslFree<PKCS8_PRIV_KEY_INFO_free>>;
using AlgorithmPtr = std::unique_ptr<X509_ALGOR, OpenSslFree<X509_ALGOR_free>>;

AlgorithmPtr Protection(Pkcs8Form::Derivation derivation) {
  if (derivation == Pkcs8Form::Derivation::kPbkdf2) {
    return AlgorithmPtr(PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), kPbkdf2Rounds,
                                          nullptr, kSaltSize, nullptr,
                                          NID_hmacWithSHA256));
  }
  return AlgorithmPtr(PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), nullptr,
                                            kSaltSize, nullptr, kScryptCost,
                                            kScryptBlock, kScryptParallel));
}

X509SigPtr Seal(PKCS8_PRIV_KEY_INFO* info, Pkcs8Form::Derivation derivation,
                const base::Secret& password) {
  AlgorithmPtr protection = Protection(derivation);
  if (!protection) return nullptr;
  const absl::string_view text = password.Reveal();
  X509SigPtr sealed(PKCS8_set0_pbe(text.data(), static_cast<int>(text.size()),
                                   info, protection.get()));
  if (sealed) protection.release();  // `sealed` owns it now.
  return sealed;
}

bool Write(BIO* bio, PKCS8_PRIV_KEY_INFO* info, const Pkcs8Form& form,
           const base::Secret* password) {
  if (password == nullptr) {
    return 1 == (form.der ? i2d_PKCS8_PRIV_KEY_INFO_bio(bio, info)
                          : PEM_write_bio_PKCS8_PRIV_KEY_INFO(bio, info));
  }
  const X509SigPtr sealed = Seal(info, form.derivation, *password);
  if (!sealed) return false;
  return 1 == (form.der ? i2d_PKCS8_bio(bio, sealed.get())
                        : PEM_write_bio_PKCS8(bio, sealed.get()));
}

}  // namespace

absl::StatusOr<base::Secret> EncodePkcs8(EVP_PKEY* pkey, const Pkcs8Form& form,
                                         const base::Secret* password) {
  const BioPtr bio(BIO_new(BIO_s_secmem()));
  const Pkcs8Ptr info(EVP_PKEY2PKCS8(pkey));
  const bool written =
      bio && info && Write(bio.get(), info.get(), form, password);
  char* text = nullptr;
  const long size = bio ? BIO_get_mem_data(bio.get(), &text) : 0;
  if (!written || size <= 0) {
    return absl::InternalError(
        absl::StrCat("cannot encode the private key: ", TakeOpenSslErrors()));
  }
  return base::Secret(std::string(text, static_cast<size_t>(size)));
}

}  // namespace chancery::crypto
