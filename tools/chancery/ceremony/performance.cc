#include "tools/chancery/ceremony/performance.h"

#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "block/manifest.h"
#include "chancery/config/ceremony_transcript.pb.h"
#include "crypto/digest.h"
#include "rpc/version.h"
#include "tools/chancery/ceremony/custody.h"
#include "tools/chancery/ceremony/output_folder.h"
#include "tools/chancery/ceremony/rehearsal.h"
#include "tools/chancery/ceremony/signing_steps.h"
#include "tools/chancery/ceremony/transcript.h"
#include "tools/chancery/text.h"

namespace chancery::cli::ceremony {
namespace {

std::string Sha256Hex(const std::string& bytes) {
  return base::Hex(crypto::Sha256(base::AsBytes(bytes)));
}

absl::Time WholeSeconds(absl::Time time) {
  return absl::FromUnixSeconds(absl::ToUnixSeconds(time));
}

// Puts into the folder, and keeps the hash for the transcript.
class RecordedOutputs final : public OutputSink {
 public:
  explicit RecordedOutputs(OutputFolder& folder) : folder_(folder) {}

  absl::Status Put(const std::string& name, base::Bytes content,
                   int mode) override {
    RETURN_IF_ERROR(folder_.Put(name, content, mode));
    hashes_[name] = base::Hex(crypto::Sha256(content));
    return absl::OkStatus();
  }
  const std::map<std::string, std::string>& hashes() const { return hashes_; }

 private:
  OutputFolder& folder_;
  std::map<std::string, std::string> hashes_;
};

class Performer {
 public:
  Performer(const Plan& plan, const std::string& text, const Inputs& inputs,
            const base::Clock& clock, base::Random& random)
      : plan_(plan),
        text_(text),
        inputs_(inputs),
        clock_(clock),
        random_(random),
        hash_(Sha256Hex(text)),
        custody_(plan, inputs) {}

  absl::StatusOr<Performed> Run() {
    RETURN_IF_ERROR(OutputFolder::CheckFree(plan_.output_dir, hash_));
    transcript_.set_began(TimeText(clock_.Now()));
    RETURN_IF_ERROR(custody_.Open());
    RETURN_IF_ERROR(OpenOperators());
    ASSIGN_OR_RETURN(folder_, OutputFolder::Begin(plan_.output_dir, hash_));
    outputs_.emplace(*folder_);
    const absl::Status made = MakeOutputs();
    if (!made.ok()) return Undo(made);
    DestroyKeys();
    return Finish();
  }

 private:
  absl::Status OpenOperators() {
    for (const PlannedOperator& planned : plan_.operators) {
      if (!planned.key.has_value()) continue;
      ASSIGN_OR_RETURN(operators_[planned.name],
                       custody_.OpenOperator(planned));
    }
    return absl::OkStatus();
  }

  // All steps but the end of keys. After an error nothing of it may stay.
  absl::Status MakeOutputs() {
    RETURN_IF_ERROR(
        folder_->Note(absl::StrCat(TimeText(clock_.Now()), " began ceremony ",
                                   plan_.id, ", SHA-256 of its file ", hash_)));
    RETURN_IF_ERROR(folder_->Put(kCeremonyFile, base::AsBytes(text_), 0644));
    SigningSteps signing({.plan = plan_,
                          .inputs = inputs_,
                          .keys = custody_,
                          .outputs = *outputs_,
                          .random = random_,
                          .now = WholeSeconds(clock_.Now())},
                         inputs_.certificates());
    for (const PlannedStep& step : plan_.steps) {
      if (std::holds_alternative<DestroyKey>(step.action)) continue;
      RETURN_IF_ERROR(NoteBegin(step));
      auto words = std::visit(
          [&](const auto& action) { return Do(action, signing); }, step.action);
      if (!words.ok()) return InStep(step, words.status());
      RETURN_IF_ERROR(Record(step, *words));
    }
    return absl::OkStatus();
  }

  template <typename Action>
  absl::StatusOr<std::string> Do(const Action& action, SigningSteps& signing) {
    if constexpr (requires { signing.Do(action); }) {
      return signing.Do(action);
    } else if constexpr (requires { custody_.Do(action, *outputs_); }) {
      RETURN_IF_ERROR(custody_.Do(action, *outputs_));
      return Words(action);
    } else {
      RETURN_IF_ERROR(custody_.Do(action));
      return Words(action);
    }
  }

