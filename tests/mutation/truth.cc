#include "tests/mutation/truth.h"

#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace chancery::mutation {
namespace {

template <auto Function>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    Function(object);
  }
};
using X509Handle = std::unique_ptr<X509, Free<X509_free>>;
using StoreHandle = std::unique_ptr<X509_STORE, Free<X509_STORE_free>>;
using RequestHandle = std::unique_ptr<OCSP_REQUEST, Free<OCSP_REQUEST_free>>;
using ResponseHandle = std::unique_ptr<OCSP_RESPONSE, Free<OCSP_RESPONSE_free>>;
using BasicHandle = std::unique_ptr<OCSP_BASICRESP, Free<OCSP_BASICRESP_free>>;

constexpr size_t kMaxVerified = 100000;

absl::StatusOr<X509Handle> ReadCertificate(const std::string& path) {
  const std::unique_ptr<BIO, Free<BIO_free_all>> file(
      BIO_new_file(path.c_str(), "rb"));
  X509Handle certificate(
      file ? PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr)
           : nullptr);
  if (!certificate) {
    return absl::NotFoundError(absl::StrCat(path, ": no certificate"));
  }
  return certificate;
}

std::string SerialText(const ASN1_INTEGER* serial) {
  unsigned char* der = nullptr;
  const int size = i2d_ASN1_INTEGER(serial, &der);
  std::string text(reinterpret_cast<const char*>(der),
                   static_cast<size_t>(size));
  OPENSSL_free(der);
  return text;
}

std::string Encode(OCSP_REQUEST* request) {
  unsigned char* der = nullptr;
  const int size = i2d_OCSP_REQUEST(request, &der);
  std::string out(reinterpret_cast<const char*>(der),
                  static_cast<size_t>(size));
  OPENSSL_free(der);
  return out;
}

using IdHandle = std::unique_ptr<OCSP_CERTID, Free<OCSP_CERTID_free>>;

IdHandle IdOf(const EVP_MD* hash, X509* subject, X509* issuer) {
  return IdHandle(OCSP_cert_to_id(hash, subject, issuer));
}

// Of `ids`, which are taken.
std::string Request(std::vector<IdHandle> ids, int nonce, bool requestor) {
  const RequestHandle request(OCSP_REQUEST_new());
  for (IdHandle& id : ids) OCSP_request_add0_id(request.get(), id.release());
  if (nonce != 0) {
    std::string octets(static_cast<size_t>(nonce), 'n');
    OCSP_request_add1_nonce(
        request.get(), reinterpret_cast<unsigned char*>(octets.data()), nonce);
  }
  if (requestor) {
    const std::unique_ptr<X509_NAME, Free<X509_NAME_free>> name(
        X509_NAME_new());
    X509_NAME_add_entry_by_txt(name.get(), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("client"),
                               -1, -1, 0);
    OCSP_request_set1_name(request.get(), name.get());
  }
  return Encode(request.get());
}

std::string Request(IdHandle id, int nonce, bool requestor) {
  std::vector<IdHandle> ids;
  ids.push_back(std::move(id));
  return Request(std::move(ids), nonce, requestor);
}

// Takes an element of `tag` from the front of `in`; `contents` is what it has.
bool Take(std::string_view& in, int tag, int of_class,
          std::string_view& contents) {
  const auto* next = reinterpret_cast<const unsigned char*>(in.data());
  const unsigned char* const start = next;
  long length = 0;
  int got_tag = 0, got_class = 0;
  const int got = ASN1_get_object(&next, &length, &got_tag, &got_class,
                                  static_cast<long>(in.size()));
  if ((got & 0x80) != 0 || got_tag != tag || got_class != of_class) {
    return false;
  }
  const size_t header = static_cast<size_t>(next - start);
  contents = in.substr(header, static_cast<size_t>(length));
  in.remove_prefix(header + contents.size());
  return true;
}

