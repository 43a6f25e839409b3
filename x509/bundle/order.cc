#include "x509/bundle/order.h"

#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "der/reader.h"
#include "x509/certificate/certificate.h"

namespace chancery::x509 {
namespace {

class Ordering {
 public:
  Ordering(const std::vector<std::string>& certificates,
           const std::vector<ChainLink>& links)
      : certificates_(certificates),
        links_(links),
        taken_(certificates.size(), false) {
    for (size_t i = 0; i < links.size(); ++i) {
      by_subject_[links[i].subject].push_back(i);
    }
  }

  bool taken(size_t i) const { return taken_[i]; }

  // `i` and, as far as they are here and not taken, its issuers.
  void TakeChain(size_t i) {
    for (std::optional<size_t> next = i; next.has_value();
         next = IssuerOf(*next)) {
      taken_[*next] = true;
      order_.push_back(*next);
    }
  }

  // Indices of those that issued none of the others.
  std::vector<size_t> Ends() const {
    std::vector<bool> issued(links_.size(), false);
    for (size_t i = 0; i < links_.size(); ++i) {
      if (links_[i].issuer == links_[i].subject) continue;
      const auto found = by_subject_.find(links_[i].issuer);
      if (found == by_subject_.end()) continue;
      for (const size_t issuer : found->second) issued[issuer] = true;
    }
    std::vector<size_t> ends;
    for (size_t i = 0; i < issued.size(); ++i) {
      if (!issued[i]) ends.push_back(i);
    }
    return ends;
  }

  const std::vector<size_t>& order() const { return order_; }

 private:
  bool Signed(size_t issuer, size_t certificate) const {
    const auto by = Certificate::Parse(base::AsBytes(certificates_[issuer]));
    const auto of =
        Certificate::Parse(base::AsBytes(certificates_[certificate]));
    return by.ok() && of.ok() && of->VerifySignedBy(by->public_key()).ok();
  }

  std::optional<size_t> IssuerOf(size_t i) const {
    if (links_[i].issuer == links_[i].subject) return std::nullopt;
    const auto found = by_subject_.find(links_[i].issuer);
    if (found == by_subject_.end()) return std::nullopt;
    std::optional<size_t> first;
    // A file may give a name to all of its certificates.
    int tries = 0;
    for (const size_t candidate : found->second) {
      if (taken_[candidate]) continue;
      if (!first.has_value()) first = candidate;
      if (found->second.size() == 1 || ++tries > kMaxTries) break;
      if (Signed(candidate, i)) return candidate;
    }
    return first;
  }

  static constexpr int kMaxTries = 8;

  const std::vector<std::string>& certificates_;
  const std::vector<ChainLink>& links_;
  std::vector<bool> taken_;
  std::map<std::string, std::vector<size_t>> by_subject_;
  std::vector<size_t> order_;
};

absl::Status TakeKeysOwn(const crypto::PortableKey& key,
                         const std::vector<ChainLink>& links,
                         Ordering& ordering) {
  for (size_t i = 0; i < links.size(); ++i) {
    if (!key.Matches(base::AsBytes(links[i].spki))) continue;
    ordering.TakeChain(i);
    return absl::OkStatus();
  }
  return absl::NotFoundError(
      absl::StrCat("the private key belongs to none of the ", links.size(),
                   " certificates"));
}

}  // namespace

absl::StatusOr<ChainLink> ReadChainLink(base::Bytes certificate) {
  using der::Bytes;
  using der::Tag;
  der::Reader in(certificate), outer, tbs;
  std::optional<Bytes> version;
  Bytes signature, issuer, subject, spki, skipped;
  // Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signature }
  if (!in.ReadSequence(outer) || !in.AtEnd() || !outer.ReadSequence(tbs) ||
      !outer.ReadElement(Tag::kSequence, skipped) ||
      !outer.ReadBitString(signature) || !outer.AtEnd() ||
      // TBSCertificate ::= SEQUENCE { [0] version, serialNumber, signature,
      !tbs.ReadOptional(der::Explicit(0), version) ||
      !tbs.Read(Tag::kInteger, skipped) ||
      !tbs.ReadElement(Tag::kSequence, skipped) ||
      //   issuer, validity, subject, subjectPublicKeyInfo, ... }
      !tbs.ReadElement(Tag::kSequence, issuer) ||
      !tbs.ReadElement(Tag::kSequence, skipped) ||
      !tbs.ReadElement(Tag::kSequence, subject) ||
      !tbs.ReadElement(Tag::kSequence, spki)) {
    return absl::InvalidArgumentError("not a certificate in DER");
  }
  return ChainLink{.issuer = base::ToString(issuer),
                   .subject = base::ToString(subject),
                   .spki = base::ToString(spki)};
}

absl::Status OrderLeafFirst(const crypto::PortableKey* key,
                            std::vector<std::string>& certificates) {
  std::vector<ChainLink> links;
  for (const std::string& certificate : certificates) {
    ASSIGN_OR_RETURN(ChainLink link, ReadChainLink(base::AsBytes(certificate)));
    links.push_back(std::move(link));
  }
  Ordering ordering(certificates, links);
  if (key != nullptr) RETURN_IF_ERROR(TakeKeysOwn(*key, links, ordering));
  for (const size_t end : ordering.Ends()) {
    if (!ordering.taken(end)) ordering.TakeChain(end);
  }
  // What is left goes in a circle, or is one of several with a name.
  for (size_t i = 0; i < certificates.size(); ++i) {
    if (!ordering.taken(i)) ordering.TakeChain(i);
  }
  std::vector<std::string> ordered;
  ordered.reserve(certificates.size());
  for (const size_t i : ordering.order()) {
    ordered.push_back(std::move(certificates[i]));
  }
  certificates = std::move(ordered);
  return absl::OkStatus();
}

}  // namespace chancery::x509
