// chancery-authority: takes orders for certificates and revocations.
#include "authority/run.h"
#include "chancery/config/authority.pb.h"
#include "rpc/process.h"

int main(int argc, char** argv) {
  return chancery::rpc::Main<chancery::config::Authority>(
      argc, argv,
      {.name = "chancery-authority",
       .purpose = "Takes orders for certificates and revocations; holds no CA "
                  "keys.",
       .needs = "identity, listen, grant, inventory, signer",
       .check = chancery::authority::CheckConfig,
       .check_files = chancery::authority::CheckFiles,
       .run = chancery::authority::Run});
}
