#include "crypto/pkcs7.h"

#include <openssl/objects.h>

#include "absl/strings/str_cat.h"
#include "crypto/pkcs12_handles.h"
#include "der/writer.h"

namespace chancery::crypto {
namespace {

constexpr size_t kMaxSize = 16 << 20;

// 1.2.840.113549.1.7.1 and .2.
constexpr char kData[] = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
constexpr char kSignedData[] = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";

}  // namespace

std::string EncodePkcs7(const std::vector<std::string>& certificates) {
  der::Writer out;
  // ContentInfo ::= SEQUENCE { contentType, content [0] EXPLICIT }
  out.AddSequence([&](der::Writer& info) {
    info.AddOid(kSignedData);
    info.AddNested(der::Explicit(0), [&](der::Writer& content) {
      content.AddSequence([&](der::Writer& data) {
        data.AddInteger(1);  // version
        data.AddSetOf({});   // digestAlgorithms
        data.AddSequence([](der::Writer& nothing) { nothing.AddOid(kData); });
        data.AddNested(der::ImplicitConstructed(0), [&](der::Writer& set) {
          for (const std::string& certificate : certificates) {
            set.AddElement(certificate);
          }
        });
        data.AddSetOf({});  // signerInfos
      });
    });
  });
  return out.Take();
}

absl::StatusOr<std::vector<std::string>> ReadPkcs7(base::Bytes file) {
  if (file.size() > kMaxSize) {
    return absl::InvalidArgumentError("PKCS #7: over 16 MiB");
  }
  const unsigned char* at = file.data();
  const Pkcs7Ptr parsed(
      d2i_PKCS7(nullptr, &at, static_cast<long>(file.size())));
  if (!parsed || at != file.data() + file.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("PKCS #7: malformed: ", TakeOpenSslErrors()));
  }
  if (OBJ_obj2nid(parsed->type) != NID_pkcs7_signed ||
      parsed->d.sign == nullptr) {
    return absl::InvalidArgumentError(
        "PKCS #7: not SignedData, the type that holds certificates");
  }
  std::vector<std::string> out;
  const STACK_OF(X509)* certificates = parsed->d.sign->cert;
  for (int i = 0; i < sk_X509_num(certificates); ++i) {
    out.push_back(DerOf(sk_X509_value(certificates, i)));
  }
  return out;
}

}  // namespace chancery::crypto
