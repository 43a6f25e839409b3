// bazel run -c opt --config=opt //signer:issuance_benchmark
//
// What a certificate costs the signer, without its calls: all in one thread, on
// a ledger in a new folder below $TMPDIR. The column to read is CPU.
#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/clock.h"
#include "base/random.h"
#include "benchmark/benchmark.h"
#include "signer/block_signer.h"
#include "signer/issuance.h"
#include "signer/issuer.h"
#include "signer/ledger/ledger.h"
#include "signer/ledger/rocksdb_store.h"
#include "signer/testing/test_pki.h"

namespace chancery::signer {
namespace {

constexpr size_t kCsrs = 512;

testing::TestPki::Options PkiOptions() {
  testing::TestPki::Options options;
  options.now = absl::FromUnixSeconds(absl::ToUnixSeconds(absl::Now()));
  options.forms = {block::CertIdForm::kSha1};
  options.block_capacity = 4096;
  return options;
}

// A folder of its own, which goes with it.
struct Folder {
  Folder() : path(std::filesystem::temp_directory_path() / "issuance-XXXXXX") {
    if (mkdtemp(path.data()) == nullptr) std::abort();
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

void BM_IssueBatch(benchmark::State& state) {
  const size_t size = static_cast<size_t>(state.range(0));
  const testing::TestPki pki(PkiOptions());
  const Folder folder;
  const IssuerTable issuers({pki.issuer()});
  const auto ledger = *Ledger::Open(*OpenRocksDbStore(folder.path + "/ledger"),
                                    base::SystemClock(), {});
  BlockSigner blocks(*ledger, issuers, *pki.manifest_key(), base::SystemClock(),
                     {});
  Issuance issuance(*ledger, issuers, blocks, base::SystemClock(),
                    base::SystemRandom());
  std::vector<std::string> csrs;
  for (size_t i = 0; i < kCsrs; ++i) {
    csrs.push_back(testing::QuickCsr(absl::StrCat("a", i, ".example.com")));
  }
  uint64_t number = 0;
  for (auto _ : state) {
    std::vector<IssueRequest> requests;
    for (size_t i = 0; i < size; ++i, ++number) {
      requests.push_back(
          {.asker = {.caller_uri = "spiffe://test/authority/one",
                     .requester = "spiffe://test/client/ada",
                     .request_id = absl::StrCat("request-", number)},
           .issuer = "issuing",
           .profile = "server",
           .csr = csrs[number % kCsrs]});
    }
    const IssuedBatch batch = issuance.IssueBatch(requests);
    for (const auto& result : batch.results) {
      if (!result.ok()) state.SkipWithError(result.status().ToString().c_str());
    }
  }
  state.SetItemsProcessed(static_cast<int64_t>(number));
  state.counters["us_each"] = benchmark::Counter(
      static_cast<double>(number) / 1e6,
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(BM_IssueBatch)
    ->ArgName("batch")
    ->Arg(1)
    ->Arg(64)
    ->Arg(256)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace chancery::signer

BENCHMARK_MAIN();
