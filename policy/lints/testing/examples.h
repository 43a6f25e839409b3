// For each lint, an example that passes it and one that fails it.
#ifndef CHANCERY_POLICY_LINTS_TESTING_EXAMPLES_H_
#define CHANCERY_POLICY_LINTS_TESTING_EXAMPLES_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace chancery::policy::lints::testing {

struct Example {
  std::string lint;
  std::function<std::string()> passes;  // Each makes DER.
  std::function<std::string()> fails;
  // What else the failing one breaks, of necessity.
  std::vector<std::string> besides = {};
};

using Examples = std::vector<Example>;

// Of recipes: see openssl_certificate.h and its neighbours.
template <typename Recipe>
Example Row(const char* lint, const Recipe& passes, const Recipe& fails,
            std::vector<std::string> besides = {}) {
  return {.lint = lint,
          .passes = [=] { return passes.Make(); },
          .fails = [=] { return fails.Make(); },
          .besides = std::move(besides)};
}

Examples Rfc5280BodyExamples();
Examples Rfc5280NameExamples();
Examples Rfc5280UsageExamples();
Examples Rfc5280ReferenceExamples();
Examples BrCertificateExamples();
Examples BrServerExamples();
Examples BrCaExamples();
Examples CrlExamples();
Examples CrlEntryExamples();
Examples BrCrlExamples();
Examples OcspExamples();
Examples OcspSingleExamples();
Examples OcspProfileExamples();

}  // namespace chancery::policy::lints::testing

#endif  // CHANCERY_POLICY_LINTS_TESTING_EXAMPLES_H_
