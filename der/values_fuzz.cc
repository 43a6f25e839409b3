#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "der/oid.h"
#include "der/reader.h"
#include "der/writer.h"

using chancery::der::Bytes;
using chancery::der::Reader;
using chancery::der::Tag;
using chancery::der::Writer;

namespace {

// DER has one encoding of each value: what was read and is written again must
// be the same bytes.
void Expect(Writer& out, const Reader& before, const Reader& after) {
  const size_t size = before.rest().size() - after.rest().size();
  const std::string again = out.Take();
  if (!chancery::base::Equal(before.rest().first(size),
                             chancery::base::AsBytes(again))) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Reader in(Bytes(data, size));
  Writer out;
  while (!in.AtEnd()) {
    const Reader before = in;
    Reader trial = before;
    bool flag = false;
    Bytes bytes;
    int64_t number = 0;
    uint32_t mask = 0;
    absl::Time time;
    if (trial.ReadBool(flag)) {
      out.AddBool(flag);
      Expect(out, before, trial);
    } else if (trial.ReadUnsigned(bytes)) {
      out.AddUnsigned(bytes);
      Expect(out, before, trial);
    } else if (trial.ReadInt64(number)) {
      out.AddInteger(number);
      Expect(out, before, trial);
    } else if (trial.ReadNamedBits(mask)) {
      out.AddNamedBits(mask);
      Expect(out, before, trial);
    } else if (trial.ReadOid(bytes)) {
      const auto contents =
          chancery::der::OidFromText(chancery::der::OidToText(bytes));
      if (contents.ok()) {
        out.AddOid(*contents);
        Expect(out, before, trial);
      }
    } else if (trial.ReadUtcTime(time)) {
      out.AddTime(time);
      Expect(out, before, trial);
    } else if (trial.ReadGeneralizedTime(time)) {
      out.AddGeneralizedTime(time);
      Expect(out, before, trial);
    }
    Tag tag;
    if (!in.ReadAny(tag, bytes)) break;
    out.Add(tag, bytes);
    Expect(out, before, in);
  }
  return 0;
}
