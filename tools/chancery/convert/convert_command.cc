#include "tools/chancery/convert/convert_command.h"

#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tools/chancery/convert/bundle_files.h"
#include "tools/chancery/convert/password_option.h"
#include "tools/chancery/text.h"
#include "x509/bundle/order.h"

namespace chancery::cli {
namespace {

constexpr char kInPassword[] = "--in-password";
constexpr char kOutPassword[] = "--out-password";

const base::Secret* Pointer(const std::optional<base::Secret>& secret) {
  return secret.has_value() ? &*secret : nullptr;
}

absl::Status Usage(absl::string_view message) {
  return absl::InvalidArgumentError(message);
}

std::string CountText(size_t certificates, bool key) {
  return absl::StrCat(certificates, " certificate",
                      certificates == 1 ? "" : "s",
                      key ? " and a private key" : "");
}

}  // namespace

std::string ConvertCommand::example() const {
  return "chancery convert www.pem chain.pem --key www.key --to pkcs12 \\\n"
         "      --out-password file:password --out www.p12\n"
         "  chancery convert www.p12 --in-password file:password --to pem \\\n"
         "      --out www.pem --key-out www.key --no-encryption\n"
         "  chancery convert www.pem chain.pem --to pkcs7-der --out www.p7b\n"
         "Which format a file has, it says itself. Certificates are put in the "
         "order in which\nservers send them. docs/formats.md says who reads "
         "which format.";
}

void ConvertCommand::Declare(OptionSet& options) {
  options.AddTexts({.name = "file",
                    .value = "FILE ...",
                    .help = "PEM, DER, PKCS #7, PKCS #12 or PKCS #8",
                    .required = true},
                   files_);
  options.AddText({.name = "--to",
                   .value = "FORMAT",
                   .help = absl::StrCat("One of ", BundleFormatNames()),
                   .required = true},
                  to_);
  options.AddText({.name = "--out",
                   .value = "FILE",
                   .help = "Where it goes; mode 0600 if a key is in it",
                   .required = true},
                  out_);
  options.AddText({.name = "--key",
                   .value = "FILE",
                   .help = "The private key, where no FILE has it"},
                  key_);
  options.AddText({.name = "--key-out",
                   .value = "FILE",
                   .help = "Where the private key goes (PKCS #8, PEM) when "
                           "FORMAT is for certificates"},
                  key_out_);
  options.AddText({.name = kInPassword,
                   .value = "SOURCE",
                   .help = absl::StrCat("The password of what is read: ",
                                        kPasswordSourceHelp)},
                  in_password_);
  options.AddText({.name = kOutPassword,
                   .value = "SOURCE",
                   .help = "The password of what is written"},
                  out_password_);
  options.AddFlag(
      {.name = "--no-encryption", .help = "Write PKCS #8 in the clear"},
      no_encryption_);
  options.AddText({.name = "--kdf",
                   .value = "NAME",
                   .help = "How PKCS #8 makes its key from a password: pbkdf2 "
                           "or scrypt"},
                  derivation_);
  options.AddFlag({.name = "--legacy",
                   .help = "PKCS #12 as programs of before 2018 need it: "
                           "triple DES and SHA-1, which protect little"},
                  legacy_);
  options.AddText({.name = "--name",
                   .value = "TEXT",
                   .help = "PKCS #12's friendly name, Java's alias"},
                  name_);
  options.AddFlag({.name = "--leaf",
                   .help = "Only the first certificate, without its chain"},
                  leaf_);
  options.AddFlag({.name = "--force", .help = "Replace files that are there"},
                  force_);
}

absl::Status ConvertCommand::Check() const {
  const auto format = BundleFormatFromName(to_);
  if (!format.ok())
    return Usage(absl::StrCat("--to: ", format.status().message()));
  for (const auto& [option, value] :
       {std::pair(kInPassword, &in_password_),
        std::pair(kOutPassword, &out_password_)}) {
    if (!value->empty()) {
      RETURN_IF_ERROR(ParsePasswordSource(option, *value).status());
    }
  }
  if (derivation_ != "pbkdf2" && derivation_ != "scrypt") {
    return Usage(absl::StrCat("--kdf: value `", derivation_,
                              "`: must be pbkdf2 or scrypt"));
  }
  if (!key_out_.empty() && HoldsKey(*format)) {
    return Usage(absl::StrCat("--key-out: ", to_, " has the key in --out"));
  }
  if (key_out_ == out_) return Usage("--key-out: is the file of --out");
  const bool pkcs12 = *format == BundleFormat::kPkcs12;
  if (pkcs12 && out_password_.empty()) {
    return Usage("--out-password: is needed for pkcs12");
  }
  if (legacy_ && !pkcs12) return Usage("--legacy: is for --to pkcs12");
  if (!name_.empty() && !pkcs12) return Usage("--name: is for --to pkcs12");
  const bool pkcs8 = !key_out_.empty() || (HoldsKey(*format) && !pkcs12);
  if (pkcs8 && out_password_.empty() != no_encryption_) {
    return Usage(
        "a private key is written: either --out-password SOURCE or "
        "--no-encryption");
  }
  if (no_encryption_ && !pkcs8) {
    return Usage("--no-encryption: is for a private key in PKCS #8");
  }
  return absl::OkStatus();
}

absl::StatusOr<x509::Bundle> ConvertCommand::ReadAll() const {
  ASSIGN_OR_RETURN(const auto password,
                   ReadPassword(kInPassword, in_password_));
  x509::Bundle all;
  for (const std::string& path : files_) {
    ASSIGN_OR_RETURN(x509::Bundle one, ReadBundleFile(path, Pointer(password)));
    if (const auto added = x509::AddToBundle(std::move(one), all);
        !added.ok()) {
      return Usage(absl::StrCat(path, ": ", added.message()));
    }
  }
  if (!key_.empty()) {
    if (all.key.has_value()) {
      return Usage("--key: there is a private key in what is read already");
    }
    ASSIGN_OR_RETURN(all.key, ReadKeyFile(key_, Pointer(password)));
  }
  if (!all.certificates.empty()) {
    RETURN_IF_ERROR(x509::OrderLeafFirst(
        all.key.has_value() ? &*all.key : nullptr, all.certificates));
  }
  if (leaf_ && all.certificates.size() > 1) all.certificates.resize(1);
  if (!name_.empty()) all.friendly_name = name_;
  return all;
}

BundleSettings ConvertCommand::Settings(BundleFormat format,
                                        const base::Secret* password) const {
  return {.format = format,
          .password = password,
          .legacy = legacy_,
          .derivation = derivation_ == "scrypt"
                            ? crypto::Pkcs8Form::Derivation::kScrypt
                            : crypto::Pkcs8Form::Derivation::kPbkdf2};
}

absl::Status ConvertCommand::WriteAll(x509::Bundle bundle,
                                      const base::Secret* password) {
  ASSIGN_OR_RETURN(const BundleFormat format, BundleFormatFromName(to_));
  // Everything that can be wrong comes before the first file.
  base::Secret key;
  if (!key_out_.empty()) {
    RETURN_IF_ERROR(force_ ? absl::OkStatus() : CheckNotThere(key_out_));
    if (!bundle.key.has_value()) {
      return absl::InvalidArgumentError(
          "--key-out: there is no private key in what is read");
    }
    ASSIGN_OR_RETURN(
        key,
        bundle.key->Encode(
            {.derivation = Settings(format, password).derivation}, password));
  }
  RETURN_IF_ERROR(force_ ? absl::OkStatus() : CheckNotThere(out_));
  const bool with_key = HoldsKey(format);
  ASSIGN_OR_RETURN(const base::Secret content,
                   EncodeBundle(std::move(bundle), Settings(format, password)));
  if (!key_out_.empty()) {
    RETURN_IF_ERROR(WriteBundleFile(key_out_, key, true, force_));
  }
  const absl::Status written = WriteBundleFile(out_, content, with_key, force_);
  // Without --force the key's file was made here, a moment ago.
  if (!written.ok() && !key_out_.empty() && !force_) {
    std::remove(key_out_.c_str());
  }
  return written;
}

absl::StatusOr<bool> ConvertCommand::Run(const Environment& environment) {
  ASSIGN_OR_RETURN(x509::Bundle bundle, ReadAll());
  ASSIGN_OR_RETURN(const auto password,
                   ReadPassword(kOutPassword, out_password_));
  ASSIGN_OR_RETURN(const BundleFormat format, BundleFormatFromName(to_));
  const size_t certificates = bundle.certificates.size();
  const bool key = bundle.key.has_value();
  const bool only_key = HoldsKey(format) && format != BundleFormat::kPkcs12;
  RETURN_IF_ERROR(WriteAll(std::move(bundle), Pointer(password)));
  environment.out << absl::StrCat(
      Printable(out_), ": ",
      only_key ? "a private key"
               : CountText(certificates, key && HoldsKey(format)),
      "\n");
  if (!key_out_.empty()) {
    environment.out << Printable(key_out_) << ": a private key\n";
  } else if (key && !HoldsKey(format)) {
    environment.err << "The private key is left out: " << to_
                    << " holds none. --key-out FILE writes it.\n";
  }
  if (only_key && certificates > 0) {
    environment.err << "The certificates are left out: " << to_
                    << " holds none.\n";
  }
  return true;
}

}  // namespace chancery::cli
