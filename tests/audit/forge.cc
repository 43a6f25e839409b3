// Plants faults that only the holder of keys or of the ledger could: what
// `chancery audit` must find all the same.
//
//   forge block DIR SERIAL CHANGE [KEY] inventory|RESPONDER
//     CHANGE: drop, good, reason:N, extra:SERIAL
//     KEY: real (the default) or other: who signs the manifest
//   forge crl DIR SERIAL drop|add OUT
//   forge head DIR
//   forge ledger LEDGER_DIR DIR flip INDEX
//   forge ledger LEDGER_DIR DIR release SERIAL
//   forge ledger LEDGER_DIR DIR manifest version|previous|status-root
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "base/bytes.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "block/draft.h"
#include "block/head.h"
#include "chancery/config/refresher.pb.h"
#include "crypto/software_key.h"
#include "ledger/entry.h"
#include "refresher/grpc_responder_client.h"
#include "rpc/client.h"
#include "rpc/config.h"
#include "rpc/credentials.h"
#include "signer/ledger/rocksdb_store.h"
#include "signer/ledger/rows.h"
#include "storage/open.h"
#include "storage/read_crl.h"
#include "x509/certificate/certificate.h"
#include "x509/crl/crl.h"

namespace chancery {
namespace {

using Arguments = std::vector<std::string>;

absl::StatusOr<std::string> Serial(const std::string& hex) {
  const auto serial = base::FromHex(hex);
  if (serial.has_value()) return *serial;
  return absl::InvalidArgumentError(absl::StrCat(hex, ": no serial"));
}

absl::StatusOr<std::unique_ptr<crypto::SoftwareKey>> Key(
    const std::string& dir, const std::string& name) {
  return crypto::LoadSoftwareKey(absl::StrCat(dir, "/ca/", name, ".key"),
                                 nullptr);
}

absl::StatusOr<std::unique_ptr<storage::Inventory>> Inventory(
    const std::string& dir) {
  return storage::OpenSqlite(dir + "/inventory.sqlite");
}

// --- blocks -----------------------------------------------------------------

struct Held {
  storage::BlockRow row;
  block::TemplateMap templates;
  std::shared_ptr<const block::Block> block;
};

absl::StatusOr<Held> Load(storage::Inventory& inventory,
                          const std::string& block_id) {
  Held held;
  ASSIGN_OR_RETURN(held.row, inventory.GetBlock(block_id));
  for (const std::string& id : held.row.template_ids) {
    ASSIGN_OR_RETURN(const std::string data, inventory.GetTemplate(id));
    ASSIGN_OR_RETURN(block::OcspTemplate one,
                     block::OcspTemplate::Parse(base::AsBytes(data)));
    const block::TemplateId key = one.id();
    held.templates[key] =
        std::make_shared<const block::OcspTemplate>(std::move(one));
  }
  ASSIGN_OR_RETURN(
      block::Block block,
      block::Block::Parse(base::AsBytes(held.row.data), held.templates));
  for (const storage::DeltaRow& row : held.row.deltas) {
    ASSIGN_OR_RETURN(const block::Delta delta,
                     block::Delta::Parse(base::AsBytes(row.data)));
    ASSIGN_OR_RETURN(block, block.Apply(delta));
  }
  held.block = std::make_shared<const block::Block>(std::move(block));
  return held;
}

absl::Status Sign(const block::Block& block, const crypto::SigningKey& key,
                  block::Record& record) {
  record.signatures.clear();
  for (const auto& one : block.templates()) {
    std::string tbs;
    one->BuildTbs(record.facts(), tbs);
    ASSIGN_OR_RETURN(const std::string signature, key.Sign(base::AsBytes(tbs)));
    ASSIGN_OR_RETURN(record.signatures.emplace_back(),
                     one->Compact(base::AsBytes(signature)));
  }
  return absl::OkStatus();
}

absl::Status Change(const std::string& change, const block::Block& block,
                    const crypto::SigningKey& key, uint32_t place,
                    std::vector<block::Record>& records) {
  block::Record& record = records[place];
  absl::string_view rest = change;
  if (change == "drop") {
    record = {};
    return absl::OkStatus();
  }
  if (change == "good") {
    record.status = block::RecordStatus::kGood;
    record.revocation_time = absl::UnixEpoch();
    record.reason = 0;
  } else if (absl::ConsumePrefix(&rest, "reason:")) {
    if (!absl::SimpleAtoi(rest, &record.reason)) {
      return absl::InvalidArgumentError("reason");
    }
  } else if (absl::ConsumePrefix(&rest, "extra:")) {
    block::Record extra = record;
    ASSIGN_OR_RETURN(extra.serial, Serial(std::string(rest)));
    RETURN_IF_ERROR(Sign(block, key, extra));
    records.push_back(std::move(extra));
    return absl::OkStatus();
  } else {
    return absl::InvalidArgumentError(change);
  }
  return Sign(block, key, record);
}

absl::Status Push(const std::string& dir, const std::string& responder,
                  const block::Update& update) {
  config::Refresher config;
  RETURN_IF_ERROR(
      rpc::LoadTextproto(dir + "/config/refresher.textproto", config));
  for (const config::ResponderTarget& one : config.responder()) {
    if (one.name() != responder) continue;
    ASSIGN_OR_RETURN(const rpc::Credentials credentials,
                     rpc::Credentials::Load(config.identity()));
    ASSIGN_OR_RETURN(auto channel,
                     rpc::MakeChannel("responder", one.target(), credentials));
    const auto client = refresher::MakeGrpcResponderClient(std::move(channel),
                                                           absl::Seconds(10));
    ASSIGN_OR_RETURN(const auto results, client->Apply({update}));
    if (results[0].accepted) return absl::OkStatus();
    return absl::FailedPreconditionError(results[0].detail);
  }
  return absl::NotFoundError(responder);
}

absl::Status ForgeBlock(const Arguments& in) {
  if (in.size() != 6) return absl::InvalidArgumentError("usage");
  const std::string &dir = in[1], &where = in[5];
  ASSIGN_OR_RETURN(const std::string serial, Serial(in[2]));
  ASSIGN_OR_RETURN(const auto inventory, Inventory(dir));
  ASSIGN_OR_RETURN(const auto rows, inventory->FindSerial(serial));
  if (rows.empty()) return absl::NotFoundError("serial");
  ASSIGN_OR_RETURN(const Held held, Load(*inventory, rows[0].block_id));
  ASSIGN_OR_RETURN(const auto ocsp, Key(dir, "ocsp"));
  auto key = in[4] == "other" ? crypto::GenerateKey({}) : Key(dir, "manifest");
  RETURN_IF_ERROR(key.status());
  std::vector<block::Record> records = held.block->Records();
  RETURN_IF_ERROR(Change(in[3], *held.block, *ocsp, rows[0].place, records));
  block::Manifest facts = held.block->manifest();
  facts.version = static_cast<uint64_t>(absl::ToUnixMicros(absl::Now()));
  facts.previous = held.block->signed_manifest().Hash();
  ASSIGN_OR_RETURN(
      const block::Block forged,
      block::SignWhole(facts, held.block->templates(), records, **key));
  if (where == "inventory") {
    storage::BlockRow row = held.row;
    row.version = forged.version();
    row.data = forged.Encode();
    row.deltas.clear();
    return inventory->PutBlock(row);
  }
  block::Update update{.block_id = held.row.block_id,
                       .version = forged.version(),
                       .content = forged.Encode()};
  for (const auto& one : forged.templates()) {
    update.templates.push_back(one->encoded());
  }
  return Push(dir, where, update);
}

// --- CRLs -------------------------------------------------------------------

absl::Status ForgeCrl(const Arguments& in) {
  if (in.size() != 5) return absl::InvalidArgumentError("usage");
  const std::string& dir = in[1];
  ASSIGN_OR_RETURN(const std::string serial, Serial(in[2]));
  ASSIGN_OR_RETURN(const auto inventory, Inventory(dir));
  ASSIGN_OR_RETURN(const auto issuers, inventory->ListIssuers());
  ASSIGN_OR_RETURN(
      const std::string stored,
      storage::ReadCrl(*inventory, {.issuer_id = issuers[0].issuer_id}));
  ASSIGN_OR_RETURN(
      const x509::Certificate issuer,
      x509::Certificate::Parse(base::AsBytes(issuers[0].certificate)));
  ASSIGN_OR_RETURN(const x509::Crl crl, x509::ParseCrl(base::AsBytes(stored)));
  std::vector<x509::CrlEntry> entries;
  RETURN_IF_ERROR(x509::ForEachEntry(crl, [&](const x509::CrlEntry& entry) {
    if (base::AsText(entry.serial) != serial) entries.push_back(entry);
    return absl::OkStatus();
  }));
  if (in[3] == "add") {
    entries.push_back({.serial = base::AsBytes(serial),
                       .revocation_time = crl.this_update,
                       .reason = 1});
  }
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    return base::AsText(a.serial) < base::AsText(b.serial);
  });
  ASSIGN_OR_RETURN(const auto key, Key(dir, issuers[0].name));
  ASSIGN_OR_RETURN(
      const std::string der,
      x509::SignCrl({.issuer = base::AsBytes(issuer.facts().subject),
                     .this_update = crl.this_update,
                     .next_update = crl.next_update,
                     .authority_key_identifier = *crl.authority_key_identifier,
                     .number = *crl.number},
                    entries, *key));
  return base::WriteFileAtomically(in[4], base::AsBytes(der));
}

