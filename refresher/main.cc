// chancery-refresher: keeps inventory and responders in step with the signer.
#include "chancery/config/refresher.pb.h"
#include "refresher/config.h"
#include "refresher/run.h"
#include "rpc/process.h"

int main(int argc, char** argv) {
  return chancery::rpc::Main<chancery::config::Refresher>(
      argc, argv,
      {.name = "chancery-refresher",
       .purpose = "Has OCSP blocks and CRLs signed in time and pushes them.",
       .needs = "identity, listen, grant, inventory, signer, responder, name",
       .check = chancery::refresher::CheckConfig,
       .check_files = chancery::refresher::CheckFiles,
       .run = chancery::refresher::Run,
       .switches = {{chancery::refresher::kOnceSwitch,
                     "Refresh what is due, fill every responder, and end: 0 if "
                     "everything is fresh everywhere. For cron."}}});
}
