#ifndef CHANCERY_LEDGER_AIRGAP_EXCHANGE_FOLDER_H_
#define CHANCERY_LEDGER_AIRGAP_EXCHANGE_FOLDER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/fd.h"

namespace chancery::airgap {

namespace v1 {
class State;
}

// One request and what came of it.
struct Exchange {
  uint64_t number = 0;
  std::string request_sha256 = {};  // 32 bytes.
  std::string result_sha256 = {};   // Empty: there is no result yet.
};

// What one side of an air gap remembers: a folder of its own (mode 0700) with
// every file that it made or took, `request-N` and `result-N`, and `state`,
// text, which says which of them count. Whatever is not in `state` did not
// happen. One process at a time. Thread-compatible.
class ExchangeFolder {
 public:
  // Makes the folder if it is not there. Unavailable: another process has it.
  // FailedPrecondition: it is of another channel. DataLoss: `state` is damaged.
  static absl::StatusOr<ExchangeFolder> Open(const std::string& folder,
                                             const std::string& channel);
  ExchangeFolder(ExchangeFolder&&) noexcept;
  ExchangeFolder& operator=(ExchangeFolder&&) noexcept;
  ~ExchangeFolder();

  std::optional<Exchange> Find(uint64_t number) const;
  // The newest; nullopt before the first.
  std::optional<Exchange> NewestRequest() const;
  std::optional<Exchange> NewestResult() const;
  // The commit point of everything: adds the exchange, or its result.
  absl::Status Put(const Exchange& exchange);

  std::string RequestFile(uint64_t number) const;
  std::string ResultFile(uint64_t number) const;
  // Where a file lies until it counts; a crash may leave it.
  std::string DraftFile() const;
  // The draft becomes `path`, a name of this folder, durably.
  absl::Status KeepDraft(const std::string& path) const;
  void DropDraft() const;

 private:
  ExchangeFolder(std::string folder, base::Fd lock,
                 std::unique_ptr<v1::State> state);
  absl::Status Save(const v1::State& state) const;

  std::string folder_;
  base::Fd lock_;
  std::unique_ptr<v1::State> state_;
};

// Copies a file of any size: `to` (mode 0600) is replaced whole and durably, or
// left as it was. Errors name the path that they are about.
absl::Status CopyFile(const std::string& from, const std::string& to);

}  // namespace chancery::airgap

#endif  // CHANCERY_LEDGER_AIRGAP_EXCHANGE_FOLDER_H_
