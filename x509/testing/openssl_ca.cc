#include "x509/testing/openssl_ca.h"

#include <optional>

#include "base/bytes.h"
#include "crypto/testing/command.h"
#include "der/reader.h"
#include "gtest/gtest.h"

namespace chancery::x509::testing {
namespace {

using crypto::testing::Shell;
using crypto::testing::TempPath;
using crypto::testing::WriteTemp;

std::string SubjectOf(const std::string& certificate) {
  der::Reader in(base::AsBytes(certificate)), outer, tbs;
  std::optional<base::Bytes> version;
  base::Bytes serial, algorithm, issuer, validity, subject;
  const bool read = in.ReadSequence(outer) && outer.ReadSequence(tbs) &&
                    tbs.ReadOptional(der::Explicit(0), version) &&
                    tbs.ReadUnsigned(serial) &&
                    tbs.ReadElement(der::Tag::kSequence, algorithm) &&
                    tbs.ReadElement(der::Tag::kSequence, issuer) &&
                    tbs.ReadElement(der::Tag::kSequence, validity) &&
                    tbs.ReadElement(der::Tag::kSequence, subject);
  EXPECT_TRUE(read);
  return base::ToString(subject);
}

}  // namespace

OpenSslCa::OpenSslCa(const std::string& name, const std::string& key)
    : name_(name) {
  Shell("openssl genpkey " + key + " -out " + Path("key"));
  Shell("openssl req -x509 -new -key " + Path("key") +
        " -subj '/O=Test/CN=" + name + "' -days 30 -out " + Path("pem"));
  subject_ =
      SubjectOf(Shell("openssl x509 -in " + Path("pem") + " -outform DER"));
  const std::string pem = Shell("cat " + Path("key"));
  auto parsed = crypto::ParsePrivateKeyPem(base::AsBytes(pem), nullptr);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  key_ = *std::move(parsed);
}

void OpenSslCa::WriteIndex(const std::vector<Row>& rows) const {
  std::string text;
  for (const Row& row : rows) {
    text += (row.revoked.empty() ? "V" : "R") +
            std::string("\t491231235959Z\t") + row.revoked + "\t" + row.serial +
            "\tunknown\t/CN=" + row.serial + "\n";
  }
  WriteTemp(name_ + ".index", text);
}

void OpenSslCa::MakeDelegate(const std::string& extensions) const {
  const std::string section =
      WriteTemp(name_ + ".delegate.cnf", extensions + "\n");
  Shell(
      "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
      "-subj /CN=Delegate -keyout " +
      Path("delegate.key") + " -out " + Path("delegate.csr"));
  Shell("openssl x509 -req -days 10 -in " + Path("delegate.csr") + " -CA " +
        Path("pem") + " -CAkey " + Path("key") + " -set_serial 99 -extfile " +
        section + " -out " + Path("delegate.pem"));
}

std::string OpenSslCa::Path(const std::string& ending) const {
  return TempPath(name_ + "." + ending);
}

}  // namespace chancery::x509::testing
