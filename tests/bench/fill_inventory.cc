// Puts a data set's blocks into a SQLite inventory, as a refresher keeps them,
// with a head and a cursor that says that the ledger was followed.
#include <cstdio>
#include <string>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "base/bytes.h"
#include "base/status_macros.h"
#include "block/head.h"
#include "storage/open.h"
#include "tests/bench/dataset_files.h"

ABSL_FLAG(std::string, dir, "", "The data set's folder.");
ABSL_FLAG(std::string, inventory, "", "The SQLite file.");
ABSL_FLAG(std::string, signer, "", "Whose ledger was followed: a URI.");

namespace chancery::bench {
namespace {

absl::Status Fill() {
  ASSIGN_OR_RETURN(const Dataset dataset,
                   Dataset::Open(absl::GetFlag(FLAGS_dir)));
  ASSIGN_OR_RETURN(const auto inventory,
                   storage::OpenSqlite(absl::GetFlag(FLAGS_inventory)));
  const std::string template_id = base::ToString(dataset.ocsp_template().id());
  RETURN_IF_ERROR(
      inventory->PutTemplate(template_id, dataset.ocsp_template().encoded()));
  uint64_t certificates = 0;
  block::Index index;
  for (uint64_t number = 0;; ++number) {
    const auto block = dataset.Read(number);
    if (absl::IsNotFound(block.status())) break;
    if (!block.ok()) return block.status();
    const block::Manifest& manifest = block->manifest();
    RETURN_IF_ERROR(
        inventory->PutBlock({.block_id = base::ToString(manifest.block_id),
                             .issuer_id = base::ToString(manifest.issuer_id),
                             .version = manifest.version,
                             .refresh_at = manifest.refresh_at,
                             .next_update = manifest.next_update,
                             .data = block->Encode(),
                             .template_ids = {template_id}}));
    index.versions.emplace_back(manifest.block_id, manifest.version);
    certificates += block->count();
  }
  ASSIGN_OR_RETURN(const block::SignedHead head,
                   dataset.HeadOf(std::move(index)));
  ASSIGN_OR_RETURN(const block::Head facts,
                   block::HeadOf(base::AsBytes(head.head)));
  RETURN_IF_ERROR(inventory->PutHead(
      absl::GetFlag(FLAGS_signer),
      {.time = facts.time, .head = head.head, .index = head.index}));
  return inventory->ApplyLedgerStep(
      {.signer = absl::GetFlag(FLAGS_signer), .next_index = certificates});
}

}  // namespace
}  // namespace chancery::bench

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  const absl::Status filled = chancery::bench::Fill();
  if (filled.ok()) return 0;
  std::fprintf(stderr, "fill_inventory: %s\n", filled.ToString().c_str());
  return 1;
}
