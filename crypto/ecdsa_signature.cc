#include "crypto/ecdsa_signature.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "der/reader.h"

namespace chancery::crypto {
namespace {

constexpr size_t kMaxScalarSize = 66;  // P-521.

absl::Status Invalid(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("ECDSA signature: ", what));
}

// Without leading zero octets.
base::Bytes Magnitude(base::Bytes scalar) {
  const auto first = std::find_if(scalar.begin(), scalar.end(),
                                  [](uint8_t octet) { return octet != 0; });
  return scalar.subspan(first - scalar.begin());
}

// Of a positive INTEGER's contents.
size_t ContentsSize(base::Bytes magnitude) {
  return magnitude.size() + ((magnitude[0] & 0x80) != 0 ? 1 : 0);
}

// Contents of at most 67 bytes, so that the length is one octet.
void AppendInteger(base::Bytes magnitude, std::string& out) {
  const size_t size = ContentsSize(magnitude);
  out.push_back(0x02);
  out.push_back(static_cast<char>(size));
  if (size > magnitude.size()) out.push_back(0);
  base::Append(out, magnitude);
}

// Reads a positive INTEGER in its shortest form; `out` gets it zero-padded.
bool ReadScalar(der::Reader& in, size_t scalar_size, std::string& out) {
  base::Bytes contents;
  if (!in.Read(der::Tag::kInteger, contents) || contents.empty() ||
      (contents[0] & 0x80) != 0) {
    return false;
  }
  if (contents[0] == 0) {
    // X.690 8.3.2: the first nine bits are never all zeros; nor is r or s.
    if (contents.size() == 1 || (contents[1] & 0x80) == 0) return false;
    contents = contents.subspan(1);
  }
  if (contents.size() > scalar_size) return false;
  out.append(scalar_size - contents.size(), '\0');
  base::Append(out, contents);
  return true;
}

}  // namespace

void AppendEcdsaSignatureDer(base::Bytes raw, std::string& out) {
  const base::Bytes r = Magnitude(raw.first(raw.size() / 2));
  const base::Bytes s = Magnitude(raw.subspan(raw.size() / 2));
  const size_t size = 2 + ContentsSize(r) + 2 + ContentsSize(s);
  out.push_back(0x30);
  if (size >= 0x80) out.push_back(static_cast<char>(0x81));
  out.push_back(static_cast<char>(size));
  AppendInteger(r, out);
  AppendInteger(s, out);
}

absl::StatusOr<std::string> EcdsaSignatureToDer(base::Bytes raw) {
  if (raw.empty() || raw.size() % 2 != 0 || raw.size() > 2 * kMaxScalarSize) {
    return Invalid(absl::StrCat("r || s of ", raw.size(), " bytes"));
  }
  if (Magnitude(raw.first(raw.size() / 2)).empty() ||
      Magnitude(raw.subspan(raw.size() / 2)).empty()) {
    return Invalid("r or s is zero");
  }
  std::string out;
  out.reserve(raw.size() + 9);
  AppendEcdsaSignatureDer(raw, out);
  return out;
}

absl::StatusOr<std::string> EcdsaSignatureFromDer(base::Bytes der,
                                                  size_t scalar_size) {
  der::Reader in(der), fields;
  if (!in.ReadSequence(fields) || !in.AtEnd()) {
    return Invalid("not one SEQUENCE");
  }
  std::string raw;
  raw.reserve(2 * scalar_size);
  if (!ReadScalar(fields, scalar_size, raw) ||
      !ReadScalar(fields, scalar_size, raw) || !fields.AtEnd()) {
    return Invalid(absl::StrCat(
        "not two positive INTEGERs in their shortest form of at most ",
        scalar_size, " bytes"));
  }
  return raw;
}

}  // namespace chancery::crypto
