#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/bytes.h"
#include "der/writer.h"
#include "x509/certificate/extensions.h"
#include "x509/certificate/names.h"

namespace base = chancery::base;
namespace x509 = chancery::x509;

// What is read can be shown; what can be written again reads the same.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const base::Bytes input(data, size);
  if (const auto name = x509::ParseName(input); name.ok()) {
    (void)x509::NameText(*name);
    if (const auto encoded = x509::EncodeName(*name); encoded.ok()) {
      const auto again = x509::ParseName(base::AsBytes(*encoded));
      if (!again.ok() || *again != *name) std::abort();
    }
  }
  if (const auto names = x509::ParseAltNames(input); names.ok()) {
    for (const x509::AltName& name : *names) (void)x509::AltNameText(name);
    const std::string encoded = x509::EncodeAltNames(*names);
    const auto again = x509::ParseAltNames(base::AsBytes(encoded));
    if (!again.ok() || *again != *names) std::abort();
  }
  if (const auto parsed = x509::ParseExtensions(input); parsed.ok()) {
    chancery::der::Writer out;
    x509::WriteExtensions(out, parsed->extensions);
    const std::string encoded = out.Take();
    // If all were unknown nothing is left, and an empty list is malformed.
    if (encoded == std::string("\x30\x00", 2)) return 0;
    const auto again = x509::ParseExtensions(base::AsBytes(encoded));
    if (!again.ok() ||
        again->extensions.alt_names != parsed->extensions.alt_names ||
        again->extensions.key_usage != parsed->extensions.key_usage) {
      std::abort();
    }
  }
  return 0;
}
