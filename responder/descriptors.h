#ifndef CHANCERY_RESPONDER_DESCRIPTORS_H_
#define CHANCERY_RESPONDER_DESCRIPTORS_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"

namespace chancery::responder {

// Descriptors for all but clients and CRLs: the cache's files, refreshers,
// listening sockets, logs.
inline constexpr uint64_t kOwnDescriptors = 512;

// Raises this process's RLIMIT_NOFILE as far as it may; what it is then.
uint64_t RaiseDescriptorLimit();

// How many clients may be connected at once with `limit` descriptors and CRLs
// of `issuers`, each of which holds up to two files open: `configured`, or, if
// that is 0, `otherwise` or as many as fit. A process that runs out would not
// accept, nor write its cache. InvalidArgument names the field, value and rule:
// `configured` does not fit, or hardly any would.
absl::StatusOr<size_t> FitConnections(uint32_t configured, size_t otherwise,
                                      size_t issuers, uint64_t limit);

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_DESCRIPTORS_H_
