#include "tools/chancery/ceremony/ceremony_command.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "crypto/digest.h"
#include "crypto/public_key.h"
#include "tools/chancery/ceremony/ceremony_file.h"
#include "tools/chancery/ceremony/inputs.h"
#include "tools/chancery/ceremony/output_folder.h"
#include "tools/chancery/ceremony/performance.h"
#include "tools/chancery/ceremony/rehearsal.h"
#include "tools/chancery/ceremony/transcript.h"
#include "tools/chancery/text.h"
#include "x509/certificate/pem.h"

namespace chancery::cli {
namespace {

using ceremony::Plan;

std::string Sha256Hex(const std::string& text) {
  return base::Hex(crypto::Sha256(base::AsBytes(text)));
}

std::string StepTable(const Plan& plan, const std::vector<std::string>& words) {
  std::vector<std::vector<std::string>> rows;
  for (size_t i = 0; i < words.size(); ++i) {
    rows.push_back({absl::StrCat(plan.steps[i].number), plan.steps[i].kind,
                    Printable(words[i])});
  }
  return FormatTable({"STEP", "KIND", "WHAT"}, rows);
}

std::string CheckText(const ceremony::TranscriptCheck& check) {
  std::string out = FormatFacts(
      {{"Ceremony", check.id},
       {"Signed by", check.signed_by.empty()
                         ? "nobody"
                         : absl::StrJoin(check.signed_by, ", ")},
       {"Needed", absl::StrCat(check.needed)},
       {"Files", absl::StrCat(check.files, " as the transcript says")}});
  for (const std::string& problem : check.problems) {
    absl::StrAppend(&out, "WRONG: ", Printable(problem), "\n");
  }
  return out;
}

absl::StatusOr<crypto::PublicKey> ReadPublicKey(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string pem, base::ReadFile(path, 1 << 20));
  const auto read = [&]() -> absl::StatusOr<crypto::PublicKey> {
    ASSIGN_OR_RETURN(const std::string spki, x509::DerOrPem("PUBLIC KEY", pem));
    return crypto::PublicKey::FromSpki(base::AsBytes(spki));
  };
  auto key = read();
  if (key.ok()) return key;
  return absl::Status(key.status().code(),
                      absl::StrCat(path, ": ", key.status().message()));
}

}  // namespace

std::string CeremonyCommand::example() const {
  return "chancery ceremony root.textproto --dry-run\n"
         "  chancery ceremony root.textproto\n"
         "  chancery ceremony sign out/transcript.textproto --as bob --key "
         "bob.key\n"
         "  chancery ceremony verify out/transcript.textproto --operator "
         "alice.pub.pem\n"
         "Exit code 3: the ceremony was performed before; nothing was done.";
}

void CeremonyCommand::Declare(OptionSet& options) {
  options.AddText(
      {.name = "file",
       .value = "FILE|sign|verify",
       .help = "The ceremony, a textproto; or what to do with a transcript",
       .required = true},
      file_);
  options.AddText({.name = "transcript",
                   .value = "TRANSCRIPT",
                   .help = "sign, verify: the transcript, in its folder"},
                  transcript_);
  options.AddFlag({.name = "--dry-run",
                   .help = "Rehearse with throw-away keys, say what would be "
                           "done, and touch nothing"},
                  dry_run_);
  options.AddText({.name = "--as",
                   .value = "NAME",
                   .help = "sign: which of the transcript's operators"},
                  as_);
  options.AddText({.name = "--key",
                   .value = "FILE",
                   .help = "sign: the operator's key, readable only by its "
                           "owner"},
                  key_file_);
  options.AddText({.name = "--pkcs11-uri",
                   .value = "URI",
                   .help = "sign: the operator's key in a token, instead"},
                  pkcs11_uri_);
  options.AddText({.name = "--pkcs11-module",
                   .value = "FILE",
                   .help = "sign: the token's library, unless the URI has it"},
                  pkcs11_module_);
  options.AddText({.name = "--pin-file",
                   .value = "FILE",
                   .help = "sign: the token's PIN, or the key's password; a "
                           "file of mode 0600"},
                  pin_file_);
  options.AddTexts({.name = "--operator",
                    .value = "FILE ...",
                    .help = "verify: a public key (PEM) of an operator who is "
                            "trusted; may be repeated. Without it, whoever the "
                            "transcript names"},
                   operator_files_);
  options.AddText({.name = "--ceremony",
                   .value = "FILE",
                   .help = "verify: the ceremony's file as it was reviewed"},
                  ceremony_file_);
}

