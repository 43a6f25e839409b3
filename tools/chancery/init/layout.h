// Where everything lies in a cluster's folder.
//
//   cluster.json        the processes; written last
//   ca/                 root.pem, <issuer>.pem, bundle.pem, ocsp.pem, their
//   keys
//                       unless in a token, key-set and its root
//   service-ca/         the CA of the identities: ca.pem, ca.key
//   identity/           <name>.pem, <name>.key: who each process is
//   config/             <process>.textproto, cli.textproto
//   ledger/ cache/ run/ audit/
//                       what the processes write
#ifndef CHANCERY_TOOLS_CHANCERY_INIT_LAYOUT_H_
#define CHANCERY_TOOLS_CHANCERY_INIT_LAYOUT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace chancery::cli {

class Layout {
 public:
  // `dir` is absolute, without a trailing slash.
  Layout(std::string dir, std::string cluster)
      : dir_(std::move(dir)), cluster_(std::move(cluster)) {}

  const std::string& dir() const { return dir_; }
  const std::string& cluster() const { return cluster_; }
  std::string In(absl::string_view path) const {
    return absl::StrCat(dir_, "/", path);
  }

  // "root" -> ca/root.pem, ca/root.key.
  std::string CaCertificate(absl::string_view name) const {
    return In(absl::StrCat("ca/", name, ".pem"));
  }
  std::string CaKey(absl::string_view name) const {
    return In(absl::StrCat("ca/", name, ".key"));
  }
  std::string KeySet() const { return In("ca/key-set"); }
  std::string KeySetRoot() const { return In("ca/key-set-root.pem"); }
  std::string ServiceCa() const { return In("service-ca/ca.pem"); }
  std::string ServiceCaKey() const { return In("service-ca/ca.key"); }
  std::string IdentityCertificate(absl::string_view name) const {
    return In(absl::StrCat("identity/", name, ".pem"));
  }
  std::string IdentityKey(absl::string_view name) const {
    return In(absl::StrCat("identity/", name, ".key"));
  }
  std::string Config(absl::string_view name) const {
    return In(absl::StrCat("config/", name, ".textproto"));
  }
  // Who was allowed what, one file for each of these services.
  std::string AuditLog(absl::string_view service) const {
    return In(absl::StrCat("audit/", service, ".log"));
  }
  std::string ClusterFile() const { return In("cluster.json"); }

  // spiffe://<cluster>/<role>/<name>.
  std::string Uri(absl::string_view role, absl::string_view name) const {
    return absl::StrCat("spiffe://", cluster_, "/", role, "/", name);
  }

 private:
  std::string dir_, cluster_;
};

// Everything that init makes, in the cluster's folder.
inline std::vector<std::string> OwnedEntries() {
  return {"ca",     "service-ca", "identity", "config",
          "ledger", "cache",      "run",      "audit"};
}

// An identity: a file name, and the two last parts of its URI.
struct Principal {
  std::string name;
  std::string role;
};

inline Principal ResponderPrincipal(uint32_t number) {
  return {absl::StrCat("responder-", number), "responder"};
}

// The operator is the CLI, the approver a second person who signs orders; the
// client is an example to copy.
inline std::vector<Principal> Principals(uint32_t responders) {
  std::vector<Principal> all = {
      {"signer", "signer"},       {"authority", "authority"},
      {"refresher", "refresher"}, {"operator", "operator"},
      {"approver", "operator"},   {"example", "client"}};
  for (uint32_t i = 1; i <= responders; ++i) {
    all.push_back(ResponderPrincipal(i));
  }
  return all;
}

}  // namespace chancery::cli

#endif  // CHANCERY_TOOLS_CHANCERY_INIT_LAYOUT_H_
