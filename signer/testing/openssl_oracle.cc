#include "signer/testing/openssl_oracle.h"

#include <cstdlib>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "crypto/testing/command.h"
#include "gtest/gtest.h"
#include "x509/certificate/pem.h"

namespace chancery::signer::testing {
namespace {

using crypto::testing::Shell;
using crypto::testing::Succeeds;
using crypto::testing::WriteTemp;

// "Jan 15 08:00:00 2027 GMT"
absl::Time ParseOpenSslTime(absl::string_view text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime("%b %d %H:%M:%S %Y GMT",
                              std::string(absl::StripAsciiWhitespace(text)),
                              &time, &error))
      << text << ": " << error;
  return time;
}

// -attime is for certificates alone; a response's times are for tests to check.
constexpr char kAnyTimes[] = " -validity_period 1000000000";

std::string At(absl::Time now) {
  return absl::StrCat(" -attime ", absl::ToUnixSeconds(now));
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    lines.emplace_back(absl::StripAsciiWhitespace(line));
  }
  return lines;
}

// What follows `label` if `line` starts with it.
std::optional<std::string> After(absl::string_view line,
                                 absl::string_view label) {
  if (!absl::ConsumePrefix(&line, label)) return std::nullopt;
  return std::string(absl::StripAsciiWhitespace(line));
}

}  // namespace

OpenSslOracle::OpenSslOracle(const Issuer& issuer)
    : ca_file_(WriteTemp(
          issuer.name + ".pem",
          x509::EncodePem("CERTIFICATE", base::AsBytes(issuer.certificate)))) {}

bool OpenSslOracle::VerifiesCertificate(const std::string& der,
                                        absl::Time now) const {
  const std::string leaf =
      WriteTemp("leaf.pem", x509::EncodePem("CERTIFICATE", base::AsBytes(der)));
  return Succeeds("openssl verify -x509_strict -CAfile " + ca_file_ + At(now) +
                  " " + leaf);
}

std::string OpenSslOracle::CertificateText(const std::string& der) const {
  return Shell("openssl x509 -inform DER -noout -text -in " +
               WriteTemp("leaf.der", der));
}

OpenSslOracle::Ocsp OpenSslOracle::AskOcsp(const std::string& response,
                                           const std::string& serial,
                                           absl::Time now,
                                           const std::string& hash) const {
  const std::string command = "openssl ocsp -issuer " + ca_file_ + " -" + hash +
                              " -serial 0x" + base::Hex(base::AsBytes(serial)) +
                              " -CAfile " + ca_file_ + At(now) + kAnyTimes +
                              " -respin " + WriteTemp("response.der", response);
  Ocsp out;
  if (!Succeeds(command)) {
    out.status = "openssl refuses it: " + Shell(command + " 2>&1 || true");
    return out;
  }
  for (const std::string& line : Lines(Shell(command))) {
    if (absl::StartsWith(line, "0x")) {
      out.status = line.substr(line.find(": ") + 2);
    }
    if (auto text = After(line, "This Update:"))
      out.this_update = ParseOpenSslTime(*text);
    if (auto text = After(line, "Next Update:"))
      out.next_update = ParseOpenSslTime(*text);
    if (auto text = After(line, "Reason:")) out.reason = *text;
    if (auto text = After(line, "Revocation Time:"))
      out.revoked_at = ParseOpenSslTime(*text);
  }
  return out;
}

OpenSslOracle::Crl OpenSslOracle::ReadCrl(const std::string& der) const {
  const std::string openssl =
      "openssl crl -inform DER -in " + WriteTemp("test.crl", der);
  Crl out;
  out.verified = Succeeds(openssl + " -noout -verify -CAfile " + ca_file_ +
                          " 2>&1 | " + "grep -q '^verify OK'");
  const std::string number = Shell(openssl + " -noout -crlnumber");
  out.number =
      std::strtoull(number.substr(number.find("0x") + 2).c_str(), nullptr, 16);
  Crl::Entry* entry = nullptr;
  bool reason_follows = false;
  for (const std::string& line : Lines(Shell(openssl + " -noout -text"))) {
    if (auto text = After(line, "Issuer:")) out.issuer = *text;
    if (auto text = After(line, "Last Update:"))
      out.this_update = ParseOpenSslTime(*text);
    if (auto text = After(line, "Next Update:"))
      out.next_update = ParseOpenSslTime(*text);
    if (auto text = After(line, "Serial Number:"))
      entry = &out.entries[*base::FromHex(*text)];
    if (auto text = After(line, "Revocation Date:"))
      entry->revoked_at = ParseOpenSslTime(*text);
    if (reason_follows) entry->reason = line;
    reason_follows = absl::StartsWith(line, "X509v3 CRL Reason Code:");
  }
  return out;
}

}  // namespace chancery::signer::testing
