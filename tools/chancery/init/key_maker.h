// Makes the keys of a new CA, in files or inside a token.
#ifndef CHANCERY_TOOLS_CHANCERY_INIT_KEY_MAKER_H_
#define CHANCERY_TOOLS_CHANCERY_INIT_KEY_MAKER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/random.h"
#include "crypto/key_source.h"
#include "crypto/signing_key.h"
#include "tools/chancery/init/init_options.h"
#include "tools/chancery/init/layout.h"

namespace chancery::cli {

struct MadeKey {
  std::unique_ptr<crypto::SigningKey> key;
  crypto::KeySource source;  // How a service opens it.
};

// Thread-compatible.
class KeyMaker {
 public:
  virtual ~KeyMaker() = default;
  // A new key; `name` ("issuing") is part of its file name or label.
  virtual absl::StatusOr<MadeKey> Make(const std::string& name) = 0;
};

// PKCS #8 files ca/<name>.key of mode 0600. `layout` must outlive it.
// InvalidArgument for the key type.
absl::StatusOr<std::unique_ptr<KeyMaker>> MakeFileKeyMaker(
    const InitOptions& options, const Layout& layout);

// Key pairs that never leave the token of `options`, under labels that no key
// there has. NotFound, PermissionDenied, FailedPrecondition: the module, the
// token or its PIN. Keys of an init that fails later stay in the token, unused.
absl::StatusOr<std::unique_ptr<KeyMaker>> MakeTokenKeyMaker(
    const InitOptions& options, base::Random& random);

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_INIT_KEY_MAKER_H_
