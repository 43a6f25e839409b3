// Reads DER (ITU-T X.690 sections 8 and 10) without copying it.
//
// A Reader is a view: two words, cheap to copy, owning nothing. Each Read
// either consumes exactly one element and returns true, or returns false and
// leaves the Reader as it was. BER is refused: indefinite lengths and lengths
// that are longer than they need be are failures, not warnings.
//
// Limits: tag numbers 0-30, contents up to 2^32 - 1 bytes.
// The bytes must outlive every Reader and every Bytes taken from them.
// Thread-compatible; a copy is independent of its original.
#ifndef CHANCERY_DER_READER_H_
#define CHANCERY_DER_READER_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace chancery::der {

using Bytes = base::Bytes;

// Identifier octet: class, constructed bit and number together, so that a
// primitive [0] and a constructed [0] are different tags.
enum class Tag : uint8_t {
  kInteger = 0x02,
  kOctetString = 0x04,
  kSequence = 0x30,
};

// The tag of `[number] EXPLICIT`, number 0-30.
constexpr Tag Explicit(uint8_t number) { return Tag{uint8_t(0xa0 | number)}; }

class Reader {
 public:
  Reader() = default;
  explicit Reader(Bytes in) : rest_(in) {}

  // Takes the next element, which must be `tag`; `contents` is its value.
  [[nodiscard]] bool Read(Tag tag, Bytes& contents);

  // As Read, but `element` keeps tag and length: what signatures cover.
  [[nodiscard]] bool ReadElement(Tag tag, Bytes& element);

  // As Read, for OPTIONAL: succeeds with nullopt if the next tag differs.
  [[nodiscard]] bool ReadOptional(Tag tag, std::optional<Bytes>& contents);

  [[nodiscard]] bool ReadSequence(Reader& inside);

  bool AtEnd() const { return rest_.empty(); }

 private:
  struct Element {
    Bytes whole;
    Bytes contents;
  };
  std::optional<Element> Next(Tag tag) const;

  Bytes rest_;
};

}  // namespace chancery::der

#endif  // CHANCERY_DER_READER_H_
