// The certificates that a bench is about, as a rule instead of a list: whoever
// knows a certificate's number knows its serial and what has to be said of it.
#ifndef CHANCERY_TESTS_BENCH_DATASET_H_
#define CHANCERY_TESTS_BENCH_DATASET_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace chancery::bench {

inline constexpr uint32_t kBlockCapacity = 4096;

// An epoch's octet and 128 bits that look random (signers' serials have 127).
inline constexpr size_t kSerialSize = 17;
using Serial = std::array<uint8_t, kSerialSize>;

// Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014.
inline uint64_t SplitMix(uint64_t seed) {
  uint64_t z = seed + 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

inline Serial SerialOf(uint64_t number) {
  Serial serial{1};
  const uint64_t halves[] = {SplitMix(2 * number), SplitMix(2 * number + 1)};
  for (size_t i = 1; i < kSerialSize; ++i) {
    serial[i] =
        static_cast<uint8_t>(halves[(i - 1) / 8] >> (8 * ((i - 1) % 8)));
  }
  return serial;
}

// One in a hundred, in each block; for keyCompromise.
inline bool IsRevoked(uint64_t number) { return number % 100 == 7; }

}  // namespace chancery::bench

#endif  // CHANCERY_TESTS_BENCH_DATASET_H_
