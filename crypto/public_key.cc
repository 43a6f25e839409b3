// OpenSSL 3.0's EVP_PKEY for a P-256 key takes 10 us to make, an EC_KEY 3.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "crypto/public_key.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>
#include <openssl/params.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "crypto/openssl_handles.h"
#include "crypto/public_key_state.h"
#include "crypto/signature_scheme.h"
#include "crypto/signed_input.h"
#include "der/reader.h"

namespace chancery::crypto {
namespace {

constexpr der::Tag kBitString{0x03};

constexpr size_t kPieceBytes = 1 << 20;

// Above it, OpenSSL refuses to verify.
constexpr int kMaxRsaBits = 16384;

using ParamBuilderPtr =
    std::unique_ptr<OSSL_PARAM_BLD, OpenSslFree<OSSL_PARAM_BLD_free>>;
using ParamsPtr = std::unique_ptr<OSSL_PARAM, OpenSslFree<OSSL_PARAM_free>>;

struct TypeRow {
  KeyType type;
  int bits;           // 0 for RSA: each key has its own.
  size_t size;        // Of the BIT STRING's value; 0 for RSA.
  const char* group;  // OpenSSL's name of the curve, for EC.
};

constexpr TypeRow kTypes[] = {
    {KeyType::kEcP256, 256, 65, "P-256"},  {KeyType::kEcP384, 384, 97, "P-384"},
    {KeyType::kEcP521, 521, 133, "P-521"}, {KeyType::kRsa, 0, 0, nullptr},
    {KeyType::kEd25519, 256, 32, nullptr},
};

absl::Status Invalid(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("public key: ", what));
}

absl::StatusOr<PKeyPtr> FromParams(const char* algorithm,
                                   const OSSL_PARAM* params) {
  const PKeyContextPtr context(
      EVP_PKEY_CTX_new_from_name(nullptr, algorithm, nullptr));
  EVP_PKEY* key = nullptr;
  if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY,
                        const_cast<OSSL_PARAM*>(params)) != 1) {
    return Invalid(TakeOpenSslErrors());
  }
  return PKeyPtr(key);
}

// Of a new key pair, whose private half is forgotten.
absl::StatusOr<PKeyPtr> PublicHalf(const TypeRow& row) {
  const PKeyPtr pair(EVP_EC_gen(row.group));
  uint8_t* point = nullptr;
  const size_t size =
      pair ? EVP_PKEY_get1_encoded_public_key(pair.get(), &point) : 0;
  std::vector<uint8_t> copy(point, point + size);
  OPENSSL_free(point);
  if (size != row.size) return Invalid(TakeOpenSslErrors());
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
                                       const_cast<char*>(row.group), 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, copy.data(),
                                        copy.size()),
      OSSL_PARAM_construct_end(),
  };
  return FromParams("EC", params);
}

// A key of the curve, of which others are copies: OpenSSL sets up the curve for
// each key that it makes from parameters, which takes five times as long as to
// copy one and give it another point. Immutable; lives for ever.
absl::StatusOr<EVP_PKEY*> CurveOf(const TypeRow& row) {
  static const auto& curves = *[] {
    auto* made = new std::map<KeyType, PKeyPtr>;
    for (const TypeRow& type : kTypes) {
      if (type.group == nullptr) continue;
      auto key = PublicHalf(type);
      if (key.ok()) made->emplace(type.type, *std::move(key));
    }
    return made;
  }();
  const auto found = curves.find(row.type);
  if (found != curves.end()) return found->second.get();
  return absl::InternalError(
      absl::StrCat("public key: OpenSSL makes no key for ", row.group));
}

// ECPoint ::= OCTET STRING, SEC 1 section 2.3.4: 04 || x || y.
absl::StatusOr<PKeyPtr> EcKey(const TypeRow& row, base::Bytes point) {
  if (point[0] != 0x04) {
    return Invalid(absl::StrCat(Name(row.type), " point is not uncompressed"));
  }
  // OpenSSL checks that the coordinates are below p and the point is on the
  // curve when it reads them. The cofactors are 1, so that this is all of SP
  // 800-56A's validation.
  ASSIGN_OR_RETURN(EVP_PKEY * of_curve, CurveOf(row));
  PKeyPtr key(EVP_PKEY_dup(of_curve));
  if (!key || EVP_PKEY_set1_encoded_public_key(key.get(), point.data(),
                                               point.size()) != 1) {
    return Invalid(absl::StrCat(Name(row.type), " point is not on its curve (",
                                TakeOpenSslErrors(), ")"));
  }
  return key;
}

// As EcKey, of P-256 alone.
absl::StatusOr<EcKeyPtr> P256Key(base::Bytes point) {
  // Set up once; each key has a copy.
  static const EC_GROUP* const curve =
      EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
  const absl::string_view name = Name(KeyType::kEcP256);
  if (point[0] != 0x04) {
    return Invalid(absl::StrCat(name, " point is not uncompressed"));
  }
  EcKeyPtr key(EC_KEY_new());
  if (!key || curve == nullptr || EC_KEY_set_group(key.get(), curve) != 1 ||
      EC_KEY_oct2key(key.get(), point.data(), point.size(), nullptr) != 1) {
    return Invalid(absl::StrCat(name, " point is not on its curve (",
                                TakeOpenSslErrors(), ")"));
  }
  return key;
}

