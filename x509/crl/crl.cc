#include "x509/crl/crl.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/status_macros.h"
#include "der/reader.h"
#include "der/writer.h"

namespace chancery::x509 {
namespace {

using der::Tag;

// id-ce, 2.5.29.n.
constexpr uint8_t kReasonCode[] = {0x55, 0x1d, 0x15};
constexpr uint8_t kCrlNumber[] = {0x55, 0x1d, 0x14};
constexpr uint8_t kDeltaCrlIndicator[] = {0x55, 0x1d, 0x1b};
constexpr uint8_t kIssuingDistributionPoint[] = {0x55, 0x1d, 0x1c};
constexpr uint8_t kFreshestCrl[] = {0x55, 0x1d, 0x2e};
constexpr uint8_t kAuthorityKeyIdentifier[] = {0x55, 0x1d, 0x23};

absl::Status Malformed(const char* field) {
  return absl::InvalidArgumentError(
      absl::StrCat("CertificateList: malformed ", field));
}

std::string BigEndian(uint64_t value) {
  std::string out;
  for (int shift = 56; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(value >> shift));
  return out;
}

template <typename Fill>
void AddExtension(der::Writer& out, base::Bytes oid, bool critical, Fill fill) {
  out.AddSequence([&](der::Writer& extension) {
    extension.AddOid(base::AsText(oid));
    if (critical) extension.AddBool(true);
    extension.AddOctetStringOf(fill);
  });
}

// DistributionPoint { distributionPoint [0] { fullName [0] { URI [6] } } }
void AddPoint(der::Writer& out, const std::string& url) {
  out.AddSequence([&](der::Writer& point) {
    point.AddNested(der::Explicit(0), [&](der::Writer& name) {
      name.AddNested(der::ImplicitConstructed(0), [&](der::Writer& full) {
        full.Add(der::Implicit(6), url);
      });
    });
  });
}

void AddNumber(der::Writer& out, uint64_t number) {
  const std::string octets = BigEndian(number);
  out.AddUnsigned(base::AsBytes(octets));
}

std::string EncodeExtensions(const CrlFacts& facts) {
  der::Writer out;
  out.AddNested(der::Explicit(0), [&](der::Writer& tagged) {
    tagged.AddSequence([&](der::Writer& list) {
      AddExtension(
          list, kAuthorityKeyIdentifier, false, [&](der::Writer& value) {
            value.AddSequence([&](der::Writer& identifier) {
              identifier.Add(der::Implicit(0), facts.authority_key_identifier);
            });
          });
      AddExtension(list, kCrlNumber, false,
                   [&](der::Writer& value) { AddNumber(value, facts.number); });
      if (facts.base_number.has_value()) {
        AddExtension(list, kDeltaCrlIndicator, true, [&](der::Writer& value) {
          AddNumber(value, *facts.base_number);
        });
      }
      if (!facts.distribution_point.empty()) {
        AddExtension(list, kIssuingDistributionPoint, true,
                     [&](der::Writer& value) {
                       AddPoint(value, facts.distribution_point);
                     });
      }
      if (!facts.freshest_url.empty()) {
        AddExtension(list, kFreshestCrl, false, [&](der::Writer& value) {
          value.AddSequence([&](der::Writer& points) {
            AddPoint(points, facts.freshest_url);
          });
        });
      }
    });
  });
  return out.Take();
}

// A header by the Writer, for contents that are written elsewhere.
void PutHeader(std::string& out, Tag tag, size_t size) {
  out.push_back(static_cast<char>(tag));
  if (size < 0x80) {
    out.push_back(static_cast<char>(size));
    return;
  }
  int octets = 1;
  while (size >> (8 * octets) != 0) ++octets;
  out.push_back(static_cast<char>(0x80 | octets));
  for (int shift = 8 * (octets - 1); shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(size >> shift));
  }
}

size_t HeaderSize(size_t size) {
  std::string header;
  PutHeader(header, Tag::kSequence, size);
  return header.size();
}

// An entry by the Writer: any.
std::string EncodeEntry(const CrlEntry& entry) {
  der::Writer out;
  out.AddSequence([&](der::Writer& one) {
    one.AddUnsigned(entry.serial);
    one.AddTime(entry.revocation_time);
    if (entry.reason == 0) return;
    one.AddSequence([&](der::Writer& extensions) {
      AddExtension(extensions, kReasonCode, false, [&](der::Writer& value) {
        value.AddEnumerated(static_cast<uint8_t>(entry.reason));
      });
    });
  });
  return out.Take();
}

// The times that UTCTime holds and years have two digits for, RFC 5280 section
// 4.1.2.5.1; from 1970, which saves a sign.
constexpr int64_t kUtcTimeEnd = 2524608000;  // 1 January 2050.

void PutTwoDigits(char* out, int64_t number) {
  out[0] = static_cast<char>('0' + number / 10);
  out[1] = static_cast<char>('0' + number % 10);
}

// YYMMDD of a day since 1970 and before 2050: the year begins with March, as
// in der/time.cc.
void PutDate(char* out, int64_t days) {
  const int64_t since_0 = days + 719468;  // Since 1 March of the year 0.
  const int64_t era = since_0 / 146097;
  const int64_t day_of_era = since_0 % 146097;
  const int64_t year_of_era = (day_of_era - day_of_era / 1460 +
                               day_of_era / 36524 - day_of_era / 146096) /
                              365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const int64_t month =
      month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  const int64_t year = 400 * era + year_of_era + (month <= 2 ? 1 : 0);
  PutTwoDigits(out, year % 100);
  PutTwoDigits(out + 2, month);
  PutTwoDigits(out + 4, day_of_year - (153 * month_from_march + 2) / 5 + 1);
}

// crlEntryExtensions with a reasonCode, but for the code itself.
constexpr char kReasonExtension[] = {0x30, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55,
                                     0x1d, 0x15, 0x04, 0x03, 0x0a, 0x01};

// The entry that nearly all are, ten times as fast as by the Writer; false if
// it is another.
bool AddPlainEntry(const CrlEntry& entry, std::string& out) {
  const int64_t seconds = absl::ToUnixSeconds(entry.revocation_time);
  if (entry.serial.empty() || entry.serial.size() > 20 ||
      entry.serial[0] == 0 || seconds < 0 || seconds >= kUtcTimeEnd ||
      entry.reason < 0 || entry.reason > 0x7f) {
    return false;
  }
  const size_t padding = entry.serial[0] >= 0x80 ? 1 : 0;
  const size_t integer = padding + entry.serial.size();
  const size_t extension = entry.reason == 0 ? 0 : sizeof kReasonExtension + 1;
  const size_t contents = 2 + integer + 15 + extension;
  const size_t at = out.size();
  out.resize(at + 2 + contents);
  char* to = out.data() + at;
  *to++ = 0x30;
  *to++ = static_cast<char>(contents);
  *to++ = 0x02;
  *to++ = static_cast<char>(integer);
  if (padding != 0) *to++ = 0;
  std::memcpy(to, entry.serial.data(), entry.serial.size());
  to += entry.serial.size();
  *to++ = 0x17;  // UTCTime.
  *to++ = 13;
  PutDate(to, seconds / 86400);
  const int64_t of_day = seconds % 86400;
  PutTwoDigits(to + 6, of_day / 3600);
  PutTwoDigits(to + 8, of_day / 60 % 60);
  PutTwoDigits(to + 10, of_day % 60);
  to[12] = 'Z';
  to += 13;
  if (entry.reason != 0) {
    std::memcpy(to, kReasonExtension, sizeof kReasonExtension);
    to[sizeof kReasonExtension] = static_cast<char>(entry.reason);
  }
  return true;
}

struct Extension {
  base::Bytes oid;
  bool critical = false;
  base::Bytes value;
};

bool ReadExtension(der::Reader& list, Extension& extension) {
  der::Reader in;
  return list.ReadSequence(in) && in.ReadOid(extension.oid) &&
         in.ReadDefaultFalse(extension.critical) &&
         in.Read(Tag::kOctetString, extension.value) && in.AtEnd();
}

bool ReadNumber(base::Bytes value, uint64_t& number) {
  der::Reader in(value);
  base::Bytes magnitude;
  if (!in.ReadUnsigned(magnitude) || !in.AtEnd() || magnitude.size() > 8)
    return false;
  number = 0;
  for (uint8_t byte : magnitude) number = number << 8 | byte;
  return true;
}

// The URL of a point that has one and nothing else.
std::optional<base::Bytes> ReadPoint(der::Reader in) {
  der::Reader point, name, full;
  base::Bytes distribution_point, names, url;
  if (!in.ReadSequence(point) || !in.AtEnd() ||
      !point.Read(der::Explicit(0), distribution_point) || !point.AtEnd()) {
    return std::nullopt;
  }
  name = der::Reader(distribution_point);
  if (!name.Read(der::ImplicitConstructed(0), names) || !name.AtEnd()) {
    return std::nullopt;
  }
  full = der::Reader(names);
  if (!full.Read(der::Implicit(6), url) || !full.AtEnd()) return std::nullopt;
  return url;
}

absl::Status ReadExtensions(base::Bytes tagged, Crl& crl) {
  der::Reader in(tagged), list;
  if (!in.ReadSequence(list) || !in.AtEnd()) return Malformed("crlExtensions");
  while (!list.AtEnd()) {
    Extension extension;
    if (!ReadExtension(list, extension)) return Malformed("extension");
    if (base::Equal(extension.oid, kCrlNumber)) {
      uint64_t number;
      if (crl.number.has_value() || !ReadNumber(extension.value, number))
        return Malformed("cRLNumber");
      crl.number = number;
    } else if (base::Equal(extension.oid, kAuthorityKeyIdentifier)) {
      der::Reader outer(extension.value), inside;
      std::optional<base::Bytes> identifier;
      if (!outer.ReadSequence(inside) || !outer.AtEnd() ||
          !inside.ReadOptional(der::Implicit(0), identifier)) {
        return Malformed("authorityKeyIdentifier");
      }
      crl.authority_key_identifier = identifier;
    } else if (base::Equal(extension.oid, kIssuingDistributionPoint)) {
      if (crl.distribution_point.has_value())
        return Malformed("issuingDistributionPoint");
      crl.distribution_point = extension.value;
      if (extension.critical) {
        crl.distribution_point_url = ReadPoint(der::Reader(extension.value));
      }
    } else if (base::Equal(extension.oid, kDeltaCrlIndicator)) {
      uint64_t number;
      if (crl.is_delta || !ReadNumber(extension.value, number))
        return Malformed("deltaCRLIndicator");
      crl.is_delta = true;
      crl.base_number = number;
    } else if (base::Equal(extension.oid, kFreshestCrl)) {
      der::Reader value(extension.value), points;
      if (!value.ReadSequence(points) || !value.AtEnd())
        return Malformed("freshestCRL");
      crl.freshest_url = ReadPoint(points);
    } else if (extension.critical) {
      return Malformed("extension: critical and not known");
    }
  }
  return absl::OkStatus();
}

}  // namespace

