// bazel run -c opt //block:block_benchmark
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "benchmark/benchmark.h"
#include "block/draft.h"
#include "crypto/software_key.h"

namespace chancery::block {
namespace {

// A full block of 4,096 certificates with two responses each.
struct Full {
  Full() {
    const std::string name = *base::FromHex("300c310a300806035504030c0154");
    for (const CertIdForm form : {CertIdForm::kSha1, CertIdForm::kSha256}) {
      auto made =
          *OcspTemplate::Create(form, base::AsBytes(name), key->public_key(),
                                key->public_key(), key->algorithm(), {});
      auto shared = std::make_shared<const OcspTemplate>(std::move(made));
      known[shared->id()] = shared;
      templates.push_back(std::move(shared));
    }
    facts.version = 1;
    facts.capacity = 4096;
    record.status = RecordStatus::kGood;
    record.serial = std::string(16, '\x01');
    record.this_update = record.next_update = facts.this_update =
        facts.next_update = facts.refresh_at = facts.produced_at =
            absl::FromUnixSeconds(1'700'000'000);
    record.signatures.assign(2, std::string(64, '\x01'));
    block = std::make_unique<Block>(
        *SignWhole(facts, templates, std::vector<Record>(4096, record), *key));
    facts.version = 2;
    record.status = RecordStatus::kRevoked;
  }

  std::unique_ptr<crypto::SoftwareKey> key =
      *crypto::GenerateKey({.type = crypto::KeyType::kEcP256});
  Templates templates;
  TemplateMap known;
  Manifest facts;
  Record record;
  std::unique_ptr<Block> block;
};

void BM_SignDelta(benchmark::State& state) {
  const Full full;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        SignDelta(*full.block, full.facts, {{7, full.record}}, *full.key));
  }
}
BENCHMARK(BM_SignDelta)->Unit(benchmark::kMicrosecond);

// As BM_SignDelta, where the trees were kept. The copy is no part of it.
void BM_SignDeltaWithTrees(benchmark::State& state) {
  const Full full;
  const BlockTrees trees(*full.block);
  for (auto _ : state) {
    state.PauseTiming();
    BlockTrees copy = trees;
    state.ResumeTiming();
    benchmark::DoNotOptimize(SignDelta(*full.block, copy, full.facts,
                                       {{7, full.record}}, *full.key));
  }
}
BENCHMARK(BM_SignDeltaWithTrees)->Unit(benchmark::kMicrosecond);

void BM_Apply(benchmark::State& state) {
  const Full full;
  const SignedDelta made =
      *SignDelta(*full.block, full.facts, {{7, full.record}}, *full.key);
  for (auto _ : state) {
    benchmark::DoNotOptimize(full.block->Apply(made.delta));
  }
}
BENCHMARK(BM_Apply)->Unit(benchmark::kMicrosecond);

void BM_ParseAndCheck(benchmark::State& state) {
  const Full full;
  const std::string encoded = full.block->Encode();
  for (auto _ : state) {
    const auto parsed = Block::Parse(base::AsBytes(encoded), full.known);
    benchmark::DoNotOptimize(parsed->Check());
  }
}
BENCHMARK(BM_ParseAndCheck)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace chancery::block
