// gzip (RFC 1952) of streams, in bounded memory.
#ifndef CHANCERY_RESPONDER_CACHE_GZIP_H_
#define CHANCERY_RESPONDER_CACHE_GZIP_H_

#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "base/bytes.h"

namespace chancery::responder {

// Where output goes; its error ends the call that made the output.
using GzipSink = absl::FunctionRef<absl::Status(base::Bytes)>;

// Compresses, always to the same bytes. 270 KB. Thread-compatible.
class GzipEncoder {
 public:
  GzipEncoder();
  ~GzipEncoder();
  GzipEncoder(GzipEncoder&&) noexcept;
  GzipEncoder& operator=(GzipEncoder&&) noexcept;

  // Only the sink's errors.
  absl::Status Append(base::Bytes bytes, GzipSink sink);
  // Once, at the end.
  absl::Status Finish(GzipSink sink);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Decompresses one member. 50 KB. Thread-compatible.
class GzipDecoder {
 public:
  GzipDecoder();
  ~GzipDecoder();
  GzipDecoder(GzipDecoder&&) noexcept;
  GzipDecoder& operator=(GzipDecoder&&) noexcept;

  // InvalidArgument: it is not gzip, its checksum is wrong, or there is more
  // behind its end.
  absl::Status Append(base::Bytes bytes, GzipSink sink);
  // Whether the end was reached.
  bool finished() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace chancery::responder

#endif  // CHANCERY_RESPONDER_CACHE_GZIP_H_
