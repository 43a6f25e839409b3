#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/bytes.h"
#include "ledger/revocation_order.h"

// What parses is canonical: encoding it again gives the same bytes.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace base = chancery::base;
  namespace ledger = chancery::ledger;
  const base::Bytes bytes(data, size);
  if (const auto file = ledger::ParseSignedOrder(bytes); file.ok()) {
    const std::string again = ledger::EncodeSignedOrder(*file);
    if (!base::Equal(base::AsBytes(again), bytes)) std::abort();
    (void)ledger::OpenOrder(*file).ok();
  }
  if (const auto order = ledger::ParseOrder(bytes); order.ok()) {
    if (!ledger::ValidateOrder(*order).ok()) std::abort();
    const std::string again = ledger::EncodeOrder(*order);
    if (!base::Equal(base::AsBytes(again), bytes)) std::abort();
  }
  return 0;
}
