#include "tools/chancery/init/ca_certificate.h"

#include "base/bytes.h"
#include "base/status_macros.h"
#include "crypto/signature_algorithm.h"
#include "der/oid.h"
#include "der/writer.h"

namespace chancery::cli {
namespace {

using der::Tag;
using der::Writer;

// For a constant of this file.
std::string Oid(absl::string_view dotted) { return *der::OidFromText(dotted); }

// AttributeTypeAndValue in a set of its own. countryName is a PrintableString
// (RFC 5280 appendix A); the rest is UTF8String.
void AddAttribute(Writer& name, absl::string_view oid, const std::string& value,
                  bool printable) {
  if (value.empty()) return;
  name.AddNested(Tag::kSet, [&](Writer& set) {
    set.AddSequence([&](Writer& attribute) {
      attribute.AddOid(Oid(oid));
      if (printable) {
        attribute.AddPrintableString(value);
      } else {
        attribute.AddUtf8String(value);
      }
    });
  });
}

template <typename Fill>
void AddExtension(Writer& all, absl::string_view oid, bool critical,
                  Fill fill) {
  all.AddSequence([&](Writer& extension) {
    extension.AddOid(Oid(oid));
    if (critical) extension.AddBool(true);
    extension.AddOctetStringOf(fill);
  });
}

void AddExtensions(const CertificateRequestFacts& facts,
                   const crypto::PublicKey& subject_key,
                   const CertificateSigner& signer, Writer& all) {
  // basicConstraints
  if (facts.ca_path_length.has_value()) {
    AddExtension(all, "2.5.29.19", true, [&](Writer& value) {
      value.AddSequence([&](Writer& constraints) {
        constraints.AddBool(true);
        constraints.AddInteger(*facts.ca_path_length);
      });
    });
  }
  // keyUsage
  AddExtension(all, "2.5.29.15", true,
               [&](Writer& value) { value.AddNamedBits(facts.key_usage); });
  // extKeyUsage
  if (!facts.extended_key_usage.empty()) {
    AddExtension(all, "2.5.29.37", false, [&](Writer& value) {
      value.AddSequence([&](Writer& purposes) {
        for (const std::string& purpose : facts.extended_key_usage) {
          purposes.AddOid(Oid(purpose));
        }
      });
    });
  }
  // subjectAltName: uniformResourceIdentifier [6]
  if (!facts.uri.empty()) {
    AddExtension(all, "2.5.29.17", false, [&](Writer& value) {
      value.AddSequence(
          [&](Writer& names) { names.Add(der::Implicit(6), facts.uri); });
    });
  }
  // id-pkix-ocsp-nocheck, RFC 6960 section 4.2.2.2.1
  if (facts.ocsp_nocheck) {
    AddExtension(all, "1.3.6.1.5.5.7.48.1.5", false,
                 [](Writer& value) { value.AddNull(); });
  }
  // subjectKeyIdentifier
  if (facts.subject_key_id) {
    AddExtension(all, "2.5.29.14", false, [&](Writer& value) {
      value.AddOctetString(subject_key.KeyHashSha1());
    });
  }
  // authorityKeyIdentifier: keyIdentifier [0]
  AddExtension(all, "2.5.29.35", false, [&](Writer& value) {
    value.AddSequence([&](Writer& id) {
      id.Add(der::Implicit(0), signer.key.public_key().KeyHashSha1());
    });
  });
}

// One octet of epoch, then 127 random bits: positive, 17 octets.
std::string NewSerial(base::Random& random) {
  std::string serial = "\x01" + random.Bytes(16);
  serial[1] = static_cast<char>(serial[1] & 0x7f);
  return serial;
}

}  // namespace

std::string EncodeName(const SubjectName& name) {
  Writer out;
  out.AddSequence([&](Writer& rdns) {
    AddAttribute(rdns, "2.5.4.6", name.country, true);
    AddAttribute(rdns, "2.5.4.10", name.organization, false);
    AddAttribute(rdns, "2.5.4.3", name.common_name, false);
  });
  return out.Take();
}

absl::StatusOr<std::string> SignCertificate(
    const CertificateRequestFacts& facts, const crypto::PublicKey& subject_key,
    const CertificateSigner& signer, base::Random& random) {
  const base::Bytes algorithm =
      crypto::AlgorithmIdentifier(signer.key.algorithm());
  const std::string serial = NewSerial(random);
  Writer out;
  // TBSCertificate, RFC 5280 section 4.1.
  out.AddSequence([&](Writer& tbs) {
    tbs.AddNested(der::Explicit(0),
                  [](Writer& version) { version.AddInteger(2); });
    tbs.AddUnsigned(base::AsBytes(serial));
    tbs.AddElement(algorithm);
    tbs.AddElement(signer.subject);
    tbs.AddSequence([&](Writer& validity) {
      validity.AddTime(facts.not_before);
      validity.AddTime(facts.not_before + facts.validity - absl::Seconds(1));
    });
    tbs.AddElement(facts.subject);
    tbs.AddElement(subject_key.spki());
    tbs.AddNested(der::Explicit(3), [&](Writer& wrapped) {
      wrapped.AddSequence(
          [&](Writer& all) { AddExtensions(facts, subject_key, signer, all); });
    });
  });
  const std::string tbs = out.Take();
  ASSIGN_OR_RETURN(const std::string signature,
                   signer.key.Sign(base::AsBytes(tbs)));
  out.AddSequence([&](Writer& certificate) {
    certificate.AddElement(tbs);
    certificate.AddElement(algorithm);
    certificate.AddBitString(base::AsBytes(signature));
  });
  return out.Take();
}

}  // namespace chancery::cli