CrlEncoder::CrlEncoder(const CrlFacts& facts,
                       crypto::SignatureAlgorithm algorithm)
    : algorithm_(algorithm), extensions_(EncodeExtensions(facts)) {
  der::Writer out;
  out.AddInteger(1);  // v2
  out.AddElement(crypto::AlgorithmIdentifier(algorithm));
  out.AddElement(facts.issuer);
  out.AddTime(facts.this_update);
  out.AddTime(facts.next_update);
  head_ = out.Take();
}

std::string CrlEncoder::Begin(size_t entries_size) const {
  size_t size = head_.size() + extensions_.size();
  // revokedCertificates is absent, not empty (RFC 5280 section 5.1.2.6).
  if (entries_size > 0) size += HeaderSize(entries_size) + entries_size;
  std::string out;
  PutHeader(out, Tag::kSequence, size);
  out += head_;
  if (entries_size > 0) PutHeader(out, Tag::kSequence, entries_size);
  return out;
}

std::string CrlEncoder::OuterBegin(size_t tbs_size,
                                   base::Bytes signature) const {
  std::string out;
  PutHeader(out, Tag::kSequence, tbs_size + OuterEnd(signature).size());
  return out;
}

std::string CrlEncoder::OuterEnd(base::Bytes signature) const {
  der::Writer out;
  out.AddElement(crypto::AlgorithmIdentifier(algorithm_));
  out.AddBitString(signature);
  return out.Take();
}