// --- heads ------------------------------------------------------------------

// The newest again, later, with an old version of a block.
absl::Status ForgeHead(const Arguments& in) {
  if (in.size() != 2) return absl::InvalidArgumentError("usage");
  config::Refresher config;
  RETURN_IF_ERROR(
      rpc::LoadTextproto(in[1] + "/config/refresher.textproto", config));
  const std::string& signer = config.signer().expected_uri();
  ASSIGN_OR_RETURN(const auto inventory, Inventory(in[1]));
  ASSIGN_OR_RETURN(const storage::HeadRow row, inventory->GetHead(signer));
  ASSIGN_OR_RETURN(block::Head head, block::HeadOf(base::AsBytes(row.head)));
  ASSIGN_OR_RETURN(block::Index index,
                   block::Index::Parse(base::AsBytes(row.index)));
  head.time += absl::Microseconds(1);
  index.versions[0].second -= 1;
  ASSIGN_OR_RETURN(const auto key, Key(in[1], "manifest"));
  ASSIGN_OR_RETURN(const block::SignedHead made,
                   block::SignHead(head, index, *key));
  return inventory->PutHead(signer, {.time = head.time,
                                     .epoch = head.epoch,
                                     .head = made.head,
                                     .index = made.index});
}

// --- the ledger -------------------------------------------------------------

