// Streams of HTTP requests, most of them almost right.
#ifndef CHANCERY_TESTS_MUTATION_MUTATOR_H_
#define CHANCERY_TESTS_MUTATION_MUTATOR_H_

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/mutation/truth.h"

namespace chancery::mutation {

// What one connection sends before it ends its half.
struct Stream {
  std::string octets;
  // Where to cut it into writes.
  std::vector<size_t> cuts;
  // The answers that its first requests must have; they are as clients send
  // them. Everything behind is mutated.
  std::vector<Answer> certain;
  size_t mutated = 0;
};

// `valid` must outlive the mutator. The same seed makes the same stream.
class Mutator {
 public:
  Mutator(const std::vector<ValidRequest>& valid, uint64_t seed)
      : valid_(valid), engine_(seed) {}

  Stream Next();

 private:
  // How much of a request's HTTP is as it should be.
  enum class Care {
    kRight,     // All of it.
    kFramed,    // Where it ends.
    kCareless,  // Perhaps nothing.
  };

  size_t Below(size_t n) { return engine_() % n; }
  bool Chance(size_t percent) { return Below(100) < percent; }
  const std::string& Any() { return valid_[Below(valid_.size())].der; }

  // `text` with a few bytes changed, taken out, put in, repeated or cut off.
  void Damage(std::string& text);
  // The same for DER: lengths off by a little, parts of other requests.
  std::string DamagedRequest();

  // An HTTP request around `der`, in one of the ways that clients have.
  std::string Http(const std::string& der, Care care);
  std::string Get(const std::string& der, Care care);
  std::string Post(const std::string& der, Care care);
  std::string Target(const std::string& der, Care care);
  std::string Fields(Care care);
  std::string Chunked(std::string_view body, Care care);

  const std::vector<ValidRequest>& valid_;
  std::mt19937_64 engine_;
};

}  // namespace chancery::mutation

#endif  // CHANCERY_TESTS_MUTATION_MUTATOR_H_