// The CertIDs of a request of which OpenSSL refuses something that says nothing
// about which certificates are asked about: a requestor's name that is not
// UTF-8, a signature's certificate. Empty if it cannot be read.
std::vector<IdHandle> IdsAmidOthers(std::string_view request) {
  std::string_view tbs, fields, list, one, skipped;
  if (!Take(request, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, tbs) ||
      !request.empty() ||
      !Take(tbs, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, fields)) {
    return {};
  }
  Take(fields, 0, V_ASN1_CONTEXT_SPECIFIC, skipped);
  Take(fields, 1, V_ASN1_CONTEXT_SPECIFIC, skipped);
  if (!Take(fields, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, list)) return {};
  std::vector<IdHandle> ids;
  while (!list.empty()) {
    if (!Take(list, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, one)) return {};
    const auto* next = reinterpret_cast<const unsigned char*>(one.data());
    IdHandle id(d2i_OCSP_CERTID(nullptr, &next, static_cast<long>(one.size())));
    if (!id) return {};
    ids.push_back(std::move(id));
  }
  return ids;
}

// Empty if the octets are no request, whole and with nothing behind it.
std::vector<IdHandle> AskedIds(std::string_view request) {
  const auto* next = reinterpret_cast<const unsigned char*>(request.data());
  const unsigned char* const end = next + request.size();
  const RequestHandle parsed(
      d2i_OCSP_REQUEST(nullptr, &next, static_cast<long>(request.size())));
  if (!parsed) return IdsAmidOthers(request);
  std::vector<IdHandle> ids;
  if (next != end) return ids;
  for (int i = 0; i < OCSP_request_onereq_count(parsed.get()); ++i) {
    ids.emplace_back(OCSP_CERTID_dup(
        OCSP_onereq_get0_id(OCSP_request_onereq_get0(parsed.get(), i))));
  }
  return ids;
}

}  // namespace

struct Truth::State {
  X509Handle issuer;
  X509Handle sibling;
  StoreHandle store;
  struct Subject {
    X509Handle certificate;
    Answer answer;
  };
  std::map<std::string, Subject> subjects;  // By SerialText.

  // The subject of a CertID; nullptr if it is none of this issuer's.
  const Subject* Find(OCSP_CERTID* id) const {
    ASN1_OBJECT* hash = nullptr;
    ASN1_INTEGER* serial = nullptr;
    OCSP_id_get0_info(nullptr, &hash, nullptr, &serial, id);
    const auto found = subjects.find(SerialText(serial));
    const EVP_MD* md = EVP_get_digestbyobj(hash);
    if (found == subjects.end() || md == nullptr) return nullptr;
    const IdHandle right =
        IdOf(md, found->second.certificate.get(), issuer.get());
    if (!right || OCSP_id_cmp(right.get(), id) != 0) return nullptr;
    return &found->second;
  }

  std::vector<ValidRequest> Requests() const;
};

std::vector<ValidRequest> Truth::State::Requests() const {
  std::vector<ValidRequest> requests;
  for (const auto& [serial, subject] : subjects) {
    X509* const certificate = subject.certificate.get();
    for (const EVP_MD* hash : {EVP_sha1(), EVP_sha256()}) {
      for (const int nonce : {0, 1, 16, 32, 128}) {
        for (const bool requestor : {false, true}) {
          requests.push_back(
              {Request(IdOf(hash, certificate, issuer.get()), nonce, requestor),
               subject.answer});
        }
      }
      // The same twice; another issuer's; a hash that nobody signs for.
      std::vector<IdHandle> twice;
      twice.push_back(IdOf(hash, certificate, issuer.get()));
      twice.push_back(IdOf(hash, certificate, issuer.get()));
      requests.push_back({Request(std::move(twice), 0, false), subject.answer});
      requests.push_back(
          {Request(IdOf(hash, certificate, sibling.get()), 0, false),
           Answer::kUnauthorized});
    }
    requests.push_back(
        {Request(IdOf(EVP_sha512(), certificate, issuer.get()), 0, false),
         Answer::kUnauthorized});
  }
  // Two certificates: nothing was signed for both.
  for (const EVP_MD* hash : {EVP_sha1(), EVP_sha256()}) {
    std::vector<IdHandle> all;
    for (const auto& [serial, subject] : subjects) {
      all.push_back(IdOf(hash, subject.certificate.get(), issuer.get()));
    }
    requests.push_back(
        {Request(std::move(all), 0, false), Answer::kUnauthorized});
  }
  return requests;
}