class LedgerForger {
 public:
  LedgerForger(signer::KvStore& store, std::string dir)
      : store_(store), dir_(std::move(dir)) {}

  absl::Status Run(const std::string& fault, const std::string& argument) {
    ASSIGN_OR_RETURN(const auto stored, store_.Get(signer::MarkerKey()));
    ASSIGN_OR_RETURN(marker_, signer::ParseMarker(*stored));
    if (fault == "flip") return Flip(argument);
    if (fault == "release") return Release(argument);
    return Manifest(argument);
  }

 private:
  absl::StatusOr<ledger::Entry> At(uint64_t index) const {
    ASSIGN_OR_RETURN(const auto bytes, store_.Get(signer::EntryKey(index)));
    if (!bytes.has_value()) return absl::NotFoundError("entry");
    return ledger::ParseEntry(base::AsBytes(*bytes));
  }

  // The newest entry with this kind of body that `wanted` takes.
  template <typename Body, typename Wanted>
  absl::StatusOr<Body> Newest(Wanted wanted) const {
    for (uint64_t index = marker_.frontier.size(); index-- > 0;) {
      ASSIGN_OR_RETURN(const ledger::Entry entry, At(index));
      const auto* body = std::get_if<Body>(&entry.body);
      if (body != nullptr && wanted(*body)) return *body;
    }
    return absl::NotFoundError("no such entry");
  }

