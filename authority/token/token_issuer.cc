#include "authority/token/token_issuer.h"

#include <set>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "authority/request_facts.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "crypto/digest.h"
#include "x509/certificate/names.h"

namespace chancery::authority {
namespace {

constexpr char kAction[] = "AuthenticatedIssue";

// Of the client and its token: 32 bytes.
std::string TokenId(const TokenClient& client, const SignedRequest& request) {
  const std::string facts =
      absl::StrCat("chancery/token/v1", std::string(1, 0), client.identity.uri,
                   std::string(1, 0), request.token);
  return base::ToString(crypto::Sha256(base::AsBytes(facts)));
}

// As hosts are written: without the name of their kind.
std::string HostText(const x509::AltName& name) {
  const std::string text = x509::AltNameText(name);
  return absl::AsciiStrToLower(text.substr(text.find(':') + 1));
}

// CFSSL's hosts take the place of the CSR's names; here they may only repeat
// them, since the signer makes certificates of what a key's owner signed.
absl::Status CheckHosts(const std::vector<std::string>& hosts,
                        const std::vector<x509::AltName>& names) {
  if (hosts.empty()) return absl::OkStatus();
  std::set<std::string> asked, signed_names;
  for (const std::string& host : hosts) {
    asked.insert(absl::AsciiStrToLower(absl::StripAsciiWhitespace(host)));
  }
  for (const x509::AltName& name : names) signed_names.insert(HostText(name));
  if (asked == signed_names) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "hosts: must be the names in the CSR, or none");
}

}  // namespace

absl::StatusOr<Issued> TokenIssuer::Issue(const std::string& body,
                                          const rpc::Identity& relay) {
  ASSIGN_OR_RETURN(const SignedRequest signed_request,
                   ParseSignedRequest(body));
  const absl::Time now = parts_.clock.Now();
  ASSIGN_OR_RETURN(
      const TokenClient* client,
      parts_.clients.Authenticate(signed_request, now, parts_.window));
  ASSIGN_OR_RETURN(const SignRequest request,
                   ParseSignRequest(signed_request.request));
  const std::string id = TokenId(*client, signed_request);
  RETURN_IF_ERROR(parts_.replays.Admit(id, now, now + 2 * parts_.window));

  std::string request_id = base::Hex(base::AsBytes(id));
  if (client->renew_after > absl::ZeroDuration()) {
    const int64_t hours = absl::ToInt64Hours(now - absl::UnixEpoch());
    absl::StrAppend(&request_id, "-",
                    hours / absl::ToInt64Hours(client->renew_after));
  }
  auto issued = IssueTo(*client, request, request_id, relay);
  // The same again then leads to the same certificate.
  if (absl::IsUnavailable(issued.status())) parts_.replays.Forget(id);
  return issued;
}

absl::StatusOr<Issued> TokenIssuer::IssueTo(const TokenClient& client,
                                            const SignRequest& request,
                                            const std::string& request_id,
                                            const rpc::Identity& relay) {
  ASSIGN_OR_RETURN(const std::string issuer, IssuerOf(request));
  ASSIGN_OR_RETURN(const std::vector<x509::AltName> names,
                   NamesInCsr(request.csr));
  RETURN_IF_ERROR(CheckHosts(request.hosts, names));
  const rpc::Demand demand(rpc::Role::kIssue,
                           {.issuer = issuer,
                            .profile = request.profile,
                            .object = absl::StrCat("relayed by ", relay.uri),
                            .request_id = request_id,
                            .names = [&] { return names; }});
  ASSIGN_OR_RETURN(const rpc::Decision decision,
                   parts_.gate.Decide(client.identity, demand, kAction));
  auto issued = IssueOnce({.request_id = request_id,
                           .requester = client.identity.uri,
                           .issuer = issuer,
                           .profile = request.profile,
                           .csr = request.csr});
  RETURN_IF_ERROR(parts_.gate.Conclude(issued.status(), client.identity, demand,
                                       decision, kAction));
  return issued;
}

absl::StatusOr<Issued> TokenIssuer::IssueOnce(const IssueOrder& order) {
  auto known = parts_.authority.GetByRequest(order.requester, order.request_id);
  if (absl::IsNotFound(known.status())) return parts_.authority.Issue(order);
  RETURN_IF_ERROR(known.status());
  Issued issued{.certificate = *std::move(known)};
  ASSIGN_OR_RETURN(issued.chain,
                   parts_.issuers.ChainOf(issued.certificate.issuer_id));
  return issued;
}

absl::StatusOr<std::string> TokenIssuer::IssuerOf(
    const SignRequest& request) const {
  if (!request.label.empty()) return request.label;
  const std::vector<storage::IssuerRow> all = parts_.issuers.All();
  if (all.size() == 1) return all[0].name;
  return absl::InvalidArgumentError(
      absl::StrCat("label: there are ", all.size(), " issuers: name one"));
}

}  // namespace chancery::authority
