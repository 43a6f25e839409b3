// bazel run -c opt //block:template_benchmark
#include <string>
#include <utility>

#include "base/encoding.h"
#include "benchmark/benchmark.h"
#include "block/template.h"
#include "crypto/software_key.h"

namespace chancery::block {
namespace {

// One response, as a responder makes it: into a buffer that is used again.
void BM_Rebuild(benchmark::State& state) {
  const auto key = *crypto::GenerateKey({.type = crypto::KeyType::kEcP256});
  const std::string name = *base::FromHex("300c310a300806035504030c0154");
  const OcspTemplate shape = *OcspTemplate::Create(
      CertIdForm{static_cast<uint8_t>(state.range(0))}, base::AsBytes(name),
      key->public_key(), key->public_key(), key->algorithm(), {});
  const std::string serial(17, '\x01');
  const RecordFacts record{
      .serial = base::AsBytes(serial),
      .status = state.range(1) ? RecordStatus::kRevoked : RecordStatus::kGood,
      .revocation_time = absl::FromUnixSeconds(1'700'000'000),
      .reason = 1,
      .this_update = absl::FromUnixSeconds(1'700'000'000),
      .next_update = absl::FromUnixSeconds(1'700'086'400)};
  std::string tbs;
  shape.BuildTbs(record, tbs);
  const std::string signature = *key->Sign(base::AsBytes(tbs));
  const std::string compact = *shape.Compact(base::AsBytes(signature));
  std::string out;
  for (auto _ : state) {
    out.clear();
    shape.Rebuild(record, base::AsBytes(compact), out);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(BM_Rebuild)
    ->ArgNames({"form", "revoked"})
    ->ArgsProduct({{1, 2, 3}, {0, 1}});

}  // namespace
}  // namespace chancery::block
