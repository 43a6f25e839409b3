#include <openssl/asn1t.h>
#include <openssl/objects.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "crypto/legacy_algorithms.h"
#include "crypto/password_budget.h"
#include "crypto/pkcs12.h"
#include "crypto/pkcs12_handles.h"
#include "crypto/portable_key_state.h"
#include "crypto/private_key_reader.h"

namespace chancery::crypto {
namespace {

constexpr size_t kMaxSize = 16 << 20;
// Safe contents may lie in one another (RFC 7292 section 4.2.6); nobody does.
constexpr int kMaxDepth = 3;

absl::Status Malformed(absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("PKCS #12: ", what, ": malformed: ", TakeOpenSslErrors()));
}

absl::Status WrongPassword(const base::Secret* given) {
  TakeOpenSslErrors();
  if (given == nullptr) {
    return absl::PermissionDeniedError(
        "PKCS #12: it is encrypted and no password was given");
  }
  return absl::PermissionDeniedError(
      "PKCS #12: wrong password, or a file that was changed");
}

// Reads one file: collects what is in it.
class Reading {
 public:
  Reading(const base::Secret* password, const PasswordLimits& limits)
      : given_(password), budget_(limits) {}

  absl::StatusOr<Pkcs12> Read(PKCS12* file);

 private:
  absl::Status CheckMac(PKCS12* file);
  bool MacIsBy(PKCS12* file, const char* text, size_t size) const {
    return PKCS12_verify_mac(file, text, static_cast<int>(size)) == 1;
  }
  absl::Status ReadSafe(PKCS7* safe);
  absl::StatusOr<BagsPtr> Decrypt(const PKCS7* safe);
  absl::Status ReadBags(const STACK_OF(PKCS12_SAFEBAG) * bags, int depth);
  absl::Status ReadBag(PKCS12_SAFEBAG* bag, int depth);
  absl::Status ReadCertificate(PKCS12_SAFEBAG* bag);
  absl::Status TakeKey(PKCS12_SAFEBAG* bag, PKeyPtr pkey, bool encrypted);

  // Null: an empty password, in one of the two ways to derive a key from it.
  const char* text() const {
    if (given_ != nullptr) return given_->Reveal().data();
    return no_password_ ? nullptr : "";
  }
  size_t size() const {
    return given_ == nullptr ? 0 : given_->Reveal().size();
  }

  const base::Secret* const given_;
  const base::Secret empty_{std::string()};
  bool no_password_ = false;
  PasswordBudget budget_;
  LegacyAlgorithms legacy_;
  Pkcs12 out_;
};

absl::Status Reading::CheckMac(PKCS12* file) {
  if (PKCS12_mac_present(file) != 1) return absl::OkStatus();
  const ASN1_INTEGER* rounds = nullptr;
  PKCS12_get0_mac(nullptr, nullptr, nullptr, &rounds, file);
  RETURN_IF_ERROR(budget_.SpendIterations(rounds));
  if (MacIsBy(file, text(), size())) return absl::OkStatus();
  if (given_ == nullptr) {
    RETURN_IF_ERROR(budget_.SpendIterations(rounds));
    no_password_ = true;
    if (MacIsBy(file, text(), size())) return absl::OkStatus();
  }
  return WrongPassword(given_);
}

absl::StatusOr<BagsPtr> Reading::Decrypt(const PKCS7* safe) {
  const PKCS7_ENCRYPT* encrypted = safe->d.encrypted;
  if (encrypted == nullptr || encrypted->enc_data == nullptr ||
      encrypted->enc_data->algorithm == nullptr ||
      encrypted->enc_data->enc_data == nullptr) {
    return Malformed("encrypted safe");
  }
  const X509_ALGOR& algorithm = *encrypted->enc_data->algorithm;
  RETURN_IF_ERROR(budget_.Spend(algorithm));
  ASSIGN_OR_RETURN(OSSL_LIB_CTX* const context, legacy_.ContextFor(algorithm));
  BagsPtr bags(
      static_cast<STACK_OF(PKCS12_SAFEBAG)*>(PKCS12_item_decrypt_d2i_ex(
          &algorithm, ASN1_ITEM_rptr(PKCS12_SAFEBAGS), text(),
          static_cast<int>(size()), encrypted->enc_data->enc_data,
          /*zbuf=*/1, context, nullptr)));
  if (!bags) return WrongPassword(given_);
  return bags;
}

absl::Status Reading::ReadSafe(PKCS7* safe) {
  switch (OBJ_obj2nid(safe->type)) {
    case NID_pkcs7_data: {
      if (safe->d.data == nullptr) return Malformed("safe");
      const BagsPtr bags(PKCS12_unpack_p7data(safe));
      if (!bags) return Malformed("safe");
      return ReadBags(bags.get(), 0);
    }
    case NID_pkcs7_encrypted: {
      ASSIGN_OR_RETURN(const BagsPtr bags, Decrypt(safe));
      return ReadBags(bags.get(), 0);
    }
    default:
      return absl::UnimplementedError(
          "PKCS #12: a part of it is encrypted for a key, not by a password");
  }
}

absl::Status Reading::ReadBags(const STACK_OF(PKCS12_SAFEBAG) * bags,
                               int depth) {
  if (depth > kMaxDepth) {
    return absl::InvalidArgumentError("PKCS #12: safes nested too deeply");
  }
  for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); ++i) {
    RETURN_IF_ERROR(ReadBag(sk_PKCS12_SAFEBAG_value(bags, i), depth));
  }
  return absl::OkStatus();
}

