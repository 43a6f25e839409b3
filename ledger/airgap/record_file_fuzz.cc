#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>

#include "base/fd.h"
#include "chancery/airgap/v1/airgap.pb.h"
#include "ledger/airgap/record_file.h"
#include "ledger/airgap/view.h"

namespace airgap = chancery::airgap;

// Whatever is on the stick: it is refused with a reason, or every record of it
// can be shown, and each is found again where it was.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  chancery::base::Fd file(memfd_create("fuzz", MFD_CLOEXEC));
  if (write(file.get(), data, size) != static_cast<ssize_t>(size)) return 0;
  auto in = airgap::RecordReader::Of(file.Duplicate());
  auto again = airgap::RecordReader::Of(std::move(file));
  if (in.ok() != again.ok()) std::abort();
  if (!in.ok()) return 0;
  airgap::v1::Header header;
  const auto checked = airgap::CheckFile(
      *in, header, [&](uint64_t offset, const airgap::v1::Record& record) {
        if (airgap::KindOf(record) == "nothing") std::abort();
        airgap::FactsOf(record);
        again->Seek(offset);
        airgap::v1::Record same;
        const auto found = again->Next(same);
        if (!found.ok() || !*found) std::abort();
        if (same.SerializeAsString() != record.SerializeAsString()) {
          std::abort();
        }
        return absl::OkStatus();
      });
  if (checked.ok() && checked->signatures.size() > airgap::kMaxSignatures) {
    std::abort();
  }
  return 0;
}