  std::string KeyText(const std::string& name) {
    const auto key = custody_.Get(name);
    std::string text = absl::StrCat("key \"", name, "\"");
    if (key.ok()) {
      absl::StrAppend(&text, ", key id ",
                      base::Hex(block::KeyIdOf((*key)->public_key())));
    }
    return text;
  }
  std::string Words(const MakeKey& step) {
    return absl::StrCat("made ", plan_.keys.at(step.key).type, " ",
                        KeyText(step.key),
                        step.extractable ? ", extractable under wrap" : "");
  }
  std::string Words(const BackUpKey& step) {
    return absl::StrCat("wrapped ", KeyText(step.key), " by \"",
                        step.wrapping_key, "\"");
  }
  std::string Words(const RestoreKey& step) {
    return absl::StrCat("restored ", KeyText(step.key));
  }
  std::string Words(const DestroyKey& step) {
    return absl::StrCat("destroyed ", KeyText(step.key));
  }

  // Before what no program can take back.
  absl::Status NoteBegin(const PlannedStep& step) {
    std::string where;
    if (const auto* make = std::get_if<MakeKey>(&step.action)) {
      where = plan_.keys.at(make->key).source.pkcs11_uri;
    } else if (const auto* restore = std::get_if<RestoreKey>(&step.action)) {
      where = plan_.keys.at(restore->key).source.pkcs11_uri;
    } else if (const auto* destroy = std::get_if<DestroyKey>(&step.action)) {
      const crypto::KeySource& source = plan_.keys.at(destroy->key).source;
      where = absl::StrCat(source.pkcs11_uri, source.file);
    }
    return folder_->Note(absl::StrCat(TimeText(clock_.Now()), " begins step ",
                                      step.number, " ", step.kind,
                                      where.empty() ? "" : ": ", where));
  }

  absl::Status Record(const PlannedStep& step, const std::string& words) {
    auto& record = *transcript_.add_step();
    record.set_number(static_cast<uint32_t>(step.number));
    record.set_kind(step.kind);
    record.set_done(words);
    record.set_at(TimeText(clock_.Now()));
    done_.push_back({.number = step.number, .kind = step.kind, .done = words});
    return folder_->Note(absl::StrCat(record.at(), " did step ", step.number,
                                      " ", step.kind, ": ", words));
  }

  absl::Status Undo(const absl::Status& failed) {
    const absl::Status undone = custody_.UndoMade();
    if (undone.ok()) return failed;
    return absl::Status(failed.code(),
                        absl::StrCat(failed.message(), "; ", undone.message()));
  }

  // From the first on, nothing can be taken back.
  void DestroyKeys() {
    bool stopped = false;
    for (const PlannedStep& step : plan_.steps) {
      const auto* destroy = std::get_if<DestroyKey>(&step.action);
      if (destroy == nullptr) continue;
      folder_->Keep();
      absl::Status done = absl::AbortedError(
          "not tried, since another key could not be destroyed");
      if (!stopped) {
        done = NoteBegin(step);
        if (done.ok()) done = custody_.Do(*destroy);
      }
      if (done.ok()) {
        Remember(Record(step, Words(*destroy)));
        continue;
      }
      stopped = true;
      auto& record = *transcript_.add_step();
      record.set_number(static_cast<uint32_t>(step.number));
      record.set_kind(step.kind);
      record.set_at(TimeText(clock_.Now()));
      record.set_failure(std::string(done.message()));
      Remember(InStep(step, done));
    }
  }

  void Remember(const absl::Status& status) {
    if (!status.ok()) problems_.emplace_back(status.message());
  }

