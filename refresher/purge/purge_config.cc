#include "refresher/purge/purge_config.h"

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/status_macros.h"
#include "chancery/config/refresher.pb.h"
#include "crypto/secret_source.h"
#include "rpc/config.h"

namespace chancery::refresher {
namespace {

using config::Purge;

// What each kind takes in one request: Fastly 256 keys, Cloudflare 100, Akamai
// 50,000 bytes.
size_t LimitOf(Purge::Shape shape) {
  switch (shape) {
    case Purge::CLOUDFLARE:
    case Purge::AKAMAI:
      return 100;
    default:
      return 256;
  }
}

std::string DefaultUrl(Purge::Shape shape) {
  switch (shape) {
    case Purge::FASTLY:
      return "https://api.fastly.com";
    case Purge::CLOUDFLARE:
      return "https://api.cloudflare.com/client/v4";
    default:
      return "";
  }
}

bool IsLoopback(absl::string_view authority) {
  for (const absl::string_view host : {"127.0.0.1", "localhost", "[::1]"}) {
    if (authority == host ||
        absl::StartsWith(authority, absl::StrCat(host, ":")))
      return true;
  }
  return false;
}

// A secret in a URL ends up in logs, and plain HTTP shows one to the network.
absl::Status CheckUrl(const std::string& field, absl::string_view url) {
  const auto wrong = [&](const char* rule) {
    return rpc::ConfigError(field, url, rule);
  };
  const bool is_https = absl::StartsWith(url, "https://");
  absl::string_view rest = url;
  if (!absl::ConsumePrefix(&rest, "https://") &&
      !absl::ConsumePrefix(&rest, "http://")) {
    return wrong("https://host[:port][/path]");
  }
  const absl::string_view authority = rest.substr(0, rest.find('/'));
  if (authority.empty()) return wrong("name a host");
  if (!is_https && !IsLoopback(authority)) {
    return wrong("https, unless it is on loopback");
  }
  if (authority.find('@') != absl::string_view::npos ||
      url.find_first_of("?#") != absl::string_view::npos) {
    // Not repeated: it may hold a secret.
    return rpc::ConfigError(field, "...",
                            "no user, query or fragment: secrets go into "
                            "token_file");
  }
  const bool plain = std::all_of(url.begin(), url.end(), [](unsigned char c) {
    return absl::ascii_isgraph(c);
  });
  return plain ? absl::OkStatus() : wrong("no spaces or control characters");
}

bool IsId(const std::string& id) {
  return !id.empty() && id.size() <= 64 &&
         std::all_of(id.begin(), id.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '-' || c == '_';
         });
}

absl::Status CheckPurge(const std::string& field, const Purge& purge) {
  if (!IsId(purge.name())) {
    return rpc::ConfigError(field + ".name", purge.name(),
                            "1 to 64 letters, digits, dashes and underscores");
  }
  if (purge.shape() == Purge::SHAPE_UNSPECIFIED) {
    return rpc::ConfigError(field + ".shape", "",
                            "PLAIN, FASTLY, CLOUDFLARE or AKAMAI");
  }
  if (purge.shape() == Purge::PLAIN || !purge.url().empty()) {
    RETURN_IF_ERROR(CheckUrl(field + ".url", purge.url()));
  }
  const bool has_id =
      purge.shape() == Purge::FASTLY || purge.shape() == Purge::CLOUDFLARE;
  if (has_id != IsId(purge.id()) || (!has_id && !purge.id().empty())) {
    return rpc::ConfigError(field + ".id", purge.id(),
                            "of FASTLY the service's, of CLOUDFLARE the "
                            "zone's, of others none");
  }
  if (purge.by_url() && purge.shape() == Purge::FASTLY) {
    return rpc::ConfigError(field + ".by_url", "true",
                            "FASTLY purges many by tag only");
  }
  if (purge.by_url() && purge.public_url().empty()) {
    return rpc::ConfigError(field + ".public_url", "",
                            "by_url needs to know where clients ask");
  }
  for (const std::string& url : purge.public_url()) {
    if (!absl::StartsWith(url, "http://") &&
        !absl::StartsWith(url, "https://")) {
      return rpc::ConfigError(field + ".public_url", url,
                              "as in certificates: http://host[/path]");
    }
  }
  if (purge.token_file().empty()) {
    return purge.shape() == Purge::PLAIN
               ? absl::OkStatus()
               : rpc::ConfigError(field + ".token_file", "",
                                  "name the file that holds the API's token");
  }
  const absl::Status readable =
      crypto::ReadSecretFile(purge.token_file()).status();
  return readable.ok()
             ? readable
             : absl::Status(
                   readable.code(),
                   absl::StrCat(field, ".token_file: ", readable.message()));
}

}  // namespace

absl::Status CheckPurges(const config::Refresher& config) {
  std::set<std::string> names;
  for (int i = 0; i < config.purge_size(); ++i) {
    const std::string field = absl::StrCat("purge[", i, "]");
    RETURN_IF_ERROR(CheckPurge(field, config.purge(i)));
    if (!names.insert(config.purge(i).name()).second) {
      return rpc::ConfigError(field + ".name", config.purge(i).name(),
                              "another purge has this name");
    }
  }
  return absl::OkStatus();
}

PurgeEndpoint ToEndpoint(const Purge& config) {
  PurgeEndpoint out;
  out.name = config.name();
  switch (config.shape()) {
    case Purge::FASTLY:
      out.shape = PurgeShape::kFastly;
      break;
    case Purge::CLOUDFLARE:
      out.shape = PurgeShape::kCloudflare;
      break;
    case Purge::AKAMAI:
      out.shape = PurgeShape::kAkamai;
      break;
    default:
      out.shape = PurgeShape::kPlain;
  }
  out.url = config.url().empty() ? DefaultUrl(config.shape()) : config.url();
  if (out.shape != PurgeShape::kPlain) {
    out.url = std::string(absl::StripSuffix(out.url, "/"));
  }
  out.id = config.id();
  out.by_url = config.by_url();
  out.soft = config.soft();
  out.limit = LimitOf(config.shape());
  return out;
}

}  // namespace chancery::refresher
