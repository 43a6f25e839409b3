#include "tests/bench/requests.h"

#include <algorithm>
#include <cmath>

namespace chancery::bench {
namespace {

constexpr char kDigits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char kFields[] = " HTTP/1.1\r\nHost: ocsp.example.com\r\n";
// Unknown certificates have numbers from here on.
constexpr uint64_t kBeyond = uint64_t{1} << 40;

// Base64, each character that a path would mean something by escaped, as
// clients send it.
void AppendEscaped(char digit, std::string& out) {
  switch (digit) {
    case '+':
      out += "%2B";
      break;
    case '/':
      out += "%2F";
      break;
    default:
      out += digit;
  }
}

void AppendBase64(std::string_view bytes, std::string& out) {
  const auto octet = [&](size_t i) {
    return i < bytes.size() ? static_cast<uint8_t>(bytes[i]) : 0u;
  };
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const uint32_t group = octet(i) << 16 | octet(i + 1) << 8 | octet(i + 2);
    const size_t digits = std::min<size_t>(bytes.size() - i, 3) + 1;
    for (size_t j = 0; j < 4; ++j) {
      if (j < digits) {
        AppendEscaped(kDigits[group >> (18 - 6 * j) & 63], out);
      } else {
        out += "%3D";
      }
    }
  }
}

// Popular certificates lie anywhere.
uint32_t Scatter(uint64_t rank, uint64_t certificates) {
  return static_cast<uint32_t>(SplitMix(rank) % certificates);
}

}  // namespace

Draw::Draw(Mix mix, uint64_t certificates)
    : mix_(mix), certificates_(certificates) {
  if (mix != Mix::kPopular) return;
  std::vector<double> sums(certificates);
  double sum = 0;
  for (uint64_t i = 0; i < certificates; ++i) {
    sums[i] = sum += 1.0 / static_cast<double>(i + 1);
  }
  drawn_.resize(size_t{1} << 20);
  for (size_t i = 0; i < drawn_.size(); ++i) {
    const double at = std::ldexp(static_cast<double>(SplitMix(~i) >> 11), -53);
    const auto found = std::upper_bound(sums.begin(), sums.end(), at * sum);
    drawn_[i] =
        Scatter(static_cast<uint64_t>(found - sums.begin()), certificates);
  }
}

uint64_t Draw::Next() {
  const uint64_t turn = state_++;
  switch (mix_) {
    case Mix::kPopular:
      return drawn_[turn % drawn_.size()];
    case Mix::kRandom:
      return SplitMix(turn) % certificates_;
    case Mix::kUnknown:
      return kBeyond + turn;
  }
  return 0;
}

RequestWriter::RequestWriter(Method method, const std::string& ocsp_request,
                             const std::string& path)
    : method_(method) {
  const size_t head = ocsp_request.size() - kSerialSize;
  switch (method) {
    case Method::kGet:
      tail_ = ocsp_request.substr(head - head % 3, head % 3);
      before_ = "GET /";
      AppendBase64(std::string_view(ocsp_request).substr(0, head - head % 3),
                   before_);
      break;
    case Method::kPost:
      before_ = std::string("POST /") + kFields +
                "Content-Type: application/ocsp-request\r\nContent-Length: " +
                std::to_string(ocsp_request.size()) + "\r\n\r\n" +
                ocsp_request.substr(0, head);
      break;
    case Method::kFixed:
      before_ = "GET " + path + kFields + "\r\n";
  }
}

void RequestWriter::Write(const Serial& serial, std::string& out) const {
  out.assign(before_);
  const std::string_view bytes(reinterpret_cast<const char*>(serial.data()),
                               serial.size());
  switch (method_) {
    case Method::kGet: {
      char last[kSerialSize + 2];
      std::copy(tail_.begin(), tail_.end(), last);
      std::copy(bytes.begin(), bytes.end(), last + tail_.size());
      AppendBase64({last, tail_.size() + kSerialSize}, out);
      out += kFields;
      out += "\r\n";
      break;
    }
    case Method::kPost:
      out += bytes;
      break;
    case Method::kFixed:
      break;
  }
}

}  // namespace chancery::bench
