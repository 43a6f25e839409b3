// What clients order, and what they get.
#ifndef CHANCERY_AUTHORITY_ORDERS_H_
#define CHANCERY_AUTHORITY_ORDERS_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "authority/publisher.h"
#include "storage/rows.h"

namespace chancery::authority {

struct IssueOrder {
  std::string request_id = {};
  std::string requester = {};  // The client's identity URI.
  std::string issuer = {};
  std::string profile = {};
  std::string csr = {};  // DER or PEM.
  // The epoch: as the profile says.
  absl::Time not_before = absl::UnixEpoch(), not_after = absl::UnixEpoch();
};

struct Issued {
  storage::CertificateRow certificate = {};
  std::vector<std::string> chain = {};
  Acknowledged acknowledged = {};
};

}  // namespace chancery::authority

#endif  // CHANCERY_AUTHORITY_ORDERS_H_
