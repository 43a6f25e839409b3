// Owners of OpenSSL's objects, and a pool of its key contexts.
#ifndef CHANCERY_CRYPTO_OPENSSL_HANDLES_H_
#define CHANCERY_CRYPTO_OPENSSL_HANDLES_H_

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"

namespace chancery::crypto {

template <auto kFree>
struct OpenSslFree {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};

using PKeyPtr = std::unique_ptr<EVP_PKEY, OpenSslFree<EVP_PKEY_free>>;
using PKeyContextPtr =
    std::unique_ptr<EVP_PKEY_CTX, OpenSslFree<EVP_PKEY_CTX_free>>;
using MdContextPtr = std::unique_ptr<EVP_MD_CTX, OpenSslFree<EVP_MD_CTX_free>>;
using BnContextPtr = std::unique_ptr<BN_CTX, OpenSslFree<BN_CTX_free>>;
using EcGroupPtr = std::unique_ptr<EC_GROUP, OpenSslFree<EC_GROUP_free>>;
using EcPointPtr = std::unique_ptr<EC_POINT, OpenSslFree<EC_POINT_free>>;
using BignumPtr = std::unique_ptr<BIGNUM, OpenSslFree<BN_free>>;
using BioPtr = std::unique_ptr<BIO, OpenSslFree<BIO_free_all>>;

// What OpenSSL says went wrong on this thread, the oldest reason first; its
// queue is empty afterwards. "no reason given" if it was.
std::string TakeOpenSslErrors();

// Contexts of one key, initialised for one operation. Making and initialising
// a context costs up to a fifth of an ECDSA signature, so that each is used
// again and again, by one thread at a time: there are as many as threads ever
// met here. Thread-safe.
class PKeyContextPool {
 public:
  using Init = int (*)(EVP_PKEY_CTX*);  // EVP_PKEY_sign_init or _verify_init.

  explicit PKeyContextPool(Init init) : init_(init) {}

  // A context on loan; it goes back when this goes. get() is null if OpenSSL
  // could not make one. The pool must outlive it.
  class Lease {
   public:
    Lease(PKeyContextPool& pool, EVP_PKEY* key)
        : pool_(pool), context_(pool.Take(key)) {}
    ~Lease() {
      if (context_) pool_.Return(std::move(context_));
    }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    EVP_PKEY_CTX* get() const { return context_.get(); }

   private:
    PKeyContextPool& pool_;
    PKeyContextPtr context_;
  };

 private:
  PKeyContextPtr Take(EVP_PKEY* key);
  void Return(PKeyContextPtr context);

  const Init init_;
  base::Mutex mu_;
  std::vector<PKeyContextPtr> idle_ ABSL_GUARDED_BY(mu_);
};

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_OPENSSL_HANDLES_H_
