#include "policy/cfssl/config.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "nlohmann/json.hpp"

namespace chancery::policy::cfssl {
namespace {

using Json = nlohmann::json;

constexpr int kMaxDepth = 16;

absl::Status Refuse(absl::string_view path, absl::string_view rule) {
  return absl::InvalidArgumentError(absl::StrCat(
      path.empty() ? "the file" : absl::CHexEscape(path), ": ", rule));
}

std::string Below(const std::string& path, const std::string& name) {
  return path.empty() ? name : absl::StrCat(path, ".", name);
}

// Sees what the finished value does not show: depth, and names given twice.
class Watcher {
 public:
  bool See(int depth, Json::parse_event_t event, const Json& value) {
    if (depth > kMaxDepth) {
      Fail(absl::StrCat("more than ", kMaxDepth, " levels"));
    }
    if (event == Json::parse_event_t::object_start) names_.emplace_back();
    if (event == Json::parse_event_t::object_end && !names_.empty()) {
      names_.pop_back();
    }
    if (event == Json::parse_event_t::key && !names_.empty()) {
      const std::string& name = value.get_ref<const std::string&>();
      if (!names_.back().insert(name).second) {
        Fail(absl::StrCat("the name \"", absl::CHexEscape(name), "\" twice"));
      }
    }
    return failed_.ok();
  }
  const absl::Status& failed() const { return failed_; }