absl::StatusOr<Truth> Truth::Load(const Files& files) {
  auto state = std::make_unique<State>();
  auto issuer = ReadCertificate(files.issuer);
  if (!issuer.ok()) return issuer.status();
  auto sibling = ReadCertificate(files.sibling);
  if (!sibling.ok()) return sibling.status();
  state->issuer = *std::move(issuer);
  state->sibling = *std::move(sibling);
  state->store.reset(X509_STORE_new());
  X509_STORE_add_cert(state->store.get(), state->issuer.get());
  X509_STORE_set_flags(state->store.get(), X509_V_FLAG_PARTIAL_CHAIN);
  for (const Answer answer : {Answer::kGood, Answer::kRevoked}) {
    for (const std::string& path :
         answer == Answer::kGood ? files.good : files.revoked) {
      auto certificate = ReadCertificate(path);
      if (!certificate.ok()) return certificate.status();
      const std::string serial =
          SerialText(X509_get0_serialNumber(certificate->get()));
      state->subjects[serial] = {*std::move(certificate), answer};
    }
  }
  if (state->subjects.size() < 2) {
    return absl::InvalidArgumentError("two certificates at least");
  }
  return Truth(std::move(state));
}

Truth::Truth(std::unique_ptr<State> state)
    : state_(std::move(state)), requests_(state_->Requests()) {}
Truth::Truth(Truth&&) noexcept = default;
Truth::~Truth() = default;

std::string Judge::Check(std::string_view request, const std::string& response,
                         Answer& answer) {
  const Truth::State& state = *truth_.state_;
  const auto* next = reinterpret_cast<const unsigned char*>(response.data());
  const unsigned char* const end = next + response.size();
  const ResponseHandle parsed(
      d2i_OCSP_RESPONSE(nullptr, &next, static_cast<long>(response.size())));
  if (!parsed || next != end) return "the answer is no OCSPResponse";
  switch (OCSP_response_status(parsed.get())) {
    case OCSP_RESPONSE_STATUS_SUCCESSFUL:
      break;
    case OCSP_RESPONSE_STATUS_MALFORMEDREQUEST:
      answer = Answer::kMalformed;
      return "";
    case OCSP_RESPONSE_STATUS_UNAUTHORIZED:
      answer = Answer::kUnauthorized;
      return "";
    default:
      return absl::StrCat("response status ",
                          OCSP_response_status(parsed.get()));
  }

  const BasicHandle basic(OCSP_response_get1_basic(parsed.get()));
  if (!basic) return "the answer is no BasicOCSPResponse";
  if (!verified_.contains(response)) {
    if (OCSP_basic_verify(basic.get(), nullptr, state.store.get(), 0) != 1) {
      return "the signature does not verify";
    }
    if (verified_.size() < kMaxVerified) verified_.insert(response);
  }
  for (int i = 0; i < OCSP_resp_count(basic.get()); ++i) {
    OCSP_SINGLERESP* const single = OCSP_resp_get0(basic.get(), i);
    const auto* subject =
        state.Find(const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(single)));
    if (subject == nullptr) return "the answer is about no certificate";
    const int status =
        OCSP_single_get0_status(single, nullptr, nullptr, nullptr, nullptr);
    answer =
        status == V_OCSP_CERTSTATUS_GOOD ? Answer::kGood : Answer::kRevoked;
    if (status == V_OCSP_CERTSTATUS_UNKNOWN || answer != subject->answer) {
      return absl::StrCat("wrong status ", status);
    }
  }

  const auto asked = AskedIds(request);
  if (asked.empty()) {
    return absl::StrCat(
        "what it answers is no request: ",
        absl::BytesToHexString({request.data(), request.size()}));
  }
  for (const IdHandle& id : asked) {
    if (state.Find(id.get()) == nullptr) return "asked about another issuer";
    if (OCSP_resp_find(basic.get(), id.get(), -1) < 0) {
      return "the answer is about another certificate";
    }
  }
  return "";
}

}  // namespace chancery::mutation
