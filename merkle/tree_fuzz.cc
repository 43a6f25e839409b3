#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/bytes.h"
#include "merkle/tree.h"

namespace base = chancery::base;
namespace merkle = chancery::merkle;

// One encoding of each state, which then grows as any other.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto frontier = merkle::Frontier::Parse({data, size});
  if (!frontier.ok()) return 0;
  const std::string encoded = frontier->Encode();
  if (!base::Equal(base::AsBytes(encoded), {data, size})) std::abort();
  const uint64_t before = frontier->size();
  (void)frontier->Root();
  frontier->Append(merkle::Hash{});
  if (frontier->size() != before + 1) std::abort();
  return 0;
}
