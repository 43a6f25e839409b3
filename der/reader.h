// Reads DER (ITU-T X.690 sections 8 and 10) without copying it.
//
// A Reader is a view: two words, cheap to copy, owning nothing. Each Read
// either consumes exactly one element and returns true, or returns false and
// leaves the Reader as it was; after a failure outputs hold nothing of use.
// BER is refused: indefinite lengths and lengths that are longer than they need
// be are failures, not warnings, and so are values that have a shorter form.
//
// Limits: tag numbers 0-30, contents up to 2^32 - 1 bytes.
// The bytes must outlive every Reader and every Bytes taken from them.
// Thread-compatible; a copy is independent of its original.
#ifndef CHANCERY_DER_READER_H_
#define CHANCERY_DER_READER_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "base/bytes.h"
#include "der/tag.h"

namespace chancery::der {

using Bytes = base::Bytes;

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

  // As Read; `inside` then reads the contents.
  [[nodiscard]] bool ReadNested(Tag tag, Reader& inside);
  [[nodiscard]] bool ReadSequence(Reader& inside);

  // Any tag.
  [[nodiscard]] bool ReadAny(Tag& tag, Bytes& contents);
  [[nodiscard]] bool ReadAnyElement(Tag& tag, Bytes& element);

  // BOOLEAN: 00 or FF only.
  [[nodiscard]] bool ReadBool(bool& value);

  // BOOLEAN DEFAULT FALSE: absent is false; an encoded FALSE is refused.
  [[nodiscard]] bool ReadDefaultFalse(bool& value);

  // INTEGER of zero or more, as big-endian magnitude without leading zero
  // octets, of any length; zero is empty. Negative numbers are refused.
  [[nodiscard]] bool ReadUnsigned(Bytes& magnitude);

  // INTEGER that fits.
  [[nodiscard]] bool ReadInt64(int64_t& value);

  // ENUMERATED of 0-127.
  [[nodiscard]] bool ReadEnumerated(uint8_t& value);

  [[nodiscard]] bool ReadNull();

  // OBJECT IDENTIFIER; `contents` (see oid.h) is well formed.
  [[nodiscard]] bool ReadOid(Bytes& contents);

  // BIT STRING; the `unused` (0-7) low bits of the last octet must be zero.
  [[nodiscard]] bool ReadBitString(Bytes& octets, uint8_t& unused);

  // BIT STRING of whole octets: keys, signatures.
  [[nodiscard]] bool ReadBitString(Bytes& octets);

  // BIT STRING with a NamedBitList: bit n of the schema is bit n of `mask`.
  // Trailing zero bits are refused (X.690 11.2.2), and bits past 31.
  [[nodiscard]] bool ReadNamedBits(uint32_t& mask);

  // The two forms that RFC 5280 section 4.1.2.5 allows: YYMMDDHHMMSSZ (1950 to
  // 2049) and YYYYMMDDHHMMSSZ. ReadTime takes either, for any year.
  [[nodiscard]] bool ReadUtcTime(absl::Time& time);
  [[nodiscard]] bool ReadGeneralizedTime(absl::Time& time);
  [[nodiscard]] bool ReadTime(absl::Time& time);

  // The next element's tag; nullopt at the end.
  std::optional<Tag> PeekTag() const;

  bool AtEnd() const { return rest_.empty(); }

  // What is not read yet.
  Bytes rest() const { return rest_; }

 private:
  struct Element {
    Bytes whole;
    Bytes contents;
  };
  std::optional<Element> Next(Tag tag) const;

  Bytes rest_;
};

// Whether `contents` of a GeneralizedTime or UTCTime is one of the two forms
// above, and when. nullopt otherwise.
std::optional<absl::Time> ParseGeneralizedTime(Bytes contents);
std::optional<absl::Time> ParseUtcTime(Bytes contents);

}  // namespace chancery::der

#endif  // CHANCERY_DER_READER_H_