  void DescribeKeys() {
    for (const Custody::Token& token : custody_.tokens()) {
      auto& out = *transcript_.add_token();
      out.set_label(token.facts.label);
      out.set_manufacturer(token.facts.manufacturer);
      out.set_model(token.facts.model);
      out.set_serial(token.facts.serial);
      out.set_hardware_version(token.facts.hardware_version);
      out.set_firmware_version(token.facts.firmware_version);
      out.set_module(token.module);
    }
    for (const auto& [name, key] : plan_.keys) {
      auto& out = *transcript_.add_key();
      out.set_name(name);
      out.set_type(key.type);
      out.set_location(key.in_token()       ? key.source.pkcs11_uri
                       : key.output.empty() ? key.source.file
                                            : key.output);
      const auto opened = custody_.Get(name);
      if (!opened.ok()) continue;  // One that wraps.
      const crypto::PublicKey& half = (*opened)->public_key();
      out.set_key_id(base::Hex(block::KeyIdOf(half)));
      out.set_subject_key_identifier(base::Hex(half.KeyHashSha1()));
    }
  }

  absl::Status DescribeOperators() {
    for (const PlannedOperator& planned : plan_.operators) {
      ASSIGN_OR_RETURN(const crypto::PublicKey key,
                       inputs_.PublicKeyIn(planned.public_key_file));
      auto& out = *transcript_.add_operator_();
      out.set_name(planned.name);
      out.set_key_id(base::Hex(block::KeyIdOf(key)));
      out.set_public_key(base::Hex(key.spki()));
    }
    transcript_.set_operators_needed(
        static_cast<uint32_t>(plan_.operators_needed));
    return absl::OkStatus();
  }

  absl::Status WriteTranscript() {
    transcript_.set_id(plan_.id);
    transcript_.set_ceremony_sha256(hash_);
    transcript_.set_program(absl::StrCat("chancery ", rpc::kVersion));
    transcript_.set_ended(TimeText(clock_.Now()));
    DescribeKeys();
    for (const auto& [path, bytes] : inputs_.files()) {
      auto& out = *transcript_.add_input();
      out.set_name(path);
      out.set_sha256(Sha256Hex(bytes));
    }
    for (const auto& [name, sha256] : outputs_->hashes()) {
      auto& out = *transcript_.add_output();
      out.set_name(name);
      out.set_sha256(sha256);
    }
    RETURN_IF_ERROR(DescribeOperators());
    const std::string text = PrintTranscript(transcript_);
    RETURN_IF_ERROR(folder_->Put(kTranscriptFile, base::AsBytes(text), 0644));
    for (const auto& [name, key] : operators_) {
      const auto signature = SignTranscript(text, *key);
      if (!signature.ok()) {
        // It can be made good: `chancery ceremony sign`.
        problems_.push_back(absl::StrCat("operator ", name, " has not signed: ",
                                         signature.status().message()));
        continue;
      }
      RETURN_IF_ERROR(
          folder_->Put(SignatureFile(name), base::AsBytes(*signature), 0644));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Performed> Finish() {
    absl::Status finished = WriteTranscript();
    if (finished.ok()) finished = folder_->Commit();
    const bool destroyed =
        std::holds_alternative<DestroyKey>(plan_.steps.back().action);
    if (!finished.ok() && folder_->committed()) {
      Remember(finished);
    } else if (!finished.ok()) {
      if (!destroyed) return Undo(finished);
      return absl::Status(
          finished.code(),
          absl::StrCat(finished.message(), "; keys were destroyed, so ",
                       plan_.output_dir, ".partial is left as it is"));
    }
    Performed done;
    done.transcript = absl::StrCat(plan_.output_dir, "/", kTranscriptFile);
    done.steps = std::move(done_);
    done.problems = std::move(problems_);
    return done;
  }

  const Plan& plan_;
  const std::string& text_;
  const Inputs& inputs_;
  const base::Clock& clock_;
  base::Random& random_;
  const std::string hash_;
  Custody custody_;
  std::map<std::string, std::unique_ptr<crypto::SigningKey>> operators_;
  std::unique_ptr<OutputFolder> folder_;
  std::optional<RecordedOutputs> outputs_;
  config::CeremonyTranscript transcript_;
  std::vector<Performed::Step> done_;
  std::vector<std::string> problems_;
};

}  // namespace

absl::StatusOr<Performed> Perform(const Plan& plan, const std::string& text,
                                  const Inputs& inputs,
                                  const base::Clock& clock,
                                  base::Random& random) {
  return Performer(plan, text, inputs, clock, random).Run();
}

}  // namespace chancery::cli::ceremony
