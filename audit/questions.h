// What responders are asked about, as OCSP requests.
#ifndef CHANCERY_AUDIT_QUESTIONS_H_
#define CHANCERY_AUDIT_QUESTIONS_H_

#include <string>

#include "base/bytes.h"
#include "block/template.h"
#include "x509/certificate/certificate.h"

namespace chancery::audit {

// A request, without a nonce, that a response of this form answers.
std::string QuestionFor(const x509::Certificate& issuer, base::Bytes serial,
                        block::CertIdForm form);

}  // namespace chancery::audit

#endif  // CHANCERY_AUDIT_QUESTIONS_H_
