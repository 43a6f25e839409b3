#include "tools/chancery/init/configs.h"

#include <initializer_list>

#include "absl/strings/str_cat.h"
#include "chancery/config/authority.pb.h"
#include "chancery/config/cli.pb.h"
#include "chancery/config/common.pb.h"
#include "chancery/config/refresher.pb.h"
#include "chancery/config/responder.pb.h"
#include "chancery/config/signer.pb.h"
#include "google/protobuf/text_format.h"

namespace chancery::cli {
namespace {

// Builds all of them from the same facts.
class Writer {
 public:
  Writer(const InitOptions& options, const Layout& layout,
         const Addresses& addresses, const SignerKeys& keys)
      : options_(options),
        layout_(layout),
        addresses_(addresses),
        keys_(keys) {}

  config::Signer Signer() const {
    config::Signer out;
    Common(addresses_.signer, out);
    Grant(out, "authority", "authority",
          {config::ROLE_ISSUE, config::ROLE_REVOKE, config::ROLE_READ});
    Grant(out, "refresher", "refresher",
          {config::ROLE_PRESIGN, config::ROLE_CRL, config::ROLE_READ});
    // For `chancery revoke --direct`, `chancery status`, `chancery signer`.
    Grant(out, "operator", "operator",
          {config::ROLE_REVOKE, config::ROLE_READ, config::ROLE_ADMIN});
    // For `chancery order sign`: it calls nothing.
    Grant(out, "operator", "approver", {config::ROLE_APPROVE});
    out.set_ledger_dir(layout_.In("ledger"));
    out.set_key_set_file(layout_.KeySet());
    out.set_await_head(true);
    Key(keys_.manifest, *out.mutable_manifest_key());
    Issuer(*out.add_issuer());
    ServerProfile(*out.add_profile());
    ClientProfile(*out.add_profile());
    out.mutable_audit_log()->set_path(layout_.AuditLog("signer"));
    return out;
  }

  config::Authority Authority() const {
    config::Authority out;
    Common(addresses_.authority, out);
    Grant(out, "operator", "operator",
          {config::ROLE_ISSUE, config::ROLE_REVOKE, config::ROLE_READ});
    Grant(out, "client", "example", {config::ROLE_ISSUE});
    Inventory(*out.mutable_inventory());
    Target(addresses_.signer, "signer", *out.mutable_signer());
    Target(addresses_.refresher, "refresher", *out.mutable_refresher());
    out.mutable_audit_log()->set_path(layout_.AuditLog("authority"));
    return out;
  }

  config::Refresher Refresher() const {
    config::Refresher out;
    Common(addresses_.refresher, out);
    Grant(out, "authority", "authority", {config::ROLE_PUBLISH});
    Grant(out, "operator", "operator", {config::ROLE_READ});
    Inventory(*out.mutable_inventory());
    Target(addresses_.signer, "signer", *out.mutable_signer());
    for (const ServiceAddresses& responder : addresses_.responders) {
      config::ResponderTarget& target = *out.add_responder();
      target.set_name(responder.name);
      Target(responder, "responder", *target.mutable_target());
    }
    out.set_name("refresher");
    out.mutable_audit_log()->set_path(layout_.AuditLog("refresher"));
    return out;
  }

  config::Responder Responder(const ServiceAddresses& addresses) const {
    config::Responder out;
    Common(addresses, out);
    Grant(out, "refresher", "refresher",
          {config::ROLE_PUSH, config::ROLE_READ});
    Grant(out, "operator", "operator", {config::ROLE_READ});
    out.set_cache_dir(layout_.In(absl::StrCat("cache/", addresses.name)));
    out.set_key_set_file(layout_.KeySet());
    out.set_key_set_root_file(layout_.KeySetRoot());
    out.set_http_address(addresses.http);
    out.add_cache_tag_field("Cache-Tag");
    out.add_cache_tag_field("Surrogate-Key");
    out.mutable_audit_log()->set_path(layout_.AuditLog(addresses.name));
    return out;
  }

  config::Cli Cli() const {
    config::Cli out;
    Identity("operator", *out.mutable_identity());
    Target(addresses_.authority, "authority", *out.mutable_authority());
    Target(addresses_.refresher, "refresher", *out.mutable_refresher());
    Target(addresses_.signer, "signer", *out.mutable_signer());
    out.set_default_issuer(options_.issuer);
    out.set_default_profile("server");
    for (const ServiceAddresses& responder : addresses_.responders) {
      out.add_responder_url(absl::StrCat("http://", responder.http));
    }
    Inventory(*out.mutable_inventory());
    out.set_key_set_file(layout_.KeySet());
    out.set_key_set_root_file(layout_.KeySetRoot());
    return out;
  }

