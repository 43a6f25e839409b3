#include "ledger/entry.h"

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/encoding.h"
#include "base/testing/status_matchers.h"
#include "gtest/gtest.h"

namespace chancery::ledger {
namespace {

using ::chancery::base::testing::IsOk;
using ::chancery::base::testing::StatusIs;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

Origin SampleOrigin() {
  return {.caller = "spiffe://c/authority/a",
          .requester = "spiffe://c/client/b",
          .request_id = "r-1",
          .request_hash = std::string(32, 'h')};
}

CertificateEntry SampleCertificate() {
  CertificateEntry body;
  body.issuer_id = std::string(32, 'i');
  body.serial = "\x01\x02";
  body.not_after = absl::FromUnixSeconds(2000000000);
  body.crl_shard = 3;
  body.block_id = std::string(16, 'b');
  body.place = 5;
  body.block_capacity = 4096;
  body.lifetime_class = 128;
  body.profile = "server";
  body.origin = SampleOrigin();
  body.certificate = "DER";
  return body;
}

StatusEntry SampleStatus(StatusChange change, uint8_t reason) {
  StatusEntry body;
  body.change = change;
  body.issuer_id = std::string(32, 'i');
  body.serial = "\x01\x02";
  body.reason = reason;
  body.revoked_at = change == StatusChange::kRelease
                        ? absl::UnixEpoch()
                        : absl::FromUnixSeconds(1700000000);
  body.origin = SampleOrigin();
  return body;
}

ManifestEntry SampleManifest() {
  ManifestEntry body;
  body.block_id = std::string(16, 'b');
  body.version = 7;
  body.ledger_size = 6;
  body.this_update = absl::FromUnixSeconds(1700000000);
  body.refresh_at = absl::InfiniteFuture();
  body.manifest = "signed";
  return body;
}

CrlEntry SampleCrl() {
  CrlEntry body;
  body.issuer_id = std::string(32, 'i');
  body.shard = 1;
  body.number = 9;
  body.this_update = absl::FromUnixSeconds(1700000000);
  body.next_update = absl::FromUnixSeconds(1700600000);
  body.ledger_size = 6;
  body.revoked_count = 2;
  body.crl_sha256 = std::string(32, 'c');
  return body;
}

OrderEntry SampleOrder() {
  OrderEntry body;
  body.count = 3;
  body.origin = SampleOrigin();
  body.order = "signed order";
  return body;
}

IssuerEntry SampleIssuer() {
  return {.issuer_id = std::string(32, 'i'),
          .name = "web-1",
          .certificate = "DER",
          .crl_shards = 16};
}

Entry With(EntryBody body) {
  return {.index = 42,
          .time = absl::FromUnixMicros(1700000000123456),
          .body = std::move(body)};
}

std::vector<Entry> OneOfEachType() {
  CertificateEntry imported = SampleCertificate();
  imported.imported = true;
  imported.origin.request_id.clear();
  imported.origin.request_hash.clear();
  return {With(SampleCertificate()),
          With(imported),
          With(SampleStatus(StatusChange::kRevoke, 1)),
          With(SampleStatus(StatusChange::kHold, 6)),
          With(SampleStatus(StatusChange::kRelease, 0)),
          With(SampleManifest()),
          With(SampleCrl()),
          With(SampleIssuer()),
          With(SampleOrder()),
          With(EpochEntry{.epoch = 2})};
}

// Written by hand from FORMAT.md.
TEST(EntryTest, HasTheBytesOfTheFormat) {
  EXPECT_EQ(base::Hex(base::AsBytes(
                absl::string_view(EncodeEntry(With(SampleManifest()))))),
            "01"
            "06"                // Format, type.
            "000000000000002a"  // Index.
            "000000006553f100"
            "0001e240"                          // Seconds, microseconds.
            "62626262626262626262626262626262"  // Block.
            "0000000000000007"                  // Version.
            "0000000000000006"                  // Ledger size.
            "000000006553f100"                  // This update.
            "ffffffffffffffff"                  // Refresh at: never.
            "00000006"
            "7369676e6564");  // Manifest.
  EXPECT_EQ(base::Hex(base::AsBytes(
                absl::string_view(EncodeEntry(With(EpochEntry{.epoch = 3}))))),
            "01"
            "0a"
            "000000000000002a"
            "000000006553f100"
            "0001e240"
            "0000000000000003");
  EXPECT_EQ(base::Hex(base::AsBytes(absl::string_view(
                EncodeEntry(With(SampleStatus(StatusChange::kRevoke, 1)))))),
            "01"
            "03"
            "000000000000002a"
            "000000006553f100"
            "0001e240"
            "6969696969696969696969696969696969696969696969696969696969696969"
            "02"
            "0102"  // Serial.
            "01"
            "000000006553f100"  // Reason, date.
            "0016"
            "7370696666653a2f2f632f617574686f726974792f61"  // Caller.
            "0013"
            "7370696666653a2f2f632f636c69656e742f62"  // Requester.
            "03"
            "722d31"  // Request id.
            "6868686868686868686868686868686868686868686868686868686868686868");
}

TEST(EntryTest, AnOrderHasTheBytesOfTheFormat) {
  EXPECT_EQ(base::Hex(base::AsBytes(
                absl::string_view(EncodeEntry(With(SampleOrder()))))),
            "01"
            "09"
            "000000000000002a"
            "000000006553f100"
            "0001e240"
            "00000003"  // Count.
            "0016"
            "7370696666653a2f2f632f617574686f726974792f61"  // Who signed.
            "0013"
            "7370696666653a2f2f632f636c69656e742f62"
            "03"
            "722d31"  // The order's id.
            "6868686868686868686868686868686868686868686868686868686868686868"
            "0000000c"
            "7369676e6564206f72646572");
}

TEST(EntryTest, ParsesWhatItEncodes) {
  std::vector<std::string> names;
  for (const Entry& entry : OneOfEachType()) {
    SCOPED_TRACE(EntryTypeName(entry.body));
    ASSERT_THAT(ValidateEntry(entry), IsOk());
    const std::string bytes = EncodeEntry(entry);
    const auto parsed = ParseEntry(base::AsBytes(bytes));
    ASSERT_THAT(parsed, IsOk());
    EXPECT_EQ(parsed->index, 42u);
    EXPECT_EQ(parsed->time, entry.time);
    EXPECT_EQ(EncodeEntry(*parsed), bytes);
    names.push_back(EntryTypeName(parsed->body));
  }
  EXPECT_EQ(names,
            (std::vector<std::string>{"issue", "import", "revoke", "hold",
                                      "release", "manifest", "crl", "issuer",
                                      "revocation order", "epoch"}));
}

TEST(EntryTest, RefusesEveryOtherLength) {
  for (const Entry& entry : OneOfEachType()) {
    SCOPED_TRACE(EntryTypeName(entry.body));
    const std::string bytes = EncodeEntry(entry);
    for (size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_THAT(ParseEntry(base::AsBytes(bytes).first(size)),
                  StatusIs(kInvalid, "ledger entry"));
    }
    const std::string longer = bytes + '\0';
    EXPECT_THAT(ParseEntry(base::AsBytes(longer)),
                StatusIs(kInvalid, "trailing bytes"));
  }
}

TEST(EntryTest, RefusesUnknownFormatsAndTypes) {
  std::string bytes = EncodeEntry(With(SampleManifest()));
  bytes[0] = 2;
  EXPECT_THAT(ParseEntry(base::AsBytes(bytes)),
              StatusIs(kInvalid, "format: 2"));
  bytes[0] = 1;
  for (const char type : {0, 11, 127}) {
    bytes[1] = type;
    EXPECT_THAT(ParseEntry(base::AsBytes(bytes)), StatusIs(kInvalid, "type: "));
  }
}

TEST(EntryTest, RefusesAMillionMicroseconds) {
  std::string bytes = EncodeEntry(With(SampleManifest()));
  bytes.replace(18, 4, "\x00\x0f\x42\x40", 4);
  EXPECT_THAT(ParseEntry(base::AsBytes(bytes)),
              StatusIs(kInvalid, "1000000 us"));
}

// Each row breaks one rule.
TEST(EntryTest, NamesTheFieldThatBreaksItsLimit) {
  struct Row {
    std::string field;
    void (*damage)(CertificateEntry&);
  };
  for (const Row& row : std::vector<Row>{
           {"issuer id", [](auto& e) { e.issuer_id.pop_back(); }},
           {"serial", [](auto& e) { e.serial.clear(); }},
           {"serial", [](auto& e) { e.serial = std::string("\0\1", 2); }},
           {"serial", [](auto& e) { e.serial = std::string(21, 's'); }},
           {"not after", [](auto& e) { e.not_after += absl::Nanoseconds(1); }},
           {"not after", [](auto& e) { e.not_after = absl::InfiniteFuture(); }},
           {"not after", [](auto& e) { e.not_after = absl::InfinitePast(); }},
           {"block id", [](auto& e) { e.block_id += 'x'; }},
           {"block capacity", [](auto& e) { e.block_capacity = 0; }},
           {"block capacity", [](auto& e) { e.block_capacity = 4095; }},
           {"block capacity", [](auto& e) { e.block_capacity = 1 << 17; }},
           {"place", [](auto& e) { e.place = 4096; }},
           {"profile", [](auto& e) { e.profile = std::string(129, 'p'); }},
           {"caller", [](auto& e) { e.origin.caller.resize(1025); }},
           {"requester", [](auto& e) { e.origin.requester.resize(1025); }},
           {"request id", [](auto& e) { e.origin.request_id.resize(129); }},
           {"request hash", [](auto& e) { e.origin.request_hash.clear(); }},
           {"request hash", [](auto& e) { e.origin.request_id.clear(); }},
           {"certificate", [](auto& e) { e.certificate.clear(); }},
           {"certificate", [](auto& e) { e.certificate.resize(65537); }}}) {
    CertificateEntry body = SampleCertificate();
    row.damage(body);
    EXPECT_THAT(ValidateEntry(With(body)),
                StatusIs(kInvalid, "ledger entry: " + row.field));
  }
}

TEST(EntryTest, TakesOnlyTheReasonsOfEachChange) {
  for (int reason = 0; reason < 256; ++reason) {
    SCOPED_TRACE(reason);
    const auto code = static_cast<uint8_t>(reason);
    // RFC 5280 section 5.3.1; hold and removeFromCRL (8) are no revocations.
    EXPECT_EQ(
        ValidateEntry(With(SampleStatus(StatusChange::kRevoke, code))).ok(),
        reason <= 5 || reason == 9 || reason == 10);
    EXPECT_EQ(ValidateEntry(With(SampleStatus(StatusChange::kHold, code))).ok(),
              reason == 6);
    EXPECT_EQ(
        ValidateEntry(With(SampleStatus(StatusChange::kRelease, code))).ok(),
        reason == 0);
  }
}

TEST(EntryTest, RefusesAnOrderThatNobodySignedOrThatOrdersNothing) {
  struct Row {
    std::string field;
    void (*damage)(OrderEntry&);
  };
  for (const Row& row : std::vector<Row>{
           {"count", [](auto& e) { e.count = 0; }},
           {"count", [](auto& e) { e.count = kMaxOrderedEntries + 1; }},
           {"caller", [](auto& e) { e.origin.caller.clear(); }},
           {"request id",
            [](auto& e) {
              e.origin.request_id.clear();
              e.origin.request_hash.clear();
            }},
           {"order", [](auto& e) { e.order.clear(); }},
           {"order", [](auto& e) { e.order.resize(kMaxOrderSize + 1); }}}) {
    OrderEntry body = SampleOrder();
    row.damage(body);
    EXPECT_THAT(ValidateEntry(With(body)),
                StatusIs(kInvalid, "ledger entry: " + row.field));
  }
}

TEST(EntryTest, RefusesABadManifestOrCrl) {
  ManifestEntry manifest = SampleManifest();
  manifest.version = 0;
  EXPECT_THAT(ValidateEntry(With(manifest)), StatusIs(kInvalid, "version"));
  CrlEntry crl = SampleCrl();
  crl.next_update = crl.this_update;
  EXPECT_THAT(ValidateEntry(With(crl)), StatusIs(kInvalid, "next update"));
  crl = SampleCrl();
  crl.number = 0;
  EXPECT_THAT(ValidateEntry(With(crl)), StatusIs(kInvalid, "number"));
  std::string bytes = EncodeEntry(With(SampleCrl()));
  bytes[22 + 32 + 4] = 3;  // Its kind.
  EXPECT_THAT(ParseEntry(base::AsBytes(bytes)), StatusIs(kInvalid, "kind"));
}

TEST(EntryTest, RefusesABadIssuer) {
  struct Row {
    std::string field;
    void (*damage)(IssuerEntry&);
  };
  for (const Row& row : std::vector<Row>{
           {"issuer id", [](auto& e) { e.issuer_id += 'x'; }},
           {"issuer name", [](auto& e) { e.name.clear(); }},
           {"issuer name", [](auto& e) { e.name = std::string(64, 'n'); }},
           {"issuer name", [](auto& e) { e.name = "Web"; }},
           {"issuer name", [](auto& e) { e.name = "a/b"; }},
           {"CRL shards", [](auto& e) { e.crl_shards = 0; }},
           {"CRL shards", [](auto& e) { e.crl_shards = 4097; }},
           {"certificate", [](auto& e) { e.certificate.clear(); }}}) {
    IssuerEntry body = SampleIssuer();
    row.damage(body);
    EXPECT_THAT(ValidateEntry(With(body)),
                StatusIs(kInvalid, "ledger entry: " + row.field));
  }
}

}  // namespace
}  // namespace chancery::ledger
