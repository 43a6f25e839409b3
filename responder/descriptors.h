#ifndef CHANCERY_RESPONDER_DESCRIPTORS_H_
#define CHANCERY_RESPONDER_DESCRIPTORS_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"

namespace chancery::responder {

// Descriptors for all but clients and CRLs: the cache's files, refreshers,
// listening sockets, logs.
inline constexpr uint64_t kOwnDescriptors = 512;

// Most of them are enough for all CRLs of a few hundred issuers; of more
// issuers' CRLs, those are open that clients are taking.
inline constexpr size_t kMostCrlDescriptors = 1024;

// Files that may be open at once for the CRLs of so many issuers, each of which
// has up to two.
size_t CrlDescriptors(size_t issuers);

// Raises this process's RLIMIT_NOFILE as far as it may; what it is then.
uint64_t RaiseDescriptorLimit();

// How many clients may be connected at once with `limit` descriptors and CRLs
// of `issuers`: `configured`, or, if that is 0, `otherwise` or as many as fit.
// A process that runs out would not accept, nor write its cache.
// InvalidArgument names the field, value and rule: `configured` does not fit,
// or hardly any would.
absl::StatusOr<size_t> FitConnections(uint32_t configured, size_t otherwise,
                                      size_t issuers, uint64_t limit);

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_DESCRIPTORS_H_
