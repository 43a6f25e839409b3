// chancery-signer: holds the CA's keys and decides everything that is signed.
#include <malloc.h>

#include "chancery/config/signer.pb.h"
#include "rpc/process.h"
#include "signer/config.h"
#include "signer/run.h"

namespace {

// Threads of gRPC and RocksDB come and go, each with an arena of its own where
// what was freed stays: three times what is in use. What is large, as memtables
// are, goes back to the system.
constexpr int kArenas = 2;
constexpr int kLarge = 512 << 10;

}  // namespace

int main(int argc, char** argv) {
  (void)mallopt(M_ARENA_MAX, kArenas);
  (void)mallopt(M_MMAP_THRESHOLD, kLarge);
  return chancery::rpc::Main<chancery::config::Signer>(
      argc, argv,
      {.name = "chancery-signer",
       .purpose = "Issues certificates and signs OCSP responses and CRLs.",
       .needs =
           "identity, listen, grant, ledger_dir, manifest_key, issuer, profile",
       .check = chancery::signer::CheckConfig,
       .run = chancery::signer::Run,
       .switches = {{"confirm-clock",
                     "Go on although the clock is far ahead of the ledger's "
                     "last entry."}}});
}
