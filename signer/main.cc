// chancery-signer: holds the CA's keys and decides everything that is signed.
#include "chancery/config/signer.pb.h"
#include "rpc/process.h"
#include "signer/config.h"
#include "signer/run.h"

int main(int argc, char** argv) {
  return chancery::rpc::Main<chancery::config::Signer>(
      argc, argv,
      {.name = "chancery-signer",
       .purpose = "Issues certificates and signs OCSP responses and CRLs.",
       .needs =
           "identity, listen, grant, ledger_dir, manifest_key, issuer, profile",
       .check = chancery::signer::CheckConfig,
       .check_files = chancery::signer::CheckFiles,
       .run = chancery::signer::Run,
       .switches = {{"confirm-clock",
                     "Go on although the clock is far ahead of the ledger's "
                     "last entry."},
                    {"confirm-pin",
                     "Log in although the token says that one more wrong PIN "
                     "locks it."}}});
}
