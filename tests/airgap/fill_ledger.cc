// Fills an offline signer's ledger with certificates of its first issuer, as if
// they had been imported. Nothing else may use the ledger meanwhile.
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
#include "crypto/software_key.h"
#include "ledger/entry.h"
#include "rpc/config.h"
#include "signer/config.h"
#include "signer/crl_shard.h"
#include "signer/issuer_record.h"
#include "signer/ledger/ledger.h"
#include "signer/ledger/rocksdb_store.h"
#include "x509/certificate/certificate.h"
#include "x509/certificate/names.h"

ABSL_FLAG(std::string, config, "", "The signer's textproto.");
ABSL_FLAG(uint64_t, certificates, 100'000, "How many.");

namespace chancery {
namespace {

constexpr uint64_t kInACommand = 1000;

absl::StatusOr<ledger::CertificateEntry> Make(const signer::Issuer& issuer,
                                              const std::string& public_key,
                                              uint64_t number, absl::Time now) {
  const std::string host = absl::StrCat("host", number, ".test");
  const crypto::Sha256Digest digest = crypto::Sha256(base::AsBytes(host));
  x509::CertificateFacts facts;
  facts.serial = "\x01" + base::ToString(base::Bytes(digest).first(15));
  facts.issuer = issuer.subject;
  ASSIGN_OR_RETURN(facts.subject,
                   x509::EncodeName({{.type = "CN", .value = host}}));
  facts.not_before = now;
  facts.not_after = now + absl::Hours(24 * 90);
  facts.public_key = public_key;
  facts.extensions.key_usage = x509::kDigitalSignature;
  facts.extensions.alt_names = {{.value = host}};
  ASSIGN_OR_RETURN(std::string der, x509::SignCertificate(facts, *issuer.key));
  return ledger::CertificateEntry{
      .imported = true,
      .issuer_id = issuer.issuer_id,
      .serial = facts.serial,
      .not_after = facts.not_after,
      .crl_shard = signer::ShardForSerial(issuer, facts.serial),
      .lifetime_class = 128,
      .certificate = std::move(der)};
}

absl::Status Fill() {
  config::Signer config;
  RETURN_IF_ERROR(rpc::LoadTextproto(absl::GetFlag(FLAGS_config), config));
  crypto::KeyOpener opener;
  ASSIGN_OR_RETURN(const std::vector<signer::Issuer> issuers,
                   signer::LoadIssuers(config, opener));
  ASSIGN_OR_RETURN(auto store, signer::OpenRocksDbStore(config.ledger_dir()));
  ASSIGN_OR_RETURN(
      const auto ledger,
      signer::Ledger::Open(std::move(store), base::SystemClock(), {}));
  RETURN_IF_ERROR(signer::RecordIssuers(issuers, *ledger));
  const signer::Issuer& issuer = issuers.front();
  ASSIGN_OR_RETURN(const auto key, crypto::GenerateKey({}));
  const std::string public_key = base::ToString(key->public_key().spki());
  const uint64_t count = absl::GetFlag(FLAGS_certificates);
  for (uint64_t first = 0; first < count; first += kInACommand) {
    RETURN_IF_ERROR(
        ledger->Execute([&](signer::Transaction& tx) -> absl::Status {
          const absl::Time now =
              absl::FromUnixSeconds(absl::ToUnixSeconds(tx.time()));
          for (uint64_t i = first; i < std::min(first + kInACommand, count);
               ++i) {
            ASSIGN_OR_RETURN(ledger::CertificateEntry entry,
                             Make(issuer, public_key, i, now));
            ASSIGN_OR_RETURN(
                const signer::Place place,
                tx.state().NextPlace({.issuer_id = issuer.issuer_id,
                                      .lifetime_class = entry.lifetime_class,
                                      .imported = true,
                                      .capacity = issuer.block_capacity},
                                     tx.time()));
            entry.block_id = place.block_id;
            entry.place = place.place;
            entry.block_capacity = place.block_capacity;
            RETURN_IF_ERROR(tx.Append(std::move(entry)).status());
          }
          return absl::OkStatus();
        }));
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace chancery

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  const absl::Status status = chancery::Fill();
  if (status.ok()) return 0;
  std::fprintf(stderr, "fill_ledger: %s\n", status.ToString().c_str());
  return 1;
}
