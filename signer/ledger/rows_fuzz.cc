#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "signer/ledger/rows.h"

namespace signer = chancery::signer;

namespace {

template <typename Parsed, typename Encode>
void ExpectSame(const Parsed& parsed, Encode encode, absl::string_view row) {
  if (parsed.ok() && encode(*parsed) != row) std::abort();
}

}  // namespace

// The first octet chooses the kind of row. One encoding of each value.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const absl::string_view row(reinterpret_cast<const char*>(data + 1),
                              size - 1);
  switch (data[0] % 10) {
    case 0:
      ExpectSame(signer::ParseMarker(row), signer::EncodeMarker, row);
      break;
    case 1:
      ExpectSame(signer::ParseMember(row), signer::EncodeMember, row);
      break;
    case 2:
      ExpectSame(signer::ParseBlock(row), signer::EncodeBlock, row);
      break;
    case 3:
      ExpectSame(signer::ParseCrl(row), signer::EncodeCrl, row);
      break;
    case 4:
      ExpectSame(signer::ParseRequest(row), signer::EncodeRequest, row);
      break;
    case 5:
      ExpectSame(signer::ParseNumber(row), signer::EncodeNumber, row);
      break;
    case 6: {
      signer::RevokedCertificate revoked;
      if (signer::ParseRevoked(row, revoked).ok() &&
          signer::EncodeRevoked(revoked) != row) {
        std::abort();
      }
      break;
    }
    case 9:
      ExpectSame(signer::ParseIssuer(row), signer::EncodeIssuer, row);
      break;
    case 7: {
      std::string block_id;
      uint32_t place = 0;
      if (signer::ParsePlace(row, block_id, place).ok() &&
          signer::EncodePlace(block_id, place) != row) {
        std::abort();
      }
      break;
    }
    case 8: {
      uint64_t version = 0;
      std::string bytes;
      if (signer::ParseVersioned(row, version, bytes).ok() &&
          signer::EncodeVersioned(version, bytes) != row) {
        std::abort();
      }
      break;
    }
  }
  return 0;
}
