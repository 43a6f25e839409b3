#include "authority/token/token_clients.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "chancery/config/authority.pb.h"
#include "crypto/hmac.h"
#include "crypto/secret_source.h"
#include "rpc/config.h"

namespace chancery::authority {
namespace {

constexpr size_t kMinKey = 16;
constexpr size_t kMaxClients = 1000;  // Each request tries all keys.
constexpr uint32_t kMaxWindow = 3600;
constexpr char kFile[] = "file:";
constexpr char kEnv[] = "env:";

bool IsMacOf(const base::Secret& key, const SignedRequest& request) {
  const crypto::Sha256Digest mac = crypto::HmacSha256(
      base::AsBytes(key.Reveal()), base::AsBytes(request.request));
  // HmacSha256 could not be computed: it is no MAC of anything.
  static constexpr crypto::Sha256Digest kNone{};
  const bool computed = mac != kNone;
  return crypto::EqualInConstantTime(mac, base::AsBytes(request.token)) &&
         computed;
}

absl::Status CheckSource(const std::string& field, const std::string& source) {
  if (absl::StartsWith(source, kFile) || absl::StartsWith(source, kEnv)) {
    return absl::OkStatus();
  }
  // Not shown: it may be the key.
  return rpc::ConfigError(field, "...",
                          "\"file:PATH\" or \"env:VARIABLE\": the key itself "
                          "does not belong in a configuration");
}

absl::StatusOr<base::Secret> ReadKey(const std::string& field,
                                     const std::string& source) {
  auto key = ReadHmacKey(source);
  if (key.ok()) return key;
  return absl::Status(
      key.status().code(),
      absl::StrCat("field `", field, "`: ", key.status().message()));
}

}  // namespace

absl::StatusOr<base::Secret> ReadHmacKey(const std::string& source) {
  base::Secret text;
  if (absl::StartsWith(source, kFile)) {
    ASSIGN_OR_RETURN(
        text, crypto::ReadSecret({.file = source.substr(sizeof kFile - 1)}));
  } else if (absl::StartsWith(source, kEnv)) {
    ASSIGN_OR_RETURN(
        text, crypto::ReadSecret({.env = source.substr(sizeof kEnv - 1)}));
  } else {
    text = base::Secret(std::string(source));
  }
  auto key = base::FromHex(absl::StripAsciiWhitespace(text.Reveal()));
  if (!key.has_value()) {
    return absl::InvalidArgumentError("the HMAC key must be hex");
  }
  const size_t size = key->size();
  base::Secret out(*std::move(key));
  if (size < kMinKey) {
    return absl::InvalidArgumentError(absl::StrCat("the HMAC key has ", size,
                                                   " bytes; at least ", kMinKey,
                                                   " are needed"));
  }
  return out;
}

absl::Status CheckTokens(const config::Tokens& config) {
  if (size_t(config.client_size()) > kMaxClients) {
    return rpc::ConfigError("tokens.client", absl::StrCat(config.client_size()),
                            absl::StrCat("at most ", kMaxClients));
  }
  if (config.window_seconds() > kMaxWindow) {
    return rpc::ConfigError("tokens.window_seconds",
                            absl::StrCat(config.window_seconds()),
                            absl::StrCat("at most ", kMaxWindow));
  }
  if (!config.client().empty()) {
    RETURN_IF_ERROR(
        rpc::RequireSet("tokens.replay_file", config.replay_file()));
  }
  std::set<std::string> uris;
  for (int i = 0; i < config.client_size(); ++i) {
    const config::TokenClient& client = config.client(i);
    const std::string field = absl::StrCat("tokens.client[", i, "].");
    const auto identity = rpc::ParseIdentity(client.uri());
    if (!identity.ok()) {
      return rpc::ConfigError(field + "uri", client.uri(),
                              identity.status().message());
    }
    if (!uris.insert(client.uri()).second) {
      return rpc::ConfigError(field + "uri", client.uri(), "is there already");
    }
    RETURN_IF_ERROR(rpc::RequireSet(field + "key", client.key()));
    RETURN_IF_ERROR(CheckSource(field + "key", client.key()));
    if (!client.previous_key().empty()) {
      RETURN_IF_ERROR(
          CheckSource(field + "previous_key", client.previous_key()));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<TokenClients> TokenClients::Load(const config::Tokens& config) {
  RETURN_IF_ERROR(CheckTokens(config));
  TokenClients out;
  for (int i = 0; i < config.client_size(); ++i) {
    const config::TokenClient& from = config.client(i);
    const std::string field = absl::StrCat("tokens.client[", i, "].");
    TokenClient client;
    ASSIGN_OR_RETURN(client.identity, rpc::ParseIdentity(from.uri()));
    client.renew_after = absl::Hours(from.renew_after_hours());
    ASSIGN_OR_RETURN(client.keys.emplace_back(),
                     ReadKey(field + "key", from.key()));
    if (!from.previous_key().empty()) {
      ASSIGN_OR_RETURN(client.keys.emplace_back(),
                       ReadKey(field + "previous_key", from.previous_key()));
    }
    for (const TokenClient& other : out.clients_) {
      for (const base::Secret& key : other.keys) {
        for (const base::Secret& own : client.keys) {
          if (key.Reveal() != own.Reveal()) continue;
          return rpc::ConfigError(
              field + "key", "...",
              absl::StrCat("is that of ", other.identity.uri,
                           ": nothing would tell them apart"));
        }
      }
    }
    out.clients_.push_back(std::move(client));
  }
  return out;
}

absl::StatusOr<const TokenClient*> TokenClients::Authenticate(
    const SignedRequest& request, absl::Time now, absl::Duration window) const {
  const TokenClient* found = nullptr;
  for (const TokenClient& client : clients_) {
    for (const base::Secret& key : client.keys) {
      if (IsMacOf(key, request)) found = &client;
    }
  }
  if (found == nullptr) {
    return absl::UnauthenticatedError("token: no key of ours made it");
  }
  const absl::Time sent = absl::FromUnixSeconds(request.timestamp);
  if (sent < now - window || sent > now + window) {
    return absl::UnauthenticatedError(absl::StrCat(
        "timestamp: ", request.timestamp, " is more than ",
        absl::ToInt64Seconds(window), " s from ", absl::ToUnixSeconds(now)));
  }
  return found;
}

}  // namespace chancery::authority