  // One bit of an entry, so that it still parses.
  absl::Status Flip(const std::string& argument) {
    uint64_t index = 0;
    if (!absl::SimpleAtoi(argument, &index)) {
      return absl::InvalidArgumentError(argument);
    }
    ASSIGN_OR_RETURN(auto bytes, store_.Get(signer::EntryKey(index)));
    bytes->back() ^= 1;
    signer::WriteBatch batch;
    batch.Put(signer::EntryKey(index), *bytes);
    return store_.Write(batch, true);
  }

  // As the signer would: the root follows.
  absl::Status Append(ledger::EntryBody body) {
    const uint64_t index = marker_.frontier.size();
    const std::string bytes = ledger::EncodeEntry(
        {.index = index, .time = marker_.last_time, .body = std::move(body)});
    marker_.frontier.Append(merkle::LeafHash(base::AsBytes(bytes)));
    signer::WriteBatch batch;
    batch.Put(signer::EntryKey(index), bytes);
    batch.Put(signer::MarkerKey(), signer::EncodeMarker(marker_));
    return store_.Write(batch, true);
  }

  absl::Status Release(const std::string& hex) {
    ASSIGN_OR_RETURN(const std::string serial, Serial(hex));
    ASSIGN_OR_RETURN(ledger::StatusEntry change,
                     Newest<ledger::StatusEntry>([&](const auto& body) {
                       return body.serial == serial;
                     }));
    change.change = ledger::StatusChange::kRelease;
    change.reason = 0;
    change.revoked_at = absl::UnixEpoch();
    change.origin = {};
    return Append(std::move(change));
  }

  absl::Status Manifest(const std::string& what) {
    ASSIGN_OR_RETURN(
        ledger::ManifestEntry entry,
        Newest<ledger::ManifestEntry>([](const auto&) { return true; }));
    ASSIGN_OR_RETURN(const block::Signed held,
                     block::Signed::Parse(base::AsBytes(entry.manifest)));
    ASSIGN_OR_RETURN(block::Manifest manifest,
                     block::ParseManifest(base::AsBytes(held.message)));
    manifest.previous = held.Hash();
    manifest.base_version = manifest.version;
    manifest.version += 1;
    if (what == "version") {
      manifest.version -= 1;
      manifest.base_version = 0;
    } else if (what == "previous") {
      manifest.previous[0] ^= 1;
    } else {
      manifest.status_root[0] ^= 1;
    }
    ASSIGN_OR_RETURN(const auto key, Key(dir_, "manifest"));
    ASSIGN_OR_RETURN(const block::Signed signed_manifest,
                     block::Sign(block::kManifestType,
                                 block::EncodeManifest(manifest), *key));
    entry.version = manifest.version;
    entry.manifest = signed_manifest.Encode();
    return Append(std::move(entry));
  }

  signer::KvStore& store_;
  const std::string dir_;
  signer::Marker marker_;
};

absl::Status ForgeLedger(const Arguments& in) {
  if (in.size() != 5) return absl::InvalidArgumentError("usage");
  ASSIGN_OR_RETURN(const auto store, signer::OpenRocksDbStore(in[1]));
  return LedgerForger(*store, in[2]).Run(in[3], in[4]);
}

absl::Status Forge(const Arguments& in) {
  if (in.empty()) return absl::InvalidArgumentError("usage");
  if (in[0] == "block") return ForgeBlock(in);
  if (in[0] == "crl") return ForgeCrl(in);
  if (in[0] == "head") return ForgeHead(in);
  return ForgeLedger(in);
}

}  // namespace
}  // namespace chancery

int main(int argc, char** argv) {
  const absl::Status done = chancery::Forge({argv + 1, argv + argc});
  if (done.ok()) return 0;
  std::fprintf(stderr, "forge: %s\n", done.ToString().c_str());
  return 1;
}
