// The way of a CRL, as a refresher leads it and by its own parts: asked of the
// signer, kept in the inventory, sent from there to all responders at once. For
// each line of standard input there is a run, and a line of JSON:
//
//   {"number": ..., "bytes": ..., "signed_seconds": ..., "stored_seconds": ...,
//    "served_seconds": ...}
//
// Seconds are since it was asked for: until the signer begins to answer, until
// the inventory has it, and until the last responder serves it.
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/status_macros.h"
#include "chancery/config/refresher.pb.h"
#include "refresher/crl_row.h"
#include "refresher/grpc_responder_client.h"
#include "refresher/grpc_signer_client.h"
#include "rpc/client.h"
#include "rpc/config.h"
#include "rpc/credentials.h"
#include "storage/open_configured.h"

ABSL_FLAG(std::string, config, "", "The refresher's textproto.");
ABSL_FLAG(std::string, issuer, "issuing", "Whose CRL.");

namespace chancery::bench {
namespace {

constexpr absl::Duration kDeadline = absl::Seconds(60);

struct Parties {
  std::unique_ptr<storage::Inventory> inventory;
  std::unique_ptr<refresher::SignerClient> signer;
  std::vector<std::unique_ptr<refresher::ResponderClient>> responders;
};

absl::StatusOr<Parties> Connect(const config::Refresher& config) {
  ASSIGN_OR_RETURN(const rpc::Credentials credentials,
                   rpc::Credentials::Load(config.identity()));
  Parties parties;
  ASSIGN_OR_RETURN(parties.inventory,
                   storage::OpenConfigured(config.inventory()));
  ASSIGN_OR_RETURN(auto channel,
                   rpc::MakeChannel("signer", config.signer(), credentials));
  parties.signer =
      refresher::MakeGrpcSignerClient(std::move(channel), kDeadline);
  for (const config::ResponderTarget& responder : config.responder()) {
    ASSIGN_OR_RETURN(
        channel,
        rpc::MakeChannel(responder.name(), responder.target(), credentials));
    parties.responders.push_back(
        refresher::MakeGrpcResponderClient(std::move(channel), kDeadline));
  }
  return parties;
}

absl::Status SendTo(refresher::ResponderClient& responder,
                    storage::Inventory& inventory, const storage::CrlRow& crl) {
  uint32_t part = 0;
  ASSIGN_OR_RETURN(
      const uint64_t number,
      responder.PutCrl(crl,
                       [&]() -> absl::StatusOr<std::optional<std::string>> {
                         return inventory.GetCrlPart(crl, part++);
                       }));
  if (number == crl.number) return absl::OkStatus();
  return absl::InternalError("a responder holds another number");
}

absl::Status SendToAll(Parties& parties, const storage::CrlRow& crl) {
  std::vector<absl::Status> results(parties.responders.size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < results.size(); ++i) {
    threads.emplace_back([&, i] {
      results[i] = SendTo(*parties.responders[i], *parties.inventory, crl);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const absl::Status& result : results) RETURN_IF_ERROR(result);
  return absl::OkStatus();
}

absl::StatusOr<storage::CrlRow> RunOnce(Parties& parties, uint64_t have) {
  const absl::Time asked = absl::Now();
  const refresher::CrlRequest request{.issuer = absl::GetFlag(FLAGS_issuer),
                                      .have_number = have};
  ASSIGN_OR_RETURN(const auto download, parties.signer->SignCrl(request));
  const absl::Time answered = absl::Now();
  const storage::CrlRow crl = refresher::CrlRowOf(request, download->facts());
  RETURN_IF_ERROR(
      parties.inventory->PutCrl(crl, [&] { return download->Next(); }));
  const absl::Time stored = absl::Now();
  RETURN_IF_ERROR(SendToAll(parties, crl));
  const absl::Time served = absl::Now();
  std::printf(
      "{\"number\": %llu, \"bytes\": %llu, \"signed_seconds\": %.6f, "
      "\"stored_seconds\": %.6f, \"served_seconds\": %.6f}\n",
      static_cast<unsigned long long>(crl.number),
      static_cast<unsigned long long>(crl.size),
      absl::ToDoubleSeconds(answered - asked),
      absl::ToDoubleSeconds(stored - asked),
      absl::ToDoubleSeconds(served - asked));
  std::fflush(stdout);
  return crl;
}

absl::Status Run() {
  config::Refresher config;
  RETURN_IF_ERROR(rpc::LoadTextproto(absl::GetFlag(FLAGS_config), config));
  ASSIGN_OR_RETURN(Parties parties, Connect(config));
  uint64_t have = 0;
  ASSIGN_OR_RETURN(const auto held, parties.inventory->ListCrls());
  for (const storage::CrlRow& crl : held) have = std::max(have, crl.number);
  // A refresher's connections are there before it needs them.
  RETURN_IF_ERROR(parties.signer->ListIssuers().status());
  for (const auto& responder : parties.responders) {
    RETURN_IF_ERROR(responder->GetStatus().status());
  }
  absl::Time not_before = absl::InfinitePast();
  for (std::string line; std::getline(std::cin, line);) {
    // The next one has to be a second younger: the signer would wait for that.
    absl::SleepFor(not_before - absl::Now());
    ASSIGN_OR_RETURN(const storage::CrlRow crl, RunOnce(parties, have));
    have = crl.number;
    not_before = crl.this_update + absl::Milliseconds(1050);
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace chancery::bench

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  const absl::Status done = chancery::bench::Run();
  if (done.ok()) return 0;
  std::fprintf(stderr, "crl_flow: %s\n", done.ToString().c_str());
  return 1;
}
