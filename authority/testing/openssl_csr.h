#ifndef CHANCERY_AUTHORITY_TESTING_OPENSSL_CSR_H_
#define CHANCERY_AUTHORITY_TESTING_OPENSSL_CSR_H_

#include <string>

namespace chancery::authority::testing {

// A request for the host `name` that OpenSSL made, DER; its key is thrown away.
std::string OpenSslCsr(const std::string& name);

}  // namespace chancery::authority::testing

#endif  // CHANCERY_AUTHORITY_TESTING_OPENSSL_CSR_H_
