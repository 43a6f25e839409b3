// The real keys of a ceremony: opened, made, wrapped, destroyed.
#ifndef CHANCERY_TOOLS_CHANCERY_CEREMONY_CUSTODY_H_
#define CHANCERY_TOOLS_CHANCERY_CEREMONY_CUSTODY_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/key_source.h"
#include "crypto/pkcs11_token.h"
#include "crypto/signing_key.h"
#include "crypto/token_facts.h"
#include "tools/chancery/ceremony/inputs.h"
#include "tools/chancery/ceremony/key_ring.h"
#include "tools/chancery/ceremony/output_sink.h"
#include "tools/chancery/ceremony/plan.h"

namespace chancery::cli::ceremony {

// Errors name the key. Thread-compatible; plan and inputs must outlive it.
class Custody final : public KeyRing {
 public:
  Custody(const Plan& plan, const Inputs& inputs)
      : plan_(plan), inputs_(inputs) {}

  // Opens all that is there, logs in, and changes nothing.
  // AlreadyExists: a key that the ceremony makes is there.
  // FailedPrecondition: a key is not its certificate's, or not the one that is
  //   to be destroyed. NotFound, PermissionDenied as crypto::KeyOpener.
  absl::Status Open();

  absl::StatusOr<const crypto::SigningKey*> Get(
      const std::string& name) override;

  // A file goes into `outputs`, and so does the public half.
  absl::Status Do(const MakeKey& step, OutputSink& outputs);
  absl::Status Do(const BackUpKey& step, OutputSink& outputs);
  absl::Status Do(const RestoreKey& step);
  absl::Status Do(const DestroyKey& step);

  // Destroys, in tokens, what Do has made. An error names those that are left.
  absl::Status UndoMade();

  // Its key, for an operator who is there; FailedPrecondition if it is not that
  // of the public key in the plan.
  absl::StatusOr<std::unique_ptr<crypto::SigningKey>> OpenOperator(
      const PlannedOperator& planned);

  // Each token once, by module and serial.
  struct Token {
    std::string module;
    crypto::TokenFacts facts;
  };
  const std::vector<Token>& tokens() const { return tokens_; }

 private:
  using TokenPtr = std::shared_ptr<crypto::Pkcs11Token>;
  absl::StatusOr<TokenPtr> TokenOf(const PlannedKey& key);
  absl::Status OpenExisting(const std::string& name, const PlannedKey& key);
  absl::Status CheckDestroyed(const DestroyKey& step);
  absl::Status Generate(const MakeKey& step, OutputSink& outputs);
  absl::Status DestroyFile(const PlannedKey& key) const;

  const Plan& plan_;
  const Inputs& inputs_;
  crypto::KeyOpener opener_;
  std::map<std::string, std::unique_ptr<crypto::SigningKey>> keys_;
  std::vector<std::string> made_;  // In tokens, by name.
  std::vector<Token> tokens_;
};

}  // namespace chancery::cli::ceremony

#endif  // CHANCERY_TOOLS_CHANCERY_CEREMONY_CUSTODY_H_
