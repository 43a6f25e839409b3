// What the responder has to say about each certificate, and whether it did, by
// OpenSSL's reading of requests and answers.
#ifndef CHANCERY_TESTS_MUTATION_TRUTH_H_
#define CHANCERY_TESTS_MUTATION_TRUTH_H_

#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "absl/status/statusor.h"

namespace chancery::mutation {

enum class Answer { kGood, kRevoked, kUnauthorized, kMalformed };

struct ValidRequest {
  std::string der;
  Answer answer = Answer::kGood;
};

class Truth {
 public:
  struct Files {
    std::string issuer;   // PEM.
    std::string sibling;  // PEM of another CA that issued none of them.
    std::vector<std::string> good;
    std::vector<std::string> revoked;
  };

  static absl::StatusOr<Truth> Load(const Files& files);
  Truth(Truth&&) noexcept;
  ~Truth();

  // By every kind of client: each hash, with and without nonce, a requestor's
  // name, several CertIDs; and some that nobody can answer.
  const std::vector<ValidRequest>& requests() const { return requests_; }

 private:
  friend class Judge;
  struct State;

  explicit Truth(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
  std::vector<ValidRequest> requests_;
};

// One thread's. `truth` must outlive it.
class Judge {
 public:
  explicit Judge(const Truth& truth) : truth_(truth) {}

  // What is wrong with `response` as an answer to the bytes of `request`; "" if
  // nothing is. `answer` is what it says.
  //
  // good and revoked are right only if OpenSSL finds in the request nothing but
  // CertIDs of this issuer, the answer is signed by the issuer, names each of
  // them, and says of every certificate in it what is true.
  std::string Check(std::string_view request, const std::string& response,
                    Answer& answer);

 private:
  const Truth& truth_;
  std::unordered_set<std::string> verified_;
};

}  // namespace chancery::mutation

#endif  // CHANCERY_TESTS_MUTATION_TRUTH_H_