// A positive DER INTEGER in the shortest form.
absl::StatusOr<base::Bytes> ReadPositive(der::Reader& in, const char* name) {
  base::Bytes contents;
  if (!in.Read(der::Tag::kInteger, contents) || contents.empty()) {
    return Invalid(absl::StrCat("RSA ", name, " is not an INTEGER"));
  }
  const bool padded = contents[0] == 0;
  if ((contents[0] & 0x80) != 0 || (padded && contents.size() == 1) ||
      (padded && (contents[1] & 0x80) == 0)) {
    return Invalid(
        absl::StrCat("RSA ", name, " is not positive, in its shortest form"));
  }
  return padded ? contents.subspan(1) : contents;
}

absl::Status FillRsa(PublicKey::State& state) {
  der::Reader in(state.key_bits), fields;
  // RSAPublicKey ::= SEQUENCE {  (RFC 8017 appendix A.1.1)
  if (!in.ReadSequence(fields) || !in.AtEnd()) {
    return Invalid("RSAPublicKey is not one SEQUENCE");
  }
  //   modulus         INTEGER,  -- n
  ASSIGN_OR_RETURN(const base::Bytes n, ReadPositive(fields, "modulus"));
  //   publicExponent  INTEGER   -- e }
  ASSIGN_OR_RETURN(const base::Bytes e, ReadPositive(fields, "exponent"));
  if (!fields.AtEnd()) return Invalid("RSAPublicKey has trailing bytes");
  if (n.size() * 8 > kMaxRsaBits || e.size() > n.size()) {
    return Invalid(absl::StrCat(
        "RSA modulus of ", n.size(), " bytes with an exponent of ", e.size(),
        "; at most ", kMaxRsaBits / 8, " and no longer than the modulus"));
  }
  const BignumPtr n_number(BN_bin2bn(n.data(), n.size(), nullptr));
  const BignumPtr e_number(BN_bin2bn(e.data(), e.size(), nullptr));
  const ParamBuilderPtr builder(OSSL_PARAM_BLD_new());
  if (!n_number || !e_number || !builder ||
      !OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N,
                              n_number.get()) ||
      !OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E,
                              e_number.get())) {
    return Invalid(TakeOpenSslErrors());
  }
  const ParamsPtr params(OSSL_PARAM_BLD_to_param(builder.get()));
  if (!params) return Invalid(TakeOpenSslErrors());
  ASSIGN_OR_RETURN(state.pkey_, FromParams("RSA", params.get()));
  state.bits = BN_num_bits(n_number.get());
  if (e.size() <= sizeof state.rsa_exponent) {
    for (const uint8_t octet : e) {
      state.rsa_exponent = state.rsa_exponent << 8 | octet;
    }
  }
  return absl::OkStatus();
}

absl::Status FillKey(const TypeRow& row, PublicKey::State& state) {
  state.type = row.type;
  if (row.type == KeyType::kRsa) return FillRsa(state);
  state.bits = row.bits;
  if (state.key_bits.size() != row.size) {
    return Invalid(absl::StrCat(Name(row.type), " key of ",
                                state.key_bits.size(), " bytes; it has ",
                                row.size));
  }
  if (row.type == KeyType::kEcP256) {
    ASSIGN_OR_RETURN(state.ec, P256Key(state.key_bits));
    return absl::OkStatus();
  }
  if (row.group != nullptr) {
    ASSIGN_OR_RETURN(state.pkey_, EcKey(row, state.key_bits));
    return absl::OkStatus();
  }
  state.pkey_.reset(EVP_PKEY_new_raw_public_key(
      EVP_PKEY_ED25519, nullptr, state.key_bits.data(), state.key_bits.size()));
  if (!state.pkey_) return Invalid(TakeOpenSslErrors());
  return absl::OkStatus();
}

bool VerifyEd25519(EVP_PKEY* key, base::Bytes message, base::Bytes signature) {
  const MdContextPtr context(EVP_MD_CTX_new());
  return context &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key) ==
             1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                          message.data(), message.size()) == 1;
}

// RFC 8017 section 8.2.2 step 1; OpenSSL takes shorter ones. It refuses ECDSA
// signatures that are not DER itself.
bool HasSize(const PublicKey::State& state, base::Bytes signature) {
  return state.type != KeyType::kRsa ||
         signature.size() == (static_cast<size_t>(state.bits) + 7) / 8;
}

bool VerifyInput(const PublicKey::State& state, const SignedInput& input,
                 base::Bytes signature) {
  if (!HasSize(state, signature)) return false;
  if (state.ec) {
    return ECDSA_verify(0, input.data(), static_cast<int>(input.size()),
                        signature.data(), static_cast<int>(signature.size()),
                        state.ec.get()) == 1;
  }
  const PKeyContextPool::Lease context(state.verifiers, state.pkey());
  return context.get() != nullptr &&
         EVP_PKEY_verify(context.get(), signature.data(), signature.size(),
                         input.data(), input.size()) == 1;
}