 private:
  void Identity(const std::string& name, config::TlsIdentity& out) const {
    out.set_certificate_file(layout_.IdentityCertificate(name));
    out.set_key_file(layout_.IdentityKey(name));
    out.set_trust_file(layout_.ServiceCa());
  }

  template <typename Service>
  void Common(const ServiceAddresses& addresses, Service& out) const {
    Identity(addresses.name, *out.mutable_identity());
    out.mutable_listen()->add_address(addresses.grpc);
    out.mutable_admin()->set_address(addresses.admin);
  }

  template <typename Service>
  void Grant(Service& out, const std::string& role, const std::string& name,
             std::initializer_list<config::Role> roles) const {
    config::Grant& grant = *out.add_grant();
    grant.set_uri(layout_.Uri(role, name));
    for (const config::Role granted : roles) grant.add_role(granted);
  }

  void Target(const ServiceAddresses& addresses, const std::string& role,
              config::Target& out) const {
    out.set_address(addresses.grpc);
    out.set_expected_uri(layout_.Uri(role, addresses.name));
  }

  void Inventory(config::Inventory& out) const {
    if (options_.postgres_file.empty()) {
      out.set_sqlite_file(layout_.In("inventory.sqlite"));
    } else {
      out.set_postgres_file(options_.postgres_file);
    }
  }

  void Key(const crypto::KeySource& key, config::KeySource& out) const {
    out.set_file(key.file);
    out.set_pkcs11_uri(key.pkcs11_uri);
    out.set_pkcs11_module(key.pkcs11_module);
    out.set_pin_file(key.secret.file);
    out.set_pin_env(key.secret.env);
  }

  void Issuer(config::Issuer& out) const {
    const std::string url =
        absl::StrCat("http://", addresses_.responders[0].http);
    out.set_name(options_.issuer);
    out.set_certificate_file(layout_.CaCertificate(options_.issuer));
    Key(keys_.issuing, *out.mutable_key());
    out.set_ocsp_certificate_file(layout_.CaCertificate("ocsp"));
    Key(keys_.ocsp, *out.mutable_ocsp_key());
    out.set_ocsp_validity_hours(options_.ocsp_validity_hours);
    out.set_ocsp_url(url);
    out.set_crl_url(absl::StrCat(url, "/crl/", options_.issuer,
                                 options_.crl_shards > 1 ? "/{shard}" : "",
                                 ".crl"));
    out.set_crl_shards(options_.crl_shards);
    out.set_delta_crl_minutes(options_.delta_crl_minutes);
    out.add_profile("server");
    out.add_profile("client");
    out.set_block_capacity(options_.block_capacity);
  }

  static void ServerProfile(config::Profile& out) {
    out.set_name("server");
    out.set_validity_hours(90 * 24);
    out.set_backdate_minutes(5);
    out.add_key_usage("digital_signature");
    out.add_extended_key_usage("server_auth");
    out.set_allow_dns(true);
    out.set_allow_ip(true);
    out.set_allow_wildcard(true);
    out.add_subject_attribute("CN");
  }

  static void ClientProfile(config::Profile& out) {
    out.set_name("client");
    out.set_validity_hours(90 * 24);
    out.set_backdate_minutes(5);
    out.add_key_usage("digital_signature");
    out.add_extended_key_usage("client_auth");
    out.set_allow_dns(true);
    out.set_allow_email(true);
    out.set_allow_uri(true);
    out.add_subject_attribute("CN");
    out.add_subject_attribute("O");
    out.add_subject_attribute("OU");
  }

  const InitOptions& options_;
  const Layout& layout_;
  const Addresses& addresses_;
  const SignerKeys& keys_;
};

std::string Print(const google::protobuf::Message& config) {
  std::string text;
  google::protobuf::TextFormat::PrintToString(config, &text);
  return absl::StrCat("# A ", config.GetTypeName(),
                      ": its .proto says what each field means.\n", text);
}

}  // namespace

std::map<std::string, std::string> FormatConfigs(const InitOptions& options,
                                                 const Layout& layout,
                                                 const Addresses& addresses,
                                                 const SignerKeys& keys) {
  const Writer writer(options, layout, addresses, keys);
  std::map<std::string, std::string> texts = {
      {"signer", Print(writer.Signer())},
      {"authority", Print(writer.Authority())},
      {"refresher", Print(writer.Refresher())},
      {"cli", Print(writer.Cli())},
  };
  for (const ServiceAddresses& responder : addresses.responders) {
    texts[responder.name] = Print(writer.Responder(responder));
  }
  return texts;
}

}  // namespace chancery::cli
