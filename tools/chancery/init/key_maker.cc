#include "tools/chancery/init/key_maker.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/secret.h"
#include "base/status_macros.h"
#include "crypto/pkcs11_token.h"
#include "crypto/software_key.h"

namespace chancery::cli {
namespace {

// RFC 3986 section 2.1: all but unreserved characters as %XX.
std::string PercentEncode(absl::string_view text) {
  std::string out;
  for (const char c : text) {
    if (absl::ascii_isalnum(c) || c == '-' || c == '.' || c == '_') {
      out.push_back(c);
    } else {
      absl::StrAppendFormat(&out, "%%%02X", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string PercentEncodeAll(absl::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    absl::StrAppendFormat(&out, "%%%02X", static_cast<unsigned char>(c));
  }
  return out;
}

class FileKeyMaker final : public KeyMaker {
 public:
  FileKeyMaker(crypto::KeySpec spec, const Layout& layout)
      : spec_(spec), layout_(layout) {}

  absl::StatusOr<MadeKey> Make(const std::string& name) override {
    ASSIGN_OR_RETURN(std::unique_ptr<crypto::SoftwareKey> key,
                     crypto::GenerateKey(spec_));
    ASSIGN_OR_RETURN(const base::Secret pem,
                     crypto::EncodePkcs8Pem(*key, nullptr));
    const std::string path = layout_.CaKey(name);
    RETURN_IF_ERROR(base::CreateFile(path, base::AsBytes(pem.Reveal()), 0600));
    return MadeKey{.key = std::move(key), .source = {.file = path}};
  }

 private:
  const crypto::KeySpec spec_;
  const Layout& layout_;
};

class TokenKeyMaker final : public KeyMaker {
 public:
  TokenKeyMaker(crypto::KeySpec spec, const InitOptions& options,
                base::Random& random)
      : spec_(spec),
        module_(options.pkcs11_module),
        token_uri_(absl::StrCat("pkcs11:token=", PercentEncode(options.token))),
        pin_({.file = options.pin_file}),
        random_(random) {}

  absl::Status Open() {
    ASSIGN_OR_RETURN(token_, opener_.OpenToken(Source("")));
    return absl::OkStatus();
  }

  absl::StatusOr<MadeKey> Make(const std::string& name) override {
    const std::string id = random_.Bytes(8);
    const std::string label =
        absl::StrCat(name, "-", base::Hex(base::AsBytes(id)));
    ASSIGN_OR_RETURN(const crypto::PublicKey made,
                     token_->GenerateKey(spec_, label, id));
    MadeKey out;
    out.source = Source(absl::StrCat(";object=", PercentEncode(label),
                                     ";id=", PercentEncodeAll(id)));
    ASSIGN_OR_RETURN(out.key, opener_.Open(out.source, made));
    return out;
  }

 private:
  crypto::KeySource Source(const std::string& key) const {
    return {.pkcs11_uri = token_uri_ + key,
            .pkcs11_module = module_,
            .secret = pin_};
  }

  const crypto::KeySpec spec_;
  const std::string module_, token_uri_;
  const crypto::SecretSource pin_;
  base::Random& random_;
  crypto::KeyOpener opener_;
  std::shared_ptr<crypto::Pkcs11Token> token_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<KeyMaker>> MakeFileKeyMaker(
    const InitOptions& options, const Layout& layout) {
  ASSIGN_OR_RETURN(const crypto::KeySpec spec, ParseKeyType(options.key_type));
  return std::make_unique<FileKeyMaker>(spec, layout);
}

absl::StatusOr<std::unique_ptr<KeyMaker>> MakeTokenKeyMaker(
    const InitOptions& options, base::Random& random) {
  ASSIGN_OR_RETURN(const crypto::KeySpec spec, ParseKeyType(options.key_type));
  auto maker = std::make_unique<TokenKeyMaker>(spec, options, random);
  RETURN_IF_ERROR(maker->Open());
  return maker;
}

}  // namespace chancery::cli
