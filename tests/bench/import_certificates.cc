// Brings a data set's certificates into a signer by its Import call.
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "block/wire.h"
#include "chancery/config/common.pb.h"
#include "chancery/signer/v1/import.grpc.pb.h"
#include "grpcpp/channel.h"
#include "rpc/client.h"
#include "rpc/credentials.h"
#include "rpc/status.h"
#include "tests/bench/dataset.h"
#include "tests/bench/dataset_files.h"

ABSL_FLAG(std::string, dir, "", "The data set's folder.");
ABSL_FLAG(std::string, tls, "", "The folder with importer.pem and ca.pem.");
ABSL_FLAG(std::string, address, "", "The signer's.");
ABSL_FLAG(std::string, uri, "", "The signer's identity.");
ABSL_FLAG(std::string, issuer, "bench", "Its name at the signer.");
ABSL_FLAG(uint64_t, calls, 4, "At a time.");

namespace chancery::bench {
namespace {

absl::StatusOr<std::shared_ptr<grpc::Channel>> Connect(
    const rpc::Credentials& credentials) {
  config::Target target;
  target.set_address(absl::GetFlag(FLAGS_address));
  target.set_expected_uri(absl::GetFlag(FLAGS_uri));
  return rpc::MakeChannel("signer", target, credentials);
}

absl::StatusOr<uint64_t> ImportOne(
    signer::v1::ImportService::StubInterface& stub, const DatasetFiles& files,
    uint64_t number) {
  ASSIGN_OR_RETURN(const std::string content,
                   base::ReadFile(files.import(number)));
  signer::v1::ImportRequest request;
  request.set_issuer(absl::GetFlag(FLAGS_issuer));
  block::wire::Reader in(base::AsBytes(content));
  base::Bytes der;
  const int64_t revoked_at = absl::ToUnixSeconds(absl::Now()) - 3600;
  for (uint64_t i = number * kBlockCapacity; in.Counted<uint32_t>(der); ++i) {
    auto* const item = request.add_items();
    item->set_certificate(base::ToString(der));
    if (!IsRevoked(i)) continue;
    item->set_revoked(true);
    item->set_reason(1);
    item->set_revoked_at_seconds(revoked_at);
  }
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Minutes(5)));
  signer::v1::ImportResponse response;
  RETURN_IF_ERROR(rpc::FromGrpc(stub.Import(&context, request, &response)));
  return response.added();
}

absl::StatusOr<uint64_t> ImportAll() {
  const DatasetFiles files{.folder = absl::GetFlag(FLAGS_dir)};
  const std::string tls = absl::GetFlag(FLAGS_tls);
  config::TlsIdentity identity;
  identity.set_certificate_file(tls + "/importer.pem");
  identity.set_key_file(tls + "/importer.key");
  identity.set_trust_file(tls + "/ca.pem");
  ASSIGN_OR_RETURN(const rpc::Credentials credentials,
                   rpc::Credentials::Load(identity));
  ASSIGN_OR_RETURN(const auto channel, Connect(credentials));
  const auto stub = signer::v1::ImportService::NewStub(channel);
  std::atomic<uint64_t> next = 0, added = 0;
  std::vector<absl::Status> ends(absl::GetFlag(FLAGS_calls));
  std::vector<std::thread> threads;
  for (absl::Status& end : ends) {
    threads.emplace_back([&] {
      for (uint64_t i = next++; end.ok(); i = next++) {
        if (!std::filesystem::exists(files.import(i))) return;
        const auto imported = ImportOne(*stub, files, i);
        end = imported.status();
        added += imported.value_or(0);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const absl::Status& end : ends) RETURN_IF_ERROR(end);
  return added.load();
}

}  // namespace
}  // namespace chancery::bench

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  const absl::Time started = absl::Now();
  const auto added = chancery::bench::ImportAll();
  if (added.ok()) {
    std::printf("{\"added\": %llu, \"seconds\": %.3f}\n",
                static_cast<unsigned long long>(*added),
                absl::ToDoubleSeconds(absl::Now() - started));
    return 0;
  }
  std::fprintf(stderr, "import_certificates: %s\n",
               added.status().ToString().c_str());
  return 1;
}
