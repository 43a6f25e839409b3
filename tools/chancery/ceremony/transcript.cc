#include "tools/chancery/ceremony/transcript.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "block/manifest.h"
#include "chancery/config/ceremony_transcript.pb.h"
#include "crypto/digest.h"
#include "google/protobuf/text_format.h"
#include "rpc/config.h"
#include "tools/chancery/ceremony/certificate_fields.h"
#include "tools/chancery/ceremony/plan.h"

namespace chancery::cli::ceremony {
namespace {

constexpr char kType[] = "ceremony";
constexpr size_t kMaxSignature = 8 << 10;
constexpr size_t kMaxOutput = 256 << 20;

struct Opened {
  std::string text;
  std::string folder;
  config::CeremonyTranscript transcript;
};

absl::StatusOr<Opened> OpenTranscript(const std::string& path) {
  Opened out;
  ASSIGN_OR_RETURN(out.text, base::ReadFile(path));
  out.folder = std::filesystem::path(path).parent_path().string();
  if (out.folder.empty()) out.folder.assign(1, '.');
  RETURN_IF_ERROR(rpc::ParseTextproto(out.text, path, out.transcript));
  for (const auto& one : out.transcript.operator_()) {
    RETURN_IF_ERROR(CheckSlug("operator.name", one.name()));
  }
  return out;
}

absl::StatusOr<crypto::PublicKey> KeyOf(
    const config::CeremonyTranscript::Operator& one) {
  const auto spki = base::FromHex(one.public_key());
  if (!spki.has_value()) {
    return absl::InvalidArgumentError("public_key: is not hexadecimal");
  }
  ASSIGN_OR_RETURN(crypto::PublicKey key,
                   crypto::PublicKey::FromSpki(base::AsBytes(*spki)));
  if (base::Hex(block::KeyIdOf(key)) != one.key_id()) {
    return absl::InvalidArgumentError("key_id: is not that of public_key");
  }
  return key;
}

// A file's name without a way out of its folder.
bool IsPlain(const std::string& name) {
  return !name.empty() && name[0] != '.' && !absl::StrContains(name, '/');
}

std::string Sha256Hex(const std::string& bytes) {
  return base::Hex(crypto::Sha256(base::AsBytes(bytes)));
}

// Empty if the file is as the transcript says.
std::string CheckFile(const std::string& folder, const std::string& name,
                      const std::string& sha256) {
  if (!IsPlain(name)) return absl::StrCat(name, ": is not a plain name");
  const auto content =
      base::ReadFile(absl::StrCat(folder, "/", name), kMaxOutput);
  if (!content.ok()) return std::string(content.status().message());
  if (Sha256Hex(*content) == sha256) return "";
  return absl::StrCat(name, ": has changed since the ceremony");
}

// Empty if the operator has signed, rightly and with a key that counts.
std::string CheckSignature(const Opened& opened,
                           const config::CeremonyTranscript::Operator& one,
                           const std::vector<crypto::PublicKey>& trusted) {
  const auto key = KeyOf(one);
  if (!key.ok()) return std::string(key.status().message());
  if (!trusted.empty() &&
      std::find(trusted.begin(), trusted.end(), *key) == trusted.end()) {
    return "the key is not one of those that were named";
  }
  const auto signature = base::ReadFile(
      absl::StrCat(opened.folder, "/", SignatureFile(one.name())),
      kMaxSignature);
  if (absl::IsNotFound(signature.status())) return "has not signed";
  if (!signature.ok()) return std::string(signature.status().message());
  const absl::Status verified = block::Verify(kType,
                                              {.message = opened.text,
                                               .key_id = block::KeyIdOf(*key),
                                               .signature = *signature},
                                              *key);
  return verified.ok() ? "" : "the signature is wrong";
}

}  // namespace

std::string PrintTranscript(const config::CeremonyTranscript& transcript) {
  std::string text;
  google::protobuf::TextFormat::Printer printer;
  printer.SetUseUtf8StringEscaping(true);
  printer.PrintToString(transcript, &text);
  return absl::StrCat(
      "# The transcript of a ceremony: a chancery.config.CeremonyTranscript.\n"
      "# Operators sign these bytes, so nothing here may be changed.\n",
      text);
}

std::string SignatureFile(absl::string_view operator_name) {
  return absl::StrCat(kTranscriptFile, ".", operator_name, ".sig");
}

absl::StatusOr<std::string> SignTranscript(const std::string& text,
                                           const crypto::SigningKey& key) {
  ASSIGN_OR_RETURN(block::Signed made, block::Sign(kType, text, key));
  return std::move(made.signature);
}

absl::Status AddTranscriptSignature(const std::string& path,
                                    const std::string& name,
                                    const crypto::SigningKey& key) {
  ASSIGN_OR_RETURN(const Opened opened, OpenTranscript(path));
  const auto& all = opened.transcript.operator_();
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& one) {
    return one.name() == name;
  });
  if (found == all.end()) {
    return absl::NotFoundError(
        absl::StrCat(path, ": names no operator \"", name, "\""));
  }
  ASSIGN_OR_RETURN(const crypto::PublicKey expected, KeyOf(*found));
  if (!(key.public_key() == expected)) {
    return absl::FailedPreconditionError(absl::StrCat(
        path, ": the key of operator \"", name, "\" is another one"));
  }
  ASSIGN_OR_RETURN(const std::string signature,
                   SignTranscript(opened.text, key));
  return base::CreateFile(absl::StrCat(opened.folder, "/", SignatureFile(name)),
                          base::AsBytes(signature));
}

