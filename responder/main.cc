// chancery-responder: answers OCSP and CRL requests with what was signed
// elsewhere.
#include "chancery/config/responder.pb.h"
#include "responder/run.h"
#include "rpc/process.h"

int main(int argc, char** argv) {
  return chancery::rpc::Main<chancery::config::Responder>(
      argc, argv,
      {.name = "chancery-responder",
       .purpose = "Answers OCSP and CRL requests; holds no keys.",
       .needs = "identity, listen, grant, cache_dir, key_set_file, "
                "key_set_root_file, http_address",
       .check = chancery::responder::CheckConfig,
       .check_files = chancery::responder::CheckFiles,
       .run = chancery::responder::Run});
}
