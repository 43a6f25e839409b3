// Writes DER (ITU-T X.690 sections 8, 10 and 11).
//
//   der::Writer out;
//   out.AddSequence([&](der::Writer& version) { version.AddInteger(2); });
//   std::string der = out.Take();
//
// Elements follow one another into one buffer; a nested element's length is put
// in when its function returns, in the fewest octets. Nothing can fail: what is
// not representable is named at each function. Thread-compatible.
#ifndef CHANCERY_DER_WRITER_H_
#define CHANCERY_DER_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/bytes.h"
#include "der/tag.h"

namespace chancery::der {

class Writer {
 public:
  // An element with these contents.
  void Add(Tag tag, base::Bytes contents);
  void Add(Tag tag, absl::string_view contents);

  // A whole element, tag and length included, that the caller vouches for.
  void AddElement(base::Bytes element);
  void AddElement(absl::string_view element);

  // An element whose contents `fill(Writer&)` writes; `fill` is given this same
  // Writer.
  template <typename Fill>
  void AddNested(Tag tag, Fill fill) {
    const size_t start = Open(tag);
    fill(*this);
    Close(start);
  }
  template <typename Fill>
  void AddSequence(Fill fill) {
    AddNested(Tag::kSequence, std::move(fill));
  }

  // SET OF in the order of X.690 11.6. Each string is a whole element.
  void AddSetOf(std::vector<std::string> elements);

  void AddBool(bool value);
  void AddInteger(int64_t value);

  // INTEGER of a big-endian magnitude; leading zero octets do not matter and
  // none at all is zero.
  void AddUnsigned(base::Bytes magnitude);

  void AddEnumerated(uint8_t value);  // 0-127.
  void AddNull();

  // OBJECT IDENTIFIER by its contents; see oid.h.
  void AddOid(absl::string_view contents);

  void AddOctetString(base::Bytes octets);

  // OCTET STRING around DER that `fill` writes, as in extensions.
  template <typename Fill>
  void AddOctetStringOf(Fill fill) {
    AddNested(Tag::kOctetString, std::move(fill));
  }

  // BIT STRING of whole octets.
  void AddBitString(base::Bytes octets);

  // BIT STRING with a NamedBitList: bit n of `mask` is bit n of the schema;
  // trailing zero bits are left out (X.690 11.2.2).
  void AddNamedBits(uint32_t mask);

  void AddUtf8String(absl::string_view text);
  void AddPrintableString(absl::string_view text);
  void AddIa5String(absl::string_view text);

  // RFC 5280 section 4.1.2.5: UTCTime from 1950 to 2049, else GeneralizedTime.
  // Whole seconds: fractions are cut off. Times past the year 9999 are
  // written as its last second, those before year 0 as its first.
  void AddTime(absl::Time time);
  void AddGeneralizedTime(absl::Time time);

  size_t size() const { return out_.size(); }

  // What was written; the Writer is empty afterwards.
  std::string Take() { return std::exchange(out_, std::string()); }

 private:
  size_t Open(Tag tag);      // Returns where the contents begin.
  void Close(size_t start);  // Puts in the length of what follows `start`.
  void AddLength(size_t length);

  std::string out_;
};

}  // namespace chancery::der

#endif  // CHANCERY_DER_WRITER_H_