absl::StatusOr<TranscriptCheck> VerifyTranscript(
    const std::string& path, const std::vector<crypto::PublicKey>& trusted,
    absl::string_view ceremony_sha256) {
  ASSIGN_OR_RETURN(const Opened opened, OpenTranscript(path));
  const config::CeremonyTranscript& transcript = opened.transcript;
  TranscriptCheck check;
  check.id = transcript.id();
  // A transcript that asks for nobody proves nothing.
  check.needed = std::max<size_t>(transcript.operators_needed(), 1);
  const auto problem = [&](std::string words) {
    check.right = false;
    check.problems.push_back(std::move(words));
  };
  std::vector<std::string> keys;
  for (const auto& one : transcript.operator_()) {
    const std::string wrong = CheckSignature(opened, one, trusted);
    if (wrong.empty() &&
        std::find(keys.begin(), keys.end(), one.key_id()) == keys.end()) {
      keys.push_back(one.key_id());
      check.signed_by.push_back(one.name());
    } else if (wrong == "the signature is wrong") {
      problem(absl::StrCat("operator ", one.name(), ": ", wrong));
    }
  }
  if (check.signed_by.size() < check.needed) {
    problem(absl::StrCat(
        check.signed_by.size(), " of ", transcript.operator__size(),
        " operators have signed, and ", check.needed, " have to"));
  }
  if (!ceremony_sha256.empty() &&
      transcript.ceremony_sha256() !=
          base::Hex(base::AsBytes(ceremony_sha256))) {
    problem("it is of another ceremony's file than the one that was named");
  }
  const std::string copied =
      CheckFile(opened.folder, kCeremonyFile, transcript.ceremony_sha256());
  if (!copied.empty()) problem(copied);
  for (const auto& file : transcript.output()) {
    const std::string wrong =
        CheckFile(opened.folder, file.name(), file.sha256());
    if (wrong.empty()) {
      ++check.files;
    } else {
      problem(wrong);
    }
  }
  for (const auto& step : transcript.step()) {
    if (step.failure().empty()) continue;
    problem(absl::StrCat("step ", step.number(), " ", step.kind(), ": ",
                         step.failure()));
  }
  return check;
}

}  // namespace chancery::cli::ceremony
