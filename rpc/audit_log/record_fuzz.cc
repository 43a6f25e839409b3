#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "rpc/audit_log/record.h"
#include "rpc/audit_log/verifier.h"

namespace rpc = chancery::rpc;

// Whatever a record holds, its line is one that is read again as it is.
static void CheckMade(absl::string_view text) {
  rpc::AuditLine made;
  made.previous = std::string(32, '\x07');
  made.service = std::string(text.substr(0, text.size() / 3));
  made.record.identity = std::string(text.substr(text.size() / 3));
  made.record.names = {std::string(text)};
  const std::string encoded = rpc::EncodeAuditLine(made);
  const auto again = rpc::ParseAuditLine(encoded);
  if (encoded.size() >= rpc::kMaxAuditLine ||
      encoded.find('\n') != std::string::npos || !again.ok()) {
    std::abort();
  }
}

// A line has one form, and no file makes the verifier fail otherwise than by
// findings.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const absl::string_view first = text.substr(0, text.find('\n'));
  const auto line = rpc::ParseAuditLine(first);
  if (line.ok() && rpc::EncodeAuditLine(*line) != first) std::abort();
  if (!line.ok()) CheckMade(first);
  rpc::AuditVerifier verifier({});
  verifier.AddFile("file", text);
  const rpc::AuditVerification result = verifier.Finish();
  if (size > 0 && text.back() != '\n' && result.findings.empty()) std::abort();
  return 0;
}