absl::Status CeremonyCommand::Check() const {
  const bool on_transcript = file_ == "sign" || file_ == "verify";
  if (on_transcript == transcript_.empty()) {
    return absl::InvalidArgumentError(
        on_transcript
            ? absl::StrCat(file_, ": which transcript?")
            : absl::StrCat("`", transcript_, "`: there is one FILE at a time"));
  }
  if (dry_run_ && on_transcript) {
    return absl::InvalidArgumentError("--dry-run is for ceremonies");
  }
  if (file_ == "sign" &&
      (as_.empty() || key_file_.empty() == pkcs11_uri_.empty())) {
    return absl::InvalidArgumentError(
        "sign: who signs, and where is the key? --as NAME, and --key FILE or "
        "--pkcs11-uri URI");
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> CeremonyCommand::Run(const Environment& environment) {
  if (file_ == "sign") return Sign(environment);
  if (file_ == "verify") return Verify(environment);
  return Hold(environment);
}

absl::StatusOr<bool> CeremonyCommand::Hold(const Environment& environment) {
  ASSIGN_OR_RETURN(const std::string path, AbsolutePath(file_));
  ASSIGN_OR_RETURN(const std::string text, base::ReadFile(path, 4 << 20));
  ASSIGN_OR_RETURN(const Plan plan, ceremony::ReadPlan(text, path));
  const absl::Status is_free =
      ceremony::OutputFolder::CheckFree(plan.output_dir, Sha256Hex(text));
  if (absl::IsAlreadyExists(is_free)) exit_code_ = kExitPerformed;
  RETURN_IF_ERROR(is_free);
  ASSIGN_OR_RETURN(const ceremony::Inputs inputs, ceremony::Inputs::Read(plan));
  const absl::Time now =
      absl::FromUnixSeconds(absl::ToUnixSeconds(environment.clock.Now()));
  ASSIGN_OR_RETURN(const std::vector<std::string> words,
                   ceremony::Rehearse(plan, inputs, environment.random, now));
  if (dry_run_) {
    environment.out << FormatFacts({{"Ceremony", plan.id},
                                    {"SHA-256 of its file", Sha256Hex(text)},
                                    {"Outputs", plan.output_dir}})
                    << "\n"
                    << StepTable(plan, words)
                    << "\nRehearsed with throw-away keys, which give other "
                       "serial numbers and key\nidentifiers. Nothing was "
                       "touched.\n";
    return true;
  }
  const auto done = ceremony::Perform(plan, text, inputs, environment.clock,
                                      environment.random);
  if (absl::IsAlreadyExists(done.status())) exit_code_ = kExitPerformed;
  RETURN_IF_ERROR(done.status());
  std::vector<std::vector<std::string>> rows;
  for (const ceremony::Performed::Step& step : done->steps) {
    rows.push_back(
        {absl::StrCat(step.number), step.kind, Printable(step.done)});
  }
  environment.out << FormatTable({"STEP", "KIND", "WHAT"}, rows) << "\n"
                  << FormatFacts({{"Ceremony", plan.id},
                                  {"Outputs", plan.output_dir},
                                  {"Transcript", done->transcript}});
  for (const std::string& problem : done->problems) {
    environment.out << "WRONG: " << Printable(problem) << "\n";
  }
  ASSIGN_OR_RETURN(const auto check,
                   ceremony::VerifyTranscript(done->transcript, {}, ""));
  if (check.signed_by.size() < check.needed) {
    environment.out << "Not signed by enough operators yet: chancery ceremony "
                       "sign "
                    << done->transcript << " --as NAME\n";
  }
  return done->problems.empty();
}

absl::StatusOr<bool> CeremonyCommand::Sign(
    const Environment& environment) const {
  crypto::KeyOpener opener;
  ASSIGN_OR_RETURN(const auto key,
                   opener.Open({.file = key_file_,
                                .pkcs11_uri = pkcs11_uri_,
                                .pkcs11_module = pkcs11_module_,
                                .secret = {.file = pin_file_}}));
  RETURN_IF_ERROR(ceremony::AddTranscriptSignature(transcript_, as_, *key));
  environment.out << FormatFacts(
      {{"Transcript", transcript_}, {"Signed by", as_}});
  return true;
}

absl::StatusOr<bool> CeremonyCommand::Verify(
    const Environment& environment) const {
  std::vector<crypto::PublicKey> trusted;
  for (const std::string& path : operator_files_) {
    ASSIGN_OR_RETURN(crypto::PublicKey key, ReadPublicKey(path));
    trusted.push_back(std::move(key));
  }
  std::string sha256;
  if (!ceremony_file_.empty()) {
    ASSIGN_OR_RETURN(const std::string text,
                     base::ReadFile(ceremony_file_, 4 << 20));
    const auto digest = crypto::Sha256(base::AsBytes(text));
    sha256 = base::ToString(digest);
  }
  ASSIGN_OR_RETURN(const auto check,
                   ceremony::VerifyTranscript(transcript_, trusted, sha256));
  environment.out << CheckText(check);
  return check.right;
}

}  // namespace chancery::cli
