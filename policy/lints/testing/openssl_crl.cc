#include "policy/lints/testing/openssl_crl.h"

#include "crypto/testing/command.h"

namespace chancery::policy::lints::testing {
namespace {

using crypto::testing::Shell;
using crypto::testing::TempPath;
using crypto::testing::WriteTemp;

}  // namespace

OpenSslCrl OpenSslCrl::Revoked(const std::vector<std::string>& when) const {
  OpenSslCrl copy = *this;
  copy.revoked_ = when;
  return copy;
}

OpenSslCrl OpenSslCrl::Set(const std::string& name,
                           const std::string& value) const {
  OpenSslCrl copy = *this;
  copy.extensions_[name] = value;
  return copy;
}

OpenSslCrl OpenSslCrl::Point(const std::string& section) const {
  OpenSslCrl copy = Set("issuingDistributionPoint", "critical,@point");
  copy.point_ = section;
  return copy;
}

OpenSslCrl OpenSslCrl::Number(const std::string& number) const {
  OpenSslCrl copy = *this;
  copy.number_ = number;
  return copy;
}

OpenSslCrl OpenSslCrl::Days(int days) const {
  OpenSslCrl copy = *this;
  copy.days_ = days;
  return copy;
}

OpenSslCrl OpenSslCrl::Digest(const std::string& digest) const {
  OpenSslCrl copy = *this;
  copy.digest_ = digest;
  return copy;
}

std::string OpenSslCrl::Make() const {
  std::string index;
  for (size_t i = 0; i < revoked_.size(); ++i) {
    index += "R\t491231235959Z\t" + revoked_[i] + "\t515253545556575859" +
             std::to_string(60 + i) + "\tunknown\t/CN=" + std::to_string(i) +
             "\n";
  }
  std::string extensions;
  for (const auto& [name, value] : extensions_) {
    if (!value.empty()) extensions += name + "=" + value + "\n";
  }
  std::string database = "database=" + WriteTemp("crl.index", index) +
                         "\ndefault_md=" + digest_ +
                         "\ncrl_extensions=extensions\n";
  if (!number_.empty()) {
    database += "crlnumber=" + WriteTemp("crl.number", number_ + "\n") + "\n";
  }
  const std::string config =
      WriteTemp("crl.cnf", "[ca]\ndefault_ca=database\n[database]\n" +
                               database + "[extensions]\n" + extensions +
                               "[point]\n" + point_ + "\n");
  const std::string der =
      Shell("openssl ca -config " + config + " -gencrl -keyfile " +
            TempPath("ca.key") + " -cert " + TempPath("ca.pem") + " -crldays " +
            std::to_string(days_) + " | openssl crl -outform DER");
  return Edited(der);
}

}  // namespace chancery::policy::lints::testing
