// A ceremony's transcript: written, signed by operators, verified.
//
// A signature is a file of its own, over "chancery/ceremony/v1", 0x00 and the
// transcript's bytes, in X.509 form. So any tool verifies it:
//
//   (printf 'chancery/ceremony/v1\0'; cat transcript.textproto) >signed
//   openssl dgst -sha256 -verify alice.pub -signature alice.sig signed
#ifndef CHANCERY_TOOLS_CHANCERY_CEREMONY_TRANSCRIPT_H_
#define CHANCERY_TOOLS_CHANCERY_CEREMONY_TRANSCRIPT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "crypto/public_key.h"
#include "crypto/signing_key.h"

namespace chancery::config {
class CeremonyTranscript;
}  // namespace chancery::config

namespace chancery::cli::ceremony {

std::string PrintTranscript(const config::CeremonyTranscript& transcript);

// "transcript.textproto.alice.sig".
std::string SignatureFile(absl::string_view operator_name);

absl::StatusOr<std::string> SignTranscript(const std::string& text,
                                           const crypto::SigningKey& key);

// Adds the signature of one of the operators that the transcript at `path`
// names, in a file beside it. NotFound: there is no operator `name`;
// FailedPrecondition: `key` is not that operator's; AlreadyExists: the
// signature is there.
absl::Status AddTranscriptSignature(const std::string& path,
                                    const std::string& name,
                                    const crypto::SigningKey& key);

struct TranscriptCheck {
  // Signatures that count are enough, and all files are as it says.
  bool right = true;
  std::vector<std::string> signed_by = {};  // Operators.
  size_t needed = 0;
  size_t files = 0;                        // Outputs that are as it says.
  std::vector<std::string> problems = {};  // In words.
  std::string id = {};
};

// What is at `path`, with the files beside it. If `trusted` is not empty, only
// signatures by these keys count, whatever operators the transcript names.
// `ceremony_sha256` is that of the file that was reviewed; empty: not looked
// at. An error if it cannot be read at all.
absl::StatusOr<TranscriptCheck> VerifyTranscript(
    const std::string& path, const std::vector<crypto::PublicKey>& trusted,
    absl::string_view ceremony_sha256);

}  // namespace chancery::cli::ceremony

#endif  // CHANCERY_TOOLS_CHANCERY_CEREMONY_TRANSCRIPT_H_
