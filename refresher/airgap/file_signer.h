#ifndef CHANCERY_REFRESHER_AIRGAP_FILE_SIGNER_H_
#define CHANCERY_REFRESHER_AIRGAP_FILE_SIGNER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ledger/airgap/record_file.h"
#include "refresher/signer_client.h"

namespace chancery::airgap::v1 {
class Header;
class Outcome;
}  // namespace chancery::airgap::v1

namespace chancery::refresher {

// The result file of an offline signer, as if it were that signer at the moment
// of its head: what a refresher asks is answered from the file. It signs
// nothing, and waits for nothing. Only where things lie is in memory.
// Nobody else may write the file meanwhile. Not thread-safe.
class FileSigner final : public SignerClient {
 public:
  // Reads all of it. InvalidArgument: it is damaged, no result, not whole, or
  // tells of issuers that it does not name.
  // Its signature is not verified here.
  static absl::StatusOr<std::unique_ptr<FileSigner>> Open(
      const std::string& path);
  ~FileSigner() override;

  const airgap::v1::Header& header() const;
  const airgap::CheckedFile& file() const { return file_; }
  // The first entry that is in it, and the ledger's size.
  uint64_t first_entry() const { return first_entry_; }
  uint64_t ledger_size() const { return ledger_size_; }
  // What became of the request's items, in order. An error ends it.
  absl::Status Outcomes(
      const std::function<absl::Status(const airgap::v1::Outcome&)>& visit);
  // Every CRL in it, as they have to be stored.
  const std::vector<CrlRequest>& crls() const { return crl_requests_; }

  // FailedPrecondition.
  absl::StatusOr<SignedUpdates> SignBlock(const std::string& block_id) override;
  // NotFound: it is not in the file.
  absl::StatusOr<SignedUpdates> GetBlock(const std::string& block_id,
                                         uint64_t have_version) override;
  absl::StatusOr<std::vector<ListedBlock>> ListBlocks() override;
  // NotFound: it is not in the file.
  absl::StatusOr<std::unique_ptr<CrlDownload>> SignCrl(
      const CrlRequest& request) override;
  // FailedPrecondition: the file begins with a later entry.
  absl::StatusOr<LedgerPage> ReadEntries(uint64_t from,
                                         absl::Duration wait) override;
  absl::StatusOr<std::vector<ListedIssuer>> ListIssuers() override {
    return issuers_;
  }
  absl::StatusOr<std::optional<block::SignedHead>> GetHead(
      absl::Time after, absl::Duration wait) override;

 private:
  class Download;
  struct Reading;
  struct PlacedBlock {
    uint64_t offset = 0;
    ListedBlock block = {};
  };
  struct PlacedCrl {
    uint64_t data_offset = 0;
    SignedCrl facts = {};
  };
  using Scope = std::pair<std::string, std::pair<uint32_t, bool>>;

  FileSigner(airgap::RecordReader in, std::string path);
  absl::Status Place(uint64_t offset, const airgap::v1::Record& record,
                     Reading& reading);
  absl::Status PlaceCrl(uint64_t offset, const airgap::v1::Record& record,
                        Reading& reading);
  absl::Status PlaceEntries(uint64_t offset, const airgap::v1::Record& record);
  // Whether the file names the issuer, for which its key then has to sign.
  bool Names(const std::string& issuer_id) const;
  bool NamesIssuerOf(const std::string& block_id) const;
  absl::Status CheckEntry(const std::string& encoded, uint64_t index) const;
  // The record that begins there.
  absl::Status ReadAt(uint64_t offset, airgap::v1::Record& record);

  airgap::RecordReader in_;
  const std::string path_;
  std::unique_ptr<airgap::v1::Header> header_;
  airgap::CheckedFile file_;
  std::vector<ListedIssuer> issuers_;
  std::vector<uint64_t> outcomes_;             // Offsets.
  std::map<std::string, PlacedBlock> blocks_;  // By id.
  std::vector<CrlRequest> crl_requests_;
  std::map<Scope, PlacedCrl> crls_;     // By issuer's name.
  std::map<uint64_t, uint64_t> pages_;  // First index -> offset.
  uint64_t first_entry_ = 0;
  uint64_t next_entry_ = 0;
  uint64_t ledger_size_ = 0;
  uint64_t head_offset_ = 0;
};

}  // namespace chancery::refresher

#endif  // CHANCERY_REFRESHER_AIRGAP_FILE_SIGNER_H_
