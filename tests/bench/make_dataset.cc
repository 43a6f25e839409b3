// Makes a CA, its OCSP delegate, a manifest key and a key set, and the signed
// blocks of many certificates: what a signer would have signed for them.
#include <atomic>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "block/draft.h"
#include "tests/bench/bench_ca.h"
#include "tests/bench/dataset.h"
#include "tests/bench/dataset_files.h"

ABSL_FLAG(std::string, dir, "", "The folder to fill.");
ABSL_FLAG(uint64_t, certificates, 1'000'000, "How many.");

namespace chancery::bench {
namespace {

constexpr absl::Duration kValidity = absl::Hours(96);

absl::Status Write(const std::string& path, const std::string& content) {
  return base::WriteFileAtomically(path, base::AsBytes(content));
}

absl::StatusOr<block::Record> SignRecord(const Ca& ca, uint64_t number) {
  const Serial serial = SerialOf(number);
  block::Record record;
  record.serial = base::ToString(serial);
  record.status = IsRevoked(number) ? block::RecordStatus::kRevoked
                                    : block::RecordStatus::kGood;
  if (IsRevoked(number)) {
    record.revocation_time = ca.this_update - absl::Hours(1);
    record.reason = 1;
  }
  record.this_update = ca.this_update;
  record.next_update = ca.this_update + kValidity;
  std::string tbs;
  ca.ocsp_template->BuildTbs(record.facts(), tbs);
  ASSIGN_OR_RETURN(const std::string signature,
                   ca.ocsp_key->Sign(base::AsBytes(tbs)));
  ASSIGN_OR_RETURN(std::string compact,
                   ca.ocsp_template->Compact(base::AsBytes(signature)));
  record.signatures.push_back(std::move(compact));
  return record;
}

absl::Status MakeBlock(const Ca& ca, const DatasetFiles& files,
                       uint64_t certificates, uint64_t number) {
  block::Manifest facts;
  facts.issuer_id = ca.issuer_id;
  std::copy_n(ca.issuer_id.begin(), 8, facts.block_id.begin());
  for (size_t i = 0; i < 8; ++i) {
    facts.block_id[15 - i] = static_cast<uint8_t>(number >> (8 * i));
  }
  facts.version = static_cast<uint64_t>(absl::ToUnixMicros(ca.this_update));
  facts.capacity = kBlockCapacity;
  facts.this_update = facts.produced_at = ca.this_update;
  facts.next_update = ca.this_update + kValidity;
  facts.refresh_at = ca.this_update + kValidity / 2;
  facts.ledger_size = certificates;
  std::vector<block::Record> records;
  const uint64_t first = number * kBlockCapacity;
  for (uint64_t i = first;
       i < std::min<uint64_t>(first + kBlockCapacity, certificates); ++i) {
    ASSIGN_OR_RETURN(block::Record record, SignRecord(ca, i));
    records.push_back(std::move(record));
  }
  ASSIGN_OR_RETURN(const block::Block made,
                   block::SignWhole(std::move(facts), {ca.ocsp_template},
                                    records, *ca.manifest_key));
  return Write(files.block(number), made.Encode());
}

absl::Status Make(const DatasetFiles& files, uint64_t certificates) {
  RETURN_IF_ERROR(base::MakeDirectories(files.folder + "/blocks"));
  ASSIGN_OR_RETURN(const Ca ca, MakeCa(files));
  const uint64_t blocks = (certificates + kBlockCapacity - 1) / kBlockCapacity;
  std::atomic<uint64_t> next = 0;
  std::vector<absl::Status> ends(
      std::max(1u, std::thread::hardware_concurrency()));
  std::vector<std::thread> threads;
  for (absl::Status& end : ends) {
    threads.emplace_back([&] {
      for (uint64_t i = next++; i < blocks && end.ok(); i = next++) {
        end = MakeBlock(ca, files, certificates, i);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const absl::Status& end : ends) RETURN_IF_ERROR(end);
  // Last: a folder with this file is whole.
  return Write(files.folder + "/certificates",
               absl::StrCat(certificates, "\n"));
}

}  // namespace
}  // namespace chancery::bench

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  const absl::Status made = chancery::bench::Make(
      {.folder = absl::GetFlag(FLAGS_dir)}, absl::GetFlag(FLAGS_certificates));
  if (made.ok()) return 0;
  std::fprintf(stderr, "make_dataset: %s\n", made.ToString().c_str());
  return 1;
}
