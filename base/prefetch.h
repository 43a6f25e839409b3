#ifndef CHANCERY_BASE_PREFETCH_H_
#define CHANCERY_BASE_PREFETCH_H_

#include <cstddef>

#include "absl/base/attributes.h"

namespace chancery::base {

// Asks for the lines of memory that hold these octets, without waiting for
// them. They need not be readable. Functions that do nothing else have to be
// inlined always, as this one: g++ takes them for free of effects, and leaves
// calls of them out.
ABSL_ATTRIBUTE_ALWAYS_INLINE inline void Prefetch(const void* begin,
                                                  size_t size) {
  constexpr size_t kLine = 64;
  const char* const bytes = static_cast<const char*>(begin);
  for (size_t at = 0; at < size; at += kLine) __builtin_prefetch(bytes + at);
  __builtin_prefetch(bytes + size - 1);
}

}  // namespace chancery::base

#endif  // CHANCERY_BASE_PREFETCH_H_
