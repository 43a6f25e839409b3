#ifndef CHANCERY_TESTS_BENCH_BENCH_CA_H_
#define CHANCERY_TESTS_BENCH_BENCH_CA_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "block/block.h"
#include "crypto/software_key.h"
#include "tests/bench/dataset_files.h"

namespace chancery::bench {

// A CA, its OCSP delegate, what signs manifests.
struct Ca {
  std::unique_ptr<crypto::SoftwareKey> key, ocsp_key, manifest_key;
  std::string subject;  // DER Name.
  block::IssuerId issuer_id{};
  std::shared_ptr<const block::OcspTemplate> ocsp_template;
  absl::Time this_update;  // A little ago.
};

// Makes one, writes its certificates, keys and key set into `files`.
absl::StatusOr<Ca> MakeCa(const DatasetFiles& files);

}  // namespace chancery::bench

#endif  // CHANCERY_TESTS_BENCH_BENCH_CA_H_