bool VerifyDigested(const PublicKey::State& state, SignatureAlgorithm algorithm,
                    base::Bytes message, base::Bytes signature,
                    absl::FunctionRef<void(base::Bytes)> done) {
  const MdContextPtr context(EVP_MD_CTX_new());
  if (!HasSize(state, signature) || !context ||
      EVP_DigestVerifyInit(context.get(), nullptr, HashOf(algorithm), nullptr,
                           state.pkey()) != 1) {
    return false;
  }
  while (!message.empty()) {
    const base::Bytes piece =
        message.first(std::min(message.size(), kPieceBytes));
    if (EVP_DigestVerifyUpdate(context.get(), piece.data(), piece.size()) !=
        1) {
      return false;
    }
    message = message.subspan(piece.size());
    done(piece);
  }
  return EVP_DigestVerifyFinal(context.get(), signature.data(),
                               signature.size()) == 1;
}

absl::Status CheckFits(KeyType type, SignatureAlgorithm algorithm) {
  if (Fits(type, algorithm)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("signature algorithm ", Name(algorithm),
                   " does not fit the key, ", Name(type)));
}

absl::Status Verdict(bool valid) {
  if (valid) return absl::OkStatus();
  ERR_clear_error();
  return absl::InvalidArgumentError("signature does not verify");
}

}  // namespace

void EcKeyFree::operator()(EC_KEY* key) const { EC_KEY_free(key); }

EVP_PKEY* PublicKey::State::pkey() const {
  if (ec) {
    std::call_once(made, [this] {
      auto key = EcKey(kTypes[0], key_bits);  // P-256.
      if (key.ok()) pkey_ = *std::move(key);
    });
  }
  return pkey_.get();
}

absl::StatusOr<PublicKey> PublicKey::FromSpki(base::Bytes der) {
  auto state = std::make_shared<State>();
  state->spki = base::ToString(der);
  der::Reader in(base::AsBytes(state->spki)), fields;
  base::Bytes algorithm, key_bits;

  // SubjectPublicKeyInfo ::= SEQUENCE {
  if (!in.ReadSequence(fields) || !in.AtEnd()) {
    return Invalid("SubjectPublicKeyInfo is not one SEQUENCE");
  }
  //   algorithm         AlgorithmIdentifier,
  if (!fields.ReadElement(der::Tag::kSequence, algorithm)) {
    return Invalid("SubjectPublicKeyInfo.algorithm");
  }
  //   subjectPublicKey  BIT STRING }
  if (!fields.Read(kBitString, key_bits) || !fields.AtEnd() ||
      key_bits.empty() || key_bits[0] != 0) {
    return Invalid("SubjectPublicKeyInfo.subjectPublicKey");
  }
  state->key_bits = key_bits.subspan(1);

  for (const TypeRow& row : kTypes) {
    if (!base::Equal(KeyAlgorithmIdentifier(row.type), algorithm)) continue;
    RETURN_IF_ERROR(FillKey(row, *state));
    return PublicKey(std::move(state));
  }
  return absl::UnimplementedError(absl::StrCat(
      "public key algorithm ",
      base::Hex(algorithm.first(std::min<size_t>(algorithm.size(), 32))),
      " (DER) is not supported: EC P-256, P-384 or P-521 as a named curve, RSA "
      "with NULL parameters, or Ed25519"));
}

base::Bytes PublicKey::spki() const { return base::AsBytes(state_->spki); }
KeyType PublicKey::type() const { return state_->type; }
int PublicKey::bits() const { return state_->bits; }
uint64_t PublicKey::rsa_exponent() const { return state_->rsa_exponent; }

Sha1Digest PublicKey::KeyHashSha1() const { return Sha1(state_->key_bits); }
Sha256Digest PublicKey::KeyHashSha256() const {
  return Sha256(state_->key_bits);
}

absl::Status PublicKey::Verify(SignatureAlgorithm algorithm,
                               base::Bytes message,
                               base::Bytes signature) const {
  RETURN_IF_ERROR(CheckFits(type(), algorithm));
  return Verdict(
      algorithm == SignatureAlgorithm::kEd25519
          ? VerifyEd25519(state_->pkey(), message, signature)
          : VerifyInput(*state_, SignedInput(algorithm, message), signature));
}

absl::Status PublicKey::VerifyInPieces(
    SignatureAlgorithm algorithm, base::Bytes message, base::Bytes signature,
    absl::FunctionRef<void(base::Bytes)> done) const {
  RETURN_IF_ERROR(CheckFits(type(), algorithm));
  if (algorithm != SignatureAlgorithm::kEd25519) {
    return Verdict(
        VerifyDigested(*state_, algorithm, message, signature, done));
  }
  const bool valid = VerifyEd25519(state_->pkey(), message, signature);
  done(message);
  return Verdict(valid);
}

// Each key has one encoding that FromSpki takes.
bool PublicKey::operator==(const PublicKey& other) const {
  return state_->spki == other.state_->spki;
}

}  // namespace chancery::crypto
