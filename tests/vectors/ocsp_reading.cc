// What our code reads in OCSP messages of others, as JSON for tests.
//
//   ocsp_reading request FILE...     one line for each
//   ocsp_reading response FILE...
//   ocsp_reading verdict RESPONSE CERTIFICATE ISSUER TRUSTED UNIX_SECONDS
//
// `verdict` is what a relying party concludes about a certificate: {"ok": ...,
// "why": ...}. Files are DER, but for certificates, which are PEM.
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/time/time.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "x509/certificate/certificate.h"
#include "x509/certificate/pem.h"
#include "x509/ocsp/request.h"
#include "x509/ocsp/response.h"
#include "x509/ocsp/verify.h"

namespace chancery {
namespace {

using Json = nlohmann::json;

std::string HashName(x509::CertIdHash hash) {
  switch (hash) {
    case x509::CertIdHash::kSha1:
      return "sha1";
    case x509::CertIdHash::kSha256:
      return "sha256";
    case x509::CertIdHash::kOther:
      break;
  }
  return "other";
}

Json ToJson(const x509::CertId& id) {
  return {{"hash", HashName(id.hash)},
          {"name_hash", base::Hex(id.name_hash)},
          {"key_hash", base::Hex(id.key_hash)},
          {"serial", base::Hex(id.serial)}};
}

Json ToJson(const x509::SingleResponse& single) {
  using Status = x509::SingleResponse::Status;
  Json json{{"cert_id", ToJson(single.cert_id)},
            {"this_update", absl::ToUnixSeconds(single.this_update)},
            {"next_update", nullptr},
            {"reason", nullptr},
            {"revocation_time", nullptr}};
  json["status"] = single.status == Status::kGood      ? "good"
                   : single.status == Status::kRevoked ? "revoked"
                                                       : "unknown";
  if (single.next_update.has_value()) {
    json["next_update"] = absl::ToUnixSeconds(*single.next_update);
  }
  if (single.reason.has_value()) json["reason"] = *single.reason;
  if (single.status == Status::kRevoked) {
    json["revocation_time"] = absl::ToUnixSeconds(single.revocation_time);
  }
  return json;
}

absl::StatusOr<Json> ReadRequest(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string der, base::ReadFile(path));
  ASSIGN_OR_RETURN(const x509::OcspRequest request,
                   x509::ParseOcspRequest(base::AsBytes(der)));
  Json json{{"cert_ids", Json::array()}, {"nonce", nullptr}};
  for (const x509::CertId& id : request.cert_ids) {
    json["cert_ids"].push_back(ToJson(id));
  }
  if (request.nonce.has_value()) json["nonce"] = base::Hex(*request.nonce);
  return json;
}

absl::StatusOr<Json> ReadResponse(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string der, base::ReadFile(path));
  ASSIGN_OR_RETURN(const x509::OcspResponse response,
                   x509::ParseOcspResponse(base::AsBytes(der)));
  Json json{{"status", x509::Name(response.status)}};
  if (response.status != x509::OcspResponseStatus::kSuccessful) return json;
  json["tbs"] = base::Hex(response.tbs);
  json["signature"] = base::Hex(response.signature);
  json["algorithm"] = crypto::Name(response.algorithm).data();
  json["key_hash"] = nullptr;
  json["name"] = nullptr;
  if (response.responder_key_hash.has_value()) {
    json["key_hash"] = base::Hex(*response.responder_key_hash);
  }
  if (response.responder_name.has_value()) {
    json["name"] = base::Hex(*response.responder_name);
  }
  json["produced_at"] = absl::ToUnixSeconds(response.produced_at);
  json["responses"] = Json::array();
  for (const x509::SingleResponse& single : response.responses) {
    json["responses"].push_back(ToJson(single));
  }
  json["certificates"] = Json::array();
  for (const base::Bytes certificate : response.certificates) {
    json["certificates"].push_back(base::Hex(certificate));
  }
  return json;
}

// Those in a PEM file that we can read; the reason if there are none.
absl::StatusOr<std::vector<x509::Certificate>> ReadCertificates(
    const std::string& path) {
  ASSIGN_OR_RETURN(const std::string pem, base::ReadFile(path));
  ASSIGN_OR_RETURN(const std::vector<std::string> blocks,
                   x509::DecodePem("CERTIFICATE", pem));
  std::vector<x509::Certificate> certificates;
  absl::Status why = absl::NotFoundError(path + ": no certificate");
  for (const std::string& block : blocks) {
    auto parsed = x509::Certificate::Parse(base::AsBytes(block));
    if (parsed.ok()) {
      certificates.push_back(*std::move(parsed));
    } else {
      why = parsed.status();
    }
  }
  if (certificates.empty()) return why;
  return certificates;
}

// Whether a chain of `others` leads from `certificate` to one that is trusted.
bool IsTrusted(const x509::Certificate& certificate,
               const std::vector<x509::Certificate>& others,
               const std::vector<x509::Certificate>& trusted, int depth = 0) {
  for (const x509::Certificate& one : trusted) {
    if (certificate.der() == one.der() ||
        x509::CheckIssuedBy(certificate, one).ok()) {
      return true;
    }
  }
  constexpr int kLongest = 4;
  for (const x509::Certificate& one : others) {
    if (depth < kLongest && x509::CheckIssuedBy(certificate, one).ok() &&
        IsTrusted(one, others, trusted, depth + 1)) {
      return true;
    }
  }
  return false;
}

absl::Status Judge(const std::vector<std::string>& arguments) {
  ASSIGN_OR_RETURN(const std::string der, base::ReadFile(arguments[0]));
  ASSIGN_OR_RETURN(const auto subjects, ReadCertificates(arguments[1]));
  ASSIGN_OR_RETURN(const auto issuers, ReadCertificates(arguments[2]));
  ASSIGN_OR_RETURN(const auto trusted, ReadCertificates(arguments[3]));
  int64_t seconds = 0;
  if (!absl::SimpleAtoi(arguments[4], &seconds)) {
    return absl::InvalidArgumentError("no time");
  }
  ASSIGN_OR_RETURN(const x509::OcspResponse response,
                   x509::ParseOcspResponse(base::AsBytes(der)));
  absl::Status why = absl::PermissionDeniedError("no issuer is trusted");
  for (const x509::Certificate& issuer : issuers) {
    if (!IsTrusted(issuer, issuers, trusted)) continue;
    why = x509::VerifyOcspResponse(response, issuer,
                                   absl::FromUnixSeconds(seconds));
    if (!why.ok()) continue;
    why = x509::FindSingleResponse(
              response, base::AsBytes(subjects[0].facts().serial), issuer)
              .status();
    if (why.ok()) break;
  }
  return why;
}

int Main(const std::string& command, const std::vector<std::string>& files) {
  if (command == "verdict" && files.size() == 5) {
    const absl::Status status = Judge(files);
    std::printf(
        "%s\n",
        Json{{"ok", status.ok()}, {"why", status.ToString()}}.dump().c_str());
    return 0;
  }
  if (command != "request" && command != "response") return 2;
  for (const std::string& file : files) {
    const auto read =
        command == "request" ? ReadRequest(file) : ReadResponse(file);
    const Json json =
        read.ok() ? *read : Json{{"error", read.status().ToString()}};
    std::printf("%s\n", json.dump().c_str());
  }
  return 0;
}

}  // namespace
}  // namespace chancery

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  return chancery::Main(argv[1], {argv + 2, argv + argc});
}