void CrlEncoder::Add(const CrlEntry& entry, std::string& out) {
  if (!AddPlainEntry(entry, out)) out += EncodeEntry(entry);
}

absl::StatusOr<std::string> SignCrl(const CrlFacts& facts,
                                    const std::vector<CrlEntry>& entries,
                                    const crypto::SigningKey& key) {
  const CrlEncoder encoder(facts, key.algorithm());
  std::string encoded;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (i > 0 && base::AsText(entries[i].serial) <=
                     base::AsText(entries[i - 1].serial)) {
      return absl::InvalidArgumentError(
          absl::StrCat("CRL: serial ", base::Hex(entries[i].serial),
                       " does not follow ", base::Hex(entries[i - 1].serial)));
    }
    CrlEncoder::Add(entries[i], encoded);
  }
  const std::string tbs =
      encoder.Begin(encoded.size()) + encoded + encoder.End();
  ASSIGN_OR_RETURN(const std::string signature, key.Sign(base::AsBytes(tbs)));
  const base::Bytes value = base::AsBytes(signature);
  RETURN_IF_ERROR(
      key.public_key().Verify(key.algorithm(), base::AsBytes(tbs), value));
  return encoder.OuterBegin(tbs.size(), value) + tbs + encoder.OuterEnd(value);
}

