#include "crypto/pkcs11_token.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "crypto/pkcs11_custody.h"
#include "crypto/pkcs11_data.h"
#include "crypto/pkcs11_key.h"
#include "crypto/pkcs11_module.h"
#include "crypto/pkcs11_objects.h"
#include "crypto/pkcs11_session_pool.h"

namespace chancery::crypto {
namespace {

Pkcs11KeyName NameIn(const Pkcs11Uri& uri) {
  return {.label = uri.object, .id = uri.id};
}

const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

// `use(module, session)` in a read-write session. It is not repeated: half of
// it may have happened. But where the login was lost, the next one has another.
template <typename Use>
auto InReadWriteSession(Pkcs11SessionPool& pool, const Use& use)
    -> decltype(use(pool.module(), CK_SESSION_HANDLE{})) {
  const Pkcs11Module& module = pool.module();
  uint64_t epoch;
  auto result = decltype(use(module, CK_SESSION_HANDLE{}))(
      absl::UnknownError("not done"));
  {
    // Held so that the login lasts.
    ASSIGN_OR_RETURN(Pkcs11SessionPool::Lease lease, pool.Take());
    epoch = lease.epoch();
    const auto session = pool.OpenReadWrite();
    if (session.ok()) {
      result = use(module, *session);
      module->C_CloseSession(*session);
    } else {
      result = session.status();
    }
    if (StatusOf(result).ok() ||
        !absl::IsUnavailable(CheckLoggedIn(module, lease.session()))) {
      return result;
    }
    lease.Discard();
  }
  pool.Reconnect(epoch).IgnoreError();  // Whoever comes next will know.
  return result;
}

}  // namespace

struct Pkcs11Token::State {
  std::shared_ptr<Pkcs11SessionPool> pool;
};

Pkcs11Token::Pkcs11Token(std::unique_ptr<State> state)
    : state_(std::move(state)) {}
Pkcs11Token::~Pkcs11Token() = default;

absl::StatusOr<std::shared_ptr<Pkcs11Token>> Pkcs11Token::Open(
    const Pkcs11Uri& uri, base::Secret pin, const Options& options) {
  ASSIGN_OR_RETURN(auto module, Pkcs11Module::Load(uri.module_path));
  Pkcs11SessionPool::Options pool_options;
  pool_options.max_sessions = options.max_sessions;
  pool_options.wait = options.wait;
  pool_options.clock = options.clock;
  pool_options.try_final_pin = options.try_final_pin;
  auto state = std::make_unique<State>();
  ASSIGN_OR_RETURN(state->pool,
                   Pkcs11SessionPool::Open(std::move(module), uri,
                                           std::move(pin), pool_options));
  return std::shared_ptr<Pkcs11Token>(new Pkcs11Token(std::move(state)));
}

absl::StatusOr<std::string> Pkcs11Token::IdentityOf(const Pkcs11Uri& uri) {
  ASSIGN_OR_RETURN(const auto module, Pkcs11Module::Load(uri.module_path));
  ASSIGN_OR_RETURN(const Pkcs11Module::Slot slot, module->FindSlot(uri));
  return absl::StrCat(uri.module_path, ";", slot.token);
}

absl::StatusOr<std::unique_ptr<SigningKey>> Pkcs11Token::OpenKey(
    const Pkcs11Uri& uri, const std::optional<PublicKey>& expected) const {
  ASSIGN_OR_RETURN(
      std::unique_ptr<SigningKey> key,
      Pkcs11Key::Open(state_->pool, {.label = uri.object, .id = uri.id},
                      expected));
  return key;
}

absl::StatusOr<PublicKey> Pkcs11Token::GenerateKey(
    const KeySpec& spec, const std::string& label,
    const std::string& id) const {
  return InReadWriteSession(*state_->pool, [&](const Pkcs11Module& module,
                                               CK_SESSION_HANDLE session) {
    return GenerateKeyPair(module, session, spec, {.label = label, .id = id});
  });
}

absl::StatusOr<TokenFacts> Pkcs11Token::Facts() const {
  const Pkcs11Module& module = state_->pool->module();
  ASSIGN_OR_RETURN(const Pkcs11Module::Slot slot,
                   module.FindSlot(state_->pool->uri()));
  return module.FactsOf(slot.id);
}

absl::Status Pkcs11Token::CheckFree(const Pkcs11Uri& key) const {
  ASSIGN_OR_RETURN(const Pkcs11SessionPool::Lease lease, state_->pool->Take());
  return CheckNameFree(state_->pool->module(), lease.session(), NameIn(key));
}

absl::StatusOr<PublicKey> Pkcs11Token::GenerateExtractableKey(
    const KeySpec& spec, const Pkcs11Uri& key) const {
  return InReadWriteSession(*state_->pool, [&](const Pkcs11Module& module,
                                               CK_SESSION_HANDLE session) {
    return GenerateKeyPair(module, session, spec, NameIn(key), true);
  });
}

absl::Status Pkcs11Token::GenerateWrappingKey(const Pkcs11Uri& key) const {
  return InReadWriteSession(*state_->pool, [&](const Pkcs11Module& module,
                                               CK_SESSION_HANDLE session) {
    return crypto::GenerateWrappingKey(module, session, NameIn(key));
  });
}

absl::Status Pkcs11Token::DestroyWrappingKey(const Pkcs11Uri& key) const {
  return InReadWriteSession(*state_->pool, [&](const Pkcs11Module& module,
                                               CK_SESSION_HANDLE session) {
    return crypto::DestroyWrappingKey(module, session, NameIn(key));
  });
}

absl::StatusOr<std::string> Pkcs11Token::Wrap(const Pkcs11Uri& wrapping_key,
                                              const Pkcs11Uri& key) const {
  return InReadWriteSession(*state_->pool, [&](const Pkcs11Module& module,
                                               CK_SESSION_HANDLE session) {
    return WrapPrivateKey(module, session, NameIn(wrapping_key), NameIn(key));
  });
}

absl::Status Pkcs11Token::Unwrap(const Pkcs11Uri& wrapping_key,
                                 base::Bytes wrapped,
                                 const PublicKey& public_key,
                                 const Pkcs11Uri& key) const {
  RETURN_IF_ERROR(InReadWriteSession(
      *state_->pool,
      [&](const Pkcs11Module& module, CK_SESSION_HANDLE session) {
        return UnwrapPrivateKey(module, session, NameIn(wrapping_key), wrapped,
                                public_key, NameIn(key));
      }));
  // Sign verifies under the public key, so a signature proves that both halves
  // belong together.
  const absl::string_view probe("chancery/restored-key/v1\0", 25);
  const auto proves = [&]() -> absl::Status {
    ASSIGN_OR_RETURN(const auto opened, OpenKey(key, public_key));
    return opened->Sign(base::AsBytes(probe)).status();
  };
  const absl::Status proved = proves();
  if (!proved.ok()) DestroyKey(key, public_key).IgnoreError();
  return proved;
}

absl::Status Pkcs11Token::DestroyKey(const Pkcs11Uri& key,
                                     const PublicKey& expected) const {
  return InReadWriteSession(*state_->pool, [&](const Pkcs11Module& module,
                                               CK_SESSION_HANDLE session) {
    return DestroyKeyPair(module, session, NameIn(key), expected);
  });
}

absl::StatusOr<std::vector<TokenKey>> Pkcs11Token::ListKeys() const {
  return InReadWriteSession(*state_->pool, [&](const Pkcs11Module& module,
                                               CK_SESSION_HANDLE session) {
    return crypto::ListKeys(module, session);
  });
}

absl::Status Pkcs11Token::DestroyHalfKey(const Pkcs11Uri& key) const {
  return InReadWriteSession(*state_->pool, [&](const Pkcs11Module& module,
                                               CK_SESSION_HANDLE session) {
    return DestroyHalfKeyPair(module, session, NameIn(key));
  });
}

absl::StatusOr<std::vector<std::string>> Pkcs11Token::ReadData(
    const std::string& label) const {
  return InReadWriteSession(*state_->pool, [&](const Pkcs11Module& module,
                                               CK_SESSION_HANDLE session) {
    return crypto::ReadData(module, session, label);
  });
}

absl::Status Pkcs11Token::ReplaceData(const std::string& label,
                                      base::Bytes value) const {
  return InReadWriteSession(*state_->pool, [&](const Pkcs11Module& module,
                                               CK_SESSION_HANDLE session) {
    return crypto::ReplaceData(module, session, label, value);
  });
}

Pkcs11Token::Health Pkcs11Token::health() const {
  return {.failing_keys = state_->pool->failing_keys(),
          .connections = state_->pool->connections()};
}

}  // namespace chancery::crypto