absl::Status Reading::ReadBag(PKCS12_SAFEBAG* bag, int depth) {
  switch (PKCS12_SAFEBAG_get_nid(bag)) {
    case NID_keyBag: {
      const PKCS8_PRIV_KEY_INFO* info = PKCS12_SAFEBAG_get0_p8inf(bag);
      PKeyPtr pkey(info == nullptr ? nullptr : EVP_PKCS82PKEY(info));
      if (!pkey) return Malformed("key");
      return TakeKey(bag, std::move(pkey), false);
    }
    case NID_pkcs8ShroudedKeyBag: {
      const X509_SIG* sealed = PKCS12_SAFEBAG_get0_pkcs8(bag);
      if (sealed == nullptr) return Malformed("key");
      ASSIGN_OR_RETURN(PKeyPtr pkey,
                       Unlock(*sealed, given_ == nullptr ? &empty_ : given_,
                              budget_, legacy_));
      return TakeKey(bag, std::move(pkey), true);
    }
    case NID_certBag:
      return ReadCertificate(bag);
    case NID_safeContentsBag:
      return ReadBags(PKCS12_SAFEBAG_get0_safes(bag), depth + 1);
    default:  // CRLs and secrets, which are not asked for.
      return absl::OkStatus();
  }
}

std::string FriendlyName(PKCS12_SAFEBAG* bag) {
  char* const name = PKCS12_get_friendlyname(bag);
  TakeOpenSslErrors();
  std::string out = name == nullptr ? "" : name;
  OPENSSL_free(name);
  return out;
}

absl::Status Reading::ReadCertificate(PKCS12_SAFEBAG* bag) {
  if (PKCS12_SAFEBAG_get_bag_nid(bag) != NID_x509Certificate) {
    return absl::OkStatus();
  }
  const X509Ptr certificate(PKCS12_SAFEBAG_get1_cert(bag));
  if (!certificate) return Malformed("certificate");
  out_.certificates.push_back(DerOf(certificate.get()));
  return absl::OkStatus();
}

absl::Status Reading::TakeKey(PKCS12_SAFEBAG* bag, PKeyPtr pkey,
                              bool encrypted) {
  if (out_.key.has_value()) {
    return absl::InvalidArgumentError(
        "PKCS #12: holds several private keys: must hold one");
  }
  ASSIGN_OR_RETURN(out_.key, MakePortableKey({.pkey = std::move(pkey),
                                              .encrypted = encrypted}));
  out_.friendly_name = FriendlyName(bag);
  return absl::OkStatus();
}

absl::StatusOr<Pkcs12> Reading::Read(PKCS12* file) {
  RETURN_IF_ERROR(CheckMac(file));
  const SafesPtr safes(PKCS12_unpack_authsafes(file));
  if (!safes) {
    TakeOpenSslErrors();
    return absl::UnimplementedError(
        "PKCS #12: malformed, or protected by a signature and not a password");
  }
  for (int i = 0; i < sk_PKCS7_num(safes.get()); ++i) {
    RETURN_IF_ERROR(ReadSafe(sk_PKCS7_value(safes.get(), i)));
  }
  return std::move(out_);
}

}  // namespace

absl::StatusOr<Pkcs12> ReadPkcs12(base::Bytes file,
                                  const base::Secret* password,
                                  const PasswordLimits& limits) {
  if (file.size() > kMaxSize) {
    return absl::InvalidArgumentError("PKCS #12: over 16 MiB");
  }
  const unsigned char* at = file.data();
  const Pkcs12Ptr parsed(
      d2i_PKCS12(nullptr, &at, static_cast<long>(file.size())));
  if (!parsed || at != file.data() + file.size()) return Malformed("file");
  return Reading(password, limits).Read(parsed.get());
}

}  // namespace chancery::crypto