// CertificateList ::= SEQUENCE { tbsCertList, signatureAlgorithm,
// signatureValue } TBSCertList ::= SEQUENCE { version INTEGER v2, signature,
// issuer, thisUpdate,
//   nextUpdate, revokedCertificates SEQUENCE OF SEQUENCE OPTIONAL, [0]
//   extensions }
absl::StatusOr<Crl> ParseCrl(base::Bytes der) {
  der::Reader in(der), outer, tbs;
  Crl crl;
  base::Bytes inner_algorithm, algorithm;
  if (!in.ReadSequence(outer) || !in.AtEnd() ||
      !outer.ReadElement(Tag::kSequence, crl.tbs) ||
      !outer.ReadElement(Tag::kSequence, algorithm) ||
      !outer.ReadBitString(crl.signature) || !outer.AtEnd()) {
    return Malformed("structure");
  }
  int64_t version;
  std::optional<base::Bytes> revoked, extensions;
  der::Reader whole(crl.tbs);
  if (!whole.ReadSequence(tbs) || !tbs.ReadInt64(version) || version != 1) {
    return Malformed("version");
  }
  if (!tbs.ReadElement(Tag::kSequence, inner_algorithm) ||
      !base::Equal(inner_algorithm, algorithm)) {
    return Malformed("signature: differs from signatureAlgorithm");
  }
  if (!tbs.ReadElement(Tag::kSequence, crl.issuer)) return Malformed("issuer");
  if (!tbs.ReadTime(crl.this_update) || !tbs.ReadTime(crl.next_update)) {
    return Malformed("thisUpdate or nextUpdate");
  }
  if (!tbs.ReadOptional(Tag::kSequence, revoked) ||
      !tbs.ReadOptional(der::Explicit(0), extensions) || !tbs.AtEnd()) {
    return Malformed("revokedCertificates");
  }
  crl.revoked = revoked.value_or(base::Bytes());
  ASSIGN_OR_RETURN(crl.algorithm, crypto::ParseSignatureAlgorithm(algorithm));
  if (extensions.has_value()) RETURN_IF_ERROR(ReadExtensions(*extensions, crl));
  return crl;
}