 private:
  void Fail(absl::string_view rule) {
    if (failed_.ok()) failed_ = Refuse("CFSSL configuration", rule);
  }
  std::vector<std::set<std::string>> names_;
  absl::Status failed_;
};

// Of the byte `number`, counted from 1.
std::string Place(absl::string_view text, size_t number) {
  const absl::string_view before = text.substr(0, number == 0 ? 0 : number - 1);
  const size_t line = std::count(before.begin(), before.end(), '\n') + 1;
  const size_t start = before.rfind('\n');
  const size_t column =
      before.size() - (start == absl::string_view::npos ? 0 : start + 1) + 1;
  return absl::StrCat("line ", line, ", column ", column);
}

absl::StatusOr<Json> Decode(absl::string_view text) {
  Watcher watcher;
  try {
    Json json =
        Json::parse(text.data(), text.data() + text.size(),
                    [&](int depth, Json::parse_event_t event, Json& value) {
                      return watcher.See(depth, event, value);
                    });
    RETURN_IF_ERROR(watcher.failed());
    return json;
  } catch (const Json::parse_error& e) {
    RETURN_IF_ERROR(watcher.failed());
    // Not the library's words: they show what was read last, which may be a
    // key.
    return Refuse("CFSSL configuration",
                  absl::StrCat(Place(text, e.byte), ": not JSON (RFC 8259)"));
  } catch (const Json::exception&) {
    return Refuse("CFSSL configuration", "not JSON (RFC 8259)");
  }
}

// Calls `field` with each name, in lower case, and its value. It returns false
// for a name that it does not know.
absl::Status ReadObject(
    const std::string& path, const Json& value,
    absl::FunctionRef<absl::StatusOr<bool>(
        const std::string& name, const std::string& path, const Json& value)>
        field) {
  if (!value.is_object()) return Refuse(path, "an object is allowed");
  std::set<std::string> seen;
  for (const auto& [name, inside] : value.items()) {
    const std::string below = Below(path, name);
    const std::string lower = absl::AsciiStrToLower(name);
    if (!seen.insert(lower).second) {
      return Refuse(below, "there twice, in two spellings");
    }
    // Go takes null for "not there".
    if (inside.is_null()) continue;
    ASSIGN_OR_RETURN(const bool known, field(lower, below, inside));
    if (!known) return Refuse(below, "CFSSL has no such field");
  }
  return absl::OkStatus();
}

absl::Status Read(const std::string& path, const Json& value,
                  std::string& out) {
  if (!value.is_string()) return Refuse(path, "a text is allowed");
  out = value.get<std::string>();
  return absl::OkStatus();
}

absl::Status Read(const std::string& path, const Json& value, bool& out) {
  if (!value.is_boolean()) return Refuse(path, "true or false is allowed");
  out = value.get<bool>();
  return absl::OkStatus();
}

absl::Status Read(const std::string& path, const Json& value, int64_t& out) {
  // Whoever uses it has narrower bounds.
  if (!value.is_number_integer() ||
      (value.is_number_unsigned() && value.get<uint64_t>() > INT32_MAX)) {
    return Refuse(path, "a whole number is allowed");
  }
  out = value.get<int64_t>();
  return absl::OkStatus();
}

absl::Status Read(const std::string& path, const Json& value,
                  CaConstraint& out) {
  return ReadObject(path, value,
                    [&](const std::string& name, const std::string& below,
                        const Json& inside) -> absl::StatusOr<bool> {
                      absl::Status read;
                      if (name == "is_ca") {
                        read = Read(below, inside, out.is_ca);
                      } else if (name == "max_path_len") {
                        read = Read(below, inside, out.max_path_len);
                      } else if (name == "max_path_len_zero") {
                        read = Read(below, inside, out.max_path_len_zero);
                      } else {
                        return false;
                      }
                      RETURN_IF_ERROR(read);
                      return true;
                    });
}

absl::Status Read(const std::string& path, const Json& value, AuthRemote& out) {
  return ReadObject(path, value,
                    [&](const std::string& name, const std::string& below,
                        const Json& inside) -> absl::StatusOr<bool> {
                      absl::Status read;
                      if (name == "remote") {
                        read = Read(below, inside, out.remote);
                      } else if (name == "auth_key") {
                        read = Read(below, inside, out.auth_key);
                      } else {
                        return false;
                      }
                      RETURN_IF_ERROR(read);
                      return true;
                    });
}

absl::Status Read(const std::string& path, const Json& value,
                  PolicyQualifier& out) {
  return ReadObject(path, value,
                    [&](const std::string& name, const std::string& below,
                        const Json& inside) -> absl::StatusOr<bool> {
                      absl::Status read;
                      if (name == "type") {
                        read = Read(below, inside, out.type);
                      } else if (name == "value") {
                        read = Read(below, inside, out.value);
                      } else {
                        return false;
                      }
                      RETURN_IF_ERROR(read);
                      return true;
                    });
}

absl::Status Read(const std::string& path, const Json& value,
                  CsrWhitelist& out) {
  const std::map<std::string, bool*> fields = {
      {"subject", &out.subject},
      {"publickeyalgorithm", &out.public_key_algorithm},
      {"publickey", &out.public_key},
      {"signaturealgorithm", &out.signature_algorithm},
      {"dnsnames", &out.dns_names},
      {"ipaddresses", &out.ip_addresses},
      {"emailaddresses", &out.email_addresses},
      {"uris", &out.uris},
  };
  return ReadObject(path, value,
                    [&](const std::string& name, const std::string& below,
                        const Json& inside) -> absl::StatusOr<bool> {
                      const auto found = fields.find(name);
                      if (found == fields.end()) return false;
                      RETURN_IF_ERROR(Read(below, inside, *found->second));
                      return true;
                    });
}

absl::Status Read(const std::string& path, const Json& value, RawProfile& out);
template <typename T>
absl::Status Read(const std::string& path, const Json& value,
                  std::vector<T>& out);

absl::Status Read(const std::string& path, const Json& value,
                  CertificatePolicy& out) {
  return ReadObject(path, value,
                    [&](const std::string& name, const std::string& below,
                        const Json& inside) -> absl::StatusOr<bool> {
                      absl::Status read;
                      if (name == "id") {
                        read = Read(below, inside, out.id);
                      } else if (name == "qualifiers") {
                        read = Read(below, inside, out.qualifiers);
                      } else {
                        return false;
                      }
                      RETURN_IF_ERROR(read);
                      return true;
                    });
}

template <typename T>
absl::Status Read(const std::string& path, const Json& value,
                  std::vector<T>& out) {
  if (!value.is_array()) return Refuse(path, "a list is allowed");
  for (const Json& inside : value) {
    out.emplace_back();
    RETURN_IF_ERROR(
        Read(absl::StrCat(path, "[", out.size() - 1, "]"), inside, out.back()));
  }
  return absl::OkStatus();
}

template <typename T>
absl::Status Read(const std::string& path, const Json& value,
                  std::optional<T>& out) {
  return Read(path, value, out.emplace());
}

// The fields of one type, by name.
template <typename T>
using Fields = std::map<std::string, T*>;

template <typename T>
absl::StatusOr<bool> ReadOneOf(const Fields<T>& fields, const std::string& name,
                               const std::string& path, const Json& value) {
  const auto found = fields.find(name);
  if (found == fields.end()) return false;
  RETURN_IF_ERROR(Read(path, value, *found->second));
  return true;
}

absl::Status Read(const std::string& path, const Json& value, RawProfile& out) {
  const Fields<std::string> texts = {
      {"expiry", &out.expiry},
      {"backdate", &out.backdate},
      {"not_before", &out.not_before},
      {"not_after", &out.not_after},
      {"ocsp_url", &out.ocsp_url},
      {"crl_url", &out.crl_url},
      {"auth_key", &out.auth_key},
      {"prev_auth_key", &out.prev_auth_key},
      {"remote", &out.remote},
      {"name_whitelist", &out.name_whitelist},
      {"cert_store", &out.cert_store},
      {"lint_error_level", &out.lint_error_level},
  };
  const Fields<std::vector<std::string>> lists = {
      {"usages", &out.usages},
      {"issuer_urls", &out.issuer_urls},
      {"allowed_extensions", &out.allowed_extensions},
      {"ct_log_servers", &out.ct_log_servers},
      {"ignored_lints", &out.ignored_lints},
      {"ignored_lint_sources", &out.ignored_lint_sources},
  };
  const Fields<bool> flags = {
      {"ocsp_no_check", &out.ocsp_no_check},
      {"copy_extensions", &out.copy_extensions},
      {"clientprovidesserialnumbers", &out.client_provides_serial_numbers},
  };
  const Fields<CaConstraint> constraints = {
      {"ca_constraint", &out.ca_constraint}};
  const Fields<std::optional<AuthRemote>> remotes = {
      {"auth_remote", &out.auth_remote}};
  const Fields<std::vector<CertificatePolicy>> policies = {
      {"policies", &out.policies}};
  const Fields<std::optional<CsrWhitelist>> whitelists = {
      {"csrwhitelist", &out.csr_whitelist}};
  return ReadObject(path, value,
                    [&](const std::string& name, const std::string& below,
                        const Json& inside) -> absl::StatusOr<bool> {
                      bool known = false;
                      const auto try_all = [&](const auto&... fields) {
                        absl::StatusOr<bool> read = false;
                        // Until one knows it, or refuses it.
                        (void)((read = ReadOneOf(fields, name, below, inside),
                                !read.ok() || *read) ||
                               ...);
                        return read;
                      };
                      ASSIGN_OR_RETURN(known,
                                       try_all(texts, lists, flags, constraints,
                                               remotes, policies, whitelists));
                      return known;
                    });
}

// An object whose names are its keys' own.
template <typename T>
absl::Status ReadMap(const std::string& path, const Json& value,
                     std::map<std::string, T>& out) {
  if (!value.is_object()) return Refuse(path, "an object is allowed");
  for (const auto& [name, inside] : value.items()) {
    RETURN_IF_ERROR(Read(Below(path, name), inside, out[name]));
  }
  return absl::OkStatus();
}

absl::Status ReadSigning(const std::string& path, const Json& value,
                         Config& out) {
  return ReadObject(
      path, value,
      [&](const std::string& name, const std::string& below,
          const Json& inside) -> absl::StatusOr<bool> {
        if (name == "default") {
          RETURN_IF_ERROR(Read(below, inside, out.default_profile));
        } else if (name == "profiles") {
          RETURN_IF_ERROR(ReadMap(below, inside, out.profiles));
        } else {
          return false;
        }
        return true;
      });
}

// `type` and `key`; the key stays where it is.
absl::Status ReadAuthKey(const std::string& path, const Json& value,
                         std::string& type) {
  bool has_key = false;
  RETURN_IF_ERROR(
      ReadObject(path, value,
                 [&](const std::string& name, const std::string& below,
                     const Json& inside) -> absl::StatusOr<bool> {
                   if (name == "type") {
                     RETURN_IF_ERROR(Read(below, inside, type));
                   } else if (name == "key") {
                     if (!inside.is_string()) {
                       return Refuse(below, "a text is allowed");
                     }
                     has_key = !inside.get_ref<const std::string&>().empty();
                   } else {
                     return false;
                   }
                   return true;
                 }));
  if (has_key) return absl::OkStatus();
  return Refuse(Below(path, "key"),
                "hexadecimal digits, env:NAME or file:PATH is allowed");
}

absl::Status ReadAuthKeys(const std::string& path, const Json& value,
                          Config& out) {
  if (!value.is_object()) return Refuse(path, "an object is allowed");
  for (const auto& [name, inside] : value.items()) {
    RETURN_IF_ERROR(
        ReadAuthKey(Below(path, name), inside, out.auth_keys[name]));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Config> ParseConfig(absl::string_view json) {
  if (json.size() > kMaxConfig) {
    return Refuse("CFSSL configuration",
                  absl::StrCat(json.size(), " bytes; at most ", kMaxConfig,
                               " are allowed"));
  }
  ASSIGN_OR_RETURN(const Json root, Decode(json));
  Config out;
  bool has_signing = false;
  RETURN_IF_ERROR(
      ReadObject("", root,
                 [&](const std::string& name, const std::string& path,
                     const Json& value) -> absl::StatusOr<bool> {
                   if (name == "signing") {
                     has_signing = true;
                     RETURN_IF_ERROR(ReadSigning(path, value, out));
                   } else if (name == "auth_keys") {
                     RETURN_IF_ERROR(ReadAuthKeys(path, value, out));
                   } else if (name == "remotes") {
                     RETURN_IF_ERROR(ReadMap(path, value, out.remotes));
                   } else if (name == "ocsp") {
                     out.has_ocsp = true;
                   } else {
                     return false;
                   }
                   return true;
                 }));
  if (!has_signing) return Refuse("signing", "required");
  return out;
}

}  // namespace chancery::policy::cfssl
