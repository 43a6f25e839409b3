#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/bytes.h"
#include "ledger/entry.h"

// What parses is canonical: encoding it again gives the same bytes.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace ledger = chancery::ledger;
  const auto entry = ledger::ParseEntry(chancery::base::Bytes(data, size));
  if (!entry.ok()) return 0;
  if (!ledger::ValidateEntry(*entry).ok()) std::abort();
  const std::string again = ledger::EncodeEntry(*entry);
  if (!chancery::base::Equal(chancery::base::AsBytes(again), {data, size})) {
    std::abort();
  }
  return 0;
}
