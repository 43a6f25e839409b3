#include "tools/chancery/certificate_output.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "tools/chancery/convert/bundle_files.h"
#include "tools/chancery/convert/bundle_format.h"
#include "tools/chancery/convert/password_option.h"
#include "x509/bundle/bundle.h"

namespace chancery::cli {
namespace {

constexpr char kInPassword[] = "--in-password";
constexpr char kOutPassword[] = "--out-password";
constexpr char kFormats[] = "pem, der, pkcs7, pkcs7-der or pkcs12";

// Files are written by a rename: it is the folder that must let us.
absl::Status CheckWritable(absl::string_view option, const std::string& path) {
  if (path.empty()) return absl::OkStatus();
  const auto fails = [&](absl::string_view why) {
    return absl::FailedPreconditionError(
        absl::StrCat(option, ": ", path, ": cannot be written: ", why));
  };
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return fails("is a folder");
  const std::filesystem::path parent =
      std::filesystem::path(path).parent_path();
  const std::string folder =
      parent.empty() ? std::string(".") : parent.string();
  if (!std::filesystem::is_directory(folder, error)) {
    return fails(absl::StrCat(folder, " is no folder"));
  }
  // Tried: access() knows of neither full disks nor file systems that take
  // none.
  std::string probe = path + ".XXXXXX";
  const int file = mkostemp(probe.data(), O_CLOEXEC);
  if (file < 0) return fails(std::strerror(errno));
  close(file);
  unlink(probe.c_str());
  return absl::OkStatus();
}

absl::Status Usage(absl::string_view message) {
  return absl::InvalidArgumentError(message);
}

}  // namespace

void CertificateOutput::Declare(OptionSet& options) {
  options.AddText(
      {.name = "--out",
       .value = "FILE",
       .help = "Where the certificate goes, and behind it its chain "
               "without the root unless --chain-out is given. "
               "Without it, both are printed"},
      out_);
  options.AddText({.name = "--chain-out",
                   .value = "FILE",
                   .help = "Where the chain goes instead (PEM)"},
                  chain_out_);
  options.AddText({.name = "--format",
                   .value = "FORMAT",
                   .help = absl::StrCat("Of --out: ", kFormats)},
                  format_);
  options.AddText({.name = "--key",
                   .value = "FILE",
                   .help = "The private key that goes into pkcs12; it never "
                           "leaves this machine"},
                  key_file_);
  options.AddText(
      {.name = kInPassword,
       .value = "SOURCE",
       .help = absl::StrCat("The password of --key: ", kPasswordSourceHelp)},
      in_password_);
  options.AddText({.name = kOutPassword,
                   .value = "SOURCE",
                   .help = "The password of pkcs12"},
                  out_password_);
  options.AddText({.name = "--name",
                   .value = "TEXT",
                   .help = "The friendly name in pkcs12, Java's alias"},
                  name_);
  options.AddFlag(
      {.name = "--legacy", .help = "pkcs12 as programs of before 2018 need it"},
      legacy_);
  options.AddFlag({.name = "--force",
                   .help = "Replace --out though a private key goes there"},
                  force_);
}

absl::Status CertificateOutput::Check() const {
  const auto format = BundleFormatFromName(format_);
  if (!format.ok() || *format == BundleFormat::kPkcs8 ||
      *format == BundleFormat::kPkcs8Der) {
    return Usage(
        absl::StrCat("--format: value `", format_, "`: must be ", kFormats));
  }
  if (*format != BundleFormat::kPem && out_.empty()) {
    return Usage("--out: is needed with --format");
  }
  if (*format == BundleFormat::kDer && chain_out_.empty()) {
    return Usage(
        "--chain-out: is needed with --format der, which holds one "
        "certificate");
  }
  if (*format != BundleFormat::kPkcs12) {
    if (!key_file_.empty() || !in_password_.empty() || !out_password_.empty() ||
        !name_.empty() || legacy_) {
      return Usage(
          "--key, --in-password, --out-password, --name and --legacy: are for "
          "--format pkcs12");
    }
    return absl::OkStatus();
  }
  if (key_file_.empty() || out_password_.empty()) {
    return Usage("--format pkcs12: needs --key and --out-password");
  }
  RETURN_IF_ERROR(ParsePasswordSource(kOutPassword, out_password_).status());
  if (in_password_.empty()) return absl::OkStatus();
  return ParsePasswordSource(kInPassword, in_password_).status();
}

absl::Status CertificateOutput::Prepare() {
  RETURN_IF_ERROR(CheckWritable("--out", out_));
  RETURN_IF_ERROR(CheckWritable("--chain-out", chain_out_));
  if (key_file_.empty()) return absl::OkStatus();
  if (!force_) RETURN_IF_ERROR(CheckNotThere(out_));
  ASSIGN_OR_RETURN(const auto in_password,
                   ReadPassword(kInPassword, in_password_));
  ASSIGN_OR_RETURN(
      key_, ReadKeyFile(key_file_,
                        in_password.has_value() ? &*in_password : nullptr));
  ASSIGN_OR_RETURN(password_, ReadPassword(kOutPassword, out_password_));
  return absl::OkStatus();
}

absl::Status CertificateOutput::Write(const std::string& certificate,
                                      const std::vector<std::string>& chain) {
  if (!out_.empty()) {
    ASSIGN_OR_RETURN(const BundleFormat format, BundleFormatFromName(format_));
    x509::Bundle bundle{.certificates = {certificate}, .friendly_name = name_};
    if (chain_out_.empty() && format != BundleFormat::kDer) {
      bundle.certificates.insert(bundle.certificates.end(), chain.begin(),
                                 chain.end());
    }
    bundle.key = std::move(key_);
    key_.reset();
    const bool with_key = bundle.key.has_value();
    ASSIGN_OR_RETURN(
        const base::Secret content,
        EncodeBundle(std::move(bundle),
                     {.format = format,
                      .password = password_.has_value() ? &*password_ : nullptr,
                      .legacy = legacy_}));
    // A certificate is replaced when it is renewed; a key is not lost so.
    RETURN_IF_ERROR(
        WriteBundleFile(out_, content, with_key, !with_key || force_));
  }
  if (chain_out_.empty() || chain.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const base::Secret pem,
                   EncodeBundle({.certificates = chain}, BundleSettings()));
  return WriteBundleFile(chain_out_, pem, /*with_key=*/false,
                         /*replace=*/true);
}

}  // namespace chancery::cli
