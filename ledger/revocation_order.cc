#include "ledger/revocation_order.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "base/utf8.h"
#include "crypto/digest.h"
#include "ledger/codec.h"
#include "ledger/entry.h"
#include "x509/certificate/certificate.h"

namespace chancery::ledger {
namespace {

constexpr uint8_t kFormat = 1;

absl::Status Invalid(absl::string_view field, absl::string_view value,
                     absl::string_view rule) {
  return absl::InvalidArgumentError(
      absl::StrCat("order: ", field, ": ", value, ": ", rule));
}

absl::Status CheckText(absl::string_view field, const std::string& text,
                       size_t max) {
  if (!text.empty() && text.size() <= max && base::IsPlainText(text)) {
    return absl::OkStatus();
  }
  return Invalid(field, base::Hex(base::AsBytes(text)),
                 absl::StrCat("must be 1 to ", max,
                              " bytes of UTF-8 without control characters"));
}

absl::Status CheckSeconds(absl::string_view field, absl::Time time) {
  const int64_t seconds = absl::ToUnixSeconds(time);
  if (seconds >= 0 && seconds <= kMaxUnixSeconds &&
      absl::FromUnixSeconds(seconds) == time) {
    return absl::OkStatus();
  }
  return Invalid(field, absl::FormatTime(time, absl::UTCTimeZone()),
                 "must be a whole second between 1970 and 9999");
}

}  // namespace

absl::Status ValidateOrder(const RevocationOrder& order) {
  RETURN_IF_ERROR(CheckText("id", order.id, kMaxRequestIdSize));
  RETURN_IF_ERROR(CheckText("issuer", order.issuer, kMaxIssuerNameSize));
  if (order.reason > 10 || order.reason == 7 || order.reason == 8) {
    return Invalid("reason", absl::StrCat(order.reason),
                   "must be one of 0-6, 9, 10");
  }
  if (order.revoked_at.has_value()) {
    RETURN_IF_ERROR(CheckSeconds("revoked at", *order.revoked_at));
  }
  if (order.serial_count == 0) {
    return Invalid("serial count", "0", "must be positive");
  }
  if (order.serials_sha256.size() != kHashSize) {
    return Invalid("serials hash",
                   absl::StrCat(order.serials_sha256.size(), " bytes"),
                   absl::StrCat("must be ", kHashSize));
  }
  return CheckSeconds("expires", order.expires);
}

std::string EncodeOrder(const RevocationOrder& order) {
  std::string bytes;
  ByteWriter(bytes)
      .U8(kFormat)
      .Counted(order.id, 1)
      .Counted(order.issuer, 1)
      .U8(order.reason)
      .Seconds(order.revoked_at.value_or(absl::InfiniteFuture()))
      .U32(order.serial_count)
      .Raw(order.serials_sha256)
      .Seconds(order.expires);
  return bytes;
}

absl::StatusOr<RevocationOrder> ParseOrder(base::Bytes bytes) {
  ByteReader in(bytes);
  RevocationOrder order;
  uint8_t format;
  absl::Time revoked_at;
  if (!in.U8(format) || format != kFormat ||
      !in.Counted(1, kMaxRequestIdSize, order.id) ||
      !in.Counted(1, kMaxIssuerNameSize, order.issuer) ||
      !in.U8(order.reason) || !in.Seconds(revoked_at) ||
      !in.U32(order.serial_count) || !in.Raw(kHashSize, order.serials_sha256) ||
      !in.Seconds(order.expires) || !in.AtEnd()) {
    return absl::InvalidArgumentError("order: malformed");
  }
  if (revoked_at != absl::InfiniteFuture()) order.revoked_at = revoked_at;
  RETURN_IF_ERROR(ValidateOrder(order));
  return order;
}

std::string EncodeSignedOrder(const SignedOrder& file) {
  std::string bytes;
  ByteWriter(bytes)
      .U8(kFormat)
      .Counted(file.certificate, 4)
      .Raw(file.content.Encode());
  return bytes;
}

absl::StatusOr<SignedOrder> ParseSignedOrder(base::Bytes bytes) {
  if (bytes.size() > kMaxOrderSize) {
    return absl::InvalidArgumentError(
        absl::StrCat("order: ", bytes.size(), " bytes: at most ", kMaxOrderSize,
                     " are allowed"));
  }
  ByteReader in(bytes);
  SignedOrder file;
  uint8_t format;
  if (!in.U8(format) || format != kFormat ||
      !in.Counted(4, kMaxOrderSize, file.certificate)) {
    return absl::InvalidArgumentError("order: not a file with an order");
  }
  auto content = block::Signed::Parse(in.rest());
  if (!content.ok()) {
    return absl::InvalidArgumentError("order: not a file with an order");
  }
  file.content = *std::move(content);
  return file;
}

absl::StatusOr<SignedOrder> SignOrder(const RevocationOrder& order,
                                      std::string certificate,
                                      const crypto::SigningKey& key) {
  RETURN_IF_ERROR(ValidateOrder(order));
  ASSIGN_OR_RETURN(const x509::Certificate signer,
                   x509::Certificate::Parse(base::AsBytes(certificate)));
  if (!(signer.public_key() == key.public_key())) {
    return absl::InvalidArgumentError(
        "order: the key is not the certificate's");
  }
  SignedOrder file;
  ASSIGN_OR_RETURN(file.content,
                   block::Sign(kOrderType, EncodeOrder(order), key));
  file.certificate = std::move(certificate);
  return file;
}

absl::StatusOr<RevocationOrder> OpenOrder(const SignedOrder& file) {
  ASSIGN_OR_RETURN(RevocationOrder order,
                   ParseOrder(base::AsBytes(file.content.message)));
  if (!file.is_signed()) {
    return absl::FailedPreconditionError("order: nobody has signed it");
  }
  const auto signer = x509::Certificate::Parse(base::AsBytes(file.certificate));
  if (!signer.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("order: certificate: ", signer.status().message()));
  }
  if (block::KeyIdOf(signer->public_key()) != file.content.key_id ||
      !block::Verify(kOrderType, file.content, signer->public_key()).ok()) {
    return absl::PermissionDeniedError(
        "order: signature: not by the key of its certificate over these bytes");
  }
  return order;
}

void SortSerials(std::vector<std::string>& serials) {
  std::sort(serials.begin(), serials.end(),
            [](const std::string& a, const std::string& b) {
              return a.size() != b.size() ? a.size() < b.size() : a < b;
            });
  serials.erase(std::unique(serials.begin(), serials.end()), serials.end());
}

std::string SerialsSha256(const std::vector<std::string>& sorted) {
  crypto::Sha256Stream hash;
  for (const std::string& serial : sorted) {
    const auto size = static_cast<uint8_t>(serial.size());
    hash.Update({&size, 1}).Update(base::AsBytes(serial));
  }
  return base::ToString(hash.Finish());
}

}  // namespace chancery::ledger
