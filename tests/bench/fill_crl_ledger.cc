// Fills a signer's ledger with certificates that were imported and revoked, as
// many as are asked for in all. The signer must not run. The certificates are
// names only: what a CRL says of one is in its entry.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/status_macros.h"
#include "chancery/config/signer.pb.h"
#include "crypto/digest.h"
#include "crypto/key_source.h"
#include "ledger/entry.h"
#include "rpc/config.h"
#include "signer/config.h"
#include "signer/crl_shard.h"
#include "signer/issuer_record.h"
#include "signer/ledger/ledger.h"
#include "signer/ledger/rocksdb_store.h"

ABSL_FLAG(std::string, config, "", "The signer's textproto.");
ABSL_FLAG(uint64_t, first, 0, "The number of the first to add.");
ABSL_FLAG(uint64_t, entries, 1'000'000, "How many to add.");

namespace chancery::bench {
namespace {

constexpr uint64_t kInACommand = 2000;

// 16 octets, as the signer makes them, in no order.
std::string SerialOf(uint64_t number) {
  const std::string name = absl::StrCat("bench ", number);
  const crypto::Sha256Digest digest = crypto::Sha256(base::AsBytes(name));
  return "\x01" + base::ToString(base::Bytes(digest).first(15));
}

absl::Status Add(signer::Transaction& tx, const signer::Issuer& issuer,
                 uint64_t number) {
  const std::string serial = SerialOf(number);
  ASSIGN_OR_RETURN(const signer::Place place,
                   tx.state().NextPlace({.issuer_id = issuer.issuer_id,
                                         .lifetime_class = 128,
                                         .imported = true,
                                         .capacity = 4096},
                                        tx.time()));
  const absl::Time now = absl::FromUnixSeconds(absl::ToUnixSeconds(tx.time()));
  RETURN_IF_ERROR(
      tx.Append(ledger::CertificateEntry{
                    .imported = true,
                    .issuer_id = issuer.issuer_id,
                    .serial = serial,
                    .not_after = now + absl::Hours(24 * 90),
                    .crl_shard = signer::ShardForSerial(issuer, serial),
                    .block_id = place.block_id,
                    .place = place.place,
                    .block_capacity = place.block_capacity,
                    .lifetime_class = 128,
                    .certificate = serial})
          .status());
  // Reasons and dates as they come: all the lengths of an entry.
  constexpr uint8_t kReasons[] = {1, 3, 4, 5, 9};
  return tx
      .Append(ledger::StatusEntry{
          .change = ledger::StatusChange::kRevoke,
          .issuer_id = issuer.issuer_id,
          .serial = serial,
          .reason = kReasons[number % std::size(kReasons)],
          .revoked_at = now - absl::Seconds(number % 1'000'000)})
      .status();
}

absl::Status Fill() {
  config::Signer config;
  RETURN_IF_ERROR(rpc::LoadTextproto(absl::GetFlag(FLAGS_config), config));
  crypto::KeyOpener opener;
  ASSIGN_OR_RETURN(const auto issuers, signer::LoadIssuers(config, opener));
  ASSIGN_OR_RETURN(auto store, signer::OpenRocksDbStore(config.ledger_dir()));
  ASSIGN_OR_RETURN(
      const auto ledger,
      signer::Ledger::Open(std::move(store), base::SystemClock(), {}));
  RETURN_IF_ERROR(signer::RecordIssuers(issuers, *ledger));
  const uint64_t end =
      absl::GetFlag(FLAGS_first) + absl::GetFlag(FLAGS_entries);
  for (uint64_t at = absl::GetFlag(FLAGS_first); at < end; at += kInACommand) {
    RETURN_IF_ERROR(
        ledger->Execute([&](signer::Transaction& tx) -> absl::Status {
          const uint64_t stop = std::min(end, at + kInACommand);
          for (uint64_t number = at; number < stop; ++number) {
            RETURN_IF_ERROR(Add(tx, issuers.front(), number));
          }
          return absl::OkStatus();
        }));
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace chancery::bench

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  const absl::Status filled = chancery::bench::Fill();
  if (filled.ok()) return 0;
  std::fprintf(stderr, "fill_crl_ledger: %s\n", filled.ToString().c_str());
  return 1;
}
