// Configuration files: one text-format protobuf message each.
#ifndef CHANCERY_RPC_CONFIG_H_
#define CHANCERY_RPC_CONFIG_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace google::protobuf {
class Message;
}

namespace chancery::rpc {

// Reads `path` (at most 4 MiB) into `message`. InvalidArgument with one line
// for each mistake, "signer.textproto:12:3: ...": syntax, a field that does not
// exist, one that is given twice, a value of another type. NotFound and
// PermissionDenied name the path.
absl::Status LoadTextproto(const std::string& path,
                           google::protobuf::Message& message);

// As LoadTextproto, of what was read already; `path` is for messages.
absl::Status ParseTextproto(const std::string& text, const std::string& path,
                            google::protobuf::Message& message);

// InvalidArgument: "field `issuer.name`: value `A B`: rule". How every check of
// a configuration reports.
absl::Status ConfigError(absl::string_view field, absl::string_view value,
                         absl::string_view rule);

// ConfigError unless `value` has something in it.
absl::Status RequireSet(absl::string_view field, absl::string_view value);

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_CONFIG_H_
