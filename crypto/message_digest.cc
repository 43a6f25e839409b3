#include "crypto/message_digest.h"

#include <openssl/evp.h>

#include <new>

#include "absl/strings/str_cat.h"
#include "crypto/openssl_handles.h"
#include "crypto/signature_scheme.h"

namespace chancery::crypto {
bool CanSignDigest(SignatureAlgorithm algorithm) {
  return HashOf(algorithm) != nullptr;
}

absl::Status CheckDigestFor(SignatureAlgorithm algorithm,
                            const MessageDigest& digest) {
  if (!CanSignDigest(algorithm)) {
    return absl::UnimplementedError(
        absl::StrCat(Name(algorithm), " signs whole messages, not digests"));
  }
  if (digest.algorithm() == algorithm) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "a digest for ", Name(digest.algorithm()), ", not ", Name(algorithm)));
}

struct DigestStream::State {
  explicit State(SignatureAlgorithm algorithm) : digest(algorithm) {
    const EVP_MD* hash = HashOf(algorithm);
    if (hash == nullptr) return;
    context.reset(EVP_MD_CTX_new());
    if (!context || EVP_DigestInit_ex(context.get(), hash, nullptr) != 1) {
      throw std::bad_alloc();  // Nothing else is possible with these.
    }
  }
  MdContextPtr context;
  MessageDigest digest;
};

DigestStream::DigestStream(SignatureAlgorithm algorithm)
    : state_(std::make_unique<State>(algorithm)) {}
DigestStream::~DigestStream() = default;
DigestStream::DigestStream(DigestStream&&) noexcept = default;
DigestStream& DigestStream::operator=(DigestStream&&) noexcept = default;

void DigestStream::Update(base::Bytes bytes) {
  if (!state_->context) return;
  EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size());
}

MessageDigest DigestStream::Finish() {
  if (state_->context) {
    unsigned int size = 0;
    EVP_DigestFinal_ex(state_->context.get(), state_->digest.bytes_.data(),
                       &size);
    state_->digest.size_ = size;
    state_->context.reset();
  }
  return state_->digest;
}

}  // namespace chancery::crypto
