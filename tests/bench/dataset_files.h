// The files of a data set in its folder, as make_dataset leaves them.
#ifndef CHANCERY_TESTS_BENCH_DATASET_FILES_H_
#define CHANCERY_TESTS_BENCH_DATASET_FILES_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "block/block.h"
#include "block/head.h"
#include "block/update.h"
#include "crypto/software_key.h"

namespace chancery::bench {

struct DatasetFiles {
  std::string folder = {};

  std::string key_set() const { return folder + "/key-set"; }
  std::string root() const { return folder + "/root.pem"; }
  std::string issuer() const { return folder + "/issuer.pem"; }
  std::string delegate() const { return folder + "/delegate.pem"; }
  std::string manifest_key() const { return folder + "/manifest.key"; }
  std::string ca_key() const { return folder + "/ca.key"; }
  std::string ocsp_key() const { return folder + "/ocsp.key"; }
  std::string ocsp_template() const { return folder + "/template"; }
  std::string block(uint64_t number) const {
    return folder + "/blocks/" + std::to_string(number);
  }
  // Certificates for one Import call, each after its size in four bytes.
  std::string import(uint64_t number) const {
    return folder + "/imports/" + std::to_string(number);
  }
};

// A data set that was made. Thread-safe.
class Dataset {
 public:
  static absl::StatusOr<Dataset> Open(const std::string& folder);

  uint64_t CountBlocks() const;
  // NotFound past the last block.
  absl::StatusOr<block::Block> Read(uint64_t number) const;
  const block::OcspTemplate& ocsp_template() const { return *template_; }

  // The same records as a version that is greater by `steps`, whole, under a
  // manifest of its own: what a refresh brings, but for the price of signing
  // each record anew.
  absl::StatusOr<block::Update> Later(const block::Block& block,
                                      uint64_t steps) const;

  // A head of now that names these blocks, which may be in any order.
  absl::StatusOr<block::SignedHead> HeadOf(block::Index index) const;

 private:
  Dataset() = default;

  DatasetFiles files_;
  std::shared_ptr<const block::OcspTemplate> template_;
  std::shared_ptr<const crypto::SoftwareKey> manifest_key_;
};

}  // namespace chancery::bench

#endif  // CHANCERY_TESTS_BENCH_DATASET_FILES_H_
