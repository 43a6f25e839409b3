#include <openssl/asn1.h>
#include <openssl/objects.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "base/utf8.h"
#include "crypto/digest.h"
#include "crypto/pkcs12.h"
#include "crypto/pkcs12_handles.h"
#include "crypto/portable_key_state.h"

namespace chancery::crypto {
namespace {

// Oracle's "trusted key usage", whose value lists what a certificate is trusted
// for: here anything.
constexpr char kTrustedKeyUsage[] = "2.16.840.1.113894.746875.1.1";

constexpr int kSaltSize = 16;

struct Algorithms {
  int encryption;  // Of key and certificates.
  const EVP_MD* mac;
  int rounds;
};

Algorithms AlgorithmsOf(Pkcs12Protection protection) {
  if (protection == Pkcs12Protection::kLegacy) {
    return {NID_pbe_WithSHA1And3_Key_TripleDES_CBC, EVP_sha1(), 2048};
  }
  return {NID_aes_256_cbc, EVP_sha256(), 250'000};
}

absl::Status Failed() {
  return absl::InternalError(
      absl::StrCat("cannot write PKCS #12: ", TakeOpenSslErrors()));
}

absl::Status Check(const Pkcs12& contents, const base::Secret& password) {
  if (password.empty() || !base::IsPlainText(password.Reveal())) {
    return absl::InvalidArgumentError(
        "password: must be UTF-8 without control characters and not empty");
  }
  if (contents.certificates.empty()) {
    return absl::InvalidArgumentError("PKCS #12: no certificate to put in");
  }
  if (!base::IsPlainText(contents.friendly_name)) {
    return absl::InvalidArgumentError(
        "friendly name: must be UTF-8 without control characters");
  }
  return absl::OkStatus();
}

absl::StatusOr<X509Ptr> ParseCertificate(const std::string& der) {
  const base::Bytes bytes = base::AsBytes(der);
  const unsigned char* at = bytes.data();
  X509Ptr certificate(d2i_X509(nullptr, &at, static_cast<long>(bytes.size())));
  if (certificate && at == bytes.data() + bytes.size()) return certificate;
  return absl::InvalidArgumentError(
      absl::StrCat("PKCS #12: not a certificate: ", TakeOpenSslErrors()));
}

bool AddName(PKCS12_SAFEBAG* bag, const std::string& name) {
  return name.empty() ||
         PKCS12_add_friendlyname_utf8(bag, name.data(),
                                      static_cast<int>(name.size())) == 1;
}

// How readers find the certificate of a key.
bool AddKeyId(PKCS12_SAFEBAG* bag, const std::string& certificate) {
  Sha1Digest id = Sha1(base::AsBytes(certificate));
  return PKCS12_add_localkeyid(bag, id.data(), static_cast<int>(id.size())) ==
         1;
}

bool MarkTrusted(PKCS12_SAFEBAG* bag) {
  return PKCS12_add1_attr_by_txt(bag, kTrustedKeyUsage, V_ASN1_OBJECT,
                                 reinterpret_cast<const unsigned char*>(
                                     OBJ_nid2obj(NID_anyExtendedKeyUsage)),
                                 -1) == 1;
}

absl::StatusOr<BagsPtr> CertificateBags(const Pkcs12& contents) {
  STACK_OF(PKCS12_SAFEBAG)* raw = nullptr;
  BagsPtr bags;
  for (size_t i = 0; i < contents.certificates.size(); ++i) {
    ASSIGN_OR_RETURN(const X509Ptr certificate,
                     ParseCertificate(contents.certificates[i]));
    bags.release();
    PKCS12_SAFEBAG* bag = PKCS12_add_cert(&raw, certificate.get());
    bags.reset(raw);
    bool added = bag != nullptr;
    if (contents.key.has_value()) {
      if (i == 0) {
        added = added && AddName(bag, contents.friendly_name) &&
                AddKeyId(bag, contents.certificates[0]);
      }
    } else {
      // Java needs a name for each, and they have to differ.
      const std::string name =
          contents.friendly_name.empty() ? "trusted" : contents.friendly_name;
      added = added && MarkTrusted(bag) &&
              AddName(bag, contents.certificates.size() == 1
                               ? name
                               : absl::StrCat(name, " ", i + 1));
    }
    if (!added) return Failed();
  }
  return bags;
}

absl::StatusOr<BagsPtr> KeyBags(const Pkcs12& contents, const char* password,
                                const Algorithms& algorithms) {
  STACK_OF(PKCS12_SAFEBAG)* raw = nullptr;
  PKCS12_SAFEBAG* bag =
      PKCS12_add_key(&raw, contents.key->state().pkey.get(), 0,
                     algorithms.rounds, algorithms.encryption, password);
  BagsPtr bags(raw);
  if (bag == nullptr || !AddName(bag, contents.friendly_name) ||
      !AddKeyId(bag, contents.certificates[0])) {
    return Failed();
  }
  return bags;
}

// Puts `bags` into a safe of its own; 0: one that is not encrypted again.
bool AddSafe(SafesPtr& safes, const BagsPtr& bags, int encryption, int rounds,
             const char* password) {
  STACK_OF(PKCS7)* raw = safes.release();
  const bool added =
      PKCS12_add_safe(&raw, bags.get(), encryption == 0 ? -1 : encryption,
                      rounds, password) == 1;
  safes.reset(raw);
  return added;
}

}  // namespace

absl::StatusOr<base::Secret> EncodePkcs12(const Pkcs12& contents,
                                          const base::Secret& password,
                                          Pkcs12Protection protection) {
  RETURN_IF_ERROR(Check(contents, password));
  const Algorithms algorithms = AlgorithmsOf(protection);
  if (contents.key.has_value()) {
    ASSIGN_OR_RETURN(const X509Ptr first,
                     ParseCertificate(contents.certificates[0]));
    const PKeyPtr public_key(X509_get_pubkey(first.get()));
    if (!public_key ||
        EVP_PKEY_eq(public_key.get(), contents.key->state().pkey.get()) != 1) {
      TakeOpenSslErrors();
      return absl::InvalidArgumentError(
          "PKCS #12: the private key is not the first certificate's");
    }
  }
  // OpenSSL wants it with a zero at its end, as a Secret's string has.
  const char* const text = password.Reveal().data();
  const int size = static_cast<int>(password.Reveal().size());

  SafesPtr safes;
  ASSIGN_OR_RETURN(const BagsPtr certificates, CertificateBags(contents));
  if (!AddSafe(safes, certificates, algorithms.encryption, algorithms.rounds,
               text)) {
    return Failed();
  }
  if (contents.key.has_value()) {
    ASSIGN_OR_RETURN(const BagsPtr keys, KeyBags(contents, text, algorithms));
    if (!AddSafe(safes, keys, 0, 0, nullptr)) return Failed();
  }
  const Pkcs12Ptr file(PKCS12_add_safes(safes.get(), 0));
  if (!file || PKCS12_set_mac(file.get(), text, size, nullptr, kSaltSize,
                              algorithms.rounds, algorithms.mac) != 1) {
    return Failed();
  }
  unsigned char* der = nullptr;
  const int length = i2d_PKCS12(file.get(), &der);
  if (length <= 0) return Failed();
  base::Secret out(
      std::string(reinterpret_cast<char*>(der), static_cast<size_t>(length)));
  OPENSSL_clear_free(der, static_cast<size_t>(length));
  return out;
}

}  // namespace chancery::crypto
