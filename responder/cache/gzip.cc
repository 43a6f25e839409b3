#include "responder/cache/gzip.h"

#include <zlib.h>

#include <array>
#include <cstdint>
#include <new>

#include "base/status_macros.h"

namespace chancery::responder {
namespace {

// zlib's largest window; 16 more means gzip, not zlib's own format.
constexpr int kGzipWindow = 15 + 16;
constexpr int kMemoryLevel = 8;  // zlib's default.
constexpr size_t kOutputBytes = 65536;

using Buffer = std::array<uint8_t, kOutputBytes>;

void SetInput(base::Bytes bytes, z_stream& stream) {
  stream.next_in = const_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
}

void SetOutput(Buffer& buffer, z_stream& stream) {
  stream.next_out = buffer.data();
  stream.avail_out = static_cast<uInt>(buffer.size());
}

base::Bytes Output(const Buffer& buffer, const z_stream& stream) {
  return base::Bytes(buffer).first(buffer.size() - stream.avail_out);
}

// zlib counts its input in 32 bits.
template <typename Visit>
absl::Status InParts(base::Bytes bytes, Visit visit) {
  constexpr size_t kPart = 1 << 30;
  while (bytes.size() > kPart) {
    RETURN_IF_ERROR(visit(bytes.first(kPart)));
    bytes = bytes.subspan(kPart);
  }
  return visit(bytes);
}

}  // namespace

struct GzipEncoder::State {
  // Neither a name nor a time is written, so that the bytes depend on nothing
  // but the input.
  State() {
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow,
                     kMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::bad_alloc();  // Nothing else is possible with these.
    }
  }
  ~State() { deflateEnd(&stream); }

  absl::Status Deflate(base::Bytes bytes, int flush, GzipSink sink) {
    SetInput(bytes, stream);
    do {
      SetOutput(buffer, stream);
      deflate(&stream, flush);
      const base::Bytes out = Output(buffer, stream);
      if (!out.empty()) RETURN_IF_ERROR(sink(out));
    } while (stream.avail_out == 0);
    return absl::OkStatus();
  }

  z_stream stream{};
  Buffer buffer;
};

GzipEncoder::GzipEncoder() : state_(std::make_unique<State>()) {}
GzipEncoder::~GzipEncoder() = default;
GzipEncoder::GzipEncoder(GzipEncoder&&) noexcept = default;
GzipEncoder& GzipEncoder::operator=(GzipEncoder&&) noexcept = default;

absl::Status GzipEncoder::Append(base::Bytes bytes, GzipSink sink) {
  return InParts(bytes, [&](base::Bytes part) {
    return state_->Deflate(part, Z_NO_FLUSH, sink);
  });
}

absl::Status GzipEncoder::Finish(GzipSink sink) {
  return state_->Deflate({}, Z_FINISH, sink);
}

struct GzipDecoder::State {
  State() {
    if (inflateInit2(&stream, kGzipWindow) != Z_OK) throw std::bad_alloc();
  }
  ~State() { inflateEnd(&stream); }

  absl::Status Inflate(base::Bytes bytes, GzipSink sink) {
    SetInput(bytes, stream);
    do {
      if (ended && stream.avail_in != 0) {
        return absl::InvalidArgumentError("gzip: there is more behind its end");
      }
      SetOutput(buffer, stream);
      const int result = inflate(&stream, Z_NO_FLUSH);
      // Z_BUF_ERROR: all input is used.
      if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
        return absl::InvalidArgumentError("gzip: malformed");
      }
      ended = result == Z_STREAM_END || ended;
      const base::Bytes out = Output(buffer, stream);
      if (!out.empty()) RETURN_IF_ERROR(sink(out));
    } while (stream.avail_in != 0 || (stream.avail_out == 0 && !ended));
    return absl::OkStatus();
  }

  z_stream stream{};
  bool ended = false;
  Buffer buffer;
};

GzipDecoder::GzipDecoder() : state_(std::make_unique<State>()) {}
GzipDecoder::~GzipDecoder() = default;
GzipDecoder::GzipDecoder(GzipDecoder&&) noexcept = default;
GzipDecoder& GzipDecoder::operator=(GzipDecoder&&) noexcept = default;

absl::Status GzipDecoder::Append(base::Bytes bytes, GzipSink sink) {
  return InParts(bytes,
                 [&](base::Bytes part) { return state_->Inflate(part, sink); });
}

bool GzipDecoder::finished() const { return state_->ended; }

}  // namespace chancery::responder
