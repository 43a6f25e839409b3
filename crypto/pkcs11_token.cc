#include "crypto/pkcs11_token.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "crypto/pkcs11_key.h"
#include "crypto/pkcs11_module.h"
#include "crypto/pkcs11_objects.h"
#include "crypto/pkcs11_session_pool.h"

namespace chancery::crypto {

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
  // Held so that the login lasts.
  ASSIGN_OR_RETURN(const Pkcs11SessionPool::Lease lease, state_->pool->Take());
  ASSIGN_OR_RETURN(const CK_SESSION_HANDLE session,
                   state_->pool->OpenReadWrite());
  const Pkcs11Module& module = state_->pool->module();
  auto key = GenerateKeyPair(module, session, spec, {.label = label, .id = id});
  module->C_CloseSession(session);
  return key;
}

Pkcs11Token::Health Pkcs11Token::health() const {
  return {.failing_keys = state_->pool->failing_keys(),
          .connections = state_->pool->connections()};
}

}  // namespace chancery::crypto
