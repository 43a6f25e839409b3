// One slice of load on one server: connections, requests, answers looked at.
#ifndef CHANCERY_TESTS_BENCH_LOAD_H_
#define CHANCERY_TESTS_BENCH_LOAD_H_

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "tests/bench/requests.h"

namespace chancery::bench {

struct Slice {
  int port = 0;
  int connections = 32;
  Mix mix = Mix::kPopular;
  const RequestWriter* writer = nullptr;
  Draw* draw = nullptr;
  double seconds = 1;
  // Requests a second at even distances; 0: as fast as it answers.
  double rate = 0;
  // The server knows no certificates; its answers are only measured by length.
  bool constant = false;
  // Expect the contrary of what is true.
  bool flip = false;
  std::vector<std::string> pids = {};  // The server's.
  std::FILE* samples = nullptr;        // Or none.
};

struct Outcome {
  uint64_t requests = 0;
  double seconds = 0;
  double cpu_seconds = 0;  // The server's.
  uint64_t wrong = 0;
  std::string first_wrong = {};
  // With a rate: from when a request was due to when its answer was there.
  double p50_ms = 0, p99_ms = 0, max_ms = 0;
};

// Never pipelines. Every answer is looked at, and one in some hundreds is
// written to `samples`: number (8 octets), length (4), the body.
Outcome Run(const Slice& slice);

}  // namespace chancery::bench

#endif  // CHANCERY_TESTS_BENCH_LOAD_H_
