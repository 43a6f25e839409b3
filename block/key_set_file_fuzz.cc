#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/bytes.h"
#include "block/key_set_file.h"

namespace base = chancery::base;
namespace block = chancery::block;

// What parses is what Encode makes; roots that were written read the same.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const base::Bytes input(data, size);
  if (const auto file = block::KeySetFile::Parse(input); file.ok()) {
    const std::string encoded = file->Encode();
    if (!base::Equal(base::AsBytes(encoded), input)) std::abort();
  }
  const auto roots = block::ParseKeySetRoots(base::AsText(input));
  if (!roots.ok()) return 0;
  if (roots->threshold == 0 || roots->threshold > roots->keys.size()) {
    std::abort();
  }
  const std::string text = block::EncodeKeySetRoots(*roots);
  const auto again = block::ParseKeySetRoots(text);
  if (!again.ok() || again->threshold != roots->threshold ||
      !(again->keys == roots->keys)) {
    std::abort();
  }
  // Nobody has signed anything.
  if (block::OpenKeySet(input, *roots).ok()) std::abort();
  return 0;
}
