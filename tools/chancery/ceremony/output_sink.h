// Where the steps of a ceremony put what they make.
#ifndef CHANCERY_TOOLS_CHANCERY_CEREMONY_OUTPUT_SINK_H_
#define CHANCERY_TOOLS_CHANCERY_CEREMONY_OUTPUT_SINK_H_

#include <string>

#include "absl/status/status.h"
#include "base/bytes.h"

namespace chancery::cli::ceremony {

class OutputSink {
 public:
  virtual ~OutputSink() = default;
  // A new file. AlreadyExists if there is one of that name.
  virtual absl::Status Put(const std::string& name, base::Bytes content,
                           int mode) = 0;
};

}  // namespace chancery::cli::ceremony

#endif  // CHANCERY_TOOLS_CHANCERY_CEREMONY_OUTPUT_SINK_H_
