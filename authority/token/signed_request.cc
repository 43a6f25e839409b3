#include "authority/token/signed_request.h"

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "nlohmann/json.hpp"

namespace chancery::authority {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxDepth = 8;
constexpr size_t kMaxHosts = 1000;

absl::Status Wrong(absl::string_view field, absl::string_view rule) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", rule));
}

// Nothing that is meant is deep, and what is deep costs memory.
bool IsShallow(absl::string_view json) {
  size_t depth = 0;
  bool in_text = false;
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_text) {
      if (c == '\\') ++i;
      if (c == '"') in_text = false;
    } else if (c == '"') {
      in_text = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxDepth) return false;
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return true;
}

absl::StatusOr<Json> ParseObject(absl::string_view field,
                                 absl::string_view text) {
  if (text.empty() || text.size() > kMaxSignedRequest) {
    return Wrong(field, absl::StrCat(text.size(), " bytes: must have 1 to ",
                                     kMaxSignedRequest));
  }
  if (!IsShallow(text)) return Wrong(field, "is nested too deeply");
  Json json = Json::parse(text.begin(), text.end(), nullptr, false);
  if (json.is_discarded() || !json.is_object()) {
    return Wrong(field, "must be a JSON object");
  }
  return json;
}

// Null as in Go: as if it was not there.
const Json* Find(const Json& object, absl::string_view name) {
  const Json* found = nullptr;
  for (const auto& [key, value] : object.items()) {
    if (absl::EqualsIgnoreCase(key, name)) found = &value;
  }
  return found == nullptr || found->is_null() ? nullptr : found;
}

absl::StatusOr<std::string> Text(const Json& object, absl::string_view name) {
  const Json* const found = Find(object, name);
  if (found == nullptr) return "";
  if (!found->is_string()) return Wrong(name, "must be a text");
  return found->get<std::string>();
}

absl::StatusOr<std::string> FromBase64Field(const Json& object,
                                            absl::string_view name) {
  ASSIGN_OR_RETURN(const std::string text, Text(object, name));
  auto bytes = base::FromBase64(text);
  if (!bytes.has_value()) return Wrong(name, "must be base64");
  return *std::move(bytes);
}

absl::StatusOr<std::vector<std::string>> Hosts(const Json& object) {
  std::vector<std::string> hosts;
  // The older form wins.
  ASSIGN_OR_RETURN(const std::string list, Text(object, "hostname"));
  if (!list.empty()) {
    hosts = absl::StrSplit(list, ',');
  } else if (const Json* const found = Find(object, "hosts")) {
    if (!found->is_array()) return Wrong("hosts", "must be a list");
    for (const Json& host : *found) {
      if (!host.is_string()) return Wrong("hosts", "must be texts");
      hosts.push_back(host.get<std::string>());
    }
  }
  if (hosts.size() > kMaxHosts) {
    return Wrong("hosts", absl::StrCat("at most ", kMaxHosts));
  }
  return hosts;
}

// Whether `value` is what Go writes for a field that was not set.
bool IsUnset(const Json& value) {
  return (value.is_string() && value.get<std::string>().empty()) ||
         (value.is_number_integer() && value.get<int64_t>() == 0) ||
         ((value.is_array() || value.is_object()) && value.empty());
}

}  // namespace

absl::StatusOr<SignedRequest> ParseSignedRequest(absl::string_view json) {
  ASSIGN_OR_RETURN(const Json object, ParseObject("body", json));
  SignedRequest out;
  ASSIGN_OR_RETURN(out.token, FromBase64Field(object, "token"));
  if (out.token.size() != kTokenSize) {
    return Wrong("token", absl::StrCat(out.token.size(), " bytes: must have ",
                                       kTokenSize));
  }
  ASSIGN_OR_RETURN(out.request, FromBase64Field(object, "request"));
  if (out.request.empty()) return Wrong("request", "is required");
  const Json* const timestamp = Find(object, "timestamp");
  if (timestamp == nullptr || !timestamp->is_number_integer() ||
      (timestamp->is_number_unsigned() &&
       timestamp->get<uint64_t>() > INT64_MAX)) {
    return Wrong("timestamp", "must be seconds since 1970");
  }
  out.timestamp = timestamp->get<int64_t>();
  return out;
}

absl::StatusOr<SignRequest> ParseSignRequest(absl::string_view json) {
  ASSIGN_OR_RETURN(const Json object, ParseObject("request", json));
  SignRequest out;
  ASSIGN_OR_RETURN(out.csr, Text(object, "certificate_request"));
  if (out.csr.empty()) return Wrong("certificate_request", "is required");
  ASSIGN_OR_RETURN(out.profile, Text(object, "profile"));
  ASSIGN_OR_RETURN(out.label, Text(object, "label"));
  ASSIGN_OR_RETURN(out.hosts, Hosts(object));
  for (const char* name : {"subject", "serial", "crl_override", "extensions"}) {
    const Json* const found = Find(object, name);
    if (found != nullptr && !IsUnset(*found)) {
      return Wrong(name, "is not for the client to choose here");
    }
  }
  return out;
}

}  // namespace chancery::authority
