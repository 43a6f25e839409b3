// Other programs as oracles: `openssl`, `softhsm2-util`.
#ifndef CHANCERY_CRYPTO_TESTING_COMMAND_H_
#define CHANCERY_CRYPTO_TESTING_COMMAND_H_

#include <string>

namespace chancery::crypto::testing {

// What the shell command printed to stdout; a test failure with its stderr
// unless it exits with 0.
std::string Shell(const std::string& command);

// Whether it exits with 0; prints nothing.
bool Succeeds(const std::string& command);

// A path in this test's own temporary folder.
std::string TempPath(const std::string& name);

// Writes `content` to TempPath(name) with `mode` and returns the path.
std::string WriteTemp(const std::string& name, const std::string& content,
                      int mode = 0600);

}  // namespace chancery::crypto::testing

#endif  // CHANCERY_CRYPTO_TESTING_COMMAND_H_
