// Owners of what OpenSSL has for PKCS #12 and PKCS #7.
#ifndef CHANCERY_CRYPTO_PKCS12_HANDLES_H_
#define CHANCERY_CRYPTO_PKCS12_HANDLES_H_

#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

#include "crypto/openssl_handles.h"

namespace chancery::crypto {

struct FreeBags {
  void operator()(STACK_OF(PKCS12_SAFEBAG) * bags) const {
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
  }
};
struct FreeSafes {
  void operator()(STACK_OF(PKCS7) * safes) const {
    sk_PKCS7_pop_free(safes, PKCS7_free);
  }
};

using X509Ptr = std::unique_ptr<X509, OpenSslFree<X509_free>>;
using Pkcs7Ptr = std::unique_ptr<PKCS7, OpenSslFree<PKCS7_free>>;
using Pkcs12Ptr = std::unique_ptr<PKCS12, OpenSslFree<PKCS12_free>>;
using BagsPtr = std::unique_ptr<STACK_OF(PKCS12_SAFEBAG), FreeBags>;
using SafesPtr = std::unique_ptr<STACK_OF(PKCS7), FreeSafes>;

// Its DER as it was read; empty if OpenSSL has no memory.
inline std::string DerOf(const X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  if (size <= 0) return std::string();
  std::string out(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return out;
}

}  // namespace chancery::crypto

#endif  // CHANCERY_CRYPTO_PKCS12_HANDLES_H_
