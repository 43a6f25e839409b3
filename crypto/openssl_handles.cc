#include "crypto/openssl_handles.h"

#include <openssl/err.h>

#include <utility>

#include "absl/strings/str_cat.h"

namespace chancery::crypto {

std::string TakeOpenSslErrors() {
  std::string out;
  while (const unsigned long code = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(code);
    absl::StrAppend(&out, out.empty() ? "" : "; ");
    if (reason != nullptr) {
      absl::StrAppend(&out, reason);
    } else {
      absl::StrAppend(&out, "error ", absl::Hex(code));
    }
  }
  return out.empty() ? "no reason given" : out;
}

PKeyContextPtr PKeyContextPool::Take(EVP_PKEY* key) {
  {
    base::MutexLock lock(mu_);
    if (!idle_.empty()) {
      PKeyContextPtr context = std::move(idle_.back());
      idle_.pop_back();
      return context;
    }
  }
  PKeyContextPtr context(EVP_PKEY_CTX_new(key, nullptr));
  if (!context || init_(context.get()) != 1) return nullptr;
  return context;
}

void PKeyContextPool::Return(PKeyContextPtr context) {
  base::MutexLock lock(mu_);
  idle_.push_back(std::move(context));
}

}  // namespace chancery::crypto