namespace {

// The entry that AddPlainEntry writes, read ten times as fast as by the Reader;
// false if it is another, or none.
bool TakePlainEntry(base::Bytes& rest, CrlEntry& entry) {
  constexpr size_t kTime = 2 + 13;
  if (rest.size() < 5 || rest[0] != 0x30 || rest[2] != 0x02) return false;
  const size_t contents = rest[1], integer = rest[3];
  if (contents >= 0x80 || contents + 2 > rest.size() || integer == 0 ||
      integer > 21 || contents < 2 + integer + kTime) {
    return false;
  }
  const uint8_t* serial = rest.data() + 4;
  const size_t padding = serial[0] == 0 ? 1 : 0;
  if (padding == 1 ? integer < 2 || serial[1] < 0x80 : serial[0] >= 0x80) {
    return false;
  }
  const uint8_t* time = serial + integer;
  if (time[0] != 0x17 || time[1] != 13) return false;
  const auto when = der::ParseUtcTime({time + 2, 13});
  if (!when.has_value()) return false;
  const size_t extension = contents - 2 - integer - kTime;
  const uint8_t* reason = time + kTime;
  if (extension == 0) {
    entry.reason = 0;
  } else if (extension == sizeof kReasonExtension + 1 &&
             std::memcmp(reason, kReasonExtension, sizeof kReasonExtension) ==
                 0 &&
             reason[sizeof kReasonExtension] < 0x80) {
    entry.reason = reason[sizeof kReasonExtension];
  } else {
    return false;
  }
  entry.serial = {serial + padding, integer - padding};
  entry.revocation_time = *when;
  rest = rest.subspan(2 + contents);
  return true;
}

}  // namespace

absl::StatusOr<CrlEntry> TakeEntry(base::Bytes& rest) {
  CrlEntry plain;
  if (TakePlainEntry(rest, plain)) return plain;
  der::Reader list(rest), in, extensions;
  CrlEntry entry;
  if (!list.ReadSequence(in) || !in.ReadUnsigned(entry.serial) ||
      !in.ReadTime(entry.revocation_time)) {
    return Malformed("revokedCertificates entry");
  }
  if (!in.AtEnd() && (!in.ReadSequence(extensions) || !in.AtEnd())) {
    return Malformed("crlEntryExtensions");
  }
  while (!extensions.AtEnd()) {
    Extension extension;
    if (!ReadExtension(extensions, extension))
      return Malformed("crlEntryExtensions");
    if (base::Equal(extension.oid, kReasonCode)) {
      der::Reader value(extension.value);
      uint8_t reason;
      if (!value.ReadEnumerated(reason) || !value.AtEnd())
        return Malformed("reasonCode");
      entry.reason = reason;
    } else if (extension.critical) {
      return Malformed("crlEntryExtensions: critical and not known");
    }
  }
  rest = list.rest();
  return entry;
}

absl::Status ForEachEntry(
    const Crl& crl, absl::FunctionRef<absl::Status(const CrlEntry&)> visit) {
  base::Bytes rest = crl.revoked;
  while (!rest.empty()) {
    ASSIGN_OR_RETURN(const CrlEntry entry, TakeEntry(rest));
    RETURN_IF_ERROR(visit(entry));
  }
  return absl::OkStatus();
}

absl::Status VerifyCrl(const Crl& crl, const crypto::PublicKey& issuer) {
  return issuer.Verify(crl.algorithm, crl.tbs, crl.signature);
}

absl::Status VerifyCrlInPieces(const Crl& crl, const crypto::PublicKey& issuer,
                               absl::FunctionRef<void(base::Bytes)> done) {
  return issuer.VerifyInPieces(crl.algorithm, crl.tbs, crl.signature, done);
}

}  // namespace chancery::x509
