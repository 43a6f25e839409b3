// An order to revoke: what a second identity signs so that more certificates
// may be revoked in an hour than the signer's limit allows (TRUST 2).
//
//   ASSIGN_OR_RETURN(SignedOrder file, ParseSignedOrder(bytes));
//   ASSIGN_OR_RETURN(RevocationOrder order, OpenOrder(file));
//   // Now: is file.certificate to be believed?
//
// It names the certificates by the hash of their list, so it fits one list and
// no other. The bytes are in FORMAT.md.
#ifndef CHANCERY_LEDGER_REVOCATION_ORDER_H_
#define CHANCERY_LEDGER_REVOCATION_ORDER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/bytes.h"
#include "block/manifest.h"
#include "crypto/signing_key.h"
#include "ledger/entry.h"

namespace chancery::ledger {

// What is covered: "chancery/revocation-order/v1" 0x00 and the order.
inline constexpr char kOrderType[] = "revocation-order";

struct RevocationOrder {
  std::string id = {};      // 1 to 128 bytes of text; each order has its own.
  std::string issuer = {};  // Its configured name.
  uint8_t reason = 0;       // RFC 5280 section 5.3.1.
  // Whole seconds. Absent: when each is recorded.
  std::optional<absl::Time> revoked_at = {};
  uint32_t serial_count = 0;
  std::string serials_sha256 = {};  // SerialsSha256 of the list.
  absl::Time expires = {};          // Whole seconds: not to be used from then.
};

// InvalidArgument names the field, its value and the rule.
absl::Status ValidateOrder(const RevocationOrder& order);
// `order` must be valid.
std::string EncodeOrder(const RevocationOrder& order);
// InvalidArgument unless EncodeOrder gave these bytes for a valid order.
absl::StatusOr<RevocationOrder> ParseOrder(base::Bytes bytes);

// An order with who signed it; nobody yet while `certificate` is empty.
struct SignedOrder {
  std::string certificate = {};  // DER.
  block::Signed content = {};    // The order, the key's id, the signature.

  bool is_signed() const { return !certificate.empty(); }
};

std::string EncodeSignedOrder(const SignedOrder& file);
// InvalidArgument: malformed, or larger than kMaxOrderSize. The order inside
// and the signature are not looked at.
absl::StatusOr<SignedOrder> ParseSignedOrder(base::Bytes bytes);

// `order`, signed by the key of `certificate`.
absl::StatusOr<SignedOrder> SignOrder(const RevocationOrder& order,
                                      std::string certificate,
                                      const crypto::SigningKey& key);

// What was signed, if the key of the certificate in `file` signed it: whether
// that certificate is to be believed is the caller's question.
// FailedPrecondition: nobody signed it. PermissionDenied: another key did, or
// the bytes were changed. InvalidArgument: malformed.
absl::StatusOr<RevocationOrder> OpenOrder(const SignedOrder& file);

// Sorts serials (magnitudes) as numbers and keeps each once.
void SortSerials(std::vector<std::string>& serials);
// Of a sorted list: SHA-256 over each serial with its length before it, u8.
std::string SerialsSha256(const std::vector<std::string>& sorted);

}  // namespace chancery::ledger

#endif  // CHANCERY_LEDGER_REVOCATION_ORDER_H_
