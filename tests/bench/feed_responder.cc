// Hands a data set's blocks to a responder, over the interface that refreshers
// use, and the head by which it knows that these are all.
#include <algorithm>
#include <cstdio>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/status_macros.h"
#include "block/head.h"
#include "chancery/config/common.pb.h"
#include "refresher/grpc_responder_client.h"
#include "rpc/client.h"
#include "rpc/credentials.h"
#include "tests/bench/dataset_files.h"

ABSL_FLAG(std::string, dir, "", "The data set's folder.");
ABSL_FLAG(std::string, tls, "", "Where NAME.pem, NAME.key and ca.pem are.");
ABSL_FLAG(std::string, name, "refresher", "Whose certificate to use.");
ABSL_FLAG(std::string, address, "", "The responder's.");
ABSL_FLAG(std::string, uri, "", "The identity that it must prove.");
ABSL_FLAG(uint64_t, refresh, 0, "Versions later than the ones in the folder.");
ABSL_FLAG(bool, shuffle, false, "The blocks in a random order.");

namespace chancery::bench {
namespace {

constexpr size_t kBatchBytes = 4 << 20;  // As a refresher's.

absl::Status Send(refresher::ResponderClient& responder,
                  std::vector<block::Update> updates) {
  ASSIGN_OR_RETURN(const auto results, responder.Apply(updates));
  for (const refresher::ApplyResult& result : results) {
    if (!result.accepted) {
      return absl::FailedPreconditionError(
          absl::StrCat("the responder refused a block: ", result.detail));
    }
  }
  return absl::OkStatus();
}

std::vector<uint64_t> Order(uint64_t blocks) {
  std::vector<uint64_t> order(blocks);
  std::iota(order.begin(), order.end(), 0);
  if (absl::GetFlag(FLAGS_shuffle)) {
    std::shuffle(order.begin(), order.end(),
                 std::mt19937_64(absl::GetFlag(FLAGS_refresh)));
  }
  return order;
}

absl::Status Feed() {
  ASSIGN_OR_RETURN(const Dataset dataset,
                   Dataset::Open(absl::GetFlag(FLAGS_dir)));
  const std::string tls = absl::GetFlag(FLAGS_tls) + "/";
  config::TlsIdentity identity;
  identity.set_certificate_file(tls + absl::GetFlag(FLAGS_name) + ".pem");
  identity.set_key_file(tls + absl::GetFlag(FLAGS_name) + ".key");
  identity.set_trust_file(tls + "ca.pem");
  ASSIGN_OR_RETURN(const auto credentials, rpc::Credentials::Load(identity));
  config::Target target;
  target.set_address(absl::GetFlag(FLAGS_address));
  target.set_expected_uri(absl::GetFlag(FLAGS_uri));
  ASSIGN_OR_RETURN(auto channel,
                   rpc::MakeChannel("responder", target, credentials));
  const auto responder =
      refresher::MakeGrpcResponderClient(std::move(channel), absl::Seconds(60));

  std::vector<block::Update> batch;
  block::Index index;
  size_t bytes = 0;
  for (const uint64_t number : Order(dataset.CountBlocks())) {
    ASSIGN_OR_RETURN(const block::Block block, dataset.Read(number));
    ASSIGN_OR_RETURN(block::Update update,
                     dataset.Later(block, absl::GetFlag(FLAGS_refresh)));
    bytes += update.content.size();
    index.versions.emplace_back(block.manifest().block_id, update.version);
    batch.push_back(std::move(update));
    if (bytes < kBatchBytes) continue;
    RETURN_IF_ERROR(Send(*responder, std::exchange(batch, {})));
    bytes = 0;
  }
  RETURN_IF_ERROR(Send(*responder, std::move(batch)));
  ASSIGN_OR_RETURN(const block::SignedHead head,
                   dataset.HeadOf(std::move(index)));
  return responder->PutHead(head).status();
}

}  // namespace
}  // namespace chancery::bench

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  const absl::Status fed = chancery::bench::Feed();
  if (fed.ok()) return 0;
  std::fprintf(stderr, "feed_responder: %s\n", fed.ToString().c_str());
  return 1;
}
