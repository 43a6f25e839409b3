#ifndef CHANCERY_BLOCK_TESTING_SAMPLE_TEMPLATE_H_
#define CHANCERY_BLOCK_TESTING_SAMPLE_TEMPLATE_H_

#include <cstdlib>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "block/template.h"

namespace chancery::block::testing {

// A template without a key, as FORMAT.md has it: SHA-1, ecdsa-with-SHA256,
// signatures of 64 bytes, hashes of zeros.
inline std::shared_ptr<const OcspTemplate> SampleTemplate() {
  std::string encoded(
      "\x01\x01\x0c\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04"
      "\x03\x02\x00\x40",
      17);
  encoded.append(20 + 20 + 20 + 32 + 32 + 1, '\0');
  auto parsed = OcspTemplate::Parse(base::AsBytes(encoded));
  if (!parsed.ok()) std::abort();
  return std::make_shared<const OcspTemplate>(*std::move(parsed));
}

}  // namespace chancery::block::testing

#endif  // CHANCERY_BLOCK_TESTING_SAMPLE_TEMPLATE_H_
