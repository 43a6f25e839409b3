#include "rpc/name_limits.h"

#include <arpa/inet.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace chancery::rpc {
namespace {

absl::Status Wrong(absl::string_view rule) {
  return absl::InvalidArgumentError(rule);
}

// Letters, digits, hyphens and underscores between dots: enough to keep a
// mistake from being a pattern that allows more.
absl::Status CheckHost(absl::string_view host) {
  bool label_begins = true;
  for (const char c : host) {
    if (c == '.' && label_begins) return Wrong("an empty label");
    label_begins = c == '.';
    if (!absl::ascii_isalnum(c) && c != '.' && c != '-' && c != '_') {
      return Wrong("a host has letters, digits, hyphens and dots");
    }
  }
  if (label_begins) return Wrong("a host ends with a label");
  return absl::OkStatus();
}

// A host, or a dot and the host below which all are meant.
absl::Status CheckHosts(absl::string_view pattern) {
  if (absl::StartsWith(pattern, ".")) pattern.remove_prefix(1);
  return CheckHost(pattern);
}

bool HostFits(absl::string_view host, absl::string_view pattern) {
  if (absl::StartsWith(pattern, ".")) {
    return host.size() > pattern.size() && absl::EndsWith(host, pattern);
  }
  if (!absl::StartsWith(pattern, "*.")) return host == pattern;
  const size_t dot = host.find('.');
  return dot != absl::string_view::npos && dot > 0 &&
         host.substr(dot) == pattern.substr(1);
}

std::string ToAddress(absl::string_view text) {
  const std::string copy(text);
  char bytes[16];
  if (inet_pton(AF_INET, copy.c_str(), bytes) == 1) return {bytes, 4};
  if (inet_pton(AF_INET6, copy.c_str(), bytes) == 1) return {bytes, 16};
  return "";
}

// Whether the first `bits` bits are the same.
bool SameNetwork(absl::string_view a, absl::string_view b, int bits) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size() && bits > 0; ++i, bits -= 8) {
    const int mask = bits >= 8 ? 0xff : 0xff << (8 - bits) & 0xff;
    if (((a[i] ^ b[i]) & mask) != 0) return false;
  }
  return true;
}

}  // namespace

absl::Status NameLimits::Allow(Kind kind, absl::string_view pattern) {
  const std::string lower = absl::AsciiStrToLower(pattern);
  switch (kind) {
    case Kind::kDns: {
      absl::string_view hosts = lower;
      const bool star = absl::StartsWith(hosts, "*.");
      if (star) hosts.remove_prefix(2);
      const absl::Status checked = star ? CheckHost(hosts) : CheckHosts(hosts);
      if (checked.ok()) dns_.push_back(lower);
      return checked;
    }
    case Kind::kEmail: {
      const size_t at = pattern.rfind('@');
      if (at == absl::string_view::npos) {
        const absl::Status checked = CheckHosts(lower);
        if (checked.ok()) email_.push_back(lower);
        return checked;
      }
      if (at == 0) return Wrong("nothing before the @");
      const absl::Status checked = CheckHost(lower.substr(at + 1));
      if (!checked.ok()) return checked;
      email_.push_back(absl::StrCat(pattern.substr(0, at), lower.substr(at)));
      return absl::OkStatus();
    }
    case Kind::kIp: {
      const size_t slash = pattern.find('/');
      Network network{.address = ToAddress(pattern.substr(0, slash))};
      if (network.address.empty()) return Wrong("not an IP address");
      const int all = static_cast<int>(network.address.size()) * 8;
      network.bits = all;
      if (slash != absl::string_view::npos &&
          (!absl::SimpleAtoi(pattern.substr(slash + 1), &network.bits) ||
           network.bits < 0 || network.bits > all)) {
        return Wrong(absl::StrCat("a prefix has 0 to ", all, " bits"));
      }
      std::string rest = network.address;
      for (int i = 0; i < network.bits; ++i) {
        rest[i / 8] = static_cast<char>(rest[i / 8] & ~(0x80 >> i % 8));
      }
      if (rest != std::string(rest.size(), '\0')) {
        return Wrong("bits are set after the prefix");
      }
      ip_.push_back(network);
      return absl::OkStatus();
    }
    case Kind::kUri: {
      const size_t scheme = pattern.find("://");
      if (scheme == absl::string_view::npos || scheme == 0 ||
          scheme + 3 >= pattern.size() || pattern[scheme + 3] == '/') {
        return Wrong("a URI, scheme://host/ or longer");
      }
      if (absl::EndsWith(pattern, "//")) return Wrong("an empty host or step");
      uri_.emplace_back(pattern);
      return absl::OkStatus();
    }
  }
  return Wrong("not a kind of name");
}

bool NameLimits::AllowsUri(absl::string_view uri) const {
  // RFC 3986 section 5.2.4: a reader may take "a/../b" for "b", and what it
  // stands for in percent signs for the same (section 6.2.2).
  const std::string path = absl::AsciiStrToLower(uri);
  const bool climbs =
      absl::StrContains(path, "/./") || absl::StrContains(path, "/../") ||
      absl::EndsWith(path, "/.") || absl::EndsWith(path, "/..") ||
      absl::StrContains(path, "%2e") || absl::StrContains(path, "%2f");
  return std::any_of(uri_.begin(), uri_.end(), [&](const std::string& allowed) {
    if (uri == allowed) return true;
    return !climbs && absl::EndsWith(allowed, "/") &&
           absl::StartsWith(uri, allowed) && uri.size() > allowed.size();
  });
}

bool NameLimits::Allows(const x509::AltName& name) const {
  switch (name.kind) {
    case Kind::kDns: {
      const std::string host = absl::AsciiStrToLower(name.value);
      return std::any_of(dns_.begin(), dns_.end(),
                         [&](const auto& p) { return HostFits(host, p); });
    }
    case Kind::kEmail: {
      const size_t at = name.value.rfind('@');
      if (at == std::string::npos) return false;
      const std::string host = absl::AsciiStrToLower(name.value.substr(at + 1));
      const std::string address =
          absl::StrCat(name.value.substr(0, at + 1), host);
      return std::any_of(
          email_.begin(), email_.end(), [&](const std::string& p) {
            return absl::StrContains(p, "@") ? address == p : HostFits(host, p);
          });
    }
    case Kind::kIp:
      return std::any_of(ip_.begin(), ip_.end(), [&](const Network& n) {
        return SameNetwork(name.value, n.address, n.bits);
      });
    case Kind::kUri:
      return AllowsUri(name.value);
  }
  return false;
}

absl::Status NameLimits::Check(const std::vector<x509::AltName>& names) const {
  if (names.empty()) {
    return absl::PermissionDeniedError(
        "the request has no name, and only some names are granted");
  }
  for (const x509::AltName& name : names) {
    if (Allows(name)) continue;
    return absl::PermissionDeniedError(
        absl::StrCat("the name ", x509::AltNameText(name), " is not granted"));
  }
  return absl::OkStatus();
}

}  // namespace chancery::rpc
