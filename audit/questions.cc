#include "audit/questions.h"

#include "x509/ocsp/request.h"

namespace chancery::audit {

std::string QuestionFor(const x509::Certificate& issuer, base::Bytes serial,
                        block::CertIdForm form) {
  const x509::CertIdHash hash = form == block::CertIdForm::kSha256
                                    ? x509::CertIdHash::kSha256
                                    : x509::CertIdHash::kSha1;
  return x509::BuildOcspRequest(
      x509::BuildCertId(hash, base::AsBytes(issuer.facts().subject),
                        issuer.public_key(), serial),
      {});
}

}  // namespace chancery::audit
