// Which of its issuer's CRLs a certificate is on, and where that is found
// (TRUST 7).
#ifndef CHANCERY_SIGNER_CRL_SHARD_H_
#define CHANCERY_SIGNER_CRL_SHARD_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "signer/issuer.h"
#include "x509/certificate/certificate.h"

namespace chancery::signer {

// What stands for the shard's number in a configured URL.
inline constexpr char kShardMark[] = "{shard}";

// The URL of one shard: in the CRL's issuingDistributionPoint and in its
// certificates' cRLDistributionPoints, byte for byte the same. Empty if the
// issuer has none.
std::string CrlUrl(const Issuer& issuer, uint32_t shard);
// Where the shard's deltas are: `0-delta.crl` beside `0.crl`, and for an issuer
// with one CRL `<name>/delta.crl` beside `<name>.crl`. Empty: no deltas or no
// URL.
std::string DeltaCrlUrl(const Issuer& issuer, uint32_t shard);

// Where a new certificate goes: by a hash of its serial, so that shards grow
// alike whoever chose the serials.
uint32_t ShardForSerial(const Issuer& issuer, absl::string_view serial);

// Where a certificate that was issued elsewhere goes: to the shard that it
// names, or else as a new one.
uint32_t ShardForImport(const Issuer& issuer,
                        const x509::CertificateFacts& facts);

}  // namespace chancery::signer

#endif  // CHANCERY_SIGNER_CRL_SHARD_H_
