#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "x509/certificate/certificate.h"

using chancery::base::AsBytes;
using chancery::base::Bytes;
using chancery::x509::Certificate;

// What was read can be written, and reads the same again.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto certificate = Certificate::Parse(Bytes(data, size));
  if (!certificate.ok()) return 0;
  for (const std::string* name :
       {&certificate->facts().issuer, &certificate->facts().subject}) {
    const auto attributes = chancery::x509::ParseName(AsBytes(*name));
    if (attributes.ok()) (void)chancery::x509::NameText(*attributes);
  }
  const auto& names = certificate->facts().extensions.alt_names;
  const std::string encoded = chancery::x509::EncodeAltNames(names);
  const auto again = chancery::x509::ParseAltNames(AsBytes(encoded));
  if (!again.ok() || *again != names) std::abort();
  (void)chancery::x509::EncodeTbs(certificate->facts(),
                                  certificate->algorithm());
  return 0;
}
